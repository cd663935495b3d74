"""A data set opened for any number of queries, whatever its format and in however many files it lies.

Queries ask the relation `Data.scan`, whose columns are c0, c1, ... by position, so that no name out of the data reaches
SQL; `p` is the index of the file. Rows come in the order of the files and are numbered from 1, headers not counted:
`row_number() OVER ()`.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

from mltools.core.wording import TEXT
from mltools.edges.tables import jsonlines, parquet, streams, text
from mltools.edges.tables.engine import Engine, Progress, RowTooLongError, UnreadableError, opened
from mltools.edges.tables.parts import Part, Parts, listed, parts, unchanged
from mltools.errors import DataError

__all__ = ["Data", "Part", "Progress", "opened_data", "parts"]

VIEW = "data"


@dataclass(slots=True)
class Data:
    """An open data set.

    `header` tells each column's name and what its values are kept as: TEXT in CSV, JSON in JSON lines, else the type
    that Parquet has for them.
    """

    name: str
    files: Parts
    header: Mapping[str, str]
    engine: Engine
    _scans: list[str]
    _watch: "Future[int] | None" = None
    _ends: list[int] = field(default_factory=list)
    scan: str = VIEW

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.files.files

    @property
    def bytes(self) -> int:
        return self.files.bytes

    def row(self, sql: str) -> tuple[Any, ...]:
        """The first row of what a query answers."""
        return self.rows(sql)[0]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a query answers. Raises DataError when the data cannot be read."""
        while True:
            try:
                found = self.engine.rows(sql)
            except UnreadableError as error:
                self._longest_line()
                if not (isinstance(error, RowTooLongError) and self._scans):
                    raise self._located(error) from error
            else:
                # DuckDB leaves out a last row that is longer than its buffer, without a word.
                if self._longest_line() <= streams.ROOM or not self._scans:
                    return found
            self._look()

    def place(self, row: int) -> str:
        """How a message calls the row with this number: `row 12`, in a directory `part-0003.csv row 12`."""
        if len(self.parts) == 1:
            return f"row {row}"
        if not self._ends:
            counts = dict(self.rows(f"SELECT p, count(*) FROM {self.scan} GROUP BY p"))
            self._ends = list(accumulate(counts.get(index, 0) for index in range(len(self.parts))))
        index = bisect_left(self._ends, row)
        before = self._ends[index - 1] if index else 0
        return f"{self.parts[index].name.removeprefix(f'{self.name}/')} row {row - before}"

    def _look(self) -> None:
        """Point the relation at the next way to read the data."""
        self.engine.rows(f"CREATE OR REPLACE TEMP VIEW {self.scan} AS {self._scans.pop(0)}")

    def _longest_line(self) -> int:
        """Its bytes, where they were counted.

        No answer counts before all bytes were looked at: what is wrong with them explains DuckDB's trouble, too.
        """
        return 0 if self._watch is None else self._watch.result()

    def _located(self, error: UnreadableError) -> DataError:
        """The error with the line of the file instead of DuckDB's number."""
        part = next((part for part in self.parts if part.name == error.name), None)
        if self.files.what.format == "jsonlines":
            return jsonlines.fault(self.engine, self.files) or error
        if error.record is None or part is None:  # None of ours where an engine reads several data sets.
            return error
        line = streams.line_of_record(part, self.files.what, error.record)
        return DataError(f"{error.name}:{line}: {error.reason}", hint=error.hint)


@contextmanager
def opened_data(
    path: Path,
    name: str,
    *,
    wanted: Sequence[str] = (),
    missing: Sequence[str] = ("",),
    progress: Progress | None = None,
    within: Engine | None = None,
    scan: str = VIEW,
) -> Iterator[Data]:
    """The data at `path`, a file or a directory of part files, of which messages say `name`.

    `missing` are the texts that mean "no value"; columns `wanted` help to tell a wrong delimiter; `progress` is told
    how far each query is. `within` is an engine that may read these files, for queries over several data sets, each
    with a `scan` of its own. Raises DataError for what cannot be read, and at the end when the data changed meanwhile.
    """
    files = listed(path, name)
    try:
        with ExitStack() as stack:
            names = {part.path: part.name for part in files.files}
            engine = within or stack.enter_context(opened(names, progress))
            header, scans = _read_head(engine, files, wanted, missing)
            with _watched(files) as watch:
                data = Data(name, files, header, engine, scans, watch, scan=scan)
                data._look()  # noqa: SLF001 - of this module
                yield data
                data._longest_line()  # noqa: SLF001
    except DataError:
        unchanged(files, path, name)  # what is written meanwhile often looks damaged
        raise
    unchanged(files, path, name)


@contextmanager
def _watched(files: Parts) -> Iterator["Future[int] | None"]:
    """The thread that looks for faults in the bytes, where DuckDB reads over them."""
    if files.what.format == "csv" or files.what.gzipped:
        with streams.watched(files) as watch:
            yield watch
    else:
        yield None


def _read_head(
    engine: Engine, files: Parts, wanted: Sequence[str], missing: Sequence[str]
) -> tuple[Mapping[str, str], list[str]]:
    """The columns, and the data as SQL: for a text file a second time with room for longer rows."""
    match files.what.format:
        case "parquet":
            header = parquet.read_head(engine, files)
            return header, [parquet.scan(files, header)]
        case "jsonlines":
            header, longest = jsonlines.read_head(engine, files)
            return header, [jsonlines.scan(files, tuple(header), missing, longest)]
        case "csv":
            head = text.read_head(files)
            text.refuse_delimiter(head, wanted, files)
            scans = [text.scan(files, head, missing, longest) for longest in text.LONGEST_ROWS]
            return dict.fromkeys(head.names, TEXT), scans
