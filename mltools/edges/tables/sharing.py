"""Which rows a job checks when several share the work, as relations over an open data set.

Where there are as many files as jobs, each takes whole files, as equal in bytes as can be; else each takes stretches of
the rows. Repeated values cannot be split by rows: there each job asks all rows, but only for the values in its bucket.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mltools.core.validation import Place
from mltools.edges.tables.reading import Data

# Rows that stand together in a text file go to one job: it must read, but not judge, those of the others.
STRETCH = 10_000


@dataclass(frozen=True, slots=True)
class Share:
    """Job `index` (from 1) of `of`."""

    index: int = 1
    of: int = 1

    @property
    def whole(self) -> bool:
        return self.of == 1


WHOLE = Share()


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a data set as SQL: `scan` has c0, c1, ... and p, `numbered` also o, by which `Places` finds a row.

    In Parquet o is the row's offset in its file. In text only counting tells it, so it is the offset among the rows of
    all these files, or with `stretches` among all rows.
    """

    scan: str
    numbered: str
    stretches: bool = False
    one_file: bool = False

    def first(self, most: int) -> str:
        """As `numbered`, but only the first rows: reading ends there."""
        if self.numbered != self.scan:
            return _numbered(f"(SELECT * FROM {self.scan} LIMIT {most})")
        # DuckDB finds the rows of one Parquet file without reading others; a LIMIT would collect them in order.
        wanted = f"WHERE o < {most}" if self.one_file and not self.stretches else f"LIMIT {most}"
        return f"(SELECT * FROM {self.scan} {wanted})"


def everything(data: Data) -> Rows:
    """All rows."""
    return _rows(data, data.scan)


def shared(data: Data, share: Share) -> Rows:
    """The rows that this job checks one by one."""
    if share.whole:
        return everything(data)
    if len(data.parts) >= share.of:
        chosen = _files([stamp.size for stamp in data.files.stamps], share)
        return _rows(data, f"(SELECT * FROM {data.scan} WHERE p IN ({', '.join(map(str, chosen))}))")
    if data.files.what.format != "parquet":
        wanted = f"(o // {STRETCH}) % {share.of} = {share.index - 1}"
    else:
        counts = data.rows(f"SELECT p, count(*) FROM {data.scan} GROUP BY p ORDER BY p")
        wanted = " OR ".join(
            f"p = {part} AND o >= {rows * (share.index - 1) // share.of} AND o < {rows * share.index // share.of}"
            for part, rows in counts
        )
    scan = f"(SELECT * FROM {everything(data).numbered} WHERE {wanted or 'false'})"
    return Rows(scan, scan, stretches=True)


class Places:
    """Where rows of a relation that is `numbered` stand, by their p and o."""

    def __init__(self, data: Data, rows: Rows, numbered: str) -> None:
        self._data = data
        self._rows = rows
        self._numbered = numbered
        self._starts: Mapping[int, int] | None = None

    def place(self, part: int, offset: int) -> Place:
        if len(self._data.parts) == 1:
            return Place(0, offset + 1)
        if self._data.files.what.format != "parquet":
            offset -= self._begins()[part]
        name = self._data.parts[part].name.removeprefix(f"{self._data.name}/")
        return Place(part, offset + 1, name)

    def _begins(self) -> Mapping[int, int]:
        """The offset of each file's first row."""
        if self._starts is None:
            numbered = everything(self._data).numbered if self._rows.stretches else self._numbered
            self._starts = dict(self._data.rows(f"SELECT p, min(o) FROM {numbered} GROUP BY p"))
        return self._starts


def _rows(data: Data, scan: str) -> Rows:
    numbered = scan if data.files.what.format == "parquet" else _numbered(scan)
    return Rows(scan, numbered, one_file=len(data.parts) == 1)


def _numbered(scan: str) -> str:
    return f"(SELECT *, row_number() OVER () - 1 AS o FROM {scan})"


def _files(sizes: Sequence[int], share: Share) -> list[int]:
    """The files of one job: the largest first, each to the job that has least so far, as every job reckons alike."""
    loads = [0] * share.of
    mine = []
    for index in sorted(range(len(sizes)), key=lambda index: (-sizes[index], index)):
        job = min(range(share.of), key=lambda job: (loads[job], job))
        loads[job] += sizes[index]
        if job == share.index - 1:
            mine.append(index)
    return sorted(mine)
