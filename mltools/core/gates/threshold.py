"""A metric must lie within fixed bounds."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mltools.core.gates.base import Facts, MetricGate
from mltools.core.metrics import lookup, number
from mltools.core.verdict import Outcome, Verdict


class Threshold(MetricGate):
    """The metric is at least `min` and at most `max`; the bounds themselves pass."""

    kind: Literal["threshold"]
    min: Annotated[float | None, Field(description="smallest value that passes")] = None
    max: Annotated[float | None, Field(description="largest value that passes")] = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("needs 'min', 'max' or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}, so nothing could pass")
        return self

    def evaluate(self, facts: Facts) -> Verdict:
        raw = lookup(facts.metrics, self.metric)
        value = number(raw)
        bounds = {"min": self.min, "max": self.max}
        if value is None:
            reason = (
                f"{self.metric} is {raw!r}, which is not a number"
                if raw is not None
                else f"no metric {self.metric}"
            )
            return self.verdict(self.kind, Outcome.UNDECIDED, reason, **bounds)
        if self.min is not None and value < self.min:
            return self.verdict(
                self.kind,
                Outcome.FAILED,
                f"{self.metric} is {value:.6g}, below the minimum {self.min:.6g}",
                value=value,
                **bounds,
            )
        if self.max is not None and value > self.max:
            return self.verdict(
                self.kind,
                Outcome.FAILED,
                f"{self.metric} is {value:.6g}, above the maximum {self.max:.6g}",
                value=value,
                **bounds,
            )
        return self.verdict(
            self.kind, Outcome.PASSED, f"{self.metric} is {value:.6g}, {self._span()}", value=value, **bounds
        )

    def _span(self) -> str:
        low = [] if self.min is None else [f"at least {self.min:.6g}"]
        high = [] if self.max is None else [f"at most {self.max:.6g}"]
        return " and ".join(low + high)
