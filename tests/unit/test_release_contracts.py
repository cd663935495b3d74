"""Contracts as a release record keeps them."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mltools.core.contract import Contract, parse_contract
from mltools.core.contract_changes import compare_contracts
from mltools.core.release_contracts import MOST, changes_of, contract_of, terms_of
from mltools.core.release_record import ReleaseRecord, release_record, tag_message
from mltools.core.release_terms import DataContract
from mltools.errors import ConfigError
from tests.unit.test_release_record import RECORD


def contract(columns: dict[str, Any], **rest: Any) -> Contract:
    return parse_contract({"schema": 1, "columns": columns, **rest}, "schemas/raw.yaml")


FULL = contract(
    {
        "id": {"type": "integer", "required": True, "unique": True, "role": "id"},
        "size": {"type": "number", "minimum": 0, "maximum": 10, "description": "in mm"},
        "site": {"type": "category", "enum": ["north", "south"], "max_null_fraction": 0.1},
        "seen": {"type": "date", "minimum": "2026-01-01", "role": "time"},
        "name": {"type": "string", "pattern": "[A-Z].*", "role": "sensitive"},
        "label": {"type": "boolean", "role": "target", "required": True},
        "weight": {"type": "number", "role": "weight", "severity": "warn"},
    },
    description="all of it",
    primary_key=["id"],
    extra_columns="forbid",
    missing_values=["", "NA"],
    rows={"min": 10},
    checks=[{"name": "positive", "expression": "size >= 0"}],
    freshness={"column": "seen", "max_age": "7d"},
)


def test_a_contract_is_kept_by_what_its_columns_are_for() -> None:
    (kept,) = terms_of({"data/raw.csv": FULL})
    assert [column["name"] for column in kept.input] == ["size", "site", "seen", "name"]
    assert [column["name"] for column in kept.output] == ["label"]
    assert [column["name"] for column in kept.other] == ["id", "weight"]
    assert kept.input[0] == {"name": "size", "type": "number", "minimum": 0, "maximum": 10}
    assert set(kept.rules) == {"primary_key", "extra_columns", "missing_values", "checks"}
    assert kept.more == 0


def test_what_decides_about_rows_survives_the_tag() -> None:
    told = tag_message(
        ReleaseRecord(
            **{
                **{name: getattr(RECORD, name) for name in RECORD.__slots__},
                "contracts": terms_of({"a": FULL}),
            }
        )
    )
    found = release_record(told)
    assert isinstance(found, ReleaseRecord)
    again = contract_of(found.contracts[0])
    assert {change.kind for change in compare_contracts(FULL, again)} == {"compatible"}
    assert {change.kind for change in compare_contracts(again, FULL)} == {"compatible"}


def test_what_does_not_fit_a_tag_is_counted() -> None:
    wide = contract({f"c{index}": {"type": "number", "maximum": index} for index in range(10_000)})
    (kept,) = terms_of({"wide.csv": wide})
    assert kept.more == 10_000 - len(kept.input) > 0
    assert len(str(kept)) < 2 * MOST
    long = contract(
        {"x": {"type": "string", "enum": [f"value {index}" for index in range(5_000)]}, "y": {"type": "date"}}
    )
    (kept,) = terms_of({"long.csv": long})
    assert ([column["name"] for column in kept.input], kept.more) == (["y"], 1)


def test_a_record_that_was_made_up_is_refused_as_a_contract() -> None:
    for made_up in (
        DataContract("a.csv"),
        DataContract("a.csv", input=({"name": "x", "type": "complex"},)),
        DataContract("a.csv", input=({"type": "number"},)),
        DataContract("a.csv", input=({"name": ["x"], "type": "number"},)),
        DataContract("a.csv", input=({"name": "x", "type": "number"},), rules={"schema": 2}),
        DataContract("a.csv", input=({"name": "x", "type": "number", "minimum": 3, "maximum": 1},)),
    ):
        with pytest.raises(ConfigError):
            contract_of(made_up)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=5), max_size=4))
def test_nothing_that_a_tag_may_hold_is_more_than_refused(column: dict[str, Any]) -> None:
    with suppress(ConfigError):
        contract_of(DataContract("a.csv", input=(column,), rules=column))


def test_columns_of_a_data_set_that_is_gone_are_looked_for_in_the_others() -> None:
    old = contract({"x": {"type": "number"}, "y": {"type": "date"}}, primary_key=["x"])
    others = contract({"x": {"type": "number"}, "y": {"type": "date"}, "z": {"type": "date"}}).columns
    assert list(changes_of(old, None, others)) == []
    (gone,) = changes_of(old, None, {"x": others["x"]})
    assert (gone.text, gone.kind) == ("column 'y' was removed", "breaking")
