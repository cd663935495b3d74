"""A contract out of what was seen of data: the rules that the data keep, with a margin for data still to come.

Every rule that is written holds for the data it was inferred from. Where the values leave it open, the name decides
(`telling`); where neither tells, there is no rule. How wide bounds are is said in `margins`.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mltools.core import margins, telling
from mltools.core.contract import LONGEST, TEXTUAL, ColumnType, Contract, Role
from mltools.core.names import shown, title
from mltools.core.observed import SHAPES, Observed, Seen
from mltools.core.wording import JSON
from mltools.errors import DataError

# An enumeration is read by a person, so it ends where a page does; and each value must have been seen often enough that
# one more is news. By Good and Turing, the chance that the next row brings a new value is the share of those seen once.
MOST_LISTED = 50
ROWS_FOR_EACH = 10
LONGEST_LISTED = 60
# Text with so many rows for each value is no free text, though no list may be made of it.
ROWS_OF_CATEGORY = 5
# Equal values that chance would have brought, had they been drawn out of the range: none among so many is no chance.
TOO_MANY_TO_MISS = 10
EVIDENCE = 5
LONGEST_EVIDENCE = 30


@dataclass(frozen=True, slots=True)
class Inferred:
    """A contract, what was seen of each column in a line, and what a person should know besides."""

    contract: Contract
    evidence: Mapping[str, str]
    notes: tuple[str, ...] = ()


def infer_contract(observed: Observed) -> Inferred:
    """The contract of what was observed. Raises DataError when a contract can name none of the columns."""
    if not observed.columns:
        raise DataError(
            f"{observed.name}: holds no column that a contract can name", hint="; ".join(_left_out(observed))
        )
    time = telling.when(seen.name for seen in observed.columns if seen.type in {"date", "datetime"})
    columns = {seen.name: dict(_rules(seen, observed.rows, time)) for seen in observed.columns}
    tree: dict[str, Any] = {
        "schema": 1,
        "rows": {"min": margins.fewest_rows(observed.rows) if observed.rows else 0},
        "columns": columns,
    }
    if observed.missing:
        tree["missing_values"] = ["", *sorted(observed.missing)]
    contract = Contract.model_validate(tree)
    evidence = {
        seen.name: _evidence(seen, observed.rows, contract.columns[seen.name].role)
        for seen in observed.columns
    }
    return Inferred(contract, evidence, tuple(_notes(observed)))


def listable(seen: Seen) -> bool:
    """Whether the values seen are plainly all that there are."""
    return (
        _category(seen)
        and seen.values >= margins.FEW
        and seen.values >= ROWS_FOR_EACH * seen.distinct
        and seen.distinct <= MOST_LISTED
        and all(count > 1 for _, count in seen.top)
    )


def names_rows(seen: Seen) -> bool:
    """Whether the values, all different, are the names of rows rather than measurements that happen to differ."""
    if not seen.exact or seen.distinct != seen.values or not seen.values:
        return False
    if not perhaps_names(seen.name, seen.type, seen.shape):
        return False
    if telling.identifying(seen.name):
        return True
    if seen.type in TEXTUAL:
        return seen.values >= margins.FEW
    low, high = seen.minimum, seen.maximum
    if not isinstance(low, int) or not isinstance(high, int):
        return False
    pairs = seen.values * (seen.values - 1) / 2
    return pairs / (high - low + 1) >= TOO_MANY_TO_MISS


def perhaps_names(name: str, kind: ColumnType, shape: str | None) -> bool:
    """Whether values of this type and shape in a column of this name are names of rows when they all differ."""
    if telling.identifying(name):
        return kind == "integer" or kind in TEXTUAL
    if kind in TEXTUAL:
        return shape in {"uuid", "digest"} or telling.numbering(name)
    return kind == "integer" and not telling.named(name, "year", "time", "timestamp", "ts", "epoch", "date")


def _rules(seen: Seen, rows: int, time: str | None) -> Iterator[tuple[str, Any]]:
    """The rules of a column, in the order of the model."""
    role = _role(seen, time)
    listed = seen.type in TEXTUAL and role not in {"id", "sensitive"}
    yield "type", "category" if listed and _category(seen) else seen.type
    required, gaps = margins.nulls(rows, rows - seen.values)
    if required:
        yield "required", True
    if gaps is not None:
        yield "max_null_fraction", gaps
    if seen.values and role not in {"id", "sensitive"}:
        for rule, bound in zip(("minimum", "maximum"), margins.bounds(seen), strict=True):
            if bound is not None:
                yield rule, bound
    if listed and listable(seen):
        yield "enum", sorted(str(value) for value, _ in seen.top)
    elif seen.type in TEXTUAL and seen.values:
        yield from _text(seen)
    if role != "sensitive" and names_rows(seen):
        yield "unique", True
    if role:
        yield "role", role


def _role(seen: Seen, time: str | None) -> Role | None:
    if seen.personal:
        return "sensitive"
    if seen.name == time:
        return "time"
    return telling.role(seen.name) or ("id" if names_rows(seen) else None)


def _category(seen: Seen) -> bool:
    """Whether text is a choice among few values and no free text."""
    return (
        seen.type in TEXTUAL
        and seen.complete
        and 0 < seen.distinct <= max(MOST_LISTED, math.isqrt(seen.values))
        and seen.values >= ROWS_OF_CATEGORY * seen.distinct
        and (seen.longest or 0) <= LONGEST_LISTED
        # An object or a list in JSON is a string by its text, and no category.
        and not (seen.kept_as == JSON and any(str(value)[:1] in {"{", "["} for value, _ in seen.top))
    )


def _text(seen: Seen) -> Iterator[tuple[str, Any]]:
    """A pattern for what is well known, the length of codes that all have one, else a generous limit."""
    if seen.shape is not None:
        yield "pattern", SHAPES[seen.shape]
        if seen.shape in {"uuid", "digest"}:
            return
    shortest, longest = seen.shortest or 0, seen.longest or 0
    if shortest == longest > 1 and seen.values >= margins.FEW and (seen.distinct > 1 or seen.shape):
        yield "min_length", shortest
        yield "max_length", longest
    else:
        yield "max_length", margins.longest(longest)


def _evidence(seen: Seen, rows: int, role: Role | None) -> str:
    there = f"{seen.values:,} of {rows:,}" if seen.values else f"no value in any of {rows:,} rows"
    return "; ".join(filter(None, (there, _values(seen, role) if seen.values else None)))


def _values(seen: Seen, role: Role | None) -> str | None:
    if role == "sensitive":
        why = "its name" if telling.personal(seen.name) else "its values"
        return f"personal by {why}, so no value is shown here or in reports"
    different = f"{'' if seen.exact else 'about '}{seen.distinct:,} different"
    if seen.exact and seen.distinct == seen.values:
        different = "all different"
    if role == "id":
        return different
    if seen.type == "boolean" or (seen.complete and _category(seen)):
        return _counts(seen)
    if seen.minimum is not None:
        return f"{_short(seen.minimum)} to {_short(seen.maximum)}"
    return (
        f"{different}, {seen.shortest:,} to {seen.longest:,} characters" if seen.longest is not None else None
    )


def _counts(seen: Seen) -> str:
    listed = ", ".join(f"{_short(value)} {count:,}" for value, count in seen.top[:EVIDENCE])
    more = seen.distinct - EVIDENCE
    return listed + (f" and {more:,} more" if more > 0 else "")


def _short(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else shown(str(value), LONGEST_EVIDENCE)


def _notes(observed: Observed) -> Iterator[str]:
    if 0 < observed.rows < margins.FEW:
        count = f"{observed.rows} row{'s' * (observed.rows != 1)}"
        yield f"only {count}: bounds are wide, and no list of values is taken for complete"
    for text, rows in observed.missing.items():
        yield f"'{shown(text)}' is taken for 'no value': it stands {rows:,} time{'s' * (rows != 1)}"
    yield from _left_out(observed)


def _left_out(observed: Observed) -> Iterator[str]:
    for name, reason in observed.left_out:
        yield f"column {title(name)} is left out: {reason}"


def nameable(name: str) -> str | None:
    """Why a contract cannot name a column, None when it can."""
    if not name:
        return "it has no name"
    # A YAML key ends within 1,024 characters, escapes among them.
    if len(name) > LONGEST or sum(len(shown(mark)) for mark in name) > LONGEST:
        return f"its name is longer than {LONGEST:,} characters"
    return None
