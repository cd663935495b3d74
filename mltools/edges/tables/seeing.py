"""The queries that observe data, text only: which types the values have, then what they are under the chosen one.

Whether a value is of a type is asked with the same SQL as in validation (`cells`), so that the two never disagree.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from mltools.core.contract import TEXTUAL, Column, ColumnType, Value
from mltools.core.observed import GAPS, NARROW, PERSONAL, SHAPES, WIDE
from mltools.core.wording import JSON, TEXT
from mltools.edges.tables.cells import FLOATS, Slot, constant, literal, raw, typed

MOMENTS = frozenset({"date", "datetime"})
NUMBERS = frozenset({"integer", "number"})
KINDS: tuple[ColumnType, ...] = (*NARROW, *WIDE)
NEVER = "CAST(NULL AS "
SAMPLE = "sample"
# Beyond, DuckDB's sum of squares would overflow.
SQUARED = "1e150"
# Sampled values are cut: long ones are of no type but text.
CUT = 400


@dataclass(frozen=True, slots=True)
class Cell:
    """A column of the data by its place."""

    name: str
    index: int
    kept_as: str

    def slot(self, kind: ColumnType) -> Slot:
        return Slot(self.index, Column(type=kind), self.kept_as)

    @property
    def spelled(self) -> bool:
        """Whether values are kept as text that may spell anything."""
        return self.kept_as in {TEXT, JSON}

    @property
    def kinds(self) -> tuple[ColumnType, ...]:
        """The types that values kept so can have at all."""
        return tuple(kind for kind in KINDS if not typed(self.slot(kind)).startswith(NEVER))


class Count(StrEnum):
    """How the different values of a column are counted."""

    NOT = ""
    ABOUT = "approx_count_distinct("
    EXACTLY = "count(DISTINCT "


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask about a column under a type.

    Of the `listed` values the rows are counted, in Parquet of all of them together, as `values` is cheap there; and
    those of the `ends`, by what they are called. Around the `centre`, which is close to the mean, the sum of squares is
    reckoned without loss; without it, slowly. Different integers within `bits` are counted by a bit for each. With
    `every` or an exact count of different values DuckDB keeps all rows before it looks at them: that is for a sample.
    """

    kind: ColumnType
    shapes: tuple[str, ...] = ()
    personal: bool = False
    known_personal: bool = False
    listed: tuple[str, ...] = ()
    every: bool = False
    distinct: Count = Count.NOT
    ends: tuple[tuple[str, Value], ...] = ()
    centre: float | None = None
    bits: tuple[int, int] | None = None


def sample(scan: str, cells: Sequence[Cell], rows: int) -> str:
    """The first rows, long values cut, as a table with the columns of the data."""
    kept = ", ".join(f"{_cut(cell)} AS c{cell.index}" for cell in cells)
    return f"CREATE OR REPLACE TEMP TABLE {SAMPLE} AS SELECT {kept} FROM {scan} LIMIT {rows}"


def holding(scan: str, cell: Cell, mark: str) -> str:
    """Whether all values of a column of text, of which there are some, hold a mark."""
    return f"SELECT coalesce(bool_and(contains(c{cell.index}, {literal(mark)})), false) FROM {scan}"


def kinds(scan: str, cells: Sequence[Cell]) -> str:
    """For each column its place among those given, and a struct of how many values have which type and are spelled how.

    The columns are kept as one type. Their values are asked one below the other: DuckDB plans the many questions once,
    which for a table of thirty columns takes longer than to answer them.
    """
    one = replace(cells[0], index=0)
    return f"SELECT k, {_struct(_kinds(one))} FROM ({_below(scan, cells, cells[0].kinds[0], frozenset())}) GROUP BY k"


def look(scan: str, plans: Mapping[Cell, Plan], missing: frozenset[str]) -> str:
    """One row: the rows, then for each column a struct of its values under its type, as planned."""
    terms = [_struct(_look(cell, plan, missing)) for cell, plan in plans.items()]
    return f"SELECT {', '.join(('count(*)', *terms))} FROM ({_values(scan, plans, missing)})"


def look_below(scan: str, plans: Mapping[Cell, Plan], missing: frozenset[str]) -> str:
    """For each column its place among those given, and the struct that `look` has, the values asked one below the other, as in `kinds`.

    The columns are kept as one type and planned under one; only what is listed and the ends may differ.
    """
    cells, first = tuple(plans), next(iter(plans.values()))
    one = replace(cells[0], index=0)
    answers = _look(one, replace(first, listed=(), every=False, ends=(), centre=None), missing)
    listed = [f"{position}" for position, plan in enumerate(plans.values()) if plan.every]
    if listed:
        answers["listed"] = f"histogram(CASE WHEN k IN ({', '.join(listed)}) THEN v0 END)"
    for end in ("minimum", "maximum"):
        known = [dict(plan.ends).get(end) for plan in plans.values()]
        if any(value is not None for value in known):
            constants = ", ".join(
                "NULL" if value is None else constant(value, Column(type=first.kind)) for value in known
            )
            answers[f"at_{end}"] = f"count_if(v0 = ([{constants}])[k + 1])"
    return f"SELECT k, {_struct(answers)} FROM ({_below(scan, cells, first.kind, missing)}) GROUP BY k"


def values(scan: str, cell: Cell, kind: ColumnType, missing: frozenset[str], most: int) -> str:
    """Each value of a column with its rows; no more than so many."""
    rows = _values(scan, {cell: Plan(kind)}, missing)
    value = f"v{cell.index}"
    return f"SELECT {value}, count(*) FROM ({rows}) WHERE {value} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {most}"


def differing(
    scan: str, cell: Cell, kind: ColumnType, missing: frozenset[str], bounds: tuple[int, int] | None
) -> str:
    """How many different values a column has; within `bounds` by a bit for each integer that there may be."""
    value = f"v{cell.index}"
    count = f"count(DISTINCT {value})"
    if bounds is not None:
        count = _bits(value, bounds)
    return f"SELECT {count} FROM ({_values(scan, {cell: Plan(kind)}, missing)})"


def _values(scan: str, plans: Mapping[Cell, Plan], missing: frozenset[str]) -> str:
    raws = [_raw(cell, missing) for cell in plans]
    raws += [f"c{cell.index}" for cell in plans if missing and cell.spelled]
    values = [f"{typed(cell.slot(plan.kind))} AS v{cell.index}" for cell, plan in plans.items()]
    return f"SELECT {', '.join(('*', *values))} FROM (SELECT {', '.join(raws) or '1 AS nothing'} FROM {scan})"


def _below(scan: str, cells: Sequence[Cell], kind: ColumnType, missing: frozenset[str]) -> str:
    """The values of columns of one kind below each other, as c0, r0, d0 and, under the type, v0; k is the column's place."""
    one = replace(cells[0], index=0)
    places = ", ".join(str(place) for place in range(len(cells)))
    columns = ", ".join(f"c{cell.index}" for cell in cells)
    rows = f"SELECT unnest([{places}]) AS k, unnest([{columns}]) AS c0 FROM {scan}"
    return f"SELECT *, {typed(one.slot(kind))} AS v0 FROM (SELECT k, c0, {_raw(one, missing)} FROM ({rows}))"


def _raw(cell: Cell, missing: frozenset[str]) -> str:
    """The cell as r, without the texts that mean "no value", and as the number d, as `cells.typed` asks for them."""
    value = raw(cell.slot("string"))
    if missing and cell.spelled:
        value = f"CASE WHEN {value} NOT IN ({_forms(cell, missing)}) THEN {value} END"
    return f"{value} AS r{cell.index}, TRY_CAST(c{cell.index} AS DOUBLE) AS d{cell.index}"


def _kinds(cell: Cell) -> dict[str, str]:
    text = f"r{cell.index}"
    counts = {kind: f"count({typed(cell.slot(kind))})" for kind in cell.kinds}
    if cell.spelled:
        words = f"CASE WHEN {text} NOT IN ({_forms(cell, GAPS)}) THEN"
        counts |= {kind: f"count({words} {typed(cell.slot(kind))} END)" for kind in WIDE}
    terms = {
        "present": f"count({text})",
        "distinct": f"count(DISTINCT {text})",
        **{f"fits_{kind}": count for kind, count in counts.items()},
    }
    if cell.spelled:
        number = typed(cell.slot("number"))
        terms["padded"] = f"{_padded(text)} FILTER (({number}) IS NOT NULL)"
        terms["pointed"] = f"count_if(contains({text}, '.') AND ({number}) IS NOT NULL)"
        terms["gaps"] = f"histogram_exact({text}, [{_forms(cell, GAPS)}])"
    elif cell.kept_as in FLOATS:
        terms["pointed"] = f"count({text})"
    return terms


def _look(cell: Cell, plan: Plan, missing: frozenset[str]) -> dict[str, str]:
    text, value = f"r{cell.index}", f"v{cell.index}"
    terms = {"present": f"count({text})", "fitting": f"count({value})"}
    terms |= _extremes(plan, value)
    if plan.kind in NUMBERS and cell.spelled:
        terms["padded"] = _padded(text)
    terms |= _asked(plan, value)
    if plan.listed:
        terms |= _known(cell, plan, value)
    if missing and cell.spelled:
        terms["gaps"] = f"histogram_exact(c{cell.index}, [{_forms(cell, missing)}])"
    return terms


def _extremes(plan: Plan, value: str) -> dict[str, str]:
    if plan.kind in NUMBERS:
        return {"minimum": f"min({value})", "maximum": f"max({value})", **_spread(plan, value)}
    if plan.kind in MOMENTS:
        return {end: f"CAST({end[:3]}({value}) AS VARCHAR)" for end in ("minimum", "maximum")}
    if plan.kind in TEXTUAL:
        return {"shortest": f"min(length({value}))", "longest": f"max(length({value}))"}
    return {}


def _spread(plan: Plan, value: str) -> dict[str, str]:
    double = f"CAST({value} AS DOUBLE)"
    if plan.centre is None:
        squared = f"CASE WHEN abs({double}) < {SQUARED} THEN {double} END"
        return {"mean": f"avg({squared})", "std": f"stddev_pop({squared})"}
    away = f"({double} - {constant(plan.centre, Column(type='number'))})"
    return {"sum": f"sum({double})", "squares": f"sum({away} * {away})"}


def _asked(plan: Plan, value: str) -> dict[str, str]:
    column = Column(type=plan.kind)
    terms = {name: f"count_if(regexp_full_match({value}, {literal(SHAPES[name])}))" for name in plan.shapes}
    if plan.personal:
        terms["personal"] = f"count_if(regexp_full_match({value}, {literal(PERSONAL)}))"
    terms |= {f"at_{name}": f"count_if({value} = {constant(end, column)})" for name, end in plan.ends}
    if plan.kind == "boolean":
        terms["yes"] = f"count_if({value})"
    elif plan.every:
        terms["listed"] = f"histogram({value})"
    if plan.bits is not None:
        within = f"{value} BETWEEN {_whole(plan.bits[0])} AND {_whole(plan.bits[1])}"
        terms["within"] = f"count_if({within})"
        terms["bits"] = _bits(f"CASE WHEN {within} THEN {value} END", plan.bits)
    if plan.distinct is not Count.NOT:
        terms["distinct"] = f"{plan.distinct.value}{value})"
    return terms


def _known(cell: Cell, plan: Plan, value: str) -> dict[str, str]:
    if not cell.spelled:
        known = ", ".join(map(literal, plan.listed))
        if any("\0" in item for item in plan.listed):
            return {"known": f"count_if({value} IN ({known}))"}
        # Several times as fast, but the names of a type are plain constants.
        return {"known": f"count(TRY_CAST({value} AS ENUM({known})))"}
    # Values that are not listed are counted under "", so that the empty text is counted apart.
    known = ", ".join(literal(item) for item in plan.listed if item)
    return {"listed": f"histogram_exact({value}, [{known}])", "empty": f"count_if({value} = '')"}


def _bits(value: str, bounds: tuple[int, int]) -> str:
    return f"coalesce(bit_count(bitstring_agg({value}, {_whole(bounds[0])}, {_whole(bounds[1])})), 0)"


def _whole(value: int) -> str:
    return f"CAST('{value}' AS BIGINT)"


def _padded(text: str) -> str:
    # What lies between "00" and "0:" begins with a zero and a digit.
    return f"count_if({text} >= '00' AND {text} < '0:')"


def _forms(cell: Cell, texts: Iterable[str]) -> str:
    """Texts as the column keeps them, as SQL constants."""
    listed = sorted(texts)
    quoted = [f'"{text}"' for text in listed] if cell.kept_as == JSON else []
    return ", ".join(map(literal, [*listed, *quoted]))


def _struct(terms: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"'{name}': {term}" for name, term in terms.items()) + "}"


def _cut(cell: Cell) -> str:
    column = f"c{cell.index}"
    if cell.kept_as in {TEXT, "VARCHAR"}:
        return f"left({column}, {CUT})"
    if cell.kept_as == JSON:
        long = f"CASE WHEN {column}[1] IN ('{{', '[') THEN '{{}}' ELSE '\"...\"' END"
        return f"CASE WHEN strlen({column}) <= {CUT} THEN {column} ELSE {long} END"
    return column
