"""Conditions between columns as the service follows them, against the engine that checks files by them."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mltools.core.conditions import parse_condition
from mltools.core.row_checks import tree_of
from mltools.server.conditions import compiled, like
from mltools.server.contract import contract_of
from tests.integration.test_conditions import COLUMNS, PLACES, ROWS, TYPES, conditions, ours

KINDS: dict[str, str | None] = {**COLUMNS, "s": "string"}


@pytest.fixture(scope="module")
def database() -> Iterator[Any]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        typed = ", ".join(
            f"CAST(col{index} AS {kind}) AS {place}"
            for index, (kind, place) in enumerate(zip(TYPES, PLACES.values(), strict=True))
        )
        connection.execute(f"CREATE TABLE placed AS SELECT {typed} FROM ({ROWS})")
        yield connection


def followed(database: Any, text: str) -> list[bool | None]:
    """What the service says of the same rows."""
    holds = compiled(json.loads(json.dumps(tree_of(parse_condition(text, COLUMNS)))), KINDS)
    rows = database.execute("SELECT * FROM placed").fetchall()
    return [holds(dict(zip(COLUMNS, map(_sent, row), strict=True))) for row in rows]


def _sent(value: Any) -> Any:
    """A value as a request has it."""
    return value.isoformat() if isinstance(value, date | datetime) else value


@settings(max_examples=300, deadline=None)
@given(text=conditions(2))
def test_a_condition_means_to_the_service_what_it_means_to_the_engine(database: Any, text: str) -> None:
    text = f"({text}) OR a = 0 AND a <> 0"  # a check names a column
    assert followed(database, text) == ours(database, text)


@pytest.mark.parametrize(
    "text",
    [
        "a % 3 = -1",
        "a / 2 > 0",
        "a / 0 = 1",
        "round(b) = -3",
        "round(b * 10, 1) = -25",
        "ceil(b) > floor(b)",
        "nullif(a, 0) IS NULL",
        "least(a, b) <= greatest(a, b)",
        "t - d > INTERVAL 11 HOUR",
        "t + INTERVAL 36 HOUR > d",
        "hour(t) + day(d) + month(t) + year(d) > 2000",
        "trim(' ' || s) = s",
        "-a > 0",
        "f IS TRUE OR s IS NULL",
        "s NOT IN ('x', '')",
        "CASE WHEN f THEN a ELSE b END > 0",
        "b * 1e308 * 1e308 > 0",
    ],
)
def test_each_operation_gives_what_the_engine_gives(database: Any, text: str) -> None:
    assert followed(database, text) == ours(database, text)


@given(st.text("ab%_", max_size=12), st.text("ab%_", max_size=8))
def test_like_is_the_engines(database: Any, text: str, pattern: str) -> None:
    found = database.execute("SELECT ? LIKE ?", [text, pattern]).fetchone()
    assert like(text, pattern) == found[0]


def test_like_takes_no_time_to_speak_of_for_a_pattern_that_would_stop_a_regular_expression() -> None:
    assert not like("a" * 2_000, "%a" * 40 + "b")


def test_a_row_that_breaks_a_check_is_refused_by_its_name_and_one_that_is_wrong_by_itself_for_that() -> None:
    tree = tree_of(parse_condition("a <= b", {"a": "integer", "b": "number"}))
    check = {"name": "order", "severity": "error", "columns": ["a", "b"], "tree": tree}
    terms = {"a": {"type": "integer"}, "b": {"type": "number"}}
    contract = contract_of({"input": terms, "checks": [check]}, None)
    rows: list[dict[str, Any]] = [{"a": 1, "b": 2}, {"a": 3, "b": 2}, {"a": None, "b": 2}, {"a": "x", "b": 2}]
    found = [(one.row, one.column, one.rule) for one in contract.check(rows)[1]]
    assert found == [(1, "a, b", "check order"), (3, "a", "type")]
    warned = contract_of({"input": terms, "checks": [{**check, "severity": "warn"}]}, None).check(rows)
    assert ([one.rule for one in warned[1]], [one.rule for one in warned[2]]) == (["type"], ["check order"])


@pytest.mark.parametrize(
    "tree",
    [None, {}, {"op": "eval"}, {"op": "call", "text": "system", "parts": []}, {"op": "=", "parts": [7]}],
)
def test_a_tree_that_is_none_is_refused(tree: Any) -> None:
    check = {"name": "odd", "columns": [], "tree": tree}
    with pytest.raises(ValueError, match="check"):
        contract_of({"input": {"a": {"type": "integer"}}, "checks": [check]}, None)
