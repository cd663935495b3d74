"""CSV and TSV: the header, the delimiter, and the rows as SQL, everything as text."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mltools.core.dataformats import Kind
from mltools.edges.tables import streams
from mltools.edges.tables.cells import literal
from mltools.edges.tables.parts import Part, Parts, other_columns
from mltools.edges.tables.source import refuse_doubles
from mltools.errors import DataError

# Most headers end within the first; one that does not end within the second is none.
WINDOWS = (1 << 16, 4 << 20)
# DuckDB's reader keeps several buffers of this size: the large one only for a file that needs it.
LONGEST_ROWS = (None, streams.LONGEST)

SPOKEN = {",": "','", ";": "';'", "\t": "tabs", "|": "'|'"}
SIGNATURES = (
    (b"PAR1", "Parquet"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
    (b"SQLite format 3\0", "an SQLite database"),
)
FORMATS = {",": "CSV", "\t": "TSV", "": "JSON lines"}


@dataclass(frozen=True, slots=True)
class Head:
    """The header of a text file; `skip` blank lines stand above it."""

    names: tuple[str, ...]
    skip: int


def read_head(files: Parts) -> Head:
    """The header that all files have. Raises DataError when one has none or another, or is not what its name says."""
    first, *others = files.files
    head = _read_head(first, files.what)
    for part in others:
        other = _read_head(part, files.what)
        if other != head:
            raise _other_head(part, other, first, head)
    return head


def refuse_delimiter(head: Head, wanted: Sequence[str], files: Parts) -> None:
    """Raise DataError when the header was not split at all, because another delimiter stands in it."""
    if len(head.names) > 1 or len(wanted) <= 1:
        return
    line, what = head.names[0], files.what
    used = max((mark for mark in SPOKEN if mark != what.delimiter), key=line.count)
    if line.count(used):
        raise DataError(
            f"{files.files[0].name}:{head.skip + 1}: one column found where the contract has {len(wanted)}: "
            f"the fields are separated by {SPOKEN[used]}, not {SPOKEN[what.delimiter]}",
            hint="save a .csv file with commas, a .tsv file with tabs",
        )


def refuse_signature(content: bytes, part: Part, what: Kind) -> None:
    """Raise DataError when the first bytes are those of another format."""
    found = next((label for mark, label in SIGNATURES if content.startswith(mark)), None)
    if found:
        hint = (
            "save it as UTF-8"
            if "UTF-16" in found
            else "give the file the ending of its format, or save it as CSV"
        )
        raise DataError(f"{part.name}: holds {found}, not {FORMATS[what.delimiter]} text", hint=hint)


def scan(files: Parts, head: Head, missing: Sequence[str], longest: int | None) -> str:
    """The files as a relation of c0, c1, ..., everything as text, missing values as NULL."""
    columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(head.names)))
    options = [
        "auto_detect = false",
        "header = true",
        f"skip = {head.skip}",
        f"delim = {literal(files.what.delimiter)}",
        "quote = '\"'",
        "escape = '\"'",
        f"nullstr = [{', '.join(map(literal, missing))}]",
        f"compression = '{'gzip' if files.what.gzipped else 'none'}'",
        "hive_partitioning = false",
        f"columns = {{{columns}}}",
        *([] if longest is None else [f"max_line_size = {longest}"]),
    ]
    return f"SELECT *, file_index AS p FROM read_csv({files.listing}, {', '.join(options)})"


def _read_head(part: Part, what: Kind) -> Head:
    for size in WINDOWS:
        content = streams.head(part, what, size)
        refuse_signature(content, part, what)
        head = _head_in(content, part, what, complete=len(content) < size)
        if head is not None:
            return head
    raise DataError(f"{part.name}:1: the header does not end within {WINDOWS[-1] >> 20} MiB")


def _head_in(content: bytes, part: Part, what: Kind, *, complete: bool) -> Head | None:
    """The header in the first bytes of a file; None when it does not end there."""
    text = streams.decoded(content, part.name, final=complete)
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=what.delimiter)
    blank = 0
    try:
        for record in reader:
            if not complete and lines.tell() == len(text):
                return None
            if record:
                refuse_doubles(record, f"{part.name}:{blank + 1}")
                _refuse_other_ends(text[: lines.tell()], part.name, blank)
                return Head(tuple(record), blank)
            blank = reader.line_num
    except csv.Error as error:
        raise DataError(f"{part.name}:{blank + 1}: the header cannot be read: {error}") from error
    if not complete:
        return None
    raise DataError(f"{part.name}: holds blank lines only, without a header")


def _other_head(part: Part, head: Head, first: Part, expected: Head) -> DataError:
    """The error for a part whose header is not that of the first."""
    where = f"{part.name}:{head.skip + 1}"
    if head.names == expected.names:
        return DataError(
            f"{where}: stands after {head.skip} blank lines, the header of {first.name} after {expected.skip}",
            hint="write all parts in one way, without blank lines above the header",
        )
    if sorted(head.names) == sorted(expected.names):
        return DataError(
            f"{where}: the columns stand in another order than in {first.name}",
            hint="write the columns of all parts in one order: text files are read by position",
        )
    return other_columns(where, head.names, first.name, expected.names)


def _refuse_other_ends(text: str, name: str, blank: int) -> None:
    """DuckDB takes the first line end, in quotes or not, for that of all, and reads no row where the others differ."""
    ends = re.findall(r"\r\n|\r|\n", text)
    if len(set(ends)) > 1:
        other = "the blank ones above" if len(set(ends[:blank] + ends[-1:])) > 1 else "the ones in its quotes"
        raise DataError(
            f"{name}:{blank + 1}: the line ends otherwise than {other} (CRLF, LF)",
            hint="write all line ends alike, for example with `dos2unix`",
        )
