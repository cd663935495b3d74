"""What a new data contract refuses that the old one took, and what it takes in addition."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from mltools.core.contract import Column, Contract, RowCheck, Rows, Value, ordinal

Kind = Literal["compatible", "additive", "breaking"]
KINDS: tuple[Kind, ...] = ("compatible", "additive", "breaking")

# A value of the first type is one of the second too; of text and categories each is the other.
_WIDER = {("integer", "number"), ("date", "datetime")}
_ALIKE = {("string", "category"), ("category", "string")}
_NOT_ASKED_OF_A_REQUEST = {"target", "weight", "id"}
# What is compared word by word below; any other word of the vocabulary is taken to refuse more when it is set.
_COLUMN_WORDS = frozenset(
    {"type", "required", "max_null_fraction", "minimum", "maximum", "min_length", "max_length", "enum"}
    | {"pattern", "unique", "severity", "role", "description"}
)
_CONTRACT_WORDS = frozenset(
    {"schema_", "columns", "extra_columns", "primary_key", "missing_values", "rows", "description"}
    | {"checks", "freshness"}
)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: whether rows that were good no longer are, more are, or neither.

    That a model may give an answer that it did not give before breaks, too.
    """

    text: str
    kind: Kind

    @property
    def breaks(self) -> bool:
        return self.kind == "breaking"


def worst(changes: Iterable[Change]) -> Kind | None:
    """The kind that the changes have together; None without any."""
    return max((change.kind for change in changes), key=KINDS.index, default=None)


def compare_contracts(old: Contract, new: Contract) -> tuple[Change, ...]:
    """The differences that decide about rows, and those that do not: words, roles, bounds on the number of rows."""
    return tuple(_changes(old, new))


def _changes(old: Contract, new: Contract) -> Iterator[Change]:
    for name, column in old.columns.items():
        if name not in new.columns:
            yield Change(f"column {name!r} was removed", "breaking")
        else:
            yield from _column(name, column, new.columns[name])
    for name, column in new.columns.items():
        if name not in old.columns:
            needed = _asked(column)
            what = "was added and is required" if needed else "was added"
            yield Change(f"column {name!r} {what}", _kind(tighter=needed))
    if old.extra_columns != new.extra_columns:
        forbidden = new.extra_columns == "forbid"
        what = "no longer allowed" if forbidden else "allowed now"
        yield Change(f"columns that the contract does not name are {what}", _kind(tighter=forbidden))
    if old.primary_key != new.primary_key:
        yield Change("the primary key changed", _kind(tighter=bool(new.primary_key)))
    yield from _gaps(old.missing_values, new.missing_values)
    yield from _checks(old.checks, new.checks)
    yield from (Change(text, _kind(tighter=more)) for text, more in _others(old, new, _CONTRACT_WORDS))
    if old.rows != new.rows:
        yield Change(f"the data set may have {_rows(new.rows)}, was {_rows(old.rows)}", "compatible")
    if old.freshness != new.freshness:
        age = "of any age" if new.freshness is None else f"at most {new.freshness.max_age} old"
        yield Change(f"the newest row may be {age}", "compatible")
    if old.description != new.description:
        yield Change("the description changed", "compatible")


def _checks(old: Sequence[RowCheck], new: Sequence[RowCheck]) -> Iterator[Change]:
    before, after = ({check.name: check for check in checks} for checks in (old, new))
    for name, check in after.items():
        was = before.get(name)
        if was is None or was.expression != check.expression or was.severity != check.severity:
            what = "was added" if was is None else "changed"
            binds = check.severity == "error"
            loosened = was is not None and was.expression == check.expression and not binds
            kind: Kind = "breaking" if binds else "additive" if loosened else "compatible"
            yield Change(f"check {name!r} {what}: {check.expression}", kind)
    for name in before:
        if name not in after:
            yield Change(f"check {name!r} was dropped", "additive")


def _gaps(old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    for text in old:
        if text not in new:
            yield Change(f"{text!r} no longer means 'no value'", "breaking")
    for text in new:
        if text not in old:
            yield Change(f"{text!r} means 'no value' now", "additive")


def _column(name: str, old: Column, new: Column) -> Iterator[Change]:
    if old.type != new.type:
        types = (old.type, new.type)
        kind: Kind = "additive" if types in _WIDER else "compatible" if types in _ALIKE else "breaking"
        yield Change(f"column {name!r} is {new.type}, was {old.type}", kind)
        if kind == "breaking":
            return
    if old.role != new.role:
        yield from _role(name, old, new)
    # Rules that only warn refuse nothing.
    binds = new.severity == "error"
    was = Column(type=old.type) if binds and old.severity == "warn" else old
    if old.severity == "error" and not binds:
        yield Change(f"column {name!r}: a broken rule only warns now", "additive")
    for text, tighter in (
        *_nulls(was, new),
        *_bounds(was, new),
        *_values(was, new),
        *_others(was, new, _COLUMN_WORDS),
    ):
        refused = binds or (old.severity == "error" and not tighter)
        kind = _kind(tighter=tighter) if refused else "compatible"
        yield Change(f"column {name!r}: {text}", kind)
    if old.description != new.description:
        yield Change(f"column {name!r}: the description changed", "compatible")


def _role(name: str, old: Column, new: Column) -> Iterator[Change]:
    asked = _asked(new) and old.role in _NOT_ASKED_OF_A_REQUEST
    kind: Kind = "breaking" if asked else "compatible"
    yield Change(f"column {name!r}: the role is {new.role or 'none'}, was {old.role or 'none'}", kind)


def _asked(column: Column) -> bool:
    """Whether who asks a model must say this value."""
    return column.required and column.role not in _NOT_ASKED_OF_A_REQUEST


def _kind(*, tighter: bool) -> Kind:
    return "breaking" if tighter else "additive"


def _nulls(old: Column, new: Column) -> Iterator[tuple[str, bool]]:
    before, after = _share(old), _share(new)
    if before != after:
        yield f"{after:.6g} of the rows may be without a value, was {before:.6g}", after < before


def _share(column: Column) -> float:
    if column.required:
        return 0.0
    return 1.0 if column.max_null_fraction is None else column.max_null_fraction


def _bounds(old: Column, new: Column) -> Iterator[tuple[str, bool]]:
    for word, before, after, sign in (
        ("minimum", old.minimum, new.minimum, 1),
        ("maximum", old.maximum, new.maximum, -1),
        ("min_length", old.min_length, new.min_length, 1),
        ("max_length", old.max_length, new.max_length, -1),
    ):
        if before == after:
            continue
        if after is None:
            yield f"{word} {before} was dropped", False
        elif before is None:
            yield f"{word} is {after}, was none", True
        else:
            yield (
                f"{word} is {after}, was {before}",
                _above(after, before) if sign > 0 else _above(before, after),
            )


def _above(one: Value, other: Value) -> bool:
    return bool(ordinal(one) > ordinal(other))


def _values(old: Column, new: Column) -> Iterator[tuple[str, bool]]:
    answers = new.role == "target"  # who uses the model meets what it did not say before
    before, after = old.enum, new.enum
    if after is None and before is not None:
        yield f"any value is allowed{', so the model may answer any' if answers else ''}", answers
    elif after is not None and before is None:
        yield f"only {_listed(after)} allowed", True
    elif after is not None and before is not None:
        kept = set(before).intersection(after)
        gone = [value for value in before if value not in kept]
        if gone:
            yield f"{_listed(gone)} no longer allowed", True
        added = [value for value in after if value not in kept]
        if added:
            yield (
                f"{_listed(added)} allowed now{', so the model may answer that' if answers else ''}",
                answers,
            )
    if old.pattern != new.pattern:
        what = "the pattern was dropped" if new.pattern is None else f"the pattern is {new.pattern!r}"
        yield what, new.pattern is not None
    if old.unique != new.unique:
        yield ("values must be unique" if new.unique else "values need not be unique"), new.unique


def _others(old: BaseModel, new: BaseModel, known: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """Words without a rule of their own: one that is set or changed may refuse what was good, one dropped does not."""
    for word, field in type(new).model_fields.items():
        before: Any = getattr(old, word)
        after: Any = getattr(new, word)
        if word in known or before == after:
            continue
        dropped = after == field.get_default(call_default_factory=True)
        yield f"{word} {'was dropped' if dropped else 'changed'}", not dropped


def _rows(rows: Rows) -> str:
    if rows.min is None and rows.max is None:
        return "any number of rows"
    low = [] if rows.min is None else [f"at least {rows.min:,}"]
    high = [] if rows.max is None else [f"at most {rows.max:,}"]
    return f"{' and '.join(low + high)} rows"


def _listed(values: Sequence[Value]) -> str:
    shown = [repr(value) for value in values]
    more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""  # noqa: PLR2004 - a line, not a list
    verb = "is" if len(shown) == 1 else "are"
    return f"{', '.join(shown[:3])}{more} {verb}"
