"""The request log: JSON lines in files that only grow, rotated by size, whole up to the last line after a kill.

A line is written before its request is answered, in one write of the kernel's, so that a killed process loses none that
was answered. A disk that is full, or a directory that went away, costs lines and never an answer: they are counted.
"""

import hashlib
import hmac
import json
import logging
import os
import secrets
import tempfile
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SALT = ".salt"

log = logging.getLogger(__name__)


class RequestLog:
    """Appends to one file of a directory at a time; safe to use from several threads."""

    def __init__(self, directory: Path, most_bytes: int) -> None:
        self.directory = directory
        self.written = 0
        self.lost = 0
        self.fault = ""
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._file: int | None = None
        self._size = 0
        self._number = 0
        self._stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}"

    def prepare(self) -> None:
        """Make the directory; where that cannot be, it is told now and not with the first request."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._say(_fault(error))

    def append(self, lines: Iterable[Mapping[str, Any]]) -> bool:
        """Write lines; False when they are lost."""
        texts = [
            json.dumps(line, ensure_ascii=False, allow_nan=False, separators=(",", ":")) for line in lines
        ]
        if not texts:
            return True
        data = ("\n".join(texts) + "\n").encode("utf-8", "backslashreplace")
        with self._lock:
            try:
                self._write(data)
            except OSError as error:
                self.lost += len(texts)
                self._say(_fault(error))
                return False
            self.written += len(texts)
            self._say("")
            return True

    def close(self) -> None:
        with self._lock:
            self._close()

    def _say(self, fault: str) -> None:
        """Tell a fault when it comes and when it goes, and not with each request."""
        if fault == self.fault:
            return
        if fault:
            log.warning("%s; requests are answered, and lines are lost: %d so far", fault, self.lost)
        else:
            log.info("the request log is written again; %d lines were lost", self.lost)
        self.fault = fault

    def _write(self, data: bytes) -> None:
        full = self._size > 0 and self._size + len(data) > self._most_bytes
        # A file that was deleted takes lines that nobody will ever read.
        if self._file is not None and (full or os.fstat(self._file).st_nlink == 0):
            self._close()
        if self._file is None:
            self._open()
        assert self._file is not None  # noqa: S101 - opened above, or an OSError was raised
        try:
            count = os.write(self._file, data)
            if count < len(data):
                raise OSError(28, "no space left for a whole line")  # noqa: TRY301 - told like the system's own
        except OSError:
            self._cut()
            raise
        self._size += len(data)

    def _open(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        while True:
            path = self.directory / f"requests-{self._stamp}-{self._number}.jsonl"
            self._number += 1
            try:
                self._file = os.open(path, flags, 0o640)
            except FileExistsError:
                continue
            self._size = 0
            return

    def _cut(self) -> None:
        """Take back the part of a line that did fit, so that the next line starts a line."""
        try:
            if self._file is not None:
                os.ftruncate(self._file, self._size)
        except OSError:
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            # Gone even where closing fails: its number may be another file's by then.
            file, self._file = self._file, None
            os.close(file)


def _fault(error: OSError) -> str:
    return f"the request log cannot be written: {error.strerror or error}"


class Hiding:
    """What the log keeps of a row: columns of which no value may be seen are left out, or hashed with a secret salt."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / SALT
        self._lock = threading.Lock()
        self._salt: bytes | None = None

    def features(
        self, row: Mapping[str, Any], hidden: frozenset[str], *, hashed: bool, longest: int = 1_000
    ) -> dict[str, Any]:
        """The columns of a row as they may be written; texts are cut at `longest` characters."""
        found: dict[str, Any] = {}
        for name, value in row.items():
            if name in hidden:
                if hashed and value is not None:
                    found[name] = self.hash(value)
            elif isinstance(value, str) and len(value) > longest:
                found[name] = value[:longest]
            else:
                found[name] = value
        return found

    def hash(self, value: Any) -> str:
        """The keyed hash of a value: the same for the same value, and nothing to guess values by without the salt."""
        text = json.dumps(value, ensure_ascii=True, sort_keys=True).encode()
        return f"sha256:{hmac.new(self._secret(), text, hashlib.sha256).hexdigest()}"

    def _secret(self) -> bytes:
        """The salt of this log; it stays, so that the same value has the same hash after a restart."""
        with self._lock:
            if self._salt is None:
                self._salt = self._kept(secrets.token_bytes(32))
            return self._salt

    def _kept(self, made: bytes) -> bytes:
        """The salt that lies there, put there whole if there was none or a damaged one."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, scratch = tempfile.mkstemp(dir=self._path.parent, prefix=SALT)
            try:
                with os.fdopen(handle, "wb") as sink:
                    sink.write(made)
                with suppress(FileExistsError):
                    self._path.hardlink_to(scratch)
                kept = self._path.read_bytes()
                if len(kept) == len(made):
                    return kept
                Path(scratch).replace(self._path)
            finally:
                Path(scratch).unlink(missing_ok=True)
        except OSError:
            pass  # a disk that is full: hashes of this process alone
        return made


def now() -> str:
    """This moment in UTC, with milliseconds, as the log writes it."""
    moment = datetime.now(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
