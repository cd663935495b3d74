"""What a revision or the working tree holds: metrics, params, stages and files, read without checking out.

dvc.yaml and dvc.lock of that revision say which files count. Contents come from Git objects; metrics that DVC caches
come from DVC's cache or from the project's store in Git. What cannot be had is named in `problems`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mltools.core.comparison import Snapshot, TrackedFile
from mltools.core.metrics import Scalar
from mltools.core.pipeline import DEFAULT_PARAMS, FILE, LOCK_FILE, metric_files, outputs, params_files
from mltools.core.stages import Lock, LockedFile, Pipeline
from mltools.edges import contents, documents, dvcfiles, valuefiles
from mltools.edges.contents import Contents
from mltools.edges.git.read import Repository
from mltools.errors import ConfigError, DataError, RepositoryError

POLICY = "mltools.yaml"
WORKTREE = "working tree"


class Place(Protocol):
    """Where a project lies; a Project is one."""

    @property
    def root(self) -> Path: ...
    @property
    def repository(self) -> Repository: ...
    @property
    def prefix(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Located:
    """A place without its configuration, which a comparison does not need."""

    root: Path
    repository: Repository
    prefix: str


def locate(directory: Path) -> Located:
    """The project that `directory` lies in: the nearest directory upwards with mltools.yaml or dvc.yaml.

    Raises RepositoryError outside Git, ConfigError when there is neither file.
    """
    repository = Repository.find(directory)
    top = repository.root
    if top is None:
        raise RepositoryError(f"{directory} is a bare repository", hint="compare in a clone of it")
    top, here = top.resolve(), directory.resolve()
    upwards = [here, *here.parents]
    inside = upwards[: upwards.index(top) + 1] if top in upwards else [here]
    for name in (POLICY, FILE):
        for root in inside:
            if (root / name).is_file():
                prefix = root.relative_to(top).as_posix()
                return Located(root, repository, "" if prefix == "." else f"{prefix}/")
    raise ConfigError(
        f"neither {POLICY} nor {FILE} in {directory} or above it, up to the repository's top",
        hint="make a project with `mltools init DIR`, or work in the directory of one",
    )


def base_branch(place: Place) -> str:
    """The branch that mltools.yaml compares with: its remote's tip where that is known, else the local one.

    A local tip that is ahead of the remote's counts more.
    """
    name = _policy_base(place.root / POLICY)
    remote, local = f"refs/remotes/origin/{name}", f"refs/heads/{name}"
    tips = {ref.name: ref.commit for ref in place.repository.refs(remote, local) if ref.commit}
    first, second = tips.get(remote), tips.get(local)
    if first is not None and (
        second is None or first == second or not place.repository.is_ancestor(first, second)
    ):
        return f"origin/{name}"
    return name


def snapshot(
    repository: Repository, prefix: str, rev: str, *, environ: Mapping[str, str] | None = None
) -> Snapshot:
    """The project below `prefix` at a revision.

    Raises RepositoryError for an unknown revision, ConfigError for a dvc.yaml, dvc.lock or params that are wrong there,
    DataError for metrics that cannot be understood: each names the file and the revision.
    """
    commit = commit_of(repository, rev)
    source = contents.at_revision(repository, prefix, rev, commit, environ or {})
    return _snapshot(source, rev, commit)


def snapshot_worktree(place: Place, *, environ: Mapping[str, str] | None = None) -> Snapshot:
    """The project as it stands in the working tree. Raises as `snapshot` does."""
    source = contents.in_worktree(place.root, place.repository, place.prefix, environ or {})
    return _snapshot(source, WORKTREE, None)


def content_of(
    place: Place, path: str, *, rev: str | None = None, environ: Mapping[str, str] | None = None
) -> bytes:
    """A file's bytes in the working tree or at a revision, from Git, DVC's cache or the project's store.

    Raises DataError when it is in none of them, RepositoryError for an unknown revision.
    """
    if rev is None:
        source = contents.in_worktree(place.root, place.repository, place.prefix, environ or {})
    else:
        commit = commit_of(place.repository, rev)
        source = contents.at_revision(place.repository, place.prefix, rev, commit, environ or {})
    declared = source.read([LOCK_FILE, FILE, path])
    pipeline, lock = Pipeline(), Lock()
    if (content := declared[FILE]) is not None:
        pipeline = dvcfiles.pipeline_from(content, f"{FILE}{source.at}")
    if (content := declared[LOCK_FILE]) is not None:
        lock = dvcfiles.lock_from(content, f"{LOCK_FILE}{source.at}")
    found = source.get(path, declared[path], outputs(pipeline, lock).get(path))
    if path not in found:
        raise DataError(source.problems[-1] if source.problems else f"{path}{source.at}: is not there")
    return found[path]


def commit_of(repository: Repository, rev: str) -> str:
    """The commit of a revision; a branch that is here only as the remote's is meant by its short name, too."""
    commit = repository.resolve(rev) or repository.resolve(f"refs/remotes/origin/{rev}")
    if commit is not None:
        return commit
    branch = rev.removeprefix("origin/")
    hint = "`git branch -a` and `git tag` list what there is"
    plain = not any(mark in branch for mark in "~^:@")  # else it is no name that a remote knows
    if repository.shallow():
        one = f"`git fetch --depth=1 origin {branch}` brings that revision" if plain else ""
        hint = f"this clone is shallow: {one or '`git fetch --unshallow` brings the rest of the history'}"
    elif plain and repository.remotes():
        hint = (
            f"`git fetch origin {branch}` brings a branch of the remote; `git branch -a` lists what there is"
        )
    raise RepositoryError(f"unknown revision {rev!r}", hint=hint)


def _policy_base(path: Path) -> str:
    """`compare.base` of mltools.yaml. Read by itself, because the whole model takes longer than the comparison."""
    content = contents.on_disk(path)
    tree = documents.read_yaml(content, POLICY) if content is not None else None
    section = tree.get("compare") if isinstance(tree, dict) else None
    base = section.get("base") if isinstance(section, dict) else None
    return base if isinstance(base, str) and base else "main"


def _snapshot(source: Contents, name: str, commit: str | None) -> Snapshot:
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
            for path, content in source.get(wanted, found[wanted], held.get(wanted)).items()
        },
        params_by_file=dict(_params(source, pipeline, {path: found[path] for path in params}, held)),
        stages={entry.name: entry.md5 for entry in lock.stages.values()},
        files=dict(_tracked(pipeline, lock, made)),
        problems=tuple(source.problems),
    )


def _params(
    source: Contents, pipeline: Pipeline, found: Mapping[str, bytes | None], held: Mapping[str, LockedFile]
) -> Iterator[tuple[str, Mapping[str, Scalar]]]:
    keys = _declared_keys(pipeline)
    for wanted, there in found.items():
        for path, content in source.get(wanted, there, held.get(wanted)).items():
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
