"""A stage put back to an earlier version: one tag, and nothing that could be broken at that moment.

Neither mltools.yaml nor DVC nor a run is asked. The remote must answer, because the tag goes there.
"""

from mltools import registry
from mltools.core import registry_change, rollback
from mltools.core.registry import Version
from mltools.core.registry_change import Change
from mltools.core.tags import Reference
from mltools.errors import UsageError
from mltools.models import changing
from mltools.models.changing import Outcome, Wish
from mltools.models.keeping import events_of
from mltools.models.promoting import check_stage, done
from mltools.models.standing import Standing


def roll_back(wish: Wish, *, to: str | None = None, instead_of: str | None = None) -> Outcome:
    """Put a stage back to the version that was well there before, or to the one that is named (such as v1.2.0).

    With `instead_of` only where the stage holds that version: else it was done already, or somebody put another one there.

    Raises UsageError for what there is not, RepositoryError when the remote does not answer or refuses.
    """
    reason = changing.reason_of(wish.reason)
    check_stage(wish.stage)
    chosen: list[str] = []

    def decide(now: Standing) -> Change | Outcome:
        held = now.model.in_stage(wish.stage)
        if not chosen and not now.model.stages.get(wish.stage) and not _ever(now, wish.stage):
            raise UsageError(
                f"{now.model.name} never had anything in {wish.stage!r}",
                hint=f"stages: {', '.join(_stages(now)) or 'none'}",
            )
        if instead_of is not None and (held is None or held.version != instead_of):
            if held is not None:  # a rollback that was killed may have left its event to this call
                changing.complete(wish, now.model.stages[wish.stage][0].event, held.version)
            there = "nothing" if held is None else held.version
            said = (
                f"{wish.stage} of {now.model.name} holds {there} and not {instead_of}: nothing is rolled back"
            )
            return Outcome(now.model.name, stage=wish.stage, said=said)
        wanted = to if to is not None else (chosen[0] if chosen else None)
        target = _named(wish, now, wanted) if wanted is not None else _found(wish, now)
        if isinstance(target, Outcome):
            return target
        chosen[:] = [target.version]
        if held == target:
            changing.complete(wish, now.model.stages[wish.stage][0].event, target.version)
            said = f"{now.model.name} {target.version} is in {wish.stage} already"
            tag = now.model.stages[wish.stage][0].event.tag
            return Outcome(now.model.name, tag, target.version, wish.stage, said=said)
        if held is None:
            return registry_change.assignment(
                now.model, target, wish.stage, now.counter, reason=reason, actor=changing.actor(wish.place)
            )
        return registry_change.return_to(
            now.model,
            target,
            wish.stage,
            now.counter,
            instead_of=held,
            reason=reason,
            actor=changing.actor(wish.place),
        )

    # Its tag alone: the fewer refs a remote has to take, the less can be in the way of it.
    return done(wish, decide, "is back in", stage=wish.stage, in_turn=False)


def _found(wish: Wish, now: Standing) -> Version | Outcome:
    """The version that was well before; an outcome that says why there is none."""
    events = events_of(wish.place, now, required=False)
    found = rollback.back(now.model, wish.stage, events)
    if found.version is not None:
        for one in found.passed_over:
            wish.place.say(f"passed over {one}")
        return found.version
    said = f"{now.model.name} has no earlier version that was well in {wish.stage}"
    return Outcome(now.model.name, stage=wish.stage, refused=said, notes=found.passed_over)


def _named(wish: Wish, now: Standing, version: str) -> Version:
    """The version that somebody names; what speaks against it is said, and theirs to judge."""
    found = registry.find_version(now.model, Reference(now.model.name, version))
    if not found.active:
        raise UsageError(f"{now.model.name} {found.version} was taken back")
    why = rollback.why_not(now.model, wish.stage, found, ())
    if why is not None:
        wish.place.warn(f"{found.version} {why}")
    return found


def _ever(now: Standing, stage: str) -> bool:
    return stage in _stages(now)


def _stages(now: Standing) -> list[str]:
    return sorted({event.said.stage for event in now.model.events if event.said.stage is not None})
