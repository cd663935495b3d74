"""Data sets validated by several jobs: what each counts, and the answer that all of them give together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mltools import __version__, checking, locating
from mltools.checking import EXAMPLES, Written
from mltools.core.config import DataSource
from mltools.core.contract import Contract
from mltools.core.partial import Kept, Shard, as_tree, kept, parse_shard, refuse_other_contract, union
from mltools.core.records import DataSet
from mltools.core.validation import unreadable
from mltools.edges import documents, files
from mltools.errors import ConfigError, DataError
from mltools.locating import Progress
from mltools.project import Project

if TYPE_CHECKING:
    from mltools.edges.tables import Share

LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class Together:
    """A data set as all jobs found it; `hint` says what to do where it could not be read."""

    data: DataSet
    contract: Contract | None
    hint: str | None = None


def measure(
    project: Project, sources: Sequence[DataSource], index: int, of: int, progress: Progress | None = None
) -> Shard:
    """What job `index` (from 1) of `of` counts. That data cannot be read is part of the answer.

    Raises ConfigError for contracts that cannot be right: all at once.
    """
    from mltools.edges import tables  # noqa: PLC0415 - DuckDB is loaded only where data are read

    share = tables.Share(index, of)
    found: list[Kept] = []
    wrong: list[ConfigError] = []
    for source in sources:
        try:
            written = checking.written_contract(project, source)
            found.append(_told(project, source, written, share, progress))
        except ConfigError as error:
            wrong.append(error)
    checking.refuse(wrong)
    return Shard(mltools=__version__, engine=tables.ENGINE, index=index, of=of, data=tuple(found))


def write(shard: Shard, path: Path) -> None:
    """The file of a shard: JSON that bears its own hash."""
    files.write_atomic(path, documents.write_json(as_tree(shard), indent=None))


def read(path: Path, name: str) -> Shard:
    """The shard in a file. Raises DataError for what is none, or is damaged."""
    try:
        tree = documents.read_json(files.read_bytes(path), name)
    except ConfigError as error:
        raise DataError(error.message, hint="measure this shard again") from error
    return parse_shard(tree, name)


def merge(
    project: Project, shards: Sequence[tuple[str, Shard]], *, now: datetime, examples: int = EXAMPLES
) -> Iterator[Together]:
    """What shards, each with the name of its file, found together: of each data set the same as one job would.

    Raises DataError when they are not all parts of one whole, or were not measured by this project's contracts.
    """
    for name, shard in shards:
        if shard.mltools != __version__:
            raise DataError(
                f"{name}: was measured by mltools {shard.mltools}, this is {__version__}",
                hint="measure and merge with one version",
            )
    for found in union(shards):
        source = DataSource.model_validate({"path": found.path, "schema": found.contract})
        written = checking.written_contract(project, source)
        refuse_other_contract(found, written.contract, written.md5)
        if found.error is not None:
            data = unreadable(found.path, found.error).model_copy(update={"contract": found.contract})
            yield Together(data, None, found.hint)
            continue
        measured = found.measured
        data = checking.judged(source, written, measured, found.bytes, now=now, examples=examples)
        yield Together(data, written.contract)


def _told(
    project: Project, source: DataSource, written: Written, share: "Share", progress: Progress | None
) -> Kept:
    """What this job counts of a data set, or why it cannot be read."""
    one = Kept(path=source.path, contract=source.contract, contract_md5=written.md5)
    try:
        return one.model_copy(update=_measured(project, source, written, share, progress))
    except DataError as error:
        return one.model_copy(update={"error": error.message[:LONGEST], "hint": error.hint})


def _measured(
    project: Project, source: DataSource, written: Written, share: "Share", progress: Progress | None
) -> Mapping[str, Any]:
    place = locating.bring(project, locating.find(project, source.path), progress)
    before = locating.md5(project, place)
    if before is None:
        raise DataError(
            f"{source.path}: has no hash by which shards could tell that they have the same data",
            hint="keep special files and repositories out of it",
        )
    measured, size = checking.measure(source, written, place, share=share, progress=progress)
    if locating.md5(project, place) != before:
        raise DataError(f"{source.path}: changed while it was read", hint="try again when nothing writes it")
    return {"md5": before, "bytes": size, **kept(measured)}
