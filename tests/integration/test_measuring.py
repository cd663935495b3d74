"""The passes over data: exact where shortcuts are taken, and where the data are at their worst."""

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from mltools.core.contract import Contract, parse_contract
from mltools.core.records import DataSet
from mltools.edges import tables
from mltools.edges.tables import measuring
from mltools.errors import DataError

NOW = datetime(2026, 2, 1, tzinfo=UTC)


def contract(columns: Mapping[str, Any], **table: Any) -> Contract:
    return parse_contract({"schema": 1, "columns": dict(columns), **table}, "s.yaml")


def check(path: Path, rules: Contract, **more: Any) -> DataSet:
    return tables.check(path, rules, name=path.name, now=NOW, **more)


def parquet(path: Path, select: str) -> Path:
    with duckdb.connect() as database:
        database.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path


def text(path: Path, select: str) -> Path:
    with duckdb.connect() as database:
        database.execute(f"COPY ({select}) TO '{path}' (FORMAT csv)")
    return path


def counts(data: DataSet) -> dict[str, int]:
    return {item.rule: item.count for item in data.violations}


@pytest.mark.parametrize(
    ("values", "repeated"),
    [
        ([1, 2, 3, None, None], 0),
        ([1, 2, 1, 3, 1], 2),
        ([-5, -3, -5, 0], 1),
        ([2**63 - 1, 2**63 - 2, 2**63 - 1], 1),
        ([-(2**63), -(2**63) + 1, -(2**63)], 1),
        ([-(2**63), 2**63 - 1, 2**63 - 1], 1),
        ([0, 10**15, 10**15, 5], 1),
        ([9007199254740992, 9007199254740993], 0),
        ([None, None], 0),
        ([7], 0),
        ([], 0),
    ],
)
def test_repeated_integers_are_counted_whatever_their_span(
    tmp_path: Path, values: Sequence[int | None], repeated: int
) -> None:
    pq.write_table(pa.table({"a": pa.array(values, pa.int64())}), tmp_path / "x.parquet")
    rules = contract({"a": {"type": "integer", "unique": True}}, rows={"min": 0})
    assert counts(check(tmp_path / "x.parquet", rules)).get("unique", 0) == repeated
    keyed = contract({"a": {"type": "integer"}}, rows={"min": 0}, primary_key=["a"])
    found = [item for item in check(tmp_path / "x.parquet", keyed).violations if item.column is None]
    assert [item.count for item in found] == ([repeated] if repeated else [])


@pytest.mark.parametrize("write", [parquet, text])
def test_examples_are_the_first_rows_wherever_they_stand(
    tmp_path: Path, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "FIRST_ROWS", (1_000, 50_000, None))
    path = write(
        tmp_path / f"x.{'csv' if write is text else 'parquet'}",
        """SELECT CASE WHEN i IN (3, 299000) THEN 'early' WHEN i > 250000 THEN 'late' || i ELSE i::VARCHAR END AS a,
        CASE WHEN i % 40000 = 39999 THEN -i ELSE i END AS b, CASE WHEN i >= 200000 THEN i - 200000 ELSE i END AS c
        FROM range(300000) t(i)""",
    )
    rules = contract(
        {
            "a": {"type": "string", "pattern": "[0-9]+", "unique": True, "max_length": 9},
            "b": {"type": "integer", "minimum": 0},
            "c": {"type": "integer", "unique": True},
        }
    )
    found = {(item.column, item.rule): item for item in check(path, rules).violations}
    assert {key: item.count for key, item in found.items()} == {
        ("a", "pattern"): 50_000,
        ("a", "unique"): 1,
        ("a", "max_length"): 49_998,
        ("b", "minimum"): 7,
        ("c", "unique"): 100_000,
    }
    assert found["a", "pattern"].examples == (
        "row 4: early",
        *(f"row {row + 1}: late{row}" for row in range(250_001, 250_005)),
    )
    assert found["a", "unique"].examples == ("row 299001: early (as in row 4)",)
    assert found["a", "max_length"].examples[0] == "row 250002: late250001"
    assert found["a", "max_length"].message.endswith("(longest 10)")
    assert found["b", "minimum"].examples == tuple(
        f"row {number * 40_000}: -{number * 40_000 - 1}" for number in range(1, 6)
    )
    assert found["b", "minimum"].message == "7 of 300,000 rows: b below minimum 0 (smallest -279999)"
    assert found["c", "unique"].examples[:2] == ("row 200001: 0 (as in row 1)", "row 200002: 1 (as in row 2)")


def test_characters_are_counted_where_bytes_are_more(tmp_path: Path) -> None:
    path = parquet(tmp_path / "x.parquet", "SELECT unnest(['üüü', 'ü', 'uuu']) AS a")
    assert check(path, contract({"a": {"type": "string", "max_length": 3}})).violations == ()
    found = check(path, contract({"a": {"type": "string", "max_length": 2, "min_length": 2}})).violations
    assert [item.message for item in found] == [
        "1 of 3 rows: a shorter than 2 characters (shortest 1)",
        "2 of 3 rows: a longer than 2 characters (longest 3)",
    ]


def test_days_beyond_the_calendar_are_none_in_parquet_as_in_text(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "x.parquet",
        """SELECT unnest([DATE '9999-12-31', DATE '10000-01-01', DATE '0044-03-15 (BC)', NULL]) AS day,
        unnest([TIMESTAMP '9999-12-31 23:59:59.999999', TIMESTAMP '12026-01-01 00:00:00', TIMESTAMP 'infinity',
        TIMESTAMP '0001-01-01 00:00:00']) AS moment""",
    )
    rules = contract(
        {
            "day": {"type": "date", "maximum": "9999-12-31"},
            "moment": {"type": "datetime", "minimum": "0001-01-01"},
        },
        freshness={"column": "moment", "max_age": "1d"},
    )
    found = check(path, rules).violations
    assert [(item.column, item.rule, item.count, item.severity) for item in found] == [
        ("day", "type", 2, "error"),
        ("moment", "type", 2, "error"),
        ("moment", "freshness", 4, "warn"),
    ]


def test_values_count_and_not_what_the_statistics_of_the_file_say(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    table = pa.table({"a": pa.array(range(1000), pa.int64())})
    pq.write_table(table, path, compression="none", use_dictionary=False)
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<q", 500), struct.pack("<q", 99_999), 1))
    (found,) = check(path, contract({"a": {"type": "integer", "maximum": 2_000}})).violations
    assert (found.count, found.examples) == (1, ("row 501: 99999",))
    pq.write_table(pa.table({"a": [1.0, float("nan"), 3.0, float("inf"), None]}), path)
    data = check(path, contract({"a": {"type": "number", "required": True, "maximum": 2}}))
    assert counts(data) == {"type": 1, "required": 2, "maximum": 1}


def test_zero_has_no_sign_in_messages_and_is_one_value(tmp_path: Path) -> None:
    path = parquet(tmp_path / "x.parquet", "SELECT unnest([-0.0::DOUBLE, 0.0, 1.0]) AS a")
    rules = contract({"a": {"type": "number", "minimum": 0.5, "unique": True}})
    assert [item.message for item in check(path, rules).violations] == [
        "2 of 3 rows: a below minimum 0.5 (smallest 0)",
        "1 of 3 rows: a repeats the value of an earlier row",
    ]


def test_allowed_texts_may_be_any_texts(tmp_path: Path) -> None:
    values = ["it's", "", " ", "a\0b", "ü", 'x"y', "NULL"]
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": [*values, "other", "It's", None]}), path)
    for allowed in (values, [value for value in values if "\0" not in value]):
        found = check(path, contract({"a": {"type": "category", "enum": allowed}})).violations
        assert [item.count for item in found] == [10 - 1 - len(allowed)]


STAY = {"begin": {"type": "date"}, "end": {"type": "date"}, "cost": {"type": "integer"}}


def test_conditions_between_columns_are_counted_with_their_values(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "begin,end,cost\n2026-01-02,2026-01-01,5\n2026-01-01,,5\n,2026-01-01,-1\n2026-01-01,no,0\n"
    )
    rules = contract(
        {**STAY, "cost": {"type": "integer", "role": "sensitive"}},
        checks=[
            {"name": "stay", "expression": '"end" >= begin'},
            {"name": "paid", "expression": "cost > 0 OR begin IS NULL", "severity": "warn"},
        ],
    )
    found = check(path, rules).violations
    assert [(item.rule, item.severity, item.message, item.examples) for item in found] == [
        ("type", "error", "1 of 4 rows: end is not a date", ("row 4: no",)),
        (
            "checks.stay",
            "error",
            '1 of 4 rows: check stay does not hold: "end" >= begin',
            ("row 1: end = 2026-01-01, begin = 2026-01-02",),
        ),
        (
            "checks.paid",
            "warn",
            "1 of 4 rows: check paid does not hold: cost > 0 OR begin IS NULL",
            ("row 4: begin = 2026-01-01",),
        ),
    ]


def test_a_condition_that_overflows_all_bounds_is_told_and_never_passes(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"begin,end,cost\n,,{2**62}\n")
    rules = contract(
        STAY,
        checks=[
            {"name": "fine", "expression": "cost * cost > 0"},
            {"name": "too much", "expression": "cost * cost * cost > 0"},
        ],
    )
    with pytest.raises(DataError) as caught:
        check(path, rules)
    assert caught.value.message.startswith("x.csv: check too much cannot be reckoned: ")
    assert caught.value.hint


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_newest_value_is_found_among_what_is_a_time(tmp_path: Path, kind: str) -> None:
    write = text if kind == "csv" else parquet
    path = write(
        tmp_path / f"x.{kind}",
        "SELECT unnest([TIMESTAMP '2026-01-31 12:00:00', TIMESTAMP '2025-01-01 00:00:00', NULL]) AS seen, 1 AS b",
    )
    columns = {"seen": {"type": "datetime"}, "b": {"type": "integer"}}
    assert check(path, contract(columns, freshness={"column": "seen", "max_age": "12h"})).violations == ()
    (found,) = check(path, contract(columns, freshness={"column": "seen", "max_age": "11h"})).violations
    assert found.message == "the newest seen (2026-01-31 12:00:00) is 12 hours old; at most 11h is allowed"


def test_columns_out_of_order_are_told(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("b,x,a\n1,2,3\n")
    columns = {"a": {"type": "integer"}, "b": {"type": "integer"}}
    (found,) = check(path, contract(columns, column_order="strict")).violations
    assert found.message == "the columns stand in another order: b where a is expected"
    assert check(path, contract(columns)).violations == ()


def test_a_parquet_column_may_be_called_as_the_engine_calls_its_own(tmp_path: Path) -> None:
    names = ["file_row_number", "file_index", "filename", "p", "o", "c0", "k", "data"]
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({name: [1, -1] for name in names}), path)
    rules = contract({name: {"type": "integer", "minimum": 0, "unique": True} for name in names})
    found = check(path, rules).violations
    assert [(item.column, item.examples) for item in found] == [(name, ("row 2: -1",)) for name in names]


def test_what_does_not_fit_the_memory_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = parquet(
        tmp_path / "x.parquet", "SELECT 'value number ' || i % 1000000 AS a FROM range(1100000) t(i)"
    )
    rules = contract({"a": {"type": "string", "unique": True}})
    monkeypatch.setattr(tables, "MEGABYTES", (88,))
    (found,) = check(path, rules).violations
    assert (found.count, found.examples[0]) == (
        100_000,
        "row 1000001: value number 0 (as in row 1)",
    )


def test_what_cannot_be_put_aside_gets_the_memory_that_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = text(tmp_path / "x.csv", "SELECT repeat('x', 1000000) AS a, 1 AS b FROM range(20)")
    rules = contract({"a": {"type": "string", "max_length": 3}})
    monkeypatch.setattr(tables, "MEGABYTES", (1,))
    with pytest.raises(DataError) as caught:
        check(path, rules)
    assert caught.value.hint == "check it where there is more memory, or in shards"
    monkeypatch.setattr(tables, "MEGABYTES", (1, None))
    assert counts(check(path, rules)) == {"max_length": 20}
