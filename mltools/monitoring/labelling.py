"""Labels that came later, put beside the requests that they belong to."""

import os
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from mltools.core.monitor.labels import Labelling
from mltools.edges.tables import labelling
from mltools.edges.tables.engine import Progress
from mltools.edges.tables.labelling import Columns
from mltools.errors import MltoolsError

MOST_NAMES = 10_000


def label(
    file: Path,
    name: str,
    log: Path,
    *,
    columns: Columns,
    now: datetime,
    log_name: str,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Labelling:
    """Append the labels of a file to a log as a new file of it, whole or not at all; with `dry_run` only look.

    The same file again writes nothing. Raises DataError for what cannot be read.
    """
    try:
        handle, scratch = tempfile.mkstemp(
            dir=log if log.is_dir() else None, prefix=".labels.", suffix=".tmp"
        )
        os.close(handle)
    except OSError as error:
        raise _unwritable(log_name, error) from error
    target = Path(scratch).resolve()
    try:
        found = labelling.match(
            file, name, log, target, columns=columns, now=now, log_name=log_name, progress=progress
        )
        if dry_run or not found.written:
            return found
        return replace(found, file=_put(target, log, now))
    except OSError as error:
        raise _unwritable(log_name, error) from error
    finally:
        target.unlink(missing_ok=True)


def _put(target: Path, log: Path, now: datetime) -> str:
    """Give the file the next name that is free; nothing that is there is replaced."""
    with target.open("rb") as stream:
        os.fsync(stream.fileno())
    target.chmod(0o640)
    stamp = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    for number in range(MOST_NAMES):
        name = f"labels-{stamp}-{number}.jsonl"
        try:
            os.link(target, log / name)
        except FileExistsError:
            continue
        return name
    raise MltoolsError(f"{log}: {MOST_NAMES:,} files of labels in one second", hint="try again")


def _unwritable(name: str, error: OSError) -> MltoolsError:
    return MltoolsError(
        f"cannot write labels into {name}: {error.strerror or error}",
        hint="check the permissions and the free space of that directory",
    )
