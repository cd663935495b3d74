"""A metric must not be worse than the base by more than a margin."""

from typing import Annotated, Literal

from pydantic import Field

from mltools.core.gates.base import Better, Facts, MetricGate
from mltools.core.metrics import lookup, number
from mltools.core.verdict import Outcome, Verdict


class Regression(MetricGate):
    """The change against the base, counted in the direction of worse, is at most `margin`.

    With `relative` the margin is a fraction of the base's absolute value.
    """

    kind: Literal["regression"]
    better: Annotated[Better, Field(description="which direction is good")]
    margin: Annotated[float, Field(ge=0, description="how much worse still passes")] = 0.0
    relative: Annotated[bool, Field(description="the margin is a fraction of the base's value")] = False

    def evaluate(self, facts: Facts) -> Verdict:
        if facts.unreadable is not None:
            return self.verdict(self.kind, Outcome.UNDECIDED, facts.unreadable)
        if facts.base is None:
            return self.verdict(self.kind, Outcome.SKIPPED, "no base yet")
        raw, raw_base = lookup(facts.metrics, self.metric), lookup(facts.base, self.metric)
        value, base = number(raw), number(raw_base)
        if value is None or base is None:
            side, given = ("this run", raw) if value is None else ("the base", raw_base)
            what = (
                f"{self.metric} is {given!r} in {side}, which is not a number"
                if given is not None
                else f"{side} has no metric {self.metric}"
            )
            return self.verdict(self.kind, Outcome.UNDECIDED, what, value=value, base=base)
        allowed = self.margin * abs(base) if self.relative else self.margin
        worse = base - value if self.better == "higher" else value - base
        evidence = {
            "value": value,
            "base": base,
            "change": value - base,
            "allowed": allowed,
            "better": self.better,
        }
        if worse > allowed + _noise(value, base):
            reason = f"{self.metric} went from {base:.6g} to {value:.6g}: worse by {worse:.6g}, allowed {allowed:.6g}"
            return self.verdict(self.kind, Outcome.FAILED, reason, **evidence)
        went = "unchanged at" if value == base else f"went from {base:.6g} to"
        side = f"worse by {worse:.6g}, within {allowed:.6g}" if worse > 0 else "not worse"
        return self.verdict(
            self.kind, Outcome.PASSED, f"{self.metric} {went} {value:.6g}: {side}", **evidence
        )


def _noise(value: float, base: float) -> float:
    """What rounding alone may add to a difference of two doubles; a change of exactly the margin passes."""
    return 4 * 2.0**-52 * max(abs(value), abs(base))
