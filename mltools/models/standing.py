"""A model as the remote has it at this moment: what changes to it start from, and are tried again on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from mltools import registry
from mltools.core import tags as grammar
from mltools.core.registry import TAGS, Model, Odd, read_registry
from mltools.edges.git.read import Ref
from mltools.edges.git.tagging import Turn
from mltools.edges.git.write import Writer
from mltools.errors import RepositoryError, UsageError
from mltools.models.finding import Place, names_of

# Tags are named one by one to the remote; this many fit on every system's command line.
AT_ONCE = 500
BRANCHES = ("HEAD", "refs/heads/main", "refs/heads/master")


@dataclass(frozen=True, slots=True)
class Standing:
    """A model's tags at the remote (here, without one), and what that makes of it.

    `counter` is the next number that no tag carries, here or there; `newest` the time of the last event in unix seconds;
    `branches` are the remote's tips by ref, of those that may hold the policy; `turn` is where the ref stood that moves on
    with each change.
    """

    model: Model
    remote: str | None
    counter: int
    newest: int
    only_here: tuple[str, ...] = ()
    odd: tuple[Odd, ...] = ()
    branches: Mapping[str, str] = field(default_factory=dict)
    turn: Turn | None = None


def standing(place: Place, writer: Writer, name: str) -> Standing:
    """A model as it stands, by its full name or as `registry.find_model` finds it; missing tags are fetched.

    Raises UsageError when there is no such model, RepositoryError when the remote does not answer, or has a tag on
    another commit than it has here.
    """
    remote = registry.remote_of(place.repository)
    wanted = names_of(place, name)
    found = _standing(writer, remote, wanted)
    if found is None:
        # It may be known by the last part of its name only. What is not here at all gets the nearest name.
        full = registry.look_up(place.repository, name, near=place.inside)[1].name
        found = _standing(writer, remote, [full])
    if found is None:
        raise UsageError(
            f"{remote} has no tag of the model {name!r}, though it is here",
            hint=f"git push {remote} --tags brings tags there; or they were deleted there",
        )
    return found


@dataclass(frozen=True, slots=True)
class _Tags:
    """Tags by name: those here, those that count with their commits; the remote's branches."""

    here: Mapping[str, Ref]
    there: Mapping[str, str]
    branches: Mapping[str, str] = field(default_factory=dict)


def _standing(writer: Writer, remote: str | None, names: Iterable[str]) -> Standing | None:
    """The first of the models that has tags, the last of the names before the others."""
    patterns = {name: registry.patterns(name) for name in names}
    here = _here(writer, patterns)
    tags = _Tags(here, {name: ref.commit or ref.oid for name, ref in here.items()})
    if remote is not None:
        there, branches = _there(writer, remote, patterns)
        _bring(writer, remote, here, there)
        tags = _Tags(_here(writer, patterns), there, branches)
    # A model in the directory that one stands in comes before another of the same name.
    for name in reversed(patterns):
        mine = [ref for tag, ref in tags.here.items() if tag in tags.there and _speaks_of(tag, name)]
        folded = read_registry(mine)
        if name in folded.models:
            ref = registry.turn_ref(name)
            tip = writer.repository.oid(ref) if remote is None else tags.branches.get(ref)
            return replace(_of(folded.models[name], remote, tags, folded.odd), turn=Turn(ref, tip))
    return None


def _of(model: Model, remote: str | None, tags: _Tags, odd: tuple[Odd, ...]) -> Standing:
    everything = [tag for tag in {*tags.here, *tags.there} if _speaks_of(tag, model.name)]
    numbers = (said.counter or 0 for tag in everything if (said := grammar.parse_tag(tag)) is not None)
    return Standing(
        model,
        remote,
        1 + max(numbers, default=0),
        max(event.when for event in model.events),
        tuple(sorted(tag for tag in everything if tag not in tags.there)),
        odd,
        tags.branches,
    )


def _here(writer: Writer, models: Iterable[str]) -> dict[str, Ref]:
    refs = registry.tag_refs(writer.repository, *models)
    return {ref.name.removeprefix(TAGS): ref for ref in refs}


def _there(
    writer: Writer, remote: str, patterns: Mapping[str, tuple[str, str]]
) -> tuple[dict[str, str], dict[str, str]]:
    """The remote's tags with their commits, and its other refs with their tips: one question, so one state of it."""
    asked = [f"{TAGS}{one}{peeled}" for pair in patterns.values() for one in pair for peeled in ("", "^{}")]
    turns = [registry.turn_ref(name) for name in patterns]
    found = writer.remote_refs(remote, *BRANCHES, *turns, *asked)
    names = [name for name in found if name.startswith(TAGS) and not name.endswith("^{}")]
    there = {name.removeprefix(TAGS): found.get(f"{name}^{{}}", found[name]) for name in names}
    return there, {name: oid for name, oid in found.items() if not name.startswith(TAGS)}


def _bring(writer: Writer, remote: str, here: Mapping[str, Ref], there: Mapping[str, str]) -> None:
    """Fetch the tags that are not here. Raises RepositoryError for one that stands elsewhere here."""
    registry.agree(here, there, remote)
    missing = [tag for tag in there if tag not in here]
    for at in range(0, len(missing), AT_ONCE):
        refspecs = [f"{TAGS}{tag}:{TAGS}{tag}" for tag in missing[at : at + AT_ONCE]]
        if not writer.fetch(remote, *refspecs):
            raise RepositoryError(f"tags went away at {remote} meanwhile", hint="try again")


def _speaks_of(tag: str, model: str) -> bool:
    # Not by the grammar: an odd tag of this model is to be told as well.
    return tag.startswith((f"{model.replace(':', '=')}@", f"{model.replace(':', '=')}#"))
