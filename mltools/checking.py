"""The project's data sets against their contracts."""

from collections.abc import Callable

from mltools.core.config import DataSource
from mltools.core.records import DataSet
from mltools.edges import files, tables
from mltools.errors import ConfigError, DataError
from mltools.project import Project, contract_from


def validate(project: Project, *, say: Callable[[str], None], examples: int = 5) -> tuple[DataSet, ...]:
    """Every data set of mltools.yaml, checked.

    Raises ConfigError for contracts that cannot be right, DataError for data that cannot be read.
    """
    checked = []
    for source in project.config.data:
        data = validate_one(project, source, examples=examples)
        count = len(data.violations)
        rows = "" if data.rows is None else f"{data.rows:,} rows, "
        what = f"{count} rule{'s' * (count != 1)} broken" if count else "contract holds"
        say(f"data {source.path}: {rows}{what}")
        checked.append(data)
    return tuple(checked)


def validate_one(project: Project, source: DataSource, *, examples: int = 5) -> DataSet:
    """One data set against its contract."""
    path = project.root / source.path
    contract_path = project.root / source.contract
    if not contract_path.is_file():
        raise ConfigError(
            f"mltools.yaml: data {source.path}: there is no contract {source.contract}",
            hint=f"write {source.contract}, or take the data set out of mltools.yaml",
        )
    content = files.read_bytes(contract_path)
    contract = contract_from(content, source.contract)
    if not path.exists():
        raise DataError(
            f"{source.path}: no such file, but mltools.yaml lists it under data",
            hint="`mltools data pull` fetches tracked data; a new file is tracked with `dvc add`",
        )
    return tables.check(path, contract, name=source.path, examples=examples)
