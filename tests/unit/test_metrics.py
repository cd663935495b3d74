"""Metrics by dotted key."""

import pytest

from mltools.core.metrics import flatten, lookup, merge, not_finite, number


def test_nested_documents_become_dotted_keys() -> None:
    assert flatten({"test": {"auc": 0.9, "by": [1, 2]}, "n": 3}) == {
        "test.auc": 0.9,
        "test.by.0": 1,
        "test.by.1": 2,
        "n": 3,
    }


def test_a_lone_number_has_no_key_and_is_left_out() -> None:
    assert flatten(3) == {}


def test_a_key_in_two_files_is_named_with_its_file() -> None:
    merged = merge({"a.json": {"m": 1, "x": 2}, "b.json": {"m": 3}})
    assert merged == {"a.json:m": 1, "x": 2, "b.json:m": 3}


def test_a_metric_may_always_be_named_with_its_file() -> None:
    assert lookup({"m": 1}, "a.json:m") == 1
    assert lookup({"m": 1}, "n") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, 1.0), (0.5, 0.5), (True, None), ("1", None), (None, None), (float("nan"), None)],
)
def test_only_finite_numbers_are_numbers(value: object, expected: float | None) -> None:
    assert number(value) == expected  # type: ignore[arg-type]


def test_what_is_not_finite_is_named() -> None:
    assert not_finite({"a": 1.0, "b": float("nan"), "c": float("inf")}) == ("b", "c")
