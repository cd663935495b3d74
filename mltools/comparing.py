"""What a revision or the working tree holds: metrics, params, stages and files, read without checking out.

dvc.yaml and dvc.lock of that revision say which files count. Contents come from Git objects; metrics that DVC caches
come from DVC's cache or from the project's store in Git. What cannot be had is named in `problems`.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mltools.core.comparison import Snapshot, TrackedFile
from mltools.core.freshness import UnsureError
from mltools.core.metrics import Scalar
from mltools.core.pipeline import DEFAULT_PARAMS, FILE, LOCK_FILE, metric_files, outputs, params_files
from mltools.core.stages import Lock, LockedFile, Pipeline
from mltools.edges import documents, dvcfiles, valuefiles
from mltools.edges.git.read import Repository
from mltools.errors import DataError

STORE = "refs/mltools/objects"
WORKTREE = "working tree"
SHORT = 8


class Place(Protocol):
    """Where a project lies; a Project is one."""

    @property
    def root(self) -> Path: ...
    @property
    def repository(self) -> Repository: ...
    @property
    def prefix(self) -> str: ...


def snapshot(
    repository: Repository, prefix: str, rev: str, *, environ: Mapping[str, str] | None = None
) -> Snapshot:
    """The project below `prefix` at a revision.

    Raises RepositoryError for an unknown revision, ConfigError for a dvc.yaml or dvc.lock that is wrong there,
    DataError for metrics or params that cannot be understood: each names the file and the revision.
    """
    commit = repository.commit(rev)
    source = _Source(
        at=f" at {commit[:SHORT] if rev == commit else rev}",
        read=lambda paths: _read_at(repository, commit, prefix, paths),
        below=lambda path: _below_at(repository, commit, prefix, path),
        keep=_Keep(repository, prefix, environ or {}),
    )
    return _snapshot(source, rev, commit)


def snapshot_worktree(place: Place, *, environ: Mapping[str, str] | None = None) -> Snapshot:
    """The project as it stands in the working tree. Raises as `snapshot` does."""
    root = place.root
    source = _Source(
        at="",
        read=lambda paths: {path: _on_disk(root / path) for path in paths},
        below=lambda path: _below_on_disk(root, path),
        keep=_Keep(place.repository, place.prefix, environ or {}),
    )
    return _snapshot(source, WORKTREE, None)


class _AbsentError(Exception):
    """A content that is declared and cannot be had; the text says why."""


@dataclass(frozen=True, slots=True)
class _Keep:
    """Where contents are found by their hash: DVC's cache, then the project's store in Git."""

    repository: Repository
    prefix: str
    environ: Mapping[str, str]

    def get(self, md5: str) -> bytes:
        bare = md5.removesuffix(".dir")
        for content in self._candidates(f"{md5[:2]}/{md5[2:]}"):
            if content is not None and hashlib.md5(content, usedforsecurity=False).hexdigest() == bare:
                return content
        raise _AbsentError(
            f"its content is kept by DVC (md5 {bare}) and is not here; `dvc fetch` or `mltools data pull` brings it"
        )

    def _candidates(self, place: str) -> Iterator[bytes | None]:
        if (dvc_dir := self._dvc_dir()) is not None:
            try:
                yield _on_disk(dvcfiles.cache_dir(dvc_dir, self.environ) / place)
            except UnsureError as error:
                raise _AbsentError(f"its content is in a DVC cache that only DVC finds: {error}") from error
        for _, content in self.repository.contents([f"{STORE}:md5/{place}"]):
            yield content

    def _dvc_dir(self) -> Path | None:
        top = self.repository.root
        if top is None:
            return None
        steps = [step for step in self.prefix.split("/") if step]
        places = (top.joinpath(*steps[:depth], ".dvc") for depth in range(len(steps), -1, -1))
        return next((place for place in places if place.is_dir()), None)


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a snapshot's contents come from; `at` is how messages say so."""

    at: str
    read: Callable[[list[str]], Mapping[str, bytes | None]]
    below: Callable[[str], Mapping[str, bytes]]
    keep: _Keep
    problems: list[str] = field(default_factory=list)

    def contents(self, path: str, content: bytes | None, locked: LockedFile | None) -> Mapping[str, bytes]:
        """A file's content by its path, or those of a directory's files; a problem is noted when there is none."""
        if content is not None:
            return {path: content}
        if inside := self.below(path):
            return inside
        try:
            return dict(self._kept(path, locked))
        except _AbsentError as error:
            self.problems.append(f"{path}{self.at}: {error}")
            return {}

    def _kept(self, path: str, locked: LockedFile | None) -> Iterator[tuple[str, bytes]]:
        if locked is None or locked.md5 is None:
            raise _AbsentError(f"{FILE} declares it, and it is not there")
        content = self.keep.get(locked.md5)
        if not locked.is_dir:
            yield path, content
            return
        for entry in documents.read_json(content, f"{path}{self.at}"):
            yield f"{path}/{entry['relpath']}", self.keep.get(entry["md5"])


def _snapshot(source: _Source, name: str, commit: str | None) -> Snapshot:
    declared = source.read([FILE, LOCK_FILE])
    pipeline, lock = Pipeline(), Lock()
    if (content := declared[FILE]) is not None:
        pipeline = dvcfiles.pipeline_from(content, f"{FILE}{source.at}")
    if (content := declared[LOCK_FILE]) is not None:
        lock = dvcfiles.lock_from(content, f"{LOCK_FILE}{source.at}")
    made = outputs(pipeline, lock)
    cached = {stage.place(out.path) for stage in pipeline.stages for out in stage.outs if out.cache}
    held = {path: file for path, file in made.items() if path in cached or pipeline.unsure}
    metrics, params = metric_files(pipeline, lock), params_files(pipeline, lock)
    found = source.read([*metrics, *params]) if metrics or params else {}
    return Snapshot(
        name=name,
        commit=commit,
        metrics_by_file={
            path: valuefiles.metrics_from(content, path, source.at)
            for wanted in metrics
            for path, content in source.contents(wanted, found[wanted], held.get(wanted)).items()
        },
        params_by_file=dict(_params(source, pipeline, {path: found[path] for path in params}, held)),
        stages={entry.name: entry.md5 for entry in lock.stages.values()},
        files=dict(_tracked(pipeline, lock, made)),
        problems=tuple(source.problems),
    )


def _params(
    source: _Source, pipeline: Pipeline, found: Mapping[str, bytes | None], held: Mapping[str, LockedFile]
) -> Iterator[tuple[str, Mapping[str, Scalar]]]:
    keys = _declared_keys(pipeline)
    for wanted, there in found.items():
        for path, content in source.contents(wanted, there, held.get(wanted)).items():
            if path.endswith(".py"):
                source.problems.append(f"{path}{source.at}: params written in Python are read by DVC alone")
            else:
                yield path, valuefiles.params_from(content, path, source.at, keys=keys.get(wanted, ()))


def _declared_keys(pipeline: Pipeline) -> dict[str, tuple[str, ...]]:
    """The keys that stages declare of each params file; none for params.yaml and for files declared whole."""
    keys: dict[str, tuple[str, ...]] = {}
    whole = {DEFAULT_PARAMS}
    for stage in pipeline.stages:
        for spec in stage.params:
            place = stage.place(spec.path)
            keys[place] = (*keys.get(place, ()), *spec.keys)
            if not spec.keys:
                whole.add(place)
    return {place: wanted for place, wanted in keys.items() if place not in whole}


def _tracked(
    pipeline: Pipeline, lock: Lock, made: Mapping[str, LockedFile]
) -> Iterator[tuple[str, TrackedFile]]:
    for entry in lock.stages.values():
        if (stage := pipeline.stage(entry.name)) is not None:
            places = ((stage.place(dep.path), dep) for dep in entry.deps)
            yield from ((place, TrackedFile(dep, "input")) for place, dep in places if place not in made)
    yield from ((place, TrackedFile(file, "output")) for place, file in made.items())


def _read_at(repository: Repository, commit: str, prefix: str, paths: list[str]) -> dict[str, bytes | None]:
    found = repository.read_many(commit, [f"{prefix}{path}" for path in paths])
    return {path: found[f"{prefix}{path}"] for path in paths}


def _below_at(repository: Repository, commit: str, prefix: str, path: str) -> dict[str, bytes]:
    names = list(repository.tree(commit, f"{prefix}{path}"))
    found = repository.read_many(commit, names) if names else {}
    return {name.removeprefix(prefix): content for name, content in found.items() if content is not None}


def _on_disk(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error


def _below_on_disk(root: Path, path: str) -> dict[str, bytes]:
    top = root / path
    if not top.is_dir():
        return {}
    inside = sorted(place for place in top.rglob("*") if place.is_file())
    return {place.relative_to(root).as_posix(): place.read_bytes() for place in inside}
