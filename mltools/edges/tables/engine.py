"""DuckDB: opened for some files and nothing else, its complaints turned into words. Only this module imports it."""

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

import duckdb

from mltools.core.names import shown
from mltools.edges.tables.cells import literal
from mltools.errors import DataError

# Hashes of values, by which jobs share work, are those of one version.
ENGINE = f"duckdb {duckdb.__version__}"


class UnreadableError(DataError):
    """A file that DuckDB cannot read. It counts records: `record` is the one that `reason` is about, if it told one."""

    def __init__(self, name: str, reason: str, *, record: int | None = None, hint: str | None = None) -> None:
        super().__init__(f"{name}: {reason}" if record is None else f"{name}:{record}: {reason}", hint=hint)
        self.name = name
        self.reason = reason
        self.record = record


class RowTooLongError(UnreadableError):
    """A row does not fit the reader's buffer, or, as it looks then, a quote is not closed; a larger one may help."""


class OutOfMemoryError(UnreadableError):
    """A query needs more memory than it was given, and cannot put it aside."""


# How far a query is, from 0 to 1.
Progress = Callable[[float], None]
BEAT = 0.1
VECTOR = 2_048  # rows that DuckDB hands over at once
UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
TOO_LONG = ("Maximum line size", '"maximum_object_size"', "does not support a full read")


class Engine:
    """A database in memory that may read some files; `names` is what messages call each."""

    def __init__(self, connection: Any, names: Mapping[Path, str], progress: Progress | None) -> None:
        self._connection = connection
        self._names = names
        self._progress = progress

    def row(self, sql: str) -> tuple[Any, ...]:
        return self.rows(sql)[0]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a query answers. Raises UnreadableError when a file cannot be read."""
        try:
            return self._answer(sql)
        except duckdb.Error as error:
            raise _explained(str(error), self._names) from error

    def chunks(self, sql: str, rows: int) -> Iterator[Any]:
        """What a query answers as data frames of about so many rows, each read when it is asked for.

        Raises UnreadableError as `rows` does. No other question may be asked meanwhile.
        """
        try:
            found = self._connection.execute(sql)
            while len(frame := found.fetch_df_chunk(max(1, rows // VECTOR))):
                yield frame
        except duckdb.Error as error:
            raise _explained(str(error), self._names) from error

    def _answer(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask in a thread, so that Ctrl-C reaches this one at once; DuckDB looks for signals now and then at best."""
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(lambda: self._connection.execute(sql).fetchall())
            try:
                return cast("list[tuple[Any, ...]]", self._awaited(answer))
            except BaseException:
                if not answer.done():
                    self._connection.interrupt()
                raise

    def _awaited(self, answer: "Future[Any]") -> Any:
        while self._progress is not None:
            try:
                return answer.result(BEAT)
            except TimeoutError:
                if answer.done():  # a query may end with this error as well
                    break
                # Below 0 as long as DuckDB cannot tell.
                self._progress(max(self._connection.query_progress(), 0.0) / 100)
        return answer.result()

    def refuses(self, pattern: str) -> str | None:
        """Why a pattern is no regular expression to this engine, None when it is one."""
        try:
            self._connection.execute(f"SELECT regexp_full_match('', {literal(pattern)})").fetchall()
        except duckdb.Error as error:
            return shown(_first_line(str(error)))
        return None


@contextmanager
def opened(
    names: Mapping[Path, str], progress: Progress | None = None, *, megabytes: int | None = None
) -> Iterator[Engine]:
    """A database that may read these files, fetches and loads nothing, and spills to a directory that goes with it.

    It spills what exceeds so many megabytes; by default, and at most, what DuckDB thinks the machine can spare.
    """
    with ExitStack() as stack:
        try:
            spill = stack.enter_context(tempfile.TemporaryDirectory(prefix="mltools-"))
        except OSError:  # nowhere to write: then what does not fit the memory cannot be checked
            spill = ""
        connection = duckdb.connect(
            ":memory:",
            config={
                "threads": _cores(),
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "temp_directory": spill,
            },
        )
        stack.callback(connection.close)
        if megabytes is not None and spill and megabytes < _spared(connection):
            connection.execute(f"SET memory_limit = '{megabytes}MB'")
        for setting in (
            f"allowed_paths = [{', '.join(literal(str(path)) for path in names)}]",
            "enable_external_access = false",
            # It believes a Parquet file's statistics instead of its values, also where they leave NaN out or are wrong.
            "disabled_optimizers = 'statistics_propagation'",
            # Only with it does DuckDB tell how far it is.
            f"enable_progress_bar = {str(progress is not None).lower()}",
            "enable_progress_bar_print = false",
            "TimeZone = 'UTC'",
            "lock_configuration = true",
        ):
            connection.execute(f"SET {setting}")
        yield Engine(connection, names, progress)


def _spared(connection: Any) -> float:
    """The megabytes that DuckDB would use: it knows the limits of containers."""
    amount, unit = connection.execute("SELECT current_setting('memory_limit')").fetchone()[0].split()
    return float(amount) * float(1024 ** UNITS.index(unit)) / 1e6


def _cores() -> int:
    """The cores that this process may use: in a container fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _explained(said: str, names: Mapping[Path, str]) -> UnreadableError:
    """DuckDB's complaint about a file as `name:record: reason`."""
    # The longest of those that stand in it: x.csv is the beginning of x.csv.gz as well.
    told = max((path for path in names if str(path) in said), key=lambda path: len(str(path)), default=None)
    name = names[told or next(iter(names))]
    said = said if told is None else said.replace(str(told), name)
    found = re.search(r"CSV Error on Line: (\d+)", said)
    record = int(found[1]) if found else None
    if any(mark in said for mark in TOO_LONG):
        return RowTooLongError(
            name, "a row is too long to read", record=record, hint="look for a quote that is not closed"
        )
    if said.startswith("Out of Memory"):
        return OutOfMemoryError(
            name, shown(_first_line(said), 300), hint="check it where there is more memory, or in shards"
        )
    reason, hint = _reason(said, name)
    error = RowTooLongError if "unterminated quote" in said else UnreadableError
    return error(name, reason, record=record, hint=hint)


def _reason(said: str, name: str) -> tuple[str, str]:
    counted = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", said)
    if "unterminated quote" in said:
        return (
            "a quote is not closed, or text follows a closing one",
            'a field with quotes in it is written "like ""this"""; a row has at most 64 MiB',
        )
    if counted:
        fields = f"{counted[2]} field{'s' * (counted[2] != '1')}"
        return (
            f"{fields} where the header has {counted[1]}",
            "a field that holds the delimiter, a quote or a newline must be in quotes",
        )
    if "Invalid unicode" in said:
        return "not UTF-8 text", "save the file as UTF-8"
    if "invalid state" in said:
        return (
            "no well-formed CSV; perhaps some lines end in CRLF and others in LF",
            "write all line ends alike, for example with `dos2unix`",
        )
    kind = "damaged or no Parquet file: " if name.lower().endswith(".parquet") else ""
    return f"{kind}{shown(_first_line(said), 300)}", "fetch or make the file again"


def _first_line(said: str) -> str:
    line = said.splitlines()[0]
    return re.sub(r"^[A-Z][A-Za-z ]* Error: ", "", line)
