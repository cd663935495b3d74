"""Data files against their contracts, in one columnar pass by DuckDB.

A CSV file is read as text and judged value by value, so that mixed types, overflow and odd spellings are counted
exactly: an empty field is no value; NaN, inf and what does not fit 64 bits are no numbers (unless the contract lists
them under `missing_values`). In Parquet a NaN is no value, as in pandas; a column kept as another type breaks `type` in
every row that has a value. Rows are numbered from 1, the header not counted.
"""

from datetime import UTC, datetime
from pathlib import Path

from mltools.core.contract import Contract
from mltools.core.records import DataSet
from mltools.core.strict import LineOf
from mltools.core.validation import MOST_EXAMPLES, Measured, judge, outcome
from mltools.edges.tables.engine import ENGINE, Engine, OutOfMemoryError, opened
from mltools.edges.tables.measuring import measure as measure_open
from mltools.edges.tables.parts import parts
from mltools.edges.tables.reading import Progress, opened_data
from mltools.edges.tables.sharing import WHOLE, Share
from mltools.errors import ConfigError

# What is beyond is put aside on disk, which costs little. What cannot be put aside gets what the machine can spare.
MEGABYTES = (700, None)

__all__ = ["ENGINE", "WHOLE", "Share", "check", "measure"]


def check(
    path: Path,
    contract: Contract,
    *,
    name: str,
    contract_name: str | None = None,
    lines: LineOf | None = None,
    examples: int = 5,
    now: datetime | None = None,
    progress: Progress | None = None,
) -> DataSet:
    """Every rule of the contract that the data break, with exact counts and the first `examples` rows of each.

    `lines` tells where in the contract a key stands; freshness is judged by `now`, by default the present. Raises
    DataError for a file that cannot be read, ConfigError for a pattern that the engine does not know.
    """
    measured, size = measure(
        path,
        contract,
        name=name,
        contract_name=contract_name,
        lines=lines,
        examples=examples,
        progress=progress,
    )
    violations = judge(contract, measured, now=now or datetime.now(UTC), lines=lines)
    return DataSet(
        path=name,
        contract=contract_name,
        rows=measured.rows,
        bytes=size,
        outcome=outcome(violations),
        violations=violations,
    )


def measure(
    path: Path,
    contract: Contract,
    *,
    name: str,
    contract_name: str | None = None,
    lines: LineOf | None = None,
    examples: int = MOST_EXAMPLES,
    share: Share = WHOLE,
    progress: Progress | None = None,
) -> tuple[Measured, int]:
    """What one job counts of the data, and how many bytes they have. Raises as `check` does."""
    names = {part.path: part.name for part in parts(path, name)}
    for megabytes in MEGABYTES:
        try:
            with opened(names, progress, megabytes=megabytes) as engine:
                _refuse_patterns(engine, contract, contract_name or "the contract", lines)
                wanted = tuple(contract.columns)
                with opened_data(
                    path, name, wanted=wanted, missing=contract.missing_values, within=engine
                ) as data:
                    found = measure_open(data, contract, examples=min(examples, MOST_EXAMPLES), share=share)
                return found, data.bytes
        except OutOfMemoryError as error:
            too_large = error
    raise too_large


def _refuse_patterns(engine: Engine, contract: Contract, name: str, lines: LineOf | None) -> None:
    problems = []
    for title, column in contract.columns.items():
        fault = engine.refuses(column.pattern) if column.pattern else None
        if fault:
            line = f":{lines(('columns', title, 'pattern'))}" if lines else ""
            problems.append(f"{name}{line}: columns.{title}.pattern: {fault}")
    if problems:
        raise ConfigError("\n".join(problems), problems=problems, hint="patterns are written in RE2's syntax")
