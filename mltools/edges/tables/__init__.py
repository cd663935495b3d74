"""Data files against their contracts, in one columnar pass by DuckDB.

A CSV file is read as text and judged value by value, so that mixed types, overflow and odd spellings are counted
exactly: an empty field is no value; NaN, inf and what does not fit 64 bits are no numbers (unless the contract lists
them under `missing_values`). In Parquet a NaN is no value, as in pandas; a column kept as another type breaks `type` in
every row that has a value. Rows are numbered from 1, the header not counted.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mltools.core.config import LineOf
from mltools.core.contract import Contract
from mltools.core.names import shown
from mltools.core.records import DataSet
from mltools.core.validation import MOST_EXAMPLES, Check, Measured, Tally, broken, judge, outcome, plan
from mltools.edges.tables import sql
from mltools.edges.tables.engine import Engine
from mltools.edges.tables.reading import Data, opened_data
from mltools.errors import ConfigError

# Planning a query costs more than in proportion to its terms: beyond so many, reading the file again is cheaper.
BATCH = 1_000


def check(
    path: Path,
    contract: Contract,
    *,
    name: str,
    contract_name: str | None = None,
    lines: LineOf | None = None,
    examples: int = 5,
) -> DataSet:
    """Every rule of the contract that the data break, with exact counts and the first `examples` rows of each.

    `lines` tells where in the contract a key stands. Raises DataError for a file that cannot be read, ConfigError for
    a pattern that the engine does not know.
    """
    with opened_data(path, name, wanted=tuple(contract.columns), missing=contract.missing_values) as data:
        _refuse_patterns(data.engine, contract, contract_name or "the contract", lines)
        layout = sql.layout(data.scan, contract, data.header)
        measured = _counted(data, contract, layout)
        failed = broken(contract, measured)
        most = min(examples, MOST_EXAMPLES)
        samples = _samples(data, contract, layout, failed, most) if failed and most > 0 else {}
    violations = judge(contract, data.header, measured, samples, lines)
    return DataSet(
        path=name,
        contract=contract_name,
        rows=measured.rows,
        bytes=data.bytes,
        outcome=outcome(violations),
        violations=violations,
    )


def _counted(data: Data, contract: Contract, layout: sql.Layout) -> Measured:
    rows, tallies = 0, {}
    for checks in _batches(plan(contract, layout.slots)):
        rows, *numbers = data.row(sql.counts(layout, checks, contract.primary_key))
        for check, count, extreme in zip(checks, numbers[::2], numbers[1::2], strict=True):
            # A condition that is unknown in every row, as in a column of gaps, is counted as NULL.
            tallies[check] = Tally(count or 0, extreme)
    return Measured(rows, tallies)


def _batches(checks: Sequence[Check]) -> Iterator[Sequence[Check]]:
    """All checks at once, but for very wide tables; at least one batch, as the rows are counted anyway."""
    for start in range(0, max(len(checks), 1), BATCH):
        yield checks[start : start + BATCH]


def _samples(
    data: Data, contract: Contract, layout: sql.Layout, failed: Sequence[Check], most: int
) -> Mapping[Check, Sequence[str]]:
    """Example rows of the failed checks: one query for all but repeated values, which take one each."""
    doubled = [check for check in failed if check.rule == "unique" or check == Check("primary_key")]
    single = [check for check in failed if check not in doubled]
    samples: dict[Check, Sequence[str]] = {}
    for checks in _batches(single) if single else ():
        found = data.row(sql.examples(layout, checks, most))
        for check, items in zip(checks, found, strict=True):
            samples[check] = [_example(data.place(item["n"]), item["v"]) for item in items or ()]
    for check in doubled:
        names = contract.primary_key if check.column is None else (check.column,)
        samples[check] = [
            f"{_example(data.place(last), value)} (as in {data.place(first)})"
            for last, first, value in data.rows(sql.repeats(layout, names, most))
        ]
    return samples


def _example(place: str, value: Any) -> str:
    return place if value is None else f"{place}: {shown(str(value))}"


def _refuse_patterns(engine: Engine, contract: Contract, name: str, lines: LineOf | None) -> None:
    problems = []
    for title, column in contract.columns.items():
        fault = engine.refuses(column.pattern) if column.pattern else None
        if fault:
            line = f":{lines(('columns', title, 'pattern'))}" if lines else ""
            problems.append(f"{name}{line}: columns.{title}.pattern: {fault}")
    if problems:
        raise ConfigError("\n".join(problems), problems=problems, hint="patterns are written in RE2's syntax")
