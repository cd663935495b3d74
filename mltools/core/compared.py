"""Two models on the same kind of rows: what is known of their difference in one metric, as gates and reports use it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Decision = Literal["better", "worse", "equivalent", "cannot tell"]


@dataclass(frozen=True, slots=True)
class Compared:
    """The difference (this run less the base, in the metric's unit) with its interval, and what follows from it.

    `decision` is against the margin that matters: `equivalent` when the whole interval lies within it. `not_worse` says
    that the interval rules out a loss beyond the margin. `p_adjusted` is Holm's, over all metrics that gates compare.
    `needed` is about how many rows would tell, where these cannot.
    """

    statistic: str
    value: float
    base: float
    low: float
    high: float
    level: float
    margin: float
    decision: Decision
    not_worse: bool
    p_value: float
    p_adjusted: float
    rows: int
    paired: bool
    method: str
    test: str
    needed: int | None = None
    note: str = ""

    @property
    def change(self) -> float:
        return self.value - self.base

    def evidence(self) -> dict[str, Any]:
        """As a gate's evidence; `interval` and `verdict` are what reports look for."""
        found = asdict(self)
        found["interval"] = [found.pop("low"), found.pop("high")]
        found["verdict"] = found.pop("decision")
        found["change"] = self.change
        return found

    def sentence(self, metric: str) -> str:
        """Such as "test.roc_auc went from 0.95 to 0.97: +0.02 [0.004, 0.035] (95 %, 143 rows, paired)"."""
        went = (
            f"unchanged at {self.value:.6g}"
            if self.value == self.base
            else f"went from {self.base:.6g} to {self.value:.6g}"
        )
        pairing = "paired" if self.paired else "not paired"
        share = f"{100 * self.level:g} %"
        return (
            f"{metric} {went}: {self.change:+.4g} [{self.low:+.4g}, {self.high:+.4g}] "
            f"({share} interval, {self.rows:,} rows, {pairing})"
        )


def from_evidence(evidence: Mapping[str, Any]) -> Compared | None:
    """The comparison that an earlier run's gate kept; None where it kept none."""
    try:
        low, high = evidence["interval"]
        return Compared(
            low=low,
            high=high,
            decision=evidence["verdict"],
            **{name: evidence[name] for name in _PLAIN},
        )
    except (KeyError, TypeError, ValueError):
        return None


_PLAIN = (
    "statistic", "value", "base", "level", "margin", "not_worse", "p_value", "p_adjusted", "rows", "paired", "method", "test",
    "needed", "note",
)  # fmt: skip
