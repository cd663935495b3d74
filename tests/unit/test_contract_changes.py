from typing import Any

import pytest

from mltools.core.contract import Column, Contract, parse_contract
from mltools.core.contract_changes import Change, compare_contracts, worst


def contract(columns: dict[str, Any], **rest: Any) -> Contract:
    return parse_contract({"schema": 1, "columns": columns, **rest}, "schemas/raw.yaml")


def changed(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, bool]]:
    """The changes of a column `x` that decide about rows."""
    return [
        (change.text.removeprefix("column 'x'").removeprefix(": ").strip(), change.breaks)
        for change in compare_contracts(contract({"x": old}), contract({"x": new}))
        if change.kind != "compatible"
    ]


NUMBER = {"type": "number"}
TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (NUMBER, NUMBER, []),
        (NUMBER, {**NUMBER, "description": "what it means", "role": "feature"}, []),
        (NUMBER, {"type": "integer"}, [("is integer, was number", True)]),
        ({"type": "integer"}, NUMBER, [("is number, was integer", False)]),
        (TEXT, {"type": "category"}, []),
        ({"type": "date"}, {"type": "datetime"}, [("is datetime, was date", False)]),
        (
            NUMBER,
            {**NUMBER, "required": True},
            [("0 of the rows may be without a value, was 1", True)],
        ),
        (
            {**NUMBER, "max_null_fraction": 0.05},
            {**NUMBER, "max_null_fraction": 0.1},
            [("0.1 of the rows may be without a value, was 0.05", False)],
        ),
        ({**NUMBER, "minimum": 0}, {**NUMBER, "minimum": 1}, [("minimum is 1, was 0", True)]),
        ({**NUMBER, "minimum": 1}, {**NUMBER, "minimum": 0}, [("minimum is 0, was 1", False)]),
        ({**NUMBER, "maximum": 9}, {**NUMBER, "maximum": 10}, [("maximum is 10, was 9", False)]),
        ({**NUMBER, "maximum": 10}, {**NUMBER, "maximum": 9}, [("maximum is 9, was 10", True)]),
        (NUMBER, {**NUMBER, "maximum": 9}, [("maximum is 9, was none", True)]),
        ({**NUMBER, "maximum": 9}, NUMBER, [("maximum 9 was dropped", False)]),
        (
            {"type": "date", "minimum": "2026-01-01"},
            {"type": "date", "minimum": "2025-12-31"},
            [("minimum is 2025-12-31, was 2026-01-01", False)],
        ),
        ({**TEXT, "max_length": 5}, {**TEXT, "max_length": 4}, [("max_length is 4, was 5", True)]),
        ({**TEXT, "enum": ["a", "b"]}, {**TEXT, "enum": ["b", "a"]}, []),
        ({**TEXT, "enum": ["a", "b"]}, {**TEXT, "enum": ["b"]}, [("'a' is no longer allowed", True)]),
        (
            {**TEXT, "enum": ["a"]},
            {**TEXT, "enum": ["a", "b", "c"]},
            [("'b', 'c' are allowed now", False)],
        ),
        (
            {**TEXT, "enum": ["a", "b", "c", "d", "e"]},
            {**TEXT, "enum": ["f"]},
            [("'a', 'b', 'c' and 2 more are no longer allowed", True), ("'f' is allowed now", False)],
        ),
        (TEXT, {**TEXT, "enum": ["a"]}, [("only 'a' is allowed", True)]),
        ({**TEXT, "enum": ["a"]}, TEXT, [("any value is allowed", False)]),
        (TEXT, {**TEXT, "pattern": "a+"}, [("the pattern is 'a+'", True)]),
        ({**TEXT, "pattern": "a+"}, TEXT, [("the pattern was dropped", False)]),
        (TEXT, {**TEXT, "unique": True}, [("values must be unique", True)]),
        ({**TEXT, "unique": True}, TEXT, [("values need not be unique", False)]),
    ],
)
def test_a_column_that_takes_less_breaks_and_one_that_takes_more_does_not(
    old: dict[str, Any], new: dict[str, Any], expected: list[tuple[str, bool]]
) -> None:
    assert changed(old, new) == expected


def test_a_model_that_may_answer_more_breaks_who_uses_it() -> None:
    old, new = {**TEXT, "role": "target", "enum": ["a"]}, {**TEXT, "role": "target", "enum": ["a", "b"]}
    assert changed(old, new) == [("'b' is allowed now, so the model may answer that", True)]
    assert changed(old, {**TEXT, "role": "target"}) == [
        ("any value is allowed, so the model may answer any", True)
    ]
    number = {"type": "number", "role": "target", "maximum": 1}
    assert changed(number, {**number, "maximum": 2}) == [("maximum is 2, was 1", False)]


def test_rules_that_only_warn_refuse_nothing() -> None:
    strict = {**NUMBER, "minimum": 0}
    assert changed(NUMBER, {**strict, "severity": "warn"}) == [("a broken rule only warns now", False)]
    assert changed(strict, {**strict, "severity": "warn"}) == [("a broken rule only warns now", False)]
    assert changed({**strict, "severity": "warn"}, strict) == [("minimum is 0, was none", True)]


def test_rules_that_warn_before_and_after_are_compared_and_bind_nobody() -> None:
    warns = {**NUMBER, "minimum": 0, "required": True, "severity": "warn"}

    def between(new: dict[str, Any]) -> tuple[Change, ...]:
        return compare_contracts(contract({"x": warns}), contract({"x": new}))

    assert between(warns) == ()
    assert between({**warns, "minimum": 1}) == (Change("column 'x': minimum is 1, was 0", "compatible"),)
    assert between({**warns, "minimum": -1}) == (Change("column 'x': minimum is -1, was 0", "compatible"),)


def test_a_column_that_goes_or_must_be_filled_breaks() -> None:
    one, two = contract({"x": NUMBER}), contract({"x": NUMBER, "y": NUMBER})
    assert [(c.text, c.breaks) for c in compare_contracts(two, one)] == [("column 'y' was removed", True)]
    assert [(c.text, c.breaks) for c in compare_contracts(one, two)] == [("column 'y' was added", False)]
    filled = contract({"x": NUMBER, "y": {**NUMBER, "required": True}})
    assert [(c.text, c.breaks) for c in compare_contracts(one, filled)] == [
        ("column 'y' was added and is required", True)
    ]
    target = contract({"x": NUMBER, "y": {**NUMBER, "required": True, "role": "target"}})
    assert [(c.text, c.breaks) for c in compare_contracts(one, target)] == [("column 'y' was added", False)]


def test_the_rules_of_the_whole_data_set_count() -> None:
    plain = contract({"x": NUMBER})
    closed = contract({"x": NUMBER}, extra_columns="forbid")
    keyed = contract({"x": NUMBER}, primary_key=["x"])
    known = contract({"x": NUMBER}, missing_values=["", "NA"])
    assert [c.kind for c in compare_contracts(plain, closed)] == ["breaking"]
    assert [c.kind for c in compare_contracts(closed, plain)] == ["additive"]
    assert [c.kind for c in compare_contracts(plain, keyed)] == ["breaking"]
    assert [c.kind for c in compare_contracts(keyed, plain)] == ["additive"]
    assert compare_contracts(known, plain) == (Change("'NA' no longer means 'no value'", "breaking"),)
    assert compare_contracts(plain, known) == (Change("'NA' means 'no value' now", "additive"),)


def test_what_decides_about_no_row_is_compatible() -> None:
    plain = contract({"x": NUMBER, "s": TEXT})
    told = contract(
        {"x": {**NUMBER, "description": "a size", "role": "feature"}, "s": {"type": "category"}},
        rows={"min": 5},
        description="all sizes",
    )
    changes = compare_contracts(plain, told)
    assert {change.text: change.kind for change in changes} == {
        "column 'x': the role is feature, was none": "compatible",
        "column 'x': the description changed": "compatible",
        "column 's' is category, was string": "compatible",
        "the data set may have at least 5 rows, was any number of rows": "compatible",
        "the description changed": "compatible",
    }
    assert worst(changes) == "compatible"


def test_a_column_that_a_model_did_not_ask_for_and_now_needs_breaks() -> None:
    target = contract({"x": {**NUMBER, "required": True, "role": "target"}})
    feature = contract({"x": {**NUMBER, "required": True, "role": "feature"}})
    (change,) = compare_contracts(target, feature)
    assert change == Change("column 'x': the role is feature, was target", "breaking")
    (back,) = compare_contracts(feature, target)
    assert back.kind == "compatible"


def test_the_worst_change_names_the_whole() -> None:
    kinds = [Change("a", "additive"), Change("b", "breaking"), Change("c", "compatible")]
    assert worst(kinds) == "breaking"
    assert worst(kinds[::2]) == "additive"
    assert worst(()) is None


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("description", "d"),
        ("extra_columns", "forbid"),
        ("rows", {"min": 1}),
        ("primary_key", ["x"]),
        ("missing_values", ["", "NA"]),
        ("column_order", "strict"),
        ("checks", [{"name": "positive", "expression": "x > 0"}]),
        ("freshness", {"column": "t", "max_age": "7d"}),
    ],
)
def test_every_word_of_the_contract_counts(word: str, value: object) -> None:
    columns = {"x": NUMBER, "t": {"type": "date"}}
    assert len(compare_contracts(contract(columns), contract(columns, **{word: value}))) == 1


def test_conditions_between_columns_are_compared_by_their_names() -> None:
    def checks(**more: str) -> Contract:
        return contract(
            {"x": NUMBER}, checks=[{"name": "positive", "expression": "x > 0", **more}] if more else []
        )

    none, strict, warns = checks(), checks(severity="error"), checks(severity="warn")
    other = checks(severity="error", expression="x > 1")
    assert compare_contracts(none, strict) == (Change("check 'positive' was added: x > 0", "breaking"),)
    assert compare_contracts(none, warns) == (Change("check 'positive' was added: x > 0", "compatible"),)
    assert compare_contracts(strict, other) == (Change("check 'positive' changed: x > 1", "breaking"),)
    assert compare_contracts(strict, warns) == (Change("check 'positive' changed: x > 0", "additive"),)
    assert compare_contracts(strict, none) == (Change("check 'positive' was dropped", "additive"),)


def test_no_word_of_the_contract_is_forgotten() -> None:
    named = {"schema_", "columns", "description", "extra_columns", "rows", "primary_key", "missing_values"}
    assert set(Contract.model_fields) == named | {"column_order", "checks", "freshness"}


def test_every_word_of_a_column_counts() -> None:
    other: dict[str, Any] = {
        "type": "date",
        "required": True,
        "max_null_fraction": 0.5,
        "minimum": 1,
        "maximum": 1,
        "enum": [1],
        "unique": True,
        "description": "d",
        "severity": "warn",
        "role": "feature",
    }
    texts = {"pattern": "a", "min_length": 1, "max_length": 1}
    for word in Column.model_fields:
        if word in texts:
            old, new = TEXT, {**TEXT, word: texts[word]}
        elif word in other:
            old, new = NUMBER, {**NUMBER, word: other[word]}
        else:
            pytest.fail(f"what a change of {word} means is not said")
        assert len(compare_contracts(contract({"x": old}), contract({"x": new}))) == 1, word
