"""A batch of rows appended to a data set: checked first, written whole or not at all, handed to DVC."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from mltools import checking
from mltools.core.config import DataSource
from mltools.core.contract import Contract
from mltools.core.data_adding import Added, Batch, Duplicates, Fates, refusals
from mltools.core.records import DataSet
from mltools.core.urls import is_url
from mltools.datastore.edited import edited
from mltools.edges import dvc, files, tables
from mltools.edges.tables import adding
from mltools.edges.tables.adding import OtherColumnsError
from mltools.edges.tables.engine import Progress
from mltools.errors import MltoolsError, UsageError
from mltools.project import Project

LOCK = "cache/adding.lock"
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rows are to be added to which data set, and what is to become of ids that it has already."""

    project: Project
    source: DataSource
    batches: tuple[tuple[Path, str], ...]
    policy: Duplicates
    now: datetime
    environ: Mapping[str, str]
    say: Callable[[str], None]
    dry_run: bool = False


def add(asked: Asked, *, progress: Progress | None = None) -> Added:
    """Add the rows; what refuses them is in `refused`, and then nothing was written.

    The new file takes the place of the old one in one step, once it was checked whole. Where DVC then fails, the old one
    comes back. A kill at any moment leaves one of the two. Raises UsageError for a data set that cannot be added to,
    DataError for what cannot be read, CommandError for DVC.
    """
    target = _target(asked)
    contract, lines = checking.contract_of(asked.project, asked.source)
    with _alone(asked.project), _scratch(target) as scratch:
        whole = scratch / f"whole{''.join(target.suffixes[-2:])}"
        found = _compared(asked, target, contract, whole, progress)
        changes = found.fates.new or (asked.policy == "replace" and found.fates.changed)
        if found.refused or asked.dry_run:
            return found
        if changes:
            after = tables.check(
                whole,
                contract,
                name=asked.source.path,
                contract_name=asked.source.contract,
                lines=lines,
                examples=EXAMPLES,
                now=asked.now,
            )
            if broken := tuple(_broken(after)):
                return replace(found, refused=tuple(f"with the new rows: {one}" for one in broken))
            _put(asked, target, whole, scratch)
        elif f"{asked.project.prefix}{asked.source.path}" in edited(asked.project, asked.environ):
            # An earlier call was killed before DVC knew.
            _hand_over(asked, target)
    return replace(found, written=bool(changes), md5=files.md5(target), tracked=_is_tracked(target))


def _compared(
    asked: Asked, target: Path, contract: Contract, whole: Path, progress: Progress | None
) -> Added:
    """The new rows held against the contract and against what is there; `whole` is written where nothing refuses them."""
    refused = [
        broken
        for path, name in asked.batches
        for broken in _broken(_checked(path, name, contract, asked.now))
    ]
    empty = Added(asked.source.path, (), Fates(0, 0, (), 0), asked.policy)
    try:
        with adding.compared(
            (target, asked.source.path), asked.batches, contract, whole, progress=progress
        ) as rows:
            refused += refusals(rows.fates, asked.policy)
            counted = rows.counted(len(asked.batches))
            batches = tuple(
                Batch(name, files.md5(path), count)
                for (path, name), count in zip(asked.batches, counted, strict=True)
            )
            if not refused and not asked.dry_run:
                rows.write(whole, asked.policy)
            return replace(empty, batches=batches, fates=rows.fates, refused=tuple(refused))
    except OtherColumnsError as error:
        return replace(empty, refused=(error.reason,))


def _checked(path: Path, name: str, contract: Contract, now: datetime) -> DataSet:
    """A batch against the rules for rows; those for a whole data set are for the whole."""
    rows = contract.rows.model_copy(update={"min": 0, "max": None})
    alone = contract.model_copy(update={"rows": rows, "freshness": None, "column_order": "any"})
    return tables.check(path, alone, name=name, examples=EXAMPLES, now=now)


def _broken(data: DataSet) -> Iterator[str]:
    for violation in data.violations:
        if violation.severity == "error":
            examples = f" ({'; '.join(violation.examples)})" if violation.examples else ""
            yield f"{data.path}: {violation.message}{examples}"


def _target(asked: Asked) -> Path:
    """The file that rows are added to. Raises UsageError for what is none."""
    path = asked.source.path
    if is_url(path):
        raise UsageError(f"{path} lies in a store, and is not written by mltools", hint="add the rows there")
    target = asked.project.root / path
    if target.is_dir():
        raise UsageError(
            f"{path} is a directory of part files",
            hint=f"put the new file into it, check it with `mltools data validate`, and `dvc add {path}`",
        )
    made = {stage.place(out.path) for stage in asked.project.pipeline.stages for out in stage.outs}
    if path in made:
        raise UsageError(f"{path} is written by a stage of the pipeline, which would undo it")
    if not target.is_file():
        tracked = _is_tracked(target)
        raise UsageError(
            f"{path}: no such file",
            hint="`mltools data pull` fetches it"
            if tracked
            else "the first rows are a file of your own making",
        )
    for batch, name in asked.batches:
        if batch.resolve() == target.resolve():
            raise UsageError(f"{name} is the data set itself")
    return target


def _put(asked: Asked, target: Path, whole: Path, scratch: Path) -> None:
    """The new file in the place of the old one; the old one again where DVC does not take it."""
    with whole.open("rb") as stream:
        os.fsync(stream.fileno())
    whole.chmod(0o666 & ~files.umask())
    old = scratch / "old"
    try:
        shutil.copy2(target, old)
        whole.replace(target)
    except OSError as error:
        raise files.unwritable(target, error) from error
    if not _is_tracked(target):
        asked.say(f"{asked.source.path} is not tracked by DVC; Git has to know of it")
        return
    try:
        _hand_over(asked, target)
    except MltoolsError:
        old.replace(target)
        raise


def _hand_over(asked: Asked, target: Path) -> None:
    asked.say(f"dvc add {asked.source.path}")
    dvc.add(asked.project.root, target.relative_to(asked.project.root).as_posix(), environ=asked.environ)


def _is_tracked(target: Path) -> bool:
    return target.with_name(f"{target.name}.dvc").is_file()


@contextmanager
def _alone(project: Project) -> Iterator[None]:
    """One at a time: of two that read the same rows, the second would undo the first."""
    path = project.work_dir / LOCK
    if not (ignore := project.work_dir / ".gitignore").exists():
        files.write_atomic(ignore, "*\n")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise files.unwritable(path, error) from error


@contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """A directory on the target's own disk, gone afterwards; what a killed call left there goes first."""
    prefix = f".{target.name}.adding-"
    for left in target.parent.glob(f"{prefix}*"):
        shutil.rmtree(left, ignore_errors=True)
    try:
        path = Path(tempfile.mkdtemp(dir=target.parent, prefix=prefix)).resolve()
    except OSError as error:
        raise files.unwritable(target, error) from error
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
