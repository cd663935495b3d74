"""From numbers to places on a chart, with marks at round numbers."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from mltools.core.plots import LARGEST

SMALLEST = 1e-300
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """A span of numbers laid over a span of pixels."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a number lies, to a tenth of a pixel."""
        share = (tame(value) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def ticks(self) -> tuple[float, ...]:
        """Round numbers within the span, four to seven."""
        step = _step((self.high - self.low) / 7)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return tuple(round(index * step, 12) + 0.0 for index in range(first, last + 1))


def tame(value: float) -> float:
    """The number, or the largest one that a chart has a place for."""
    return max(-LARGEST, min(LARGEST, value))


def fitted(values: Iterable[float], start: float, end: float) -> Scale:
    """A scale that holds all values, with a little room; shares of one keep to 0 and 1."""
    found = tuple(map(tame, values))
    low, high = min(found), max(found)
    span = high - low
    # A difference that is nothing but rounding is no span.
    pad = span * 0.06 if span > max(abs(low), abs(high)) * 1e-12 else abs(high) * 0.1
    pad = max(pad, SMALLEST) if high else pad or 1.0
    padded_low, padded_high = low - pad, high + pad
    if low >= 0 and high <= 1:
        padded_low, padded_high = max(0.0, padded_low), min(1.0, padded_high)
    elif low >= 0:
        padded_low = max(0.0, padded_low)
    return Scale(padded_low, padded_high, start, end)


def _step(rough: float) -> float:
    """The round number that is next to a distance between marks."""
    magnitude = 10.0 ** math.floor(math.log10(rough))
    return next(step * magnitude for step in _STEPS if step * magnitude >= rough * (1 - 1e-9))
