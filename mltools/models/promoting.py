"""Versions into stages and out of them, versions and models retired: each one tag."""

from dataclasses import dataclass, replace

from mltools import registry
from mltools.core import registry_change
from mltools.core.registry import Event, Model, Version
from mltools.core.registry_change import Change
from mltools.core.tags import Reference, is_stage
from mltools.errors import UsageError
from mltools.models import basefile, changing
from mltools.models.changing import Outcome, Wish
from mltools.models.standing import Standing


@dataclass(slots=True)
class _Chosen:
    """The version is chosen once: what becomes the latest meanwhile is not what somebody asked for."""

    version: str | None = None


def promote(wish: Wish) -> Outcome:
    """Put a version into a stage, if the policy's needs are met, or with `force` in spite of them.

    Raises UsageError for what there is not, ConfigError when the policy cannot be read, RepositoryError when the remote
    does not answer or refuses.
    """
    place, reason = wish.place, changing.reason_of(wish.reason)
    if wish.force and not reason:
        raise UsageError("--force needs a --reason: it is kept with the promotion")
    check_stage(wish.stage)
    chosen = _Chosen()
    retired = False

    def decide(now: Standing) -> Change | Outcome:
        nonlocal retired
        retired = not now.model.active
        version = _version(now.model, wish.reference, chosen)
        if now.model.in_stage(wish.stage) == version:
            return _there_already(now, version, wish)
        unmet = unmet_needs(wish, now, version)
        if unmet and not wish.force:
            said = f"{now.model.name} {version.version} is not promoted to {wish.stage}"
            return Outcome(now.model.name, None, version.version, wish.stage, refused=said, notes=unmet)
        return registry_change.assignment(
            now.model,
            version,
            wish.stage,
            now.counter,
            reason=reason,
            actor=changing.actor(place),
            unmet=unmet,
        )

    outcome = done(wish, decide, "is in", stage=wish.stage)
    if outcome.new and retired:
        return replace(
            outcome, notes=(*outcome.notes, f"{outcome.model} was deprecated, and is in use again")
        )
    return outcome


def unassign(wish: Wish) -> Outcome:
    """Take a version out of a stage: the one that is named, else the one that the stage holds."""
    place, reason = wish.place, changing.reason_of(wish.reason)
    check_stage(wish.stage)
    chosen = _Chosen()

    def decide(now: Standing) -> Change | Outcome:
        if chosen.version is None and wish.reference.version is None:
            held = now.model.in_stage(wish.stage)
            chosen.version = held.version if held is not None else None
            if held is None:
                said = f"{wish.stage} of {now.model.name} holds nothing"
                return Outcome(
                    now.model.name, stage=wish.stage, said=said, notes=_misspelt(now.model, wish.stage)
                )
        version = _version(now.model, wish.reference, chosen)
        if all(one.version != version for one in now.model.stages.get(wish.stage, ())):
            said = f"{now.model.name} {version.version} is not in {wish.stage}"
            notes = _misspelt(now.model, wish.stage)
            return Outcome(now.model.name, None, version.version, wish.stage, said=said, notes=notes)
        return registry_change.removal(
            now.model, version, wish.stage, now.counter, reason=reason, actor=changing.actor(place)
        )

    return done(wish, decide, "is out of", stage=wish.stage)


def deprecate(wish: Wish) -> Outcome:
    """Take a version back, or retire the whole model where no version is named."""
    place, reason = wish.place, changing.reason_of(wish.reason)
    by = changing.actor(place)
    whole = wish.reference.version is None and not wish.reference.latest and wish.reference.stage is None
    chosen = _Chosen()

    def decide(now: Standing) -> Change | Outcome:
        model = now.model
        if whole:
            if not model.active:
                return Outcome(model.name, said=f"{model.name} is deprecated already")
            return registry_change.retirement(model, now.counter, reason=reason, actor=by)
        version = _version(model, wish.reference, chosen, active=False)
        if not version.registered:
            raise UsageError(
                f"{model.name} has no version at {version.commit[:10]}: only a stage stands there"
            )
        if not version.active:
            said = f"{model.name} {version.version} is taken back already"
            return Outcome(model.name, version=version.version, said=said)
        return registry_change.withdrawal(model, version, now.counter, reason=reason, actor=by)

    return done(wish, decide, "is deprecated" if whole else "is taken back")


def done(
    wish: Wish, decide: changing.Decide, verb: str, *, stage: str | None = None, in_turn: bool = True
) -> Outcome:
    """What came of the change, what it stands for kept in the journal; `in_turn` as in `changing.change`."""
    outcome, event = changing.change(wish, decide, in_turn=in_turn)
    if event is None:
        assert outcome is not None  # noqa: S101 - one of the two is there
        return outcome
    known = registry.load(wish.place.repository, event.said.model).models[event.said.model]
    version = event.said.version or next(
        (one.version for one in known.versions if one.commit == event.commit), None
    )
    changing.complete(wish, event, version)
    what = (
        event.said.model if event.said.version is None and stage is None else f"{event.said.model} {version}"
    )
    said = f"{what} {verb}{f' {stage}' if stage else ''}"
    notes = registry_change.told(event.message).unmet
    return Outcome(
        event.said.model,
        event.tag,
        version,
        stage,
        new=True,
        notes=(*notes, *_left(known, stage, event)),
        said=said,
    )


def _misspelt(model: Model, stage: str) -> tuple[str, ...]:
    """Which stages there are, where nothing was ever in this one."""
    known = sorted({event.said.stage for event in model.events if event.said.stage is not None})
    return () if stage in known else (f"nothing of it ever was; its stages: {', '.join(known) or 'none'}",)


def _left(model: Model, stage: str | None, event: Event) -> tuple[str, ...]:
    """What a stage holds after a version left it: the one before, as in GTO."""
    if stage is None or event.said.action.value != "unassign":
        return ()
    held = model.in_stage(stage)
    return (f"{stage} holds {held.version} now" if held is not None else f"{stage} is empty now",)


def _there_already(now: Standing, version: Version, wish: Wish) -> Outcome:
    """Nothing to write; what a killed promotion left undone in the journal is made up for."""
    placement = now.model.stages[wish.stage][0]
    changing.complete(wish, placement.event, version.version)
    said = f"{now.model.name} {version.version} is in {wish.stage} already"
    return Outcome(now.model.name, placement.event.tag, version.version, wish.stage, said=said)


def _version(model: Model, reference: Reference, chosen: _Chosen, *, active: bool = True) -> Version:
    """The version that is meant. Raises UsageError for one that there is not, or that was taken back."""
    wanted = reference if chosen.version is None else Reference(model.name, chosen.version)
    found = registry.find_version(model, wanted)
    if active and not found.active:
        raise UsageError(
            f"{model.name} {found.version} was taken back",
            hint="release the model again, or name another version",
        )
    others = [one.version for one in model.versions if one.commit == found.commit and one != found]
    if active and others:
        raise UsageError(
            f"the commit of {model.name} {found.version} also holds {', '.join(others)}, "
            "so no stage can say which is meant",
            hint="one version of a model stands on a commit of its own: `mltools release` sees to that",
        )
    chosen.version = found.version
    return found


def check_stage(stage: str) -> None:
    """Raises UsageError for what no tag can carry as a stage."""
    if not is_stage(stage):
        raise UsageError(
            f"{stage!r} is no name of a stage", hint="letters, digits, - _ and /, such as staging or eu/prod"
        )


def unmet_needs(wish: Wish, now: Standing, version: Version) -> tuple[str, ...]:
    """What is unmet of the base branch's policy, in words; nothing where there is no mltools.yaml.

    Raises UsageError for a stage that the policy does not name, ConfigError when it cannot be read and nobody forces.
    """
    found = basefile.find(wish.place.writer, now)
    if found is None:
        return ()
    from mltools.models import judging  # noqa: PLC0415 - loads pydantic and YAML, which a registry without a policy has no use for

    return judging.unmet(wish, now, version, found)
