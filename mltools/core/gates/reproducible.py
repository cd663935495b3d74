"""Running the same again must give the same metrics."""

from typing import Annotated, Literal

from pydantic import Field

from mltools.core.gates.base import Facts, GateBase
from mltools.core.metrics import Scalar, number
from mltools.core.verdict import Outcome, Verdict

NAMED = 5


class Reproducible(GateBase):
    """Every stage is run a second time, from the same commit, and each metric must come out the same.

    It doubles the cost of a run that trains; what has not changed is not run a third time.
    """

    kind: Literal["reproducible"]
    tolerance: Annotated[
        float, Field(ge=0, description="largest difference that passes, as a fraction of the larger value")
    ] = 0.0
    only: Annotated[
        tuple[str, ...], Field(max_length=1_000, description="the metrics that it is about; all when absent")
    ] = ()

    @property
    def metrics(self) -> tuple[str, ...]:
        return self.only

    def evaluate(self, facts: Facts) -> Verdict:
        if isinstance(facts.rerun, str):
            return self.verdict(self.kind, Outcome.UNDECIDED, facts.rerun)
        names = self.only or tuple(dict.fromkeys([*facts.metrics, *facts.rerun]))
        pairs = {name: (facts.metrics.get(name), facts.rerun.get(name)) for name in names}
        apart = {name: gap for name, pair in pairs.items() if (gap := self._gap(*pair)) is not None}
        if apart:
            worst = list(apart.items())[:NAMED]
            told = "; ".join(f"{name}: {gap}" for name, gap in worst)
            more = f" and {len(apart) - NAMED} more" if len(apart) > NAMED else ""
            reason = f"running it again gave other metrics: {told}{more}"
            return self.verdict(self.kind, Outcome.FAILED, reason, differ=len(apart), of=len(names))
        same = f"running it again gave the same {len(names)} metrics"
        if self.tolerance:
            same += f", within {self.tolerance:g} of their values"
        return self.verdict(self.kind, Outcome.PASSED, same, of=len(names))

    def _gap(self, first: Scalar, second: Scalar) -> str | None:
        """How two values of a metric differ; None when they do not."""
        one, other = number(first), number(second)
        if one is None or other is None:
            return None if first == second else f"{first!r}, then {second!r}"
        if abs(one - other) <= self.tolerance * max(abs(one), abs(other)):
            return None
        return f"{one:.10g}, then {other:.10g}"
