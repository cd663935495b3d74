"""How many values of a profile lie below a number: exactly at the edges of its bins, in between by interpolation."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Self

from mltools.core.profile import Histogram

Cut = tuple[float, bool]
"""A number, and whether what equals it lies below the cut."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A histogram as a distribution function. `cuts` are where it is known, `upto` the values below each."""

    cuts: tuple[Cut, ...]
    upto: tuple[int, ...]
    discrete: bool
    whole: bool

    @classmethod
    def of(cls, histogram: Histogram, *, whole: bool) -> Self:
        """The distribution; `whole` numbers lie at whole numbers only."""
        edges = histogram.edges
        # The bin below an edge that stands twice ends just before it.
        ends = [(edge, edge != after) for edge, after in pairwise(edges)]
        cuts = ((histogram.low, False), *ends, (edges[-1], True))
        return cls(cuts, (0, *accumulate(histogram.counts)), histogram.discrete, whole)

    @property
    def total(self) -> int:
        return self.upto[-1]

    @property
    def slack(self) -> float:
        """The largest share of values of which it is not known where in their bin they lie."""
        bins = zip(pairwise(self.cuts), pairwise(self.upto), strict=True)
        wide = [after - before for (low, high), (before, after) in bins if not self.is_point(low, high)]
        return max(wide, default=0) / self.total

    def is_point(self, low: Cut, high: Cut) -> bool:
        """Whether all values of a bin are the same."""
        return self.discrete or low[0] == high[0] or (self.whole and _wholes(low, high) == 1)

    def below(self, cut: Cut) -> float:
        """How many values lie below a cut."""
        index = bisect_left(self.cuts, cut)
        if index == len(self.cuts):
            return self.total
        if self.cuts[index] == cut or index == 0:
            return self.upto[index]
        low, high = self.cuts[index - 1], self.cuts[index]
        before, inside = self.upto[index - 1], self.upto[index] - self.upto[index - 1]
        if self.discrete or not inside:
            return before
        if self.whole:
            return before + inside * _wholes(low, cut) / _wholes(low, high)
        # Halved, since the width of a bin may be more than a double holds.
        return before + inside * (cut[0] / 2 - low[0] / 2) / (high[0] / 2 - low[0] / 2)

    def between(self, cuts: Sequence[Cut]) -> list[float]:
        """How many values lie below the first cut, between each and the next, and above the last."""
        upto = [0.0, *map(self.below, cuts), float(self.total)]
        return [after - before for before, after in pairwise(upto)]

    def at(self, share: float) -> float:
        """An edge below which at least this share lies."""
        return next(
            value for (value, _), upto in zip(self.cuts, self.upto, strict=True) if upto >= share * self.total
        )

    def doubt(self, cut: Cut) -> float:
        """How far off `below` may be at a cut, as a share: nothing at an edge, else what the bin holds."""
        index = bisect_left(self.cuts, cut)
        if not 0 < index < len(self.cuts) or self.cuts[index] == cut:
            return 0.0
        if self.is_point(self.cuts[index - 1], self.cuts[index]):
            return 0.0
        return (self.upto[index] - self.upto[index - 1]) / self.total

    def equal(self, parts: int, other: Self) -> list[Cut]:
        """Edges that leave about equal shares, at most so many; of two alike the one where the `other` is known."""
        inner = [index for index, upto in enumerate(self.upto) if 0 < upto < self.total]
        doubts = {index: other.doubt(self.cuts[index]) for index in inner}
        shares = {index: self.upto[index] / self.total for index in inner}
        wanted = [part / parts for part in range(1, parts)] if inner else []
        chosen = sorted(
            {min(inner, key=lambda index: abs(shares[index] - share) + doubts[index]) for share in wanted}
        )
        # A share that is one value has nothing in common with what lies beyond it.
        last = len(self.cuts) - 1
        if self.is_point(*self.cuts[:2]) and chosen[:1] in ([], [1]):
            chosen = [0, *chosen]
        if self.is_point(*self.cuts[-2:]) and chosen[-1:] in ([], [0], [last - 1]):
            chosen = [*chosen, last]
        return [self.cuts[index] for index in chosen]


def _wholes(low: Cut, high: Cut) -> int:
    """How many whole numbers lie between two cuts."""
    return max(0, _last(high) - _last(low))


def _last(cut: Cut) -> int:
    """The last whole number below a cut."""
    value, inclusive = cut
    return math.floor(value) if inclusive else math.ceil(value) - 1
