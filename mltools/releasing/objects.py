"""The model's bytes and the data behind it, brought to where everybody finds them before any tag speaks of them."""

import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from posixpath import join
from typing import IO

from mltools import datastore, journal, modelfiles
from mltools.core.release_record import ModelFile
from mltools.datastore.ref import held
from mltools.edges import dvc, dvcconfig, files, objectcache
from mltools.edges.dvcwants import Want
from mltools.edges.git.checkout import checkout
from mltools.edges.git.write import Writer
from mltools.errors import RepositoryError, StoreError
from mltools.modelfiles import Shelf
from mltools.project import LOCK_FILE, Project
from mltools.releasing import data
from mltools.releasing.desk import Desk
from mltools.releasing.material import Material

REFS = "refs/mltools"


def open_shelf(project: Project, material: Material, writer: Writer, scratch: Path) -> Shelf:
    """Where the model of a run and its data are looked for: what the run left, DVC's cache, the store, the run's commit."""
    left = None if material.md5.endswith(".dir") else material.run.left(material.path, material.md5)
    if isinstance(left, bytes):
        (scratch / "left").write_bytes(left)
        left = scratch / "left"
    commit = material.record.commit
    read = {
        data.md5: data.path for data in material.record.data if data.md5 and not data.md5.endswith(".dir")
    }
    here = {md5: path for md5, name in read.items() if (path := project.root / name).is_file()}
    return modelfiles.shelf(
        project.repository,
        project.prefix,
        writer.environ,
        scratch=scratch,
        places=material.run.objects,
        loose=here if left is None else {**here, material.md5: left},
        blobs={
            md5: f"{commit}:{join(project.prefix, name)}"
            for md5, name in {**read, material.md5: material.path}.items()
        },
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
    """Bring model and data to the DVC remote, or to the project's store and that to the remote, and see them there.

    Raises StoreError when they are too large for the store, nowhere, or did not arrive.
    """
    wants = data.sources(desk)
    if desk.remote is not None and desk.project.repository.oid(journal.REF) is not None:
        # The tag will name the journal's tip: whoever verifies it must find it.
        journal.publish(desk.writer, desk.remote, when=when)
    if desk.material.in_git and not wants:
        return
    if datastore.has_dvc_remote(desk.project):
        _to_dvc_remote(desk, commit, data.targets(desk, wants))
    else:
        # What DVC 2 wrote cannot be checked; no store of ours has ever held it.
        _to_store(desk, [want for want in wants if not want.legacy], when=when)


def _to_store(desk: Desk, wants: Sequence[Want], *, when: datetime) -> None:
    material = desk.material
    objects = {} if material.in_git else desk.shelf.objects(material.md5)
    if objects is None:
        raise StoreError(f"the model {material.path} (MD5 {material.md5}) went away while it was released")
    datastore.add(desk.writer, objects, when=when, names=dict.fromkeys(objects, material.path))
    place = datastore.place.of_project(desk.project, desk.writer.environ) if wants else None
    if place is not None:
        try:
            datastore.push_wants(place, desk.writer, wants, desk.remote, when=when)
        except StoreError as error:
            raise StoreError(
                f"{error.message}; nothing was released", hint="where the data is: `mltools data push`"
            ) from error
    elif desk.remote is not None:
        desk.writer.publish(desk.remote, datastore.REF, when=when)
    if desk.remote is not None:
        _require_at(desk.writer, desk.remote)
    if lost := set(objects) - set(held(desk.project.repository, objects)):
        raise StoreError(
            f"{datastore.REF} does not hold {min(lost)} of {material.path}; nothing was released"
        )


def steps(desk: Desk) -> tuple[str, ...]:
    """What `keep` would do, in words."""
    there = desk.remote is not None and desk.project.repository.oid(journal.REF) is not None
    return (
        *((f"ref     {journal.REF} at {desk.remote}: joined with ours",) if there else ()),
        *_stored(desk),
    )


def _stored(desk: Desk) -> tuple[str, ...]:
    wants = data.sources(desk)
    if desk.material.in_git and not wants:
        return ()
    if datastore.has_dvc_remote(desk.project):
        return (f"dvc     push {', '.join(data.targets(desk, wants))} to the DVC remote",)
    objects = {} if desk.material.in_git else dict(desk.shelf.objects(desk.material.md5) or {})
    objects |= data.at_hand(desk, wants)
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


def _to_dvc_remote(desk: Desk, commit: str, targets: Sequence[str]) -> None:
    """`dvc push` in the state of the release commit: in the working tree if it is that, else in a tree of its own."""
    project, material, environ = desk.project, desk.material, desk.writer.environ
    lock = project.root / LOCK_FILE
    if lock.is_file() and files.read_bytes(lock) == material.run.lock and not material.run.objects:
        _push(project.root, environ, targets)
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
        _push(tree / project.prefix, environ, targets)


def _push(root: Path, environ: Mapping[str, str], targets: Sequence[str]) -> None:
    """Push, and ask the remote afterwards: DVC says nothing of data that it had not here to push."""
    dvc.push(root, environ=environ, targets=targets)
    if lost := dvc.lacking(root, environ=environ, targets=targets):
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        raise StoreError(
            f"the DVC remote does not hold {lost[0]}{more}, nor can it be pushed from here; nothing was released",
            hint="where the data is: `dvc push`",
        )


def _writing(path: Path) -> objectcache.Write:
    def write(sink: IO[bytes]) -> bool:
        with path.open("rb") as source:
            shutil.copyfileobj(source, sink, files.CHUNK)
        return True

    return write
