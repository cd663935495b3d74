"""`refs/mltools/objects`: data objects as blobs, in and out by their MD5."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from mltools.edges import files, objectcache
from mltools.edges.git import plumbing
from mltools.edges.git.read import Repository
from mltools.edges.objectcache import Cache
from mltools.errors import StoreError

if TYPE_CHECKING:  # who only reads does not pay for GitPython
    from mltools.edges.git.write import Writer

REF = "refs/mltools/objects"
MIB = 1 << 20
FILE_LIMIT = 50 * MIB
BUDGET = 500 * MIB

_REMOTE_IS_DUE = (
    "keep data of this size in a DVC remote: `dvc remote add -d storage s3://BUCKET/PATH` (or any other that DVC "
    "knows), commit .dvc/config, then `mltools data push`"
)
_SMALL = MIB  # up to here, objects come out of one Git process


def held(repository: Repository, objects: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Which of these objects the ref holds, each with its blob and size."""
    tip = repository.oid(REF)
    if tip is None:
        return {}
    names = {md5: f"{tip}:{_path(md5)}" for md5 in objects}
    found = plumbing.sizes(repository.cwd, list(names.values()))
    return {md5: blob for md5, name in names.items() if (blob := found[name]) is not None}


def read(repository: Repository, md5: str) -> bytes | None:
    """A small object's bytes; None when the ref does not hold it."""
    blob = held(repository, [md5]).get(md5)
    return None if blob is None else next(content for _, content in repository.contents([blob[0]]))


def add(
    writer: "Writer", objects: Mapping[str, Path], *, when: datetime, names: Mapping[str, str] | None = None
) -> int:
    """Take in the objects that the ref does not hold yet, all or none; their number.

    `names` says how a person calls an object. Raises StoreError for one that is damaged, too large, or too much.
    """
    there = held(writer.repository, objects)
    new = {md5: path for md5, path in objects.items() if md5 not in there}
    if not new:
        return 0
    called = {md5: (names or {}).get(md5, f"object {md5}") for md5 in new}
    _fit(writer.repository, new, called)
    for md5, path in new.items():
        objectcache.check(path, md5, called[md5])
    count = f"{len(new)} object{'s' if len(new) > 1 else ''}"
    listed = "\n".join(sorted({f"{md5}  {called[md5]}" for md5 in new})[:100])
    writer.append(
        REF, {_path(md5): path for md5, path in new.items()}, f"Add {count}\n\n{listed}\n", when=when
    )
    return len(new)


def take(repository: Repository, objects: Iterable[str], cache: Cache) -> dict[str, int]:
    """Put objects that the ref holds into the cache; those it held, with their sizes.

    Raises StoreError, naming both hashes, for one whose bytes are not what it is kept as.
    """
    there = held(repository, objects)
    small = {md5: oid for md5, (oid, size) in there.items() if size <= _SMALL}
    contents = repository.contents(small.values())
    for (md5, oid), (_, content) in zip(small.items(), contents, strict=True):
        _put(cache, md5, oid, partial(_write, content))
    for md5, (oid, size) in there.items():
        if size > _SMALL:
            _put(cache, md5, oid, partial(plumbing.copy_blob, repository.cwd, oid))
    return {md5: size for md5, (_, size) in there.items()}


def _put(cache: Cache, md5: str, oid: str, write: "objectcache.Write") -> None:
    if cache.put(md5, write, REF) is None:
        raise StoreError(
            f"{REF}: object {md5} cannot be read (blob {oid})", hint="`git fsck` says what is damaged"
        )


def _write(content: bytes | None, sink: IO[bytes]) -> bool:
    return content is not None and sink.write(content) == len(content)


def _fit(repository: Repository, new: Mapping[str, Path], called: Mapping[str, str]) -> None:
    sizes = {md5: files.size(path) for md5, path in new.items()}
    for md5, size in sizes.items():
        if size > FILE_LIMIT:
            raise StoreError(
                f"{called[md5]} has {_mib(size)}; {REF} takes files up to {_mib(FILE_LIMIT)}",
                hint=_REMOTE_IS_DUE,
            )
    tip = repository.oid(REF)
    blobs = set(repository.tree(tip).values()) if tip else set()
    used = sum(found[1] for found in plumbing.sizes(repository.cwd, sorted(blobs)).values() if found)
    total = used + sum(sizes.values())
    if total > BUDGET:
        largest = max(sizes, key=lambda md5: sizes[md5])
        raise StoreError(
            f"{REF} would grow from {_mib(used)} to {_mib(total)}; its budget is {_mib(BUDGET)} "
            f"(the largest new file is {called[largest]} with {_mib(sizes[largest])})",
            hint=_REMOTE_IS_DUE,
        )


def _mib(size: int) -> str:
    return f"{size / MIB:,.1f} MiB"


def _path(md5: str) -> str:
    return f"md5/{md5[:2]}/{md5[2:]}"
