"""A data file row by row, in order, as a model takes it; and the answer in parts, joined to one file at the end.

Rows come in chunks, out of core: each with its features typed, what is carried through as text, and the rules that it
breaks, by the same SQL that counts them in a validation. Parts are Parquet files with fixed types, so that the parts of
two runs of which one was killed fit together.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import duckdb

from mltools.core.columns import Column, ColumnType
from mltools.core.contract import Contract
from mltools.core.names import shown, title
from mltools.core.scoring import told
from mltools.core.validation import Check, Measured
from mltools.core.wording import JSON, TEXT
from mltools.edges.tables import sql
from mltools.edges.tables.cells import FLOATS, INTEGERS, UNQUOTED, Slot, literal
from mltools.edges.tables.engine import opened
from mltools.edges.tables.measuring import measure as measure_open
from mltools.edges.tables.reading import Data, Progress, opened_data, parts
from mltools.errors import DataError, MltoolsError

MEGABYTES = 700
OFFSET, PROBLEM = "o", "problem"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which columns of a file are asked for: `features` as the model takes them, `carried` as they stand there."""

    contract: Contract
    features: tuple[str, ...]
    carried: tuple[str, ...]
    checks: tuple[Check, ...]


class Source:
    """An open file to be scored."""

    def __init__(self, data: Data) -> None:
        self._data = data

    @property
    def header(self) -> Mapping[str, str]:
        """Its columns, and what their values are kept as."""
        return self._data.header

    def measured(self, contract: Contract, *, examples: int) -> Measured:
        """What a validation counts."""
        return measure_open(self._data, contract, examples=examples)

    def types(self, names: Sequence[str]) -> dict[str, ColumnType]:
        """The types of columns that no contract knows: a text column is one of numbers if each of its values is one.

        Columns that are not there are left out. Raises DataError for one that no model takes, such as a list.
        """
        there = [name for name in names if name in self.header]
        text = [name for name in there if self.header[name] in {TEXT, JSON}]
        found: dict[str, ColumnType] = {name: self._kept(name) for name in there if name not in text}
        if text:
            cells = [f"c{list(self.header).index(name)}" for name in text]
            terms = ", ".join(f"count({cell}) = count(TRY_CAST({cell} AS DOUBLE))" for cell in cells)
            numeric = self._data.row(f"SELECT {terms} FROM {self._data.scan}")
            for name, yes in zip(text, numeric, strict=True):
                found[name] = "number" if yes else "category"
        return found

    def kept_types(self, names: Sequence[str], contract: Contract) -> dict[str, str]:
        """The SQL types in which columns are carried through."""
        return {
            name: "BIGINT"
            if name in contract.columns and contract.columns[name].type == "integer"
            else "VARCHAR"
            if self.header[name] in {TEXT, JSON}
            else self.header[name]
            for name in names
        }

    def chunks(self, asked: Asked, *, after: int, rows: int) -> Iterator[Any]:
        """Data frames of about so many rows, from row `after` on: `o` (the offset), `f0`..., `k0`..., `problem`.

        A column is typed as the model takes it; `problem` names the rules that the row breaks, None of a good one.
        """
        data = sql.layout(asked.contract, self.header)
        features = [f"{_feature(data.slots[name])} AS f{at}" for at, name in enumerate(asked.features)]
        carried = [f"{_carried(data.slots[name])} AS k{at}" for at, name in enumerate(asked.carried)]
        # Not `broken` alone: what is unknown (NULL) is no fault.
        faults = [
            f"CASE WHEN {sql.broken(data, check)} THEN {literal(told(check))} END" for check in asked.checks
        ]
        problem = f"nullif(concat_ws('; ', {', '.join(faults)}), '')" if faults else "CAST(NULL AS VARCHAR)"
        offset = "row_number() OVER () - 1 AS o"
        kept = "* EXCLUDE (o)" if self._data.files.what.format == "parquet" else "*"
        numbered = f"(SELECT * FROM (SELECT {kept}, {offset} FROM {self._data.scan}) WHERE o >= {after})"
        terms = ", ".join(["o", *features, *carried, f"{problem} AS {PROBLEM}"])
        query = f"SELECT {terms} FROM ({sql.values(data, numbered, numbered=True)})"
        yield from self._data.engine.chunks(query, rows)

    def _kept(self, name: str) -> ColumnType:
        kept_as = self.header[name]
        if kept_as in INTEGERS | FLOATS or kept_as.startswith("DECIMAL"):
            return "number"
        simple: Mapping[str, ColumnType] = {"BOOLEAN": "boolean", "DATE": "date", "VARCHAR": "category"}
        if kept_as.startswith("TIMESTAMP"):
            return "datetime"
        if kept_as in simple or kept_as.startswith("ENUM"):
            return simple.get(kept_as, "category")
        raise DataError(f"{self._data.name}: column {title(name)} is kept as {kept_as}, which no model takes")


@contextmanager
def opened_source(
    path: Path,
    name: str,
    *,
    wanted: Sequence[str] = (),
    missing: Sequence[str] = ("",),
    progress: Progress | None = None,
) -> Iterator[Source]:
    """The file or directory of part files at `path`. Raises DataError for what cannot be read."""
    names = {part.path: part.name for part in parts(path, name)}
    with (
        opened(names, progress, megabytes=MEGABYTES) as engine,
        opened_data(path, name, wanted=wanted, missing=missing, within=engine) as data,
    ):
        yield Source(data)


class Parts:
    """Writes parts of an answer, and joins them: one connection that may read and write below a directory alone."""

    def __init__(self, directory: Path, columns: Mapping[str, str]) -> None:
        self._columns = columns
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "threads": 1,
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            },
        )
        for setting in (
            f"memory_limit = '{MEGABYTES}MB'",
            f"temp_directory = {literal(str(directory / 'spill'))}",
            f"allowed_directories = [{literal(str(directory))}]",
            "enable_external_access = false",
            "TimeZone = 'UTC'",
            "lock_configuration = true",
        ):
            self._connection.execute(f"SET {setting}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def fits(self, path: Path) -> bool:
        """Whether a part is whole and has these columns."""
        listing = literal(str(path))
        try:
            described = self._connection.execute(f"DESCRIBE SELECT * FROM read_parquet({listing})").fetchall()
            # Every value is read: a damaged one shows only then.
            self._connection.execute(f"SELECT count(COLUMNS(*)) FROM read_parquet({listing})").fetchall()
        except duckdb.Error:
            return False
        return [row[0] for row in described] == list(self._columns)

    def count(self, found: Sequence[Path]) -> tuple[int, int]:
        """How many rows all parts hold, and in how many a problem is told."""
        if not found:
            return 0, 0
        listing = ", ".join(literal(str(path)) for path in found)
        problems = f"count({PROBLEM})" if PROBLEM in self._columns else "0"
        answer = self._connection.execute(f"SELECT count(*), {problems} FROM read_parquet([{listing}])")
        rows, bad = answer.fetchall()[0]
        return int(rows), int(bad)

    def write(self, frame: Any, path: Path) -> None:
        """The columns of a data frame, which stand in the order of the output, as a part; whole or not there."""
        self._connection.register("answers", frame)
        named = zip(frame.columns, self._columns.items(), strict=True)
        cells = [f"CAST({_quoted(inner)} AS {kind}) AS {_quoted(name)}" for inner, (name, kind) in named]
        scratch = path.with_suffix(".tmp")
        self._copy(f"SELECT {', '.join(cells)} FROM answers", scratch, "FORMAT parquet")
        self._connection.unregister("answers")
        scratch.replace(path)

    def join(self, found: Sequence[Path], target: Path, form: str) -> None:
        """All parts as one file, in their order: csv, tsv, jsonl or parquet."""
        listing = ", ".join(literal(str(path)) for path in found)
        nothing = ", ".join(
            f"CAST(NULL AS {kind}) AS {_quoted(name)}" for name, kind in self._columns.items()
        )
        rows = f"SELECT * FROM read_parquet([{listing}])" if found else f"SELECT {nothing} WHERE false"
        self._copy(rows, target, _FORMS[form])

    def _copy(self, query: str, target: Path, form: str) -> None:
        try:
            self._connection.execute(f"COPY ({query}) TO {literal(str(target))} ({form})")
        except duckdb.Error as error:
            target.unlink(missing_ok=True)
            said = shown(str(error).splitlines()[0], 300)
            raise MltoolsError(
                f"cannot write {target.parent}: {said}",
                hint="check the free space there; the same command goes on where it stopped",
            ) from error


_FORMS = {
    "csv": "FORMAT csv, HEADER true",
    "tsv": "FORMAT csv, HEADER true, DELIMITER '\t'",
    "jsonl": "FORMAT json",
    "parquet": "FORMAT parquet",
}


def _feature(slot: Slot) -> str:
    """A value as training read it from a file: numbers as doubles, moments as the text that they were."""
    column: Column = slot.column
    match column.type:
        case "integer" | "number":
            return f"CAST({slot.value} AS DOUBLE)"
        case "date":
            return f"CAST({slot.value} AS VARCHAR)"
        case "datetime":
            return _carried(slot)
        case _:
            return slot.value


def _carried(slot: Slot) -> str:
    if slot.kept_as == JSON:
        return UNQUOTED.replace("{raw}", slot.raw)
    return f"CAST({slot.raw} AS VARCHAR)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
