"""The request log of a service, kept at an address such as s3://bucket/log: copies of what a window may need of it."""

from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from mltools.edges import dvcfs
from mltools.edges.dvcfs import Stored
from mltools.edges.tables.engine import Progress
from mltools.edges.tables.requests import LABELS, MARGIN, REQUESTS


def fetched(
    url: str, since: datetime, place: Path, dvc_dir: Path | None, progress: Progress | None = None
) -> Path:
    """Copy the labels, and the requests that were written from a day before `since` on, below `place`.

    A service, or whoever brings its log there, may be writing: what has come of a file by now counts. Raises DataError
    when nothing is there or it cannot be read, ConfigError for a wrong address.
    """
    store = dvcfs.opened(url, dvc_dir)
    there = store.listing()
    requests = [file for file in there if _is(file, REQUESTS)]
    recent = [file for file in requests if file.modified is None or file.modified >= since - MARGIN]
    # Of a log that has been silent since then one file says that there is a log.
    files = (*(recent or requests[-1:]), *(file for file in there if _is(file, LABELS)))
    whole, came = sum(file.size or 0 for file in files), 0

    def heard(count: int) -> None:
        nonlocal came
        came += count
        if progress is not None and whole:
            progress(min(came / whole, 1.0))

    place.mkdir(parents=True, exist_ok=True)
    store.fetch(files, place, heard, growing=True)
    return place


def _is(file: Stored, pattern: str) -> bool:
    return fnmatchcase(file.relative.rpartition("/")[2], pattern)
