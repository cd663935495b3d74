"""A released version put into a models directory, whole and checked or not at all."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mltools import models
from mltools.core import serving
from mltools.core.config import FILE
from mltools.core.release_record import ModelFile
from mltools.core.row_checks import checks_of
from mltools.core.serving import Serve
from mltools.edges import documents, files
from mltools.errors import ConfigError, DataError, UsageError
from mltools.models import Place, Released
from mltools.project import config_from
from mltools.server import places
from mltools.server.contract import contract_of
from mltools.server.places import VERSION_FILE

LARGEST_SMOKE = 1 << 20
SCRATCH = ".new-"
STALE = 86_400.0


def hand(place: Place, found: Released, directory: Path, *, model: str) -> bool:
    """Put a version, under the model's full name, into a models directory; False when it is there and whole already.

    What is there and is not what was released is replaced. Raises UsageError for a model that cannot be served,
    StoreError when its bytes are nowhere, ConfigError for smoke rows that are none.
    """
    file = found.record.file
    if file.is_dir:
        raise UsageError(f"{found.tag}: the model {file.path} is a directory, and only files can be served")
    target = version_directory(directory, model, found.version.version)
    tree = _tree(place, found, model)
    if _whole(target, file, tree):
        with suppress(OSError):
            os.utime(target)  # the newest is what was handed over last
        return False
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=SCRATCH))
        _clear(target.parent, scratch)
    except OSError as error:
        raise files.unwritable(target, error) from error
    try:
        whole = scratch / "whole"
        whole.mkdir()
        models.get(place, found, whole / str(tree["file"]))
        files.write_atomic(whole / VERSION_FILE, documents.write_json(tree))
        if target.exists():
            target.replace(scratch / "old")
        whole.replace(target)
    except OSError as error:
        raise files.unwritable(target, error) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return True


def _clear(directory: Path, mine: Path) -> None:
    """Take away what a killed agent left long ago. By the disk's own clock, which all who write there share."""
    now = mine.stat().st_mtime
    for left in directory.glob(f"{SCRATCH}*"):
        if left != mine and now - left.stat().st_mtime > STALE:
            shutil.rmtree(left, ignore_errors=True)


def version_directory(directory: Path, model: str, version: str) -> Path:
    """Where the service looks for a version, as the registry or the service itself names it."""
    return places.version_directory(directory, model, serving.plain(version))


def _tree(place: Place, found: Released, model: str) -> dict[str, Any]:
    policy = _policy(place, found)
    smoke, checks = _smoke(place, found, policy), checks_of(found.record.contracts)
    tree = serving.version_tree(found.record, policy, model=model, smoke=smoke, checks=checks)
    # A row that was made up keeps the rules of each column, but perhaps not those between them.
    if smoke is None and contract_of(tree, None).check(tree["smoke"])[1]:
        tree["smoke"] = []
    return tree


def _policy(place: Place, found: Released) -> Serve:
    """The release's own policy; the plain one where it cannot be read any more, with a warning."""
    content = place.repository.read(found.version.commit, f"{found.prefix}{FILE}")
    if content is None:
        return Serve()
    try:
        return config_from(content, f"{FILE} at {found.tag}").serve
    except ConfigError as error:
        place.warn(
            f"the policy of {found.tag} cannot be read, so its `serve` section does not count: {error.message}"
        )
        return Serve()


def _smoke(place: Place, found: Released, policy: Serve) -> Mapping[str, Any] | None:
    if policy.smoke is None:
        return None
    name = f"{policy.smoke} at {found.tag}"
    content = place.repository.read(found.version.commit, f"{found.prefix}{policy.smoke}")
    if content is None:
        raise ConfigError(
            f"{name}: there is no such file in Git", hint="serve.smoke in mltools.yaml names it"
        )
    if len(content) > LARGEST_SMOKE:
        raise ConfigError(f"{name} has more than {LARGEST_SMOKE:,} bytes; some rows are enough")
    tree = documents.read_json(content, name)
    if not isinstance(tree, dict) or not _are_rows(tree.get("rows")):
        raise ConfigError(f'{name} is no object with "rows", a list of objects')
    expected = tree.get("expected")
    if expected is not None and (not isinstance(expected, list) or len(expected) != len(tree["rows"])):
        raise ConfigError(f"{name}: expected is no list of as many answers as there are rows")
    return {key: tree[key] for key in ("rows", "expected") if tree.get(key) is not None}


def _are_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _whole(target: Path, file: ModelFile, tree: Mapping[str, Any]) -> bool:
    """Whether the version lies there as it would be written now."""
    try:
        kept = documents.read_json(files.read_bytes(target / VERSION_FILE), VERSION_FILE)
        return bool(kept == tree) and files.sha256(target / str(tree["file"])) == file.sha256
    except (DataError, ConfigError, OSError):
        return False
