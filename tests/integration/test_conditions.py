"""Conditions as DuckDB reckons them: against DuckDB's own reading of the same text, and for any text at all."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mltools.core.conditions import parse_condition
from mltools.core.expressions import Kind
from mltools.edges.tables.conditions import render

COLUMNS: dict[str, Kind] = {
    "a": "integer",
    "b": "number",
    "s": "text",
    "f": "boolean",
    "d": "date",
    "t": "datetime",
}
PLACES = {name: f"v{index}" for index, name in enumerate(COLUMNS)}
TYPES = ("BIGINT", "DOUBLE", "VARCHAR", "BOOLEAN", "DATE", "TIMESTAMP")
ROWS = """VALUES
    (1, 0.5, 'x', true, DATE '2026-01-31', TIMESTAMP '2026-01-31 12:00:00'),
    (-7, -2.5, '', false, DATE '2024-02-29', TIMESTAMP '2024-02-28 23:59:59.5'),
    (9007199254740993, 3, 'X%_''', NULL, DATE '1999-12-31', NULL),
    (0, NULL, NULL, true, NULL, TIMESTAMP '2026-02-01 00:00:00'),
    (NULL, 1e6, 'ü', NULL, DATE '2026-02-01', TIMESTAMP '1999-12-31 00:00:00')"""


@pytest.fixture(scope="module")
def database() -> Iterator[Any]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        typed = ", ".join(f"CAST(col{index} AS {kind}) AS {{}}" for index, kind in enumerate(TYPES))
        connection.execute(f"CREATE TABLE named AS SELECT {typed.format(*COLUMNS)} FROM ({ROWS})")
        connection.execute(f"CREATE TABLE placed AS SELECT {typed.format(*PLACES.values())} FROM ({ROWS})")
        yield connection


def ours(database: Any, text: str) -> list[bool | None]:
    condition = render(parse_condition(text, COLUMNS), PLACES)
    return [row[0] for row in database.execute(f"SELECT {condition} FROM placed").fetchall()]


def theirs(database: Any, text: str) -> list[bool | None]:
    return [row[0] for row in database.execute(f"SELECT {text} FROM named").fetchall()]


def numbers(depth: int) -> st.SearchStrategy[str]:
    leaves = st.sampled_from(
        ["a", "b", "0", "1", "2.5", "-3", ".5e1", "year(d)", "month(t)", "length(s)", "(d - d)"]
    )
    if depth == 0:
        return leaves
    inner = numbers(depth - 1)
    return st.one_of(
        leaves,
        st.tuples(inner, st.sampled_from("+-"), inner).map(" ".join),
        # DuckDB alone reckons with 64 bits; ours may not overflow where that does.
        st.tuples(st.sampled_from(["b", "2.5"]), st.just("*"), inner).map(" ".join),
        inner.map("({})".format),
        inner.map("abs({})".format),
        st.tuples(inner, inner).map(lambda pair: f"coalesce({pair[0]}, {pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: f"greatest({pair[0]}, {pair[1]})"),
        st.tuples(conditions(0), inner, inner).map(
            lambda it: f"CASE WHEN {it[0]} THEN {it[1]} ELSE {it[2]} END"
        ),
    )


TEXTS = st.sampled_from(
    ["s", "'x'", "''", "upper(s)", "lower(s)", "trim(s)", "s || 'x'", "coalesce(s, 'ü')", "'it''s'"]
)
MOMENTS = st.sampled_from(
    ["d", "t", "DATE '2026-01-31'", "TIMESTAMP '2026-01-31 12:00:00'", "d + INTERVAL 1 DAY"]
)
SIGNS = st.sampled_from(["=", "<>", "!=", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"])


def conditions(depth: int) -> st.SearchStrategy[str]:
    compared = st.one_of(
        *(st.tuples(kind, SIGNS, kind).map(" ".join) for kind in (numbers(min(depth, 1)), TEXTS, MOMENTS))
    )
    plain = st.one_of(
        st.just("f"),
        compared,
        st.tuples(numbers(0), st.sampled_from(["", "NOT "]), numbers(0), numbers(0)).map(
            lambda it: f"{it[0]} {it[1]}BETWEEN {it[2]} AND {it[3]}"
        ),
        st.tuples(
            TEXTS, st.sampled_from(["LIKE", "NOT LIKE"]), st.sampled_from(["'x%'", "'_'", "'%''%'"])
        ).map(" ".join),
        st.tuples(numbers(0), st.sampled_from(["IN", "NOT IN"]), numbers(0)).map(
            lambda it: f"{it[0]} {it[1]} (1, {it[2]}, -7)"
        ),
        st.sampled_from(["a IS NULL", "t IS NOT NULL", "f IS TRUE", "f IS NOT FALSE", "d > '2024-02-29'"]),
    )
    if depth == 0:
        return plain
    inner = conditions(depth - 1)
    return st.one_of(
        plain,
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(" ".join),
        inner.map("NOT {}".format),
        inner.map("({})".format),
    )


@settings(max_examples=300, deadline=None)
@given(text=conditions(2))
def test_a_condition_means_what_it_means_in_sql(database: Any, text: str) -> None:
    assert ours(database, f"({text}) OR a = 0 AND a <> 0") == theirs(
        database, f"({text}) OR a = 0 AND a <> 0"
    )


WORDS = [
    "a",
    "b",
    "s",
    "f",
    "d",
    "t",
    "1",
    "2.5",
    "'x'",
    "'2026-01-31'",
    "(",
    ")",
    ",",
    "+",
    "-",
    "*",
    "/",
    "%",
    "||",
]
WORDS += [
    "=",
    "<",
    ">=",
    "<>",
    "AND",
    "OR",
    "NOT",
    "IN",
    "IS",
    "NULL",
    "TRUE",
    "LIKE",
    "BETWEEN",
    "CASE",
    "WHEN",
    "THEN",
]
WORDS += [
    "ELSE",
    "END",
    "INTERVAL",
    "DAY",
    "DATE",
    "abs",
    "coalesce",
    "length",
    "year",
    "round",
    "nullif",
    "least",
]


@settings(max_examples=1_000, deadline=None)
@given(text=st.one_of(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), st.text(max_size=40)))
def test_whatever_is_read_as_a_condition_is_one_to_the_engine(database: Any, text: str) -> None:
    try:
        tree = parse_condition(text, COLUMNS)
    except ValueError:
        return
    database.execute(f"EXPLAIN SELECT {render(tree, PLACES)} FROM placed")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # 2**53 + 1 is told from 2**53, and does not overflow.
        ("a = 9007199254740993", [False, False, True, False, None]),
        ("a * a > 0", [True, True, True, False, None]),
        ("a * a * 2 > 9223372036854775807", [False, False, True, False, None]),
        # By zero is unknown.
        ("1 / a > 0", [True, False, True, None, None]),
        ("7 % a = 0", [True, True, False, None, None]),
        ("b / 0 > 1", [None] * 5),
        # A quotient of integers is a number.
        ("a / 2 = 0.5", [True, False, False, False, None]),
        ("t - d > INTERVAL 0 DAY", [True, False, None, None, False]),
        ("t + INTERVAL 12 HOUR >= '2026-02-01'", [True, False, None, True, False]),
        ("t - INTERVAL '2 weeks' > d", [False, False, None, None, False]),
        ("d - DATE '2026-01-31' = 1", [False, False, False, None, True]),
        ("hour(t) = 12 OR day(d) = 29", [True, True, None, None, False]),
        ("round(b, 1) = b AND floor(b) <= ceil(b)", [True, True, True, None, True]),
        ("nullif(a, 0) IS NULL", [False, False, False, True, True]),
    ],
)
def test_reckoning_is_exact_and_never_in_the_way(
    database: Any, text: str, expected: list[bool | None]
) -> None:
    assert ours(database, text) == expected
