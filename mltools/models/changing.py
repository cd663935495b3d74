"""One change to the registry: its tag at the remote, then here, tried again on what others changed meanwhile."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from mltools.core.registry import TAGS, Event, read_events
from mltools.core.registry_change import LONGEST_REASON, Change, event_of
from mltools.core.tags import Reference
from mltools.edges.git import tagging
from mltools.edges.git.write import Writer, attempts
from mltools.errors import RepositoryError, UsageError
from mltools.models.finding import Place
from mltools.models.standing import Standing, standing

DEADLINE = 300.0
PATIENCE = 6


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for: which version (None: the latest, or what the stage holds), where, and why.

    `dry_run` asks only what would come of it.
    """

    place: Place
    reference: Reference
    clock: Callable[[], datetime]
    stage: str = ""
    reason: str = ""
    force: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a change. `new` says that a tag was written now; `refused` why nothing was.

    `notes` is what else there is to know: needs that are not met, versions that were passed over.
    """

    model: str
    tag: str | None = None
    version: str | None = None
    stage: str | None = None
    new: bool = False
    refused: str | None = None
    notes: tuple[str, ...] = ()
    said: str = ""


Decide = Callable[[Standing], Change | Outcome]


def change(wish: Wish, decide: Decide, *, in_turn: bool = True) -> tuple[Outcome | None, Event | None]:
    """Write the tag that `decide` makes of the model as it stands, or give back its outcome.

    Where somebody else was faster, it is asked again about what they left; `in_turn` that is who changed anything of the
    model, else who took the same tag. Raises RepositoryError when the remote does not answer or refuses, UsageError when
    there is no such model.
    """
    place, name = wish.place, wish.reference.model
    writer = place.writer
    stuck, before = 0, None
    for attempt in attempts(DEADLINE):
        now = standing(place, writer, name)
        if attempt == 0:
            _warn(place, now)
        decided = decide(now)
        if isinstance(decided, Outcome):
            return decided, None
        if wish.dry_run:
            return _foretold(now, decided), None
        when = datetime.fromtimestamp(max(int(wish.clock().timestamp()), now.newest + 1), UTC)
        if tagging.create(
            writer,
            decided.tag,
            decided.commit,
            decided.message,
            remote=now.remote,
            when=when,
            turn=now.turn if in_turn else None,
        ):
            return None, _written(writer, decided)
        state = (now.counter, now.turn)
        stuck = stuck + 1 if before == state else 0
        before = state
        if stuck > PATIENCE:  # refused again and again though nobody changes anything: this is no race
            raise RepositoryError(
                f"{now.remote or 'this repository'} takes no tag {decided.tag}, and has none of that name",
                hint="look whether a hook, a rule or a stale lock there is in the way",
            )
    raise RepositoryError(
        f"others changed {name} all the time for {DEADLINE:g} s", hint="nothing was changed here: try again"
    )


def _foretold(now: Standing, decided: Change) -> Outcome:
    """What a change would be."""
    version = decided.said.version
    if decided.said.stage is not None:
        version = next(one.version for one in now.model.versions if one.commit == decided.commit)
    said = f"would write {decided.tag}: {decided.title}"
    return Outcome(now.model.name, None, version, decided.said.stage, notes=tuple(decided.unmet), said=said)


def complete(wish: Wish, event: Event, version: str | None) -> None:
    """Keep in the journal what a tag stands for beyond its name, here and at the remote; again, nothing changes.

    The tag is what counts and stands already: a journal that cannot be written or pushed is warned of.
    """
    kept = event_of(event, version)
    if kept is None or wish.dry_run:
        return
    from mltools.models import keeping  # noqa: PLC0415 - loads the journal, which an ordinary change has no use for

    keeping.keep(wish.place, kept)


def actor(place: Place) -> str:
    """Who asked for it, where the forge's job says so: there it is not who tags."""
    login = place.environ.get("GITHUB_ACTOR", "")
    in_job = place.environ.get("GITHUB_ACTIONS") == "true"
    return f"{login} on GitHub" if in_job and re.fullmatch(r"[A-Za-z0-9-]{1,39}(\[bot\])?", login) else ""


def reason_of(text: str) -> str:
    """A reason as it can stand in a tag. Raises UsageError for what no message can hold."""
    plain = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if len(plain) > LONGEST_REASON:
        raise UsageError(f"a reason has at most {LONGEST_REASON:,} characters, this one has {len(plain):,}")
    if not all(line.isprintable() for line in plain.split("\n")):
        raise UsageError("a reason holds characters that cannot be shown")
    if any(line.startswith(("-----BEGIN", "Mltools-")) for line in plain.split("\n")):
        raise UsageError(
            "a line of the reason begins like a part of a tag's message",
            hint="put another word before '-----BEGIN' or 'Mltools-'",
        )
    return plain


def _written(writer: Writer, made: Change) -> Event:
    found, _ = read_events(writer.repository.refs(f"{TAGS}{made.tag}"))
    return found[0]


def _warn(place: Place, now: Standing) -> None:
    for tag in now.only_here:
        place.warn(
            f"the tag {tag} is here and not at {now.remote}, so it does not count; push it "
            f"(git push {now.remote} '{tag}') or delete it (git tag -d '{tag}')"
        )
    for odd in now.odd:
        place.warn(f"tag {odd.tag}: {odd.reason}")
