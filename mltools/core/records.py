"""The record of a run, `run.json`: the one document that reports, releases and histories are made from.

The models are strict and bounded, because a record may come out of an artifact that a stranger's pull request made.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from mltools.core.data_changes import MOST_SETS, DataChange
from mltools.core.parts import Count, Hash, Name, Oid, Part, Text, Values
from mltools.core.plots import MOST_EXTRAS, MOST_IMAGES, MOST_PLOTS, Extra, Image, Plot
from mltools.core.verdict import OnUndecided, Outcome, Verdict
from mltools.errors import ConfigError

SCHEMA: Literal[1] = 1


class Base(Part):
    """What a run was compared with: `how` says where its metrics come from (record, commit, release)."""

    commit: Oid
    ref: Name
    how: Literal["record", "commit", "release"]
    merge_base: Oid | None = None
    run: Name | None = None


class Stage(Part):
    """One stage of the pipeline in this run; `md5` is the hash of its entry in dvc.lock.

    `needs` are the stages whose outputs it reads. `changed` says whether the entry differs from the base's, None where
    that is not known.
    """

    name: Name
    state: Literal["ran", "cached", "skipped"]
    seconds: Annotated[float, Field(ge=0)] = 0.0
    md5: Hash | None = None
    needs: Annotated[tuple[Name, ...], Field(max_length=5_000)] = ()
    changed: bool | None = None


class Violation(Part):
    """A rule of the data contract that rows break, with some of them."""

    column: Name | None
    rule: Name
    message: Text
    count: Count
    severity: Literal["error", "warn"] = "error"
    examples: Annotated[tuple[Text, ...], Field(max_length=20)] = ()
    line: Count | None = None


class DataSet(Part):
    """A data set checked against its contract; `error` is set when it could not be read.

    `profile` is the id of its profile, which lies beside the record.
    """

    path: Name
    contract: Name | None = None
    md5: Hash | None = None
    contract_md5: Hash | None = None
    rows: Count | None = None
    bytes: Count | None = None
    profile: Hash | None = None
    outcome: Outcome
    violations: Annotated[tuple[Violation, ...], Field(max_length=5_000)] = ()
    error: Text | None = None


class GateOverride(Part):
    """Who took a failed gate on themselves: proved by a signature, or by the forge that is named."""

    by: Name
    reason: Text
    commit: Oid
    how: Name


class GateResult(Part):
    """A gate's verdict as it is kept."""

    name: Name
    kind: Name
    outcome: Outcome
    reason: Text
    evidence: dict[Name, Any] = Field(default_factory=dict)
    on_undecided: OnUndecided = OnUndecided.WARN
    group: Name | None = None
    override: GateOverride | None = None

    @classmethod
    def of(cls, verdict: Verdict) -> "GateResult":
        return cls(
            name=verdict.gate,
            kind=verdict.kind,
            outcome=verdict.outcome,
            reason=verdict.reason,
            evidence=dict(verdict.evidence),
            on_undecided=verdict.on_undecided,
            group=verdict.group,
            override=None
            if verdict.override is None
            else GateOverride(
                by=verdict.override.by,
                reason=verdict.override.reason,
                commit=verdict.override.commit,
                how=verdict.override.how,
            ),
        )


class Output(Part):
    """A tracked output of the pipeline, by the hash that dvc.lock gives it."""

    path: Name
    md5: Hash
    size: Count | None = None


class Environment(Part):
    python: Name
    platform: Name
    mltools: Name
    dvc: Name | None = None
    runner: Name = "local"
    lock_md5: Hash | None = None


class Record(Part):
    """One execution of the loop for one commit.

    `costs` are seconds, bytes and milliseconds by the names of `gates.cost`, `noise` the standard deviation of metrics
    between seeds, `rerun` the metrics of a second run of the same, each where a gate asked for it.
    """

    schema_: Literal[1] = Field(default=SCHEMA, alias="schema")
    id: Annotated[str, Field(pattern=r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}-[0-9a-f]{6}$")]
    time: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    seconds: Annotated[float, Field(ge=0)]
    project: Name = "."
    model: Name | None = None
    commit: Oid
    branch: Name | None = None
    dirty: bool = False
    inputs: Hash | None = None
    trigger: Name = "local"
    url: Name | None = None
    verdict: Outcome
    summary: Text = ""
    base: Base | None = None
    gates_from: Literal["base", "head"] = "head"
    gates_changed: bool = False
    gates: Annotated[tuple[GateResult, ...], Field(max_length=1_000)] = ()
    metrics: Values = Field(default_factory=dict)
    base_metrics: Values = Field(default_factory=dict)
    params: Values = Field(default_factory=dict)
    base_params: Values = Field(default_factory=dict)
    data: Annotated[tuple[DataSet, ...], Field(max_length=1_000)] = ()
    data_changes: Annotated[tuple[DataChange, ...], Field(max_length=MOST_SETS)] = ()
    stages: Annotated[tuple[Stage, ...], Field(max_length=5_000)] = ()
    outputs: Annotated[tuple[Output, ...], Field(max_length=5_000)] = ()
    plots: Annotated[tuple[Plot, ...], Field(max_length=MOST_PLOTS)] = ()
    images: Annotated[tuple[Image, ...], Field(max_length=MOST_IMAGES)] = ()
    extras: Annotated[tuple[Extra, ...], Field(max_length=MOST_EXTRAS)] = ()
    costs: Annotated[dict[Name, float], Field(max_length=20_000)] = Field(default_factory=dict)
    noise: Annotated[dict[Name, float], Field(max_length=20_000)] = Field(default_factory=dict)
    rerun: Values = Field(default_factory=dict)
    environment: Environment
    warnings: Annotated[tuple[Text, ...], Field(max_length=200)] = ()

    model_config = ConfigDict(
        defer_build=True, frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )

    def as_json(self) -> dict[str, Any]:
        """The record as a JSON tree, its keys in the order of the fields."""
        return self.model_dump(mode="json", by_alias=True)

    def facts(self) -> dict[str, Any]:
        """What the record says but for when, how fast and from which cache: equal for two runs that found the same."""
        tree = self.as_json()
        for volatile in ("id", "time", "seconds", "stages", "url"):
            del tree[volatile]
        return tree


def parse_record(tree: Any, name: str) -> Record:
    """The record in a JSON tree. Raises ConfigError naming the first field that is wrong; trusts nothing."""
    try:
        return Record.model_validate(tree)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ConfigError(f"{name}: not a run record: {where}: {first['msg']}") from error
