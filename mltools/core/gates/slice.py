"""A model must be good enough on each group of rows, not only on average."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mltools.core.gates.base import Better, Facts, MetricGate
from mltools.core.grouped import Group, Grouped
from mltools.core.verdict import Outcome, Verdict

NAMED = 3


class Slice(MetricGate):
    """The metric on the rows of each value of a column, from `compare.predictions`; the worst group is named.

    Groups of fewer rows than `min_rows` are listed and not judged: the smallest group is nearly always the worst, by
    chance. With `margin`, a group fails only if it is worse than the base's by more than the margin beyond noise.
    """

    kind: Literal["slice"]
    by: Annotated[str, Field(min_length=1, max_length=1_000, description="column of the predictions file")]
    min: Annotated[float | None, Field(description="smallest value that passes in every group")] = None
    max: Annotated[float | None, Field(description="largest value that passes in every group")] = None
    margin: Annotated[
        float | None,
        Field(ge=0, description="how much worse than the base a group may be, in the metric's unit"),
    ] = None
    min_rows: Annotated[int, Field(ge=1, description="fewest rows of a group that is judged")] = 30
    statistic: Annotated[
        str | None, Field(max_length=100, description="as in gates of kind significance")
    ] = None
    better: Annotated[Better | None, Field(description="as in gates of kind significance")] = None

    @model_validator(mode="after")
    def _of_use(self) -> Self:
        if self.min is None and self.max is None and self.margin is None:
            raise ValueError("needs 'min', 'max' or 'margin'")
        return self

    def evaluate(self, facts: Facts) -> Verdict:
        found = facts.grouped.get(self.name, "its predictions were not read")
        if isinstance(found, str):
            return self.verdict(self.kind, Outcome.UNDECIDED, found)
        judged = [group for group in found.groups if group.judged and group.value is not None]
        if not judged:
            said = f"no group of {self.by} has {self.min_rows:,} rows"
            return self.verdict(self.kind, Outcome.UNDECIDED, said, **found.evidence())
        bad = {group.group: why for group in judged for why in self._wrong(group, found)}
        small = len(found.groups) - len(judged)
        rest = f"; {small} too small to be judged" if small else ""
        if bad:
            told = "; ".join(f"{name}: {why}" for name, why in list(bad.items())[:NAMED])
            more = f" and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
            said = f"{self.metric} by {self.by}: {len(bad)} of {len(judged)} groups fail: {told}{more}{rest}"
            return self.verdict(self.kind, Outcome.FAILED, said, **found.evidence())
        worst = self._worst(judged, found)
        said = (
            f"{self.metric} by {self.by}: all {len(judged)} groups pass, worst {worst.group} "
            f"with {worst.value:.6g} ({worst.rows:,} rows){rest}"
        )
        if self.margin is not None and all(group.base is None for group in judged):
            if self.min is None and self.max is None:
                return self.verdict(
                    self.kind,
                    Outcome.SKIPPED if facts.base is None and facts.unreadable is None else Outcome.UNDECIDED,
                    f"{self.metric} by {self.by}: the base's groups are not known",
                    **found.evidence(),
                )
            said += "; not compared with the base"
        return self.verdict(self.kind, Outcome.PASSED, said, worst=worst.group, **found.evidence())

    def _wrong(self, group: Group, found: Grouped) -> Iterator[str]:
        value = group.value or 0.0
        if self.min is not None and value < self.min:
            yield f"{value:.6g}, below the minimum {self.min:.6g} ({group.rows:,} rows)"
        elif self.max is not None and value > self.max:
            yield f"{value:.6g}, above the maximum {self.max:.6g} ({group.rows:,} rows)"
        elif self.margin is not None and group.base is not None:
            # Beyond noise and beyond the margin: the interval of the change leaves zero out, and the change is larger.
            loss = group.base - value if found.better == "higher" else value - group.base
            edge = group.high if found.better == "higher" else group.low
            beyond = edge is not None and (edge < 0 if found.better == "higher" else edge > 0)
            if loss > self.margin and beyond:
                yield f"from {group.base:.6g} to {value:.6g}, worse by {loss:.6g} ({group.rows:,} rows)"

    @staticmethod
    def _worst(judged: list[Group], found: Grouped) -> Group:
        pick = min if found.better == "higher" else max
        return pick(judged, key=lambda group: group.value or 0.0)
