"""How many rows it would take to tell, from how much the rows at hand vary.

S.-C. Chow, J. Shao and H. Wang, Sample Size Calculations in Clinical Research (2nd ed., 2008), section 3.1: for a mean
difference d with standard deviation s, n = (z[1-a/2] + z[1-b])^2 s^2 / d^2 rows show that it is not zero, and
n = (z[1-a/2] + z[1-b])^2 s^2 / (margin - |d|)^2 rows that it lies within the margin (z[1-b/2] where d is zero, because it
can then miss on both sides). s^2 is the squared standard error times the rows it came from.
"""

import math

from scipy.special import ndtri

POWER = 0.8
# More than anybody will collect; the answer is then "no number of rows", and not a silly one.
MOST = 10**9


def rows_to_differ(std_error: float, rows: int, difference: float, *, alpha: float) -> int | None:
    """Rows with which a true difference of this size would be found beyond noise with probability `POWER`."""
    if difference == 0:
        return None
    return _rows(std_error, rows, abs(difference), alpha, 1 - POWER)


def rows_to_agree(
    std_error: float, rows: int, difference: float, margin: float, *, alpha: float
) -> int | None:
    """Rows with which a true difference of this size would be shown to lie within the margin."""
    room = margin - abs(difference)
    if room <= 0:
        return None
    return _rows(std_error, rows, room, alpha, (1 - POWER) / (2 if difference == 0 else 1))


def _rows(std_error: float, rows: int, distance: float, alpha: float, missed: float) -> int | None:
    needed = float((ndtri(1 - alpha / 2) + ndtri(1 - missed)) * std_error / distance) ** 2 * rows
    return math.ceil(needed) if needed <= MOST else None
