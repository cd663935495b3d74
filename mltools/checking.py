"""The project's data sets against their contracts."""

from collections.abc import Callable

from mltools.core.config import FILE, DataSource
from mltools.core.contract import parse_contract
from mltools.core.records import DataSet
from mltools.edges import documents, files, tables
from mltools.errors import ConfigError, DataError
from mltools.project import Project


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
            f"{FILE}: data {source.path}: there is no contract {source.contract}",
            hint=f"write {source.contract}, or take the data set out of {FILE}",
        )
    content = files.read_bytes(contract_path)
    line_of = documents.locator(content, source.contract)
    contract = parse_contract(documents.read_yaml(content, source.contract), source.contract, line_of)
    if not path.exists():
        raise DataError(
            f"{source.path}: no such file, but {FILE} lists it under data",
            hint="`mltools data pull` fetches tracked data; a new file is tracked with `dvc add`",
        )
    found = tables.check(
        path, contract, name=source.path, contract_name=source.contract, lines=line_of, examples=examples
    )
    hashes = {"md5": files.md5(path), "contract_md5": files.md5(contract_path)}
    return found.model_copy(update=hashes)
