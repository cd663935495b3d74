"""Rows that stand twice: in what a model learns from and in what it is tested on, or in one data set."""

from collections.abc import Sequence
from pathlib import Path

from mltools.core.data_facts import Overlap, Repeats
from mltools.core.names import nearest, title
from mltools.core.wording import JSON
from mltools.edges.tables.cells import FLOATS
from mltools.edges.tables.engine import opened
from mltools.edges.tables.reading import Data, opened_data, parts
from mltools.errors import DataError

EXAMPLES = 5
# An example ends in a report; this keeps a megabyte of text from travelling.
CUT = 100
# So few are grouped at a time that they fit the memory many times over.
ROWS_AT_ONCE = 4_000_000


def overlap(
    train: tuple[str, Path], test: tuple[str, Path], ids: Sequence[str], *, examples: int = EXAMPLES
) -> Overlap:
    """How many ids two data sets, each with the name that messages call it, have in common; the first `examples`.

    An id is the values of the columns `ids` together; a row that lacks one has none. Ids are compared as text, and a
    whole number is the same however a format writes it (7 and 7.0). Raises DataError for what cannot be read.
    """
    files = [part for name, path in (train, test) for part in parts(path, name)]
    with (
        opened({part.path: part.name for part in files}) as engine,
        opened_data(train[1], train[0], wanted=ids, within=engine, scan="train") as first,
        opened_data(test[1], test[0], wanted=ids, within=engine, scan="test") as second,
    ):
        learnt, tested = (_keep_ids(data, ids, f"{data.scan}_ids") for data in (first, second))
        names = ", ".join(f"i{index}" for index in range(len(ids)))
        common = f"FROM train_ids JOIN test_ids USING ({names})"
        (both,) = engine.row(f"SELECT count(*) {common}")
        shown = f"left(concat_ws(', ', {names}), {CUT})"
        wanted = f"SELECT {shown} {common} ORDER BY {names} LIMIT {examples:d}"
        found = engine.rows(wanted) if both and examples else ()
    return Overlap(both, learnt, tested, tuple(str(text) for (text,) in found))


def repeats(path: Path, name: str) -> Repeats:
    """How many rows of a data set repeat an earlier one whole. Raises DataError for what cannot be read."""
    with opened_data(path, name) as data:
        cells = [f"c{index}" for index in range(len(data.header))]
        hashed = f"hash({', '.join(cells)})"
        rows, different = _different(data, f"SELECT {hashed} AS h FROM {data.scan}", "h")
        if different < rows:
            # The same 64 bits are not yet the same row: 128 of all values, each with its length before it, are.
            texts = (f"CAST({cell} AS VARCHAR)" for cell in cells)
            whole = ", ".join(f"coalesce(strlen({text}) || ':' || {text}, '-')" for text in texts)
            digests = f"SELECT {hashed} AS h, md5_number(concat({whole})) AS d FROM {data.scan}"
            rows, different = _different(data, digests, "d")
    return Repeats(rows, rows - different)


def _different(data: Data, digests: str, column: str) -> tuple[int, int]:
    """The number of rows, and of different values in a column of their digests, of which `h` is one."""
    data.rows(f"CREATE OR REPLACE TEMP TABLE digests AS {digests}")
    (rows,) = data.row("SELECT count(*) FROM digests")
    buckets = rows // ROWS_AT_ONCE + 1
    counts = (
        data.row(f"SELECT count(DISTINCT {column}) FROM digests WHERE h % {buckets} = {bucket}")[0]
        for bucket in range(buckets)
    )
    return rows, sum(counts)


def _keep_ids(data: Data, ids: Sequence[str], table: str) -> int:
    """Put the different ids of a data set into a table; their number."""
    header = {name: f"c{index}" for index, name in enumerate(data.header)}
    for name in ids:
        if name not in header:
            close = nearest(name, tuple(header))
            meant = f"; did you mean {title(close)}?" if close else ""
            raise DataError(f"{data.name}: has no column {title(name)}{meant}")
    texts = [f"{_text(header[name], data.header[name])} AS i{index}" for index, name in enumerate(ids)]
    known = " AND ".join(f"i{index} IS NOT NULL" for index in range(len(ids)))
    rows = f"SELECT {', '.join(texts)} FROM {data.scan}"
    data.rows(f"CREATE TEMP TABLE {table} AS SELECT DISTINCT * FROM ({rows}) WHERE {known}")
    return int(data.row(f"SELECT count(*) FROM {table}")[0])


def _text(cell: str, kept_as: str) -> str:
    """An id as text, without the `.0` that pandas gives whole numbers in a column with gaps."""
    if kept_as == JSON:
        text = f"json_extract_string({cell}, '$')"
    elif kept_as in FLOATS:
        text = f"CASE WHEN NOT isnan({cell}) THEN CAST({cell} AS VARCHAR) END"
    else:
        text = f"CAST({cell} AS VARCHAR)"
    bare = rf"regexp_replace({text}, '^([+-]?[0-9]+)\.0*$', '\1')"
    return f"CASE WHEN contains({text}, '.') THEN {bare} ELSE {text} END"
