"""What a team deploys a released model with: a directory that holds all of it, rendered the same way each time.

The model is fetched, checked, loaded and tried here; its answers to rows made from the contract are written down, and
the service must give them again where it is deployed, before it serves.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mltools import models
from mltools.core import deploying
from mltools.core.deploying import FOLDERS, MANIFEST, Deployment, Target
from mltools.core.verdict import Outcome
from mltools.deploying import packing
from mltools.edges import documents, files
from mltools.edges.templates import RenderedFile, render_tree
from mltools.errors import ConfigError, DataError, StoreError, UsageError
from mltools.models.finding import Place, Released

# What the service writes where it runs; no part of what was rendered.
_WRITTEN = frozenset({"models/state.json"})
MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be rendered, and where. `image` and `base` are names of container images; None takes our own."""

    target: Target
    directory: Path
    image: str | None = None
    base: str | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    """What is in the directory; `changed` names the files that were not there as they should be."""

    deployment: Deployment
    paths: tuple[str, ...]
    changed: tuple[str, ...]


def render(place: Place, found: Released, wish: Wish, *, check: bool = False) -> Rendered:
    """Render a deployment; with `check` nothing is written and only the differences are told.

    Raises UsageError for a directory that holds something else or that was edited, StoreError for a release that is not
    what its tag says or cannot be loaded, DataError where the environment here is not what the model needs.
    """
    _verify(place, found)
    deployment = _deployment(found, wish)
    with _scratch(wish.directory) as scratch:
        whole = scratch / "whole"
        _fill(place, found, deployment, whole)
        wanted = _digests(whole)
        there = _digests(wish.directory) if wish.directory.is_dir() else {}
        changed = deploying.differences(wanted, there)
        if not check and changed:
            _refuse_other(wish, there)
            _put(whole, wish.directory, scratch)
    return Rendered(deployment, tuple(wanted), changed)


def _verify(place: Place, found: Released) -> None:
    """Raises StoreError naming what is not as it was released."""
    _, checks = models.verify(place, found.tag)
    failed = [check for check in checks if check.outcome is Outcome.FAILED]
    if failed:
        raise StoreError(
            f"{found.tag} is not what was released: {failed[0].name}: {failed[0].reason}",
            hint=f"`mltools model verify {found.tag}` tells all of it",
        )


def _deployment(found: Released, wish: Wish) -> Deployment:
    python = packing.python_version()
    return Deployment(
        record=found.record,
        tag=found.tag,
        target=wish.target,
        image=deploying.image_of(found.record, wish.image),
        base=deploying.base_of(wish.base) if wish.base else f"python:{python}-slim-bookworm",
        python=python,
    )


def _fill(place: Place, found: Released, deployment: Deployment, whole: Path) -> None:
    """All files of a deployment in an empty directory."""
    pins = packing.pack(place, found, whole)
    values = deployment.values(pins)
    for folder in FOLDERS[deployment.target]:
        for file in render_tree(f"deploy/{folder}", values):
            _write(whole, file)
    tree = deploying.manifest(deployment, _digests(whole))
    _write(whole, RenderedFile(MANIFEST, documents.write_json(tree).encode()))


def _write(whole: Path, file: RenderedFile) -> None:
    target = whole / file.path
    files.write_atomic(target, file.content)
    target.chmod(0o755 if file.executable else 0o644)


def _digests(directory: Path) -> dict[str, str]:
    """The SHA-256 of every file of a deployment by its path; of what is no plain file, the word for that."""
    found: dict[str, str] = {}
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if name in _WRITTEN or "__pycache__" in path.parts or (path.is_dir() and not path.is_symlink()):
            continue
        found[name] = files.sha256(path) if path.is_file() and not path.is_symlink() else "no plain file"
    return found


def _refuse_other(wish: Wish, there: Mapping[str, str]) -> None:
    """Raises UsageError where writing would lose what somebody else wrote."""
    if not there or wish.force:
        return
    try:
        tree = documents.read_json(files.read_bytes(wish.directory / MANIFEST), MANIFEST)
        known = tree.get("files") if isinstance(tree, dict) else None
    except (DataError, ConfigError):
        known = None
    if not isinstance(known, dict):
        raise UsageError(
            f"{wish.directory} holds files, and none of them is a {MANIFEST} of ours",
            hint="name an empty directory, or --force to lose what is there",
        )
    edited = deploying.differences(
        known, {name: digest for name, digest in there.items() if name != MANIFEST}
    )
    if edited:
        more = f" and {len(edited) - MOST_TOLD} more" if len(edited) > MOST_TOLD else ""
        raise UsageError(
            f"{wish.directory} was changed after it was rendered: {', '.join(edited[:MOST_TOLD])}{more}",
            hint="--force loses these changes",
        )


@contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """A directory beside the target, on its disk, gone afterwards."""
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is there already and is no directory")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError as error:
        raise files.unwritable(target, error) from error
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _put(whole: Path, target: Path, scratch: Path) -> None:
    """Put the new directory where the old one is. No directory can be replaced in one step: the old one moves away first."""
    old = scratch / "old"
    try:
        whole.chmod(0o755)
        if target.exists():
            target.replace(old)
        whole.replace(target)
    except OSError as error:
        if old.exists():
            with suppress(OSError):
                old.replace(target)  # else it would go with the scratch directory
        raise files.unwritable(target, error) from error
