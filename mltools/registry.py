"""The registry as this repository holds it and as its remote does: which versions there are, and the one that stands.

Reading needs neither GitPython nor pydantic; `mltools model list` goes through here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from mltools.core import tags as grammar
from mltools.core.registry import TAGS, Model, Registry, Version, read_registry
from mltools.core.release_record import ReleaseRecord, Unreadable, release_record
from mltools.core.versions import highest, precedence
from mltools.edges.git.read import Ref, Repository
from mltools.errors import RepositoryError, UsageError

if TYPE_CHECKING:  # it loads GitPython, which reading has no use for
    from mltools.edges.git.write import Writer


@dataclass(frozen=True, slots=True)
class Known:
    """A model's versions: `latest` is the highest that stands.

    `there` are its version tags on the remote (here, without one) with their commits; `here` those in this clone. `turn`
    is where the ref stood then that moves on with each release.
    """

    model: str
    latest: Version | None
    there: Mapping[str, str]
    here: Mapping[str, Ref]
    turn: str | None = None

    @property
    def used(self) -> tuple[str, ...]:
        """All version numbers that were ever given away, also those that were taken back or stand here only."""
        return tuple(_versions([*self.there, *self.here]))

    @property
    def only_here(self) -> tuple[Ref, ...]:
        return tuple(ref for name, ref in self.here.items() if name not in self.there)


def load(repository: Repository, model: str | None = None) -> Registry:
    """All that the tags here say, of one model or of all."""
    if model is None:
        return read_registry(repository.refs("refs/tags"))
    return read_registry(tag_refs(repository, model))


def overview(repository: Repository) -> Registry:
    """All that the tags here say, but of messages only those of the latest versions: they hold the release records."""
    known = read_registry(repository.refs("refs/tags", messages=False))
    latest = [f"{TAGS}{model.latest.tag}" for model in known.models.values() if model.latest is not None]
    told = {ref.name.removeprefix(TAGS): ref.message for ref in repository.refs(*latest)} if latest else {}
    return replace(known, models={name: _with_messages(model, told) for name, model in known.models.items()})


def look_up(repository: Repository, name: str, *, near: str = "") -> tuple[Registry, Model]:
    """A model by its name, as `find_model` finds it, with what the tags say that were read for it.

    Raises UsageError with the nearest names.
    """
    known = load_near(repository, name, near=near)
    return known, find_model(known, name, near=near)


def load_near(repository: Repository, name: str, *, near: str = "") -> Registry:
    """The model of this name, and the one of the project in `near`; all models where there is neither."""
    whole = [name, *([f"{near.rstrip('/')}:{name}"] if near and ":" not in name else [])]
    known = read_registry(tag_refs(repository, *whole))
    return known if known.models else load(repository)


def _with_messages(model: Model, told: Mapping[str, str]) -> Model:
    """The model, the events of its versions with the messages of their tags."""
    versions = {
        version.tag: replace(version, event=replace(version.event, message=told[version.tag]))
        for version in model.versions
        if version.tag in told
    }
    if not versions:
        return model
    stages = {
        stage: tuple(replace(one, version=versions.get(one.version.tag, one.version)) for one in placed)
        for stage, placed in model.stages.items()
    }
    return replace(model, versions=tuple(versions.get(one.tag, one) for one in model.versions), stages=stages)


def tag_refs(repository: Repository, *models: str) -> tuple[Ref, ...]:
    """The tags here that are called as those of the models are, odd ones among them."""
    asked = [
        TAGS + pattern
        for model in models
        # Here a star ends at a slash, which the name of a stage may hold.
        for pattern in (*patterns(model), f"{patterns(model)[1]}/**")
    ]
    return repository.refs(*asked)


def patterns(model: str) -> tuple[str, str]:
    """What all tags of a model match at a remote, and in a refspec."""
    name = model.replace(":", "=")
    return f"{name}@*", f"{name}#*"


def record_of(version: Version) -> ReleaseRecord | Unreadable:
    """What the version's tag says about it."""
    return release_record(version.event.message)


def remote_of(repository: Repository) -> str | None:
    """The remote that releases go to; None when there is none. Raises RepositoryError when it could be several."""
    remotes = repository.remotes()
    if not remotes:
        return None
    branch = repository.branch()
    wanted = [repository.config("remote.pushDefault")]
    wanted += [repository.config(f"branch.{branch}.remote")] if branch else []
    wanted += ["origin", remotes[0] if len(remotes) == 1 else None]
    chosen = next((name for name in wanted if name in remotes), None)
    if chosen is None:
        raise RepositoryError(
            f"this repository has the remotes {', '.join(remotes)}, and none of them is called origin",
            hint="say which one it is: git config remote.pushDefault NAME",
        )
    return chosen


def known(writer: "Writer", model: str, remote: str | None, *, below: str | None = None) -> Known:
    """A model's versions as the remote has them, tags that are missing here fetched as far as they are needed.

    With `below`, the latest is the highest before that version. Without a remote: as they are here. Raises
    RepositoryError when a tag stands on another commit there than here.
    """
    repository, pattern = writer.repository, patterns(model)[0]
    here = _by_name(repository.refs(TAGS + pattern))
    there = {name: ref.commit or ref.oid for name, ref in here.items()}
    ref = turn_ref(model)
    turn = repository.oid(ref)
    if remote is not None:
        # Asked in one question: what the remote answers is one state of it.
        found = writer.remote_refs(remote, TAGS + pattern, f"{TAGS}{pattern}^{{}}", ref)
        there, turn = _tags_of(found), found.get(ref)
        agree(here, there, remote)
    standing = {
        version: names
        for version, names in _versions(there).items()
        if below is None or precedence(version) < precedence(below)
    }
    latest: Version | None = None
    while latest is None and (candidate := highest(standing)) is not None:
        names = standing.pop(candidate)
        missing = [name for name in names if name not in here]
        if missing and remote is not None:
            writer.fetch(remote, *(f"{TAGS}{name}:{TAGS}{name}" for name in missing))
        folded = read_registry(repository.refs(*(TAGS + name for name in names))).models.get(model)
        latest = folded.latest if folded is not None else None
    return Known(model, latest, there, _by_name(repository.refs(TAGS + pattern)), turn)


def turn_ref(model: str) -> str:
    """The ref that moves on with each change of a model, so that two at once cannot decide by the same state of it.

    The model's name is one step of it: as several, `eu` and the model `a` of the project `eu` would exclude each other.
    """
    return f"refs/mltools/releases/{model.replace('/', '%2F').replace(':', '=')}"


def find_model(registry: Registry, name: str, *, near: str = "") -> Model:
    """A model by its name; in the project's directory `near`, and where it is the only one of that name, by the last part.

    Raises UsageError with the nearest names.
    """
    local = f"{near.rstrip('/')}:{name}"
    for candidate in (local, name):
        if candidate in registry.models:
            return registry.models[candidate]
    same = [model for full, model in registry.models.items() if full.rpartition(":")[2] == name]
    if len(same) == 1:
        return same[0]
    if same:
        raise UsageError(f"there are several models {name!r}: {', '.join(model.name for model in same)}")
    mine = (f"{name.replace(':', '=')}@", f"{name.replace(':', '=')}#")
    for odd in registry.odd:
        if odd.tag.startswith(mine):
            raise UsageError(f"there is no model {name!r} (tag {odd.tag}: {odd.reason})")
    raise UsageError(f"there is no model {name!r}", hint=_nearest(name, registry.models, "model"))


def find_version(model: Model, reference: grammar.Reference) -> Version:
    """The version that a reference names. Raises UsageError with the nearest names."""
    if reference.stage is not None:
        held = model.in_stage(reference.stage)
        if held is None:
            hint = _nearest(reference.stage, model.stages, "stage")
            raise UsageError(f"{model.name} has nothing in the stage {reference.stage!r}", hint=hint)
        return held
    if reference.version is None:
        if model.latest is None:
            raise UsageError(f"{model.name} has no version that stands")
        return model.latest
    found = model.find(reference.version)
    if found is None:
        names = [version.version for version in model.versions if version.registered]
        raise UsageError(
            f"{model.name} has no version {reference.version}",
            hint=_nearest(reference.version, names, "version"),
        )
    return found


def reference(text: str) -> grammar.Reference:
    """What a person named. Raises UsageError for what cannot be a model, a version or a stage."""
    parsed = grammar.parse_reference(text)
    if parsed is None:
        tag = grammar.parse_tag(text)
        if tag is not None and tag.stage is not None:
            raise UsageError(
                f"{text!r} is a tag's name; write {tag.model}#{tag.stage} for what the stage holds now"
            )
        why = grammar.why_not(text)
        raise UsageError(
            f"{text!r} names no model, version or stage" + (f": {why}" if why else ""),
            hint="write NAME, NAME@v1.2.3, NAME@latest or NAME#STAGE",
        )
    return parsed


BEGINNINGS = {
    "model": "`git fetch --tags` brings those of others, `mltools release` makes the first version",
    "version": "`mltools release` makes the first one",
    "stage": "`mltools model promote NAME --stage STAGE` puts a version in one",
}


def _tags_of(refs: Mapping[str, str]) -> dict[str, str]:
    """The tags among a remote's refs (`NAME^{}` is what one stands on), with the commits that they stand on."""
    names = (name for name in refs if name.startswith(TAGS) and not name.endswith("^{}"))
    return {name.removeprefix(TAGS): refs.get(f"{name}^{{}}", refs[name]) for name in names}


def _by_name(refs: Iterable[Ref]) -> dict[str, Ref]:
    return {ref.name.removeprefix(TAGS): ref for ref in refs}


def _versions(names: Iterable[str]) -> dict[str, list[str]]:
    """Version numbers with the tags that speak of them."""
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        said = grammar.parse_tag(name)
        if said is not None and said.version is not None:
            found.setdefault(said.version, []).append(name)
    return found


def agree(here: Mapping[str, Ref], there: Mapping[str, str], remote: str) -> None:
    """Raises RepositoryError for a tag that stands on another commit here than at the remote."""
    for name, ref in here.items():
        commit = ref.commit or ref.oid
        if name in there and there[name] != commit:
            raise RepositoryError(
                f"the tag {name} stands on {commit[:10]} here and on {there[name][:10]} at {remote}",
                hint=f"if the one at {remote} is right: git tag -d '{name}' && git fetch {remote} tag '{name}'",
            )


def _nearest(name: str, names: Iterable[str], kind: str) -> str:
    everything = sorted(names)
    if not everything:
        return f"there is no {kind} yet; {BEGINNINGS[kind]}"
    close = get_close_matches(name, everything, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    shown = ", ".join(everything[:8])
    return f"there are: {shown}" if len(everything) <= 8 else f"there are: {shown} and more"  # noqa: PLR2004 - a line
