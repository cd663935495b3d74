"""A data file before anything is read out of it: its kind, its stamp, and what no data file may be."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mltools.core.dataformats import KNOWN, Kind, kind_of
from mltools.core.names import title
from mltools.errors import DataError


@dataclass(frozen=True, slots=True)
class Stamp:
    """By which a file that changes while it is read is found out."""

    inode: int
    size: int
    modified: int


def stamp(path: Path, name: str) -> Stamp:
    """The file's stamp. Raises DataError for what is no regular file, is empty, or cannot be read."""
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise DataError(
            f"{name}: no such file",
            hint="`mltools data pull` fetches tracked data; a stage that writes it runs in `mltools run`",
        ) from error
    except OSError as error:
        raise DataError(f"{name}: {error.strerror or error}") from error
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"{name}: is not a regular file")
    if not os.access(path, os.R_OK):
        raise DataError(f"{name}: Permission denied")
    if status.st_size == 0:
        raise DataError(f"{name}: is empty, without even a header")
    return Stamp(status.st_ino, status.st_size, status.st_mtime_ns)


def kind(path: Path, name: str) -> Kind:
    """What the file is by its name. Raises DataError for a name that tells nothing."""
    found = kind_of(path.name)
    if found is None:
        raise DataError(f"{name}: the name does not tell the format", hint=f"mltools reads {KNOWN}")
    return found


def refuse_doubles(names: Sequence[str], where: str) -> None:
    """Raise DataError when two columns have one name: no rule could say which of them it means."""
    first: dict[str, int] = {}
    for index, column in enumerate(names, start=1):
        if column in first:
            who = f"are both called {title(column)}" if column else "have no name"
            raise DataError(
                f"{where}: columns {first[column]} and {index} {who}", hint="give each a name of its own"
            )
        first[column] = index
