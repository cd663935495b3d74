"""How far a column of one profile is from the same column of another: from counts alone, no data."""

from dataclasses import dataclass
from typing import Literal

from mltools.core.profile import ColumnProfile

Band = Literal["stable", "moderate", "large"]


@dataclass(frozen=True, slots=True)
class Psi:
    """The population stability index. Without a `value` the columns cannot be compared, and `reason` says why.

    `noise` is what two samples of this size of one population stay below in 19 of 20 cases: a `value` within it is
    chance, and its band "stable".
    """

    value: float | None
    band: Band | None
    noise: float = 0.0
    bins: int = 0
    reason: str = ""

    def exceeds(self, limit: float) -> bool | None:
        """Whether it is beyond a limit and beyond chance; None when that cannot be said."""
        return None if self.value is None else self.value > max(limit, self.noise)


def psi(base: ColumnProfile, head: ColumnProfile) -> Psi:
    """The population stability index between two profiles of a column."""
    raise NotImplementedError(base.name + head.name)
