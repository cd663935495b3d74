"""Where a project's DVC files, cache and workspace are, and which objects they speak of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from posixpath import dirname
from types import MappingProxyType

from mltools.core.freshness import UnsureError
from mltools.core.pipeline import LOCK_FILE
from mltools.datastore import ref
from mltools.edges import dvc, dvcconfig, dvcfiles, dvcwants, files, objectcache
from mltools.edges.dvcwants import Want
from mltools.edges.git.read import Repository
from mltools.edges.objectcache import Cache
from mltools.project import Project

NO_ENVIRON: Mapping[str, str] = MappingProxyType({})
NO_FILES: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Place:
    """A DVC repository in a working tree: its place below `top` is `prefix`, "" or "sub/"."""

    repository: Repository
    top: Path
    prefix: str
    cache: Cache

    @property
    def root(self) -> Path:
        return self.top / self.prefix

    def target(self, path: str) -> Path:
        """Where a path that counts from the repository's top lies on disk."""
        return self.top / path


@dataclass(frozen=True, slots=True)
class Item:
    """One object that is wanted, a directory's listing or a file: `path` from the top."""

    md5: str
    path: str
    want: Want


def has_dvc_remote(project: Project) -> bool:
    """Whether the project's committed DVC configuration names a default remote."""
    root = dvc.find_root(project.root)
    return root is not None and dvcconfig.remote_url(root) is not None


def wanted(
    project: Project, *, lock: bytes | None = None, environ: Mapping[str, str] = NO_ENVIRON
) -> tuple[str, ...]:
    """The objects that the project's .dvc files and dvc.lock (or another in its place) name, directories' files too."""
    place = of_project(project, environ)
    if place is None:
        return ()
    wants = of_worktree(place, lock_of(project, lock))
    return tuple(dict.fromkeys(item.md5 for item in items(place, wants)))


def share_cache(project: Project, directory: Path) -> None:
    """Let this working tree keep its objects in a cache that others use, too: in its own, untracked configuration."""
    root = dvc.find_root(project.root)
    if root is None:
        return
    # No shared mode, no links: DVC's defaults work across trees, since objects are write-protected.
    files.write_atomic(root / ".dvc" / "config.local", f'[cache]\n    dir = "{directory.absolute()}"\n')


def of_project(project: Project, environ: Mapping[str, str]) -> Place | None:
    """The DVC repository that a project belongs to; None without one."""
    return at(project.repository, project.prefix, environ)


def at(repository: Repository, prefix: str, environ: Mapping[str, str]) -> Place | None:
    """The DVC repository at or above a directory of the working tree; None without one."""
    begins = dvc_prefix(repository, prefix)
    if begins is None or repository.root is None:
        return None
    dvc_dir = repository.root / begins / ".dvc"
    try:
        cache = dvcfiles.cache_dir(dvc_dir, environ)
    except UnsureError:
        cache = dvc.cache_dir(dvc_dir.parent, environ=environ) / "files" / "md5"
    return Place(repository, repository.root, begins, Cache(cache, dvc_dir / "tmp"))


def dvc_prefix(repository: Repository, prefix: str) -> str | None:
    """Where, at or above a directory of the working tree, a DVC repository begins: "", "sub/", or None."""
    if repository.root is None:
        return None
    while not (repository.root / prefix / ".dvc").is_dir():
        if not prefix:
            return None
        prefix = dirname(prefix.rstrip("/"))
        prefix = f"{prefix}/" if prefix else ""
    return prefix


def of_worktree(place: Place, replaced: Mapping[str, bytes] = NO_FILES) -> tuple[Want, ...]:
    """What the working tree's DVC files name, some of them replaced by others."""
    return dvcwants.wants({**named_files(place), **replaced})


def lock_of(project: Project, lock: bytes | None) -> dict[str, bytes]:
    """A dvc.lock to be read in place of the project's own."""
    return {} if lock is None else {f"{project.prefix}{LOCK_FILE}": lock}


def named_files(place: Place) -> dict[str, bytes]:
    """The .dvc files, dvc.yaml and dvc.lock of the working tree that belong to this DVC repository."""
    listed = place.repository.files(place.prefix, *dvcwants.SUFFIXES)
    own = [name for name in listed if dvcwants.is_named(name) and not _nested(place, name)]
    return {name: files.read_bytes(place.top / name) for name in own if (place.top / name).is_file()}


def items(place: Place, wants: Sequence[Want]) -> Iterator[Item]:
    """Each object of the wants; a directory's files where its listing is in the cache or in the store."""
    for want in wants:
        if want.legacy:
            continue
        yield Item(want.md5, want.path, want)
        if want.is_dir and (entries := listing(place, want.md5)) is not None:
            for name, md5 in entries.items():
                yield Item(md5, f"{want.path}/{name}", want)


def listing(place: Place, md5: str) -> dict[str, str] | None:
    """The files of a directory object; None when the object is nowhere here."""
    if place.cache.has(md5):
        return dvcwants.listing(files.read_bytes(place.cache.path(md5)), f"object {md5}")
    content = ref.read(place.repository, md5)
    return None if content is None else dvcwants.listing(content, f"object {md5}")


def at_hand(place: Place, item: Item) -> Path | None:
    """A file with an item's bytes: in the cache or, where the cache was emptied, in the workspace."""
    if place.cache.has(item.md5):
        return place.cache.path(item.md5)
    target = place.target(item.path)
    if not item.md5.endswith(".dir") and target.is_file() and objectcache.matches(target, item.md5):
        return target
    return None


def _nested(place: Place, name: str) -> bool:
    """Whether a file belongs to a DVC repository of its own below this one, or to DVC's own directory."""
    directory = dirname(name)
    while len(directory) > len(place.prefix.rstrip("/")):
        if directory.rpartition("/")[2] == ".dvc" or (place.top / directory / ".dvc").is_dir():
            return True
        directory = dirname(directory)
    return False
