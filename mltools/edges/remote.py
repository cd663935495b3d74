"""Data from outside the project, fetched once: a copy in the project's work directory for as long as it is fresh.

A copy lies at `CACHE/<address>/<what the store says of it>/NAME`, written whole or not at all.
"""

import hashlib
import json
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mltools.core.dataformats import KNOWN, is_passed_over, kind_of
from mltools.core.urls import file_name
from mltools.edges import dvcfs
from mltools.edges.dvcfs import Store, Stored
from mltools.errors import DataError

# Seconds. What a killed fetch left is cleared away by a later one, but not what another is still writing.
ABANDONED = 86_400


@dataclass(frozen=True, slots=True)
class Remote:
    """What a store says of an address; `stamp` changes with the bytes, None when the store says too little."""

    store: Store
    files: tuple[Stored, ...]
    stamp: str | None

    @property
    def url(self) -> str:
        return self.store.url


def look(url: str, dvc_dir: Path | None) -> Remote:
    """Ask the store what is at an address. Raises DataError when that cannot be told, or nothing is there."""
    store = dvcfs.opened(url, dvc_dir)
    found = _listed(store)
    if not found:
        raise DataError(f"{url}: holds no data files", hint=f"mltools reads {KNOWN}")
    told = [(file.relative, file.stamp) for file in found]
    known = all(file.stamp is not None for file in found)
    return Remote(store, found, _digest([url, *told]) if known else None)


def fetched(remote: Remote, cache: Path, progress: Callable[[float], None] | None = None) -> Path:
    """The data at an address as files here; older copies of the same address go.

    Raises DataError for names that tell no format, and for what does not come whole or changes meanwhile.
    """
    for file in remote.files:
        if kind_of(file.relative or file_name(remote.url)) is None:
            called = f"{remote.url}/{file.relative}" if file.relative else remote.url
            raise DataError(f"{called}: the name does not tell the format", hint=f"mltools reads {KNOWN}")
    place = cache / _digest(remote.url)
    stamp = remote.stamp or secrets.token_hex(16)
    try:
        if not (place / stamp).is_dir():
            _fetch(remote, place / stamp, progress)
        _clear(place, keep=stamp)
    except OSError as error:
        raise DataError(f"{remote.url}: cannot be kept here: {error.strerror or error}") from error
    return place / stamp / file_name(remote.url)


def _fetch(remote: Remote, copy: Path, progress: Callable[[float], None] | None) -> None:
    temporary = copy.parent / f".{secrets.token_hex(8)}.tmp"
    whole, came = sum(file.size or 0 for file in remote.files), 0

    def heard(count: int) -> None:
        nonlocal came
        came += count
        if progress is not None and whole:
            progress(min(came / whole, 1.0))

    try:
        remote.store.fetch(remote.files, temporary / file_name(remote.url), heard)
        if _listed(remote.store) != remote.files:
            raise DataError(
                f"{remote.url}: changed while it was fetched", hint="try again when nothing writes it"
            )
        if not copy.is_dir():  # another may have fetched the same meanwhile
            temporary.rename(copy)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _clear(place: Path, *, keep: str) -> None:
    """Remove older copies, and what a killed fetch left."""
    for entry in place.iterdir():
        being_written = entry.name.startswith(".") and time.time() - entry.stat().st_mtime < ABANDONED
        if entry.name != keep and not being_written:
            shutil.rmtree(entry, ignore_errors=True)


def _listed(store: Store) -> tuple[Stored, ...]:
    return tuple(file for file in store.listing() if not is_passed_over(file.relative))


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:32]
