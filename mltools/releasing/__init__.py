"""A run's model as a version: an annotated tag, and whatever has to be in place before and after it.

The order survives a kill at any point: the model's bytes first, then the tag, which is the release, then the forge's
page. Whatever was done already is left as it is, so the same command completes it. Two at once take two numbers.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

from mltools import registry
from mltools.core.provenance import FILE as PROVENANCE
from mltools.core.registry import TAGS
from mltools.core.release import NO_WISH, Decision, NothingToRelease, Plan, Refused, Wish, refusal
from mltools.core.release_reasons import Reason
from mltools.core.release_record import FILE, ReleaseRecord, Unreadable, release_json, release_record
from mltools.core.tags import version_tag
from mltools.core.versions import highest
from mltools.edges.git.write import Writer, attempts
from mltools.errors import ProviderError, RepositoryError
from mltools.project import Project
from mltools.registry import Known
from mltools.releasing import deciding, manifest, objects, page, writing
from mltools.releasing.desk import Desk
from mltools.releasing.material import find_run, material
from mltools.releasing.page import Page
from mltools.releasing.writing import Ground

__all__ = ["Outcome", "Request", "release"]

DEADLINE = 300.0
# So often a number may be lost while nobody else is seen to take one: another process may hold a lock just now.
PATIENCE = 6


@dataclass(frozen=True, slots=True)
class Request:
    """What a release is asked to do, and the outside it may touch."""

    environ: Mapping[str, str]
    clock: Callable[[], datetime]
    say: Callable[[str], None]
    warn: Callable[[str], None]
    run: Path | None = None
    wish: Wish = NO_WISH
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. `tag` is the version that the run is released as, now (`new`) or earlier.

    `reasons` are all that led to the number, also those that weigh less than the one that decided. `steps` is what a dry
    run would have done; `problem` says what could not be completed after the tag was written.
    """

    reason: str
    tag: str | None = None
    version: str | None = None
    commit: str | None = None
    record: ReleaseRecord | None = None
    new: bool = False
    refused: bool = False
    url: str | None = None
    steps: tuple[str, ...] = ()
    problem: ProviderError | None = None
    reasons: tuple[Reason, ...] = ()


def release(project: Project, request: Request) -> Outcome:
    """Release the model of a run: of the one that is named, or of HEAD's in the journal.

    Raises RepositoryError without such a run or when the remote refuses, ConfigError when nothing says which model,
    StoreError when the model's bytes are not to be had.
    """
    writer = Writer(project.repository, request.environ)
    remote = registry.remote_of(project.repository)
    run = find_run(project, request.run, writer, remote)
    if (refused := refusal(run.record)) is not None:
        # It may have left no model at all.
        return Outcome(refused.reason, refused=True)
    found = material(project, run)
    with tempfile.TemporaryDirectory(prefix="mltools-release-") as name:
        scratch = Path(name)
        shelf = objects.open_shelf(project, found, writer, scratch)
        return _release(Desk(project, found, writer, remote, shelf, scratch), request)


def _release(desk: Desk, request: Request) -> Outcome:
    model = objects.model_of(desk)
    ground = writing.ground(desk)
    for path in ground.missing:
        request.warn(f"{path} of run {desk.material.record.id} is not here, so the version will not hold it")
    seen, stuck = None, 0
    sums = cache(lambda: manifest.checksums(desk))  # once, however often others are faster
    for attempt in attempts(DEADLINE):
        known = registry.known(desk.writer, desk.material.model, desk.remote, below=request.wish.version)
        if attempt == 0:
            _warn_of_strays(desk, request, known)
        stuck = stuck + 1 if (known.there, known.turn) == seen else 0
        if stuck > PATIENCE:
            raise RepositoryError(
                f"the tag of {desk.material.model} is refused again and again, though nobody else releases it",
                hint=f"does a branch or another ref have the tag's name? git ls-remote {desk.remote or '.'}",
            )
        seen = known.there, known.turn
        made_here = deciding.unpushed(known, desk.material, request.wish.version)
        if made_here is not None:
            outcome = _push_made(desk, request, known, *made_here)
        else:
            decision = deciding.decision(desk, model, known, ground.commit, request.wish)
            if isinstance(decision, Plan):
                decision = replace(decision, record=replace(decision.record, sha256=sums()))
            outcome = _make(desk, request, known, decision, ground)
        if outcome is not None:
            return outcome
        # Somebody else took the number meanwhile: look again at what there is.
    raise RepositoryError(
        f"others released {desk.material.model} all the time for {DEADLINE:g} s",
        hint="nothing is lost: try again",
    )


def _warn_of_strays(desk: Desk, request: Request, known: Known) -> None:
    """Versions that stand here only: pushed never, or deleted at the remote. Their numbers are not given away."""
    ours = deciding.unpushed(known, desk.material)
    for ref in known.only_here:
        name = ref.name.removeprefix(TAGS)
        if ours is None or name != ours[0]:
            request.warn(
                f"the tag {name} is here and not at {desk.remote}; push it (git push {desk.remote} '{name}') "
                f"or delete it (git tag -d '{name}')"
            )


def _make(
    desk: Desk,
    request: Request,
    known: Known,
    decision: Decision,
    ground: Ground,
) -> Outcome | None:
    """What the decision asks for; None when a number was taken by somebody else."""
    match decision:
        case Refused(reason):
            return Outcome(reason, refused=True)
        case NothingToRelease(version, reason, here=False):
            return Outcome(f"already released as {version}: {reason}", version=version)
        case NothingToRelease(version, reason):
            return _complete(desk, request, known, version)
        case Plan(record=record, reasons=reasons):
            tag = version_tag(record.model, record.version)
            if ground.commit in known.there.values():
                # A commit carries one version of a model in GTO's grammar: this one gets a commit of its own.
                ground = writing.apart(desk, ground, record.version)
            if request.dry_run:
                steps = (*objects.steps(desk), *writing.steps(desk, tag, ground))
                done = _outcome(desk, request, known, record, ground.commit, steps=steps)
                return replace(done, reasons=reasons)
            objects.keep(desk, ground.commit, when=request.clock())
            if not writing.write_tag(desk, record, ground.commit, known, when=request.clock()):
                return None
            return replace(_outcome(desk, request, known, record, ground.commit), reasons=reasons)


def _push_made(desk: Desk, request: Request, known: Known, tag: str, record: ReleaseRecord) -> Outcome | None:
    """Bring a version that was made here without the remote's knowledge to the remote."""
    commit = known.here[tag].commit
    assert commit is not None  # noqa: S101 - it holds a record
    assert desk.remote is not None  # noqa: S101 - without a remote nothing is unpushed
    if request.dry_run:
        steps = (*objects.steps(desk), f"ref     {TAGS}{tag} -> {commit[:10]} at {desk.remote}, create only")
        return _outcome(desk, request, known, record, commit, steps=steps)
    objects.keep(desk, commit, when=request.clock())
    if not writing.push_tag(desk.writer, tag, desk.remote):
        return None
    return _outcome(desk, request, known, record, commit)


def _complete(desk: Desk, request: Request, known: Known, version: str) -> Outcome | None:
    """The run is that version already; what is still missing behind the tag is made up for."""
    tag = version_tag(desk.material.model, version)
    reference = next(iter(desk.project.repository.refs(f"{TAGS}{tag}")), None)
    if reference is None and desk.remote is not None:
        desk.writer.fetch(desk.remote, f"{TAGS}{tag}:{TAGS}{tag}")
        reference = next(iter(desk.project.repository.refs(f"{TAGS}{tag}")), None)
    if reference is None or reference.kind != "tag":
        return None  # it went away, or turns out to be no version: look again
    record = release_record(reference.message)
    reason = f"already released as {version}: this commit is that version"
    if isinstance(record, Unreadable):
        return Outcome(reason, tag, version, reference.commit)
    done = _outcome(desk, request, known, record, reference.commit or record.commit)
    return replace(done, reason=reason, new=False)


def _outcome(
    desk: Desk,
    request: Request,
    known: Known,
    record: ReleaseRecord,
    commit: str,
    *,
    steps: tuple[str, ...] = (),
) -> Outcome:
    """The version with its page on the forge, where there is one."""
    done = Outcome(
        reason=record.reason,
        tag=version_tag(record.model, record.version),
        version=record.version,
        commit=commit,
        record=record,
        new=True,
        steps=steps,
    )
    forge = page.connect(request.environ)
    if forge is None:
        request.say(
            "no forge is named here (GITHUB_TOKEN, GITHUB_REPOSITORY): the version is a tag, without a page"
        )
        return done
    shown = _page(desk, known, record, commit)
    if request.dry_run:
        return replace(done, steps=(*steps, *page.steps(forge, shown)))
    try:
        return replace(done, url=page.show(forge, shown, desk.scratch))
    except ProviderError as error:
        if error.status in page.NOT_ALLOWED:
            request.warn(f"the version is a tag, without a page on the forge: {error.message}")
            return done
        return replace(done, problem=error)


def _page(desk: Desk, known: Known, record: ReleaseRecord, commit: str) -> Page:
    before = None
    if record.previous is not None:
        reference = known.here.get(version_tag(record.model, record.previous))
        before = release_record(reference.message) if reference else None
    return Page(
        record=record,
        before=before.metrics if isinstance(before, ReleaseRecord) else {},
        model=page.attachment(record, desk.shelf),
        latest="-" not in record.version and highest((*known.used, record.version)) == record.version,
        texts=_texts(desk, record, commit),
        url=page.clone_url(desk.project, desk.remote),
    )


def _texts(desk: Desk, record: ReleaseRecord, commit: str) -> dict[str, str]:
    """The files beside the model: its card, and where it comes from."""
    from mltools import cards  # noqa: PLC0415 - loads profiles and report sections, which only a page needs

    repository = desk.project.repository
    card = cards.model_card(repository, record, commit, run=desk.material.record)
    said = cards.provenance(
        repository, record, run=desk.material.record, texts={page.CARD_FILE: card, FILE: release_json(record)}
    )
    return {page.CARD_FILE: card, PROVENANCE: said}
