"""The writes of a release: its commit, its tag on the remote and here."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from posixpath import join, normpath

from mltools.core.registry import TAGS
from mltools.core.release_record import ReleaseRecord, tag_message
from mltools.core.tags import version_tag
from mltools.edges.git import tagging
from mltools.edges.git.write import Writer
from mltools.project import LOCK_FILE, Project
from mltools.releasing.desk import Desk
from mltools.releasing.material import Material


@dataclass(frozen=True, slots=True)
class Ground:
    """The commit that a version stands on: the run's own, or one on top of it that holds what the run left.

    `files` are those that it adds, by path in the repository; `missing` were not to be had.
    """

    commit: str
    files: Mapping[str, bytes | Path]
    missing: tuple[str, ...] = ()


def ground(desk: Desk) -> Ground:
    """The commit for a run's version, made where dvc.lock or what Git tracks differ from what the run left.

    The same run gives the same commit, however often it is released: its date is the run's. No ref names it.
    """
    material = desk.material
    left, missing = _left(desk.project, material)
    if not left:
        return Ground(material.record.commit, {}, missing)
    record = material.record
    message = (
        f"Release {material.model}: what run {record.id} left\n\n"
        "On no branch: the tag of the version names it.\n\n"
        f"Run: {record.id}\nSource: {record.commit}\n"
    )
    when = datetime.strptime(record.time, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return Ground(desk.writer.commit(left, message, parent=record.commit, when=when), left, missing)


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


def write_tag(
    writer: Writer, record: ReleaseRecord, commit: str, remote: str | None, *, when: datetime
) -> bool:
    """Write the version's tag; False when a tag of that name is there already.

    With a remote the tag stands there before it stands here, so that a refused push leaves nothing behind.
    """
    name = version_tag(record.model, record.version)
    return tagging.create(writer, name, commit, tag_message(record), remote=remote, when=when)


def steps(desk: Desk, tag: str, ground: Ground) -> tuple[str, ...]:
    """What releasing writes to Git, in words."""
    lines, commit = [], ground.commit
    if ground.files:
        names = ", ".join(sorted(ground.files))
        lines.append(
            f"commit  {commit[:10]} on top of {desk.material.record.commit[:10]}, on no branch: {names}"
        )
    if desk.remote is not None:
        lines.append(f"ref     {TAGS}{tag} -> {commit[:10]} at {desk.remote}, create only")
    lines.append(f"ref     {TAGS}{tag} -> {commit[:10]} here")
    return tuple(lines)


def push_tag(writer: Writer, name: str, remote: str) -> bool:
    """Push a tag that stands here only; False when the remote has one of that name by now."""
    return tagging.pushed(writer, remote, f"{TAGS}{name}:{TAGS}{name}")


def _md5(content: bytes | None) -> str | None:
    return None if content is None else hashlib.md5(content, usedforsecurity=False).hexdigest()
