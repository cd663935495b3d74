"""Groups of people must be treated alike."""

from typing import Annotated, Literal

from pydantic import Field

from mltools.core.gates.base import Facts, GateBase
from mltools.core.verdict import Outcome, Verdict


class Fairness(GateBase):
    """The difference between the groups of a sensitive column, from `compare.predictions`, is at most `max_difference`.

    `selection_rate`: the share that the model says yes to (demographic parity). `true_positive_rate`: that share among
    rows whose truth is yes (equal opportunity); `false_positive_rate`: among those whose truth is no.
    """

    kind: Literal["fairness"]
    by: Annotated[str, Field(min_length=1, max_length=1_000, description="column of the predictions file")]
    measure: Annotated[
        Literal["selection_rate", "true_positive_rate", "false_positive_rate"],
        Field(description="which rate must be alike"),
    ] = "selection_rate"
    max_difference: Annotated[
        float,
        Field(ge=0, le=1, description="largest difference of the highest and the lowest rate that passes"),
    ]
    min_rows: Annotated[int, Field(ge=1, description="fewest rows of a group that is judged")] = 30
    certain: Annotated[
        bool,
        Field(description="fail only when the difference's whole interval is above max_difference"),
    ] = False

    def evaluate(self, facts: Facts) -> Verdict:
        found = facts.gaps.get(self.name, "its predictions were not read")
        if isinstance(found, str):
            return self.verdict(self.kind, Outcome.UNDECIDED, found)
        name = self.measure.replace("_", " ")
        said = (
            f"{name} by {self.by}: {found.highest} is {found.difference:.4g} [{found.low:.3g}, {found.high:.3g}] "
            f"above {found.lowest}, allowed {self.max_difference:.4g}"
        )
        against = found.low if self.certain else found.difference
        outcome = Outcome.FAILED if against > self.max_difference else Outcome.PASSED
        return self.verdict(self.kind, outcome, said, allowed=self.max_difference, **found.evidence())
