"""The queries: a contract's checks as SQL, text only.

No name out of the data reaches it: columns are c0, c1, ... by position.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from mltools.core.contract import TEXTUAL, Contract, condition
from mltools.core.expressions import used
from mltools.core.validation import FRESHNESS, OF_ROWS, Check
from mltools.edges.tables.cells import FLOATS, Slot, constant, literal, raw, typed
from mltools.edges.tables.conditions import render

KEY = Check("primary_key")
Window = tuple[int, int]  # of integers, both ends among them

MOMENTS = frozenset({"date", "datetime"})
EXTREMES = {"minimum": "min", "maximum": "max", "min_length": "min", "max_length": "max", FRESHNESS: "max"}
# Rules whose extreme tells whether any row may break them: only then are the rows counted.
BOUNDS = frozenset({"minimum", "maximum", "max_length"})
# An example is shown shorter still; this keeps a megabyte of text from travelling.
CUT = 200


@dataclass(frozen=True, slots=True)
class Condition:
    """A check between columns: the columns that it asks for, and as SQL when it holds."""

    columns: tuple[str, ...]
    holds: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The contract over the data: `slots` are its columns that are there, `conditions` its checks by their rule."""

    slots: Mapping[str, Slot]
    key: tuple[str, ...]
    conditions: Mapping[str, Condition]

    def asked(self, check: Check) -> tuple[str, ...]:
        """The columns that a check asks for."""
        if check.column is not None:
            return (check.column,)
        return self.key if check.rule == "primary_key" else self.conditions[check.rule].columns

    def narrowed(self, checks: Iterable[Check]) -> "Layout":
        """Only what is asked for: DuckDB would leave the rest out itself, but plans it first."""
        wanted = {name for check in checks for name in self.asked(check)}
        return replace(self, slots={name: slot for name, slot in self.slots.items() if name in wanted})


def layout(contract: Contract, header: Mapping[str, str]) -> Layout:
    slots = {
        name: Slot(index, contract.columns[name], kept_as)
        for index, (name, kept_as) in enumerate(header.items())
        if name in contract.columns
    }
    values = {name: slot.value for name, slot in slots.items()}
    conditions = {}
    for check in contract.checks:
        tree = condition(contract, check)
        columns = used(tree)
        if slots.keys() >= set(columns):
            conditions[OF_ROWS + check.name] = Condition(columns, render(tree, values))
    return Layout(slots, contract.primary_key, conditions)


def values(data: Layout, scan: str, *, key: bool = False, numbered: bool = False) -> str:
    """The rows of a relation with, for each column, the raw value and the value as its type; `k` is the key."""
    slots = data.slots.values()
    cells = [f"{raw(slot)} AS {slot.raw}" for slot in slots]
    cells += [f"c{slot.index}" for slot in slots if slot.kept_as in FLOATS]
    cells += [
        f"TRY_CAST(c{slot.index} AS DOUBLE) AS {slot.double}"
        for slot in slots
        if slot.column.type == "number"
    ]
    cells += ["p", "o"] if numbered else []
    rows = f"SELECT {', '.join(cells) or '1 AS nothing'} FROM {scan}"
    rows = f"SELECT {', '.join(['*', *(f'{typed(slot)} AS {slot.value}' for slot in slots)])} FROM ({rows})"
    return f"SELECT *, {_key([data.slots[name] for name in data.key])} AS k FROM ({rows})" if key else rows


def first_look(
    data: Layout,
    checks: Sequence[Check],
    scan: str,
    *,
    exact: bool,
    windows: Mapping[Check, Window] = MappingProxyType({}),
) -> str:
    """One row: the number of rows, for each check what `probe` finds, for each window what `span` finds."""
    terms = [term for check in checks for term in probe(data, check, exact=exact)]
    terms = ["count(*)", *terms, *(_span(data, check, window) for check, window in windows.items())]
    rows = values(
        data.narrowed([*checks, *windows]), scan, key=any(_of_several(data, check) for check in checks)
    )
    return f"SELECT {', '.join(terms)} FROM ({rows})"


def counts(data: Layout, checks: Sequence[Check], scan: str) -> str:
    """One row: for each check how many rows break it, and the value furthest out."""
    terms = [f"count_if({broken(data, check)}), {extreme(data, check)}" for check in checks]
    return f"SELECT {', '.join(terms)} FROM ({values(data.narrowed(checks), scan)})"


def examples(data: Layout, checks: Sequence[Check], numbered: str, most: int) -> str:
    """One row: for each check the first rows that break it, as {p, o, v: value as text}."""
    # A CASE, not a FILTER, whose cost in planning grows with the square of the number of terms.
    breaks = [broken(data, check) for check in checks]
    terms = [
        f"min(CASE WHEN {condition} THEN {_row(data, check)} END, {most})"
        for check, condition in zip(checks, breaks, strict=True)
    ]
    rows = values(data.narrowed(checks), numbered, numbered=True)
    # Most rows break nothing, and are not worth the aggregates. (In a CASE, so that all are looked at, whatever the
    # statistics of a Parquet file say.)
    wanted = " OR ".join(f"({each})" for each in breaks)
    return f"SELECT {', '.join(terms)} FROM ({rows}) WHERE CASE WHEN {wanted} THEN true END"


def probe(data: Layout, check: Check, *, exact: bool) -> tuple[str, str]:
    """Aggregates that tell how many rows break a check, and the value furthest out.

    Unless `exact`, of BOUNDS only whether any row may break it, which is cheaper.
    """
    if check.rule in BOUNDS and not exact:
        return _maybe_beyond(check.rule, data.slots[check.column or ""]), "NULL"
    return _counted(data, check), extreme(data, check)


def _counted(data: Layout, check: Check) -> str:
    if check == KEY:
        return f"count({identity(data, check)}) - count(DISTINCT {identity(data, check)})"
    if check.column is None:
        return f"count_if({broken(data, check)})"
    slot = data.slots[check.column]
    value = slot.value
    match check.rule:
        case "type":
            return f"{_filled(slot)} - count({value})"
        case "required" | "max_null_fraction" | "primary_key":
            return f"count(*) - {_filled(slot)}"
        case "unique":
            return f"count({value}) - count(DISTINCT {value})"
        case "enum" if _as_enum(slot):
            return f"count({value}) - count(TRY_CAST({value} AS {_as_enum(slot)}))"
        case "freshness":
            return "0"
    return f"count_if({broken(data, check)})"


def _maybe_beyond(rule: str, slot: Slot) -> str:
    # In bytes, which are told without reading the text. Characters are never more.
    what = f"strlen({slot.value})" if rule == "max_length" else _measured(rule, slot)
    return _beyond(rule, slot, f"{EXTREMES[rule]}({what})")


def broken(data: Layout, check: Check) -> str:
    """The condition of the rows that break a check. Unknown (NULL) is not true, so gaps break no other rule."""
    if check.column is None:
        return f"NOT {data.conditions[check.rule].holds}"
    slot = data.slots[check.column]
    column = slot.column
    match check.rule:
        case "type":
            return f"{slot.raw} IS NOT NULL AND {slot.value} IS NULL"
        case "required" | "max_null_fraction" | "primary_key":
            return f"{slot.raw} IS NULL"
        case "enum" if _as_enum(slot):
            return f"{slot.value} IS NOT NULL AND TRY_CAST({slot.value} AS {_as_enum(slot)}) IS NULL"
        case "enum":
            return f"{slot.value} NOT IN ({', '.join(constant(item, column) for item in column.enum or ())})"
        case "pattern":
            return f"NOT regexp_full_match({slot.value}, {literal(column.pattern or '')})"
    return _beyond(check.rule, slot, _measured(check.rule, slot))


def extreme(data: Layout, check: Check) -> str:
    """The value furthest out: whatever lies beyond a bound, the smallest or largest of all values lies there."""
    if check.column is None or check.rule not in EXTREMES:
        return "NULL"
    slot = data.slots[check.column]
    if slot.column.role == "sensitive" and check.rule != FRESHNESS:
        return "NULL"
    furthest = f"{EXTREMES[check.rule]}({_measured(check.rule, slot)})"
    return f"CAST({furthest} AS VARCHAR)" if slot.column.type in MOMENTS else furthest


def repeated(data: Layout, check: Check, scan: str, bucket: str) -> str:
    """One row: how many rows repeat the value, or the key, of an earlier one."""
    value = identity(data, check)
    rows = values(data, scan, key=_of_several(data, check))
    return f"SELECT count({value}) - count(DISTINCT {value}) FROM ({rows}) WHERE {bucket}"


def repeated_integers(data: Layout, check: Check, scan: str, bounds: tuple[int, int]) -> str:
    """As `repeated` of all rows, by a bit for each integer that there may be."""
    value = identity(data, check)
    low, high = (f"CAST('{bound}' AS BIGINT)" for bound in bounds)
    return (
        f"SELECT count({value}) - coalesce(bit_count(bitstring_agg({value}, {low}, {high})), 0) "
        f"FROM ({values(data, scan)})"
    )


def repeats(data: Layout, check: Check, numbered: str, scan: str, *, bucket: str, most: int) -> str:
    """The first rows that repeat the value, or the key, of an earlier one, as {p, o, v: value as text}; that one's place.

    `scan` has the same rows as `numbered`.
    """
    key, value = _of_several(data, check), identity(data, check)
    wanted = f"{value} IS NOT NULL AND {bucket}"
    # In two steps, because all values with their places might not fit the memory.
    twice = (
        f"SELECT {value} FROM ({values(data, scan, key=key)}) WHERE {wanted} GROUP BY ALL HAVING count(*) > 1"
    )
    rows = values(data, numbered, key=key, numbered=True)
    groups = (
        f"SELECT min({_row(data, check)}, {most + 1}) AS found FROM ({rows}) "
        f"WHERE {wanted} AND {value} IN ({twice}) GROUP BY {value}"
    )
    return f"SELECT unnest(found[2:]) AS row, found[1] FROM ({groups}) ORDER BY row LIMIT {most}"


def identity(data: Layout, check: Check) -> str:
    """What must not stand in two rows."""
    return "k" if _of_several(data, check) else data.slots[data.asked(check)[0]].value


def sample(data: Layout, checks: Sequence[Check], numbered: str) -> str:
    """One row: the smallest and the largest of each integer column's first values."""
    terms = [f"{which}({identity(data, check)})" for check in checks for which in ("min", "max")]
    return f"SELECT {', '.join(terms)} FROM ({values(data.narrowed(checks), numbered)})"


def _of_several(data: Layout, check: Check) -> bool:
    return check == KEY and len(data.key) > 1


def _row(data: Layout, check: Check) -> str:
    return f"{{'p': p, 'o': o, 'v': {_shown(data, check)}}}"


def _span(data: Layout, check: Check, window: Window) -> str:
    """How many values there are, the smallest, the largest; how many lie in the window, and how many different ones."""
    value = identity(data, check)
    low, high = (f"CAST('{bound}' AS BIGINT)" for bound in window)
    inside = f"CASE WHEN {value} BETWEEN {low} AND {high} THEN {value} END"
    different = f"coalesce(bit_count(bitstring_agg({inside}, {low}, {high})), 0)"
    return f"[count({value}), min({value}), max({value}), count({inside}), {different}]"


def _filled(slot: Slot) -> str:
    """How many rows have a value. In a column of floats NaN is none."""
    cell = f"c{slot.index}"
    return (
        f"(count({cell}) - coalesce(count_if(isnan({cell})), 0))"
        if slot.kept_as in FLOATS
        else f"count({slot.raw})"
    )


def _measured(rule: str, slot: Slot) -> str:
    return f"length({slot.value})" if "length" in rule else slot.value


def _beyond(rule: str, slot: Slot, what: str) -> str:
    column = slot.column
    match rule:
        case "minimum":
            return f"{what} < {constant(column.minimum, column)}"
        case "maximum":
            return f"{what} > {constant(column.maximum, column)}"
        case "min_length":
            return f"{what} < {column.min_length}"
        case "max_length":
            return f"{what} > {column.max_length}"
    raise AssertionError(f"no SQL for rule {rule}")


def _as_enum(slot: Slot) -> str | None:
    """The allowed texts as a type: a cast looks a value up, where IN compares it with each; None if it cannot be one."""
    items = [str(item) for item in slot.column.enum or ()]
    if slot.column.type not in TEXTUAL or any("\0" in item for item in items):
        return None
    return f"ENUM({', '.join(map(literal, items))})"


def _key(slots: Sequence[Slot]) -> str:
    if len(slots) == 1:
        return slots[0].value
    whole = " AND ".join(f"{slot.value} IS NOT NULL" for slot in slots)
    return f"CASE WHEN {whole} THEN row({', '.join(slot.value for slot in slots)}) END"


def _shown(data: Layout, check: Check) -> str:
    """The row's values that a check is about, as text; of several columns a condition's with their names."""
    slots = {name: data.slots[name] for name in data.asked(check)}
    # An example ends in a report and in Git's history, where no sensitive value may go.
    texts = {
        name: "NULL" if slot.column.role == "sensitive" else f"left(CAST({slot.raw} AS VARCHAR), {CUT})"
        for name, slot in slots.items()
    }
    if check.column is not None:
        return texts[check.column]
    if check.rule == "primary_key":
        return f"concat_ws(', ', {', '.join(texts.values())})"
    named = (
        f"{literal(name[:CUT] + ' = ')} || coalesce({text}, '-')"
        for name, text in texts.items()
        if text != "NULL"
    )
    listed = ", ".join(named)
    return f"concat_ws(', ', {listed})" if listed else "NULL"
