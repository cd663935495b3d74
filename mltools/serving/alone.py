"""A models directory has one who fills it: two would swap each other's versions in and out."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mltools.edges import files
from mltools.errors import MltoolsError

LOCK = ".filled"


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Fill a models directory as the only one; it is made where it is not there.

    Raises MltoolsError where another process fills it, or it cannot be written. A process that was killed holds nothing.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handle = (directory / LOCK).open("w")
    except OSError as error:
        raise files.unwritable(directory, error) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise MltoolsError(
                f"{directory}: another `mltools serve` fills it now",
                hint="end that one, or name another directory with --models",
            ) from error
        yield
