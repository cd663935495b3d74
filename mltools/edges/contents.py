"""Files' contents as a revision or the working tree has them, those that DVC keeps included."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mltools.core.freshness import UnsureError
from mltools.core.pipeline import FILE
from mltools.core.stages import LockedFile
from mltools.edges import documents, dvcfiles
from mltools.edges.git.read import Repository
from mltools.errors import DataError

STORE = "refs/mltools/objects"
SHORT = 8


def at_revision(
    repository: Repository, prefix: str, rev: str, commit: str, environ: Mapping[str, str]
) -> "Contents":
    """The files below `prefix` at a commit that the user called `rev`."""
    return Contents(
        at=f" at {commit[:SHORT] if rev == commit else rev}",
        read=lambda paths: _read_at(repository, commit, prefix, paths),
        below=lambda path: _below_at(repository, commit, prefix, path),
        keep=_Keep(repository, prefix, environ),
    )


def in_worktree(root: Path, repository: Repository, prefix: str, environ: Mapping[str, str]) -> "Contents":
    """The files below `root` as they stand."""
    return Contents(
        at="",
        read=lambda paths: {path: on_disk(root / path) for path in paths},
        below=lambda path: _below_on_disk(root, path),
        keep=_Keep(repository, prefix, environ),
    )


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
                yield on_disk(dvcfiles.cache_dir(dvc_dir, self.environ) / place)
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
class Contents:
    """Where contents come from. `at` is how messages say so; `problems` collects what could not be had, and why."""

    at: str
    read: Callable[[list[str]], Mapping[str, bytes | None]]
    below: Callable[[str], Mapping[str, bytes]]
    keep: _Keep
    problems: list[str] = field(default_factory=list)

    def get(self, path: str, content: bytes | None, locked: LockedFile | None) -> Mapping[str, bytes]:
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


def _read_at(repository: Repository, commit: str, prefix: str, paths: list[str]) -> dict[str, bytes | None]:
    found = repository.read_many(commit, [f"{prefix}{path}" for path in paths])
    return {path: found[f"{prefix}{path}"] for path in paths}


def _below_at(repository: Repository, commit: str, prefix: str, path: str) -> dict[str, bytes]:
    names = list(repository.tree(commit, f"{prefix}{path}"))
    found = repository.read_many(commit, names) if names else {}
    return {name.removeprefix(prefix): content for name, content in found.items() if content is not None}


def on_disk(path: Path) -> bytes | None:
    """A file's content, None when there is none. Raises DataError when it cannot be read."""
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
