"""Whether the journal is what it was: nothing changed or taken out, every record readable and true to its commit.

Everything is read from this clone. What it does not hold is named, never passed over: history beyond a shallow end,
commits that were not fetched.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mltools import journal
from mltools.core import events
from mltools.core.audit import SHORT, Audit, Finding, Held, Kept, Source, judge, wanted
from mltools.core.inputs import fingerprint
from mltools.core.pipeline import FILE, LOCK_FILE
from mltools.core.records import Record, parse_record
from mltools.core.registry import TAGS
from mltools.core.release_record import ReleaseRecord, release_record
from mltools.core.stages import Lock, Pipeline
from mltools.core.tags import Action, parse_tag
from mltools.edges import documents, dvcfiles, valuefiles
from mltools.edges.git import auditing
from mltools.edges.git.read import Repository
from mltools.errors import ConfigError, DataError, RepositoryError

_WORDS = {"M": "was changed", "D": "was taken out", "T": "became another kind of file"}
EVENTS = "events/"
_POINTER = b"version https://git-lfs"
Ask = Callable[[str], bytes | None]


def verify(repository: Repository) -> Audit:
    """The journal here, checked. Raises RepositoryError when Git cannot be asked at all."""
    tip = repository.oid(journal.REF)
    named = list(_named(repository))
    findings: list[Finding] = []
    unchecked: list[str] = []
    commits = events_read = 0
    runs: list[_Run] = []
    if tip is not None:
        try:
            commits = _chain(repository, tip, findings, unchecked)
            runs, events_read = _contents(repository, tip, findings)
            _against_commits(repository, runs, findings, unchecked)
        except RepositoryError as error:
            findings.append(Finding("chain", tip, error.message))
    _releases(repository, tip, named, findings, unchecked)
    return Audit(tip, commits, len(runs), events_read, len(named), tuple(findings), tuple(unchecked))


@dataclass(frozen=True, slots=True)
class _Run:
    """A record that can be read, with the blobs that lie beside it."""

    record: Record
    beside: Mapping[str, str] = field(default_factory=dict)


def _chain(repository: Repository, tip: str, findings: list[Finding], unchecked: list[str]) -> int:
    """Every commit adds only, and every object is what its id says; how many commits there are."""
    history = auditing.history(repository, tip)
    unchecked += [f"what led to {end[:SHORT]}: this clone has no earlier commit" for end in history.cut]
    for change in auditing.changes(repository, history.commits):
        what = _WORDS.get(change.status, f"changed ({change.status})")
        findings.append(Finding("chain", f"commit {change.commit[:SHORT]}", f"{change.path} {what}"))
    findings += [
        Finding("object", oid, "missing, or its content is not what its id says")
        for oid in auditing.unsound(repository, tip)
    ]
    return len(history.commits)


def _contents(repository: Repository, tip: str, findings: list[Finding]) -> tuple[list[_Run], int]:
    """The records and events at the tip, each read and compared with where it lies."""
    tree = repository.tree(tip)
    beside: dict[str, dict[str, str]] = defaultdict(dict)
    for path, oid in tree.items():
        if match := journal.RECORD_DIRECTORY.match(path):
            beside[match[0]][path.removeprefix(match[0])] = oid
    findings += [
        Finding("record", top, f"holds no {journal.RECORD_FILE}")
        for top, files in beside.items()
        if journal.RECORD_FILE not in files
    ]
    runs, read = [], 0
    places = [path for path in tree if path.startswith(EVENTS) or journal.is_record(path)]
    contents = repository.contents(tree[path] for path in places)
    for path, (_, content) in zip(places, contents, strict=True):
        try:
            if path.startswith(EVENTS):
                read += _event(content, path)
            else:
                runs.append(_Run(_record(content, path), beside[path.removesuffix(journal.RECORD_FILE)]))
        except ConfigError as error:
            findings.append(Finding("record", path, error.message.removeprefix(f"{path}: ")))
    known = {run.record.id for run in runs}
    named = {path: run for path in tree if (run := journal.run_of_inputs(path)) is not None}
    findings += [
        Finding("inputs", path, "names a run that the journal does not hold")
        for path, run in named.items()
        if run not in known
    ]
    return runs, read


def _record(content: bytes | None, path: str) -> Record:
    if content is None:
        raise ConfigError(f"{path}: is missing or damaged")
    record = parse_record(documents.read_json(content, path), path)
    if f"{journal.directory(record)}/{journal.RECORD_FILE}" != path:
        raise ConfigError(f"{path}: speaks of another run")
    return record


def _event(content: bytes | None, path: str) -> int:
    if content is None:
        raise ConfigError(f"{path}: is missing or damaged")
    if events.place(events.parse_event(content, path)) != path:
        raise ConfigError(f"{path}: speaks of another event")
    return 1


def _against_commits(
    repository: Repository, runs: Iterable[_Run], findings: list[Finding], unchecked: list[str]
) -> None:
    """Each record against the dvc.lock and the results beside it, and against its commit where that is here."""
    of_commit: dict[str, list[_Run]] = defaultdict(list)
    for run in runs:
        of_commit[run.record.commit].append(run)
    here = auditing.present(repository, of_commit)
    absent = [commit for commit in of_commit if commit not in here]
    if absent:
        count = sum(len(of_commit[commit]) for commit in absent)
        unchecked.append(
            f"{count:,} run{'s' * (count != 1)} against the {len(absent):,} commit{'s' * (len(absent) != 1)} "
            f"that they speak of and that this clone does not hold, {absent[0][:SHORT]} among them"
        )
    with repository.asking() as ask:
        for commit, of_this in of_commit.items():
            trees: dict[str, Mapping[str, str]] = {}
            for run in of_this:
                held, problems = _held(ask, run)
                findings += problems
                source = None
                if commit in here and not run.record.dirty:
                    prefix = _prefix(run.record)
                    if prefix not in trees:
                        trees[prefix] = repository.tree(commit, prefix)
                    source = _source(ask, run.record, held.lock, trees[prefix], findings)
                findings += judge(run.record, held, source, run.record.id)


def _held(ask: Ask, run: _Run) -> tuple[Held, list[Finding]]:
    problems: list[Finding] = []
    lock: Lock | None = None
    content = ask(run.beside[LOCK_FILE]) if LOCK_FILE in run.beside else None
    if content is not None:
        try:
            lock = dvcfiles.lock_from(content)
        except ConfigError as error:
            problems.append(Finding(LOCK_FILE, run.record.id, error.message.splitlines()[0]))
    kept = {}
    for name, oid in run.beside.items():
        if name.startswith(journal.FILES) and (content := ask(oid)) is not None:
            path = name.removeprefix(journal.FILES)
            kept[path] = Kept(_md5(content), _values(content, path))
    return Held(lock, kept), problems


def _values(content: bytes, path: str) -> Mapping[str, int | float | str | bool | None] | None:
    """The file's values; None where it is none of values, as a plot is none."""
    try:
        return valuefiles.metrics_from(content, path)
    except (ConfigError, DataError):
        return None


def _source(
    ask: Ask, record: Record, lock: Lock | None, tree: Mapping[str, str], findings: list[Finding]
) -> Source | None:
    """What the record's commit says; None, and a finding, where its dvc.yaml cannot be read."""
    prefix = _prefix(record)
    declared = ask(tree[prefix + FILE]) if prefix + FILE in tree else None
    try:
        pipeline = Pipeline() if declared is None else dvcfiles.pipeline_from(declared, FILE)
    except ConfigError as error:
        findings.append(Finding(FILE, record.id, error.message.splitlines()[0]))
        return None
    md5s = {}
    for path in () if lock is None else wanted(record, lock, pipeline):
        oid = tree.get(prefix + path)
        content = None if oid is None else ask(oid)
        if content is not None and not content.startswith(_POINTER):
            # As DVC hashed the file in a working tree, where Git may have turned line ends.
            turned = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            md5s[path] = frozenset({_md5(content), _md5(turned)})
    return Source(fingerprint(tree, prefix, pipeline), pipeline, md5s)


def _named(repository: Repository) -> Iterator[tuple[str, ReleaseRecord]]:
    """The releases whose tags hold a record."""
    for ref in repository.refs(TAGS.rstrip("/")):
        name = ref.name.removeprefix(TAGS)
        said = parse_tag(name)
        if said is not None and said.action is Action.REGISTER and ref.kind == "tag":
            record = release_record(ref.message)
            if isinstance(record, ReleaseRecord):
                yield name, record


def _releases(
    repository: Repository,
    tip: str | None,
    named: list[tuple[str, ReleaseRecord]],
    findings: list[Finding],
    unchecked: list[str],
) -> None:
    """What the journal held when a version was released is still there."""
    tips = {record.journal for _, record in named if record.journal is not None}
    here = auditing.present(repository, tips)
    before = [name for name, record in named if record.journal is None]
    if before:
        count = f"{len(before):,} release{'s' * (len(before) != 1)}"
        unchecked.append(f"{count} without the journal's tip in the tag, {before[0]} among them")
    naming = [name for name, record in named if record.journal is not None]
    if tip is None and naming:
        more = f" and {len(naming) - 1:,} more" if len(naming) > 1 else ""
        said = "a journal is named, and none is here: `mltools runs sync` brings it, or somebody took it away"
        findings.append(Finding("release", f"{naming[0]}{more}", said))
        return
    for name, record in named:
        if record.journal is None:
            continue
        if record.journal not in here and repository.shallow():
            unchecked.append(
                f"the journal that {name} names, {record.journal[:SHORT]}: this clone is shallow"
            )
        elif record.journal not in here or tip is None:  # the second is never so, which types do not tell
            findings.append(
                Finding(
                    "release",
                    name,
                    f"it names the journal {record.journal[:SHORT]}, which does not lead to the one here: "
                    "this one is behind (`mltools runs sync`), or somebody took its history away",
                )
            )
        elif not repository.is_ancestor(record.journal, tip):
            findings += _lost(repository, name, record.journal, tip)


def _lost(repository: Repository, name: str, old: str, tip: str) -> Iterator[Finding]:
    """What a release's journal held and this one does not."""
    try:
        changes = auditing.differing(repository, old, tip)
    except RepositoryError as error:
        yield Finding("release", name, error.message)
        return
    for change in changes:
        what = _WORDS.get(change.status, "was changed").replace("was taken out", "is gone")
        yield Finding("release", name, f"{change.path}, which the journal held at this release, {what}")
    if not changes:
        yield Finding(
            "release",
            name,
            f"the journal no longer leads back to {old[:SHORT]}: its history was written anew",
        )


def _prefix(record: Record) -> str:
    return "" if record.project == "." else f"{record.project}/"


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
