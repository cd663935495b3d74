"""The parts of the service that decide on values."""

import asyncio
import warnings
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltools.server.app import Bounded
from mltools.server.comparing import alike
from mltools.server.contract import contract_of
from mltools.server.files import ServerError
from mltools.server.metrics import Metrics
from mltools.server.models import _guarded
from mltools.server.patterns import compiled
from mltools.server.plan import Plan, plan_of

PLAN = {
    "schema": 1,
    "model": "toy",
    "serve": {"stable": "1.0.0", "canary": None, "shadow": None},
    "serial": 3,
}


def rule(column: dict[str, Any], value: Any) -> str | None:
    """The rule of one column that a value breaks."""
    _, refused, warned = contract_of({"input": {"x": column}}, None).check([{"x": value}])
    return (refused + warned)[0].rule if refused + warned else None


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ({"type": "integer"}, 5.0, None),
        ({"type": "integer"}, True, "type"),
        ({"type": "integer"}, "5", "type"),
        ({"type": "integer"}, 2**63, "type"),
        ({"type": "number"}, 10**400, "type"),
        ({"type": "number"}, float("inf"), "type"),
        ({"type": "boolean"}, False, None),
        ({"type": "boolean"}, 0, "type"),
        ({"type": "date"}, "2026-01-31", None),
        ({"type": "date"}, "2026-02-31", "type"),
        ({"type": "date"}, "20260131", "type"),
        ({"type": "date", "minimum": "2026-01-01"}, "2025-12-31", "minimum"),
        ({"type": "datetime", "maximum": "2026-01-01T00:00:00Z"}, "2026-01-01T00:30:00+01:00", None),
        ({"type": "datetime", "maximum": "2026-01-01T00:00:00Z"}, "2026-01-01T00:30:00", "maximum"),
        ({"type": "datetime"}, "yesterday", "type"),
        ({"type": "string", "min_length": 2}, "a", "min_length"),
        ({"type": "string", "max_length": 2}, "abc", "max_length"),
        ({"type": "string", "pattern": "[a-z]+"}, "abc", None),
        ({"type": "string", "pattern": "[a-z]+"}, "abc1", "pattern"),
        ({"type": "string", "pattern": "[a-z]+"}, "a" * 1_001, "pattern"),
        ({"type": "category", "enum": ["a"]}, "b", "enum"),
        ({"type": "integer", "enum": [1, 2]}, 2.0, None),
        ({"type": "string", "required": True}, "", "required"),
        ({"type": "string"}, None, None),
        ({"type": "string"}, "\ud800", "type"),
        ({"type": "category"}, "a\udfff", "type"),
        ({"type": "string"}, "\U0001f600", None),
        ({}, "\ud800", "type"),
        ({}, {"a": 1}, "type"),
        ({}, "anything", None),
    ],
)
def test_a_value_is_held_to_its_column(column: dict[str, Any], value: Any, expected: str | None) -> None:
    assert rule(column, value) == expected


def test_a_rule_that_only_warns_lets_the_row_pass_but_not_another_type() -> None:
    contract = contract_of({"input": {"x": {"type": "number", "maximum": 1, "severity": "warn"}}}, None)
    clean, refused, warned = contract.check([{"x": 2}])
    assert (clean, refused, [fault.rule for fault in warned]) == ([{"x": 2.0}], [], ["maximum"])
    assert [fault.rule for fault in contract.check([{"x": "two"}])[1]] == ["type"]


@pytest.mark.parametrize("severity", ["warn", "error"])
def test_a_condition_counts_for_a_row_that_is_warned_of_as_well(severity: str) -> None:
    columns = {"x": {"type": "number", "maximum": 1, "severity": "warn"}, "y": {"type": "number"}}
    tree = {"op": "<", "parts": [{"op": "column", "text": "x"}, {"op": "column", "text": "y"}]}
    check = {"name": "order", "columns": ["x", "y"], "tree": tree, "severity": severity}
    contract = contract_of({"input": columns, "checks": [check]}, None)
    _, refused, warned = contract.check([{"x": 2, "y": 3}, {"x": 2, "y": 1}])
    assert [(fault.row, fault.rule) for fault in refused + warned if "check" in fault.rule] == [
        (1, "check order")
    ]
    assert len(refused) == (severity == "error")


def test_columns_that_the_model_does_not_take_are_not_asked_for() -> None:
    terms = {"x": {"type": "number", "required": True}, "name": {"type": "string", "required": True}}
    contract = contract_of({"input": terms}, ["x"])
    assert contract.check([{"x": 1}])[1] == []
    assert [fault.rule for fault in contract.check([{"x": 1, "name": 5}])[1]] == ["type"]


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+b",
        "(a|aa)*b",
        "([a-z]*)*",
        "(x{1,}y?)+",
        "(?:a*){2000}",
        "(a{1,20}){1,20}b",
        "(a?){60}b",
        ".*,.*,.*,.*,.*b",
    ],
)
def test_patterns_that_could_take_for_ever_are_not_checked_and_said_so(pattern: str) -> None:
    found, _, why = compiled(pattern)
    assert found is None
    assert pattern in why
    assert contract_of({"input": {"x": {"type": "string", "pattern": pattern}}}, None).notes


def test_patterns_that_only_the_engine_knows_are_not_checked() -> None:
    assert compiled(r"\pL+")[0] is None
    assert compiled("[[:alpha:]]+")[0] is None
    assert compiled("(")[0] is None
    assert compiled(r"[A-Z]{2}-\d{1,6}")[0] is not None


@pytest.mark.parametrize(
    ("pattern", "longest"),
    [
        (r"[a-z]+", 1_000),
        (r"\d+(\.\d+)?", 1_000),
        (r"((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)", 1_000),
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", 1_000),
        (r"[^@]+@[^@]+\.[^@]+", 200),
        (r"v\d+\.\d+\.\d+", 200),
    ],
)
def test_patterns_as_people_write_them_are_checked_on_texts_of_some_length(
    pattern: str, longest: int
) -> None:
    assert compiled(pattern)[1:] == (longest, "")


def test_the_classes_of_patterns_are_those_of_the_engine_that_checks_files() -> None:
    for pattern, text in ((r"\d", "\u0663"), (r"\w", "\u00e9"), (r"\s", "\u00a0")):
        assert duckdb.execute("SELECT regexp_full_match(?, ?)", [text, pattern]).fetchall() == [(False,)]
        assert rule({"type": "string", "pattern": pattern}, text) == "pattern"


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"model": ""},
        {"model": 5},
        {"serve": None},
        {"serve": {"stable": ""}},
        {"serve": {"stable": "1", "canary": "2"}},
        {"serve": {"stable": "1", "canary": {"version": "2", "share": 1.5}}},
        {"serve": {"stable": "1", "canary": {"version": "2", "share": True}}},
        {"serve": {"stable": "1", "canary": {"share": 0.5}}},
        {"serve": {"stable": "1", "slow_milliseconds": -1}},
        {"serial": "3"},
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ServerError, match=r"plan\.json"):
        plan_of({**PLAN, **change})


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_key_in_the_canary_stays_there_as_its_share_grows(key: str, one: float, other: float) -> None:
    small, large = (Plan("toy", "1.0.0", "1.1.0", share) for share in sorted((one, other)))
    assert small.arm_of(key) == "stable" or large.arm_of(key) == "canary"


def test_nobody_or_everybody_is_in_a_canary_of_nothing_or_all() -> None:
    assert {Plan("toy", "1", "2", 0.0).arm_of(str(key)) for key in range(100)} == {"stable"}
    assert {Plan("toy", "1", "2", 1.0).arm_of(str(key)) for key in range(100)} == {"canary"}


def test_what_a_library_warns_of_while_it_loads_a_model_is_told_and_stops_nothing() -> None:
    def read() -> str:
        warnings.warn("made by\nanother version", UserWarning, stacklevel=1)
        return "model"

    assert _guarded(read, "model.skops") == ("model", ["model.skops: made by another version"])
    with pytest.raises(ServerError, match=r"model\.skops cannot be loaded: ZeroDivisionError"):
        _guarded(lambda: 1 / 0, "model.skops")


def test_what_takes_too_long_is_ended_and_told() -> None:
    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    async def begun(*given: Any) -> None:
        await given[2]({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.Event().wait()  # a client that does not read on

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    asyncio.run(Bounded(never, 0.01)(scope, receive, send))
    assert sent[0]["status"] == 503
    assert b"too long" in sent[1]["body"]
    with pytest.raises(TimeoutError):  # the server closes the connection then
        asyncio.run(Bounded(begun, 0.01)(scope, receive, send))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, 1.0, True),
        (1.0, 1 + 1e-7, True),
        (1, 1 + 1e-7, True),
        (1e12, 1e12 + 1, True),
        (1.0, 1.1, False),
        (1.0, 10**400, False),
        ("1", 1, False),
        ("yes", "yes", True),
    ],
)
def test_answers_are_the_same_up_to_what_arithmetic_leaves_open(
    one: Any, other: Any, *, expected: bool
) -> None:
    assert alike(one, other) is expected
    assert alike(other, one) is expected


def test_metrics_add_up_and_labels_are_escaped() -> None:
    metrics = Metrics()
    metrics.add("mltools_requests_total", route='a"b\\c\nd', status="200")
    metrics.add("mltools_requests_total", 2, route='a"b\\c\nd', status="200")
    metrics.observe("mltools_score", [0.05, 0.1, 0.95, 7], (0.1, 1.0), arm="stable")
    text = metrics.text()
    assert 'mltools_requests_total{route="a\\"b\\\\c\\nd",status="200"} 3\n' in text
    assert 'mltools_score_bucket{arm="stable",le="0.1"} 2\n' in text
    assert 'mltools_score_bucket{arm="stable",le="1"} 3\n' in text
    assert 'mltools_score_bucket{arm="stable",le="+Inf"} 4\n' in text
    assert 'mltools_score_count{arm="stable"} 4\n' in text
