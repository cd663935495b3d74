"""Counts against pandas: on generated tables with planted faults both must agree, in CSV and in Parquet."""

import csv
import io
import math
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mltools.core.contract import parse_contract
from mltools.edges import tables

pytestmark = pytest.mark.slow

INTEGERS = [
    "0",
    "7",
    "-3",
    "007",
    "7.0",
    " 7",
    "12",
    "9223372036854775807",
    "9223372036854775808",
    "7.5",
    "x",
    "1_0",
]
NUMBERS = [
    "0",
    "0.0",
    "-0.5",
    ".5",
    "5e-1",
    "31.2",
    "1e400",
    "NaN",
    "inf",
    "1,5",
    "1_0.5",
    "12345678901234567890",
]
WORDS = ["B", "M", "b", "AB-1", "AB-12", "a,b", 'say "hi"', "two\nlines", "ü☃", "NaN", " ", "'", "x" * 300]
TRUTHS = ["true", "False", "1", "0", "yes", "TRUE", "t"]
DAYS = ["2026-01-31", "2024-02-29", "2026-02-29", "1999-12-31", "2026/01/31"]

CONTRACT = parse_contract(
    {
        "schema": 1,
        "rows": {"min": 0},
        "primary_key": ["whole", "word"],
        "columns": {
            "whole": {"type": "integer", "minimum": 0, "maximum": 10, "enum": [0, 7, 12], "unique": True},
            "number": {"type": "number", "required": True, "minimum": 0, "maximum": 30},
            "word": {
                "type": "string",
                "max_null_fraction": 0.25,
                "pattern": "[A-Z]+(-[0-9]+)?",
                "min_length": 2,
                "max_length": 4,
                "unique": True,
            },
            "kind": {"type": "category", "enum": ["B", "M"]},
            "truth": {"type": "boolean", "enum": [True]},
            "day": {"type": "date", "minimum": "2000-01-01", "maximum": "2026-01-30"},
        },
    },
    "s.yaml",
)

Counts = dict[tuple[str | None, str], int]


def cells(pool: list[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.just(""), st.sampled_from(pool))


ROWS = st.lists(
    st.tuples(cells(INTEGERS), cells(NUMBERS), cells(WORDS), cells(WORDS), cells(TRUTHS), cells(DAYS)),
    max_size=25,
)
DIALECTS = st.fixed_dictionaries(
    {
        "lineterminator": st.sampled_from(["\n", "\r\n"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    }
)


def whole(text: str) -> int | None:
    head, _, tail = text.strip().partition(".")
    if not head.removeprefix("-").isdecimal() or tail.strip("0"):
        return None
    return int(head) if -(2**63) <= int(head) < 2**63 else None


def number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None


def truth(text: str) -> bool | None:
    return (
        {"true": True, "1": True, "false": False, "0": False}.get(
            text.lower() if text in {"true", "True", "TRUE", "false", "False", "FALSE"} else text
        )
        if text != ""
        else None
    )


def expected(frame: pd.DataFrame, values: pd.DataFrame) -> Counts:
    """What pandas counts, rule by rule: `frame` holds the cells (None for a gap), `values` what they mean."""
    gap, bad = frame.isna(), frame.notna() & values.isna()
    word, key = values["word"].dropna(), values[["whole", "word"]].dropna()
    known = {name: values[name].dropna() for name in values}
    counts: Counts = {(str(name), "type"): int(bad[name].sum()) for name in frame}
    counts |= {
        ("whole", "minimum"): int((known["whole"] < 0).sum()),
        ("whole", "maximum"): int((known["whole"] > 10).sum()),
        ("whole", "enum"): int((~known["whole"].isin([0, 7, 12])).sum()),
        ("whole", "unique"): int(known["whole"].duplicated().sum()),
        ("number", "required"): int(gap["number"].sum()),
        ("number", "minimum"): int((known["number"] < 0).sum()),
        ("number", "maximum"): int((known["number"] > 30).sum()),
        ("word", "max_null_fraction"): int(gap["word"].sum()) if gap["word"].mean() > 0.25 else 0,
        ("word", "pattern"): int((~word.str.fullmatch("[A-Z]+(-[0-9]+)?").astype(bool)).sum()),
        ("word", "min_length"): int((word.str.len() < 2).sum()),
        ("word", "max_length"): int((word.str.len() > 4).sum()),
        ("word", "unique"): int(word.duplicated().sum()),
        ("kind", "enum"): int((~known["kind"].isin(["B", "M"])).sum()),
        ("truth", "enum"): int((~known["truth"].isin([True])).sum()),
        ("day", "minimum"): int((known["day"] < pd.Timestamp("2000-01-01")).sum()),
        ("day", "maximum"): int((known["day"] > pd.Timestamp("2026-01-30")).sum()),
        ("whole", "primary_key"): int(gap["whole"].sum()),
        ("word", "primary_key"): int(gap["word"].sum()),
        (None, "primary_key"): int(key.duplicated().sum()),
    }
    return {where: count for where, count in counts.items() if count}


def found(path: Path) -> tuple[int | None, Counts]:
    data = tables.check(path, CONTRACT, name=path.name)
    return data.rows, {(item.column, item.rule): item.count for item in data.violations}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("oracle")


@pytest.mark.full
@settings(max_examples=80, deadline=None)
@given(rows=ROWS, dialect=DIALECTS)
def test_text_is_counted_as_pandas_counts_it(
    place: Path, rows: list[tuple[str, ...]], dialect: dict[str, Any]
) -> None:
    names = list(CONTRACT.columns)
    content = io.StringIO(newline="")
    writer = csv.writer(content, **dialect)
    writer.writerows([names, *rows])
    path = place / "x.csv"
    path.write_bytes(content.getvalue().encode())
    read = pd.read_csv(path, dtype=str, keep_default_na=False, skip_blank_lines=False)
    frame = read.astype(object).where(read != "", None)
    values = pd.DataFrame(
        {
            "whole": pd.Series(
                [None if cell is None else whole(cell) for cell in frame["whole"]], dtype=object
            ),
            "number": pd.Series(
                [None if cell is None else number(cell) for cell in frame["number"]], dtype=object
            ),
            "word": frame["word"],
            "kind": frame["kind"],
            "truth": pd.Series(
                [None if cell is None else truth(cell) for cell in frame["truth"]], dtype=object
            ),
            "day": pd.to_datetime(frame["day"], format="%Y-%m-%d", errors="coerce"),
        }
    )
    assert found(path) == (len(rows), expected(frame, values))


@pytest.mark.full
@settings(max_examples=40, deadline=None)
@given(
    whole_cells=st.lists(
        st.one_of(st.none(), st.sampled_from([0.0, 7.0, -3.0, 7.5, 12.0, 1e300, math.inf])), max_size=20
    ),
    data=st.data(),
)
def test_parquet_is_counted_as_pandas_counts_it(
    place: Path, whole_cells: list[float | None], data: st.DataObject
) -> None:
    def of(pool: list[Any]) -> list[Any]:
        size = len(whole_cells)
        return data.draw(st.lists(st.one_of(st.none(), st.sampled_from(pool)), min_size=size, max_size=size))

    frame = pd.DataFrame(
        {
            "whole": pd.Series(whole_cells, dtype="float64"),
            "number": pd.Series(of([0.5, -1.0, 30.0, 31.2, math.nan, math.inf]), dtype="float64"),
            "word": pd.Series(of(WORDS), dtype=object),
            "kind": pd.Series(of(["B", "M", "x"]), dtype=object),
            "truth": pd.Series(of([True, False]), dtype=object),
            "day": pd.Series(of(["2026-01-31", "1999-12-31", "2010-01-01"])).pipe(
                pd.to_datetime, format="%Y-%m-%d"
            ),
        }
    )
    values = frame.copy()
    within = frame["whole"].abs() < 2**63
    values["whole"] = frame["whole"].where(within & (frame["whole"] % 1 == 0))
    values["number"] = frame["number"].where(~frame["number"].isin([math.inf]))
    path = place / "x.parquet"
    database = duckdb.connect()
    database.register("frame", frame)
    types = "whole::DOUBLE whole, number::DOUBLE number, word::VARCHAR word, kind::VARCHAR kind, truth::BOOLEAN truth"
    database.execute(f"COPY (SELECT {types}, day::TIMESTAMP AS day FROM frame) TO '{path}' (FORMAT parquet)")
    assert found(path) == (len(frame), expected(frame, values))
