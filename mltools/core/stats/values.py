"""What a statistical question is answered with: an estimate with its interval, or the reason why there is none."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Better = Literal["higher", "lower"]

LEVEL = 0.95
RESAMPLES = 10_000
FEWEST_RESAMPLES = 200
# Below this an interval from resampling is too narrow whatever is done to it (see `intervals`).
FEWEST = 20


@dataclass(frozen=True, slots=True)
class Draws:
    """How often to resample, and the seed that makes it the same every time.

    Draws of two `side`s are independent of each other under one seed.
    """

    seed: int
    resamples: int = RESAMPLES
    side: int = 0

    def __post_init__(self) -> None:
        if self.resamples < FEWEST_RESAMPLES or self.seed < 0:
            raise ValueError(f"needs a seed from 0 and at least {FEWEST_RESAMPLES} resamples, not {self}")


@dataclass(frozen=True, slots=True)
class Undecided:
    """No number can be given, and why. It stands wherever a calculation would otherwise end in NaN."""

    reason: str


@dataclass(frozen=True, slots=True)
class Interval:
    """A value of one sample with the interval around it, in the metric's own unit."""

    value: float
    low: float
    high: float
    rows: int
    method: str

    def __post_init__(self) -> None:
        _check_finite(self.value, self.low, self.high)


@dataclass(frozen=True, slots=True)
class Estimate:
    """How far head is from base in one metric, in the metric's own unit, and how sure that is.

    `low` and `high` bound head - base at `level`; `p_value` is two-sided, for no difference, by `test`. `units` counts
    what varies independently: rows, or groups where rows come in groups; the smaller side's where rows are not paired.
    `resamples` and `seed` are None where nothing was drawn by chance.
    """

    metric: str
    base: float
    head: float
    low: float
    high: float
    std_error: float
    p_value: float
    rows: int
    units: int
    method: str
    test: str
    paired: bool = True
    level: float = LEVEL
    resamples: int | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        _check_finite(self.base, self.head, self.low, self.high, self.std_error, self.p_value)

    @property
    def value(self) -> float:
        """Head - base: above zero is better only where the metric is better when higher."""
        return self.head - self.base


def _check_finite(*numbers: float) -> None:
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError(f"an estimate must be finite: {numbers}")
