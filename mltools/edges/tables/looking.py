"""What to ask about a column and what was answered: from the plan for a sample to that for all rows."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mltools.core import telling
from mltools.core.contract import TEXTUAL, ColumnType
from mltools.core.inference import perhaps_names
from mltools.core.margins import round_number
from mltools.core.observed import SHAPES, Counted, Seen
from mltools.edges.tables.measuring import BITS_FOR_A_VALUE, MOST_BITS
from mltools.edges.tables.seeing import NUMBERS, Cell, Count, Plan

# Longer values are no categories, and are not held in memory.
LONGEST_LISTED = 200
# An estimate is good to a few per cent: below this share of the rows, values do repeat.
NEARLY = 0.9
# 32 MB in each thread.
BITS = 1 << 28
COUNTED = frozenset({"integer", *TEXTUAL})

Struct = Mapping[str, Any]
# All else are counts, which are NULL in a column without values.
VALUES = frozenset(
    {"minimum", "maximum", "mean", "std", "sum", "squares", "shortest", "longest", "listed", "gaps"}
)


@dataclass(frozen=True, slots=True)
class Column:
    """What was asked and answered about a column."""

    cell: Cell
    plan: Plan
    answer: Struct

    @classmethod
    def answered(cls, cell: Cell, plan: Plan, answer: Struct) -> "Column":
        return cls(
            cell, plan, {name: value if name in VALUES else value or 0 for name, value in answer.items()}
        )

    @property
    def values(self) -> int:
        return int(self.answer["fitting"])

    @property
    def fits(self) -> bool:
        """Whether all values have the type."""
        return bool(self.answer["present"] == self.values) and not self.answer.get("padded")

    @property
    def listed(self) -> dict[Any, int] | None:
        """Each value with its rows, None when they were not asked for, or are not all that there are."""
        found: dict[Any, int]
        if self.plan.kind == "boolean":
            found = {True: self.answer["yes"], False: self.values - self.answer["yes"]}
        elif "listed" in self.answer:
            found = {**(self.answer["listed"] or {})}
            if not self.plan.every:
                found[""] = self.answer["empty"]
        else:
            return None
        found = {value: rows for value, rows in found.items() if rows}
        return found if sum(found.values()) == self.values else None

    @property
    def told(self) -> bool:
        """Whether the values that were asked for are all that there are."""
        if "known" in self.answer:
            return bool(self.answer["known"] == self.values)
        return not self.plan.listed or self.listed is not None

    @property
    def spread(self) -> tuple[float | None, float | None]:
        """Mean and standard deviation, to six digits: the sums of several threads differ in the last ones."""
        mean, std = self.answer.get("mean"), self.answer.get("std")
        centre, total, squares = self.plan.centre, self.answer.get("sum"), self.answer.get("squares")
        if centre is not None and total is not None and squares is not None:
            mean = total / self.values
            square = squares / self.values - (mean - centre) * (mean - centre)
            std = math.sqrt(max(square, 0)) if math.isfinite(square) else None
        if mean is None or std is None or not math.isfinite(mean):
            return None, None
        return float(f"{mean:.6g}"), float(f"{std:.6g}")

    @property
    def shape(self) -> str | None:
        """The narrowest shape that all values have."""
        return next((shape for shape in self.plan.shapes if self.answer[shape] == self.values > 0), None)

    @property
    def personal(self) -> bool:
        """Whether most values look like what a person goes by."""
        return self.plan.known_personal or bool(2 * self.answer.get("personal", 0) > self.values)

    @property
    def short(self) -> bool:
        """Whether values are text that may be listed."""
        return self.plan.kind in TEXTUAL and self.values > 0 and self.answer["longest"] <= LONGEST_LISTED

    @property
    def to_count(self) -> bool:
        """Whether a rule hangs on how many values differ exactly."""
        return (
            self.plan.distinct is Count.ABOUT
            and bool(self.answer["distinct"] >= NEARLY * self.values > 0)
            and perhaps_names(self.cell.name, self.plan.kind, self.shape)
        )

    @property
    def differing(self) -> int | None:
        """How many values differ, when a bit was set for each."""
        return self.answer["bits"] if self.plan.bits and self.answer["within"] == self.values else None

    @property
    def bounds(self) -> tuple[int, int] | None:
        """The bounds of integers that lie closely enough for a bit each."""
        if self.plan.kind != "integer":
            return None
        low, high = self.answer["minimum"], self.answer["maximum"]
        return (low, high) if high - low < min(self.values * BITS_FOR_A_VALUE, MOST_BITS) else None


def first_plan(kind: ColumnType, count: Count, *, every: bool = False) -> Plan:
    """What to ask when nothing but the type is known."""
    text = kind in TEXTUAL
    shapes = tuple(SHAPES) if text else ()
    return Plan(kind, shapes, personal=text, every=every, distinct=count if kind in COUNTED else Count.NOT)


def next_plan(column: Column) -> Plan:
    """What to ask of all rows by what is known of a column."""
    kind = column.plan.kind
    listed = tuple(column.listed or ()) if column.short else ()
    # How many people there are is nobody's business either.
    secret = column.personal or telling.personal(column.cell.name)
    return Plan(
        kind,
        shapes=() if column.shape is None else (column.shape,),
        known_personal=column.personal,
        listed=listed,
        distinct=Count.ABOUT if kind in COUNTED and not listed and not secret else Count.NOT,
        ends=ends(column),
        centre=column.spread[0],
        bits=_bits(column),
    )


def _bits(column: Column) -> tuple[int, int] | None:
    """Where the numbers of rows may lie that begin as those of the sample: another pass over text costs more."""
    answer = column.answer
    if column.plan.kind != "integer" or not column.cell.spelled or not column.values > 1:
        return None
    if answer["distinct"] < column.values or not perhaps_names(column.cell.name, "integer", None):
        return None
    low = max(answer["minimum"] - BITS // 4, -(2**63))
    high = min(low + BITS, 2**63 - 1)
    return (low, high) if answer["maximum"] <= high else None


def ends(column: Column) -> tuple[tuple[str, Any], ...]:
    """The values at both ends, where they may be those of a scale."""
    if column.plan.kind not in NUMBERS:
        return ()
    both = (("minimum", column.answer["minimum"]), ("maximum", column.answer["maximum"]))
    return tuple((end, value) for end, value in both if round_number(value))


def nothing(plan: Plan) -> Struct:
    """What is answered about a column of a table without rows."""
    counts = dict.fromkeys(("present", "fitting", "distinct", "yes", "personal", *plan.shapes), 0)
    return {**counts, **dict.fromkeys(("minimum", "maximum", "shortest", "longest"))}


def counted(cell: Cell, rows: int, answer: Struct) -> Counted:
    """The answer to `seeing.kinds`; a column without any value has none."""
    fits = {kind: answer.get(f"fits_{kind}", 0) for kind in cell.kinds}
    padded, pointed = answer.get("padded") or 0, answer.get("pointed") or 0
    return Counted(
        cell.name,
        cell.kept_as,
        rows,
        answer.get("present", 0),
        fits,
        padded,
        pointed,
        bare(answer.get("gaps")),
    )


def seen(column: Column) -> Seen:
    kind, answer, listed = column.plan.kind, column.answer, column.listed
    top = sorted(listed.items(), key=lambda item: (-item[1], item[0])) if listed is not None else []
    return Seen(
        column.cell.name,
        kind,
        column.values,
        column.cell.kept_as,
        minimum=_plain(kind, answer.get("minimum")),
        maximum=_plain(kind, answer.get("maximum")),
        at_minimum=answer.get("at_minimum", 0),
        at_maximum=answer.get("at_maximum", 0),
        mean=column.spread[0],
        std=column.spread[1],
        distinct=len(top) if listed is not None else answer.get("distinct", 0),
        exact=listed is not None or column.plan.distinct is Count.EXACTLY,
        top=tuple(top),
        complete=listed is not None,
        shortest=answer.get("shortest"),
        longest=answer.get("longest"),
        shape=column.shape,
        personal=column.personal,
    )


def bare(counts: Mapping[str, int] | None) -> dict[str, int]:
    """Texts with their rows, without the quotes that they have in JSON; what was not listed is left out."""
    found: Counter[str] = Counter()
    for text, rows in (counts or {}).items():
        if text and rows:
            found[text.strip('"')] += rows
    return dict(found)


def _plain(kind: ColumnType, value: Any) -> Any:
    return float(value) if kind == "number" and value is not None else value
