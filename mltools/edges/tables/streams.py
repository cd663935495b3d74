"""The bytes of text files: faults that DuckDB reads over, looked for beside its queries, and where a row stands.

DuckDB passes over a wrong gzip checksum, over NUL bytes, and over bad UTF-8 in columns that nobody asked for.
"""

import codecs
import gzip
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, cast

from mltools.core.dataformats import Kind
from mltools.edges.tables.parts import Part, Parts
from mltools.errors import DataError

CHUNK = 1 << 18
# Bytes of a row: DuckDB reads so long a one by itself, so long a one when told, and a longer one in part, or wrongly.
ROOM = 1 << 21
LONGEST = 64 << 20


@contextmanager
def watched(files: Parts) -> Iterator["Future[int]"]:
    """Look the files through in a thread, while the caller asks DuckDB.

    The future raises the first fault found; it holds the bytes of the longest line.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        try:
            yield pool.submit(lambda: max(refuse_faults(part, files.what, stop) for part in files.files))
        finally:
            stop.set()


def refuse_faults(part: Part, what: Kind, stop: threading.Event | None = None) -> int:
    """Read a text once, and tell the bytes of its longest line.

    Raises DataError for NUL bytes, for what is not UTF-8, for a damaged gzip file, for a line that is too long.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    before, pending, lines = 0, False, _Lines()
    for chunk in _chunks(part, what):
        if stop is not None and stop.is_set():
            break
        if (at := chunk.find(b"\0")) >= 0:
            raise DataError(
                f"{part.name}:{_line(part, what, before + at)}: holds a NUL byte: damaged, or not UTF-8 text",
                hint="save it as UTF-8",
            )
        if pending or not chunk.isascii():
            kept = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                raise not_utf8(part.name, _line(part, what, before - kept + error.start)) from error
            pending = bool(decoder.getstate()[0])
        if lines.feed(chunk) > LONGEST:
            raise DataError(
                f"{part.name}:{_line(part, what, before)}: a row is too long to read",
                hint=f"a row has at most {LONGEST >> 20} MiB",
            )
        before += len(chunk)
    if pending:
        raise not_utf8(part.name, _line(part, what, before))
    return lines.longest


@dataclass(slots=True)
class _Lines:
    """The longest line that spans more than one chunk; shorter ones do not matter."""

    longest: int = 0
    begun: int = 0

    def feed(self, chunk: bytes) -> int:
        """The next bytes of a file; tells how long the longest line is so far."""
        end = b"\n" if b"\n" in chunk else b"\r"
        first = chunk.find(end)
        self.longest = max(self.longest, self.begun + (len(chunk) if first < 0 else first))
        self.begun = self.begun + len(chunk) if first < 0 else len(chunk) - chunk.rfind(end) - 1
        return self.longest


def line_of_record(part: Part, what: Kind, record: int) -> int:
    """The line on which a record of a CSV file begins, when DuckDB, which counts records, calls it `record`.

    It is the record's own number where lines end in CR alone.
    """
    line, records, inside = 0, 0, False
    with opened(part, what) as stream:
        for content in stream:
            line += 1
            if not inside:
                records += 1
                if records == record:
                    return line
            inside ^= bool(content.count(b'"') % 2)
    return record


def head(part: Part, what: Kind, size: int) -> bytes:
    """The first bytes of a file."""
    with opened(part, what) as stream:
        return read(stream, part, size)


def opened(part: Part, what: Kind) -> IO[bytes]:
    try:
        return cast("IO[bytes]", gzip.open(part.path, "rb")) if what.gzipped else part.path.open("rb")
    except OSError as error:
        raise DataError(f"{part.name}: {error.strerror or error}") from error


def read(stream: IO[bytes], part: Part, size: int) -> bytes:
    """The next bytes of an opened file. Raises DataError for a damaged one."""
    try:
        return stream.read(size)
    except EOFError as error:
        raise DataError(f"{part.name}: the gzip file is cut off", hint="fetch or make it again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{part.name}: damaged or no gzip file: {error}", hint="fetch or make it again"
        ) from error
    except OSError as error:
        raise DataError(f"{part.name}: {error.strerror or error}") from error


def decoded(content: bytes, name: str, *, final: bool) -> str:
    """The first bytes of a file as text; unless `final`, a character may be cut off at their end."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(content, final)
    except UnicodeDecodeError as error:
        raise not_utf8(name, content[: error.start].count(b"\n") + 1) from error
    return text.removeprefix("\ufeff")


def not_utf8(name: str, line: int) -> DataError:
    return DataError(f"{name}:{line}: not UTF-8 text", hint="save the file as UTF-8")


def _chunks(part: Part, what: Kind) -> Iterator[bytes]:
    with opened(part, what) as stream:
        while chunk := read(stream, part, CHUNK):
            yield chunk


def _line(part: Part, what: Kind, position: int) -> int:
    """The line of a byte: counted only when it is asked for, because counting costs more than looking for faults."""
    line = 1
    for chunk in _chunks(part, what):
        line += chunk[:position].count(b"\n")
        position -= len(chunk)
        if position <= 0:
            break
    return line
