"""The project's data sets against their contracts."""

from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from mltools import __version__, locating
from mltools.core.config import FILE, DataSource
from mltools.core.contract import Contract, parse_contract
from mltools.core.records import DataSet
from mltools.core.strict import LineOf
from mltools.edges import documents, files
from mltools.errors import ConfigError, DataError
from mltools.locating import Progress
from mltools.project import Project

REMEMBERED = "cache/validation"
EXAMPLES = 5


def validate(project: Project, *, say: Callable[[str], None]) -> tuple[DataSet, ...]:
    """Every data set of mltools.yaml, checked; one whose bytes and contract are those of an earlier check is not read.

    Raises ConfigError for contracts that cannot be right, else DataError for data that cannot be read: all at once.
    """
    checked: list[DataSet] = []
    wrong: list[ConfigError] = []
    unreadable: list[DataError] = []
    for source in project.config.data:
        try:
            data = _remembered(project, source)
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
    if wrong:
        problems = [problem for error in wrong for problem in error.problems or (error.message,)]
        raise ConfigError("\n".join(problems), problems=problems, hint=wrong[0].hint)
    if unreadable:
        raise DataError("\n".join(error.message for error in unreadable), hint=unreadable[0].hint)
    return tuple(checked)


def validate_one(
    project: Project, source: DataSource, *, examples: int = EXAMPLES, progress: Progress | None = None
) -> DataSet:
    """One data set against its contract, read anew; what lies in a store is fetched if it is not here yet."""
    contract, line_of = contract_of(project, source)
    found = locating.find(project, source.path)
    place = locating.bring(project, found, progress)
    return _checked(source, contract, line_of, place, examples=examples, progress=progress)


def _checked(
    source: DataSource,
    contract: Contract,
    line_of: LineOf,
    place: Path,
    *,
    examples: int = EXAMPLES,
    progress: Progress | None = None,
) -> DataSet:
    # DuckDB is loaded only where data are read: a run in which nothing changed would spend a third of its time on it.
    from mltools.edges import tables  # noqa: PLC0415

    return tables.check(
        place,
        contract,
        name=source.path,
        contract_name=source.contract,
        lines=line_of,
        examples=examples,
        progress=progress,
    )


def contract_of(project: Project, source: DataSource) -> tuple[Contract, LineOf]:
    """A data set's contract, and the lines of its keys. Raises ConfigError."""
    _refuse_missing(project, source)
    content = files.read_bytes(project.root / source.contract)
    line_of = documents.locator(content, source.contract)
    return parse_contract(documents.read_yaml(content, source.contract), source.contract, line_of), line_of


def _remembered(project: Project, source: DataSource) -> DataSet:
    """The data set's check, from the last time its data, its contract and mltools were the same."""
    _refuse_missing(project, source)
    contract_md5 = files.md5(project.root / source.contract)
    before = locating.find(project, source.path)
    path = project.work_dir / REMEMBERED / f"{before.key}-{contract_md5}-{__version__}.json"
    if before.key and (known := _read(path)) is not None and known.path == source.path:
        return known
    contract, line_of = contract_of(project, source)
    place = locating.bring(project, before)
    found = _checked(source, contract, line_of, place)
    md5 = locating.md5(project, place) if before.remote else before.key
    data = found.model_copy(update={"md5": md5, "contract_md5": contract_md5})
    # Neither one that changed while it was checked, nor one whose rows grow too old by themselves.
    if before.key and not contract.freshness and locating.find(project, source.path).key == before.key:
        files.write_atomic(path, data.model_dump_json())
    return data


def _read(path: Path) -> DataSet | None:
    try:
        return DataSet.model_validate_json(files.read_bytes(path))
    except (DataError, ValidationError):
        return None


def _refuse_missing(project: Project, source: DataSource) -> None:
    if not (project.root / source.contract).is_file():
        raise ConfigError(
            f"{FILE}: data {source.path}: there is no contract {source.contract}",
            hint=f"write {source.contract}, or take the data set out of {FILE}",
        )
