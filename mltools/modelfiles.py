"""A model's bytes by the hash that dvc.lock gives them: where they are, whether they are whole, what their SHA-256 is.

Looked for in the directories of a run, in DVC's cache, and in the project's store in Git. Nothing is believed that does
not have the hash it is asked for by.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mltools import datastore
from mltools.core.release_record import ModelFile
from mltools.edges import dvcwants, files
from mltools.edges.git import plumbing
from mltools.edges.git.read import Repository
from mltools.errors import ConfigError, DataError, StoreError


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a model; `path` is "" for a model that is a file itself."""

    path: str
    md5: str
    file: Path


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where objects are looked for: `loose` files by their MD5, then `places` (laid out as DVC's cache), then Git.

    In Git: the project's store, and `blobs` by their MD5, for a model that Git itself tracks. `scratch` is a directory
    that takes what has to be written out to be read.
    """

    repository: Repository
    places: tuple[Path, ...]
    scratch: Path
    loose: Mapping[str, Path] = field(default_factory=dict)
    blobs: Mapping[str, str] = field(default_factory=dict)

    def find(self, md5: str) -> Path | None:
        """A file with exactly this content; None when there is none."""
        name = f"{md5[:2]}/{md5[2:]}"
        candidates = [self.loose[md5]] if md5 in self.loose else []
        for candidate in (*candidates, *(place / name for place in self.places)):
            if candidate.is_file() and has_md5(candidate, md5):
                return candidate
        blobs = [f"{datastore.REF}:md5/{name}", *([self.blobs[md5]] if md5 in self.blobs else [])]
        return next((path for blob in blobs if (path := self._written(md5, blob)) is not None), None)

    def members(self, md5: str) -> tuple[Member, ...] | None:
        """The files of a model with their contents; None when one of them is not to be had."""
        found = self.find(md5)
        if found is None:
            return None
        if not md5.endswith(".dir"):
            return (Member("", md5, found),)
        members = []
        for path, of in listing(found).items():
            file = self.find(of)
            if file is None:
                return None
            members.append(Member(path, of, file))
        return tuple(members)

    def objects(self, md5: str) -> dict[str, Path] | None:
        """Everything that belongs to a model, the listing of a directory too, by its MD5."""
        members = self.members(md5)
        whole = self.find(md5)
        if members is None or whole is None:
            return None
        return {md5: whole, **{member.md5: member.file for member in members}}

    def _written(self, md5: str, blob: str) -> Path | None:
        target = self.scratch / md5
        if target.exists() and has_md5(target, md5):
            return target
        if self.repository.oid(blob) is None:
            return None
        with target.open("wb") as sink:
            whole = plumbing.copy_blob(self.repository.cwd, blob, sink)
        return target if whole and has_md5(target, md5) else None


def shelf(
    repository: Repository,
    prefix: str,
    environ: Mapping[str, str],
    *,
    scratch: Path,
    places: Iterable[Path] = (),
    loose: Mapping[str, Path] | None = None,
    blobs: Mapping[str, str] | None = None,
) -> Shelf:
    """The shelf of the project below `prefix`: what is given, and DVC's cache."""
    place = datastore.place.at(repository, prefix, environ)
    cache = () if place is None else (place.cache.root,)
    return Shelf(repository, (*places, *cache), scratch, loose or {}, blobs or {})


def model_file(path: str, md5: str, members: Iterable[Member]) -> ModelFile:
    """The model as a release record knows it."""
    found = sorted(members, key=lambda member: member.path)
    digests = [(member.path, files.sha256(member.file)) for member in found]
    size = sum(files.size(member.file) for member in found)
    if not md5.endswith(".dir"):
        return ModelFile(path, md5, digests[0][1], size)
    lines = "".join(f"{digest}  {name}\n" for name, digest in digests)
    return ModelFile(path, md5, hashlib.sha256(lines.encode()).hexdigest(), size)


def listing(file: Path) -> dict[str, str]:
    """The paths and MD5s in the listing of a directory. Raises StoreError for one that cannot be trusted."""
    try:
        return dvcwants.listing(files.read_bytes(file), file.name)
    except ConfigError as error:
        raise StoreError(f"the listing of the model's directory cannot be read: {error.message}") from error


def has_md5(path: Path, md5: str) -> bool:
    try:
        return files.md5(path) == md5.removesuffix(".dir")
    except DataError:
        return False


def copy_members(members: Iterable[Member], target: Path) -> None:
    """Write a model's files to `target`, which is the file itself or becomes the directory."""
    for member in members:
        place = target / member.path if member.path else target
        place.parent.mkdir(parents=True, exist_ok=True)
        with member.file.open("rb") as source, place.open("xb") as sink:
            while chunk := source.read(files.CHUNK):
                sink.write(chunk)
            sink.flush()
            os.fsync(sink.fileno())


def on_disk(path: Path, md5: str) -> tuple[Member, ...]:
    """The files of a model as they lie on disk, to be compared with what they should be."""
    if not md5.endswith(".dir"):
        return (Member("", md5, path),)
    found = sorted(file for file in path.rglob("*") if file.is_file())
    return tuple(Member(file.relative_to(path).as_posix(), "", file) for file in found)
