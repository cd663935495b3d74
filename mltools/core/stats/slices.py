"""A metric on each group of a column, and the group where it is worst."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mltools.core.stats import difference
from mltools.core.stats.cases import Case, prepared
from mltools.core.stats.columns import missing, rows
from mltools.core.stats.metrics import Metric, value
from mltools.core.stats.paired import Paired, Side
from mltools.core.stats.values import LEVEL, Array, Better, Draws, Estimate, Interval, Ints, Undecided

FEWEST_ROWS = 30
# More values than these are no groups: a number, an id or a text.
MOST_GROUPS = 200
NAMELESS = "(missing)"


@dataclass(frozen=True, slots=True)
class Slice:
    """One group: the metric of head on its rows, or why it has none there; the same of base; and what is between them.

    `interval` and `difference` are None where they were not asked for, or the group is too small to be judged.
    """

    name: str
    rows: int
    value: float | Undecided
    judged: bool
    base: float | Undecided | None = None
    interval: Interval | Undecided | None = None
    difference: Estimate | Undecided | None = None


@dataclass(frozen=True, slots=True)
class Slices:
    """All groups, the largest first. `worst` is the worst of those that are `judged`; None where none is."""

    metric: str
    groups: tuple[Slice, ...]
    worst: Slice | None
    fewest: int

    @property
    def unjudged(self) -> tuple[Slice, ...]:
        """Groups too small to be judged, or on which the metric is undefined."""
        return tuple(group for group in self.groups if not group.judged)


def slices(
    metric: Metric,
    test: Side | Paired,
    column: Array | Sequence[Any],
    draws: Draws,
    *,
    positive: Any = None,
    fewest: int = FEWEST_ROWS,
    level: float = LEVEL,
) -> Slices | Undecided:
    """The metric on the rows of each value of the column; with base beside head where the rows are paired.

    A missing value is a group of its own. Groups of fewer than `fewest` rows are listed and not judged: the smallest
    group is nearly always the worst, by chance.
    """
    sides = (test.head, test.base) if isinstance(test, Paired) else (test,)
    found = split(column, sides[0].rows)
    if isinstance(found, Undecided):
        return found
    cases = prepared(metric.uses, sides, positive)
    if isinstance(cases, Undecided):
        return cases
    groups = tuple(
        _slice(metric, name, tuple(case.take(chosen) for case in cases), draws, fewest, level)
        for name, chosen in found
    )
    judged = [group for group in groups if group.judged]
    return Slices(metric.name, groups, _worst(judged, metric.better), fewest)


def split(column: Array | Sequence[Any], count: int) -> tuple[tuple[str, Ints], ...] | Undecided:
    """The rows of each value of a column, the value with most rows first; equal ones by name."""
    if len(column) != count:
        return Undecided(f"the column of groups has {rows(len(column))} where the predictions have {count:,}")
    if not count:
        return Undecided("there are no rows")
    absent = missing(column)
    names = np.where(absent, NAMELESS, np.ma.getdata(np.ma.asarray(column)).astype(str))
    values, codes, sizes = np.unique(names, return_inverse=True, return_counts=True)
    if len(values) > MOST_GROUPS:
        return Undecided(
            f"the column has {len(values):,} values; {MOST_GROUPS} groups are the most that are judged"
        )
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.cumsum(sizes)[:-1])
    named = zip(values.tolist(), parts, strict=True)
    return tuple(sorted(named, key=lambda part: (-len(part[1]), part[0])))


def _slice(  # noqa: PLR0917 - private, and each is a different thing
    metric: Metric, name: str, cases: tuple[Case, ...], draws: Draws, fewest: int, level: float
) -> Slice:
    head = cases[0]
    values = [value(metric, case) for case in cases]
    judged = head.rows >= fewest and not isinstance(values[0], Undecided)
    return Slice(
        name=name,
        rows=head.rows,
        value=values[0],
        judged=judged,
        base=values[1] if len(values) > 1 else None,
        interval=difference.interval(metric, head, draws, level=level) if judged else None,
        difference=difference.of_cases(metric, cases[1], head, draws, level=level)
        if judged and len(cases) > 1
        else None,
    )


def _worst(judged: Sequence[Slice], better: Better) -> Slice | None:
    """The first where several are equally bad: that of most rows."""
    ordered = list(_numbered(judged))
    if not ordered:
        return None
    pick = min if better == "higher" else max
    extreme = pick(number for number, _ in ordered)
    return next(group for number, group in ordered if number == extreme)


def _numbered(judged: Sequence[Slice]) -> Iterator[tuple[float, Slice]]:
    for group in judged:
        if not isinstance(group.value, Undecided):
            yield group.value, group
