from dataclasses import replace
from typing import Any

import pytest

from mltools.core import served
from mltools.core.release_terms import DataContract
from tests.unit.test_release_record import RECORD


def test_a_version_is_described_in_the_words_of_its_release() -> None:
    tree = served.version_tree(RECORD, types=("a.B",), smoke=[{"radius": 1}], expected=["benign"])
    assert (tree["model"], tree["version"], tree["file"]) == ("tumour", "0.2.0", "model.skops")
    assert (tree["sha256"], tree["md5"], tree["commit"]) == ("e" * 64, "d" * 32, "c" * 40)
    assert tree["input"] == {
        "radius": {"type": "number", "required": True, "minimum": 0, "maximum": 60},
        "site": {"type": "category", "enum": ["north", "south"]},
    }
    assert list(tree["output"]) == ["diagnosis"]
    assert list(tree["other"]) == ["id"]
    assert (tree["types"], tree["smoke"], tree["expected"]) == (["a.B"], [{"radius": 1}], ["benign"])
    assert "expected" not in served.version_tree(RECORD, types=())


def test_of_two_data_sets_the_first_counts_for_a_column() -> None:
    second = DataContract(
        "more.csv", input=({"name": "radius", "type": "string"}, {"name": "age", "type": "integer"})
    )
    both = replace(RECORD, contracts=(*RECORD.contracts, second))
    assert served.columns_of(both, "input")["radius"]["type"] == "number"
    assert served.columns_of(both, "input")["age"] == {"type": "integer"}


def test_a_models_name_is_one_step_of_a_path() -> None:
    assert served.step("models/tumour:lesion") == "models%2Ftumour%3Alesion"


def test_the_texts_for_no_value_are_those_of_the_contract() -> None:
    (contract,) = RECORD.contracts
    told = replace(RECORD, contracts=(replace(contract, rules={"missing_values": ["", "NA"]}),))
    assert served.missing_of(told) == ["", "NA"]
    assert served.missing_of(RECORD) == [""]


@pytest.mark.parametrize("policy", [None, 3, {}, {"serve": None}, {"serve": {}}])
def test_without_a_list_only_scikit_learns_own_types_are_reviewed(policy: Any) -> None:
    assert served.types_of(policy) == served.REVIEWED


def test_a_policy_names_further_types() -> None:
    assert "mine.Scaler" in served.types_of({"serve": {"types": ["mine.Scaler"]}})


@pytest.mark.parametrize("types", ["mine.Scaler", [3], ["a b"], [""], {"a": 1}])
def test_what_is_no_list_of_types_is_refused(types: Any) -> None:
    with pytest.raises(ValueError, match="no list of names of types"):
        served.types_of({"serve": {"types": types}})


@pytest.mark.parametrize(
    ("terms", "value"),
    [
        ({"type": "number", "minimum": 1, "maximum": 4}, 2.5),
        ({"type": "integer", "minimum": 1, "maximum": 4}, 2),
        ({"type": "integer", "minimum": 7}, 7),
        ({"type": "number", "maximum": -3}, -3),
        ({"type": "number"}, 0),
        ({"type": "category", "enum": ["north"]}, "north"),
        ({"type": "string", "min_length": 3}, "xxx"),
        ({"type": "string", "pattern": "[0-9]+"}, None),
        ({"type": "boolean"}, False),
        ({"type": "date", "minimum": "2020-02-01"}, "2020-02-01"),
        ({"type": "datetime"}, "2000-01-01T00:00:00Z"),
    ],
)
def test_a_row_to_try_a_model_with_breaks_no_rule(terms: dict[str, Any], value: Any) -> None:
    assert served.likely_row({"it": terms}, {}) == {"it": value}


def test_what_the_training_data_held_comes_first() -> None:
    assert served.likely_row({"it": {"type": "number", "minimum": 0}}, {"it": 3.5}) == {"it": 3.5}


def test_no_row_is_made_up_where_a_value_must_be_there_and_none_can_be_guessed() -> None:
    assert served.likely_row({"it": {"type": "string", "pattern": "a+", "required": True}}, {}) is None
