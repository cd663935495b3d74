"""Text tables: the header, and the faults that an engine would read over or explain badly."""

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from mltools.edges.tables.cells import literal
from mltools.edges.tables.source import Kind, refuse_doubles
from mltools.errors import DataError

CHUNK = 1 << 20
# A header that does not end within this much is none.
WINDOW = 4 << 20

SPOKEN = {",": "','", ";": "';'", "\t": "tabs", "|": "'|'"}
SIGNATURES = (
    (b"PAR1", "Parquet"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
    (b"SQLite format 3\0", "an SQLite database"),
)


@dataclass(frozen=True, slots=True)
class Head:
    """The header of a text file; `skip` blank lines stand above it."""

    names: tuple[str, ...]
    skip: int


def read_head(path: Path, name: str, what: Kind) -> Head:
    """The header of a text file. Raises DataError when there is none, or it is not what the file's name says."""
    with _opened(path, name, what) as stream:
        content = _read(stream, name, WINDOW)
    found = next((label for mark, label in SIGNATURES if content.startswith(mark)), None)
    if found:
        hint = (
            "save it as UTF-8"
            if "UTF-16" in found
            else "give the file the ending of its format, or save it as CSV"
        )
        raise DataError(
            f"{name}: holds {found}, not {'TSV' if what.delimiter == chr(9) else 'CSV'} text", hint=hint
        )
    complete = len(content) < WINDOW
    text = _decoded(content, name, final=complete)
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=what.delimiter)
    blank = 0
    try:
        for record in reader:
            if record:
                if not complete and lines.tell() == len(text):
                    break
                refuse_doubles(record, f"{name}:{blank + 1}")
                _refuse_other_ends(text[: lines.tell()], name, blank)
                return Head(tuple(record), blank)
            blank = reader.line_num
    except csv.Error as error:
        raise DataError(f"{name}:{blank + 1}: the header cannot be read: {error}") from error
    if not complete:
        raise DataError(f"{name}:{blank + 1}: the header does not end within {WINDOW >> 20} MiB")
    raise DataError(f"{name}: holds blank lines only, without a header")


def scan(path: Path, what: Kind, head: Head, missing: Sequence[str], longest: int | None) -> str:
    """A text file as a relation of c0, c1, ..., everything as text, missing values as NULL."""
    columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(head.names)))
    options = [
        "auto_detect = false",
        "header = true",
        f"skip = {head.skip}",
        f"delim = {literal(what.delimiter)}",
        "quote = '\"'",
        "escape = '\"'",
        f"nullstr = [{', '.join(map(literal, missing))}]",
        f"compression = '{'gzip' if what.gzipped else 'none'}'",
        f"columns = {{{columns}}}",
        *([] if longest is None else [f"max_line_size = {longest}"]),
    ]
    return f"read_csv({literal(str(path))}, {', '.join(options)})"


def refuse_delimiter(head: Head, wanted: Sequence[str], what: Kind, name: str) -> None:
    """Raise DataError when the header was not split at all, because another delimiter stands in it."""
    if len(head.names) > 1 or len(wanted) <= 1:
        return
    line = head.names[0]
    used = max((mark for mark in SPOKEN if mark != what.delimiter), key=line.count)
    if line.count(used):
        raise DataError(
            f"{name}:{head.skip + 1}: one column found where the contract has {len(wanted)}: "
            f"the fields are separated by {SPOKEN[used]}, not {SPOKEN[what.delimiter]}",
            hint="save a .csv file with commas, a .tsv file with tabs",
        )


def refuse_faults(path: Path, name: str, what: Kind) -> None:
    """Read the whole text once and raise DataError for NUL bytes, for what is not UTF-8, for a damaged gzip file.

    DuckDB reads over a wrong gzip checksum and NUL bytes, and over bad UTF-8 in columns that nobody asked for.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines, pending = 0, False
    for chunk in _chunks(path, name, what):
        if b"\0" in chunk:
            line = lines + chunk[: chunk.index(b"\0")].count(b"\n") + 1
            raise DataError(
                f"{name}:{line}: holds a NUL byte: damaged, or not UTF-8 text", hint="save it as UTF-8"
            )
        if pending or not chunk.isascii():
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                raise _not_utf8(name, lines + error.object[: error.start].count(b"\n") + 1) from error
            pending = bool(decoder.getstate()[0])
        lines += chunk.count(b"\n")
    if pending:
        raise _not_utf8(name, lines + 1)


def _chunks(path: Path, name: str, what: Kind) -> Iterator[bytes]:
    with _opened(path, name, what) as stream:
        while chunk := _read(stream, name, CHUNK):
            yield chunk


def _opened(path: Path, name: str, what: Kind) -> IO[bytes]:
    try:
        return cast("IO[bytes]", gzip.open(path, "rb")) if what.gzipped else path.open("rb")
    except OSError as error:
        raise DataError(f"{name}: {error.strerror or error}") from error


def _read(stream: IO[bytes], name: str, size: int) -> bytes:
    try:
        return stream.read(size)
    except EOFError as error:
        raise DataError(f"{name}: the gzip file is cut off", hint="fetch or make it again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{name}: damaged or no gzip file: {error}", hint="fetch or make it again") from error
    except OSError as error:
        raise DataError(f"{name}: {error.strerror or error}") from error


def _decoded(content: bytes, name: str, *, final: bool) -> str:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(content, final)
    except UnicodeDecodeError as error:
        raise _not_utf8(name, content[: error.start].count(b"\n") + 1) from error
    return text.removeprefix("\ufeff")


def _refuse_other_ends(text: str, name: str, blank: int) -> None:
    """DuckDB takes the first line's end for that of all, and finds no row where blank lines above end otherwise."""
    ends = re.findall(r"\r\n|\r|\n", text)
    if blank and len({*ends[:blank], *ends[-1:]}) > 1:
        raise DataError(
            f"{name}:{blank + 1}: the line ends otherwise than the blank ones above (CRLF, LF)",
            hint="write all line ends alike, for example with `dos2unix`",
        )


def _not_utf8(name: str, line: int) -> DataError:
    return DataError(f"{name}:{line}: not UTF-8 text", hint="save the file as UTF-8")
