"""New rows beside the rows of a data set, by DuckDB: which ids are there already, and the rows as the data set writes them.

Rows keep the spelling that they have. What is there already is copied byte for byte, unless rows are replaced.
"""

import gzip
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from mltools.core.columns import Column
from mltools.core.contract import Contract
from mltools.core.data_adding import NAMED, Duplicates, Fates
from mltools.core.names import title
from mltools.core.wording import JSON, TEXT
from mltools.edges.tables.cells import literal
from mltools.edges.tables.engine import Engine, Progress, opened
from mltools.edges.tables.reading import Data, opened_data
from mltools.errors import DataError

MEGABYTES = 700
CHUNK = 1 << 20
# No character of JSON text.
APART = "\x01"
NUMBER = "'-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?'"


class OtherColumnsError(DataError):
    """New rows have not the columns of the data set; `reason` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Rows:
    """A data set and new rows for it, compared; `write` makes the file with both."""

    engine: Engine
    target: Data
    contract: Contract
    fates: Fates
    rows: Path

    def counted(self, batches: int) -> tuple[int, ...]:
        """The rows of each batch."""
        found = dict(self.engine.rows("SELECT f, count(*) FROM batch GROUP BY f"))
        return tuple(found.get(place, 0) for place in range(batches))

    def write(self, path: Path, policy: Duplicates) -> None:
        """The data set with the new rows, as a file of its own format."""
        what = self.target.files.what
        replacing = policy == "replace" and self.fates.changed > 0
        if what.format == "parquet":
            kept = f"SELECT {_names(self.target, 'o')} FROM ({self._kept(replacing=replacing)}) AS o"
            everything = f"SELECT * FROM ({kept}) UNION ALL SELECT {_typed(self.target)} FROM ({self._new()})"
            self.engine.rows(
                f"COPY ({everything}) TO {literal(str(path))} (FORMAT parquet, USE_TMP_FILE false)"
            )
            return
        with _writing(path, gzipped=what.gzipped) as sink:
            if replacing or self._windows():
                self._text(self._kept(replacing=True), sink, header=True)
            else:
                _copy(self.target.parts[0].path, sink, gzipped=what.gzipped)
            self._text(self._new(), sink, header=False)

    def _text(self, rows: str, sink: IO[bytes], *, header: bool) -> None:
        """Rows as text, on a file of their own and then at the end of the other."""
        what, names = self.target.files.what, tuple(self.target.header)
        if what.format == "csv":
            if header:
                sink.write(_csv_line(names, what.delimiter))
            cells = ", ".join(f"t{index}" for index in range(len(names)))
            options = (
                f"HEADER false, DELIMITER {literal(what.delimiter)}, NULLSTR {literal(_gap(self.contract))}"
            )
        else:
            parts = (
                f"{literal(json.dumps(name, ensure_ascii=False) + ': ')} || coalesce(t{index}, 'null')"
                for index, name in enumerate(names)
            )
            cells = "'{' || " + " || ', ' || ".join(parts) + " || '}'"
            options = f"HEADER false, QUOTE '', ESCAPE '', DELIMITER '{APART}'"
        self.engine.rows(
            f"COPY (SELECT {cells} FROM ({rows})) TO {literal(str(self.rows))} "
            f"(FORMAT csv, USE_TMP_FILE false, {options})"
        )
        with self.rows.open("rb") as stream:
            shutil.copyfileobj(stream, sink, CHUNK)

    def _windows(self) -> bool:
        """Whether lines end in CRLF: DuckDB writes LF, and a file must not mix them."""
        part, what = self.target.parts[0].path, self.target.files.what
        with gzip.open(part, "rb") if what.gzipped else part.open("rb") as stream:
            return what.format == "csv" and stream.readline(CHUNK).endswith(b"\r\n")

    def _new(self) -> str:
        return "SELECT * FROM fated WHERE fate = 'new' ORDER BY f, n"

    def _kept(self, *, replacing: bool) -> str:
        """The rows that are there, those that are replaced in their places."""
        if not replacing:
            return f"SELECT * FROM {self.target.scan}"
        if self.target.files.what.format == "parquet":
            kinds = enumerate(self.target.header.values())
            cells = [_either(f"o.c{at}", f"CAST(b.t{at} AS {kind})", f"c{at}") for at, kind in kinds]
        else:
            cells = [_either(f"o.t{at}", f"b.t{at}", f"t{at}") for at in range(len(self.target.header))]
        return (
            f"SELECT {', '.join(cells)} FROM (SELECT *, row_number() OVER () AS n FROM ({_old(self.target, self.contract)})) "
            "AS o LEFT JOIN (SELECT * FROM fated WHERE fate = 'changed') AS b ON o.id = b.id ORDER BY o.n"
        )


def _either(old: str, new: str, name: str) -> str:
    return f"CASE WHEN b.id IS NULL THEN {old} ELSE {new} END AS {name}"


def _names(data: Data, alias: str) -> str:
    return ", ".join(f"{alias}.c{index} AS {_quoted(name)}" for index, name in enumerate(data.header))


def _typed(data: Data) -> str:
    return ", ".join(
        f"CAST(t{index} AS {kind}) AS {_quoted(name)}"
        for index, (name, kind) in enumerate(data.header.items())
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def compared(
    target: tuple[Path, str],
    batches: Sequence[tuple[Path, str]],
    contract: Contract,
    whole: Path,
    *,
    progress: Progress | None = None,
) -> Iterator[Rows]:
    """New rows held against a data set, both as path and name; `whole` is the file that may be written.

    Raises OtherColumnsError where the columns differ, DataError for what cannot be read.
    """
    rows = whole.with_name("rows")
    names = {path.absolute(): name for path, name in (target, *batches)}
    names |= {rows: "the new rows", whole: target[1]}
    with ExitStack() as stack:
        engine = stack.enter_context(opened(names, progress, megabytes=MEGABYTES))
        wanted = tuple(contract.columns)
        missing = contract.missing_values
        old = stack.enter_context(
            opened_data(target[0], target[1], wanted=wanted, missing=missing, within=engine, scan="target")
        )
        tables = []
        for place, (path, name) in enumerate(batches):
            new = stack.enter_context(
                opened_data(path, name, wanted=wanted, missing=missing, within=engine, scan=f"batch{place}")
            )
            _refuse_columns(new, old)
            tables.append(_batch(new, old, contract, place))
        engine.rows(f"CREATE TEMP TABLE batch AS {' UNION ALL '.join(tables)}")
        yield Rows(engine, old, contract, _fates(engine, old, contract), rows)


def _refuse_columns(new: Data, old: Data) -> None:
    lacking = [name for name in old.header if name not in new.header]
    extra = [name for name in new.header if name not in old.header]
    if lacking or extra:
        parts = [f"has no column {', '.join(map(title, lacking[:NAMED]))}"] if lacking else []
        parts += (
            [f"has the column {', '.join(map(title, extra[:NAMED]))} beside those of {old.name}"]
            if extra
            else []
        )
        raise OtherColumnsError(f"{new.name}: {'; '.join(parts)}")


def _batch(new: Data, old: Data, contract: Contract, place: int) -> str:
    """The rows of a batch in the data set's columns and spelling, with their ids."""
    index = {name: at for at, name in enumerate(new.header)}
    cells = [
        f"{_cell(f'c{index[name]}', new.header[name], old, name, contract.columns.get(name))} AS t{at}"
        for at, name in enumerate(old.header)
    ]
    gone = [f"c{index[name]} IS NOT NULL AND t{at} IS NULL" for at, name in enumerate(old.header)]
    misfit = " + ".join(f"CAST({one} AS INTEGER)" for one in gone)
    id_ = _id(new, contract)
    return (
        f"SELECT {place} AS f, n, id, {misfit} AS misfits, {', '.join(f't{at}' for at in range(len(cells)))} FROM "
        f"(SELECT *, row_number() OVER () AS n, {id_} AS id, {', '.join(cells)} FROM {new.scan})"
    )


def _old(old: Data, contract: Contract) -> str:
    """The rows that are there, in their own spelling, with their ids."""
    cells = [f"{_plain(f'c{at}', kept, old)} AS t{at}" for at, kept in enumerate(old.header.values())]
    return f"SELECT *, {_id(old, contract)} AS id, {', '.join(cells)} FROM {old.scan}"


def keys(contract: Contract) -> tuple[str, ...]:
    """The columns that tell one row from another: the primary key, else the identifiers; empty when none does."""
    named = (name for name, column in contract.columns.items() if column.role == "id" or column.unique)
    return contract.primary_key or tuple(named)[:1]


def _fates(engine: Engine, old: Data, contract: Contract) -> Fates:
    count = len(old.header)
    whole = f"hash({', '.join(f'CAST(t{at} AS VARCHAR)' for at in range(count))})"
    engine.rows(
        f"CREATE TEMP TABLE there AS SELECT id, any_value(h) AS h FROM (SELECT id, {whole} AS h FROM "
        f"({_old(old, contract)})) WHERE id IS NOT NULL GROUP BY id"
    )
    engine.rows(
        "CREATE TEMP TABLE fated AS SELECT b.*, CASE WHEN b.id IS NULL THEN 'new' "
        "WHEN count(*) OVER (PARTITION BY b.id) > 1 THEN 'repeated' WHEN t.id IS NULL THEN 'new' "
        f"WHEN t.h = {whole} THEN 'same' ELSE 'changed' END AS fate "
        "FROM batch AS b LEFT JOIN there AS t ON b.id = t.id"
    )
    (before,) = engine.row(f"SELECT count(*) FROM {old.scan}")
    rows, misfits = engine.row("SELECT count(*), sum(misfits) FROM batch")
    found: Mapping[str, int] = dict(
        engine.rows(
            "SELECT fate, CASE fate WHEN 'repeated' THEN count(DISTINCT id) ELSE count(*) END FROM fated GROUP BY fate"
        )
    )
    return Fates(
        rows=rows,
        before=before,
        key=keys(contract),
        new=found.get("new", 0),
        same=found.get("same", 0),
        changed=found.get("changed", 0),
        repeated=found.get("repeated", 0),
        misfits=int(misfits or 0),
        changed_ids=_examples(engine, "changed"),
        repeated_ids=_examples(engine, "repeated"),
    )


def _examples(engine: Engine, fate: str) -> tuple[str, ...]:
    shown = "left(array_to_string(id, ', '), 100)"
    found: list[tuple[Any, ...]] = engine.rows(
        f"SELECT {shown} FROM fated WHERE fate = '{fate}' GROUP BY id ORDER BY min(f), min(n) LIMIT {NAMED}"
    )
    return tuple(text for (text,) in found)


def _id(data: Data, contract: Contract) -> str:
    """A row's id as a list of texts, None where a part of it is missing. 7 and 7.0 are the same number."""
    key = keys(contract)
    if not key:
        return "CAST(NULL AS VARCHAR[])"
    index = {name: at for at, name in enumerate(data.header)}
    parts = []
    for name in key:
        if name not in index:
            raise OtherColumnsError(f"{data.name}: has no column {title(name)}, which tells its rows apart")
        text = _as_text(f"c{index[name]}", data.header[name])
        whole = contract.columns[name].type == "integer"
        parts.append(f"coalesce(CAST(TRY_CAST({text} AS HUGEINT) AS VARCHAR), {text})" if whole else text)
    known = " AND ".join(f"{part} IS NOT NULL" for part in parts)
    return f"CASE WHEN {known} THEN [{', '.join(parts)}] END"


def _plain(cell: str, kept_as: str, old: Data) -> str:
    """A value that is there, as it is spelt there."""
    return cell if old.files.what.format != "csv" or kept_as == TEXT else _as_text(cell, kept_as)


def _cell(cell: str, kept_as: str, old: Data, name: str, column: Column | None) -> str:
    """A new value as the data set would spell it; NULL where it cannot."""
    match old.files.what.format:
        case "csv":
            return _as_text(cell, kept_as)
        case "jsonlines":
            return _as_json(cell, kept_as, column)
        case _:
            kind = old.header[name]
            return f"TRY_CAST({_as_text(cell, kept_as) if kept_as in {TEXT, JSON} else cell} AS {kind})"


def _as_text(cell: str, kept_as: str) -> str:
    if kept_as == JSON:
        return f"json_extract_string({cell}, '$')"
    if kept_as in {"FLOAT", "DOUBLE"}:
        return f"CASE WHEN NOT isnan({cell}) THEN CAST({cell} AS VARCHAR) END"
    return cell if kept_as == TEXT else f"CAST({cell} AS VARCHAR)"


def _as_json(cell: str, kept_as: str, column: Column | None) -> str:
    if kept_as == JSON:
        return cell
    text = _as_text(cell, kept_as)
    kind = "string" if column is None else column.type
    if kind in {"integer", "number"}:
        return f"CASE WHEN regexp_full_match({text}, {NUMBER}) THEN {text} ELSE CAST(to_json({text}) AS VARCHAR) END"
    if kind == "boolean":
        return (
            f"CASE WHEN lower({text}) IN ('true', '1') THEN 'true' WHEN lower({text}) IN ('false', '0') THEN 'false' "
            f"ELSE CAST(to_json({text}) AS VARCHAR) END"
        )
    return f"CAST(to_json({text}) AS VARCHAR)"


def _gap(contract: Contract) -> str:
    """How a field without a value is written."""
    return "" if "" in contract.missing_values else contract.missing_values[0]


def _csv_line(names: Sequence[str], delimiter: str) -> bytes:
    fields = [
        '"' + name.replace('"', '""') + '"' if any(mark in name for mark in f'{delimiter}"\r\n') else name
        for name in names
    ]
    return (delimiter.join(fields) + "\n").encode()


@contextmanager
def _writing(path: Path, *, gzipped: bool) -> Iterator[IO[bytes]]:
    with path.open("wb") as raw:
        if not gzipped:
            yield raw
            return
        # Without a time in it, so that equal rows are equal bytes.
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as sink:
            yield cast("IO[bytes]", sink)


def _copy(path: Path, sink: IO[bytes], *, gzipped: bool) -> None:
    """The bytes that are there, and the line end that the last line may lack."""
    last = b"\n"
    with gzip.open(path, "rb") if gzipped else path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            sink.write(chunk)
            last = chunk[-1:]
    if last not in {b"\n", b"\r"}:
        sink.write(b"\n")
