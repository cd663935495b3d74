"""What changed since the version before, and how much each change weighs: the reasons for the next number."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mltools.core.compared import Compared, from_evidence
from mltools.core.contract_changes import Change
from mltools.core.gates import Gate, Improvement, Regression, Significance, Threshold
from mltools.core.gates.base import Better
from mltools.core.metrics import Scalar, lookup, number
from mltools.core.records import Record
from mltools.core.release_record import Digests, ReleaseRecord, Unreadable
from mltools.core.versions import Bump

LEVELS: tuple[Bump, ...] = ("major", "minor", "patch")

_NAMED = 3
# Below this share of a metric's size a difference is rounding; gates with a margin have their own measure.
_ROUNDING = 1e-9
# Two runs that differ in their seeds alone lie further apart than this many standard deviations in 1 of 20 cases.
_BEYOND = 2.8


@dataclass(frozen=True, slots=True)
class Latest:
    """The highest version that stands: what its tag says, or why that cannot be read."""

    version: str
    commit: str
    record: ReleaseRecord | Unreadable


@dataclass(frozen=True, slots=True)
class Direction:
    """Which way a metric is better, and by how much it must move to count.

    `noise` is that much in standard deviations between seeds, in place of `margin`.
    """

    metric: str
    better: Better
    margin: float = 0.0
    relative: bool = False
    noise: float | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that changed, and which part of the version it raises."""

    level: Bump
    text: str


def directions(gates: Iterable[Gate]) -> tuple[Direction, ...]:
    """Which way metrics are better, as far as gates say it; one that compares knows it better than a bound."""
    found: dict[str, Direction] = {}
    for gate in gates:
        if isinstance(gate, Regression | Improvement):
            found[gate.metric] = Direction(gate.metric, gate.better, gate.margin, gate.relative, gate.noise)
        elif isinstance(gate, Significance) and gate.better is not None:
            found.setdefault(gate.metric, Direction(gate.metric, gate.better, gate.margin))
        elif isinstance(gate, Threshold) and (gate.min is None) != (gate.max is None):
            found.setdefault(gate.metric, Direction(gate.metric, "lower" if gate.min is None else "higher"))
    return tuple(found.values())


def reasons(
    record: Record,
    latest: Latest,
    *,
    changes: Iterable[Change],
    digests: Digests,
    directions: Iterable[Direction],
) -> tuple[Reason, ...]:
    """All that is new in a run since the latest version, the weightiest first."""
    found = list(_contract(changes, latest))
    if isinstance(latest.record, Unreadable):
        found.append(
            Reason("minor", f"what is new since {latest.version} cannot be told, as {latest.record.reason}")
        )
    else:
        found += _made_from(record, latest.record, digests)
        found += _scores(record, latest, latest.record, directions)
        if not found and latest.record.digests.contract != digests.contract:
            found.append(
                Reason(
                    "patch", f"the data contract was edited, and takes the same data as in {latest.version}"
                )
            )
    return tuple(sorted(found, key=lambda reason: LEVELS.index(reason.level)))


def _contract(changes: Iterable[Change], latest: Latest) -> Iterator[Reason]:
    broken, widened = [], []
    for change in changes:
        if change.breaks:
            broken.append(change.text)
        elif change.kind == "additive":
            widened.append(change.text)
    if broken:
        yield Reason("major", f"breaks the data contract of {latest.version}: {_some(broken)}")
    if widened:
        yield Reason("minor", f"the data contract changed: {_some(widened)}")


def _made_from(record: Record, before: ReleaseRecord, digests: Digests) -> Iterator[Reason]:
    """Other data make another model; other code or params make one that is judged by its scores."""
    if before.digests.data != digests.data:
        known = {data.path: data.md5 for data in before.data}
        new = [data.path for data in record.data if known.get(data.path) != data.md5]
        yield Reason("minor", f"new data in {_some(new or ['fewer files'])}")
    if before.digests.params != digests.params:
        keys = [
            key
            for key in dict.fromkeys((*record.params, *before.params))
            if record.params.get(key) != before.params.get(key)
        ]
        yield Reason("patch", f"params changed: {_some(keys or ['of those not kept in the tag'])}")
    if before.digests.pipeline != digests.pipeline:
        yield Reason("patch", "the pipeline's stages or commands changed")


def _scores(
    record: Record, latest: Latest, before: ReleaseRecord, known: Iterable[Direction]
) -> Iterator[Reason]:
    """Metrics that are better beyond noise; by a test on the predictions where this run was compared with the version."""
    tested = _tested(record, latest, before)
    for metric, found in tested.items():
        said = found.sentence(metric)
        if found.decision == "better":
            yield Reason("minor", f"{said}: better beyond noise")
        elif found.change:
            yield Reason("patch", f"{said}, which is no gain beyond noise")
    for direction in known:
        if direction.metric not in tested:
            yield from _better(direction, before.metrics, record.metrics, record.noise)


def _tested(record: Record, latest: Latest, before: ReleaseRecord) -> dict[str, Compared]:
    """What gates of kind significance found, if the run's base is the latest version."""
    base = record.base
    if base is None or (base.commit not in {latest.commit, before.commit} and base.run != before.run):
        return {}
    found: dict[str, Compared] = {}
    for gate in record.gates:
        metric = gate.evidence.get("metric")
        if gate.kind == "significance" and isinstance(metric, str):
            compared = from_evidence(gate.evidence)
            if compared is not None:
                found[metric] = compared
    return found


def _better(
    direction: Direction,
    before: Mapping[str, Scalar],
    after: Mapping[str, Scalar],
    noise: Mapping[str, float],
) -> Iterator[Reason]:
    old, new = (number(lookup(values, direction.metric)) for values in (before, after))
    if old is None or new is None:
        return
    gain = new - old if direction.better == "higher" else old - new
    rounding = _ROUNDING * max(abs(old), abs(new))
    if gain <= rounding:
        return
    told = f"{new:.6g}, was {old:.6g}"
    spread = noise.get(direction.metric)
    margin = direction.margin * abs(old) if direction.relative else direction.margin
    if spread is None:
        needed = margin
        word, measure = "margin", f"{margin:.4g}"
    else:
        times = direction.noise or _BEYOND
        needed = times * spread if direction.noise else max(margin, times * spread)
        word, measure = "noise", f"{times:g} standard deviations between seeds are {times * spread:.4g}"
    if gain > max(needed, rounding):
        beyond = f", beyond noise ({measure})" if spread is not None else ""
        yield Reason("minor", f"{direction.metric} is better: {told}{beyond}")
    else:
        yield Reason("patch", f"{direction.metric} is {told}: no gain beyond its {word} ({measure})")


def _some(texts: list[str]) -> str:
    more = f" and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return ", ".join(texts[:_NAMED]) + more
