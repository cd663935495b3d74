"""The files of a data set: one file, or a directory of part files that are read as one table."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mltools.core.dataformats import KNOWN, Kind, is_passed_over
from mltools.core.names import title
from mltools.edges.tables import source
from mltools.edges.tables.cells import literal
from mltools.edges.tables.source import Stamp
from mltools.errors import DataError

# Its files are rows only together with a log that says which of them still count.
LOGS = {"_delta_log": "a Delta table"}


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a data set; `name` is what messages call it."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Parts:
    """The files of a data set in their order, all of one kind, with the stamps that they had."""

    files: tuple[Part, ...]
    what: Kind
    stamps: tuple[Stamp, ...]

    @property
    def bytes(self) -> int:
        return sum(stamp.size for stamp in self.stamps)

    @property
    def listing(self) -> str:
        """The files as an SQL list."""
        return f"[{', '.join(literal(str(part.path)) for part in self.files)}]"


def parts(path: Path, name: str) -> tuple[Part, ...]:
    """The files of a data set: a file itself; of a directory all data files below it, by name.

    What begins with a dot or an underscore is passed over, as Spark and pyarrow do. Raises DataError for a directory
    without data files.
    """
    whole = path.absolute()
    if not whole.is_dir():
        return (Part(whole, name),)
    found = tuple(
        Part(whole / relative, f"{name}/{relative}") for relative in sorted(_below(whole, "", name))
    )
    if not found:
        raise DataError(
            f"{name}: is a directory without data files",
            hint=f"mltools reads {KNOWN}; `mltools data pull` fetches tracked data",
        )
    return found


def listed(path: Path, name: str) -> Parts:
    """The files of a data set with kind and stamps. Raises DataError for what is no data file, and for mixed formats."""
    files = parts(path, name)
    first = files[0]
    what = source.kind(first.path, first.name)
    for part in files[1:]:
        if source.kind(part.path, part.name) != what:
            raise DataError(
                f"{part.name}: is not of the format of {first.name}",
                hint="a directory is read as one data set, so its parts have one format and one ending",
            )
    return Parts(files, what, tuple(source.stamp(part.path, part.name) for part in files))


def unchanged(before: Parts, path: Path, name: str) -> None:
    """Raise DataError when the files are no longer those that were read."""
    if parts(path, name) != before.files:
        raise _changed(name)
    for part, stamp in zip(before.files, before.stamps, strict=True):
        if source.stamp(part.path, part.name) != stamp:
            raise _changed(part.name)


def other_columns(where: str, names: Sequence[str], first: str, expected: Sequence[str]) -> DataError:
    """The error for a part whose columns are not those of the first part."""
    gone = next((name for name in expected if name not in names), None)
    if gone is None:
        new = next(name for name in names if name not in expected)
        what = f"has a column {title(new)}, which {first} has not"
    else:
        what = f"has no column {title(gone)}, which {first} has"
    return DataError(f"{where}: {what}", hint="the parts of a data set have the same columns")


def _changed(name: str) -> DataError:
    return DataError(f"{name}: changed while it was read", hint="try again when nothing writes it")


def _below(directory: Path, relative: str, name: str) -> Iterator[str]:
    for entry in _entries(directory, f"{name}/{relative}".rstrip("/")):
        place = f"{relative}{entry.name}"
        if entry.name in LOGS:
            raise DataError(
                f"{name}: is {LOGS[entry.name]}, whose files alone do not tell its rows",
                hint="export it to plain Parquet files",
            )
        if is_passed_over(entry.name):
            continue
        if not entry.is_dir():
            yield place
        elif (
            entry.is_symlink()
        ):  # as DVC has it: links to files are followed, links to directories could go in rings
            raise DataError(
                f"{name}/{place}: is a link to a directory", hint="put the files themselves there"
            )
        else:
            yield from _below(directory / entry.name, f"{place}/", name)


def _entries(directory: Path, name: str) -> Sequence[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as found:
            return list(found)
    except OSError as error:
        raise DataError(f"{name}: {error.strerror or error}") from error
