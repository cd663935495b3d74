"""A metric must be better than the base by at least a margin."""

from typing import Literal

from mltools.core.gates.base import Facts
from mltools.core.gates.change import ChangeGate
from mltools.core.verdict import Outcome, Verdict


class Improvement(ChangeGate):
    """The change against the base, counted in the direction of better, is at least `margin`, and more than nothing."""

    kind: Literal["improvement"]

    def evaluate(self, facts: Facts) -> Verdict:
        change = self.change(self.kind, facts)
        if isinstance(change, Verdict):
            return change
        enough = change.gain > 0 and change.gain >= change.margin - change.rounding
        said = f"better by {change.gain:.6g}" if change.gain > 0 else "not better"
        if change.gain < 0:
            said = f"worse by {-change.gain:.6g}"
        needed = f", needed {change.margin:.6g}" if change.margin else ""
        return self.verdict(
            self.kind,
            Outcome.PASSED if enough else Outcome.FAILED,
            f"{self.metric} {change.went}: {said}{needed}",
            **self.evidence(change, facts),
        )
