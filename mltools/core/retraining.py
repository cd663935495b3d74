"""Whether to train again now, and whether what came of it may be merged: decided on values, each with its sentence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from mltools.core.events import Event
from mltools.core.markdown import escape
from mltools.core.moments import age, spoken
from mltools.core.records import Record
from mltools.core.retrain_policy import Retrain
from mltools.core.verdict import Outcome
from mltools.core.versions import is_version, precedence

Kind = Literal["drift", "data", "schedule", "hand"]

BUDGET_DAYS = 30
LONGEST = 500
COMPARING = frozenset({"regression", "improvement", "significance"})
# What an attempt came to. `merged` follows a `proposed` one of the same commit, and is no attempt by itself. `stopped`: it
# was trained, and remote or forge refused; the next one completes it.
MERGED, PROPOSED, PUSHED, UNCHANGED, FAILED = "merged", "proposed", "pushed", "unchanged", "failed"
STOPPED = "stopped"
STATES = frozenset({MERGED, PROPOSED, PUSHED, UNCHANGED, FAILED, STOPPED})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One time that the model was trained again: how it ended, from which inputs, as which commit."""

    time: datetime
    state: str
    inputs: str | None = None
    commit: str | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """The newest version that stands; `inputs` is the hash of what its run started from, None when not known here."""

    version: str
    time: datetime
    md5: str
    inputs: str | None = None


@dataclass(frozen=True, slots=True)
class DataState:
    """A data set at the base branch's tip and in the newest release, by its MD5; None where that cannot be told."""

    path: str
    now: str | None
    then: str | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for: a `reason` is one by itself, `force` goes on whatever speaks against it."""

    reason: str | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the decision rests on. `checks` are events of monitoring, `inputs` is the hash of the base's inputs."""

    model: str
    now: datetime
    inputs: str
    released: Released | None = None
    checks: tuple[Event, ...] = ()
    data: tuple[DataState, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    wish: Wish = Wish()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why to train again, in one sentence, with what it rests on."""

    kind: Kind
    sentence: str
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "sentence": self.sentence, "evidence": dict(self.evidence)}


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to retrain. `against` are the sentences that speak against it, `notes` what was looked at besides.

    `until` is the first moment at which what is against it is over by itself, None where it is not a matter of time.
    """

    retrain: bool
    reasons: tuple[Reason, ...]
    against: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    until: datetime | None = None

    @property
    def sentence(self) -> str:
        """The decision in one line."""
        if self.retrain:
            return "retrain: " + "; ".join(reason.sentence for reason in self.reasons)
        why = self.against if self.reasons else (*self.notes,)
        return "not now: " + ("; ".join(why) or "nothing asks for it")


def decide(policy: Retrain, found: Situation) -> Decision:
    """Whether to retrain now. Reasons first; without one nothing else is looked at."""
    reasons: list[Reason] = []
    notes: list[str] = []
    for item in (*_drift(policy, found), *_data(policy, found), *_schedule(policy, found)):
        if isinstance(item, Reason):
            reasons.append(item)
        else:
            notes.append(item)
    if found.wish.reason is not None:
        reasons.append(Reason("hand", f"asked for by hand: {' '.join(found.wish.reason.split())}"))
    elif found.wish.force and not reasons:
        reasons.append(Reason("hand", "asked for by hand with --force"))
    if not reasons:
        return Decision(retrain=False, reasons=(), notes=tuple(notes))
    waits = [*_cooling(policy, found), *_spent(policy, found)]
    nothing_new = _nothing_new(found)
    against = (*(sentence for sentence, _ in waits), *nothing_new)
    if not against or found.wish.force:
        overruled = tuple(f"overruled by --force: {sentence}" for sentence in against)
        return Decision(retrain=True, reasons=tuple(reasons), notes=(*notes, *overruled))
    until = None if nothing_new else max(moment for _, moment in waits)
    return Decision(retrain=False, reasons=tuple(reasons), against=against, notes=tuple(notes), until=until)


def as_markdown(model: str, found: Decision) -> str:
    """The decision for the page of a job."""
    lines = [f"### {'Retraining' if found.retrain else 'Not retraining'} {escape(model)}", ""]
    lines += [f"- because {escape(reason.sentence, limit=LONGEST)}" for reason in found.reasons]
    lines += [f"- **not now:** {escape(sentence, limit=LONGEST)}" for sentence in found.against]
    lines += [f"- {escape(note, limit=LONGEST)}" for note in found.notes]
    return "\n".join(lines) + "\n"


def attempt_of(event: Event) -> Attempt | None:
    """The attempt that an event speaks of; None where somebody wrote something else into the journal."""
    details = event.details
    state = details.get("state")
    if not isinstance(state, str) or state not in STATES:
        return None
    texts = (details.get(name) for name in ("inputs", "commit", "pull_request"))
    inputs, commit, where = (text if isinstance(text, str) else None for text in texts)
    return Attempt(event.when, state, inputs, commit, where)


def non_inferior(record: Record) -> tuple[bool, str]:
    """Whether a run may be merged without a person, and the sentence that says why or why not.

    Its base is the newest release: what serves, and not what may stand on the base branch without having been released.
    """
    if record.verdict is not Outcome.PASSED:
        return False, f"the verdict is {record.verdict.value}"
    if record.dirty:
        return False, "the run had changes that its commit does not hold"
    if record.gates_from != "base":
        return False, "the base has no gates that could have judged it"
    if record.gates_changed:
        return False, "the gates have changed since the base, which this run was judged by"
    comparing = [gate for gate in record.gates if gate.kind in COMPARING]
    if not comparing:
        return False, "no regression or significance gate compares it with the base"
    for gate in comparing:
        if gate.override is not None:
            return False, f"gate {gate.name} failed and was overridden by {gate.override.by}"
        if gate.outcome is not Outcome.PASSED:
            return False, f"gate {gate.name} is {gate.outcome.value}: {gate.reason}"
    names = ", ".join(gate.name for gate in comparing)
    return True, f"not worse than the base: {names} passed"


def _drift(policy: Retrain, found: Situation) -> Iterator[Reason | str]:
    if "drift" not in policy.when:
        return
    checks = [one for one in found.checks if policy.stage in {None, one.stage}]
    newest = {one.stage: one for one in sorted(checks, key=lambda one: (one.about, one.id))}
    if not newest:
        where = f" in {policy.stage}" if policy.stage else ""
        yield f"no check of what serves{where} is known"
    for one in newest.values():
        yield _of_check(policy, found, one)


def _of_check(policy: Retrain, found: Situation, check: Event) -> Reason | str:
    """What the newest check in a stage says."""
    name = f"{check.version or found.model}{f' in {check.stage}' if check.stage else ''}"
    at = f"{check.when:%Y-%m-%d %H:%MZ}"
    if check.state != "drifted":
        return f"the newest check of {name} ({at}) says {check.state or 'nothing'}"
    if policy.drift == "advised" and check.details.get("advice") != "retrain":
        return f"{name} is drifted ({at}), and the check advises to {check.details.get('advice') or 'wait'}"
    newest = found.released
    known = newest is not None and check.version is not None and is_version(check.version)
    if newest and check.version and known and precedence(check.version) < precedence(newest.version):
        return f"{name} is drifted ({at}), and {newest.version} was released since: promote it, or check it where it serves"
    summary = " ".join(check.reason.split())[:LONGEST]
    signals = check.details.get("signals")
    evidence = {
        "check": check.id,
        "time": check.time,
        "version": check.version,
        "stage": check.stage,
        "advice": check.details.get("advice"),
        "signals": [str(each) for each in signals[:20]] if isinstance(signals, list) else [],
    }
    return Reason(
        "drift", f"{name} is drifted ({at}): {summary}" if summary else f"{name} is drifted", evidence
    )


def _data(policy: Retrain, found: Situation) -> Iterator[Reason | str]:
    if "data" not in policy.when:
        return
    if found.released is None:
        yield "nothing is released yet, so no data are newer than a release"
        return
    known = [item for item in found.data if item.now is not None and item.then is not None]
    changed = [item for item in known if item.now != item.then]
    for item in changed:
        evidence = {"path": item.path, "md5": item.now, "released_md5": item.then}
        yield Reason("data", f"{item.path} is not what {found.released.version} was trained with", evidence)
    added = [item.path for item in found.data if item.now is not None and item.then is None]
    for path in added:
        yield Reason("data", f"{path} is no data set that {found.released.version} had", {"path": path})
    if not changed and not added:
        yield f"the data are those of {found.released.version}"


def _schedule(policy: Retrain, found: Situation) -> Iterator[Reason | str]:
    if policy.every is None:
        return
    if found.released is None:
        yield "nothing is released yet that could be too old"
        return
    old = found.now - found.released.time
    if old <= age(policy.every):
        yield f"{found.released.version} is {spoken(old)} old, and may be {policy.every}"
        return
    evidence = {"released": f"{found.released.time:%Y-%m-%dT%H:%M:%SZ}", "every": policy.every}
    yield Reason(
        "schedule",
        f"{found.released.version} is {spoken(old)} old; retrain.every is {policy.every}",
        evidence,
    )


def _counted(found: Situation) -> tuple[Attempt, ...]:
    """The attempts in the order of time. Two at once come to the same commit, and are one."""
    counted: list[Attempt] = []
    seen: set[str] = set()
    for one in sorted(found.attempts, key=lambda one: one.time):
        if one.state == MERGED or one.commit in seen:
            continue
        seen |= {one.commit} if one.commit is not None else set()
        counted.append(one)
    return tuple(counted)


def _cooling(policy: Retrain, found: Situation) -> Iterator[tuple[str, datetime]]:
    # What was refused half-way may be completed at once; that it does not go on for ever is the budget's business.
    attempts = [one for one in _counted(found) if one.state != STOPPED]
    if not attempts or not policy.cooldown_hours:
        return
    last = attempts[-1].time
    until = last + timedelta(hours=policy.cooldown_hours)
    # A clock that was wrong may have dated one in the future; it counts, or it would open the gate for ever.
    if found.now < until:
        far = spoken(found.now - last)
        when = f"was {far} ago" if last <= found.now else f"is dated {far} from now (a clock is wrong)"
        said = f"the last retraining {when}, and retrain.cooldown_hours is {policy.cooldown_hours:g}"
        yield f"{said}: not before {until:%Y-%m-%d %H:%MZ}", until


def _spent(policy: Retrain, found: Situation) -> Iterator[tuple[str, datetime]]:
    since = found.now - timedelta(days=BUDGET_DAYS)
    recent = [one for one in _counted(found) if one.time > since]
    if len(recent) >= policy.budget:
        until = recent[len(recent) - policy.budget].time + timedelta(days=BUDGET_DAYS)
        times = f"{len(recent)} retraining{'s' * (len(recent) != 1)} in {BUDGET_DAYS} days"
        said = f"the budget is spent: {times}, and retrain.budget is {policy.budget}"
        yield f"{said}: not before {until:%Y-%m-%d %H:%MZ}", until


def _nothing_new(found: Situation) -> tuple[str, ...]:
    """Why training again could give nothing new: fixed seeds make the same model of the same inputs."""
    remedy = "new data, params or code would change that, --force trains all the same"
    released = found.released
    if released is not None and released.inputs == found.inputs:
        return (
            f"data, code and params are those of {released.version}, of which the pipeline makes the same model: {remedy}",
        )
    done = (one for one in _counted(found) if one.state not in {FAILED, STOPPED})
    same = [one for one in done if one.inputs == found.inputs]
    if not same:
        return ()
    last = same[-1]
    went = f"proposed in {last.where}" if last.where else last.state
    return (f"nothing has changed since the retraining of {last.time:%Y-%m-%d %H:%MZ} ({went}): {remedy}",)


def same_result(files: Sequence[str], released: Released | None, md5: str | None, base: str) -> str | None:
    """Why there is nothing to propose after training; None where there is something.

    `files` are those that differ from the base's, `md5` is the model's that came out.
    """
    if released is not None and md5 is not None and md5 == released.md5:
        return f"the same model came out as {released.version}; nothing is proposed"
    if not files:
        return f"what came out is what {base[:8]} holds already; nothing is proposed"
    return None
