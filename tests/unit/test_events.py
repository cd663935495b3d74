"""Events: one text for one event, and nothing taken on trust when it is read."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltools.core.events import LARGEST, event, parse_event, place
from mltools.errors import ConfigError

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)


def approval(**changes: Any) -> Any:
    given_: dict[str, Any] = {"version": "v1.2.0", "stage": "prod", "by": "ada", "reason": "looks good"}
    return event("approval", "tumour", when=NOW, **{**given_, **changes})


def test_an_event_is_read_back_as_it_was_written() -> None:
    made = approval(details={"b": [1, 2.5, None, True], "a": {"z": "ß", "y": ()}})
    assert made.time == "2026-01-02T03:04:05.678Z"
    assert made.id.startswith("20260102T030405678Z-")
    again = parse_event(made.text, "x")
    assert (again.id, again.text) == (made.id, made.text)
    assert parse_event(made.text.encode(), "x") == again
    assert again.when == NOW.replace(microsecond=678_000)


def test_the_same_event_is_the_same_file_however_its_details_are_ordered() -> None:
    assert approval(details={"a": 1, "b": 2}).text == approval(details={"b": 2, "a": 1}).text
    assert approval().id != approval(reason="looks fine").id


def test_the_time_is_utc_wherever_it_was_told() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    there = event("monitor", "m", when=NOW.astimezone(east))
    assert there.text == event("monitor", "m", when=NOW).text


def test_a_model_in_a_directory_is_one_step_of_a_path() -> None:
    found = event("monitor", "../a.b/c:team/model", when=NOW)
    assert place(found) == f"events/..%2Fa.b%2Fc%3Ateam%2Fmodel/202601/{found.id}.json"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": "1.2.0"}, "version '1.2.0' is no version"),
        ({"stage": "pro d"}, "no name of a stage"),
        ({"stage": "prod\n"}, "no name of a stage"),
        ({"by": "x" * 3_000}, "by is not a text of at most"),
        ({"reason": "\ud800"}, "surrogates not allowed"),
        ({"details": {"score": float("nan")}}, "details.score is not a finite number"),
        ({"details": {"at": NOW}}, "details.at is datetime"),
        ({"details": {"of": {1: 2}}}, "details.of has a key that is no text"),
        ({"details": {"text": "x" * LARGEST}}, "more than"),
    ],
)
def test_what_an_event_cannot_hold_is_refused_with_its_place(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        approval(**changes)


@pytest.mark.parametrize("model", ["", "-x", "a b", "a#b", "a@b", "a:b:c:", "../x", "a\n"])
def test_no_event_speaks_of_what_is_no_model(model: str) -> None:
    with pytest.raises(ConfigError, match="no name of a model"):
        event("monitor", model, when=NOW)


def test_details_are_not_nested_without_end() -> None:
    nested: Any = []
    for _ in range(5_000):
        nested = [nested]
    with pytest.raises(ConfigError):
        approval(details={"a": nested})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": 2}, "schema 2 is not 1"),
        ({"schema": True}, "schema"),
        ({"kind": "Approval"}, "kind"),
        ({"time": "2026-13-02T03:04:05.678Z"}, "month"),
        ({"time": 5}, "time 5"),
        ({"model": None}, "model None"),
        ({"details": []}, "details is not an object"),
        ({"more": 1}, "unknown key 'more'"),
        ({"reason": "something else"}, "was changed after it was written"),
        ({"id": "../../x"}, "id is not a time and a hash"),
        ({"id": None}, "id is not a time and a hash"),
    ],
)
def test_a_file_that_is_no_event_is_named_with_what_is_wrong(change: dict[str, Any], said: str) -> None:
    tree = {**json.loads(approval().text), **change}
    with pytest.raises(ConfigError, match=f"x.json: not an event: .*{said}"):
        parse_event(json.dumps(tree), "x.json")


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"null", b"\xff\xfe", b'{"schema": NaN}', b'{"schema": 1, "schema": 1}', b"[" * 100_000, b"{" + b" " * LARGEST],
)  # fmt: skip
def test_bytes_that_are_no_event_are_refused(content: bytes) -> None:
    with pytest.raises(ConfigError, match="not an event"):
        parse_event(content, "x")


def test_a_missing_field_is_named() -> None:
    tree = json.loads(approval().text)
    del tree["stage"]
    with pytest.raises(ConfigError, match="stage is missing"):
        parse_event(json.dumps(tree), "x")


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(TEXT, JSON, max_size=4), TEXT, TEXT)
def test_whatever_an_event_can_hold_survives_its_text(details: dict[str, Any], by: str, reason: str) -> None:
    made = approval(details=details, by=by, reason=reason)
    assert parse_event(made.text, "x") == made
