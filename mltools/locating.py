"""Where the bytes of a data set lie: in the project, or in a store, from which they are fetched to the project's cache."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mltools.core.config import FILE
from mltools.core.urls import is_url
from mltools.edges import files
from mltools.edges.hashes import HashCache, UnhashableError
from mltools.errors import DataError
from mltools.project import HASHES, Project

if TYPE_CHECKING:
    from mltools.edges.remote import Remote

FETCHED = "cache/remote"
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Found:
    """A data set where it lies. `key` changes with its bytes; it is None when nothing tells whether they changed."""

    path: str
    key: str | None
    remote: "Remote | None" = None


def find(project: Project, path: str) -> Found:
    """Look where a data set of mltools.yaml lies; nothing is fetched.

    The key of one in the project is its MD5 as DVC has it, a directory's ending in `.dir`. Raises DataError when
    nothing is there, or a store cannot tell.
    """
    if is_url(path):
        # DVC's file systems take longer to load than a run in which nothing changed.
        from mltools.edges import remote  # noqa: PLC0415

        found = remote.look(path, project.dvc_dir)
        return Found(path, found.stamp, found)
    if not (project.root / path).exists():
        raise DataError(
            f"{path}: no such file, but {FILE} lists it under data",
            hint="`mltools data pull` fetches tracked data; a new file is tracked with `dvc add`",
        )
    return Found(path, md5(project, path))


def bring(project: Project, found: Found, progress: Progress | None = None) -> Path:
    """The file or directory to read: itself, or a copy of what lies in a store, fetched unless it is here already."""
    if found.remote is None:
        return project.root / found.path
    from mltools.edges import remote  # noqa: PLC0415

    if not (ignore := project.work_dir / ".gitignore").exists():
        files.write_atomic(ignore, "*\n")
    return remote.fetched(found.remote, project.work_dir / FETCHED, progress)


def md5(project: Project, path: Path | str) -> str | None:
    """The MD5 of a file or directory as DVC has it; None when only DVC could tell."""
    hashes = HashCache.load(project.root, project.work_dir / HASHES)
    try:
        found = hashes.md5(str(path))
    except UnhashableError:
        found = None
    hashes.save()
    return found
