"""Intervals for proportions and their differences that hold for few rows and for none that differ."""

from collections.abc import Callable

import numpy as np
from scipy.special import betaincinv, ndtr, ndtri

from mltools.core.stats.values import LEVEL

# Halvings of [-1, 1] until the interval's end is as exact as a double can say.
HALVINGS = 60


def paired_interval(gained: int, lost: int, rows: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Score interval for the difference of two paired proportions, (gained - lost) / rows.

    `gained` rows are right in head alone, `lost` in base alone. T. Tango, Statistics in Medicine 17 (1998) 891-908. It
    covers at least about what it promises from ten rows on; with no row that differs it is about (z^2) / rows wide.
    """
    bound = float(ndtri((1 + level) / 2))

    def score(difference: float) -> float:
        """How many standard errors the observed counts are above what `difference` would make likely."""
        excess = gained - lost - rows * difference
        if excess == 0:
            return 0.0
        a = 2 * rows
        b = -gained - lost + (2 * rows - gained + lost) * difference
        c = -lost * difference * (1 - difference)
        losing = (np.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
        variance = rows * (2 * losing + difference * (1 - difference))
        return float(excess / np.sqrt(variance)) if variance > 0 else float(np.copysign(np.inf, excess))

    observed = (gained - lost) / rows
    return _falls_to(score, bound, -1.0, observed), _falls_to(score, -bound, observed, 1.0)


def interval(hits: int, rows: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's score interval for one proportion (E. B. Wilson, JASA 22, 1927)."""
    z = float(ndtri((1 + level) / 2))
    share = hits / rows
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    return (
        0.0 if hits == 0 else max(0.0, float(middle - half)),
        1.0 if hits == rows else min(1.0, float(middle + half)),
    )


def exact_interval(hits: int, rows: int, *, level: float = LEVEL) -> tuple[float, float]:
    """The interval that covers at least what it promises, however few rows (C. Clopper, E. Pearson, Biometrika 26, 1934)."""
    tail = (1 - level) / 2
    return (
        float(betaincinv(hits, rows - hits + 1, tail)) if hits else 0.0,
        float(betaincinv(hits + 1, rows - hits, 1 - tail)) if hits < rows else 1.0,
    )


def unpaired_interval(
    hits: int, rows: int, other_hits: int, other_rows: int, *, level: float = LEVEL
) -> tuple[float, float]:
    """Interval for hits / rows - other_hits / other_rows of two samples.

    Newcombe's hybrid of two score intervals (R. G. Newcombe, Statistics in Medicine 17 (1998) 873-890, method 10).
    """
    share, other = hits / rows, other_hits / other_rows
    low, high = interval(hits, rows, level=level)
    other_low, other_high = interval(other_hits, other_rows, level=level)
    return (
        max(-1.0, share - other - float(np.hypot(share - low, other_high - other))),
        min(1.0, share - other + float(np.hypot(high - share, other - other_low))),
    )


def unpaired_p_value(hits: int, rows: int, other_hits: int, other_rows: int) -> float:
    """Two-sided p value for equal proportions in two samples: the "N - 1" chi-square test.

    I. Campbell, Statistics in Medicine 26 (2007) 3661-3675.
    """
    every = rows + other_rows
    share = (hits + other_hits) / every
    variance = share * (1 - share) * (1 / rows + 1 / other_rows) * every / (every - 1)
    if variance == 0:
        return 1.0
    return min(1.0, 2 * float(ndtr(-abs(hits / rows - other_hits / other_rows) / np.sqrt(variance))))


def _falls_to(score: Callable[[float], float], target: float, low: float, high: float) -> float:
    """Where a falling function reaches the target."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if score(middle) > target:
            low = middle
        else:
            high = middle
    return (low + high) / 2
