"""The project's data sets against their contracts: measured once, remembered, judged by the clock of each run."""

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from mltools import __version__, locating, profiles
from mltools.core.config import FILE, DataSource
from mltools.core.contract import Contract, parse_contract
from mltools.core.partial import Kept, fits, kept
from mltools.core.records import DataSet
from mltools.core.strict import LineOf
from mltools.core.validation import MOST_EXAMPLES, Measured, judge, outcome, unreadable
from mltools.edges import documents, files
from mltools.errors import ConfigError, DataError
from mltools.locating import Found, Progress
from mltools.project import Project

if TYPE_CHECKING:
    from mltools.edges.tables import Share

REMEMBERED = "cache/validation"
PROFILED = "cache/profiled"
PROFILE_ID, TOO_LARGE = re.compile(rb"[0-9a-f]{8,64}"), b"too large"
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Written:
    """A contract as it is written: the lines of its keys, the hash of its file."""

    contract: Contract
    lines: LineOf
    md5: str


def validate(project: Project, *, now: datetime, say: Callable[[str], None]) -> tuple[DataSet, ...]:
    """Every data set of mltools.yaml, checked; one whose bytes and contract are those of an earlier check is not read.

    How fresh data are is judged by `now`, whenever they were read. Raises ConfigError for contracts that cannot be
    right, else DataError for data that cannot be read: all at once.
    """
    checked: list[DataSet] = []
    wrong: list[ConfigError] = []
    unreadable: list[DataError] = []
    for source in project.config.data:
        try:
            data = _remembered(project, source, now)
        except ConfigError as error:
            wrong.append(error)
            continue
        except DataError as error:
            unreadable.append(error)
            continue
        count = len(data.violations)
        rows = "" if data.rows is None else f"{data.rows:,} rows, "
        what = f"{count} rule{'s' * (count != 1)} broken" if count else "contract holds"
        say(f"data {source.path}: {rows}{what}")
        checked.append(data)
    refuse(wrong)
    if unreadable:
        raise DataError("\n".join(error.message for error in unreadable), hint=unreadable[0].hint)
    return tuple(checked)


def standing(project: Project, *, now: datetime) -> tuple[DataSet, ...]:
    """Every data set of mltools.yaml as it stands; of one that cannot be read, why. Raises ConfigError as `validate`."""
    found: list[DataSet] = []
    wrong: list[ConfigError] = []
    for source in project.config.data:
        try:
            found.append(_remembered(project, source, now))
        except ConfigError as error:
            wrong.append(error)
        except DataError as error:
            known = {"contract": source.contract, "contract_md5": files.md5(project.root / source.contract)}
            found.append(unreadable(source.path, error.message).model_copy(update=known))
    refuse(wrong)
    return tuple(found)


def refuse(wrong: Sequence[ConfigError]) -> None:
    """Raise all mistakes in contracts as one, if there are any."""
    if wrong:
        problems = [problem for error in wrong for problem in error.problems or (error.message,)]
        raise ConfigError("\n".join(problems), problems=problems, hint=wrong[0].hint)


def validate_one(
    project: Project,
    source: DataSource,
    *,
    now: datetime,
    examples: int = EXAMPLES,
    progress: Progress | None = None,
) -> DataSet:
    """One data set against its contract, read anew; what lies in a store is fetched if it is not here yet."""
    written = written_contract(project, source)
    place = locating.bring(project, locating.find(project, source.path), progress)
    measured, size = measure(source, written, place, examples=examples, progress=progress)
    return judged(source, written, measured, size, now=now)


def measure(
    source: DataSource,
    written: Written,
    place: Path,
    *,
    examples: int = MOST_EXAMPLES,
    share: "Share | None" = None,
    progress: Progress | None = None,
) -> tuple[Measured, int]:
    """What one pass counts of a data set, or of this job's share of it, and its bytes."""
    # DuckDB is loaded only where data are read: a run in which nothing changed would spend a third of its time on it.
    from mltools.edges import tables  # noqa: PLC0415

    return tables.measure(
        place,
        written.contract,
        name=source.path,
        contract_name=source.contract,
        lines=written.lines,
        examples=examples,
        share=share or tables.WHOLE,
        progress=progress,
    )


def judged(
    source: DataSource,
    written: Written,
    measured: Measured,
    size: int,
    *,
    now: datetime,
    examples: int = MOST_EXAMPLES,
) -> DataSet:
    """What was measured of a data set of `size` bytes, as its contract and the clock judge it."""
    violations = judge(written.contract, measured, now=now, lines=written.lines, examples=examples)
    return DataSet(
        path=source.path,
        contract=source.contract,
        rows=measured.rows,
        bytes=size,
        outcome=outcome(violations),
        violations=violations,
    )


def contract_of(project: Project, source: DataSource) -> tuple[Contract, LineOf]:
    """A data set's contract, and the lines of its keys. Raises ConfigError."""
    written = written_contract(project, source)
    return written.contract, written.lines


def written_contract(project: Project, source: DataSource) -> Written:
    """A data set's contract as it is written. Raises ConfigError."""
    _refuse_missing(project, source)
    content = files.read_bytes(project.root / source.contract)

    @cache
    def places() -> LineOf:
        # Lines are asked for only where something is wrong, and finding them costs as much as reading the file.
        return documents.locator(content, source.contract)

    def line_of(path: Sequence[str | int]) -> int:
        return places()(path)

    tree = documents.read_yaml(content, source.contract)
    contract = parse_contract(tree, source.contract, line_of)
    return Written(contract, line_of, files.md5(project.root / source.contract))


def _remembered(project: Project, source: DataSource, now: datetime) -> DataSet:
    """The data set's check, from what was counted when its data, its contract and mltools were the same."""
    written = written_contract(project, source)
    before = locating.find(project, source.path)
    store = project.work_dir / REMEMBERED / f"{before.key}-{written.md5}-{__version__}.json"
    found = _read(store, source, written) if before.key else None
    if found is None:
        found = _kept(project, source, written, before)
        # Not one that changed while it was checked.
        if before.key and locating.find(project, source.path).key == before.key:
            files.write_atomic(store, found.model_dump_json(exclude_defaults=True))
    data = judged(source, written, found.measured, found.bytes, now=now)
    profile = _profiled(project, source, written, before)
    return data.model_copy(update={"md5": found.md5, "contract_md5": found.contract_md5, "profile": profile})


def _profiled(project: Project, source: DataSource, written: Written, where: Found) -> str | None:
    """The id of the data set's profile, also of one that breaks its contract; None for one too large to be kept."""
    store = project.work_dir / PROFILED / f"{where.key}-{written.md5}-{__version__}"
    known = files.read_bytes(store) if where.key and store.is_file() else None
    if known == TOO_LARGE:
        return None
    if known is not None and PROFILE_ID.fullmatch(known) and profiles.has(project, known.decode()):
        return known.decode()
    from mltools.edges.tables import profiling  # noqa: PLC0415 - as above

    place = locating.bring(project, where)
    name = profiles.keep(project, profiling.profile(place, written.contract, name=source.path))
    if where.key and locating.find(project, source.path).key == where.key:
        files.write_atomic(store, name or TOO_LARGE)
    return name


def _kept(project: Project, source: DataSource, written: Written, where: Found) -> Kept:
    place = locating.bring(project, where)
    measured, size = measure(source, written, place, examples=EXAMPLES)
    return Kept(
        path=source.path,
        contract=source.contract,
        contract_md5=written.md5,
        md5=locating.md5(project, place) if where.remote else where.key,
        bytes=size,
        **kept(measured),
    )


def _read(store: Path, source: DataSource, written: Written) -> Kept | None:
    try:
        found = Kept.model_validate_json(files.read_bytes(store))
    except (DataError, ValidationError):
        return None
    return found if found.path == source.path and fits(found, written.contract) else None


def _refuse_missing(project: Project, source: DataSource) -> None:
    if not (project.root / source.contract).is_file():
        raise ConfigError(
            f"{FILE}: data {source.path}: there is no contract {source.contract}",
            hint=f"`mltools data infer {shlex.quote(source.path)}` writes one out of the data",
        )
