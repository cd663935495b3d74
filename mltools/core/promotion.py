"""Whether a version may be promoted to a stage: every need of the policy, met or not, with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from mltools.core.events import Event, State
from mltools.core.markdown import clean
from mltools.core.registry import Model, Version
from mltools.core.registry_time import hours_in
from mltools.core.release_record import ReleaseRecord, Unreadable
from mltools.core.stage_policy import Approvals, Minimum, Stage

SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval as it was found: `by` is the one of the people whose key signed it, None when nobody's did.

    `claims` is who it says it is by.
    """

    by: str | None
    claims: str
    time: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a version when somebody wants to promote it, at the time `now`.

    `signer` is the one of the people whose key signed its tag; `events` are those of this version, the oldest first.
    """

    model: Model
    version: Version
    record: ReleaseRecord | Unreadable
    now: datetime
    signer: str | None = None
    approvals: Sequence[Approval] = ()
    events: Sequence[Event] = ()


class Need(NamedTuple):
    """One need of a policy, whether it is met, and why."""

    name: str
    met: bool
    reason: str

    @property
    def line(self) -> str:
        return f"{self.name}: {self.reason}"


def needs_of(stages: Sequence[Stage], name: str, facts: Facts) -> tuple[Need, ...]:
    """Every need of the stage `name`; none of a stage that asks for nothing."""
    order = [stage.name for stage in stages]
    needs = stages[order.index(name)].needs
    before = order[order.index(name) - 1] if order.index(name) else None
    found = []
    if needs.verdict is not None:
        found.append(_verdict(facts.record, needs.verdict))
    if needs.minimum is not None:
        found.append(_minimum(needs.minimum, before, facts))
    if needs.signed:
        found.append(_signed(facts))
    if needs.approvals is not None:
        found.append(_approvals(needs.approvals, name, facts))
    if needs.monitor is not None:
        found.append(_monitor(facts.events))
    return tuple(found)


def _verdict(record: ReleaseRecord | Unreadable, wanted: str) -> Need:
    if isinstance(record, Unreadable):
        return Need(
            "verdict", met=False, reason=f"must be {wanted}, and is not known: {clean(record.reason)}"
        )
    met = record.verdict == wanted
    return Need(
        "verdict", met, f"is {wanted}" if met else f"is {clean(record.verdict)}, and must be {wanted}"
    )


def _minimum(minimum: Minimum, before: str | None, facts: Facts) -> Need:
    stage = minimum.stage or before
    assert stage is not None  # noqa: S101 - the policy was read with a check of this
    spent = hours_in(facts.model, stage, facts.version, int(facts.now.timestamp()))
    wanted = f"{minimum.hours:g} h in {stage}"
    if spent >= minimum.hours:
        return Need("minimum", met=True, reason=f"was {_hours(spent)} of {wanted}")
    if spent == 0:
        return Need("minimum", met=False, reason=f"must be {wanted}, and was never there")
    left = _hours(minimum.hours - spent)
    still = facts.model.in_stage(stage) == facts.version
    ends = f"; {left} are left" if still else f", and {stage} holds another version now"
    return Need("minimum", met=False, reason=f"must be {wanted}, and was {_hours(spent)}{ends}")


def _signed(facts: Facts) -> Need:
    if facts.signer is not None:
        return Need("signed", met=True, reason=f"by {facts.signer}")
    tag = facts.version.tag
    return Need(
        "signed", met=False, reason=f"{tag} must be signed by one of the people, and no key of theirs did"
    )


def _approvals(wanted: Approvals, stage: str, facts: Facts) -> Need:
    known = dict.fromkeys(one.by for one in facts.approvals if one.by in wanted.by)
    names = ", ".join(str(name) for name in known)
    if len(known) >= wanted.count:
        return Need("approvals", met=True, reason=f"by {names}")
    others = [name for name in wanted.by if name not in known]
    reason = (
        f"{len(known)} of {wanted.count}{f' ({names})' if names else ''}; {', '.join(others)} may give one: "
        f"mltools model approve {facts.model.name}@{facts.version.version} --stage {stage}"
    )
    unproven = sum(one.by not in wanted.by for one in facts.approvals)
    if unproven:
        verb = "is without proof, so it does" if unproven == 1 else "are without proof, so they do"
        reason += f" ({unproven} more {verb} not count)"
    return Need("approvals", met=False, reason=reason)


def _monitor(events: Sequence[Event]) -> Need:
    seen = [event for event in _by_moment(events) if event.kind == "monitor"]
    if not seen:
        return Need(
            "monitor", met=False, reason="must be healthy, and no monitoring of this version is known"
        )
    last = seen[-1]
    state = last.state or "undecided"
    where = f" in {last.stage}" if last.stage else ""
    said = f"{clean(state)}{where} at {last.time[:16]}Z"
    if state == State.HEALTHY:
        return Need("monitor", met=True, reason=said)
    return Need("monitor", met=False, reason=f"must be healthy, and was {said}")


def unhealthy(events: Sequence[Event], stage: str) -> str | None:
    """Why a version was not well in a stage; None when nothing says so. The newest word of each kind counts."""
    newest: Mapping[str, Event] = {
        event.kind: event
        for event in _by_moment(events)
        if event.stage in {stage, None} and event.state is not None
    }
    for event in newest.values():
        if event.state in {State.BROKEN, State.FAILED}:
            why = f": {clean(event.reason)}" if event.reason else ""
            return f"{event.kind} of {event.time[:16]}Z says {event.state}{why}"
    return None


def _by_moment(events: Sequence[Event]) -> list[Event]:
    """In the order of what they speak of: somebody may look at an old window last."""
    return sorted(events, key=lambda event: event.about)


def _hours(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.0f} min"
