"""Profiles of real files: the same bytes whatever the threads and the order of rows, the counts those of numpy."""

import gzip
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from mltools.core import bins
from mltools.core.contract import Contract, parse_contract
from mltools.core.measuring import SAMPLE
from mltools.core.profile import ColumnProfile, Profile, parse_profile
from mltools.edges import documents
from mltools.edges.tables.profiling import profile
from mltools.errors import DataError

ROWS = 3 * SAMPLE

COLUMNS: Mapping[str, Any] = {
    "id": {"type": "integer", "role": "id"},
    "age": {"type": "integer"},
    "amount": {"type": "number"},
    "score": {"type": "number"},
    "code": {"type": "integer"},
    "plan": {"type": "category"},
    "city": {"type": "string"},
    "note": {"type": "string"},
    "active": {"type": "boolean"},
    "day": {"type": "date"},
    "seen": {"type": "datetime"},
    "income": {"type": "number", "role": "sensitive"},
}
SELECT = """
    SELECT i AS id,
        CASE WHEN i % 50 > 0 THEN 18 + hash(i * 7) % 60 END::INTEGER AS age,
        round(exp(hash(i * 11) % 1000 / 100.0), 2) AS amount,
        CASE WHEN i % 20 > 0 THEN sqrt(hash(i * 17) % 1000000) - 500 END AS score,
        [0, 0, 0, 1, 7][1 + (hash(i * 19) % 5)::INTEGER] AS code,
        CASE WHEN i = 77 THEN 'rare' ELSE ['free', 'basic', 'pro'][1 + (hash(i * 41) % 3)::INTEGER] END AS plan,
        ['Bonn', 'Köln', 'Ulm'][1 + (hash(i * 43) % 3)::INTEGER] AS city,
        'note of person ' || i AS note,
        hash(i * 47) % 3 = 0 AS active,
        DATE '2020-01-01' + (hash(i * 53) % 2000)::INTEGER AS day,
        TIMESTAMP '2024-01-01' + to_seconds((hash(i * 59) % 31536000)::BIGINT) AS seen,
        31250.0 + i AS income
    FROM range({rows}) AS t(i)
"""


def contract(columns: Mapping[str, Any] = COLUMNS, **table: Any) -> Contract:
    return parse_contract({"schema": 1, "columns": dict(columns), **table}, "s.yaml")


def written(path: Path, select: str, how: str = "FORMAT parquet", order: str = "") -> Path:
    duckdb.connect().execute(f"COPY (SELECT * FROM ({select}) {order}) TO '{path}' ({how})")
    return path


def column(tmp_path: Path, content: str, name: str = "x", **rules: Any) -> ColumnProfile:
    """The profile of a column x of a CSV file, beside one that keeps blank lines apart from gaps."""
    path = tmp_path / "x.csv"
    path.write_text(content)
    found = profile(path, contract({name: rules}), name="x.csv").column(name)
    assert found is not None
    return found


def parquet_column(tmp_path: Path, select: str, **rules: Any) -> ColumnProfile:
    path = written(tmp_path / "x.parquet", f"SELECT {select}")
    found = profile(path, contract({"x": rules}), name="x.parquet").column("x")
    assert found is not None
    return found


def text(found: Profile) -> str:
    return documents.write_json(found.as_json())


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("many") / "many.parquet", SELECT.format(rows=ROWS))


@pytest.fixture(scope="module")
def found(many: Path) -> Profile:
    return profile(many, contract(), name="many")


@contextmanager
def on_cores(count: int) -> Iterator[None]:
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(cores)[:count]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def test_one_core_gives_the_same_bytes(many: Path, found: Profile) -> None:
    with on_cores(1):
        assert text(profile(many, contract(), name="many")) == text(found)


@pytest.mark.parametrize(
    ("how", "order"),
    [
        ("FORMAT parquet, ROW_GROUP_SIZE 2048", ""),
        ("FORMAT parquet, ROW_GROUP_SIZE 5000, COMPRESSION zstd", "ORDER BY hash(id)"),
        ("FORMAT parquet", "ORDER BY note DESC"),
    ],
)
def test_neither_row_groups_nor_the_order_of_rows_matter(
    tmp_path: Path, found: Profile, how: str, order: str
) -> None:
    path = written(tmp_path / "again.parquet", SELECT.format(rows=ROWS), how, order)
    assert text(profile(path, contract(), name="again")) == text(found)


def test_neither_parts_nor_their_order_matter(tmp_path: Path, many: Path, found: Profile) -> None:
    for name, rest in (("b", 0), ("a", 1), ("c", 2)):
        (tmp_path / "parts").mkdir(exist_ok=True)
        written(tmp_path / "parts" / f"{name}.parquet", f"SELECT * FROM '{many}' WHERE hash(id) % 3 = {rest}")
    assert text(profile(tmp_path / "parts", contract(), name="parts")) == text(found)


def test_neither_line_ends_nor_gzip_nor_the_order_of_columns_matter(tmp_path: Path, many: Path) -> None:
    one = written(tmp_path / "one.csv", f"SELECT * FROM '{many}'", "FORMAT csv")
    plain = text(profile(one, contract(), name="one"))
    lines = one.read_bytes().splitlines()
    (tmp_path / "two.csv.gz").write_bytes(
        gzip.compress(b"\r\n".join([lines[0], *reversed(lines[1:])]) + b"\r\n")
    )
    assert text(profile(tmp_path / "two.csv.gz", contract(), name="two")) == plain
    names = ", ".join(reversed(list(COLUMNS)))
    other = written(tmp_path / "three.tsv", f"SELECT {names} FROM '{many}'", "FORMAT csv, DELIMITER '\t'")
    assert text(profile(other, contract(), name="three")) == plain


def test_small_data_are_the_same_in_every_format(tmp_path: Path) -> None:
    select = SELECT.format(rows=500)
    every = {
        ending: text(profile(written(tmp_path / f"x.{ending}", select, how), contract(), name="x"))
        for ending, how in (("parquet", "FORMAT parquet"), ("csv", "FORMAT csv"), ("jsonl", "FORMAT json"))
    }
    assert every["csv"] == every["jsonl"] == every["parquet"]


def test_counts_are_those_of_numpy(many: Path, found: Profile) -> None:
    data = duckdb.connect().execute(f"SELECT * FROM '{many}'").fetchnumpy()
    assert found.rows == ROWS
    for name in ("age", "amount", "score", "code"):
        profiled, values = found.column(name), data[name]
        kept = values.compressed() if isinstance(values, np.ma.MaskedArray) else np.asarray(values)
        assert profiled is not None
        assert profiled.histogram is not None
        assert (profiled.count, profiled.nulls, profiled.invalid) == (len(kept), ROWS - len(kept), 0)
        assert (profiled.minimum, profiled.maximum) == (kept.min(), kept.max())
        assert profiled.mean == pytest.approx(kept.mean(), rel=1e-6)
        assert profiled.std == pytest.approx(kept.std(), rel=1e-6)
        upto = [0, *(int((kept <= end).sum()) for end in bins.boundaries(profiled.histogram.edges))]
        assert list(profiled.histogram.counts) == np.diff(upto).tolist()
        assert profiled.distinct == pytest.approx(len(np.unique(kept)), rel=0.1)
        for share, value in (profiled.quantiles or {}).items():
            assert (kept < value).mean() <= float(share) + 0.03
            assert (kept <= value).mean() >= float(share) - 0.03
    code = found.column("code")
    assert code is not None
    assert code.histogram is not None
    assert code.histogram.discrete
    assert code.distinct == 3


def test_categories_are_counted_exactly_the_rarest_too(many: Path, found: Profile) -> None:
    for name in ("plan", "city"):
        profiled = found.column(name)
        rows = duckdb.connect().execute(
            f"SELECT {name}, count(*) FROM '{many}' GROUP BY 1 ORDER BY 2 DESC, 1"
        )
        assert profiled is not None
        assert profiled.categories == tuple(rows.fetchall())
        assert profiled.other == 0
        assert profiled.distinct == {"plan": 4, "city": 3}[name]


def test_moments_are_text_and_their_bins_numbers(many: Path, found: Profile) -> None:
    low, high = duckdb.connect().execute(f"SELECT min(seen), max(seen) FROM '{many}'").fetchall()[0]
    seen, day = found.column("seen"), found.column("day")
    assert seen is not None
    assert day is not None
    assert seen.histogram is not None
    assert (seen.minimum, seen.maximum) == (f"{low.isoformat()}Z", f"{high.isoformat()}Z")
    assert seen.histogram.edges[-1] == high.timestamp() - low.timestamp() + seen.histogram.low
    assert day.minimum == "2020-01-01"
    assert day.histogram is not None
    assert day.histogram.low == 18_262


def test_no_value_that_identifies_gets_in(found: Profile) -> None:
    said = text(found)
    assert "person" not in said
    hidden, known = found.column("income"), found.column("id")
    assert hidden is not None
    assert known is not None
    shown = hidden.model_dump(exclude_none=True)
    assert shown == {
        "name": "income",
        "type": "number",
        "role": "sensitive",
        "count": ROWS,
        "nulls": 0,
        "invalid": 0,
    }
    assert known.model_dump(exclude_none=True).keys() - shown.keys() == {"distinct"}
    assert parse_profile(json.loads(said), "x") == found
    assert len(said) < 3_000 * len(COLUMNS)


def test_rare_text_stays_out(tmp_path: Path) -> None:
    select = (
        "SELECT CASE WHEN i % 5000 = 0 THEN 'Anna ' || i ELSE 'yes' END AS x, 'k' AS k FROM range(30000) t(i)"
    )
    path = written(tmp_path / "x.parquet", select)
    found = profile(path, contract({"x": {"type": "string"}}), name="x").column("x")
    assert found is not None
    assert (found.categories, found.other) == ((("yes", 29_994),), 6)


def test_few_values_among_many_rows_still_get_bins(tmp_path: Path) -> None:
    select = "CASE WHEN i % 20 = 0 THEN (hash(i) % 1000) / 10.0 END AS x FROM range(60000) t(i)"
    found = parquet_column(tmp_path, select, type="number")
    assert (found.count, found.nulls) == (3_000, 57_000)
    assert found.histogram is not None
    assert len(found.histogram.edges) > 15
    assert max(found.histogram.counts) < 600


def test_very_long_text_is_counted_and_not_kept(tmp_path: Path) -> None:
    long = "é" * 200_000
    found = column(tmp_path, f"x,k\n{long},.\nab,.\nab,.\n", type="category")
    assert (found.categories, found.other) == ((("ab", 2),), 1)
    assert found.lengths is not None
    assert (found.lengths.minimum, found.lengths.maximum) == (2, 200_000)
    assert found.lengths.mean == pytest.approx(200_004 / 3)


@pytest.mark.parametrize("kind", ["integer", "number", "string", "boolean", "date", "datetime", "category"])
def test_a_column_without_values(tmp_path: Path, kind: str) -> None:
    found = column(tmp_path, "x,k\n,.\n,.\n", type=kind)
    assert (found.count, found.nulls, found.invalid, found.rows) == (0, 2, 0, 2)
    assert found.histogram is None
    found = column(tmp_path, "x,k\n", type=kind)
    assert found.rows == 0


@pytest.mark.parametrize("kind", ["integer", "number", "string", "date", "datetime", "category"])
def test_one_row(tmp_path: Path, kind: str) -> None:
    value = {"date": "2026-01-31", "datetime": "2026-01-31T12:00:00Z"}.get(kind, "5")
    found = column(tmp_path, f"x,k\n{value},.\n", type=kind)
    assert (found.count, found.distinct) == (1, 1)
    spread = found.lengths or found
    assert spread.minimum == spread.maximum


def test_only_nan_is_invalid_in_text_and_a_gap_in_parquet(tmp_path: Path) -> None:
    found = column(tmp_path, "x,k\nNaN,.\nnan,.\n", type="number")
    assert (found.count, found.nulls, found.invalid) == (0, 0, 2)
    found = parquet_column(tmp_path, "'nan'::DOUBLE AS x FROM range(5)", type="number")
    assert (found.count, found.nulls, found.invalid) == (0, 5, 0)


def test_no_number_is_too_far_out(tmp_path: Path) -> None:
    found = column(tmp_path, "x,k\ninf,.\n-inf,.\n1e400,.\n1e308,.\n-1e308,.\n", type="number")
    assert (found.count, found.invalid, found.minimum, found.maximum, found.mean) == (2, 3, -1e308, 1e308, 0)
    many = "CASE WHEN i % 2 = 0 THEN 1.7e308 - i * 1e300 ELSE i * 1e300 - 1.7e308 END AS x FROM range(30000) t(i)"
    found = parquet_column(tmp_path, many, type="number")
    assert found.mean == pytest.approx(0, abs=1e304)
    assert found.std == pytest.approx(1.7e308, rel=0.01)
    assert documents.read_json(documents.write_json(found.model_dump(mode="json")).encode(), "x")


def test_zero_below_zero_is_zero(tmp_path: Path) -> None:
    found = column(tmp_path, "x,k\n-0.0,.\n0,.\n-0,.\n", type="number")
    assert (found.distinct, str(found.minimum), str(found.maximum)) == (1, "0.0", "0.0")


@pytest.mark.parametrize("rows", [3, 30_000])
def test_whole_numbers_are_exact_beyond_what_a_double_holds(tmp_path: Path, rows: int) -> None:
    found = parquet_column(tmp_path, f"9007199254740993 + i AS x FROM range({rows}) t(i)", type="integer")
    assert (found.minimum, found.maximum) == (9007199254740993, 9007199254740992 + rows)
    ends = parquet_column(
        tmp_path,
        f"CASE WHEN i % 2 = 0 THEN 9223372036854775807 - i ELSE i - 9223372036854775807 - 1 END AS x FROM range({rows}) t(i)",
        type="integer",
    )
    assert ends.count == rows
    assert ends.std == pytest.approx(2.0**63, rel=0.1)


def test_dates_out_of_range_are_invalid(tmp_path: Path) -> None:
    found = column(tmp_path, "x,k\n0001-01-01,.\n9999-12-31,.\n2026-02-30,.\n10000-01-01,.\n", type="date")
    assert (found.minimum, found.maximum, found.invalid) == ("0001-01-01", "9999-12-31", 2)
    found = parquet_column(
        tmp_path, "unnest(['infinity'::TIMESTAMP, '2026-01-01'::TIMESTAMP]) AS x", type="datetime"
    )
    assert (found.count, found.invalid, found.minimum) == (1, 1, "2026-01-01T00:00:00Z")


def test_mixed_types_are_counted_as_invalid(tmp_path: Path) -> None:
    found = column(tmp_path, "x,k\n1,.\nfive,.\n,.\n2.5,.\n", type="integer")
    assert (found.count, found.nulls, found.invalid) == (1, 1, 2)
    assert parquet_column(tmp_path, "[1, 2] AS x FROM range(3)", type="number").invalid == 3


def test_hostile_names_and_values_are_only_text(tmp_path: Path) -> None:
    names = [
        'a"b',
        "a|b",
        "__proto__",
        "<script>",
        "two\nlines",
        "../x",
        "c0",
        "h",
        "x0",
        "'; DROP TABLE t; --",
    ]
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    values = ["=cmd|' /C calc'!A0", "\u202e", "it's", "two\nlines", "", " ", "{}", "NULL", "é", "\\"]
    cells = ['"' + value.replace('"', '""') + '"' for value in values]
    path = tmp_path / "x.csv"
    path.write_text(",".join(quoted) + "\n" + (",".join(cells) + "\n") * 12)
    rules = contract({name: {"type": "category"} for name in names})
    found = profile(path, rules, name="x.csv")
    assert [item.name for item in found.columns] == names
    labels = [item.categories[0][0] if item.categories else None for item in found.columns]
    assert labels == [value or None for value in values]
    assert parse_profile(json.loads(text(found)), "x") == found


def test_columns_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("b,c\n1,2\n")
    rules = {name: {"type": "integer"} for name in ("a", "b")}
    assert [item.name for item in profile(path, contract(rules), name="x").columns] == ["b"]
    assert profile(path, contract({"a": {"type": "integer"}}), name="x") == Profile(rows=1, columns=())


def test_missing_values_are_those_of_the_contract(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("x,k\n1,.\nNA,.\n-,.\n")
    rules = contract({"x": {"type": "integer"}}, missing_values=["", "NA"])
    found = profile(path, rules, name="x").column("x")
    assert found is not None
    assert (found.count, found.nulls, found.invalid) == (1, 1, 1)


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("x,k\n1,2\n3\n")
    with pytest.raises(DataError, match=r"x\.csv:3: 1 field where the header has 2"):
        profile(path, contract({"x": {"type": "integer"}}), name="x.csv")


def test_progress_goes_from_nothing_to_all(many: Path) -> None:
    told: list[float] = []
    profile(many, contract(), name="many", progress=told.append)
    assert all(0 <= share <= 1 for share in told)
    assert told == sorted(told)


def test_a_wide_table_is_profiled_in_batches(tmp_path: Path) -> None:
    names = [f"n{index}" for index in range(1_100)]
    path = tmp_path / "wide.csv"
    rows = [",".join(str(index * row) for index in range(len(names))) for row in range(5)]
    path.write_text("\n".join([",".join(names), *rows]) + "\n")
    found = profile(path, contract({name: {"type": "integer"} for name in names}), name="wide")
    assert [item.name for item in found.columns] == names
    assert [item.maximum for item in found.columns] == [4 * index for index in range(len(names))]
