"""A change must be beyond noise, and beyond the margin that matters, before it counts."""

from typing import Annotated, Literal

from pydantic import Field

from mltools.core.compared import Compared
from mltools.core.gates.base import Better, Facts, MetricGate
from mltools.core.verdict import Outcome, Verdict

Need = Literal["not worse", "better"]


class Significance(MetricGate):
    """The predictions of base and this run are compared row by row (`compare.predictions`).

    `better` or `worse`: the difference is beyond noise and beyond `margin`. `equivalent`: the whole interval lies
    within the margin. Otherwise nobody can tell from these rows, and the gate is undecided. P values are corrected for
    the number of gates of this kind (Holm).
    """

    kind: Literal["significance"]
    require: Annotated[
        Need,
        Field(description="'not worse' passes where a loss beyond the margin is ruled out"),
    ] = "not worse"
    margin: Annotated[
        float, Field(ge=0, description="the size of a change that matters, in the metric's unit")
    ] = 0.0
    level: Annotated[float, Field(ge=0.5, lt=1, description="confidence of the interval")] = 0.95
    statistic: Annotated[
        str | None,
        Field(
            max_length=100,
            description="how the metric is computed from predictions, such as roc_auc; "
            "by the metric's last word when absent",
        ),
    ] = None
    better: Annotated[
        Better | None, Field(description="which direction is good; known for common metrics")
    ] = None

    def evaluate(self, facts: Facts) -> Verdict:
        if facts.base is None and facts.unreadable is None:
            return self.verdict(self.kind, Outcome.SKIPPED, "no base yet")
        found = facts.compared.get(self.name, "its predictions were not compared")
        if isinstance(found, str):
            return self.verdict(self.kind, Outcome.UNDECIDED, found)
        said = f"{found.sentence(self.metric)}: {found.decision}"
        if self.margin:
            said += f", margin {self.margin:g}"
        outcome = self._outcome(found)
        if found.decision == "cannot tell":
            if outcome is Outcome.PASSED:
                said += "; a loss beyond the margin is ruled out"
            if found.needed is not None:
                said += f"; about {found.needed:,} rows would tell"
        if self.require == "better" and outcome is Outcome.FAILED:
            said += "; it is required to be better"
        if found.note:
            said += f"; {found.note}"
        return self.verdict(self.kind, outcome, said, **found.evidence())

    def _outcome(self, found: Compared) -> Outcome:
        if self.require == "better":
            if found.decision == "better":
                return Outcome.PASSED
            return Outcome.UNDECIDED if found.decision == "cannot tell" else Outcome.FAILED
        if found.decision == "worse":
            return Outcome.FAILED
        return Outcome.PASSED if found.not_worse else Outcome.UNDECIDED
