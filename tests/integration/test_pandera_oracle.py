"""Verdicts and counts against pandera's: on generated tables with planted faults both must agree.

pandera is asked with the schema that `mltools data export` writes, so the export is proved by the same tables. Where the
two count otherwise by design the difference is made up for here, with the reason beside it.
"""

import csv
import io
import math
import re
import warnings
from collections import Counter
from datetime import date, datetime
from pathlib import Path as FilePath
from typing import Any

import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.errors import SchemaErrors
from pyarrow import parquet

from mltools.core.contract import Contract, parse_contract
from mltools.core.exchange import EXPORTS
from mltools.core.exchange.conditions import recognised
from mltools.core.exchange.values import Path
from mltools.core.records import DataSet
from mltools.edges import documents, tables
from tests.making_contracts import VALUES, contracts

pytestmark = pytest.mark.slow

# What pandera's checks are called here. `str_length` is both lengths in one.
RULES = {
    "greater_than_or_equal_to": "range",
    "less_than_or_equal_to": "range",
    "coerce_dtype": "type",
    "isin": "enum",
    "str_matches": "pattern",
    "str_length": "length",
    "not_nullable": "required",
    "field_uniqueness": "unique",
    "multiple_fields_uniqueness": "primary_key",
    "greater_than": "checks",
    "less_than": "checks",
    "not_equal_to": "checks",
    "column_in_schema": "extra_columns",
    "column_in_dataframe": "missing",
    "column_ordered": "column_order",
}
OURS = {"minimum": "range", "maximum": "range", "min_length": "length", "max_length": "length"}
NO_VALUE_OF = {
    "integer": ["x", "7.5"],
    "number": ["x", "1,5"],
    "date": ["2026-13-01", "x"],
    "datetime": ["soon"],
}
STORED = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", "UTC"),
}

Counts = Counter[tuple[str | None, str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> FilePath:
    return tmp_path_factory.mktemp("pandera")


def columns_of(draw: st.DrawFn, contract: Contract, more: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Values of each column's type with gaps, those of its own bounds and list among them, and `more` by type."""
    size = draw(st.integers(0, 12))
    found = {}
    for name, column in contract.columns.items():
        own = [value for value in (column.minimum, column.maximum, *(column.enum or ())) if value is not None]
        values = [st.none(), VALUES[column.type]]
        values += [st.sampled_from(pool) for pool in (own, more.get(column.type)) if pool]
        found[name] = draw(st.lists(st.one_of(values), min_size=size, max_size=size))
    return found


def as_csv(names: list[str], rows: list[tuple[Any, ...]]) -> str:
    """With every field in quotes: the words hold what CSV is made of."""
    content = io.StringIO(newline="")
    writer = csv.writer(content, quoting=csv.QUOTE_ALL)
    writer.writerow(names)
    writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    return content.getvalue()


@st.composite
def texts(draw: st.DrawFn) -> tuple[Contract, dict[str, list[Any]]]:
    contract = draw(contracts())
    return contract, columns_of(draw, contract, NO_VALUE_OF)


@st.composite
def typed(draw: st.DrawFn) -> tuple[Contract, dict[str, list[Any]]]:
    contract = draw(contracts())
    return contract, columns_of(draw, contract, {"number": [math.nan, math.inf, -math.inf]})


def schema_of(contract: Contract) -> pandera.DataFrameSchema:
    return pandera.DataFrameSchema.from_yaml(documents.write_yaml(EXPORTS["pandera"](contract).tree))


def theirs(contract: Contract, frame: pd.DataFrame) -> Counts:
    """What pandera finds."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what only warns, and what pandas says about its future
            schema_of(contract).validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
    else:
        return Counter()
    counts: Counts = Counter()
    keys: set[Any] = set()
    for case in cases.itertuples():
        name = re.match(r"\w+", case.check)
        rule = "" if name is None else RULES.get(name[0], "")
        if rule == "primary_key":
            # It tells each column of a repeated key, and takes gaps for equal, which break the key by themselves.
            if case.index not in keys and not frame.loc[case.index, list(contract.primary_key)].isna().any():
                counts[None, rule] += 1
            keys.add(case.index)
        # A key of one column is unique by itself: here that is one fault.
        elif rule and not (rule == "unique" and contract.primary_key == (case.column,)):
            counts[case.column, rule] += 1
    return counts


def ours(contract: Contract, data: DataSet) -> Counts:
    """What mltools finds, as far as pandera was told to look for it."""
    lost = {loss.path for loss in EXPORTS["pandera"](contract).losses}
    conditions = {f"checks.{check.name}": check for check in contract.checks}
    counts: Counts = Counter()
    for broken in data.violations:
        column, rule = broken.column, OURS.get(broken.rule, broken.rule)
        if rule in conditions:
            check = conditions[rule]
            column = getattr(recognised(contract, check), "column", None)
            place: Path = ("checks", contract.checks.index(check))
            rule = "checks"
        else:
            place = ("columns", column or "", rule)
        if broken.severity == "warn" or rule == "rows" or place in lost:
            continue
        if rule == "max_null_fraction" or (rule == "primary_key" and column is not None):
            counts[column, "required"] = broken.count  # once, whichever of its rules forbids a gap
        else:
            counts[column, rule] += broken.count
    return counts


def agree(contract: Contract, frame: pd.DataFrame, data: DataSet, odd: dict[str, str]) -> None:
    """The same verdict and counts. Of an `odd` column, with values of another type, that rule alone: pandera asks such
    values the other questions too, or asks none of them.
    """
    one, other = ours(contract, data), theirs(contract, frame)
    assert bool(one) == bool(other), (one, other)
    for column, rule in one.keys() | other.keys():
        touched = contract.primary_key if column is None else (column,)
        if all(name not in odd or odd[name] == rule for name in touched):
            assert one[column, rule] == other[column, rule], (column, rule)


@settings(max_examples=40, deadline=None)
@given(made=typed())
def test_typed_tables_get_pandera_s_verdict_and_counts(
    place: FilePath, made: tuple[Contract, dict[str, list[Any]]]
) -> None:
    contract, values = made
    arrays = {name: stored(contract.columns[name].type, cells) for name, cells in values.items()}
    path = place / "x.parquet"
    parquet.write_table(pa.table(arrays), path)
    # By itself pandas makes floats of whole numbers with gaps, and loses digits.
    frame = parquet.read_table(path).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    # Infinity is no number here; there a bound catches it, and other checks see it too.
    odd = {
        name: "range"
        for name, cells in values.items()
        if any(cell in {math.inf, -math.inf} for cell in cells)
    }
    data = tables.check(path, contract, name="x.parquet")
    agree(contract, frame, folded(data, odd), odd)


@settings(max_examples=40, deadline=None)
@given(made=texts())
def test_text_files_get_pandera_s_verdict_and_counts(
    place: FilePath, made: tuple[Contract, dict[str, list[Any]]]
) -> None:
    contract, values = made
    path = place / "x.csv"
    path.write_text(as_csv(list(values), list(zip(*values.values(), strict=True))))
    # As text, or pandas would take 007 for seven; but it converts no text to truth values.
    as_text = {name: str for name, column in contract.columns.items() if column.type != "boolean"}
    frame = pd.read_csv(
        path,
        dtype=as_text,
        na_values=list(contract.missing_values),
        keep_default_na=False,
        skip_blank_lines=False,
    )
    odd = {
        name: "type"
        for name, cells in values.items()
        if any(cell in NO_VALUE_OF.get(contract.columns[name].type, []) for cell in cells)
    }
    agree(contract, frame, tables.check(path, contract, name="x.csv"), odd)


def stored(kind: str, cells: list[Any]) -> pa.Array:
    convert = {"date": date.fromisoformat, "datetime": datetime.fromisoformat}.get(kind, lambda cell: cell)
    return pa.array(
        [None if cell is None else convert(cell) for cell in cells], STORED.get(kind, pa.string())
    )


def folded(data: DataSet, odd: dict[str, str]) -> DataSet:
    """With the type faults of these columns, infinite numbers, among those out of range."""
    violations = tuple(
        item.model_copy(update={"rule": "maximum"}) if item.rule == "type" and item.column in odd else item
        for item in data.violations
    )
    return data.model_copy(update={"violations": violations})


TABLE = parse_contract(
    {
        "schema": 1,
        "extra_columns": "forbid",
        "column_order": "strict",
        "primary_key": ["site", "id"],
        "columns": {
            "site": {"type": "category"},
            "id": {"type": "integer"},
            "dose": {"type": "number", "minimum": 0},
        },
    },
    "table.yaml",
)


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("site,id,dose\nn,1,0.5\nn,2,\ns,1,1\n", {}),
        ("site,id,dose\nn,1,0.5\nn,1,1\nn,1,2\n", {(None, "primary_key"): 2}),
        ("site,id,dose\nn,,0.5\nn,,1\n,3,2\n", {("id", "required"): 2, ("site", "required"): 1}),
        ("site,id,dose,more\nn,1,0.5,x\n", {("more", "extra_columns"): 1}),
        ("id,site,dose\n1,n,0.5\n", {(None, "column_order"): 1}),
    ],
)
def test_rules_of_the_table_get_pandera_s_verdict(
    place: FilePath, text: str, counts: dict[tuple[str | None, str], int]
) -> None:
    path = place / "x.csv"
    path.write_text(text)
    found = ours(TABLE, tables.check(path, TABLE, name="x.csv"))
    assert dict(found) == counts
    other = theirs(TABLE, pd.read_csv(path))
    # It names each column that stands in the wrong place or is one too many, under no column.
    assert {rule for _, rule in other} == {rule for _, rule in counts}
    for (column, rule), count in counts.items():
        if rule in {"primary_key", "required"}:
            assert other[column, rule] == count


def test_a_missing_column_fails_in_both(place: FilePath) -> None:
    path = place / "x.csv"
    path.write_text("site,id\nn,1\n")
    assert ("dose", "missing") in ours(TABLE, tables.check(path, TABLE, name="x.csv"))
    assert "missing" in {rule for _, rule in theirs(TABLE, pd.read_csv(path))}
