"""A contract inferred again: what a person made of it stays, the rest follows the data."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltools.core.contract import Contract, parse_contract
from mltools.core.contract_merge import Edit, Merge, merge, rules
from mltools.core.inference import Inferred
from mltools.core.observed import Observed, Seen

INTEGER: Mapping[str, Any] = {"type": "integer", "required": True, "minimum": 0, "maximum": 100}


def contract(columns: Mapping[str, Any], **table: Any) -> Contract:
    return parse_contract({"schema": 1, "rows": {"min": 50}, "columns": columns, **table}, "c.yaml")


def seen(name: str = "age", low: int = 1, high: int = 99, **more: Any) -> Seen:
    return Seen(name, more.pop("type", "integer"), more.pop("values", 100), minimum=low, maximum=high, **more)


def merged(
    base: Contract | None, mine: Contract, fresh: Contract, *columns: Seen, rows: int = 100, **more: Any
) -> Merge:
    observed = Observed("d", rows, columns or (seen(),), **more)
    return merge(base, mine, Inferred(fresh, {}), observed)


def edits(found: Merge) -> dict[tuple[str, ...], tuple[Any, Any]]:
    return {edit.path: (edit.old, edit.new) for edit in found.edits}


def one(**rules: Any) -> Contract:
    return contract({"age": {**INTEGER, **rules}})


def test_what_nobody_changed_follows_the_data() -> None:
    found = merged(one(), one(), one(maximum=120))
    assert edits(found) == {("columns", "age", "maximum"): (100, 120)}
    assert found.contract == one(maximum=120)
    assert found.kept == ()


def test_nothing_changes_where_the_data_say_the_same() -> None:
    assert merged(one(), one(maximum=90), one(), seen(high=80)) == Merge(one(maximum=90))


def test_a_changed_rule_stays_and_is_told_where_the_data_disagree() -> None:
    found = merged(one(), one(maximum=99), one(maximum=120), seen(high=104))
    assert found.edits == ()
    assert found.kept == ("age.maximum 99 (data now reach 104)",)


def test_a_rule_that_a_person_took_away_stays_away() -> None:
    mine = contract({"age": {"type": "integer", "maximum": 100}})
    assert merged(one(), mine, one(minimum=5)) == Merge(mine)


def test_a_rule_that_a_person_added_stays() -> None:
    mine = one(enum=[1, 2], description="years", severity="warn")
    found = merged(one(), mine, one(maximum=120))
    assert found.contract == one(enum=[1, 2], description="years", severity="warn", maximum=120)


def test_new_rules_of_the_data_are_added() -> None:
    found = merged(one(), one(), one(unique=True, role="id"))
    assert edits(found) == {
        ("columns", "age", "unique"): (None, True),
        ("columns", "age", "role"): (None, "id"),
    }


def test_columns_come_behind_those_that_they_stand_behind_in_the_data() -> None:
    columns = {"b": INTEGER, "age": INTEGER, "c": INTEGER, "d": INTEGER}
    found = merged(one(), one(), contract(columns))
    assert [(edit.path[1], edit.after) for edit in found.edits] == [("b", None), ("c", "age"), ("d", "c")]
    assert list(found.contract.columns) == list(columns)


def test_a_column_that_is_gone_goes_when_nobody_touched_it() -> None:
    both = contract({"age": INTEGER, "x": INTEGER})
    found = merged(both, both, one())
    assert edits(found) == {("columns", "x"): (dict(INTEGER), None)}
    changed = contract({"age": INTEGER, "x": {**INTEGER, "maximum": 7}})
    found = merged(both, changed, one())
    assert found == Merge(changed, kept=("column x (it is gone from the data)",))


@pytest.mark.parametrize(
    "table",
    [
        {"primary_key": ["x"]},
        {"checks": [{"name": "order", "expression": "x >= age"}]},
        {"freshness": {"column": "x", "max_age": "7d"}},
    ],
)
def test_a_column_that_is_gone_stays_while_the_contract_uses_it(table: Any) -> None:
    day: Any = {"type": "date"}
    columns: Any = {"age": day if "checks" in table else INTEGER, "x": day}
    both = contract(columns, **table)
    found = merged(both, both, contract({"age": columns["age"]}), Seen("age", columns["age"]["type"], 100))
    assert found.contract == both
    assert len(found.kept) == 1


def test_a_column_that_a_person_took_out_stays_out() -> None:
    both = contract({"age": INTEGER, "x": INTEGER})
    found = merged(both, one(), both)
    assert found == Merge(one(), kept=("no column x (the data have it, you removed it)",))


def test_a_column_that_the_data_have_but_no_contract_can_hold_stays() -> None:
    both = contract({"age": INTEGER, "x": INTEGER})
    found = merged(both, both, one(), left_out=(("x", "the file keeps it as BLOB"),))
    assert found == Merge(both, kept=("column x (the file keeps it as BLOB)",))


def test_without_what_was_inferred_before_everything_is_a_persons() -> None:
    mine = one(maximum=99)
    found = merged(
        None, mine, contract({"age": {"type": "integer", "minimum": 3}, "b": INTEGER}, rows={"min": 7})
    )
    assert edits(found) == {("columns", "b"): (None, dict(INTEGER))}
    assert found.contract.columns["age"] == mine.columns["age"]
    assert found.contract.rows.min == 50


def test_a_type_of_a_person_speaks_for_the_whole_column() -> None:
    mine = contract({"age": {"type": "string", "required": True}})
    found = merged(one(), mine, one(maximum=120))
    assert found == Merge(mine, kept=("age.type string (data are now integer)",))


def test_a_wider_type_of_a_person_is_no_disagreement() -> None:
    mine = contract({"age": {**INTEGER, "type": "number"}})
    assert merged(one(), mine, one()) == Merge(mine)


def test_a_new_type_takes_its_rules_along() -> None:
    fresh = contract({"age": {"type": "category", "enum": ["old", "young"]}})
    found = merged(one(), one(), fresh, Seen("age", "string", 100))
    assert found.contract == fresh
    assert edits(found)[("columns", "age", "maximum")] == (100, None)


def test_rules_that_would_contradict_a_persons_are_left() -> None:
    mine = one(maximum=60)
    found = merged(one(), mine, one(minimum=70, maximum=200), seen(low=80, high=180))
    assert found.contract == mine
    assert found.kept == (
        "age as it is: with your rules, those of the data now would contradict",
        "age.maximum 60 (data now reach 180)",
    )


def test_a_new_type_that_a_condition_between_columns_forbids_is_left() -> None:
    check = {"checks": [{"name": "order", "expression": "age > 5"}]}
    mine = contract({"age": INTEGER}, **check)
    fresh = contract({"age": {"type": "date"}})
    found = merged(mine, mine, fresh, Seen("age", "date", 100))
    assert found.contract == mine
    assert "what was inferred now does not go with them" in found.kept[0]


def test_the_number_of_rows_and_the_texts_for_gaps_follow_the_data_unless_changed() -> None:
    fresh = contract({"age": INTEGER}, rows={"min": 200}, missing_values=["", "NA"])
    found = merged(one(), one(), fresh)
    assert edits(found) == {("rows", "min"): (50, 200), ("missing_values",): ([""], ["", "NA"])}
    assert found.contract == fresh
    mine = contract({"age": INTEGER}, rows={"min": 90, "max": 95}, missing_values=["", "-"])
    found = merged(one(), mine, fresh, rows=100)
    assert found.contract == mine
    assert found.kept == ("rows.max 95 (data now have 100)",)
    assert merged(one(), mine, fresh, seen(values=80), rows=80).kept == ("rows.min 90 (data now have 80)",)
    most = contract({"age": INTEGER}, rows={"min": 50, "max": 150})
    assert merged(one(), most, fresh, rows=400).contract.rows.min == 50


@pytest.mark.parametrize(
    ("mine", "column", "told"),
    [
        ({"minimum": 5}, seen(low=3), "age.minimum 5 (data now begin at 3)"),
        ({"required": True}, seen(values=90), "age.required true (10 of 100 rows now have no value)"),
        (
            {"max_null_fraction": 0.05},
            seen(values=90),
            "age.max_null_fraction 0.05 (a share of 0.1 now has no value)",
        ),
        ({"unique": True}, seen(distinct=99, exact=True), "age.unique true (values now repeat)"),
        ({"maximum": 5, "role": "sensitive"}, seen(), "age.maximum 5 (data now lie above)"),
        ({"minimum": 5, "role": "sensitive"}, seen(), "age.minimum 5 (data now lie below)"),
    ],
)
def test_where_data_disagree_with_a_rule_of_a_person(mine: Any, column: Seen, told: str) -> None:
    found = merged(one(), contract({"age": {"type": "integer", **mine}}), one(minimum=1), column)
    assert found.kept == (told,)


@pytest.mark.parametrize(
    ("mine", "column", "told"),
    [
        ({"enum": ["a"]}, {"top": (("b", 9), ("c", 2))}, "x.enum (data now also hold 'b', 'c')"),
        (
            {"enum": ["a"]},
            {"top": tuple((word, 9) for word in "bcdef")},
            "x.enum (data now also hold 'b', 'c', 'd' and 2 more)",
        ),
        (
            {"enum": ["a"], "role": "sensitive"},
            {"top": (("b", 9),)},
            "x.enum (data now also hold other values)",
        ),
        ({"min_length": 3}, {"shortest": 2}, "x.min_length 3 (the shortest value now has 2)"),
        ({"max_length": 3}, {"longest": 4}, "x.max_length 3 (the longest value now has 4)"),
    ],
)
def test_where_text_disagrees(mine: Any, column: Any, told: str) -> None:
    text = {"x": {"type": "string"}}
    found = merged(
        contract(text),
        contract({"x": {"type": "string", **mine}}),
        contract(text),
        Seen("x", "string", 100, **column),
    )
    assert found.kept == (told,)


def test_rules_are_written_in_one_order() -> None:
    said = {
        "severity": "warn",
        "role": "id",
        "maximum": 5,
        "unique": True,
        "type": "integer",
        "minimum": 1,
        "required": True,
    }
    column = contract({"x": said}).columns["x"]
    assert list(rules(column)) == ["type", "required", "unique", "minimum", "maximum", "role", "severity"]


RULES = st.fixed_dictionaries(
    {"type": st.just("integer")},
    optional={
        "minimum": st.integers(-5, 5),
        "maximum": st.integers(6, 9),
        "unique": st.just(True),
        "description": st.sampled_from(["a", "b"]),
        "role": st.sampled_from(["id", "feature"]),
    },
)
COLUMNS = st.dictionaries(st.sampled_from("abcd"), RULES, min_size=1)


@given(base=COLUMNS, mine=COLUMNS, fresh=COLUMNS)
def test_three_way_rule_by_rule(base: Any, mine: Any, fresh: Any) -> None:
    """A rule comes out as the data have it exactly where `mine` has it as `base` had it."""
    observed = [Seen(name, "integer", 100, minimum=0, maximum=6) for name in fresh]
    found = merged(contract(base), contract(mine), contract(fresh), *observed)
    for name in set(mine) & set(fresh):
        known = base.get(name, fresh[name])
        for rule in ("minimum", "maximum", "unique", "description", "role"):
            ours, theirs = mine[name].get(rule), fresh[name].get(rule)
            expected = theirs if ours == known.get(rule) else ours
            assert rules(found.contract.columns[name]).get(rule) == expected
    stay = {name for name in set(mine) - set(fresh) if name not in base or base[name] != mine[name]}
    left = stay | (set(mine) & set(fresh)) | (set(fresh) - set(mine) - set(base))
    # A contract without columns is none, so then those of `mine` are kept.
    assert set(found.contract.columns) == (left or set(mine))


@given(mine=COLUMNS, fresh=COLUMNS)
def test_what_was_merged_is_at_rest(mine: Any, fresh: Any) -> None:
    """The same inference again finds nothing to change: also after a kill between the two files."""
    observed = [Seen(name, "integer", 100, minimum=0, maximum=6) for name in fresh]
    for base in (contract(mine), None):
        first = merged(base, contract(mine), contract(fresh), *observed)
        for known in (contract(fresh), base):
            again = merged(known, first.contract, contract(fresh), *observed)
            assert again.edits == ()
            assert again.contract == first.contract


def test_an_edit_names_what_it_changes() -> None:
    found = merged(one(), one(), one(maximum=120))
    assert found.edits == (Edit(("columns", "age", "maximum"), 100, 120),)
