"""The writes of a release: its commit, its tag on the remote and here."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from posixpath import join, normpath

from mltools import registry
from mltools.core.registry import TAGS
from mltools.core.release_record import ReleaseRecord, tag_message
from mltools.core.tags import version_tag
from mltools.edges.git import tagging
from mltools.edges.git.tagging import Turn
from mltools.edges.git.write import Writer
from mltools.project import LOCK_FILE, Project
from mltools.registry import Known
from mltools.releasing.desk import Desk
from mltools.releasing.material import Material


@dataclass(frozen=True, slots=True)
class Ground:
    """The commit that a version stands on: the run's own, or one on top of it that holds what the run left.

    `files` are those that it adds, by path in the repository; `missing` were not to be had. `new` says that it is not
    the run's own commit.
    """

    commit: str
    files: Mapping[str, bytes | Path]
    missing: tuple[str, ...] = ()
    new: bool = False


def ground(desk: Desk) -> Ground:
    """The commit for a run's version, made where dvc.lock or what Git tracks differ from what the run left.

    The same run gives the same commit, however often it is released: its date is the run's. No ref names it.
    """
    material = desk.material
    left, missing = _left(desk.project, material)
    if not left:
        return Ground(material.record.commit, {}, missing)
    return Ground(_commit(desk, left, material.model), left, missing, new=True)


def apart(desk: Desk, ground: Ground, version: str) -> Ground:
    """The same ground as a commit of this version's own, for a run whose commit carries another version already."""
    made = _commit(desk, ground.files, f"{desk.material.model} {version}")
    return Ground(made, ground.files, ground.missing, new=True)


def _commit(desk: Desk, left: Mapping[str, bytes | Path], what: str) -> str:
    record = desk.material.record
    message = (
        f"Release {what}: what run {record.id} left\n\n"
        "On no branch: the tag of the version names it.\n\n"
        f"Run: {record.id}\nSource: {record.commit}\n"
    )
    when = datetime.strptime(record.time, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return desk.writer.commit(left, message, parent=record.commit, when=when)


def _left(project: Project, material: Material) -> tuple[dict[str, bytes | Path], tuple[str, ...]]:
    """How dvc.lock and the files that Git tracks differ between the run and its commit; which are not to be had."""
    lock = f"{project.prefix}{LOCK_FILE}"
    wanted = {normpath(join(project.prefix, path)): (path, out) for path, out in material.tracked.items()}
    committed = project.repository.read_many(material.record.commit, (lock, *wanted))
    found: dict[str, bytes | Path] = {} if committed[lock] == material.run.lock else {lock: material.run.lock}
    missing = []
    for place, (path, out) in wanted.items():
        if out.md5 is None or _md5(committed[place]) == out.md5:
            continue
        left = material.run.left(path, out.md5)
        if left is None:
            missing.append(path)
        else:
            found[place] = left
    return found, tuple(missing)


def write_tag(desk: Desk, record: ReleaseRecord, commit: str, known: Known, *, when: datetime) -> bool:
    """Write the version's tag; False when one of that name is there, or any other came since the versions were read.

    With a remote the tag stands there before it stands here, so that a refused push leaves nothing behind.
    """
    name = version_tag(record.model, record.version)
    turn = Turn(registry.turn_ref(record.model), known.turn)
    return tagging.create(
        desk.writer, name, commit, tag_message(record), remote=desk.remote, when=when, turn=turn
    )


def steps(desk: Desk, tag: str, ground: Ground) -> tuple[str, ...]:
    """What releasing writes to Git, in words."""
    lines, commit = [], ground.commit
    if ground.new:
        names = ", ".join(sorted(ground.files)) or "nothing but the version"
        lines.append(
            f"commit  {commit[:10]} on top of {desk.material.record.commit[:10]}, on no branch: {names}"
        )
    if desk.remote is not None:
        lines.append(f"ref     {TAGS}{tag} -> {commit[:10]} at {desk.remote}, create only")
        lines.append(f"ref     {registry.turn_ref(desk.material.model)} at {desk.remote}: moved with it")
    lines.append(f"ref     {TAGS}{tag} -> {commit[:10]} here")
    return tuple(lines)


def push_tag(writer: Writer, name: str, remote: str) -> bool:
    """Push a tag that stands here only; False when the remote has one of that name by now."""
    return tagging.pushed(writer, remote, f"{TAGS}{name}:{TAGS}{name}")


def _md5(content: bytes | None) -> str | None:
    return None if content is None else hashlib.md5(content, usedforsecurity=False).hexdigest()
