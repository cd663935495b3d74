"""The model's bytes, brought to where everybody finds them before any tag speaks of them."""

import shutil
from datetime import datetime
from pathlib import Path
from posixpath import join
from typing import IO

from mltools import datastore, modelfiles
from mltools.core.release_record import ModelFile
from mltools.datastore.ref import held
from mltools.edges import dvc, dvcconfig, files, objectcache
from mltools.edges.git.checkout import checkout
from mltools.edges.git.write import Writer
from mltools.errors import RepositoryError, StoreError
from mltools.modelfiles import Shelf
from mltools.project import LOCK_FILE, Project
from mltools.releasing.desk import Desk
from mltools.releasing.material import Material

REFS = "refs/mltools"


def open_shelf(project: Project, material: Material, writer: Writer, scratch: Path) -> Shelf:
    """Where the model of a run is looked for: what the run left, DVC's cache, the store, the run's commit."""
    left = None if material.md5.endswith(".dir") else material.run.left(material.path, material.md5)
    if isinstance(left, bytes):
        (scratch / "left").write_bytes(left)
        left = scratch / "left"
    place = join(project.prefix, material.path)
    return modelfiles.shelf(
        project.repository,
        project.prefix,
        writer.environ,
        scratch=scratch,
        places=material.run.objects,
        loose={} if left is None else {material.md5: left},
        blobs={material.md5: f"{material.record.commit}:{place}"},
    )


def model_of(desk: Desk) -> ModelFile:
    """The model as its release record will know it. Raises StoreError when its bytes are nowhere."""
    material = desk.material
    members = desk.shelf.members(material.md5)
    if members is None and desk.remote is not None and desk.writer.receive(desk.remote, datastore.REF):
        members = desk.shelf.members(material.md5)
    if members is None:
        raise StoreError(
            f"the model {material.path} of run {material.record.id} (MD5 {material.md5}) is not here",
            hint="where the run took place: `mltools data push`; here: `mltools data pull`, or `mltools run` again",
        )
    return modelfiles.model_file(material.path, material.md5, members)


def keep(desk: Desk, commit: str, *, when: datetime) -> None:
    """Bring the model to the DVC remote, or to the project's store and that to the remote, and see that it is there.

    Raises StoreError when it is too large for the store, or did not arrive.
    """
    material = desk.material
    if material.in_git:
        return
    if datastore.has_dvc_remote(desk.project):
        _to_dvc_remote(desk, commit)
        return
    objects = desk.shelf.objects(material.md5)
    if objects is None:
        raise StoreError(f"the model {material.path} (MD5 {material.md5}) went away while it was released")
    datastore.add(desk.writer, objects, when=when, names=dict.fromkeys(objects, material.path))
    if desk.remote is not None:
        desk.writer.publish(desk.remote, datastore.REF, when=when)
        _require_at(desk.writer, desk.remote)
    if lost := set(objects) - set(held(desk.project.repository, objects)):
        raise StoreError(
            f"{datastore.REF} does not hold {min(lost)} of {material.path}; nothing was released"
        )


def steps(desk: Desk) -> tuple[str, ...]:
    """What `keep` would do, in words."""
    if desk.material.in_git:
        return ()
    if datastore.has_dvc_remote(desk.project):
        return (f"dvc     push {desk.material.path} to the DVC remote",)
    objects = desk.shelf.objects(desk.material.md5) or {}
    there = held(desk.project.repository, objects)
    size = sum(files.size(path) for md5, path in objects.items() if md5 not in there)
    at = f" here and at {desk.remote}" if desk.remote else " here"
    count = len(objects) - len(there)
    return (f"ref     {datastore.REF}{at}: {count} new object{'' if count == 1 else 's'}, {size:,} bytes",)


def _require_at(writer: Writer, remote: str) -> None:
    """The remote's store must be ours, or hold it: it is append-only, so its tip is enough to see that."""
    repository = writer.repository
    there = writer.remote_refs(remote, datastore.REF).get(datastore.REF)
    ours = repository.oid(datastore.REF)
    if there == ours or there is None or ours is None:
        held = there is not None
    else:
        # Somebody has added since.
        held = writer.receive(remote, datastore.REF) and repository.is_ancestor(ours, there)
    if not held:
        raise RepositoryError(f"{remote} does not hold {datastore.REF} after the push; nothing was released")


def _to_dvc_remote(desk: Desk, commit: str) -> None:
    """`dvc push` in the state of the release commit: in the working tree if it is that, else in a tree of its own."""
    project, material, environ = desk.project, desk.material, desk.writer.environ
    lock = project.root / LOCK_FILE
    if lock.is_file() and files.read_bytes(lock) == material.run.lock and not material.run.objects:
        dvc.push(project.root, environ=environ, targets=[material.path])
        return
    place = datastore.place.of_project(project, environ)
    dvc_root = dvc.find_root(project.root)
    if place is None or dvc_root is None:
        raise StoreError(f"{project.root} is in no DVC repository", hint="`dvc init` makes one")
    for md5, path in (desk.shelf.objects(material.md5) or {}).items():
        if not place.cache.has(md5):
            place.cache.put(md5, _writing(path), str(path))
    with checkout(project.repository, commit, REFS) as tree:
        settings = dvcconfig.elsewhere(dvc_root, place.cache.root.parent.parent)
        files.write_atomic(tree / place.prefix / ".dvc" / "config.local", settings)
        dvc.push(tree / project.prefix, environ=environ, targets=[material.path])


def _writing(path: Path) -> objectcache.Write:
    def write(sink: IO[bytes]) -> bool:
        with path.open("rb") as source:
            shutil.copyfileobj(source, sink, files.CHUNK)
        return True

    return write
