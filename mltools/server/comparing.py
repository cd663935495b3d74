"""Whether two answers are the same: what a version should say and says, what one arm says and the other."""

import math
from typing import Any

EXACT, SMOKED = 1e-9, 1e-6


def alike(one: Any, other: Any, *, tolerance: float = SMOKED) -> bool:
    """Whether they are equal; numbers up to a tolerance, relative to them where they are large."""
    if not isinstance(one, int | float) or not isinstance(other, int | float):
        return bool(one == other)
    try:
        return math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)
    except OverflowError:  # an integer beyond all that a model answers
        return False
