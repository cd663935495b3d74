"""Whether a run becomes a version, which one, and why, as a plan; nothing is written here."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mltools.core.contract_changes import Change
from mltools.core.gates import Gate, Improvement, Regression, Threshold
from mltools.core.gates.base import Better
from mltools.core.metrics import Scalar, lookup, number
from mltools.core.records import Record
from mltools.core.release_record import (
    MAX_VALUES,
    DataFile,
    Digests,
    ModelFile,
    Overridden,
    ReleaseRecord,
    Unreadable,
)
from mltools.core.release_terms import DataContract
from mltools.core.stages import Lock
from mltools.core.verdict import Outcome
from mltools.core.versions import Bump, highest, next_version

Policy = Literal["contract", "patch", "minor", "major"]

_NAMED = 3
# Below this share of a metric's size a difference is rounding; gates with a margin have their own measure.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Latest:
    """The highest version that stands: what its tag says, or why that cannot be read."""

    version: str
    commit: str
    record: ReleaseRecord | Unreadable


@dataclass(frozen=True, slots=True)
class Direction:
    """Which way a metric is better, and by how much it must move to count."""

    metric: str
    better: Better
    margin: float = 0.0
    relative: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What a release knows besides the run's record.

    `taken` are the version numbers that were ever used, also those taken back; `changes` are those of the data
    contract since the latest version, or why they cannot be told; `contracts` are those of this run; `journal` is the
    journal's tip, None where there is none.
    """

    model: str
    file: ModelFile
    lock_md5: str
    digests: Digests
    policy: Policy = "contract"
    taken: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    contracts: tuple[DataContract, ...] = ()
    directions: tuple[Direction, ...] = ()
    journal: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A version to release; `record` is what its tag will say."""

    bump: Bump | None
    record: ReleaseRecord


@dataclass(frozen=True, slots=True)
class NothingToRelease:
    """There is nothing new since `version`; `here` is true when the run's own commit is that version."""

    version: str
    reason: str
    here: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The run may not become a version."""

    reason: str


Decision = Plan | NothingToRelease | Refused


def decide(record: Record, latest: Latest | None, facts: Facts) -> Decision:
    """Whether to release the model of a run, as which version, and the sentence that explains it."""
    if (refused := refusal(record)) is not None:
        return refused
    if latest is None and not facts.taken:
        return _plan(record, facts, None, None, f"The first release of {facts.model}.")
    if latest is None:
        # Every version was taken back; its number stays used.
        return _plan(record, facts, None, "minor", "No earlier version stands.")
    if (unchanged := _unchanged(record, latest, facts)) is not None:
        return unchanged
    bump, reason = _bump(record, latest, facts)
    return _plan(record, facts, latest.version, bump, reason)


def refusal(record: Record) -> Refused | None:
    """Why a run may not become a version, before anything else is looked at; None when it may."""
    if record.verdict is not Outcome.FAILED:
        return None
    reason = record.summary.removeprefix(f"{record.verdict}: ")
    why = f": {reason}" if reason else ""
    return Refused(f"the verdict of run {record.id} is failed{why}")


def digests(record: Record, lock: Lock) -> Digests:
    """The fingerprints of what a run was made from."""
    return Digests(
        data=_digest(sorted((data.path, data.md5) for data in record.data)),
        contract=_digest(sorted((data.path, data.contract, data.contract_md5) for data in record.data)),
        params=_digest(record.params),
        pipeline=_digest({name: stage.cmd for name, stage in lock.stages.items()}),
    )


def directions(gates: Iterable[Gate]) -> tuple[Direction, ...]:
    """Which way metrics are better, as far as gates say it; one that compares knows it better than a bound."""
    found: dict[str, Direction] = {}
    for gate in gates:
        if isinstance(gate, Regression | Improvement):
            found[gate.metric] = Direction(gate.metric, gate.better, gate.margin, gate.relative)
        elif isinstance(gate, Threshold) and (gate.min is None) != (gate.max is None):
            found.setdefault(gate.metric, Direction(gate.metric, "lower" if gate.min is None else "higher"))
    return tuple(found.values())


def _plan(record: Record, facts: Facts, previous: str | None, bump: Bump | None, reason: str) -> Plan:
    known = (*facts.taken, previous) if previous is not None else facts.taken
    version = next_version(highest(known), bump or "minor")
    said = ReleaseRecord(
        model=facts.model,
        version=version,
        previous=previous,
        reason=reason,
        commit=record.commit,
        run=record.id,
        time=record.time,
        verdict=record.verdict.value,
        file=facts.file,
        lock_md5=facts.lock_md5,
        digests=facts.digests,
        mltools=record.environment.mltools,
        project=record.project,
        metrics=_first(_judged_first(record)),
        params=_first(record.params),
        data=tuple(
            DataFile(data.path, data.md5, data.contract, data.contract_md5, data.profile)
            for data in record.data
        ),
        contracts=facts.contracts,
        overrides=tuple(
            Overridden(gate.name, gate.override.by, gate.override.reason, gate.override.commit)
            for gate in record.gates
            if gate.override is not None
        ),
        journal=facts.journal,
    )
    return Plan(bump, said)


def _unchanged(record: Record, latest: Latest, facts: Facts) -> NothingToRelease | None:
    before = latest.record
    here = NothingToRelease(latest.version, "this commit is that version", here=True)
    if isinstance(before, Unreadable):
        return here if latest.commit == record.commit else None
    if before.file.md5 != facts.file.md5 or before.digests.contract != facts.digests.contract:
        return None
    same = NothingToRelease(latest.version, "the model and the data contract are the same")
    return here if before.commit == record.commit else same


def _bump(record: Record, latest: Latest, facts: Facts) -> tuple[Bump, str]:
    news = tuple(_news(record, latest, facts))
    if facts.policy != "contract":
        told = f": {'; '.join(news)}" if news else ""
        return facts.policy, f"{facts.policy.capitalize()}, as release.bump says{told}."
    broken = [change.text for change in facts.changes if change.breaks]
    if broken:
        return "major", f"Major: breaks the data contract of {latest.version}: {_some(broken)}."
    if news:
        return "minor", f"Minor: {'; '.join(news)}."
    if facts.digests.contract != _contract_of(latest):
        return (
            "patch",
            f"Patch: the data contract was edited, and takes the same data as in {latest.version}.",
        )
    return (
        "patch",
        "Patch: another model from the same data, params and pipeline, and not better by its gates.",
    )


def _news(record: Record, latest: Latest, facts: Facts) -> Iterator[str]:
    """What is new since the latest version, each in a few words."""
    before = latest.record
    if isinstance(before, Unreadable):
        yield f"what is new since {latest.version} cannot be told, as {before.reason}"
        return
    widened = [change.text for change in facts.changes if change.kind == "additive"]
    if widened:
        yield f"the data contract changed: {_some(widened)}"
    if before.digests.data != facts.digests.data:
        known = {data.path: data.md5 for data in before.data}
        yield f"new data in {_some([data.path for data in record.data if known.get(data.path) != data.md5] or ['fewer files'])}"
    if before.digests.params != facts.digests.params:
        keys = [
            key
            for key in (*record.params, *before.params)
            if record.params.get(key) != before.params.get(key)
        ]
        yield f"params changed: {_some(list(dict.fromkeys(keys)) or ['of those not kept in the tag'])}"
    if before.digests.pipeline != facts.digests.pipeline:
        yield "the pipeline's stages or commands changed"
    for direction in facts.directions:
        yield from _better(direction, before.metrics, record.metrics)


def _better(direction: Direction, before: Mapping[str, Scalar], after: Mapping[str, Scalar]) -> Iterator[str]:
    old, new = (number(lookup(values, direction.metric)) for values in (before, after))
    if old is None or new is None:
        return
    margin = direction.margin * abs(old) if direction.relative else direction.margin
    gain = new - old if direction.better == "higher" else old - new
    if gain > max(margin, _ROUNDING * max(abs(old), abs(new))):
        yield f"{direction.metric} is better: {new:.6g}, was {old:.6g}"


def _contract_of(latest: Latest) -> str | None:
    return None if isinstance(latest.record, Unreadable) else latest.record.digests.contract


def _some(texts: list[str]) -> str:
    more = f" and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return ", ".join(texts[:_NAMED]) + more


def _judged_first(record: Record) -> dict[str, Scalar]:
    """The metrics, first those that gates judge: where there is room for a few, these are shown."""
    named = dict.fromkeys(gate.evidence.get("metric") for gate in record.gates)
    judged = [name for name in named if isinstance(name, str) and name in record.metrics]
    return {name: record.metrics[name] for name in (*judged, *record.metrics)}


def _first(values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    return dict(list(values.items())[:MAX_VALUES])


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=list)
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
