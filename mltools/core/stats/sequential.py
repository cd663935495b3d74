"""Intervals for proportions that hold at all times at once, so that one may look as often as one likes and stop at will.

For each proportion p the mixture of likelihoods over a Beta(1/2, 1/2) prior, divided by the likelihood of p, is a
nonnegative martingale that starts at 1. By Ville's inequality it ever reaches 1 / alpha with a chance of at most alpha, so
the p for which it has not are a confidence sequence (H. Robbins, Annals of Mathematical Statistics 41 (1970) 1397-1409;
S. R. Howard et al., Annals of Statistics 49 (2021) 1055-1080, for the Beta-binomial mixture). Nothing is approximated:
it holds for small counts and for none. Rows must be independent of each other given the arm; how many come to which arm,
and when somebody looks, may depend on anything that was seen before.
"""

from dataclasses import dataclass
from math import inf, lgamma, log

PRIOR = 0.5
HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Counts:
    """How often something happened in so many trials."""

    hits: int = 0
    trials: int = 0

    @property
    def share(self) -> float:
        """Zero where there was no trial."""
        return self.hits / self.trials if self.trials else 0.0


def interval(counts: Counts, *, alpha: float) -> tuple[float, float]:
    """The confidence sequence for one proportion at this moment; both ends together miss it with a chance of alpha, ever."""
    if counts.trials == 0:
        return 0.0, 1.0
    limit = -log(alpha)
    mixed = _mixed(counts)
    share = counts.share
    low = 0.0 if counts.hits == 0 else _edge(counts, mixed, limit, 0.0, share)
    high = 1.0 if counts.hits == counts.trials else _edge(counts, mixed, limit, 1.0, share)
    return low, high


def difference(one: Counts, other: Counts, *, alpha: float) -> tuple[float, float]:
    """The confidence sequence for the share of `one` minus that of `other`, by half of alpha for each."""
    low, high = interval(one, alpha=alpha / 2)
    other_low, other_high = interval(other, alpha=alpha / 2)
    return low - other_high, high - other_low


def _mixed(counts: Counts) -> float:
    """The logarithm of the mixed likelihood."""
    misses = counts.trials - counts.hits
    return _log_beta(PRIOR + counts.hits, PRIOR + misses) - _log_beta(PRIOR, PRIOR)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _log_likelihood(counts: Counts, p: float) -> float:
    misses = counts.trials - counts.hits
    happened = counts.hits * log(p) if counts.hits and p > 0 else -inf if counts.hits else 0.0
    not_so = misses * log(1 - p) if misses and p < 1 else -inf if misses else 0.0
    return happened + not_so


def _edge(counts: Counts, mixed: float, limit: float, outside: float, inside: float) -> float:
    """Where the martingale reaches the limit, between a p that is refuted and one that is not. Errs to the outside."""
    for _ in range(HALVINGS):
        middle = (outside + inside) / 2
        if mixed - _log_likelihood(counts, middle) >= limit:
            outside = middle
        else:
            inside = middle
    return outside
