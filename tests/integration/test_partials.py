"""Jobs that share a data set: added up, they find what one job finds, examples included."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mltools.core.contract import Contract, parse_contract
from mltools.core.partial import Kept, Shard, as_tree, kept, parse_shard, union
from mltools.core.records import Violation
from mltools.core.validation import Measured, judge
from mltools.edges import tables
from mltools.edges.tables import sharing
from mltools.edges.tables.reading import opened_data
from mltools.edges.tables.sharing import Share

NOW = datetime(2026, 2, 1, tzinfo=UTC)
HASH = "0" * 32
RULES = parse_contract(
    {
        "schema": 1,
        "rows": {"max": 20},
        "primary_key": ["site", "id"],
        "columns": {
            "id": {"type": "integer", "minimum": 0, "maximum": 2**53, "unique": True},
            "dose": {
                "type": "number",
                "unique": True,
                "max_null_fraction": 0.2,
                "minimum": -0.5,
                "maximum": 1,
            },
            "site": {"type": "category", "enum": ["n", "s"], "min_length": 1, "max_length": 1},
            "code": {"type": "string", "pattern": "[A-Z]+", "unique": True, "required": True},
            "seen": {"type": "datetime", "minimum": "2000-01-01", "unique": True},
        },
        "checks": [{"name": "more", "expression": "dose * 2 >= id OR site = 'n'"}],
        "freshness": {"column": "seen", "max_age": "7d"},
    },
    "s.yaml",
)
NAMES = list(RULES.columns)
POOLS = (
    ["", "1", "01", "2", "-0", "0", "9007199254740992", "9007199254740993", "x", "9223372036854775808"],
    ["", "0", "-0.0", "0.5", "1", "1.0", "nan", "31.2", "1e400"],
    ["", "n", "s", "ns", "ü", "two\nlines", 'a "q"'],
    ["", "A", "AB", "a", "A,B", "NaN"],
    ["", "2026-01-31", "2026-01-31T00:00:00Z", "1999-12-31 12:00:00", "2026-02-30", "9999-12-31"],
)
ROWS = st.lists(st.tuples(*(st.sampled_from(pool) for pool in POOLS)), max_size=24)


def write_text(path: Path, rows: Sequence[Sequence[str]]) -> None:
    content = io.StringIO(newline="")
    csv.writer(content, lineterminator="\n").writerows([NAMES, *rows])
    path.write_bytes(content.getvalue().encode())


def write_parquet(path: Path, rows: Sequence[Sequence[str]]) -> None:
    types = ("BIGINT", "DOUBLE", "VARCHAR", "VARCHAR", "TIMESTAMP")
    with duckdb.connect() as database:
        typed = ", ".join(f"{name} {kind}" for name, kind in zip(NAMES, types, strict=True))
        database.execute(f"CREATE TABLE t ({typed})")
        cells = ", ".join(f"TRY_CAST(nullif(?, '') AS {kind})" for kind in types)
        if rows:
            database.executemany(f"INSERT INTO t VALUES ({cells})", [list(row) for row in rows])
        database.execute(f"COPY t TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)")


WRITERS = {"csv": write_text, "parquet": write_parquet}


def write(place: Path, kind: str, parts: Sequence[Sequence[Sequence[str]]]) -> Path:
    """One file, or a directory with a file for each part."""
    for old in place.glob("**/*.*"):
        old.unlink()
    if len(parts) == 1:
        WRITERS[kind](place / f"x.{kind}", parts[0])
        return place / f"x.{kind}"
    (place / "parts").mkdir(exist_ok=True)
    for number, rows in enumerate(parts):
        WRITERS[kind](place / "parts" / f"{number}.{kind}", rows)
    return place / "parts"


def measured(path: Path, share: Share = sharing.WHOLE, rules: Contract = RULES) -> tuple[Measured, int]:
    return tables.measure(path, rules, name="data", share=share)


def shard(path: Path, index: int, of: int, rules: Contract = RULES) -> Shard:
    """What one job hands over, by way of its file's text."""
    found, size = measured(path, Share(index, of), rules)
    one = Kept(path="data", contract="s.yaml", contract_md5=HASH, md5=HASH, bytes=size, **kept(found))
    text = json.dumps(as_tree(Shard(mltools="1", engine="e", index=index, of=of, data=(one,))))
    return parse_shard(json.loads(text), f"{index}.json")


def merged(path: Path, of: int, rules: Contract = RULES) -> Measured:
    (whole,) = union([(f"{index}.json", shard(path, index, of, rules)) for index in range(of, 0, -1)])
    return whole.measured


def said(found: Measured, rules: Contract = RULES) -> tuple[Violation, ...]:
    return judge(rules, found, now=NOW, examples=5)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shards")


@pytest.mark.full
@pytest.mark.slow
@pytest.mark.parametrize("kind", list(WRITERS))
@settings(max_examples=25, deadline=None)
@given(parts=st.lists(ROWS, min_size=1, max_size=4), of=st.integers(1, 5), stretch=st.integers(1, 5))
def test_shards_added_up_are_one_job(
    place: Path, kind: str, parts: list[list[tuple[str, ...]]], of: int, stretch: int
) -> None:
    path = write(place, kind, parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharing, "STRETCH", stretch)
        together = merged(path, of)
    alone, _ = measured(path)
    assert (together.rows, together.header) == (alone.rows, alone.header)
    assert {check: tally.count for check, tally in together.tallies.items()} == {
        check: tally.count for check, tally in alone.tallies.items()
    }
    assert said(together) == said(alone)


@pytest.mark.full
@pytest.mark.slow
@pytest.mark.parametrize("kind", list(WRITERS))
@settings(max_examples=15, deadline=None)
@given(parts=st.lists(ROWS, min_size=2, max_size=4))
def test_parts_are_judged_as_the_file_that_they_make_together(
    place: Path, kind: str, parts: list[list[tuple[str, ...]]]
) -> None:
    apart, _ = measured(write(place, kind, parts))
    whole, _ = measured(write(place, kind, [[row for rows in parts for row in rows]]))
    assert [(item.rule, item.column, item.count, item.message) for item in said(apart)] == [
        (item.rule, item.column, item.count, item.message) for item in said(whole)
    ]


def test_the_bytes_of_parts_are_shared_evenly_and_each_part_is_taken_once(place: Path) -> None:
    sizes = [50, 1, 30, 30, 9, 0, 41]
    jobs = [sharing._files(sizes, Share(index, 3)) for index in (1, 2, 3)]
    assert sorted(part for job in jobs for part in job) == list(range(7))
    loads = [sum(sizes[part] for part in job) for job in jobs]
    assert max(loads) - min(loads) <= 20
    path = write(place, "parquet", [[("1", "", "n", "A", "")], [], [("2", "", "n", "B", "")]])
    with opened_data(path, "data") as data:
        scans = [sharing.shared(data, Share(index, 3)).scan for index in (1, 2, 3)]
        taken = [part for scan in scans for (part,) in data.rows(f"SELECT DISTINCT p FROM {scan}")]
    assert sorted(taken) == [0, 2]  # part 1 has no rows


def test_a_job_reads_only_its_rows_of_a_parquet_file(place: Path) -> None:
    path = write(place, "parquet", [[(str(row), "", "n", "A", "") for row in range(10)]])
    rows = [measured(path, Share(index, 4))[0].rows for index in (1, 2, 3, 4)]
    assert rows == [2, 3, 2, 3]


def test_more_jobs_than_rows_find_nothing_more(place: Path) -> None:
    for kind in WRITERS:
        path = write(place, kind, [[("1", "2", "x", "a", "")]])
        assert said(merged(path, 7)) == said(measured(path)[0])


def test_examples_are_the_first_rows_of_the_whole(place: Path) -> None:
    path = write(place, "csv", [[(str(row), "", "n", "a" if row % 2 else "A", "")] for row in range(1, 13)])
    rules = parse_contract(
        {"schema": 1, "columns": {"code": {"type": "string", "pattern": "A", "unique": True}}}, "s.yaml"
    )
    found = {item.rule: item for item in said(merged(path, 3, rules), rules)}
    assert found["pattern"].count == 6
    # By name, 10.csv comes before 2.csv.
    assert found["pattern"].examples[:3] == ("0.csv row 1: a", "10.csv row 1: a", "2.csv row 1: a")
    assert found["unique"].count == 10
    assert found["unique"].examples[:3] == (
        "10.csv row 1: a (as in 0.csv row 1)",
        "11.csv row 1: A (as in 1.csv row 1)",
        "2.csv row 1: a (as in 0.csv row 1)",
    )


def test_no_sensitive_value_is_in_a_partial(place: Path) -> None:
    path = write(place, "csv", [[("41", "", "secret", "A", ""), ("41", "", "secret", "A", "")]])
    columns: dict[str, Any] = {
        "id": {"type": "integer", "role": "sensitive", "maximum": 3, "unique": True, "enum": [1]},
        "site": {"type": "string", "role": "sensitive", "max_length": 2, "unique": True},
    }
    rules = parse_contract(
        {
            "schema": 1,
            "columns": columns,
            "primary_key": ["id", "site"],
            "checks": [{"name": "c", "expression": "id < length(site)"}],
        },
        "s.yaml",
    )
    text = shard(path, 1, 1, rules).model_dump_json()
    assert "41" not in text
    assert "secret" not in text
