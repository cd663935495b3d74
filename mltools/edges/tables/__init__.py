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
from mltools.core.wording import TEXT
from mltools.edges.tables import parquet, source, sql, text
from mltools.edges.tables.engine import Engine, RowTooLongError, opened
from mltools.errors import ConfigError

# DuckDB's reader keeps several buffers of this size: the large one only for a file that needs it.
LONGEST_ROWS = (None, 64 << 20)
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
    before = source.stamp(path, name)
    with opened(path.absolute(), name) as engine:
        _refuse_patterns(engine, contract, contract_name or "the contract", lines)
        data, measured = _measured(engine, path.absolute(), name, contract)
        failed = broken(contract, measured)
        most = min(examples, MOST_EXAMPLES)
        samples = _samples(engine, contract, data, failed, most) if failed and most > 0 else {}
    source.unchanged(before, path, name)
    violations = judge(contract, data.header, measured, samples, lines)
    return DataSet(
        path=name,
        contract=contract_name,
        rows=measured.rows,
        bytes=before.size,
        outcome=outcome(violations),
        violations=violations,
    )


def _tables(engine: Engine, path: Path, name: str, contract: Contract) -> Iterator[sql.Layout]:
    """The data as SQL; for a text file a second time with room for longer rows."""
    what = source.kind(path, name)
    if what.format == "parquet":
        names, kept_as = parquet.read_head(engine, path)
        source.refuse_doubles(names, name)
        header = dict(zip(names, kept_as, strict=True))
        yield sql.layout(sql.scan_parquet(path, len(names)), contract, header)
        return
    head = text.read_head(path, name, what)
    text.refuse_faults(path, name, what)
    text.refuse_delimiter(head, tuple(contract.columns), what, name)
    header = dict.fromkeys(head.names, TEXT)
    for longest in LONGEST_ROWS:
        scan = sql.scan_text(path, what, head, contract.missing_values, longest)
        yield sql.layout(scan, contract, header)


def _measured(engine: Engine, path: Path, name: str, contract: Contract) -> tuple[sql.Layout, Measured]:
    for data in _tables(engine, path, name, contract):
        try:
            return data, _counted(engine, contract, data)
        except RowTooLongError as error:
            too_long = error
    raise too_long


def _counted(engine: Engine, contract: Contract, data: sql.Layout) -> Measured:
    rows, tallies = 0, {}
    for checks in _batches(plan(contract, data.slots)):
        rows, *numbers = engine.row(sql.counts(data, checks, contract.primary_key))
        for check, count, extreme in zip(checks, numbers[::2], numbers[1::2], strict=True):
            # A condition that is unknown in every row, as in a column of gaps, is counted as NULL.
            tallies[check] = Tally(count or 0, extreme)
    return Measured(rows, tallies)


def _batches(checks: Sequence[Check]) -> Iterator[Sequence[Check]]:
    """All checks at once, but for very wide tables; at least one batch, as the rows are counted anyway."""
    for start in range(0, max(len(checks), 1), BATCH):
        yield checks[start : start + BATCH]


def _samples(
    engine: Engine, contract: Contract, data: sql.Layout, failed: Sequence[Check], most: int
) -> Mapping[Check, Sequence[str]]:
    """Example rows of the failed checks: one query for all but repeated values, which take one each."""
    doubled = [check for check in failed if check.rule == "unique" or check == Check("primary_key")]
    single = [check for check in failed if check not in doubled]
    samples: dict[Check, Sequence[str]] = {}
    for checks in _batches(single) if single else ():
        found = engine.row(sql.examples(data, checks, most))
        for check, items in zip(checks, found, strict=True):
            samples[check] = [_example(item["n"], item["v"]) for item in items or ()]
    for check in doubled:
        names = contract.primary_key if check.column is None else (check.column,)
        samples[check] = [
            f"{_example(last, value)} (as in row {first})"
            for last, first, value in engine.rows(sql.repeats(data, names, most))
        ]
    return samples


def _example(row: int, value: Any) -> str:
    return f"row {row}" if value is None else f"row {row}: {shown(str(value))}"


def _refuse_patterns(engine: Engine, contract: Contract, name: str, lines: LineOf | None) -> None:
    problems = []
    for title, column in contract.columns.items():
        fault = engine.refuses(column.pattern) if column.pattern else None
        if fault:
            line = f":{lines(('columns', title, 'pattern'))}" if lines else ""
            problems.append(f"{name}{line}: columns.{title}.pattern: {fault}")
    if problems:
        raise ConfigError("\n".join(problems), problems=problems, hint="patterns are written in RE2's syntax")
