"""What a model costs: seconds to make it, bytes to keep it, milliseconds to ask it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mltools.core.gates.base import Facts, GateBase
from mltools.core.names import shown
from mltools.core.verdict import Outcome, Verdict

What = Literal["seconds", "bytes", "latency"]
UNITS = {"seconds": "s", "bytes": "bytes", "latency": "ms"}
_UNKNOWN = {
    "seconds": "no record tells how long stage '{}' took to make what is here; is it a stage of dvc.yaml?",
    "bytes": "no output '{}' whose bytes are known: dvc.lock has none of this name",
    "latency": "the latency of '{}' could not be measured",
}


def cost_name(what: What, of: str) -> str:
    """How facts and records call a cost."""
    return f"{what}:{of}"


class Cost(GateBase):
    """A cost is at most `max`, and at most a fraction `growth` above the base's.

    Seconds are those of the stage's last real run; a cached stage keeps the figure of the run that made its outputs.
    Latency is the time of single predictions of the model on rows of `rows`, the given quantile of them; the base's
    counts only if it was measured on the same kind of machine.
    """

    kind: Literal["cost"]
    what: Annotated[What, Field(description="seconds of a stage, bytes of a file, latency of a model")]
    of: Annotated[
        str,
        Field(
            min_length=1,
            max_length=500,
            description="the stage (seconds), the output (bytes), or the model file in skops format (latency)",
        ),
    ]
    rows: Annotated[
        str | None, Field(max_length=500, description="latency: CSV file with the model's features")
    ] = None
    quantile: Annotated[
        float, Field(gt=0, lt=1, description="latency: which quantile of the single times")
    ] = 0.95
    max: Annotated[float | None, Field(gt=0, description="largest cost that passes (s, bytes, ms)")] = None
    growth: Annotated[
        float | None, Field(ge=0, description="largest growth against the base that passes; 0.2 is a fifth")
    ] = None

    @model_validator(mode="after")
    def _of_use(self) -> Self:
        if self.max is None and self.growth is None:
            raise ValueError("needs 'max', 'growth' or both")
        if (self.rows is not None) != (self.what == "latency"):
            raise ValueError(
                "'rows' belongs to latency, which needs it: a CSV file with the model's features"
            )
        return self

    @property
    def cost(self) -> str:
        """The cost's name among the facts."""
        of = f"{self.of}@{self.quantile:g}" if self.what == "latency" else self.of
        return cost_name(self.what, of)

    def evaluate(self, facts: Facts) -> Verdict:
        value = facts.costs.get(self.cost)
        if value is None:
            return self.verdict(self.kind, Outcome.UNDECIDED, _UNKNOWN[self.what].format(shown(self.of)))
        unit = UNITS[self.what]
        evidence = {"cost": self.cost, "value": value, "unit": unit, "max": self.max}
        said = f"{self.what} of {self.of}: {value:,.6g} {unit}"
        if self.max is not None and value > self.max:
            return self.verdict(
                self.kind, Outcome.FAILED, f"{said}, above the maximum {self.max:,.6g}", **evidence
            )
        if self.growth is None:
            return self.verdict(self.kind, Outcome.PASSED, f"{said}, at most {self.max:,.6g}", **evidence)
        if facts.base is None and facts.unreadable is None:
            return self.verdict(self.kind, Outcome.SKIPPED, f"{said}; no base yet", **evidence)
        base = facts.base_costs.get(self.cost)
        if base is None or base <= 0:
            return self.verdict(
                self.kind, Outcome.UNDECIDED, f"{said}; that of the base is not known", **evidence
            )
        grown = value / base - 1
        evidence |= {"base": base, "growth": grown, "allowed": self.growth}
        said = f"{said}, {grown:+.3g} of the base's {base:,.6g}"
        outcome = Outcome.PASSED if grown <= self.growth else Outcome.FAILED
        return self.verdict(self.kind, outcome, f"{said}, allowed {self.growth:+.3g}", **evidence)
