"""McNemar's test: do two models get different rows wrong by more than a coin would."""

from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr, gammaln

from mltools.core.stats.values import Array


@dataclass(frozen=True, slots=True)
class McNemar:
    """`gained` rows are right in head alone, `lost` in base alone; the p values are two-sided.

    `p_exact` is binomial and never too small. `p_mid` is twice the one-sided p value that counts the observed outcome half:
    closer to its level on average, not guaranteed (Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13:91,
    2013).
    """

    gained: int
    lost: int
    rows: int
    p_exact: float
    p_mid: float


def mcnemar(base_right: Array, head_right: Array) -> McNemar:
    """The test on two columns of right or wrong. No row on which they differ gives p = 1."""
    if len(base_right) != len(head_right):
        raise ValueError(f"paired columns differ in length: {len(base_right)} and {len(head_right)}")
    base, head = np.asarray(base_right, dtype=bool), np.asarray(head_right, dtype=bool)
    return of_counts(int((head & ~base).sum()), int((base & ~head).sum()), len(base))


def of_counts(gained: int, lost: int, rows: int) -> McNemar:
    """The test from the counts of rows that one model alone gets right."""
    differing, fewer = gained + lost, min(gained, lost)
    tail = float(bdtr(fewer, differing, 0.5))
    exact, mid = min(1.0, 2 * tail), min(1.0, 2 * tail - _chance(fewer, differing))
    return McNemar(gained, lost, rows, exact, mid)


def _chance(hits: int, draws: int) -> float:
    """The probability of exactly this many heads."""
    return float(
        np.exp(gammaln(draws + 1) - gammaln(hits + 1) - gammaln(draws - hits + 1) - draws * np.log(2))
    )
