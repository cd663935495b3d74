"""A data file opened for any number of queries, whatever its format.

Queries ask the relation `Data.scan`, whose columns are c0, c1, ... by position, so that no name out of the data reaches
SQL. Rows come in the order of the file and are numbered from 1, the header not counted: `row_number() OVER ()`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mltools.core.wording import TEXT
from mltools.edges.tables import parquet, source, text
from mltools.edges.tables.engine import Engine, RowTooLongError, opened

VIEW = "data"
# DuckDB's reader keeps several buffers of this size: the large one only for a file that needs it.
LONGEST_ROWS = (None, 64 << 20)


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a data set; `name` is what messages call it."""

    path: Path
    name: str


@dataclass(slots=True)
class Data:
    """An open data set. `header` tells each column's name and what its values are kept as: TEXT, or a Parquet type."""

    name: str
    parts: tuple[Part, ...]
    header: Mapping[str, str]
    bytes: int
    engine: Engine
    _scans: list[str]
    scan: str = VIEW

    def row(self, sql: str) -> tuple[Any, ...]:
        """The first row of what a query answers."""
        return self.rows(sql)[0]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a query answers. Raises DataError when the data cannot be read."""
        while True:
            try:
                return self.engine.rows(sql)
            except RowTooLongError:
                if not self._scans:
                    raise
                self._look()

    def place(self, row: int) -> str:
        """How a message calls the row with this number: `row 12`, in a directory `part-0003.csv row 12`."""
        return f"row {row:d}"

    def _look(self) -> None:
        """Point the relation at the next way to read the data."""
        self.engine.rows(f"CREATE OR REPLACE TEMP VIEW {VIEW} AS SELECT * FROM {self._scans.pop(0)}")


def parts(path: Path, name: str) -> tuple[Part, ...]:
    """The files of a data set. Raises DataError when nothing is there."""
    return (Part(path.absolute(), name),)


@contextmanager
def opened_data(
    path: Path, name: str, *, wanted: Sequence[str] = (), missing: Sequence[str] = ("",)
) -> Iterator[Data]:
    """The data at `path`, of which messages say `name`; `missing` are the texts that mean "no value".

    Columns `wanted` help to tell a wrong delimiter. Raises DataError for what cannot be read, and at the end when the
    data changed meanwhile.
    """
    (part,) = parts(path, name)
    before = source.stamp(part.path, part.name)
    with opened(part.path, part.name) as engine:
        header, scans = _read_head(engine, part, wanted, missing)
        data = Data(name, (part,), header, before.size, engine, scans)
        data._look()  # noqa: SLF001 - of this module
        yield data
    source.unchanged(before, part.path, part.name)


def _read_head(
    engine: Engine, part: Part, wanted: Sequence[str], missing: Sequence[str]
) -> tuple[Mapping[str, str], list[str]]:
    """The columns, and the data as SQL: for a text file a second time with room for longer rows."""
    what = source.kind(part.path, part.name)
    if what.format == "parquet":
        names, kept_as = parquet.read_head(engine, part.path)
        source.refuse_doubles(names, part.name)
        return dict(zip(names, kept_as, strict=True)), [parquet.scan(part.path, len(names))]
    head = text.read_head(part.path, part.name, what)
    text.refuse_faults(part.path, part.name, what)
    text.refuse_delimiter(head, wanted, what, part.name)
    scans = [text.scan(part.path, what, head, missing, longest) for longest in LONGEST_ROWS]
    return dict.fromkeys(head.names, TEXT), scans
