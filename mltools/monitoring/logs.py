"""Where the request log of a check is: a directory here, or copies of what a store holds."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from mltools.core import urls
from mltools.edges import dvc
from mltools.edges.tables.engine import Progress
from mltools.errors import DataError, UsageError


@contextmanager
def at_hand(where: str, base: Path, since: datetime, progress: Progress | None = None) -> Iterator[Path]:
    """The directory of a log; of one at an address copies of what a window from `since` on may need, for as long as asked.

    Paths are seen from `base`; an address is read with the settings of the DVC project there. Raises UsageError for what
    is no address, DataError where nothing is there or it cannot be read.
    """
    if not urls.is_url(where):
        yield (base / where).resolve()
        return
    try:
        url = urls.checked(where)
    except ValueError as error:
        raise UsageError(f"the request log: {error}") from error
    from mltools.edges import storedlog  # noqa: PLC0415 - loads DVC, which a log on this machine has no use for

    root = dvc.find_root(base)
    with scratched() as scratch:
        yield storedlog.fetched(url, since, scratch, root / ".dvc" if root else None, progress)


@contextmanager
def scratched() -> Iterator[Path]:
    """A directory for the rows of a log, for as long as it is asked for."""
    try:
        path = Path(tempfile.mkdtemp(prefix="mltools-monitor-")).resolve()
    except OSError as error:
        raise DataError(f"no room for the rows of the log: {error.strerror or error}") from error
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
