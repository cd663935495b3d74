"""From resampled values to an interval and a p value that agree with each other.

The interval is the percentile interval with its tails moved out for small samples ("expanded percentile": T. Hesterberg,
"What Teachers Should Know About the Bootstrap", The American Statistician 69, 2015, section 3.2). Coverage at nominal 95 %,
1,500 samples each, percentile / expanded / BCa:

    difference of                     20 rows             50 rows             200 rows
    normal row scores                 .918 / .947 / .919  .945 / .955 / .943  .951 / .955 / .946
    log losses of two models          .895 / .927 / .861  .926 / .935 / .901  .948 / .950 / .945
    RMSE, errors t with 5 df          .907 / .933 / .880  .924 / .932 / .911  .939 / .941 / .938

Differences of two models are nearly symmetric with heavy tails: BCa's acceleration is mostly noise there, and it loses to
the plain percentile interval. It wins by .01 to .02 for one strongly skewed sample, which is not what is asked here.
"""

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from mltools.core.stats.values import Floats


def percentile(resampled: Floats, units: int, level: float) -> tuple[float, float]:
    """The expanded percentile interval of values resampled from `units` independent rows or groups."""
    tail = float(ndtr(_widening(units) * stdtrit(units - 1, (1 - level) / 2)))
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return float(low), float(high)


def p_value(resampled: Floats, units: int) -> float:
    """Two-sided p value for "the difference is zero": one minus the level at which the interval would just touch zero.

    At least about 2 / (resamples + 1): the observed sample counts as one more resample (Davison and Hinkley 1997, 4.2).
    """
    below = int(np.count_nonzero(resampled < 0)) + int(np.count_nonzero(resampled == 0)) / 2
    share = (min(below, len(resampled) - below) + 1) / (len(resampled) + 1)
    if share >= 1 / 2:
        return 1.0
    return min(1.0, 2 * float(stdtr(units - 1, ndtri(share) / _widening(units))))


def _widening(units: int) -> float:
    """The bootstrap divides by n where the variance needs n - 1."""
    return float(np.sqrt(units / (units - 1)))
