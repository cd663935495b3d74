"""How far beyond what was seen a value may lie: bounds that a next batch of the same kind keeps, and a fault does not.

The margin grows with the tail. On the side where the extreme of `n` values lies a distance `a` = `z` standard deviations
from their mean, it is `a * z/5 * (1 + 100/n)`, at least `a/10` and at most `2a`; then the bound goes outward to a round
number. So a next batch of the same size, out of a uniform, normal, exponential or log-normal distribution, breaks the
bounds of a column in about 1 of 20 cases at worst at 100 rows and in 1 of 40 at 1,000 (`tests/unit/test_margins.py`), while
the short side of a skewed column stays close to its data. Bounds never cross zero when no value does, and of values that
are all at least a tenth of their mean, a quarter of the smallest is the bound at least.
"""

import math
from collections.abc import Callable
from datetime import date, timedelta

from mltools.core import telling
from mltools.core.contract import FARTHEST, RANGED, Value
from mltools.core.observed import Seen

# Below, extremes say little: the margin is the whole span.
FEW = 30
TAIL = 5
SMALL_SAMPLE = 100
MOST = 2
CLEAR = 10
CLEARLY = 4
# An extreme that so many rows share is the end of a scale, and not by chance the outermost value.
EDGE_ROWS = 30
EDGE_SHARE = 0.02
WHOLE = 2**63 - 1
# Columns called so, and whose values all lie within, have these bounds by what they are.
KNOWN: dict[str, tuple[int, int]] = {
    "age": (0, 120),
    "hour": (0, 23),
    "month": (1, 12),
    "latitude": (-90, 90),
    "lat": (-90, 90),
    "longitude": (-180, 180),
    "lon": (-180, 180),
    "lng": (-180, 180),
}
# 2100-01-01 in seconds and in milliseconds since 1970: far enough for data, too near for the other unit.
EPOCHS = (4_102_444_800, 4_102_444_800_000)
EPOCH_FIRST = 0.05
CENTURY = 2100

Bounds = tuple[Value | None, Value | None]


def bounds(seen: Seen) -> Bounds:
    """The smallest and the largest value that a next batch may hold; None where nothing can be said."""
    low, high = seen.minimum, seen.maximum
    if seen.type not in RANGED:
        return None, None
    if isinstance(low, str) and isinstance(high, str):
        return _moments(low, high, whole_days=seen.type == "date")
    if isinstance(low, bool | str | None) or isinstance(high, bool | str | None):
        return None, None
    told = _told(seen, low, high)
    if told is not None:
        return told
    if low == high:
        return _around(seen, low)
    down, up = 0.0, 0.0
    if not _indicator(low, high, seen):
        down, up = _margin(seen, low, seen.at_minimum), _margin(seen, high, seen.at_maximum)
    smallest = _round(low - down, down, math.floor) if down else low
    largest = _round(high + up, up, math.ceil) if up else high
    if low >= 0:
        smallest = max(smallest, _clear(low, seen))
    if high <= 0:
        largest = min(largest, -_clear(-high, seen))
    return _kept(seen, smallest), _kept(seen, largest)


def round_number(value: float | None) -> bool:
    """Whether a number is short enough to be the end of a scale, as 100 or 0.05 is and -0.044641636506989144 is not."""
    return value is not None and float(f"{value:.4g}") == value


def nulls(rows: int, gaps: int) -> tuple[bool, float | None]:
    """Whether a value is required, else the largest share of rows without one; None when any share may be.

    Where no gap was seen in n rows, the true share is at most 3/n (the rule of three): from 100 rows on that is taken
    for none. Else the margin is half of the share, or three standard errors when this is more.
    """
    if gaps == 0 and rows >= 100:  # noqa: PLR2004 - said above
        return True, None
    if not rows:
        return False, None
    seen = gaps / rows
    margin = max(seen / 2, 3 * math.sqrt(seen * (1 - seen) / rows), 3 / rows)
    allowed = _share(seen + margin)
    return False, allowed if allowed < 1 else None


def fewest_rows(rows: int) -> int:
    """Half of the rows, rounded down to one digit; at least one."""
    half = rows // 2
    unit = int(10.0 ** (len(str(half)) - 1))
    return max(half // unit * unit, 1)


def longest(length: int) -> int:
    """Twice the longest text, rounded up to a round number: beyond it something else got into the column."""
    return int(_round(2 * length, length / 2, math.ceil)) if length else 1


def _told(seen: Seen, low: float, high: float) -> Bounds | None:
    """Bounds that the name gives, when the values agree with it."""
    for word, (least, most) in KNOWN.items():
        if telling.named(seen.name, word) and least <= low and high <= most:
            return least, most
    if telling.named(seen.name, "year") and low >= 1000 and high < CENTURY:  # noqa: PLR2004 - a year of four digits
        return int(_round(low - 10, 10, math.floor)), CENTURY
    if telling.named(seen.name, "timestamp", "time", "ts", "epoch") and seen.type == "integer":
        for end in EPOCHS:
            if end * EPOCH_FIRST <= low and high <= end:
                return int(_round(low - max(high - low, end / 100), end / 100, math.floor)), end
    if seen.type != "number" or low < 0:
        return None
    if telling.sharing(seen.name) and high <= 100:  # noqa: PLR2004 - per cent
        return 0, 1 if high <= 1 else 100
    # A probability by its values: they come close to both ends of 0 to 1, and beyond neither.
    if low <= 0.1 and 0.9 <= high <= 1:  # noqa: PLR2004 - said above
        return 0, 1
    return None


def _around(seen: Seen, value: float) -> Bounds:
    """One value says nothing about the spread: as far again as zero, and nothing at all at zero."""
    if value == 0 or abs(value) > FARTHEST / 2:
        return None, None
    return (0, _kept(seen, 2 * value)) if value > 0 else (_kept(seen, 2 * value), 0)


def _indicator(low: float, high: float, seen: Seen) -> bool:
    return seen.type == "integer" and (low, high) == (0, 1)


def _margin(seen: Seen, extreme: float, there: int) -> float:
    """How far a bound lies beyond an extreme; 0 at the end of a scale."""
    low, high = float(seen.minimum or 0), float(seen.maximum or 0)
    span = min(high, FARTHEST / 4) - max(low, -FARTHEST / 4)
    if there >= max(EDGE_ROWS, EDGE_SHARE * seen.values):
        return 0
    if seen.values < FEW or seen.mean is None or not seen.std:
        return span
    arm = abs(extreme - seen.mean)
    tail = arm / seen.std / TAIL * (1 + SMALL_SAMPLE / seen.values)
    # An arm of nothing: the mean lies on the extreme but for rounding.
    margin = min(max(tail, 0.1), MOST) * arm or span / 10
    return max(margin, 1) if seen.type == "integer" else margin


def _clear(nearest: float, seen: Seen) -> float:
    """The bound on the side of zero, where no value crosses it: zero itself, unless all stay clear of it."""
    mean = abs(seen.mean or 0)
    if seen.values < FEW or not nearest >= mean / CLEAR > 0:
        return 0
    return max(_round(nearest / CLEARLY, nearest / CLEARLY, math.floor), 0)


def _round(value: float, margin: float, direction: Callable[[float], int]) -> float:
    """The next multiple of 1, 2 or 5 times a power of ten, at most half the margin."""
    if not abs(value) < FARTHEST or not margin:
        return math.copysign(FARTHEST, value)
    power = math.floor(math.log10(margin / 2))
    step = max(size for size in (1, 2, 5) if size == 1 or size * 10.0**power <= margin / 2)
    count = value / 10.0**power / step
    if not abs(count) < 1e15:  # noqa: PLR2004 - a margin below the number's own precision
        return math.nextafter(value, math.inf if direction is math.ceil else -math.inf)
    steps = direction(count) * step
    # Through text, so that 3 steps of 0.1 are 0.3; for large powers through exact integers.
    return float(steps * 10**power) if power >= 0 else float(f"{steps}e{power}")


def _kept(seen: Seen, value: float) -> Value:
    """The bound as the column's type holds it, whole numbers without a point."""
    if seen.type == "integer":
        return max(min(int(value), WHOLE), -WHOLE - 1)
    value = max(min(value, FARTHEST), -FARTHEST)
    return int(value) if float(value).is_integer() and abs(value) < 1e15 else float(value)  # noqa: PLR2004 - exact


def _share(value: float) -> float:
    """A share rounded up: to twentieths, below a tenth to one digit."""
    if value >= 0.1:  # noqa: PLR2004 - said above
        return math.ceil(round(value * 20, 9)) / 20
    power = math.floor(math.log10(value))
    return float(f"{math.ceil(round(value / 10.0**power, 9))}e{power}")


def _moments(low: str, high: str, *, whole_days: bool) -> Bounds:
    """From the year that lies a whole span before the first, to the end of the century: later rows come later."""
    try:
        first, last = date.fromisoformat(low[:10]), date.fromisoformat(high[:10])
    except ValueError:  # before the year 1, or after 9999
        return None, None
    span = max(last - first, timedelta(days=365))
    year = (first - span).year if first - date.min > span else 1
    smallest = date(year, 1, 1).isoformat()
    largest = date(CENTURY - 1, 12, 31).isoformat() if last.year < CENTURY - 1 else None
    tail = "" if whole_days else "T00:00:00"
    return smallest + tail, largest and (largest if whole_days else f"{largest}T23:59:59")
