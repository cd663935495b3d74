"""A check of what serves: the request log of a window against the release, judged, and kept in the journal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mltools import events, journal, registry
from mltools.core.contract import Contract, parse_contract
from mltools.core.events import Event
from mltools.core.monitor.findings import Assessment, Broken, Finding, Traffic, Window
from mltools.core.monitor.handover import HINT, parse_assessment
from mltools.core.monitor.judging import Seen, Subject, assess
from mltools.core.monitor.policy import Monitor
from mltools.core.monitor.shifts import Pair, shifts, weights
from mltools.core.profile import ColumnProfile, Profile
from mltools.edges import documents, files, tables
from mltools.edges.tables import profiling
from mltools.edges.tables.engine import Progress
from mltools.edges.tables.requests import Labelled, RequestLog, Wanted, opened_log
from mltools.errors import ConfigError, DataError, RepositoryError, UsageError
from mltools.models import Place, Released
from mltools.monitoring import quality, windows
from mltools.monitoring.logs import scratched
from mltools.monitoring.reference import Reference, reference_of

__all__ = ["Asked", "Checked", "check", "handed_over", "judged", "keep"]

CODES = frozenset({"0", "1"})
# Labelled rows below which permutation importance is mostly chance.
FEWEST_EXPLAINED = 200
LARGEST_CHECK = 32 << 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be checked: a released version, maybe as a stage holds it, by the log in a directory.

    `name` is what messages call the log; `arm` None means every arm that answers.
    """

    released: Released
    stage: str | None
    log: Path
    name: str
    start: datetime
    end: datetime
    now: datetime
    arm: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A check with what the journal needs to keep it."""

    assessment: Assessment
    told: bool


def check(place: Place, asked: Asked, policy: Monitor, *, progress: Progress | None = None) -> Checked:
    """The whole check; nothing is written.

    Raises DataError without a log or a profile of the release, RepositoryError without the run's record.
    """
    if asked.start >= asked.end:
        raise UsageError(f"the window ends ({asked.end:%Y-%m-%dT%H:%MZ}) before it begins")
    _bring_journal(place)
    reference = reference_of(place, asked.released, policy)
    with scratched() as scratch:
        then = _said_then(reference, scratch)
        coded = _is_coded(reference, then)
        wanted = _wanted(asked, policy, reference, coded=coded)
        with opened_log(asked.log, wanted, scratch, name=asked.name, progress=progress) as (log, traffic):
            seen = _seen(place, log, traffic, reference, policy, then=then, coded=coded)
    record = reference.record
    window = Window(_stamp(asked.start), _stamp(asked.end))
    span = (asked.start, asked.end)
    earlier = windows.before(place.repository, record.model, record.version, asked.stage, span)
    subject = Subject(record.model, record.version, asked.stage, window)
    return judged(
        assess(subject, seen, policy, earlier if traffic.answered >= policy.min_rows else ()), policy
    )


def judged(found: Assessment, policy: Monitor) -> Checked:
    """The check with what the journal keeps beside it: whether there were rows enough to tell drift."""
    return Checked(found, told=found.traffic.answered >= policy.min_rows)


def handed_over(path: Path, name: str) -> Assessment:
    """The check that another job wrote to a file as JSON. Raises DataError for anything else."""
    if files.size(path) > LARGEST_CHECK:
        raise DataError(f"{name}: no check is that large")
    try:
        tree = documents.read_json(files.read_bytes(path), name)
    except ConfigError as error:  # not the user's mistake
        raise DataError(error.message, hint=HINT) from error
    return parse_assessment(tree, name)


def keep(place: Place, checked: Checked, *, when: datetime, by: str) -> Event:
    """Keep a check in the journal, here and, where there is one, at the remote; one that is there already stays as it is.

    A remote that cannot be reached is warned of: the next check or `mltools runs sync` brings it there.
    """
    made = windows.event_of(checked.assessment, when=when, by=by, told=checked.told)
    known = windows.same(place.repository, made)
    if known is None:
        events.record(place.writer, made)
    made = known or made
    remote = registry.remote_of(place.repository)
    if remote is not None:
        try:
            events.share(place.writer, remote, made)
        except RepositoryError as error:
            place.warn(f"the check is kept here only: {error.message}")
    return made


def _bring_journal(place: Place) -> None:
    """What others checked; without it a rule of persistence would forget."""
    remote = registry.remote_of(place.repository)
    if remote is None:
        return
    try:
        journal.fetch(place.writer, remote)
    except RepositoryError as error:
        place.warn(f"{error.message}; what is known here counts")


def _wanted(asked: Asked, policy: Monitor, reference: Reference, *, coded: bool) -> Wanted:
    record = reference.record
    return Wanted(
        model=record.model,
        version=record.version.removeprefix("v"),
        start=asked.start,
        end=asked.end,
        now=asked.now,
        arm=asked.arm,
        positive=None if reference.numeric else reference.positive,
        coded=coded,
        slow=None if policy.latency is None else policy.latency.milliseconds,
    )


def _seen(
    place: Place,
    log: RequestLog,
    traffic: Traffic,
    reference: Reference,
    policy: Monitor,
    *,
    then: Mapping[str, ColumnProfile],
    coded: bool,
) -> Seen:
    path, rows = log.features()
    enough = traffic.answered >= policy.min_rows
    profile = _profile(path, reference.contract) if rows and enough else None
    pairs = [
        *_features(reference, policy, profile),
        *_answers(log, then, _classes(reference) if coded else {}, enough=enough),
    ]
    labelled = tuple(log.labelled())
    rows_then = next((column.rows for column in then.values()), None)
    return Seen(
        traffic=traffic,
        broken=_broken(log, reference.contract, traffic),
        shifts=shifts(pairs, min(rows, traffic.answered), policy) if traffic.rows else (),
        quality=quality.measured(labelled, reference, policy, coded=coded),
        labelled=len(labelled),
        model=_model(place, reference, labelled, policy, rows_then),
        notes=reference.notes,
    )


def _model(
    place: Place,
    reference: Reference,
    labelled: Sequence[Labelled],
    policy: Monitor,
    rows_then: int | None,
) -> tuple[Finding, ...]:
    """What the model leans on now. To load it takes longer than all the rest, so only where labels tell something."""
    if len(labelled) < FEWEST_EXPLAINED or not reference.importance:
        return ()
    from mltools.monitoring.explaining import explained  # noqa: PLC0415 - scikit-learn and skops

    return explained(place, reference, labelled, policy, rows_then=rows_then)


def _features(reference: Reference, policy: Monitor, now: Profile | None) -> Iterator[Pair]:
    names = [name for name in reference.contract.columns if name not in policy.drift.ignore]
    shares = weights(reference.importance, names)
    for name in names:
        base = reference.columns.get(name)
        if base is not None:
            head = None if now is None else now.column(name)
            yield Pair(f"feature:{name}", name, base, head, None if shares is None else shares[name])


def _answers(
    log: RequestLog, then: Mapping[str, ColumnProfile], names: Mapping[str, str], *, enough: bool
) -> Iterator[Pair]:
    """The prediction and the score, where the release tells what they were on its test rows; codes by their names."""
    if not then or not enough:
        return
    path, rows = log.said()
    if not rows:
        return
    now = _profile(path, _saying({name: column.type for name, column in then.items()}))
    for name, base in then.items():
        head = now.column(name)
        # A service that gives no scores has not lost them.
        if head is not None and (name == "prediction" or head.count):
            yield Pair(name, name, _named(base, names), _named(head, names))


def _classes(reference: Reference) -> Mapping[str, str]:
    """What people call the classes 1 and 0."""
    positive = str(reference.positive)
    known = () if reference.output is None else reference.output.enum or ()
    others = [str(value) for value in known if str(value) != positive]
    return {"1": positive, "0": others[0] if len(others) == 1 else f"not {positive}"}


def _named(column: ColumnProfile, names: Mapping[str, str]) -> ColumnProfile:
    if column.name != "prediction" or column.categories is None:
        return column
    return column.model_copy(
        update={
            "categories": tuple((names.get(str(value), value), rows) for value, rows in column.categories)
        }
    )


def _said_then(reference: Reference, scratch: Path) -> Mapping[str, ColumnProfile]:
    """What the model said of its test rows, as profiles of `prediction` and `score`; empty where it is not known."""
    if reference.predictions is None or reference.told is None:
        return {}
    told, (name, content) = reference.told, reference.predictions
    said = {told.prediction: "prediction", told.score: "score"}
    if reference.numeric:
        said = {told.score if told.score is not None else told.prediction: "prediction"}
    kinds = {
        "prediction": "number" if reference.numeric else "category",
        "score": "number",
    }
    path = scratch / f"release{''.join(Path(name).suffixes[-2:])}"
    path.write_bytes(content)
    wanted = {column: kinds[role] for column, role in said.items() if column is not None}
    try:
        profile = _profile(path, _saying(wanted), name=name)
    except DataError:
        return {}
    return {
        said[column.name]: column.model_copy(update={"name": said[column.name]}) for column in profile.columns
    }


def _is_coded(reference: Reference, then: Mapping[str, ColumnProfile]) -> bool:
    """Whether the release's predictions are 1 for a class that the service answers by its name, and 0 for others."""
    said = then.get("prediction")
    if said is None or said.categories is None or reference.positive is None or reference.output is None:
        return False
    names = {str(value) for value in reference.output.enum or ()}
    coded = {str(value) for value, _ in said.categories} <= CODES
    return coded and (not CODES & names if names else reference.output.type in {"string", "category"})


def _broken(log: RequestLog, contract: Contract, traffic: Traffic) -> Broken:
    """Rows that break the input contract: at least those that break its most broken rule, or were refused."""
    path, rows = log.checked()
    if not rows:
        return Broken()
    found = tables.check(path, contract.model_copy(update={"rows": _ANY_ROWS}), name="requests")
    # A key that no request has is a value that no row has: whether one must be there, the column says.
    optional = {name for name, column in contract.columns.items() if not column.required}
    wrong = [
        one
        for one in found.violations
        if one.severity == "error" and not (one.rule == "missing" and one.column in optional)
    ]
    wrong.sort(key=lambda one: -one.count)
    most = max((one.count for one in wrong), default=0)
    return Broken(min(rows, max(most, traffic.refused)), rows, tuple(one.message for one in wrong))


def _profile(path: Path, contract: Contract, *, name: str = "requests") -> Profile:
    return profiling.profile(path, contract, name=name)


def _saying(kinds: Mapping[str, str]) -> Contract:
    return parse_contract(
        {"schema": 1, "columns": {name: {"type": kind} for name, kind in kinds.items()}}, "predictions"
    )


_ANY_ROWS = _saying({"x": "number"}).rows.model_copy(update={"min": 0})


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC).isoformat(timespec='seconds').removesuffix('+00:00')}Z"
