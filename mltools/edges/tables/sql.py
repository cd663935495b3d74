"""The queries: a contract's checks as SQL, text only.

No name out of the data reaches it: columns are c0, c1, ... by position.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mltools.core.contract import TEXTUAL, Contract
from mltools.core.validation import Check
from mltools.core.wording import TEXT
from mltools.edges.tables.cells import Slot, constant, literal, raw, typed

MOMENTS = frozenset({"date", "datetime"})
EXTREMES = {"minimum": "min", "maximum": "max", "min_length": "min", "max_length": "max"}
# An example is shown shorter still; this keeps a megabyte of text from travelling.
CUT = 200


@dataclass(frozen=True, slots=True)
class Layout:
    """The data as SQL: `scan` yields c0, c1, ... for the columns of `header`; `slots` are the contract's among them."""

    scan: str
    header: Mapping[str, str]
    slots: Mapping[str, Slot]

    def narrowed(self, names: Iterable[str | None]) -> "Layout":
        """Only what is asked for: DuckDB would leave the rest out itself, but plans it first."""
        wanted = set(names)
        return replace(self, slots={name: slot for name, slot in self.slots.items() if name in wanted})


def layout(scan: str, contract: Contract, header: Mapping[str, str]) -> Layout:
    slots = {
        name: Slot(index, contract.columns[name], kept_as)
        for index, (name, kept_as) in enumerate(header.items())
        if name in contract.columns
    }
    return Layout(scan, header, slots)


def values(data: Layout, key: Sequence[str] = (), *, numbered: bool = False) -> str:
    """The rows with, for each column of the contract, the raw value and the value as its type; `k` is the key."""
    slots = data.slots.values()
    cells = [f"{raw(slot)} AS {slot.raw}" for slot in slots]
    cells += [
        f"TRY_CAST(c{slot.index} AS DOUBLE) AS {slot.double}"
        for slot in slots
        if slot.column.type == "number"
    ]
    cells += ["row_number() OVER () AS n"] if numbered else []
    rows = f"SELECT {', '.join(cells) or '1 AS nothing'} FROM {data.scan}"
    rows = f"SELECT {', '.join(['*', *(f'{typed(slot)} AS {slot.value}' for slot in slots)])} FROM ({rows})"
    return f"SELECT *, {_key([data.slots[name] for name in key])} AS k FROM ({rows})" if key else rows


def counts(data: Layout, checks: Sequence[Check], key: Sequence[str]) -> str:
    """One row: the number of rows, then the count and the extreme of each check."""
    whole = key if Check("primary_key") in checks else ()
    data = data.narrowed([*(check.column for check in checks), *whole])
    terms = [
        term
        for check in checks
        for term in (_count(check, data.slots), _extreme(check, data.slots) or "NULL")
    ]
    return f"SELECT {', '.join(['count(*)', *terms])} FROM ({values(data, whole)})"


def examples(data: Layout, checks: Sequence[Check], most: int) -> str:
    """One row: for each check the first rows that break it, as {n: row number, v: value as text}."""
    # A CASE, not a FILTER, whose cost in planning grows with the square of the number of terms.
    data = data.narrowed(check.column for check in checks)
    terms = [_first(check, data.slots[check.column or ""], most) for check in checks]
    return f"SELECT {', '.join(terms)} FROM ({values(data, numbered=True)})"


def _first(check: Check, slot: Slot, most: int) -> str:
    return f"min(CASE WHEN {_where(check, slot)} THEN {{'n': n, 'v': {_shown(slot)}}} END, {most})"


def repeats(data: Layout, names: Sequence[str], most: int) -> str:
    """Values, or keys, that stand in several rows: the last such row, the first, the value as text."""
    shown = ", ".join(_shown(data.slots[name]) for name in names)
    return (
        f"SELECT max(n) AS last, min(n), arg_max(nullif(concat_ws(', ', {shown}), ''), n) "
        f"FROM ({values(data.narrowed(names), names, numbered=True)}) WHERE k IS NOT NULL "
        f"GROUP BY k HAVING count(*) > 1 ORDER BY last LIMIT {most}"
    )


def _count(check: Check, slots: Mapping[str, Slot]) -> str:
    if check.column is None:
        return "count(k) - count(DISTINCT k)"
    slot = slots[check.column]
    if check.rule == "unique":
        return f"count({slot.value}) - count(DISTINCT {slot.value})"
    if check.rule == "type" and slot.kept_as == TEXT and slot.column.type in TEXTUAL:
        return "0"
    return f"count_if({_where(check, slot)})"


def _where(check: Check, slot: Slot) -> str:
    """The condition of the rows that break a check. Unknown (NULL) is not true, so gaps break no other rule."""
    value, column = slot.value, slot.column
    match check.rule:
        case "type":
            return f"{slot.raw} IS NOT NULL AND {value} IS NULL"
        case "required" | "max_null_fraction" | "primary_key":
            return f"{slot.raw} IS NULL"
        case "minimum":
            return f"{value} < {constant(column.minimum, column)}"
        case "maximum":
            return f"{value} > {constant(column.maximum, column)}"
        case "enum":
            return f"{value} NOT IN ({', '.join(constant(item, column) for item in column.enum or ())})"
        case "pattern":
            return f"NOT regexp_full_match({value}, {literal(column.pattern or '')})"
        case "min_length":
            return f"length({value}) < {column.min_length}"
        case "max_length":
            return f"length({value}) > {column.max_length}"
    raise AssertionError(f"no SQL for rule {check.rule}")


def _extreme(check: Check, slots: Mapping[str, Slot]) -> str | None:
    """The value furthest out: whatever lies beyond a bound, the smallest or largest of all values lies there."""
    if check.column is None or check.rule not in EXTREMES:
        return None
    slot = slots[check.column]
    if slot.column.role == "sensitive":
        return None
    furthest = f"{EXTREMES[check.rule]}({f'length({slot.value})' if 'length' in check.rule else slot.value})"
    return f"CAST({furthest} AS VARCHAR)" if slot.column.type in MOMENTS else furthest


def _key(slots: Sequence[Slot]) -> str:
    if len(slots) == 1:
        return slots[0].value
    whole = " AND ".join(f"{slot.value} IS NOT NULL" for slot in slots)
    return f"CASE WHEN {whole} THEN row({', '.join(slot.value for slot in slots)}) END"


def _shown(slot: Slot) -> str:
    # An example ends in a report and in Git's history, where no sensitive value may go.
    if slot.column.role == "sensitive":
        return "NULL"
    return f"left(CAST({slot.raw} AS VARCHAR), {CUT})"
