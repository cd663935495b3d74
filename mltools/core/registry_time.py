"""What stages held over time: the periods of one stage, and a model as it was at a moment.

Replays the same events that `core.registry` folds, in the same order; what holds a stage at the end is the same in both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mltools.core.registry import Event, Model, Version, fold
from mltools.core.tags import Action


@dataclass(frozen=True, slots=True)
class Period:
    """A version in a stage, from `since` until another took its place (`until`, None: still there); unix seconds.

    `event` is the tag that put it there, `ended` the one that ended it.
    """

    stage: str
    version: Version
    since: int
    until: int | None
    event: Event
    ended: Event | None = None


def periods(model: Model, stage: str) -> tuple[Period, ...]:
    """What a stage held, the oldest first. A tag that changed nothing makes no period of its own."""
    homes = _homes(model)
    assigned: dict[str, Event] = {}  # the last to be assigned stands last
    back: set[str] = set()  # commits whose version is taken back for now
    found: list[Period] = []
    for event in model.events:
        said, home = event.said, homes.get(event.commit)
        if home is None:
            continue
        if said.action is Action.REGISTER:
            back.discard(event.commit)
        elif said.action is Action.DEREGISTER:
            back.add(event.commit)
        elif said.stage == stage and said.action is Action.ASSIGN:
            assigned.pop(event.commit, None)
            assigned[event.commit] = event
        elif said.stage == stage and said.action is Action.UNASSIGN:
            assigned.pop(event.commit, None)
        else:
            continue
        holder = next((assigned[commit] for commit in reversed(assigned) if commit not in back), None)
        _turn(found, stage, homes, holder, event)
    return tuple(found)


def before(model: Model, when: int) -> Model | None:
    """The model as it was at a time (unix seconds, inclusive); None when nothing had happened to it."""
    events = [event for event in model.events if event.when <= when]
    return fold(events).models.get(model.name)


def hours_in(model: Model, stage: str, version: Version, now: int) -> float:
    """For how many hours a version has been in a stage, all its times there together."""
    spans = (
        (period.until if period.until is not None else max(now, period.since)) - period.since
        for period in periods(model, stage)
        if period.version.commit == version.commit
    )
    return sum(spans) / 3600


def _homes(model: Model) -> Mapping[str, Version]:
    """The version at each commit; a commit with two of them says nothing about stages."""
    homes: dict[str, Version | None] = {}
    for version in model.versions:
        homes[version.commit] = None if version.commit in homes else version
    return {commit: version for commit, version in homes.items() if version is not None}


def _turn(
    found: list[Period], stage: str, homes: Mapping[str, Version], holder: Event | None, event: Event
) -> None:
    last = found[-1] if found and found[-1].until is None else None
    if last is not None and holder is not None and last.version.commit == holder.commit:
        return
    if last is not None:
        found[-1] = replace(last, until=event.when, ended=event)
    if holder is not None:
        found.append(Period(stage, homes[holder.commit], event.when, None, event))
