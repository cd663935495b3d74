"""DVC's cache of objects by their MD5: found, checked, put in whole, copied into the workspace."""

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mltools.edges import files
from mltools.errors import DataError, StoreError

PROTECTED = 0o444

Write = Callable[[IO[bytes]], bool]


class Cache:
    """The directory `.dvc/cache/files/md5`, or wherever DVC's configuration puts it."""

    def __init__(self, root: Path, temporary: Path) -> None:
        self.root = root
        self._temporary = temporary
        self._hashed: set[str] = set()

    def path(self, md5: str) -> Path:
        return self.root / md5[:2] / md5[2:]

    def has(self, md5: str) -> bool:
        """Whether the object is there and can be trusted: as DVC does, one that is not write-protected is hashed."""
        path = self.path(md5)
        try:
            info = path.lstat()
        except OSError:
            return False
        if not stat.S_ISREG(info.st_mode):
            return False
        if stat.S_IMODE(info.st_mode) == PROTECTED or md5 in self._hashed:
            return True
        good = matches(path, md5)
        if good:
            self._hashed.add(md5)
        return good

    def put(self, md5: str, write: Write, origin: str) -> int | None:
        """Take an object in, whole or not at all; its size, None when `write` has none to give.

        Raises StoreError naming both hashes when the bytes are not what their name says.
        """
        target = self.path(md5)
        with _temporary(self.root) as (stream, temporary):
            if not write(stream):
                return None
            stream.flush()
            os.fsync(stream.fileno())
            check(temporary, md5, f"{origin}: object {md5}")
            size = stream.tell()
            temporary.chmod(PROTECTED)
            target.parent.mkdir(exist_ok=True)
            temporary.replace(target)
        return size

    def checkout(self, md5: str, target: Path) -> bool:
        """Copy an object to a workspace file; False (and the object removed) when it turns out to be damaged."""
        source = self.path(md5)
        # Not beside the target: what a kill leaves there would belong to a tracked directory.
        with _temporary(self._temporary) as (stream, temporary):
            with source.open("rb") as content:
                shutil.copyfileobj(content, stream, files.CHUNK)
            stream.flush()
            if not matches(temporary, md5):
                source.unlink(missing_ok=True)
                self._hashed.discard(md5)
                return False
            temporary.chmod(0o666 & ~files.umask())
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary.replace(target)
        return True


def matches(path: Path, md5: str) -> bool:
    """Whether a file's bytes have this hash."""
    return files.md5(path) == md5.removesuffix(".dir")


def check(path: Path, md5: str, name: str) -> None:
    """Raise StoreError when a file's bytes do not have the hash they go by."""
    actual = files.md5(path)
    expected = md5.removesuffix(".dir")
    if actual != expected:
        raise StoreError(
            f"{name} is damaged: its MD5 is {actual}, it should be {expected}",
            hint="remove it and fetch it again: `mltools data pull`, or `dvc add` where the data is",
        )


@contextmanager
def _temporary(directory: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """A file that is gone when the block is left, unless it was moved to its place."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=directory, prefix=".mltools-", suffix=".tmp")
    except OSError as error:
        raise DataError(f"cannot write to {directory}: {error.strerror or error}") from error
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream, path
    except OSError as error:
        raise DataError(f"cannot write to {directory}: {error.strerror or error}") from error
    finally:
        path.unlink(missing_ok=True)
