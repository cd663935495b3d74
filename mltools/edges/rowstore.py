"""Rows of text kept in one SQLite file beside the repository: a cache that is made anew when it is damaged or old."""

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

LAYOUT = 2
_SCHEMA = """
CREATE TABLE state (tip TEXT NOT NULL);
CREATE TABLE rows (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Store:
    """An open store; `tip` is what its rows were made from, None for a new one."""

    connection: sqlite3.Connection
    tip: str | None

    def ids(self) -> set[str]:
        return {row[0] for row in self.connection.execute("SELECT id FROM rows")}

    def change(self, tip: str, new: Iterable[tuple[str, str]], gone: Iterable[str]) -> None:
        """Put rows in and take rows out, all or nothing."""
        with self.connection:
            self.connection.executemany("DELETE FROM rows WHERE id = ?", ((each,) for each in gone))
            self.connection.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?)", new)
            self.connection.execute("DELETE FROM state")
            self.connection.execute("INSERT INTO state VALUES (?)", (tip,))

    def newest(self, most: int | None = None) -> list[str]:
        """The bodies, the greatest id first."""
        asked = "SELECT body FROM rows ORDER BY id DESC LIMIT ?"
        return [row[0] for row in self.connection.execute(asked, (-1 if most is None else most,))]


@contextmanager
def opened(path: Path, version: str) -> Iterator[Store]:
    """The store at a path, for rows of this version; in memory where it cannot be written."""
    connection = _connected(path, version) or _connected(Path(":memory:"), version)
    if connection is None:
        raise OSError("SQLite cannot keep a table in memory")
    with closing(connection):
        found = connection.execute("SELECT tip FROM state").fetchone()
        yield Store(connection, None if found is None else found[0])


def forget(path: Path) -> None:
    """Take a damaged store away, where that can be done."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _connected(path: Path, version: str) -> sqlite3.Connection | None:
    """A connection to a sound store of this version; a damaged or older file is replaced. None where that fails."""
    number = zlib.crc32(f"{LAYOUT} {version}".encode()) & 0x7FFFFFFF or 1
    for attempt in range(2):
        connection: sqlite3.Connection | None = None
        try:
            if str(path) != ":memory:":
                path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, timeout=5)
            # The cache may be lost with the machine: it is made again.
            connection.execute("PRAGMA synchronous = OFF")
            known = connection.execute("PRAGMA user_version").fetchone()[0]
            if known == 0:
                connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {number}; COMMIT;")
            elif known != number:
                raise sqlite3.DatabaseError("of another version")
            connection.execute("SELECT count(*) FROM state").fetchone()
            connection.execute("SELECT id, body FROM rows LIMIT 1").fetchone()
        except (sqlite3.Error, OSError):
            if connection is not None:
                connection.close()
            if attempt or str(path) == ":memory:":
                return None
            try:
                path.unlink(missing_ok=True)
            except OSError:
                return None
        else:
            return connection
    return None
