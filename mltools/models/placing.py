"""A released model laid out for a server: `versions/NAME/VERSION/` of a models directory, whole or not there."""

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mltools import modelfiles
from mltools.core import served
from mltools.core.config import FILE
from mltools.edges import documents, files
from mltools.errors import ConfigError, MltoolsError, StoreError, UsageError
from mltools.models.finding import Place, Released
from mltools.models.obtaining import matches, obtain


def place_version(
    place: Place,
    found: Released,
    models: Path,
    *,
    smoke: Sequence[Mapping[str, Any]] = (),
    expected: Sequence[Any] | None = None,
) -> Path:
    """Fetch and check a version, and write its directory beside and rename it; the directory.

    One that is there with the same description and the released bytes is left as it is. Raises UsageError for a model
    that no server can load, StoreError when the bytes are nowhere or not the released ones, ConfigError for a list of
    types in mltools.yaml that is none.
    """
    record = found.record
    if record.file.is_dir:
        raise UsageError(
            f"{found.tag}: the model is a directory, and what serves takes a single file",
            hint=f"save it as one file with skops ({served.SUFFIX})",
        )
    tree = served.version_tree(record, types=reviewed_types(place, found), smoke=smoke, expected=expected)
    text = documents.write_json(tree)
    target = models / served.VERSIONS / served.step(record.model) / served.number(record.version)
    if _is(target, text, found):
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError as error:
        raise _unwritable(target, error) from error
    try:
        whole = scratch / "whole"
        whole.mkdir()
        modelfiles.copy_members(obtain(place, found, scratch), whole / tree["file"])
        if not _holds(whole / tree["file"], found):
            raise StoreError(f"{found.tag}: what was written to {target} is not what was released")
        files.write_atomic(whole / served.FILE, text)
        # What reads it may run as somebody else.
        whole.chmod(0o755)
        if target.exists():
            target.replace(scratch / "old")
        os.replace(whole, target)  # noqa: PTH105 - a directory, in one step
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def reviewed_types(place: Place, found: Released) -> tuple[str, ...]:
    """The types that the model's file may ask for, by the mltools.yaml of its commit. Raises ConfigError."""
    path = f"{found.prefix}{FILE}"
    content = place.repository.read(found.version.commit, path)
    name = f"{path} of {found.tag}"
    try:
        return served.types_of(None if content is None else documents.read_yaml(content, name))
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from error


def _is(target: Path, text: str, found: Released) -> bool:
    described = target / served.FILE
    return (
        described.is_file()
        and files.read_bytes(described) == text.encode()
        and _holds(target / found.record.file.path.rpartition("/")[2], found)
    )


def _holds(path: Path, found: Released) -> bool:
    return path.is_file() and matches(found.record.file, modelfiles.on_disk(path, found.record.file.md5))


def _unwritable(target: Path, error: OSError) -> MltoolsError:
    return MltoolsError(
        f"cannot write {target}: {error.strerror or error}",
        hint="check the permissions and the free space of that directory",
    )
