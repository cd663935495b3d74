from dataclasses import replace
from typing import Any

import pytest

from mltools.core import scoring
from mltools.core.release_terms import DataContract
from mltools.core.validation import plan
from mltools.errors import UsageError
from tests.unit.test_release_record import RECORD

HEADER = ("id", "radius", "site", "diagnosis", "more")
FEATURES = ("radius", "site", "shade")


def record(**terms: Any) -> Any:
    (contract,) = RECORD.contracts
    return replace(RECORD, contracts=(replace(contract, **terms),))


def test_the_target_is_known_and_not_looked_at() -> None:
    terms = scoring.terms_of(record(), FEATURES, HEADER, ())
    assert set(terms.contract.columns) == {"radius", "site", "id"}
    assert "diagnosis" in terms.known
    assert "more" not in terms.known
    assert terms.unruled == ("shade",)


def test_identifiers_are_carried_through_unless_others_are_named() -> None:
    other = ({"name": "id", "type": "integer", "role": "id"},)
    assert scoring.terms_of(record(other=other), FEATURES, HEADER, ()).carried == ("id",)
    assert scoring.terms_of(record(other=other), FEATURES, HEADER, ("more",)).carried == ("more",)
    assert scoring.terms_of(record(), FEATURES, HEADER, ()).carried == ()


def test_rules_over_all_rows_are_not_asked() -> None:
    columns = ({"name": "radius", "type": "number", "unique": True, "max_null_fraction": 0.1},)
    rules = {"primary_key": ["radius"], "rows": {"min": 1000}, "column_order": "strict"}
    terms = scoring.terms_of(record(input=columns, rules=rules), ("radius",), HEADER, ())
    contract = scoring.completed(terms, {})
    checks = plan(contract, HEADER)
    assert {(check.column, check.rule) for check in scoring.hard(contract, checks)} == {
        ("radius", "type"),
        ("id", "type"),
    }
    assert contract.rows.min == 0


def test_a_column_that_the_model_does_not_take_need_not_have_values() -> None:
    columns = ({"name": "radius", "type": "number"}, {"name": "note", "type": "string", "required": True})
    terms = scoring.terms_of(record(input=columns, rules={}), ("radius",), ("radius", "note"), ())
    assert terms.contract.columns["note"].required is False
    absent = scoring.terms_of(record(input=columns, rules={}), ("radius",), ("radius",), ())
    assert "note" not in absent.contract.columns


def test_of_two_data_sets_the_first_counts_and_both_conditions_are_asked() -> None:
    check = {"name": "sane", "expression": "radius > 0"}
    second = DataContract(
        "b.csv", input=({"name": "radius", "type": "string"}, {"name": "shade", "type": "number"})
    )
    first = record(rules={"checks": [check]}).contracts[0]
    terms = scoring.terms_of(replace(RECORD, contracts=(first, second)), FEATURES, HEADER, ())
    assert terms.contract.columns["radius"].type == "number"
    assert terms.contract.columns["shade"].type == "number"
    assert [one.name for one in terms.contract.checks] == ["sane"]


def test_the_columns_of_an_output_stand_in_one_order() -> None:
    assert scoring.layout({"id": "BIGINT"}, "VARCHAR", ("no", "yes"), on_bad="flag") == {
        "id": "BIGINT",
        "prediction": "VARCHAR",
        "probability_no": "DOUBLE",
        "probability_yes": "DOUBLE",
        "problem": "VARCHAR",
    }
    assert list(scoring.layout({}, "DOUBLE", (), on_bad="skip")) == ["row", "prediction"]


def test_no_two_columns_of_an_output_have_one_name() -> None:
    with pytest.raises(UsageError, match="two columns of the output"):
        scoring.layout({"Prediction": "VARCHAR"}, "VARCHAR", (), on_bad="skip")
    with pytest.raises(UsageError, match="two columns of the output"):
        scoring.layout({}, "VARCHAR", ("a", "A"), on_bad="skip")


@pytest.mark.parametrize(
    ("classes", "kind"),
    [
        (None, "DOUBLE"),
        ((0, 1), "BIGINT"),
        (("a", "b"), "VARCHAR"),
        ((True, False), "BOOLEAN"),
        ((0.5, 1.5), "DOUBLE"),
        ((0, "a"), "VARCHAR"),
    ],
)
def test_predictions_have_the_type_of_the_classes(classes: Any, kind: str) -> None:
    assert scoring.prediction_type(classes) == kind
