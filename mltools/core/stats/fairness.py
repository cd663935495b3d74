"""Whether groups of people are treated alike: who is selected, and who wrongly.

Demographic parity compares selection rates, equal opportunity true positive rates (M. Hardt, E. Price and N. Srebro, 2016),
equalised odds those and false positive rates. The gap of a measure is between its highest and its lowest group, as in
Fairlearn; with more than two groups that pair was picked by looking, so its interval is widened for all pairs there are
(Bonferroni).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mltools.core.stats import proportions
from mltools.core.stats.cases import prepared
from mltools.core.stats.paired import Side
from mltools.core.stats.slices import FEWEST_ROWS, split
from mltools.core.stats.values import LEVEL, Array, Undecided

Measure = Literal["selection_rate", "true_positive_rate", "false_positive_rate"]
MEASURES: tuple[Measure, ...] = ("selection_rate", "true_positive_rate", "false_positive_rate")
OF: Mapping[Measure, str] = {
    "selection_rate": "rows",
    "true_positive_rate": "positive rows",
    "false_positive_rate": "negative rows",
}
PAIR = 2


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `rows` in one group; `judged` when there are enough rows."""

    group: str
    hits: int
    rows: int
    judged: bool

    @property
    def value(self) -> float | None:
        return self.hits / self.rows if self.rows else None


@dataclass(frozen=True, slots=True)
class Gap:
    """The highest rate minus the lowest among the groups that are judged, with its interval.

    `low` may be below zero: then even the sign of the gap is not certain. `ratio` is lowest by highest, 1 where nobody is
    selected anywhere.
    """

    measure: Measure
    highest: Rate
    lowest: Rate
    difference: float
    low: float
    high: float
    ratio: float


@dataclass(frozen=True, slots=True)
class Fairness:
    """For each measure the rates of all groups, largest group first, and the gap, or why there is none."""

    rates: Mapping[Measure, tuple[Rate, ...]]
    gaps: Mapping[Measure, Gap | Undecided]

    @property
    def equalised_odds(self) -> Gap | Undecided:
        """The larger of the gaps in true and in false positive rates."""
        gaps = [self.gaps["true_positive_rate"], self.gaps["false_positive_rate"]]
        for gap in gaps:
            if isinstance(gap, Undecided):
                return gap
        return max((gap for gap in gaps if isinstance(gap, Gap)), key=lambda gap: gap.difference)


def fairness(
    side: Side,
    column: Array | Sequence[Any],
    *,
    positive: Any = None,
    fewest: int = FEWEST_ROWS,
    level: float = LEVEL,
) -> Fairness | Undecided:
    """The rates and gaps of one model over the groups of a column. A missing value is a group of its own."""
    cases = prepared("positive", (side,), positive)
    if isinstance(cases, Undecided):
        return cases
    groups = split(column, side.rows)
    if isinstance(groups, Undecided):
        return groups
    truth, said = cases[0].target == 1, cases[0].prediction == 1
    rates = {
        measure: tuple(_rate(measure, name, truth[chosen], said[chosen], fewest) for name, chosen in groups)
        for measure in MEASURES
    }
    return Fairness(rates, {measure: _gap(measure, found, fewest, level) for measure, found in rates.items()})


def _rate(measure: Measure, group: str, truth: Array, said: Array, fewest: int) -> Rate:
    of = {"selection_rate": np.ones(len(truth), dtype=bool), "true_positive_rate": truth}.get(measure, ~truth)
    count = int(of.sum())
    return Rate(group, int((said & of).sum()), count, judged=count >= max(1, fewest))


def _gap(measure: Measure, rates: Sequence[Rate], fewest: int, level: float) -> Gap | Undecided:
    judged = [rate for rate in rates if rate.judged]
    if len(judged) < PAIR:
        return Undecided(
            f"{measure} needs two groups of at least {fewest} {OF[measure]}; there {_are(len(judged))}"
        )
    highest = max(judged, key=lambda rate: rate.hits / rate.rows)
    lowest = min(judged, key=lambda rate: rate.hits / rate.rows)
    if highest is lowest or highest.hits * lowest.rows == lowest.hits * highest.rows:
        # All alike: any two stand for them; the smallest groups leave the most doubt.
        highest, lowest = sorted(judged, key=lambda rate: rate.rows)[:PAIR]
    pairs = len(judged) * (len(judged) - 1) // PAIR
    low, high = proportions.unpaired_interval(
        highest.hits, highest.rows, lowest.hits, lowest.rows, level=1 - (1 - level) / pairs
    )
    top, bottom = highest.hits / highest.rows, lowest.hits / lowest.rows
    return Gap(measure, highest, lowest, top - bottom, low, high, bottom / top if top else 1.0)


def _are(count: int) -> str:
    return "is one" if count == 1 else "are none"
