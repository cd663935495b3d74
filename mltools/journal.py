"""The journal: every run's record, kept for ever behind one append-only ref.

Its tree holds `records/<two digits>/<commit>/<run id>/` with `run.json`, `report.md`, `dvc.lock` and, below `files/`, the
results that Git keeps, below `profiles/` those of the data and below `contracts/` the contracts that no commit holds; so
the records of a commit are found without reading those of any other. Beside it,
`inputs/<two digits>/<hash>/<run id>` names the commit of each run of the same inputs, and
`<kind>/<two digits>/<commit>/<time>.json` holds facts about a commit that are no runs, such as its noise.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from mltools.core import history
from mltools.core.records import Record, parse_record
from mltools.edges import documents
from mltools.edges.git.read import Repository
from mltools.errors import ConfigError, RepositoryError

if TYPE_CHECKING:  # who only reads the journal does not pay for GitPython
    from mltools.edges.git.write import Writer

log = logging.getLogger(__name__)

REF = history.REF
RECORD_FILE = "run.json"
# What another tool recorded; no machine of ours has seen it.
IMPORT = "import"
BY_HAND = frozenset({"local", IMPORT})
RECORD_DIRECTORY = re.compile(r"records/[0-9a-f]{2}/[0-9a-f]{40,64}/[^/]+/")

_RECORD = re.compile(r"records/[0-9a-f]{2}/(?P<commit>[0-9a-f]{40,64})/(?P<id>[^/]+)/run\.json")
_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-(?P<commit>[0-9a-f]{8})-[0-9a-f]{6}")
_ATTACHMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_INPUTS = re.compile(r"inputs/[0-9a-f]{2}/[0-9a-f]+/(?P<id>[^/]+)")
# What belongs to a run's data sets, each by its hash, so that Git keeps what many runs share once.
OF_DATA = re.compile(r"profiles/(?P<profile>[0-9a-f]{8,64})\.json|contracts/(?P<contract>[0-9a-f]{32})\.yaml")
FILES = "files/"


def append(writer: "Writer", record: Record, attachments: Mapping[str, bytes], *, when: datetime) -> str:
    """Keep a record and what belongs to it; the journal's new tip. The same record again changes nothing."""
    # A branch's name may come out of a stranger's artifact: one line, whatever it holds.
    where = f" on {' '.join(record.branch.split())}" if record.branch else ""
    message = (
        f"{record.verdict}: {record.commit[:10]}{where}\n\nRun: {record.id}\nTrigger: {record.trigger}\n"
    )
    return writer.append(REF, _files(record, attachments), message, when=when)


def append_all(
    writer: "Writer", records: Iterable[tuple[Record, Mapping[str, bytes]]], message: str, *, when: datetime
) -> str:
    """Keep several records at once, each with what belongs to it: all of them or none; the journal's new tip."""
    files: dict[str, bytes] = {}
    for record, attachments in records:
        files |= _files(record, attachments)
    return writer.append(REF, files, message, when=when)


def _files(record: Record, attachments: Mapping[str, bytes]) -> dict[str, bytes]:
    """A record and what belongs to it, by their places. Raises RepositoryError for a name that cannot be kept."""
    place = directory(record)
    files = {f"{place}/{RECORD_FILE}": documents.write_json(record.as_json()).encode()}
    for name, content in attachments.items():
        parts = name.removeprefix(FILES).split("/")
        nested = name.startswith(FILES) and all(part not in {"", ".", ".."} for part in parts)
        if name == RECORD_FILE or not (nested or _ATTACHMENT.fullmatch(name) or OF_DATA.fullmatch(name)):
            raise RepositoryError(f"{name!r} cannot be kept beside a record")
        files[f"{place}/{name}"] = content
    if record.inputs is not None:
        files[f"inputs/{record.inputs[:2]}/{record.inputs}/{record.id}"] = f"{record.commit}\n".encode()
    return files


def append_note(
    writer: "Writer", kind: str, commit: str, name: str, content: bytes, *, when: datetime
) -> str:
    """Keep a fact about a commit that is no run, such as its noise; the journal's new tip."""
    place = f"{kind}/{commit[:2]}/{commit}/{name}.json"
    return append_file(writer, place, content, f"{kind}: {commit[:10]}\n", when=when)


def append_file(writer: "Writer", place: str, content: bytes, message: str, *, when: datetime) -> str:
    """Keep one file that is no run's; the journal's new tip. The same file again changes nothing."""
    return writer.append(REF, {place: content}, message, when=when)


def files_below(repository: Repository, place: str) -> Iterator[tuple[str, bytes | None]]:
    """The files below a directory of the journal in the order of their paths; None for one that is damaged."""
    tip = repository.oid(REF)
    found = {} if tip is None else repository.tree(tip, place)
    paths = sorted(found)
    for path, (_, content) in zip(paths, repository.contents(found[path] for path in paths), strict=True):
        yield path, content


def notes(repository: Repository, kind: str) -> Iterator[tuple[str, bytes]]:
    """The notes of a kind, the newest first, each with its place in the journal."""
    tip = repository.oid(REF)
    found = {} if tip is None else repository.tree(tip, kind)
    newest = sorted(found, key=lambda path: path.rpartition("/")[2], reverse=True)
    for path, (_, content) in zip(newest, repository.contents(found[path] for path in newest), strict=True):
        if content is not None:
            yield path, content


def find(repository: Repository, commit: str, project: str = ".") -> Record | None:
    """The record that speaks for a commit: CI's (or the hook's) before a local one, clean before dirty, then the newest."""
    return weightiest(record for record in of_commit(repository, commit) if record.project == project)


def weightiest(found: Iterable[Record]) -> Record | None:
    """The one of a commit's records that speaks for it, as `find` chooses; None of none."""
    return max(found, key=_weight, default=None)


def of_commit(repository: Repository, commit: str) -> Iterator[Record]:
    """Every record of one commit, newest first."""
    tip = repository.oid(REF)
    if tip is not None:
        yield from _read(repository, repository.tree(tip, f"records/{commit[:2]}/{commit}"))


def records(repository: Repository) -> Iterator[Record]:
    """Every record, newest first. One that cannot be read is warned of and left out."""
    tip = repository.oid(REF)
    if tip is not None:
        yield from _read(repository, repository.tree(tip, "records"))


def places(repository: Repository, tip: str) -> dict[str, tuple[str, str]]:
    """Where each run's record lies at a tip of the journal, by the run's id: its path and its blob."""
    found = repository.tree(tip, "records")
    return {match["id"]: (path, oid) for path, oid in found.items() if (match := _RECORD.fullmatch(path))}


def holds(repository: Repository, run_id: str) -> bool:
    """Whether there is a record of this run, be it one that cannot be read."""
    tip = repository.oid(REF)
    return tip is not None and run_id in places(repository, tip)


def at(repository: Repository, files: Mapping[str, str]) -> Iterator[Record]:
    """The records at these paths, with their blobs. One that cannot be read is warned of and left out."""
    yield from _read(repository, files)


def load(repository: Repository, run_id: str) -> Record | None:
    """The record of a run id."""
    known = _ID.fullmatch(run_id)
    tip = repository.oid(REF) if known else None
    if known is None or tip is None:
        return None
    files = repository.tree(tip, f"records/{known['commit'][:2]}")
    return next(_read(repository, {path: oid for path, oid in files.items() if f"/{run_id}/" in path}), None)


def of_inputs(repository: Repository, inputs: str) -> Iterator[Record]:
    """Every record of a run with these inputs, newest first."""
    tip = repository.oid(REF)
    if tip is not None:
        found = repository.tree(tip, f"inputs/{inputs[:2]}/{inputs}")
        ids = sorted((match["id"] for path in found if (match := _INPUTS.fullmatch(path))), reverse=True)
        yield from (record for run_id in ids if (record := load(repository, run_id)) is not None)


def bases(repository: Repository, record: Record, most: int) -> Iterator[Record]:
    """The runs that a record leads back to, each the base of the one before it: at most `most`, the nearest first.

    No history is walked, so a shallow clone gives the same answer. Ends where a base has no record.
    """
    tip = repository.oid(REF) if _base_of(record) is not None else None
    if tip is None:
        return
    seen = {record.id}
    with repository.asking() as ask:
        while len(seen) <= most and (place := _base_of(record)) is not None:
            found = next(_parsed([place], [ask(f"{tip}:{place[0]}")]), None)
            if found is None or found.id in seen or found.project != record.project:
                return
            yield found
            seen.add(found.id)
            record = found


def _base_of(record: Record) -> re.Match[str] | None:
    """Where the record of a record's base lies; None when it has none."""
    base = record.base
    if base is None or base.how != "record" or base.run is None or not _ID.fullmatch(base.run):
        return None
    return _RECORD.fullmatch(f"records/{base.commit[:2]}/{base.commit}/{base.run}/{RECORD_FILE}")


def results(repository: Repository, record: Record) -> dict[str, bytes]:
    """The results that were kept beside a record, by their paths in the project."""
    tip = repository.oid(REF)
    if tip is None:
        return {}
    top = f"{directory(record)}/{FILES}"
    contents = repository.read_many(tip, repository.tree(tip, top.rstrip("/")))
    return {path.removeprefix(top): content for path, content in contents.items() if content is not None}


def attachment(repository: Repository, record: Record, name: str) -> bytes | None:
    """What was kept beside a record under this name."""
    tip = repository.oid(REF)
    return None if tip is None else repository.read(tip, f"{directory(record)}/{name}")


def attachments(repository: Repository, record: Record, names: Iterable[str]) -> dict[str, bytes]:
    """Those of the names that were kept beside a record."""
    tip = repository.oid(REF)
    wanted = {f"{directory(record)}/{name}": name for name in names}
    if tip is None or not wanted:
        return {}
    found = repository.read_many(tip, wanted)
    return {wanted[path]: content for path, content in found.items() if content is not None}


def publish(writer: "Writer", remote: str, *, when: datetime) -> None:
    """Bring our records to a remote; those of others that are there come here on the way."""
    writer.publish(remote, REF, when=when, fits=_is_journal(writer.repository))


def fetch(writer: "Writer", remote: str) -> bool:
    """Bring a remote's records here; False when it has no journal."""
    return writer.receive(remote, REF, fits=_is_journal(writer.repository))


def _is_journal(repository: Repository) -> Callable[[str], None]:
    """Raises RepositoryError for a commit of the project that somebody named REF: nothing takes it out of a join again."""

    def check(tip: str) -> None:
        stray = next((name for name, kind in repository.top(tip).items() if kind != "tree"), None)
        if stray is not None:
            here = repository.oid(REF) == tip
            raise RepositoryError(
                f"{REF} {'here' if here else 'at the remote'} is {tip[:10]}, which holds {stray} and is no journal; "
                "nothing was joined",
                hint=f"take the name off it: git {f'update-ref -d {REF}' if here else f'push REMOTE :{REF}'}",
            )

    return check


def is_record(path: str) -> bool:
    """Whether a record lies at this path of the journal's tree."""
    return _RECORD.fullmatch(path) is not None


def run_of_inputs(path: str) -> str | None:
    """The run that a path below `inputs/` names; None for any other path."""
    match = _INPUTS.fullmatch(path)
    return None if match is None else match["id"]


def directory(record: Record) -> str:
    """Where a record lies in the journal's tree."""
    return f"records/{record.commit[:2]}/{record.commit}/{record.id}"


def _read(repository: Repository, files: Mapping[str, str]) -> Iterator[Record]:
    """The records among the files, newest first: run ids begin with the time. Read as they are asked for."""
    matches = [match for path in files if (match := _RECORD.fullmatch(path))]
    newest = sorted(matches, key=lambda match: match["id"], reverse=True)
    contents = repository.contents(files[match[0]] for match in newest)
    return _parsed(newest, (content for _, content in contents))


def _parsed(places: Iterable[re.Match[str]], contents: Iterable[bytes | None]) -> Iterator[Record]:
    for place, content in zip(places, contents, strict=True):
        if content is None:
            log.warning("%s: %s is missing or damaged; %s", REF, place[0], history.REPAIR)
            continue
        try:
            record = parse_record(documents.read_json(content, place[0]), place[0])
        except ConfigError as error:
            log.warning("%s: skipped: %s", REF, error.message)
            continue
        if (record.commit, record.id) != (place["commit"], place["id"]):
            log.warning("%s: skipped: %s speaks of another run", REF, place[0])
            continue
        yield record


def _weight(record: Record) -> tuple[bool, bool, bool, str, str]:
    elsewhere = record.trigger not in BY_HAND
    return elsewhere, not record.dirty, record.trigger != IMPORT, record.time, record.id
