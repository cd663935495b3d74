"""Files on disk: read with a clear error, write whole or not at all."""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from mltools.errors import DataError, MltoolsError

CHUNK = 1 << 20


def read_bytes(path: Path) -> bytes:
    """The file's content. Raises DataError with the reason when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write a file so that a reader, or a kill at any moment, finds the old content or the new one."""
    write_together({path: content})


def write_together(contents: Mapping[Path, bytes | str]) -> None:
    """Write several files, each whole or not at all, in this order; none when one of them could not be written.

    A kill between two leaves the first ones new: the order must be one that this does not harm.
    """
    ready: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            ready[path] = _beside(path, content.encode() if isinstance(content, str) else content)
        for path, temporary in ready.items():
            try:
                temporary.replace(path)
            except OSError as error:
                raise unwritable(path, error) from error
    finally:
        for temporary in ready.values():
            temporary.unlink(missing_ok=True)


def _beside(path: Path, data: bytes) -> Path:
    """The content in a file of its own beside the one that it will replace."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    except OSError as error:
        raise unwritable(path, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~umask()
        temporary.chmod(mode)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise unwritable(path, error) from error
    return temporary


def append(path: Path, text: str) -> None:
    """Add text to the end of a file that others append to as well."""
    try:
        with path.open("ab") as stream:
            stream.write(text.encode())
    except OSError as error:
        raise unwritable(path, error) from error


def remove(path: Path) -> None:
    """Remove a file, if it is there."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error


def size(path: Path) -> int:
    """The bytes of a file, 0 when it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def md5(path: Path) -> str:
    """The MD5 of a file's bytes, as DVC keys its cache."""
    return _digest(path, hashlib.md5(usedforsecurity=False))


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, as forges and release records name content."""
    return _digest(path, hashlib.sha256())


def _digest(path: Path, digest: "hashlib._Hash") -> str:
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    return digest.hexdigest()


def umask() -> int:
    """The permissions that new files are not given."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def unwritable(path: Path, error: OSError) -> MltoolsError:
    """The error to raise where a file or directory cannot be written."""
    return MltoolsError(
        f"cannot write {path}: {error.strerror or error}",
        hint="check the permissions and the free space of that directory",
    )
