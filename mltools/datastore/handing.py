"""A run's objects, made elsewhere, into the project's store."""

import shutil
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from mltools.core.pipeline import FILE as PIPELINE_FILE
from mltools.core.pipeline import LOCK_FILE
from mltools.datastore import place as places
from mltools.datastore import ref
from mltools.datastore.moving import DVC_REMOTE, Moved
from mltools.datastore.place import Place
from mltools.edges import dvc, dvcconfig, files
from mltools.edges.git.checkout import checkout
from mltools.edges.git.read import Repository
from mltools.errors import RepositoryError

if TYPE_CHECKING:  # as in moving
    from mltools.edges.git.write import Writer

REFS = "refs/mltools"


def hand_in(
    writer: "Writer",
    directory: Path,
    objects: Mapping[str, Path],
    lock: bytes,
    remote: str | None,
    *,
    when: datetime,
) -> Moved:
    """Put objects that `lock` names where the project in `directory` keeps its data, and push that store.

    Raises StoreError for an object that is damaged, too large, or too much.
    """
    size = sum(files.size(path) for path in objects.values())
    repository = writer.repository
    place = places.at(repository, _prefix(repository, directory), writer.environ)
    if place is not None and dvcconfig.remote_url(place.root) is not None:
        if objects and lock:
            _to_dvc(writer, place, directory, objects, lock)
        return Moved(len(objects), size, DVC_REMOTE)
    count = ref.add(writer, objects, when=when)
    if remote:
        writer.publish(remote, ref.REF, when=when)
    return Moved(count, size if count else 0)


def _to_dvc(
    writer: "Writer", place: Place, directory: Path, objects: Mapping[str, Path], lock: bytes
) -> None:
    """Let DVC push, in a tree beside this one: `dvc push` knows objects only by a dvc.lock in a working tree.

    The tree is of the commit checked out here, not of the run's: a stranger's commit could name another remote, and be
    handed the data and the password.
    """
    head = place.repository.head()
    if head is None:
        raise RepositoryError("there is no commit here whose DVC remote could take the objects")
    for md5, path in objects.items():
        if not place.cache.has(md5):
            place.cache.put(md5, partial(_copy, path), str(path))
    with checkout(place.repository, head, REFS) as tree:
        settings = dvcconfig.elsewhere(place.root, place.cache.root.parent.parent)
        files.write_atomic(tree / place.prefix / ".dvc" / "config.local", settings)
        project = tree / _prefix(place.repository, directory)
        files.write_atomic(project / LOCK_FILE, lock)
        dvc.push(project, environ=writer.environ, targets=[PIPELINE_FILE])


def _copy(path: Path, sink: IO[bytes]) -> bool:
    with path.open("rb") as source:
        shutil.copyfileobj(source, sink, files.CHUNK)
    return True


def _prefix(repository: Repository, directory: Path) -> str:
    """The directory's place in the repository, "" or "sub/"."""
    if repository.root is None:
        return ""
    place = directory.resolve().relative_to(repository.root.resolve()).as_posix()
    return "" if place == "." else f"{place}/"
