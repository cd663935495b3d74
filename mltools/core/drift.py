"""How far a column of one profile is from the same column of another: from counts alone, no data.

Both profiles hold exact counts for bins of their own. The bins that are compared are the base's, merged to about equal
mass; what the head has in them follows from its own counts, within a bin by linear interpolation.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from mltools.core.distribution import Cut, Distribution
from mltools.core.profile import ColumnProfile, Histogram

Band = Literal["stable", "moderate", "large"]

MODERATE = 0.1
LARGE = 0.25
BINS = 10
# Rows that a bin should hold on the smaller side; of few rows fewer bins are made.
ROWS_PER_BIN = 20
# As many a category should be due to have there, were both sides alike (W. G. Cochran, Biometrics 10 (1954) 417-451).
ROWS_PER_CATEGORY = 5
# Of a rarer one so many more than are due, and so many standard errors more, are no chance.
FAR = 5
# An empty bin counts as half a row of the smaller side, but never as less than this share: the index of two large data
# sets must not depend on how large they are.
LEAST_SHARE = 1e-4
NINETEEN_OF_TWENTY = 1.6449
# Days, and the lengths of text, are whole numbers too.
WHOLE = frozenset({"integer", "date", "string", "category"})

Pairs = list[tuple[float, float]]
"""For each bin the rows of the base and of the head in it."""


@dataclass(frozen=True, slots=True)
class Psi:
    """The population stability index. Without a `value` the columns cannot be compared, and `reason` says why.

    `noise` is what two samples of this size of one population stay below in 19 of 20 cases: a `value` within it is
    chance, and its band "stable".
    """

    value: float | None
    band: Band | None
    noise: float = 0.0
    bins: int = 0
    reason: str = ""

    def exceeds(self, limit: float) -> bool | None:
        """Whether it is beyond a limit and beyond chance; None when that cannot be said."""
        return None if self.value is None else self.value > max(limit, self.noise)


@dataclass(frozen=True, slots=True)
class Ks:
    """The largest distance between two distribution functions, 0 to 1, and the chance of one so large without drift.

    The distance of the rows themselves is within `slack` of it: the mass of the largest bin. It is at least `least`,
    wherever in their bins the values lie, and `least_p` is the chance of that: no alarm by it is owed to the bins.
    """

    distance: float
    p_value: float
    slack: float
    least: float = 0.0
    least_p: float = 1.0


@dataclass(frozen=True, slots=True)
class Homogeneity:
    """Pearson's chi-square statistic for "both sides have the same shares of each value", with its degrees."""

    statistic: float
    degrees: int


@dataclass(frozen=True, slots=True)
class Share:
    """What part of all rows a bin holds on each side. `name` is a value, a range, or what is said of the rest."""

    name: str
    base: float
    head: float


def psi(base: ColumnProfile, head: ColumnProfile) -> Psi:
    """The population stability index: the sum over bins of (head - base) * ln(head / base), of shares of rows.

    Rows without a valid value are a bin of their own, so that new gaps count as drift. Siddiqi, Credit Risk Scorecards
    (2006), gives the formula and the bands: below 0.1 stable, below 0.25 moderate, else large. The noise is
    Yurdakul's (Statistical Properties of Population Stability Index, 2018): without drift the index is distributed as
    chi-square of bins - 1 degrees, times 1/n + 1/m.
    """
    reason, pairs = _pairs(base, head)
    if reason:
        return Psi(None, None, reason=reason)
    noise = _chi_square(len(pairs) - 1) * (1 / base.rows + 1 / head.rows)
    if noise > LARGE:
        few = min(base.rows, head.rows)
        reason = f"{few:,} row{'s are' if few != 1 else ' is'} too few to tell drift from chance"
        return Psi(None, None, noise, len(pairs), reason)
    value = math.fsum((new - old) * math.log(new / old) for old, new in _shares(pairs, base.rows, head.rows))
    return Psi(value, band(value, noise), noise, len(pairs))


def band(value: float, noise: float = 0.0) -> Band:
    """What an index is commonly taken to mean; one that chance explains is stable."""
    if value <= noise or value < MODERATE:
        return "stable"
    return "moderate" if value < LARGE else "large"


def jensen_shannon(base: ColumnProfile, head: ColumnProfile) -> float | None:
    """The Jensen-Shannon distance over the bins of `psi`, to base 2: 0 alike, 1 nothing in common.

    None where the columns cannot be compared.
    """
    reason, pairs = _pairs(base, head)
    if reason:
        return None
    parts = (
        share * math.log2(2 * share / (old + new))
        for old, new in ((before / base.rows, after / head.rows) for before, after in pairs)
        for share in (old, new)
        if share
    )
    return math.sqrt(min(1.0, max(0.0, math.fsum(parts) / 2)))


def ks(base: ColumnProfile, head: ColumnProfile) -> Ks | None:
    """The two-sample Kolmogorov-Smirnov distance of the values; None without a distribution on both sides.

    It is taken at the edges of either side. The chance is Kolmogorov's limit, good from some dozens of values on.
    """
    both = _distributions(base, head)
    if both is None:
        return None
    one, other = both
    cuts = {*one.cuts, *other.cuts}
    apart = {cut: abs(one.below(cut) / one.total - other.below(cut) / other.total) for cut in cuts}
    distance = max(apart.values())
    least = max(0.0, *(gap - one.doubt(cut) - other.doubt(cut) for cut, gap in apart.items()))
    size = math.sqrt(one.total * other.total / (one.total + other.total))
    slack = max(one.slack, other.slack)
    return Ks(distance, _kolmogorov(distance * size), slack, least, _kolmogorov(least * size))


def homogeneity(base: ColumnProfile, head: ColumnProfile) -> Homogeneity | None:
    """Whether values come in the same shares, rare ones together; None where they are not counted one by one.

    Rows without a value take no part.
    """
    pairs = _named(base, head) if base.count and head.count else None
    if pairs is None:
        return None
    total = base.count + head.count
    expected = [((old + new) * base.count / total, (old + new) * head.count / total) for old, new in pairs]
    statistic = math.fsum(
        (seen - due) ** 2 / due
        for pair, dues in zip(pairs, expected, strict=True)
        for seen, due in zip(pair, dues, strict=True)
    )
    return Homogeneity(statistic, len(pairs) - 1)


def shares(base: ColumnProfile, head: ColumnProfile) -> tuple[Share, ...]:
    """Where the rows of both lie, to be looked at: a bin for each value of few, else ranges that hold about equal parts of the base.

    Empty where the columns cannot be compared.
    """
    if not base.rows or not head.rows or _kind(base) != _kind(head):
        return ()
    both = _distributions(base, head)
    if base.categories is not None and head.categories is not None:
        found = _by_name(_categories(base), _categories(head), base, head)
    elif both is None:
        found = []
    elif both[0].discrete and both[1].discrete and len({*_values(both[0]), *_values(both[1])}) <= BINS:
        one, other = map(_values, both)
        told = _written([*one, *other])
        found = [(name, one.get(value, 0), other.get(value, 0)) for value, name in sorted(told.items())]
    else:
        cuts = both[0].equal(BINS, both[1])
        names = _ranges(cuts, " characters" if base.lengths else "", whole=both[0].whole and both[1].whole)
        found = list(zip(names, both[0].between(cuts), both[1].between(cuts), strict=True))
    found.append(("no value", base.rows - base.count, head.rows - head.count))
    return tuple(Share(name, old / base.rows, new / head.rows) for name, old, new in found if old or new)


def _by_name(
    old: Mapping[Any, int], new: Mapping[Any, int], base: ColumnProfile, head: ColumnProfile
) -> list[tuple[str, float, float]]:
    """The categories that most rows of either side have, and all others together."""
    size = {value: old.get(value, 0) / base.rows + new.get(value, 0) / head.rows for value in (*old, *new)}
    most = sorted(size, key=lambda value: -size[value])[:BINS]
    found: list[tuple[str, float, float]] = [
        (str(value), old.get(value, 0), new.get(value, 0)) for value in most
    ]
    rest = (
        base.count - sum(old.get(value, 0) for value in most),
        head.count - sum(new.get(value, 0) for value in most),
    )
    return [*found, ("all others", *rest)]


def _ranges(cuts: Sequence[Cut], unit: str, *, whole: bool) -> list[str]:
    """What the bins between cuts are called."""
    if not cuts:
        return [f"all{unit}"]
    told = _written([value for value, _ in cuts])
    (first, upto), (last, within) = cuts[0], cuts[-1]
    names = [f"{'up to' if upto else 'below'} {told[first]}"]
    for low, high in pairwise(cuts):
        one = low[0] == high[0] or (whole and low[1] and high == (low[0] + 1, True))
        names.append(told[high[0]] if one else f"{told[low[0]]} to {told[high[0]]}")
    return [f"{name}{unit}" for name in (*names, f"{'above' if within else 'from'} {told[last]}")]


def _written(values: Sequence[float]) -> Mapping[float, str]:
    """Numbers with as few digits, but four, as tell them apart."""
    there = set(values)
    for digits in range(4, 18):
        told = {value: f"{value:.{digits}g}" for value in there}
        if len(set(told.values())) == len(there):
            break
    return told


def _pairs(base: ColumnProfile, head: ColumnProfile) -> tuple[str, Pairs]:
    """Why two columns cannot be compared, or their rows in the bins that they are compared in."""
    if not base.rows or not head.rows:
        return "no rows", []
    if _kind(base) != _kind(head):
        return f"{base.type} against {head.type}", []
    gaps: Pairs = [(base.rows - base.count, head.rows - head.count)]
    if not base.count or not head.count:
        return "", [(base.count, head.count), *gaps]
    named = _named(base, head)
    if named is not None:
        return "", [*named, *_held(gaps)]
    both = _distributions(base, head)
    if both is None:
        return "the values of one of them are not kept", []
    one, other = both
    if one.discrete and other.discrete and len(one.cuts) <= BINS + 1:
        found, rest = _by_value(_values(one), _values(other), base, head)
        return "", [*found, *_held([rest, *gaps])]
    cuts = one.equal(min(BINS, max(2, min(one.total, other.total) // ROWS_PER_BIN)), other)
    return "", [*zip(one.between(cuts), other.between(cuts), strict=True), *_held(gaps)]


def _named(base: ColumnProfile, head: ColumnProfile) -> Pairs | None:
    """The rows of both sides by category; None without categories, and of text whose lengths tell more than its values."""
    if base.categories is None or head.categories is None:
        return None
    found, rest = _by_value(_categories(base), _categories(head), base, head)
    if base.lengths and head.lengths and 2 * sum(rest) > base.count + head.count:
        return None
    return [*found, *_held([rest])]


def _kind(column: ColumnProfile) -> str:
    """What columns have in common that can be compared, whatever their contracts call them."""
    return {"integer": "number", "category": "string"}.get(column.type, column.type)


def _distributions(base: ColumnProfile, head: ColumnProfile) -> tuple[Distribution, Distribution] | None:
    """The values of both, or the lengths of text."""
    if _kind(base) != _kind(head) or not base.count or not head.count:
        return None
    one, other = _histogram(base), _histogram(head)
    if one is None or other is None:
        return None
    return Distribution.of(one, whole=base.type in WHOLE), Distribution.of(other, whole=head.type in WHOLE)


def _histogram(column: ColumnProfile) -> Histogram | None:
    return column.lengths.histogram if column.lengths else column.histogram


def _by_value(
    old: Mapping[Any, int], new: Mapping[Any, int], base: ColumnProfile, head: ColumnProfile
) -> tuple[Pairs, tuple[float, float]]:
    """Bins of one value each, and one of all the others: rare ones, and those that one side may have but not name.

    What is rare is said of both sides together, and what a side would name only by chance is not asked whether it did: to
    take what one of them happens to have more often would make chance look like drift.
    """
    before, after = base.count - sum(old.values()), head.count - sum(new.values())
    every = base.rows + head.rows
    found: Pairs = []
    least = [max(ROWS_PER_CATEGORY, _least_named(side)) for side in (base, head)]
    for value in dict.fromkeys((*old, *new)):
        told = (value in old or not base.other) and (value in new or not head.other)
        count = old.get(value, 0), new.get(value, 0)
        due = [sum(count) * side.rows / every for side in (base, head)]
        common = due[0] >= least[0] and due[1] >= least[1]
        far = any(seen >= one + FAR * (1 + math.sqrt(one)) for seen, one in zip(count, due, strict=True))
        if told and (common or far):
            found.append(count)
        else:
            before += count[0]
            after += count[1]
    return found, (before, after)


def _least_named(column: ColumnProfile) -> float:
    """How often a value must be due in a column for its profile to name it, whatever chance does; 0 where all are named."""
    if not column.other:
        return 0.0
    most = min((*(count for _, count in column.categories or ()), column.other))
    return most + 3 * math.sqrt(most)


def _categories(column: ColumnProfile) -> Mapping[Any, int]:
    return dict(column.categories or ())


def _values(distribution: Distribution) -> Mapping[Any, int]:
    counts = (after - before for before, after in pairwise(distribution.upto))
    return dict(zip((value for value, _ in distribution.cuts[1:]), counts, strict=True))


def _held(pairs: Pairs) -> Pairs:
    return [pair for pair in pairs if any(pair)]


def _shares(pairs: Pairs, base: int, head: int) -> Iterator[tuple[float, float]]:
    least = max(LEAST_SHARE, 0.5 / min(base, head))
    for old, new in pairs:
        yield max(old / base, least), max(new / head, least)


def _chi_square(degrees: int) -> float:
    """What a chi-square variable stays below in 19 of 20 cases; Wilson and Hilferty's approximation (1931)."""
    if degrees < 1:
        return 0.0
    part = 2 / (9 * degrees)
    return degrees * (1 - part + NINETEEN_OF_TWENTY * math.sqrt(part)) ** 3


def _kolmogorov(scaled: float) -> float:
    """The chance that Kolmogorov's variable is as large as this."""
    if scaled < 0.2:  # noqa: PLR2004 - there the series converges slowly, to 1 within 1e-12
        return 1.0
    terms = (2 * (-1) ** (k - 1) * math.exp(-2 * (k * scaled) ** 2) for k in range(1, 101))
    return min(1.0, max(0.0, math.fsum(terms)))
