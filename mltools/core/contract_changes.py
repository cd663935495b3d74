"""What a new data contract refuses that the old one took, and what it takes in addition."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mltools.core.contract import Column, Contract, Value, ordinal

# A value of the first type is one of the second too.
_WIDER = {
    ("integer", "number"),
    ("date", "datetime"),
    ("string", "category"),
    ("category", "string"),
}
_NOT_ASKED_OF_A_REQUEST = {"target", "weight", "id"}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: `breaks` when data that were good before no longer are."""

    text: str
    breaks: bool


def compare_contracts(old: Contract, new: Contract) -> tuple[Change, ...]:
    """The differences that decide about data; words, comments and bounds on the number of rows are none."""
    return tuple(_changes(old, new))


def _changes(old: Contract, new: Contract) -> Iterator[Change]:
    for name, column in old.columns.items():
        if name not in new.columns:
            yield Change(f"column {name!r} was removed", breaks=True)
        else:
            yield from _column(name, column, new.columns[name])
    for name, column in new.columns.items():
        if name not in old.columns:
            needed = column.required and column.role not in _NOT_ASKED_OF_A_REQUEST
            what = "was added and is required" if needed else "was added"
            yield Change(f"column {name!r} {what}", breaks=needed)
    if old.extra_columns != new.extra_columns:
        forbidden = new.extra_columns == "forbid"
        what = "no longer allowed" if forbidden else "allowed now"
        yield Change(f"columns that the contract does not name are {what}", breaks=forbidden)
    if old.primary_key != new.primary_key:
        yield Change("the primary key changed", breaks=bool(new.primary_key))
    for text in old.missing_values:
        if text not in new.missing_values:
            yield Change(f"{text!r} no longer means 'no value'", breaks=True)


def _column(name: str, old: Column, new: Column) -> Iterator[Change]:
    if old.type != new.type:
        wider = (old.type, new.type) in _WIDER
        yield Change(f"column {name!r} is {new.type}, was {old.type}", breaks=not wider)
        if not wider:
            return
    # Rules that only warn refuse nothing.
    binds = new.severity == "error"
    was = old if old.severity == "error" else Column(type=old.type)
    for text, tighter in (
        *_nulls(was, new),
        *_bounds(was, new),
        *_values(was, new),
    ):
        yield Change(f"column {name!r}: {text}", breaks=tighter and binds)


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
    before, after = old.enum, new.enum
    if after is None and before is not None:
        yield "any value is allowed", False
    elif after is not None and before is None:
        yield f"only {len(after)} values are allowed", True
    elif after is not None and before is not None:
        gone = [value for value in before if value not in after]
        if gone:
            yield f"{_listed(gone)} no longer allowed", True
        added = [value for value in after if value not in before]
        if added:
            yield f"{_listed(added)} allowed now", False
    if old.pattern != new.pattern:
        what = "the pattern was dropped" if new.pattern is None else f"the pattern is {new.pattern!r}"
        yield what, new.pattern is not None
    if old.unique != new.unique:
        yield ("values must be unique" if new.unique else "values need not be unique"), new.unique


def _listed(values: Iterable[Value]) -> str:
    shown = [repr(value) for value in values]
    more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""  # noqa: PLR2004 - a line, not a list
    verb = "is" if len(shown) == 1 else "are"
    return f"{', '.join(shown[:3])}{more} {verb}"
