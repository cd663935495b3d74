"""What every gate has in common. A gate is a frozen model of its options with `evaluate`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mltools.core.compared import Compared
from mltools.core.data_facts import DataFacts
from mltools.core.grouped import Gap, Grouped
from mltools.core.metrics import Scalar
from mltools.core.verdict import OnUndecided, Outcome, Verdict

NOT_RERUN = "it was not run again"


@dataclass(frozen=True, slots=True)
class Facts:
    """What gates judge: the metrics of this run and, when there is one, of the base.

    `base` is None on a first run ("no base yet"); `unreadable` is the reason when a base exists but its metrics
    cannot be had, so that a comparison is undecided and never skipped. `data` is what gates over data judge, `noise` the standard
    deviation of each metric between seeds, where that was measured. `costs` and `base_costs` are seconds of stages,
    bytes of files and milliseconds of predictions, by the names that `cost_name` gives them. `rerun` are the metrics of a second run of the same, or why there is none.
    `compared`, `grouped` and `gaps` are what predictions tell, by the gates that asked for it, or why they do not.
    """

    metrics: Mapping[str, Scalar]
    base: Mapping[str, Scalar] | None = None
    unreadable: str | None = None
    data: DataFacts = field(default_factory=DataFacts)
    noise: Mapping[str, float] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)
    base_costs: Mapping[str, float] = field(default_factory=dict)
    rerun: Mapping[str, Scalar] | str = NOT_RERUN
    compared: Mapping[str, Compared | str] = field(default_factory=dict)
    grouped: Mapping[str, Grouped | str] = field(default_factory=dict)
    gaps: Mapping[str, Gap | str] = field(default_factory=dict)


class GateBase(BaseModel):
    """Options every gate has."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", allow_inf_nan=False)

    name: Annotated[
        str, Field(min_length=1, max_length=100, description="how reports and overrides call this gate")
    ]
    on_undecided: Annotated[
        OnUndecided, Field(description="what the run's verdict is when this gate cannot decide")
    ] = OnUndecided.WARN

    group: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$",
            description="gates of one group get a commit status of their own, which a branch rule may require",
        ),
    ] = None

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that this gate judges: one that neither side has is a mistake in the configuration."""
        return ()

    def problems(self, facts: Facts) -> Iterable[str]:  # noqa: ARG002 - for gates that are about something else
        """What else it judges that is nowhere, each in a few words with the nearest name."""
        return ()

    def verdict(self, kind: str, outcome: Outcome, reason: str, **evidence: Any) -> Verdict:
        return Verdict(
            gate=self.name,
            kind=kind,
            outcome=outcome,
            reason=reason,
            evidence=evidence,
            on_undecided=self.on_undecided,
            group=self.group,
        )


class MetricGate(GateBase):
    """A gate over one metric."""

    metric: Annotated[
        str,
        Field(min_length=1, description="dotted key of a metric, or FILE:key where two files hold the key"),
    ]

    @property
    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)

    def verdict(self, kind: str, outcome: Outcome, reason: str, **evidence: Any) -> Verdict:
        return super().verdict(kind, outcome, reason, metric=self.metric, **evidence)


Better = Literal["higher", "lower"]
