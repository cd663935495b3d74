"""MD5 of files and directories as DVC computes them, remembered by the file's stat data.

As in Git's index, an entry is trusted only if the file was last touched well before it was hashed: a file written
twice within the clock's grain looks the same. A damaged cache is no cache.
"""

import hashlib
import json
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mltools.edges import files
from mltools.errors import MltoolsError

VERSION = 1
RACY_NS = 2_000_000_000
MOST = 200_000
# Never part of a directory's hash: DVC passes them over, or refuses the directory.
DVC_SKIPS = frozenset({".git", ".hg", ".dvc", ".dvcignore"})

Entry = list[int | str]


class UnhashableError(Exception):
    """A path whose hash only DVC can tell: a special file, a directory that holds a repository."""


@dataclass(slots=True)
class HashCache:
    """Hashes of files (paths from `root`, or absolute), read from `store` and written back by `save`."""

    root: str
    store: Path
    _known: dict[str, Entry] = field(default_factory=dict)
    _used: dict[str, Entry] = field(default_factory=dict)
    _directories: dict[str, str] = field(default_factory=dict)
    _new: bool = False

    @classmethod
    def load(cls, root: Path, store: Path) -> "HashCache":
        """The cache kept in `store`; an empty one when it is not there or cannot be understood."""
        try:
            tree = json.loads(store.read_bytes())
            known = tree["files"] if tree["version"] == VERSION else {}
            good = isinstance(known, dict)
        except (OSError, ValueError, KeyError, TypeError):
            good = False
        return cls(os.fspath(root), store, known if good else {})

    def save(self) -> None:
        """Write back what was learnt. A cache that cannot be written is no reason to fail."""
        if not self._new:
            return
        kept = {**self._known, **self._used} if len(self._known) < MOST else self._used
        try:
            ignore = self.store.parent.parent / ".gitignore"
            files.write_atomic(
                self.store, json.dumps({"version": VERSION, "files": kept}, separators=(",", ":"))
            )
            if not ignore.exists():
                files.write_atomic(ignore, "*\n")
        except MltoolsError:
            return
        self._new = False

    def md5(self, path: str) -> str | None:
        """The MD5 of a file's bytes, of a directory's listing as `<md5>.dir`; None when nothing is there.

        Raises UnhashableError for what only DVC can judge.
        """
        full = path if path.startswith("/") else f"{self.root}/{path}"
        try:
            info = Path(full).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise UnhashableError(f"{path}: {error.strerror}") from error
        if stat.S_ISDIR(info.st_mode):
            # A directory that one stage writes and another reads is walked once.
            if path not in self._directories:
                self._directories[path] = self._directory(path, full)
            return self._directories[path]
        return self._file(path, full, info)

    def _file(self, path: str, full: str, info: os.stat_result) -> str:
        if not stat.S_ISREG(info.st_mode):
            raise UnhashableError(f"{path} is neither file nor directory")
        seen: Entry = [info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino]
        entry = self._known.get(path)
        if isinstance(entry, list) and entry[:4] == seen and len(entry) == 5 and isinstance(entry[4], str):  # noqa: PLR2004 - four facts and the hash
            self._used[path] = entry
            return entry[4]
        begun = time.time_ns()
        try:
            with open(full, "rb", buffering=0) as stream:  # noqa: PTH123 - many small files; a Path costs as much
                digest = hashlib.file_digest(stream, _md5).hexdigest()
                after = os.fstat(stream.fileno())
        except OSError as error:
            raise UnhashableError(f"{path}: {error.strerror}") from error
        steady = seen == [after.st_size, after.st_mtime_ns, after.st_ctime_ns, after.st_ino]
        if steady and max(info.st_mtime_ns, info.st_ctime_ns) + RACY_NS < begun:
            self._used[path] = [*seen, digest]
            self._new = True
        return digest

    def _directory(self, path: str, full: str) -> str:
        listing = [
            {"md5": self._file(f"{path}/{relative}", place, info), "relpath": relative}
            for relative, place, info in _walk(full, "")
        ]
        listing.sort(key=lambda entry: entry["relpath"])
        text = json.dumps(listing, sort_keys=True)
        return _md5(text.encode()).hexdigest() + ".dir"


def _walk(full: str, relative: str) -> Iterator[tuple[str, str, os.stat_result]]:
    """The files below a directory as DVC finds them: links to files followed, links to directories not entered."""
    try:
        with os.scandir(full) as found:
            entries = list(found)
        for entry in entries:
            name = f"{relative}{entry.name}"
            if entry.name in DVC_SKIPS:
                raise UnhashableError(f"{full} holds {entry.name}")
            if entry.is_dir():
                if not entry.is_symlink():
                    yield from _walk(entry.path, f"{name}/")
            else:
                yield name, entry.path, entry.stat()
    except OSError as error:
        raise UnhashableError(f"{full}: {error.strerror}") from error


def _md5(data: bytes = b"") -> "hashlib._Hash":
    return hashlib.md5(data, usedforsecurity=False)
