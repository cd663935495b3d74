"""Which rows a job checks when several share the work, as relations over an open data set.

Where there are as many files as jobs, each takes whole files, as equal in bytes as can be; else each takes stretches of
the rows. Repeated values cannot be split by rows: there each job asks all rows, but only for the values in its bucket.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

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
    """Rows of a data set as SQL: `scan` has c0, c1, ...; `numbered` also p and o, by which `Places` finds a row.

    In Parquet o is the row's offset in its file. In text it is the offset among the rows of all these files, because
    only counting tells it.
    """

    scan: str
    numbered: str
    files: Sequence[int]


def everything(data: Data) -> Rows:
    """All rows."""
    return _rows(data, data.scan, range(len(data.parts)))


def shared(data: Data, share: Share) -> Rows:
    """The rows that this job checks one by one."""
    if share.whole:
        return everything(data)
    if len(data.parts) >= share.of:
        chosen = _files([stamp.size for stamp in data.files.stamps], share)
        wanted = ", ".join(map(str, chosen))
        return _rows(data, f"(SELECT * FROM {data.scan} WHERE p IN ({wanted}))", chosen)
    files = range(len(data.parts))
    if data.files.what.format != "parquet":
        stretches = f"(o // {STRETCH}) % {share.of} = {share.index - 1}"
        scan = f"(SELECT * FROM {everything(data).numbered} WHERE {stretches})"
        return Rows(scan, scan, files)
    counts = dict(data.rows(f"SELECT p, count(*) FROM {data.scan} GROUP BY p"))
    bounds = [
        f"p = {index} AND o >= {rows * (share.index - 1) // share.of} AND o < {rows * share.index // share.of}"
        for index, rows in sorted(counts.items())
    ]
    scan = f"(SELECT * FROM {data.scan} WHERE {' OR '.join(bounds) or 'false'})"
    return Rows(scan, scan, files)


class Places:
    """Where the rows of a relation stand, by their p and o. The rows of text files are counted when it is asked."""

    def __init__(self, data: Data, rows: Rows) -> None:
        self._data = data
        self._rows = rows
        self._starts: list[int] | None = None

    def place(self, part: int, offset: int) -> Place:
        if len(self._data.parts) == 1:
            return Place(0, offset + 1)
        if self._data.files.what.format != "parquet":
            starts = self._counted()
            at = bisect_right(starts, offset) - 1
            part, offset = self._rows.files[at], offset - starts[at]
        name = self._data.parts[part].name.removeprefix(f"{self._data.name}/")
        return Place(part, offset + 1, name)

    def _counted(self) -> list[int]:
        if self._starts is None:
            counts = dict(self._data.rows(f"SELECT p, count(*) FROM {self._data.scan} GROUP BY p"))
            sizes = [counts.get(index, 0) for index in self._rows.files]
            self._starts = [0, *accumulate(sizes)][:-1]
        return self._starts


def _rows(data: Data, scan: str, files: Sequence[int]) -> Rows:
    if data.files.what.format == "parquet":
        return Rows(scan, scan, files)
    return Rows(scan, f"(SELECT *, row_number() OVER () - 1 AS o FROM {scan})", files)


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
