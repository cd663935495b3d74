"""Any data in: the contract that is inferred is a contract, its text says the same, and the data pass it."""

import csv
import io
import json
import math
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mltools.core.contract import parse_contract
from mltools.core.inference import infer_contract
from mltools.core.observed import GAPS
from mltools.core.verdict import Outcome
from mltools.edges import documents, tables
from mltools.edges.contracttext import contract_text
from mltools.edges.tables.observing import observe
from mltools.errors import DataError

pytestmark = pytest.mark.slow

NOW = datetime(2026, 1, 2, tzinfo=UTC)
HOSTILE = [
    "__proto__",
    "a|b",
    "two\nlines",
    "yes",
    "1.5",
    "null",
    "- x",
    "#",
    "a: b",
    "{",
    "é",
    "x y",
    "'",
    '"',
    "\\",
]
NAMES = [
    *HOSTILE,
    "id",
    "user_id",
    "email",
    "is_member",
    "age",
    "rate",
    "year",
    "created_at",
    "label",
    "code",
    "pct",
]
# Samples that see almost nothing, something, everything.
SAMPLES = st.sampled_from([1, 6, 20_000])
POOLS: list[list[str]] = [
    ["0", "1"],
    ["1", "2", "3", "-7", "9223372036854775807", "9223372036854775808"],
    ["007", "12", "0", "00.5"],
    ["0.5", "-1e300", "1e308", "5e-324", "12345678.25", ".5", "5.", "1e400", "NaN", "inf"],
    ["true", "false", "True", "FALSE", "1", "0"],
    ["2026-01-31", "0001-01-01", "9999-12-31", "2024-02-29"],
    ["2026-01-31T10:00:00Z", "2026-01-31 10:00:00.123", "1999-12-31T23:59:59+05:30", "2026-01-31"],
    [
        "a",
        "b",
        "AB-12",
        "two\nlines",
        'say "hi"',
        "ü☃",
        " ",
        "x" * 300,
        "- x",
        "null",
        "=cmd|'/C calc'!A0",
        "{}",
        "[1]",
    ],
    ["ann@example.com", "bob@example.org"],
    ["https://example.com/a", "https://example.com/b"],
    ["0f8fad5b-d9cb-469f-a165-70867728950e", "7c9e6679-7425-40de-944b-e07fc1f90ae7"],
    [],
]


def column() -> st.SearchStrategy[list[str]]:
    """Values out of one pool, with gaps, now and then with something else among them."""
    return st.sampled_from(POOLS).flatmap(
        lambda pool: (
            st.lists(
                st.one_of(
                    *([st.sampled_from(pool)] * 6 if pool else []),
                    st.just(""),
                    st.sampled_from(GAPS),
                    st.integers(-(10**6), 10**6).map(str),
                    st.text(max_size=8).filter(lambda text: "\0" not in text and "\r" not in text),
                )
                if pool
                else st.just(""),
                min_size=40,
                max_size=40,
            )
            | (
                st.lists(st.sampled_from([*pool, ""]), min_size=40, max_size=40)
                if pool
                else st.just([""] * 40)
            )
        )
    )


@st.composite
def table(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    names = draw(
        st.lists(
            st.sampled_from(NAMES) | st.text(min_size=1, max_size=5), min_size=1, max_size=4, unique=True
        )
    )
    names = [name.replace("\0", "_").replace("\r", "_") or "x" for name in names]
    names = [f"{name}{index}" if names.index(name) != index else name for index, name in enumerate(names)]
    rows = draw(st.integers(1, 40))
    columns = [draw(column())[:rows] for _ in names]
    return names, [list(cells) for cells in zip(*columns, strict=True)]


def passes(path: Path, sample: int) -> None:
    try:
        observed = observe(path, path.name, sample=sample)
    except DataError:  # what cannot be read, cannot be validated either
        with pytest.raises(DataError):
            tables.check(
                path,
                parse_contract({"schema": 1, "columns": {"x": {"type": "string"}}}, "c"),
                name="x",
                now=NOW,
            )
        return
    if not observed.columns:
        with pytest.raises(DataError, match="no column"):
            infer_contract(observed)
        return
    inferred = infer_contract(observed)
    text = contract_text(inferred, ["head"])
    contract = parse_contract(
        documents.read_yaml(text.encode(), "c.yaml"), "c.yaml", documents.locator(text.encode(), "c")
    )
    assert contract == inferred.contract
    found = tables.check(path, contract, name=path.name, now=NOW)
    assert found.outcome is Outcome.PASSED, (found.violations, text)
    assert found.violations == ()


@pytest.mark.full
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=table(), sample=SAMPLES)
def test_csv_passes_the_contract_inferred_from_it(
    tmp_path: Path, data: tuple[list[str], list[list[str]]], sample: int
) -> None:
    names, rows = data
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(names)
    writer.writerows(rows)
    path = tmp_path / "data.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    passes(path, sample)


@pytest.mark.full
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=table(), sample=SAMPLES, spoken=st.booleans())
def test_json_lines_pass_the_contract_inferred_from_them(
    tmp_path: Path, data: tuple[list[str], list[list[str]]], sample: int, *, spoken: bool
) -> None:
    names, rows = data

    def value(cell: str) -> Any:
        if cell == "":
            return None
        try:
            found = json.loads(cell)
        except ValueError:
            return cell
        return cell if spoken or (isinstance(found, float) and not math.isfinite(found)) else found

    path = tmp_path / "data.jsonl"
    lines = [json.dumps({name: value(cell) for name, cell in zip(names, row, strict=True)}) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    passes(path, sample)


PARQUET = [
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 1),
    st.floats(),
    st.integers(-5, 5).map(float),
    st.booleans(),
    st.dates(date(1, 1, 1), date(9999, 12, 31)),
    st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)),  # noqa: DTZ001 - as Parquet has them
    st.sampled_from(["a", "b", ""]),
    st.text(max_size=5).filter(lambda text: "\0" not in text),
    st.decimals(-100, 100, places=2),
    st.binary(max_size=3),
    st.lists(st.integers(0, 5), max_size=2),
    st.none(),
]


@st.composite
def parquet(draw: st.DrawFn) -> dict[str, list[Any]]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    rows = draw(st.integers(1, 40))
    kinds = [draw(st.sampled_from(PARQUET)) for _ in names]
    return {
        name: draw(st.lists(kind | st.none(), min_size=rows, max_size=rows))
        for name, kind in zip(names, kinds, strict=True)
    }


@pytest.mark.full
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=parquet(), sample=SAMPLES)
def test_parquet_passes_the_contract_inferred_from_it(
    tmp_path: Path, data: dict[str, list[Any]], sample: int
) -> None:
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table(data), path)
    passes(path, sample)
