"""Which bins a column's values are counted in, and what the counts say: quantiles, mean and spread.

Bins are of about equal mass, finer in the tails. Their edges are short numbers close to quantiles, so that data which
are alike get the same edges, and no edge is one row's value. A value that many rows have stands in a bin of its own.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise

from mltools.core.profile import Histogram

Number = int | float

# The share of values below each edge, with the number of values from which on it is used: no bin is for fewer than
# about five, which would show rows and not a distribution.
MIDDLES = ((10, 2), (20, 4), (50, 10), (100, 20), (200, 40))
TAILS = ((500, 100), (1_000, 200), (5_000, 1_000))
# A number that stands for at most so many values, each of several rows, is rather a code: each gets its bin.
MOST_CODES = 50
ROWS_PER_CODE = 5
# A value with such a share of all stands in a bin of its own.
HEAVY = 0.02
# With fewer different quantiles than this the gaps between them are divided.
FEWEST = 20
# A gap that is so many times wider than the bins beside it gets edges at its ends.
WIDE = 4
MOST_GAPS = 8
DIGITS = 7


def levels(count: int) -> tuple[float, ...]:
    """The shares at which the bins of `count` values end; the last, 1, is left out."""
    parts = max((parts for fewest, parts in MIDDLES if count >= fewest), default=1)
    found = {step / parts for step in range(1, parts)}
    for fewest, tail in TAILS:
        if count >= fewest:
            found |= {1 / tail, 1 - 1 / tail}
    return tuple(sorted(found))


def edges(counts: Mapping[Number, int], minimum: Number, maximum: Number, size: int) -> tuple[Number, ...]:
    """The edges for a column of `size` values, of which these are all or a sample; the last is the maximum.

    An edge that stands twice makes a bin of the values that equal it.
    """
    values = sorted(counts)
    total = sum(counts.values())
    heavy = {value for value in values if counts[value] > max(1, HEAVY * total)}
    shares = levels(total)
    found = sorted({minimum, *_at(counts, values, shares), maximum})
    return _edges(
        _filled(found, min(FEWEST, len(levels(size)))), heavy, _beside_gaps(values, found), minimum, maximum
    )


def boundaries(edges: Sequence[Number]) -> tuple[Number, ...]:
    """For each bin the largest value that it may hold: the edge, or before an edge that stands twice what precedes it."""
    ends = [_before(edge) if edge == after else edge for edge, after in pairwise(edges)]
    return (*ends, edges[-1])


def histogram(counts: Mapping[Number, int]) -> Histogram:
    """The histogram of values of which all are counted one by one; at least one."""
    values = sorted(counts)
    total = sum(counts.values())
    if len(values) <= MOST_CODES and total >= ROWS_PER_CODE * len(values):
        found = tuple(values)
        return Histogram(
            low=found[0], edges=found, counts=tuple(map(counts.__getitem__, found)), discrete=True
        )
    found = edges(counts, values[0], values[-1], total)
    return Histogram(low=values[0], edges=found, counts=tuple(_binned(counts, values, boundaries(found))))


def merged(counts: Mapping[Number, int], minimum: Number, maximum: Number) -> Histogram:
    """The histogram of values of which is known how many lie up to each number: these numbers are its edges."""
    values = sorted(counts)
    found = (
        *dict.fromkeys(edge for edge in _at(counts, values, levels(sum(counts.values()))) if edge < maximum),
        maximum,
    )
    ends = (*found[:-1], values[-1])
    return Histogram(low=minimum, edges=found, counts=tuple(_binned(counts, values, ends)))


def quantile(bins: Histogram, share: float, *, whole: bool) -> Number:
    """The value below which this share of all lies, to within its bin."""
    rank = share * sum(bins.counts)
    below = 0
    lower = bins.low
    for edge, count in zip(bins.edges, bins.counts, strict=True):
        if below + count >= rank and count:
            if bins.discrete or edge == lower:
                return edge
            inside = (rank - below) / count
            value = lower * (1 - inside) + edge * inside
            return min(edge, math.ceil(value)) if whole else _short(value, edge / 2 - lower / 2)
        below += count
        lower = edge
    return bins.edges[-1]


def moments(counts: Mapping[Number, int]) -> tuple[float, float]:
    """Mean and standard deviation (of the whole) of values counted one by one, whatever their order."""
    total = sum(counts.values())
    mean = math.fsum(value * (count / total) for value, count in counts.items())
    # Halved and scaled, so that neither differences nor squares overflow.
    half = {value: value / 2 - mean / 2 for value in counts}
    largest = max(map(abs, half.values()))
    if len(counts) == 1 or not largest:
        return float(next(iter(counts))) if len(counts) == 1 else mean, 0.0
    shares = [(half[value] / largest, count / total) for value, count in counts.items()]
    # The mean as a double may be off by more than the values are apart.
    off = math.fsum(part * share for part, share in shares)
    square = math.fsum(part * part * share for part, share in shares) - off * off
    return rounded(mean, 2 * largest * math.sqrt(max(square, 0.0)))


def rounded(mean: float, std: float) -> tuple[float, float]:
    """Both to the digits that are known: seven of the standard deviation."""
    if not 0 < std < math.inf:
        return mean, 0.0
    digits = DIGITS - 1 - math.floor(math.log10(std))
    return round(mean, digits), round(std, digits)


def _edges(
    values: Sequence[Number], heavy: set[Number], fixed: set[Number], minimum: Number, maximum: Number
) -> tuple[Number, ...]:
    around = sorted({*values, *heavy})
    place = {value: index for index, value in enumerate(around)}
    found: list[Number] = []
    for value in sorted({*around, *fixed}):
        if value in heavy and value > minimum:
            # Twice, unless the bin would hold nothing else anyway.
            found += [value] if found and found[-1] == _before(value) else [value, value]
        elif value in heavy or value == maximum or value in fixed:
            found.append(value)
        elif value > minimum:
            index = place[value]
            gap = min(value - around[index - 1], around[index + 1] - value)
            found.append(_near(value, gap))
    return tuple(found)


def _beside_gaps(values: Sequence[Number], found: Sequence[Number]) -> set[Number]:
    """Edges at both ends of the widest gaps, so that a bin is not taken for evenly filled where it is empty."""
    gaps = []
    for before, low, high, after in zip(found, found[1:], found[2:], found[3:], strict=False):
        inside = values[bisect_left(values, low) : bisect_right(values, high)]
        start, end = max(pairwise(inside), key=lambda pair: pair[1] - pair[0], default=(low, low))
        left, right = low - before, after - high
        if end - start > WIDE * max(left, right):
            gaps.append((end - start, _near(start + left, left), _near(end - right, right)))
    return {edge for _, *ends in sorted(gaps)[-MOST_GAPS:] for edge in ends}


def _filled(values: Sequence[Number], fewest: int) -> Sequence[Number]:
    """The values, with steps between them where they are few: the rows that chance chose were much alike."""
    parts = math.ceil(fewest / len(values))
    steps = (
        low + (high - low) * part // parts
        if isinstance(low, int) and isinstance(high, int)
        else low * (1 - part / parts) + high * (part / parts)
        for low, high in pairwise(values)
        for part in range(1, parts)
    )
    return sorted({*values, *(step for step in steps if values[0] < step < values[-1])})


def _near(value: Number, gap: Number) -> Number:
    """A short number no further off than a quarter of the gap: to 1, 2 or 5 of the digit that this leaves."""
    room = gap / 2
    if not 0 < room < math.inf:
        return value
    power = math.floor(math.log10(room))
    digit = next(digit for digit in (5, 2, 1) if float(f"{digit}e{power}") <= room or digit == 1)
    if isinstance(value, int):
        step = digit * 10**power if power >= 0 else 1
        return (2 * value + step) // (2 * step) * step
    step = float(f"{digit}e{power}")
    if not step or not math.isfinite(value / step):
        return value
    near = float(f"{round(value / step) * digit}e{power}")
    return near if abs(near - value) <= room / 2 + math.ulp(value) else value


def _before(value: Number) -> Number:
    return value - 1 if isinstance(value, int) else math.nextafter(value, -math.inf)


def _short(value: float, scale: float) -> float:
    return round(value, 3 - math.floor(math.log10(scale))) + 0.0 if scale > 0 else value


def _at(counts: Mapping[Number, int], values: Sequence[Number], shares: Sequence[float]) -> Iterator[Number]:
    total = sum(counts.values())
    upto = list(accumulate(counts[value] for value in values))
    index = 0
    for share in shares:
        while upto[index] < share * total:
            index += 1
        yield values[index]


def _binned(counts: Mapping[Number, int], values: Sequence[Number], ends: Sequence[Number]) -> Iterator[int]:
    index = 0
    for end in ends:
        inside = 0
        while index < len(values) and values[index] <= end:
            inside += counts[values[index]]
            index += 1
        yield inside
