"""What a retraining left, brought before people: record, branch, pull request, report, and the event that tells of it."""

import json
from collections.abc import Mapping
from pathlib import Path

from mltools import bundle, ci, events, publishing, surroundings
from mltools.bundle import Bundle
from mltools.ci.provider import Forge, PullRequest
from mltools.core.events import Event, Kind, event
from mltools.core.inputs import lies_in, places_of
from mltools.core.records import Record
from mltools.core.report.around import Around
from mltools.core.retrain_handover import Handover, marker, pull_request_body
from mltools.core.retraining import (
    FAILED,
    PROPOSED,
    PUSHED,
    STOPPED,
    UNCHANGED,
    Decision,
    Reason,
    non_inferior,
)
from mltools.core.retraining import (
    Kind as Why,
)
from mltools.core.tags import version_tag
from mltools.core.verdict import Outcome as Verdict
from mltools.edges import files
from mltools.errors import DataError, MltoolsError, RepositoryError
from mltools.pictures import Hosts, Place
from mltools.project import LOCK_FILE, PIPELINE_FILE, pipeline_from
from mltools.retraining import branching, knowing, merging, starting
from mltools.retraining.desk import Desk, Outcome

RUN = "run"
LARGEST_EVIDENCE = 20_000
SAID_LIMIT = 1_000


def publish(desk: Desk, handed: Handover, directory: Path, decision: Decision | None) -> Outcome:
    """Publish what was handed over; doing it again completes it and doubles nothing.

    Raises DataError for what does not fit together, RepositoryError or ProviderError where somebody refuses.
    """
    _belongs(desk, handed)
    if handed.state != "trained":
        state = UNCHANGED if handed.state == "unchanged" else FAILED
        told(desk, handed, state, {})
        return _outcome(desk, handed, state, handed.why, decision, said_no=state == FAILED)
    found = bundle.read(directory / RUN)
    commit = _commit(desk, handed, found)
    may, why = _may_merge(desk, handed, found.record)
    try:
        forge = starting.connected(desk)
        pull = _shown(desk, forge, handed=handed, found=found, directory=directory, why=why)
    except MltoolsError as error:
        _stopped(desk, handed, commit, error)
        raise
    state = PUSHED if pull is None else PROPOSED
    details = {
        "commit": commit,
        "run": found.record.id,
        "verdict": found.record.verdict.value,
        "merge": may,
        "merging": why,
        "pull_request": None if pull is None else pull.url,
        "number": None if pull is None else pull.number,
    }
    kept = told(desk, handed, state, details)
    merged = may and merging.merge(desk, forge, kept)
    where = pull.url if pull is not None else desk.branch
    word = "merged" if merged else "proposed"
    sentence = f"{word} in {where}: {found.record.summary}"
    return _outcome(
        desk, handed, "merged" if merged else state, sentence, decision,
        commit=commit, run=found.record.id, verdict=found.record.verdict.value,
        pull_request=None if pull is None else pull.url, merged=merged,
        said_no=found.record.verdict is Verdict.FAILED,
    )  # fmt: skip


def _shown(
    desk: Desk, forge: Forge | None, *, handed: Handover, found: Bundle, directory: Path, why: str
) -> PullRequest | None:
    """Record, branch, and the pull request with its report where there is a forge."""
    commit = found.record.commit
    bundle.keep(found, desk.writer, desk.project.root, desk.remote, when=desk.outside.clock())
    branching.move(desk, commit)
    if forge is None:
        branching.name_here(desk, commit)
        desk.outside.say(f"no forge is named here: the branch {desk.branch} is what there is to look at")
        return None
    pull = _pull_request(desk, forge, pull_request_body(handed, found.record, why))
    _report(desk, found, directory / RUN, pull)
    return pull


def _stopped(desk: Desk, handed: Handover, commit: str, error: MltoolsError) -> None:
    """Keep that it was refused, so that a refusal that lasts is not tried for ever."""
    why = handed.model_copy(update={"why": f"stopped: {error.message}"[:SAID_LIMIT]})
    try:
        told(desk, why, STOPPED, {"attempted": commit})
    except MltoolsError as another:
        desk.outside.warn(f"that it was refused is kept here only: {another.message}")


def told(desk: Desk, handed: Handover, state: str, details: Mapping[str, object]) -> Event:
    """The event of a retraining in the journal, here and at the remote; one that is there already stays.

    It is known by its commit, and where it made none by the run of the forge that tells of it.
    """
    url = desk.outside.context.url
    whole = {
        "schema": 1,
        "state": state,
        "branch": desk.branch,
        "base": handed.base,
        "inputs": handed.inputs,
        "reasons": [_bounded(reason.model_dump(mode="json")) for reason in handed.reasons[:20]],
        "notes": [note[:SAID_LIMIT] for note in handed.notes[:20]],
        "project": desk.project.name,
        "url": url,
        **details,
    }
    known = "commit" if details.get("commit") else "url" if url else None
    earlier = events.of_model(desk.repository, desk.model, {Kind.RETRAIN})
    same = [one for one in earlier if known and one.state == state and one.details.get(known) == whole[known]]
    if same:
        made = same[-1]
    else:
        made = event(
            Kind.RETRAIN,
            desk.model,
            when=desk.outside.clock(),
            version=handed.released,
            by=desk.writer.person,
            reason=handed.why[:SAID_LIMIT],
            details=whole,
        )
        events.record(desk.writer, made)
    if desk.remote is not None:
        events.share(desk.writer, desk.remote, made)
    return made


def _belongs(desk: Desk, handed: Handover) -> None:
    if handed.model != desk.model:
        raise DataError(f"this retraining is of {handed.model}, this project's model is {desk.model}")
    known = desk.repository.resolve(handed.base)
    if known is None or not desk.repository.is_ancestor(known, desk.tip):
        raise DataError(
            f"{handed.base[:10]}, which was retrained from, is not on {desk.base}",
            hint="was the branch rewritten? Retrain from what is there now",
        )


def _commit(desk: Desk, handed: Handover, found: Bundle) -> str:
    """The commit of the handed over results, made here again: whoever trained can put nothing else into it."""
    if found.record.dirty or found.record.project != desk.project.name:
        raise DataError(f"run {found.record.id} is none of this project's commits")
    prefix = desk.project.prefix
    content = desk.repository.read(handed.base, f"{prefix}{PIPELINE_FILE}") or b""
    places = places_of(pipeline_from(content, PIPELINE_FILE))
    left: dict[str, bytes] = {}
    for path in handed.files:
        name = path.removeprefix(prefix)
        if path == f"{prefix}{LOCK_FILE}":
            left[path] = found.lock
        elif path.startswith(prefix) and name in found.files and lies_in(name, places):
            left[path] = files.read_bytes(found.files[name])
        else:
            raise DataError(f"{path!r} is no result of the pipeline, so it goes into no commit")
    if not left:
        raise DataError("the retraining left no result")
    branching.refuse_foreign(desk)
    commit = branching.candidate(desk, handed.base, left)
    if commit != found.record.commit:
        raise RepositoryError(
            f"run {found.record.id} speaks of commit {found.record.commit[:10]}, its results make {commit[:10]}: "
            f"{desk.branch} was moved meanwhile, or the files were changed",
            hint="retrain again: it starts from what is there now",
        )
    return commit


def _may_merge(desk: Desk, handed: Handover, record: Record) -> tuple[bool, str]:
    if desk.policy.merge == "never":
        return False, "Merging it is up to you: retrain.merge is never."
    if handed.released is None or record.base is None or record.base.ref != _tag(desk, handed.released):
        return False, "Merging it is up to you: no release is there that it was compared with."
    if (newest := knowing.newest_version(desk)) != handed.released:
        return False, f"Merging it is up to you: {newest} was released since it was compared."
    may, why = non_inferior(record)
    return may, f"mltools merges it: {why}." if may else f"Merging it is up to you: {why}."


def _tag(desk: Desk, version: str) -> str:
    return f"refs/tags/{version_tag(desk.model, version)}"


def _pull_request(desk: Desk, forge: Forge, body: str) -> PullRequest:
    """The one pull request of the branch, found or opened. One that a person opened keeps its text."""
    owner = forge.repository.split("/")[0]
    found = [pull for pull in forge.pull_requests_from(owner, desk.branch) if pull.base == desk.base]
    pull = next((pull for pull in found if marker(desk.model) in pull.body), None) or next(iter(found), None)
    if pull is None:
        pull = forge.create_pull_request(desk.branch, desk.base, f"Retrain {desk.model}", body)
        desk.outside.say(f"opened {pull.url}")
    if marker(desk.model) not in pull.body:
        desk.outside.say(f"pull request #{pull.number} was opened by a person: its text is left alone")
    elif pull.body.strip() != body.strip():
        forge.update_pull_request(pull.number, body)
        desk.outside.say(f"brought pull request #{pull.number} up to date")
    return pull


def _report(desk: Desk, found: Bundle, directory: Path, pull: PullRequest) -> None:
    """The normal report on the pull request, and the commit's status: what the default token pushes starts no run."""
    outside, record = desk.outside, found.record
    head = PullRequest(
        pull.number, pull.state, record.commit, pull.head_repository, pull.base_repository, pull.url
    )
    posting = publishing.Posting(
        record=record,
        context=outside.context,
        provider=ci.detect(outside.environ) or ci.PROVIDERS["github"],
        environ=outside.environ,
        directory=directory,
        say=outside.say,
        warn=outside.warn,
        around=_around(desk, found),
        pulls=(head,),
    )
    publishing.post(posting)


def _around(desk: Desk, found: Bundle) -> Around:
    """What the report shows beside the record; pictures only where they were put just now."""
    project, outside = desk.project, desk.outside
    hosts = Hosts.of(outside.environ)
    place = Place(project, hosts, found.record.time)
    put = surroundings.put_images(place, found.images, desk.writer, outside.warn, when=outside.clock())
    if put:
        return surroundings.posted(project, found.record, hosts, outside.warn)
    return surroundings.known(project, found.record, outside.warn)


def _bounded(tree: dict[str, object]) -> dict[str, object]:
    """A reason as an event takes it: its evidence left out where it is beyond measure."""
    return tree if len(json.dumps(tree)) <= LARGEST_EVIDENCE else {**tree, "evidence": {}}


def _outcome(
    desk: Desk, handed: Handover, state: str, sentence: str, decision: Decision | None, **more: object
) -> Outcome:
    known: tuple[Reason, ...] = ()
    if decision is not None:
        known = decision.reasons
    else:
        kinds: dict[str, Why] = {"drift": "drift", "data": "data", "schedule": "schedule"}
        known = tuple(
            Reason(kinds.get(each.kind, "hand"), each.sentence, each.evidence) for each in handed.reasons
        )
    return Outcome(state, sentence, known, decision, desk.branch, **more)  # type: ignore[arg-type]
