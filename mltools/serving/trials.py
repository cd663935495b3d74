"""Trials of versions as the journal keeps them: begun by somebody, ended by the agent or by somebody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mltools import events, journal, registry
from mltools.core.events import Event, Kind, event
from mltools.core.rollout import Trial, checked, trial_of
from mltools.core.tags import Reference
from mltools.edges.git.read import Repository
from mltools.errors import ConfigError, UsageError
from mltools.models import Place
from mltools.models.changing import Outcome, Wish, actor, reason_of
from mltools.models.promoting import check_stage, unmet_needs
from mltools.models.standing import Standing, standing

STARTED = "started"


@dataclass(frozen=True, slots=True)
class Begun:
    """A trial that goes on: the event that began it, and what it says."""

    event: Event
    trial: Trial

    @property
    def version(self) -> str:
        """The version that is tried, as the registry names it."""
        return self.event.version or ""


def begin(
    place: Place,
    reference: Reference,
    stage: str,
    trial: Trial,
    *,
    reason: str,
    when: datetime,
    force: bool = False,
) -> Event | Outcome:
    """Ask that a version be tried beside what a stage holds; the refusal where the stage's policy does not let it there.

    Whoever is answered by it is answered in that stage, so it needs what a promotion needs; with `force` it goes on in spite
    of that, on record. The stage's tag does not move: it says what serves everybody. The agent that follows the stage does
    the rest, and asks the policy once more when it promotes. A trial that goes on there ends with this one. Raises
    UsageError for what there is not, ConfigError.
    """
    if force and not reason_of(reason):
        raise UsageError("--force needs a --reason: it is kept with the trial")
    check_stage(stage)
    now = standing(place, place.writer, reference.model)
    version = registry.find_version(now.model, reference)
    held = now.model.in_stage(stage)
    if held is None:
        raise UsageError(
            f"{now.model.name} has nothing in the stage {stage!r} that a version could be tried beside",
            hint=f"mltools model promote {now.model.name}@{version.version} --stage {stage}",
        )
    if held.version == version.version:
        raise UsageError(f"{now.model.name} {version.version} is in {stage} already")
    if not version.active:
        raise UsageError(f"{now.model.name} {version.version} was taken back")
    details: dict[str, Any] = {
        "state": STARTED,
        "against": held.version,
        "trial": checked(trial).as_json(),
    }
    wish = Wish(place, Reference(now.model.name, version.version), lambda: when, stage)
    unmet = unmet_needs(wish, now, version)
    if unmet and not force:
        said = f"{now.model.name} {version.version} is not tried in {stage}"
        return Outcome(now.model.name, None, version.version, stage, refused=said, notes=unmet)
    if unmet:
        details["unmet"] = list(unmet)
    made = event(
        Kind.CANARY,
        now.model.name,
        when=when,
        version=version.version,
        stage=stage,
        by=actor(place) or place.writer.person,
        reason=reason_of(reason),
        details=details,
    )
    before = _going_on(place, now, stage)
    if before is not None:
        same = before.version == version.version
        reason = "it is begun anew" if same else f"{version.version} is tried instead"
        events.record(place.writer, ended(before, "aborted", reason, {}, by=made.by, when=when))
        place.say(f"the trial of {before.version} that began at {before.event.time} ends: {reason}")
    _keep(place, now.remote, made)
    return made


def stop(place: Place, reference: Reference, stage: str, *, reason: str, when: datetime) -> Event:
    """End a trial by hand. Raises UsageError where there is none."""
    now = standing(place, place.writer, reference.model)
    begun = _going_on(place, now, stage)
    if begun is None:
        raise UsageError(f"no version of {now.model.name} is tried in {stage}")
    by = actor(place) or place.writer.person
    made = ended(begun, "aborted", reason_of(reason) or "by hand", {}, by=by, when=when)
    _keep(place, now.remote, made)
    return made


def _going_on(place: Place, now: Standing, stage: str) -> Begun | None:
    """The trial that goes on in a stage, as the remote knows it."""
    if now.remote is not None:
        journal.fetch(place.writer, now.remote)
    return going_on(place.repository, now.model.name, stage)


def going_on(repository: Repository, model: str, stage: str | None) -> Begun | None:
    """The trial that goes on in a stage: the one that was begun last, unless it was ended."""
    begun: Begun | None = None
    for one in events.of_model(repository, model, {Kind.CANARY}):
        if one.stage != stage:
            continue
        if one.state == STARTED:
            begun = _begun(one)
        elif begun is not None and one.details.get("start") == begun.event.id:
            begun = None
    return begun


def ended(
    begun: Begun, state: str, reason: str, details: Mapping[str, Any], *, by: str, when: datetime
) -> Event:
    """The event that ends a trial: `promoted` or `aborted`, with the evidence."""
    return event(
        Kind.CANARY,
        begun.event.model,
        when=when,
        version=begun.event.version,
        stage=begun.event.stage,
        by=by,
        reason=reason[:2_000],
        details={**details, "state": state, "start": begun.event.id},
    )


def _begun(found: Event) -> Begun | None:
    trial = found.details.get("trial")
    try:
        return Begun(found, trial_of(trial)) if isinstance(trial, Mapping) else None
    except ConfigError:
        return None  # written by hand, or by a later version


def _keep(place: Place, remote: str | None, made: Event) -> None:
    events.record(place.writer, made)
    if remote is not None:
        events.share(place.writer, remote, made)
