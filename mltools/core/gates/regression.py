"""A metric must not be worse than the base by more than a margin."""

from typing import Literal

from mltools.core.gates.base import Facts
from mltools.core.gates.change import ChangeGate
from mltools.core.verdict import Outcome, Verdict


class Regression(ChangeGate):
    """The change against the base, counted in the direction of worse, is at most `margin`.

    With `relative` the margin is a fraction of the base's absolute value, with `noise` a multiple of the metric's
    spread between seeds.
    """

    kind: Literal["regression"]

    def evaluate(self, facts: Facts) -> Verdict:
        change = self.change(self.kind, facts)
        if isinstance(change, Verdict):
            return change
        evidence = self.evidence(change, facts)
        worse = -change.gain
        if worse > change.margin + change.rounding:
            reason = f"{self.metric} {change.went}: worse by {worse:.6g}, allowed {change.margin:.6g}"
            return self.verdict(self.kind, Outcome.FAILED, reason, **evidence)
        side = f"worse by {worse:.6g}, within {change.margin:.6g}" if worse > 0 else "not worse"
        return self.verdict(self.kind, Outcome.PASSED, f"{self.metric} {change.went}: {side}", **evidence)
