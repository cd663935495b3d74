"""A released model written where somebody wants it, whole and checked or not at all."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mltools import modelfiles
from mltools.core.release_record import FILE, ModelFile, release_json
from mltools.edges import files
from mltools.errors import StoreError, UsageError
from mltools.models.finding import Place, Released
from mltools.models.obtaining import matches, obtain


def target_of(found: Released, output: Path | None, directory: Path) -> tuple[Path, Path | None]:
    """Where a model goes, and the directory that takes its record.

    `output` is a directory when it is one, or when it has no suffix; else the file itself. Without it, the model goes
    into `directory` under its own name, and nothing else does.
    """
    name = found.record.file.path.rpartition("/")[2]
    if output is None:
        return directory / name, None
    place = _plain(directory / output)
    if place.is_dir() or (not place.exists() and not place.suffix):
        return place / name, place
    return place, None


def _plain(path: Path) -> Path:
    """The path without `..`, links before it followed as the system does; a link at its end stays one."""
    if ".." not in path.parts:
        return path
    return path.resolve() if path.name == ".." else path.parent.resolve() / path.name


def get(place: Place, found: Released, target: Path, *, force: bool = False) -> bool:
    """Bring a model to `target`; False when it is there already.

    Raises UsageError when something else is there, StoreError when the bytes are nowhere or not the released ones.
    """
    file = found.record.file
    if target.exists() or target.is_symlink():
        if _is(file, target):
            return False
        if not force:
            raise UsageError(f"{target} is there already and is not this model", hint="--force replaces it")
    with _beside(target) as scratch:
        whole = scratch / "whole"
        modelfiles.copy_members(obtain(place, found, scratch), whole)
        # What counts is what was written, not what was read.
        if not _is(file, whole):
            raise StoreError(f"{found.tag}: what was written to {target} is not what was released")
        if target.is_dir() and not target.is_symlink():
            # No directory can be replaced in one step: the old one is moved away first.
            target.replace(scratch / "old")
        whole.replace(target)
    return True


def write_record(found: Released, directory: Path) -> Path:
    """`release.json` beside a model."""
    path = directory / FILE
    files.write_atomic(path, release_json(found.record))
    return path


def _is(file: ModelFile, path: Path) -> bool:
    return path.is_dir() == file.is_dir and matches(file, modelfiles.on_disk(path, file.md5))


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A directory on the target's own disk, gone afterwards."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError as error:
        raise files.unwritable(target, error) from error
    try:
        yield scratch
    except OSError as error:
        raise files.unwritable(target, error) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
