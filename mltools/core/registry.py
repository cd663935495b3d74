"""The registry of models: the state that tags in GTO's grammar add up to. An odd tag is reported, and blinds nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from mltools.core.tags import Action, TagName, parse_tag, why_not
from mltools.core.versions import is_version, precedence

TAGS = "refs/tags/"

# 9999-01-01 in unix seconds: no calendar here knows the years beyond, and a later change needs a later date.
_NEVER = 253_370_764_800
_RANK = {action: rank for rank, action in enumerate(Action)}


class TagRef(Protocol):
    """A tag as the repository gives it: the full ref, the peeled commit, and what the tag object holds."""

    @property
    def name(self) -> str: ...
    @property
    def commit(self) -> str | None: ...
    @property
    def kind(self) -> str: ...
    @property
    def tagger(self) -> str: ...
    @property
    def when(self) -> int: ...
    @property
    def message(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Event:
    """One annotated tag in the grammar: what it says, of which commit, by whom and when."""

    tag: str
    said: TagName
    commit: str
    when: int = 0
    author: str = ""
    message: str = ""

    @property
    def order(self) -> tuple[int, int, int, str]:
        """GTO's order is time. Where times are equal: the counter, then taking back comes after giving."""
        return (self.when, self.said.counter or 0, _RANK[self.said.action], self.tag)


@dataclass(frozen=True, slots=True)
class Odd:
    """A tag that looks like one of the registry's and is not, with the reason."""

    tag: str
    reason: str


@dataclass(frozen=True, slots=True)
class Version:
    """A version at a commit. One that no tag registers has a stage only, and is called by its commit."""

    version: str
    commit: str
    registered: bool
    active: bool
    event: Event

    @property
    def tag(self) -> str:
        return self.event.tag


@dataclass(frozen=True, slots=True)
class Placement:
    """A version in a stage; `event` is the assignment that put it there last."""

    stage: str
    version: Version
    event: Event


@dataclass(frozen=True, slots=True)
class Model:
    """One model: versions with the highest first, per stage the versions in it with the newest first."""

    name: str
    versions: tuple[Version, ...]
    stages: Mapping[str, tuple[Placement, ...]]
    events: tuple[Event, ...]

    @property
    def active(self) -> bool:
        """Whether the last word on the model is something else than its deprecation."""
        return self.events[-1].said.action is not Action.DEPRECATE

    @property
    def latest(self) -> Version | None:
        """The highest version that is registered and was not taken back."""
        return next((version for version in self.versions if version.registered and version.active), None)

    def find(self, version: str) -> Version | None:
        """A version by its number; where it stands at two commits, the one that was not taken back."""
        found = [known for known in self.versions if known.version == version]
        return next((known for known in found if known.active), found[0] if found else None)

    def in_stage(self, stage: str) -> Version | None:
        """The version that a stage holds now."""
        placements = self.stages.get(stage, ())
        return placements[0].version if placements else None

    def stages_of(self, version: Version) -> tuple[str, ...]:
        """The stages that hold this version now."""
        return tuple(stage for stage in self.stages if self.in_stage(stage) == version)

    @property
    def next_counter(self) -> int:
        """The number of the next tag that carries one."""
        return 1 + max((event.said.counter or 0 for event in self.events), default=0)


@dataclass(frozen=True, slots=True)
class Registry:
    """All models by name, and the tags that could not be read as events."""

    models: Mapping[str, Model]
    odd: tuple[Odd, ...] = ()


def read_events(tags: Iterable[TagRef]) -> tuple[tuple[Event, ...], tuple[Odd, ...]]:
    """The events among a repository's tags, and the tags that only look like one. Other tags are nobody's business."""
    events: list[Event] = []
    odd: list[Odd] = []
    for ref in tags:
        name = ref.name.removeprefix(TAGS)
        said = parse_tag(name)
        if said is None:
            reason = why_not(name)
        elif ref.kind != "tag":
            reason = "a lightweight tag, which holds no date, author or record; passed over, as GTO does"
        elif ref.commit is None:
            reason = "does not point at a commit"
        elif ref.when >= _NEVER:
            reason = "is dated after the year 9998: the clock that made it was wrong"
        else:
            events.append(Event(name, said, ref.commit, ref.when, ref.tagger, ref.message))
            continue
        if reason is not None:
            odd.append(Odd(name, reason))
    return tuple(events), tuple(odd)


def read_registry(tags: Iterable[TagRef]) -> Registry:
    """The state of the registry that a repository's tags add up to."""
    events, odd = read_events(tags)
    return fold(events, odd)


def fold(events: Iterable[Event], odd: Iterable[Odd] = ()) -> Registry:
    """The state that events add up to.

    As in GTO: versions first, then stages, each by time; so a stage belongs to the version at its commit even where
    that was registered later.
    """
    models: dict[str, list[Event]] = {}
    for event in events:
        models.setdefault(event.said.model, []).append(event)
    found: list[Odd] = list(odd)
    folded = {name: _model(name, history, found) for name, history in sorted(models.items())}
    return Registry(folded, tuple(sorted(found, key=lambda one: one.tag)))


@dataclass(slots=True)
class _Entry:
    """A version while its events are gathered."""

    name: str
    commit: str
    direct: list[Event] = field(default_factory=list)
    stages: dict[str, list[Event]] = field(default_factory=dict)

    def freeze(self) -> Version:
        registrations = [event for event in self.direct if event.said.action is Action.REGISTER]
        staged = [event for history in self.stages.values() for event in history]
        return Version(
            version=self.name,
            commit=self.commit,
            registered=bool(registrations),
            active=not self.direct or self.direct[-1].said.action is Action.REGISTER,
            event=(registrations or self.direct or staged)[-1],
        )


def _model(name: str, history: list[Event], odd: list[Odd]) -> Model:
    events = tuple(sorted(history, key=lambda event: event.order))
    entries: dict[tuple[str, str], _Entry] = {}
    at: dict[str, list[_Entry]] = {}
    for event in events:
        if event.said.version is not None:
            key = (event.said.version, event.commit)
            if key not in entries:
                entries[key] = _Entry(*key)
                at.setdefault(event.commit, []).append(entries[key])
            entries[key].direct.append(event)
    odd.extend(_odd_versions(entries.values()))
    for event in events:
        if event.said.stage is not None:
            here = at.get(event.commit, ())
            if len(here) > 1:
                names = " and ".join(sorted(entry.name for entry in here))
                odd.append(Odd(event.tag, f"its commit holds {names}, so it does not say which is meant"))
                continue
            # Where nothing is registered the commit itself is what the stage holds.
            bare = (event.commit, event.commit)
            entry = here[0] if here else entries.setdefault(bare, _Entry(*bare))
            entry.stages.setdefault(event.said.stage, []).append(event)
    pairs = [(entry, entry.freeze()) for entry in entries.values()]
    return Model(name, _sorted(version for _, version in pairs), _placements(pairs), events)


def _odd_versions(entries: Iterable[_Entry]) -> Iterable[Odd]:
    homes: dict[str, Event] = {}
    for entry in entries:
        first = next((event for event in entry.direct if event.said.action is Action.REGISTER), None)
        if first is None:
            yield Odd(
                entry.direct[0].tag, f"takes {entry.name} back at a commit where it was never registered"
            )
        elif entry.name in homes:
            yield Odd(
                first.tag, f"registers {entry.name} again, at another commit than {homes[entry.name].tag}"
            )
        else:
            homes[entry.name] = first


def _sorted(found: Iterable[Version]) -> tuple[Version, ...]:
    everything = tuple(found)
    numbered = [version for version in everything if is_version(version.version)]
    bare = [version for version in everything if not is_version(version.version)]
    numbered.sort(key=lambda version: (precedence(version.version), version.event.order), reverse=True)
    bare.sort(key=lambda version: version.version, reverse=True)
    return (*numbered, *bare)


def _placements(pairs: Iterable[tuple[_Entry, Version]]) -> dict[str, tuple[Placement, ...]]:
    """Per stage the versions in it: those of which the last that was said of the two is an assignment."""
    stages: dict[str, list[Placement]] = {}
    for entry, version in pairs:
        for stage, history in entry.stages.items():
            if version.active and history[-1].said.action is Action.ASSIGN:
                stages.setdefault(stage, []).append(Placement(stage, version, history[-1]))
    return {
        stage: tuple(sorted(placements, key=lambda placement: placement.event.order, reverse=True))
        for stage, placements in sorted(stages.items())
    }
