"""Runs that other tools tracked, brought into the journal: each once, all of an import or none."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mltools import __version__, comparing, journal
from mltools.core import mlflow_store as store
from mltools.core.imported import Foreign, Whence, as_record
from mltools.core.pipeline import LOCK_FILE
from mltools.core.records import Record
from mltools.edges import documents, files
from mltools.edges.git import auditing
from mltools.edges.git.read import Repository
from mltools.errors import ConfigError, DataError, MltoolsError, UsageError

if TYPE_CHECKING:  # only who writes loads GitPython
    from mltools.edges.git.write import Writer

MOST_FILES = 50_000
MOST_BYTES = 4 << 20
_EXPERIMENTS = "refs/exps"
_EXPERIMENT = re.compile(r"refs/exps/(?P<base>[0-9a-f]{2}/(?:[0-9a-f]{38}|[0-9a-f]{62}))/(?P<name>[^/]+)")
_OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
Kept = tuple[Record, Mapping[str, bytes]]


@dataclass(frozen=True, slots=True)
class Found:
    """The runs of another tool as records with what belongs to them, and what could not be read of it.

    `there` are runs that the journal holds, be it because they came out of it.
    """

    runs: tuple[Kept, ...]
    problems: tuple[str, ...]
    there: int = 0


@dataclass(frozen=True, slots=True)
class Imported:
    """How many runs are new in the journal, and how many it held already."""

    new: int
    there: int


def keep(writer: "Writer", found: Found, tool: str, *, when: datetime) -> Imported:
    """Put the runs into the journal, in one commit."""
    new = len(found.runs)
    if new:
        message = f"Import {new:,} run{'s' * (new != 1)} from {tool}\n"
        journal.append_all(writer, found.runs, message, when=when)
    return Imported(new, found.there)


def from_mlflow(place: comparing.Place, directory: Path, commit: str) -> Found:
    """The runs of MLflow's file store. One that names no commit is said to be on top of `commit`, uncommitted.

    A run counts as clean where MLflow says that its working tree was and its commit is here; all others hold what
    somebody tried, and are never a base. Raises UsageError for a directory that is no such store.
    """
    problems: list[str] = []
    tracked = list(_tracked(directory, problems))
    here = auditing.present(place.repository, (run.tags.get(store.GIT_COMMIT, "") for _, run in tracked))
    runs: dict[str, Kept] = {}
    known = _known(place.repository)
    own = [run for _, run in tracked if run.tags.get(store.RUN_ID) in known]
    for experiment, run in tracked:
        if run.tags.get(store.RUN_ID) in known:
            continue  # it came out of this journal
        named = run.tags.get(store.GIT_COMMIT, "")
        has_commit = _OID.fullmatch(named) is not None
        whence = Whence(
            named if has_commit else commit,
            journal.IMPORT,
            __version__,
            branch=run.tags.get(store.GIT_BRANCH),
            project=place.prefix.rstrip("/") or ".",
            clean=named in here and run.tags.get(store.GIT_DIRTY) == "false",
        )
        if not has_commit:
            problems.append(
                f"{experiment}/{run.key}: names no commit; kept as uncommitted changes on {commit[:8]}"
            )
        problems += [f"{experiment}/{run.key}: {text}" for text in run.lost]
        name = f"run {run.name} of {experiment}"
        foreign = Foreign(
            "MLflow", run.key, name, run.time, run.seconds, run.metrics, run.params, lost=run.lost
        )
        _add(runs, foreign, whence, {}, problems)
    return _found(runs, known, problems, own=len(own))


def from_experiments(place: comparing.Place, environ: Mapping[str, str]) -> Found:
    """DVC's experiments of this clone. Each is a commit of its own, so it counts as clean.

    Metrics that DVC keeps and that are not here are told, as in a comparison.
    """
    repository, prefix = place.repository, place.prefix
    problems: list[str] = []
    runs: dict[str, Kept] = {}
    for ref in repository.refs(_EXPERIMENTS):
        match = _EXPERIMENT.fullmatch(ref.name)
        if match is None or ref.commit is None:
            continue
        try:
            found = comparing.snapshot(repository, prefix, ref.commit, environ=environ)
        except MltoolsError as error:
            problems.append(f"experiment {match['name']}: {error.message.splitlines()[0]}")
            continue
        problems += [f"experiment {match['name']}: {text}" for text in found.problems]
        lock = repository.read(ref.commit, f"{prefix}{LOCK_FILE}")
        foreign = Foreign(
            "DVC",
            ref.commit,
            f"experiment {match['name']} of {match['base'].replace('/', '')[:8]}",
            f"{datetime.fromtimestamp(ref.when, UTC):%Y-%m-%dT%H:%M:%SZ}",
            metrics=found.metrics,
            params=found.params,
            stages=found.stages,
            outputs={
                path: (each.file.md5, each.file.size)
                for path, each in found.files.items()
                if each.role == "output" and each.file.md5 is not None
            },
            lost=found.problems,
        )
        whence = Whence(
            ref.commit, journal.IMPORT, __version__, project=prefix.rstrip("/") or ".", clean=True
        )
        _add(runs, foreign, whence, {} if lock is None else {LOCK_FILE: lock}, problems)
    return _found(runs, _known(repository), problems)


def _known(repository: Repository) -> frozenset[str]:
    """The runs that the journal here holds, by their ids."""
    tip = repository.oid(journal.REF)
    return frozenset() if tip is None else frozenset(journal.places(repository, tip))


def _found(
    runs: Mapping[str, Kept], known: frozenset[str], problems: Iterable[str], *, own: int = 0
) -> Found:
    """The runs that the journal lacks, the oldest first."""
    new = [runs[run] for run in sorted(runs) if run not in known]
    return Found(tuple(new), tuple(problems), own + len(runs) - len(new))


def _add(
    runs: dict[str, Kept], foreign: Foreign, whence: Whence, beside: Mapping[str, bytes], problems: list[str]
) -> None:
    try:
        record = as_record(foreign, whence)
    except ConfigError as error:
        problems.append(error.message)
        return
    runs[record.id] = (record, beside)


def _tracked(directory: Path, problems: list[str]) -> Iterator[tuple[str, store.Tracked]]:
    """Each run that can be read, with its experiment's name; of the others why not."""
    metas = sorted(directory.glob(f"*/{store.META}")) if directory.is_dir() else []
    if not metas:
        raise UsageError(
            f"{directory} is no MLflow file store: no experiment's {store.META} is in it",
            hint="name the directory that MLflow calls its tracking URI, such as mlruns",
        )
    for meta in metas:
        try:
            tree = _yaml(meta)
        except (ConfigError, DataError) as error:
            problems.append(error.message.splitlines()[0])
            continue
        name = str(tree.get("name") or meta.parent.name) if isinstance(tree, dict) else meta.parent.name
        for run in sorted(path.parent for path in meta.parent.glob(f"*/{store.META}")):
            try:
                yield name, store.read_run(_yaml(run / store.META), dict(_files(run, problems)))
            except (ConfigError, DataError) as error:
                problems.append(error.message.splitlines()[0])
            except ValueError as error:
                problems.append(f"{name}/{run.name}: {error}")


def _yaml(path: Path) -> object:
    return documents.read_yaml(files.read_bytes(path), f"{path.parent.name}/{path.name}")


def _files(run: Path, problems: list[str]) -> Iterator[tuple[str, str]]:
    """The texts below a run's metrics, params and tags; links are not followed, what is too large is told."""
    count = 0
    for kind in ("metrics", "params", "tags"):
        for top, directories, names in os.walk(run / kind):
            directories.sort()
            for name in sorted(names):
                path = Path(top, name)
                count += 1
                if count > MOST_FILES:
                    raise DataError(f"{run.name}: more than {MOST_FILES:,} files")
                where = path.relative_to(run).as_posix()
                if path.is_symlink() or not path.is_file() or files.size(path) > MOST_BYTES:
                    problems.append(f"{run.name}/{where}: no plain file of at most {MOST_BYTES >> 20} MiB")
                    continue
                yield where, files.read_bytes(path).decode("utf-8", "replace")
