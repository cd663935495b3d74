"""DuckDB: opened for one file and nothing else, its complaints turned into words. Only this module imports it."""

import os
import re
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

import duckdb

from mltools.core.names import shown
from mltools.edges.tables.cells import literal
from mltools.errors import DataError


class RowTooLongError(DataError):
    """A row does not fit the reader's buffer; a larger one may help."""


class Engine:
    """A database in memory that may read one file."""

    def __init__(self, connection: Any, path: Path, name: str) -> None:
        self._connection = connection
        self._path = path
        self._name = name

    def row(self, sql: str) -> tuple[Any, ...]:
        return self.rows(sql)[0]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a query answers. Raises DataError when the file cannot be read."""
        try:
            return self._answer(sql)
        except duckdb.Error as error:
            raise _explained(str(error).replace(str(self._path), self._name), self._name) from error

    def _answer(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask in a thread, so that Ctrl-C reaches this one at once; DuckDB looks for signals now and then at best."""
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(lambda: self._connection.execute(sql).fetchall())
            try:
                return cast("list[tuple[Any, ...]]", answer.result())
            except BaseException:
                if not answer.done():
                    self._connection.interrupt()
                raise

    def refuses(self, pattern: str) -> str | None:
        """Why a pattern is no regular expression to this engine, None when it is one."""
        try:
            self._connection.execute(f"SELECT regexp_full_match('', {literal(pattern)})").fetchall()
        except duckdb.Error as error:
            return shown(_first_line(str(error)))
        return None


@contextmanager
def opened(path: Path, name: str) -> Iterator[Engine]:
    """A database that may read `path`, fetches and loads nothing, and spills to a directory that goes with it."""
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
        for setting in (
            f"allowed_paths = [{literal(str(path))}]",
            "enable_external_access = false",
            "enable_progress_bar = false",
            "TimeZone = 'UTC'",
            "lock_configuration = true",
        ):
            connection.execute(f"SET {setting}")
        yield Engine(connection, path, name)


def _cores() -> int:
    """The cores that this process may use: in a container fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _explained(said: str, name: str) -> DataError:
    """DuckDB's complaint about a file as `name:line: reason`.

    Its line numbers count a row with quoted newlines as one line.
    """
    found = re.search(r"CSV Error on Line: (\d+)", said)
    where = f"{name}:{found[1]}" if found else name
    counted = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", said)
    if "Maximum line size" in said:
        return RowTooLongError(
            f"{where}: a row is too long to read", hint="look for a quote that is not closed"
        )
    if "unterminated quote" in said:
        return DataError(
            f"{where}: a quote is not closed, or text follows a closing one",
            hint='a field with quotes in it is written "like ""this"""',
        )
    if counted:
        fields = f"{counted[2]} field{'s' * (counted[2] != '1')}"
        return DataError(
            f"{where}: {fields} where the header has {counted[1]}",
            hint="a field that holds the delimiter, a quote or a newline must be in quotes",
        )
    if "Invalid unicode" in said:
        return DataError(f"{where}: not UTF-8 text", hint="save the file as UTF-8")
    if "invalid state" in said:
        return DataError(
            f"{where}: no well-formed CSV; perhaps some lines end in CRLF and others in LF",
            hint="write all line ends alike, for example with `dos2unix`",
        )
    kind = "damaged or no Parquet file: " if name.lower().endswith(".parquet") else ""
    return DataError(f"{where}: {kind}{shown(_first_line(said), 300)}", hint="fetch or make the file again")


def _first_line(said: str) -> str:
    line = said.splitlines()[0]
    return re.sub(r"^[A-Z][A-Za-z ]* Error: ", "", line)
