"""Objects moved: from the cache to where the project keeps them, and back into cache and workspace."""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from posixpath import relpath
from typing import TYPE_CHECKING

from mltools.datastore import ref
from mltools.datastore.place import (
    NO_ENVIRON,
    Item,
    Place,
    at_hand,
    dvc_prefix,
    has_dvc_remote,
    items,
    listing,
    lock_of,
    of_project,
    of_worktree,
)
from mltools.edges import dvc, dvcwants, files
from mltools.edges.dvcwants import Want
from mltools.errors import RepositoryError, StoreError
from mltools.project import Project

if TYPE_CHECKING:  # a run that misses nothing does not pay for GitPython
    from mltools.edges.git.write import Writer

DVC_REMOTE = "the DVC remote"
ORIGIN = "origin"


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did: `missing` are outputs that are nowhere, which `dvc repro` makes again."""

    objects: int = 0
    bytes: int = 0
    store: str = ref.REF
    missing: tuple[str, ...] = ()


def push(project: Project, writer: "Writer", remote: str | None, *, when: datetime) -> Moved:
    """Bring what the project's DVC files name from the cache to its store, and the store to `remote`.

    Raises StoreError for data that is nowhere, damaged, or too large for the store.
    """
    place = of_project(project, writer.environ)
    if place is None:
        return Moved()
    if has_dvc_remote(project):
        dvc.push(project.root, environ=writer.environ)
        return Moved(store=DVC_REMOTE)
    return push_wants(place, writer, of_worktree(place), remote, when=when)


def push_wants(
    place: Place, writer: "Writer", wants: Sequence[Want], remote: str | None, *, when: datetime
) -> Moved:
    """Bring these objects into the ref, and the ref to `remote`."""
    new, missing = _to_push(place, wants)
    if any(item.want.source for item in missing) and remote and _receive(writer, remote, needed=True):
        new, missing = _to_push(place, wants)
    if lost := [item for item in missing if item.want.source]:
        raise _nowhere(lost, "add it again: `dvc add PATH`; or push without data: `git push --no-verify`")
    sizes = sum(files.size(path) for _, path in new.values())
    names = {md5: item.path for md5, (item, _) in new.items()}
    count = ref.add(writer, {md5: path for md5, (_, path) in new.items()}, when=when, names=names)
    if remote:
        writer.publish(remote, ref.REF, when=when)
    return Moved(count, sizes, missing=_paths(missing))


def pull(project: Project, writer: "Writer", remote: str | None) -> Moved:
    """Bring what the project's DVC files name into the cache, and what the workspace lacks into the workspace.

    Raises StoreError for data that is nowhere; outputs that are nowhere can be made again and are only told.
    """
    place = of_project(project, writer.environ)
    if place is None:
        return Moved()
    if has_dvc_remote(project):
        dvc.pull(project.root, environ=writer.environ)
        return Moved(store=DVC_REMOTE)
    return _bring(project, place, writer, of_worktree(place), remote, fill=True)


def restore(project: Project, writer: "Writer", *, say: Callable[[str], None]) -> Moved:
    """Bring back what the workspace lacks before a run; looks at little, and goes far only for what is missing.

    Raises StoreError for data that is nowhere.
    """
    begins = dvc_prefix(project.repository, project.prefix)
    if begins is None or _complete(project, begins):
        return Moved()
    place = of_project(project, writer.environ)
    if place is None:
        return Moved()
    wants = [want for want in of_worktree(place) if not place.target(want.path).exists()]
    if has_dvc_remote(project):
        return _restore_from_dvc(project, place, writer, wants)
    remote = ORIGIN if ORIGIN in project.repository.remotes() else None
    moved = _bring(project, place, writer, wants, remote, fill=False)
    if moved.objects:
        say(f"restored {moved.objects} data object{'s' if moved.objects > 1 else ''} from {moved.store}")
    return moved


def luggage(
    project: Project, *, lock: bytes | None = None, environ: Mapping[str, str] = NO_ENVIRON
) -> dict[str, Path]:
    """Objects that a run hands over, with their files here; `lock` in place of the working tree's dvc.lock.

    Every output, because a release is made of them, models first; added data only where the project's store lacks it.
    """
    place = of_project(project, environ)
    if place is None:
        return {}
    wants = of_worktree(place, lock_of(project, lock))
    gather(place, [want for want in wants if not want.source])
    # One object may be data here and an output there: what counts is that it is an output.
    sources_first = sorted(wants, key=lambda want: not want.source)
    found = {item.md5: (item, path) for item in items(place, sources_first) if (path := at_hand(place, item))}
    there = ref.held(project.repository, found)
    elsewhere = has_dvc_remote(project)
    carried = {
        md5: (item, path)
        for md5, (item, path) in found.items()
        if not item.want.source or not (elsewhere or md5 in there)
    }
    models = {f"{project.prefix}{artifact.path}" for artifact in project.pipeline.artifacts.values()}
    order = sorted(carried, key=lambda md5: carried[md5][0].want.path not in models)
    return {md5: carried[md5][1] for md5 in order}


def _to_push(place: Place, wants: Sequence[Want]) -> tuple[dict[str, tuple[Item, Path]], list[Item]]:
    """The items that the ref does not hold: those at hand with their files, and those that are not."""
    # One object may be data here and an output there: what counts is that it is data.
    every = {item.md5: item for item in items(place, sorted(wants, key=lambda want: want.source))}
    there = ref.held(place.repository, every)
    new: dict[str, tuple[Item, Path]] = {}
    missing = [Item(want.md5, want.path, want) for want in wants if want.legacy]
    for md5, item in every.items():
        if md5 in there:
            continue
        path = at_hand(place, item)
        if path is None:
            missing.append(item)
        else:
            new[md5] = (item, path)
    return new, missing


def _bring(
    project: Project, place: Place, writer: "Writer", wants: Sequence[Want], remote: str | None, *, fill: bool
) -> Moved:
    """Into the cache from the ref, the remote asked for what is not there; then into the workspace."""
    taken, missing = gather(place, wants)
    if missing and remote:
        needed = any(_lost(project, place, item) for item in missing)
        if _receive(writer, remote, needed=needed):
            more, missing = gather(place, wants)
            taken |= more
    _checkout(place, wants, fill=fill)
    if lost := [item for item in missing if _lost(project, place, item)]:
        raise _nowhere(lost, "where the data is: `mltools data push`; or add it again: `dvc add PATH`")
    return Moved(len(taken), sum(taken.values()), missing=_paths(missing))


def gather(place: Place, wants: Sequence[Want]) -> tuple[dict[str, int], list[Item]]:
    """Take what the cache lacks out of the ref: what was taken, and what neither has."""
    taken: dict[str, int] = {}
    missing = [Item(want.md5, want.path, want) for want in wants if want.legacy]
    tops = [Item(want.md5, want.path, want) for want in wants if not want.legacy]
    taken |= ref.take(place.repository, _lacking(place, tops), place.cache)
    every = list(items(place, wants))
    taken |= ref.take(place.repository, _lacking(place, every), place.cache)
    missing += [item for item in every if not place.cache.has(item.md5)]
    return taken, missing


def _lacking(place: Place, wanted: Iterable[Item]) -> list[str]:
    return list(dict.fromkeys(item.md5 for item in wanted if not place.cache.has(item.md5)))


def _checkout(place: Place, wants: Sequence[Want], *, fill: bool) -> None:
    """Copy into the workspace what is not there; what is there, changed or not, stays as it is."""
    for want in wants:
        target = place.target(want.path)
        if not place.cache.has(want.md5):
            continue
        if not target.parent.resolve().is_relative_to(place.top.resolve()):
            raise StoreError(
                f"{want.path} leads out of the repository through a link", hint="remove the link"
            )
        if not want.is_dir:
            if not target.exists():
                _copy(place, want.md5, target)
        elif not target.exists():
            _whole_directory(place, want, target)
        elif fill and target.is_dir():
            for name, md5 in (listing(place, want.md5) or {}).items():
                if not (target / name).exists() and place.cache.has(md5):
                    _copy(place, md5, target / name)


def _whole_directory(place: Place, want: Want, target: Path) -> None:
    """A directory appears with all its files or not at all."""
    entries = listing(place, want.md5) or {}
    if not all(place.cache.has(md5) for md5 in entries.values()):
        return
    building = place.root / ".dvc" / "tmp"
    building.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=building, prefix="mltools-") as made:
        whole = Path(made, "whole")
        whole.mkdir()
        for name, md5 in entries.items():
            _copy(place, md5, whole / name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(whole, target)


def _copy(place: Place, md5: str, target: Path) -> None:
    """Copy an object; one that turns out to be damaged is taken out of the ref again."""
    if place.cache.checkout(md5, target):
        return
    if not ref.take(place.repository, [md5], place.cache) or not place.cache.checkout(md5, target):
        raise StoreError(
            f"{target.name}: its object {md5} in DVC's cache was damaged and is removed",
            hint="`mltools data pull` fetches it again; where the data is, `dvc add PATH`",
        )


def _complete(project: Project, begins: str) -> bool:
    """Whether every output and every added file is in the workspace, judged by names alone."""
    outs = [
        stage.place(out.path)
        for stage in project.pipeline.stages
        for out in stage.outs
        if out.cache and out.push
    ]
    if not all("${" not in out and (project.root / out).exists() for out in outs):
        return False
    top = project.repository.root or project.root
    names = project.repository.files(begins, ".dvc")
    return all((top / name.removesuffix(".dvc")).exists() for name in names if dvcwants.is_named(name))


def _restore_from_dvc(project: Project, place: Place, writer: "Writer", wants: Sequence[Want]) -> Moved:
    """From the cache, and from the DVC remote what no stage makes; DVC fetches or makes the rest as it runs."""
    _checkout(place, wants, fill=False)
    lost = [want for want in wants if want.source and not place.target(want.path).exists()]
    if lost:
        names = {relpath(want.named_by, project.prefix or ".") for want in lost}
        dvc.pull(project.root, environ=writer.environ, targets=sorted(names))
    return Moved(len(lost), store=DVC_REMOTE)


def _receive(writer: "Writer", remote: str, *, needed: bool) -> bool:
    """Fetch the remote's objects. An unreachable remote is an error only if something cannot be made otherwise."""
    try:
        return writer.receive(remote, ref.REF)
    except RepositoryError:
        if needed:
            raise
        return False


def _lost(project: Project, place: Place, item: Item) -> bool:
    """Whether nothing can bring an item back: added data of this project, neither kept nor in the workspace."""
    own = item.want.named_by.startswith(project.prefix)
    return item.want.source and own and not place.target(item.path).exists()


def _nowhere(lost: Sequence[Item], hint: str) -> StoreError:
    first = min(lost, key=lambda item: item.path)
    if first.want.legacy:
        return StoreError(
            f"{first.want.named_by} was written by DVC 2, whose hashes cannot be checked",
            hint="bring it up to date: `dvc cache migrate --dvc-files`",
        )
    more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
    return StoreError(
        f"{first.path}{more}: its data, {first.md5} by {first.want.named_by}, is neither in the cache nor in "
        f"{ref.REF}, here or at the remote",
        hint=hint,
    )


def _paths(missing: Iterable[Item]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.want.path for item in missing))
