"""The Table Schema that `mltools data export` writes: frictionless gives the same verdict on the same file."""

from pathlib import Path as FilePath
from typing import Any

import pytest
from frictionless import Resource, Schema
from hypothesis import given, settings

from mltools.core.contract import Contract
from mltools.core.exchange import EXPORTS
from mltools.core.exchange.values import Path
from mltools.core.records import DataSet
from mltools.core.verdict import Outcome
from mltools.edges import tables
from tests.integration.test_pandera_oracle import TABLE, as_csv, texts

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> FilePath:
    return tmp_path_factory.mktemp("frictionless")


def broken(contract: Contract, data: DataSet) -> set[Path]:
    """The places of broken rules, but of those that Frictionless was not told."""
    lost = {loss.path for loss in EXPORTS["frictionless"](contract).losses}
    names = [f"checks.{check.name}" for check in contract.checks]
    places: set[Path] = set()
    for item in data.violations:
        if item.rule in names:
            places.add(("checks", names.index(item.rule)))
        elif item.severity == "error" and item.rule != "rows":
            places.add(("columns", item.column or "", item.rule))
    return places - lost


@settings(max_examples=60, deadline=None)
@given(made=texts())
def test_text_files_get_frictionless_verdict(
    place: FilePath, made: tuple[Contract, dict[str, list[Any]]]
) -> None:
    contract, values = made
    # Frictionless has a rule of its own about rows of gaps alone, and asks them nothing else.
    rows = [row for row in zip(*values.values(), strict=True) if set(row) != {None}]
    path = place / "x.csv"
    path.write_text(as_csv(list(values), rows))
    descriptor = EXPORTS["frictionless"](contract).tree
    report = Resource(path="x.csv", basepath=str(place), schema=Schema.from_descriptor(descriptor)).validate()
    errors = report.flatten(["type", "rowNumber", "fieldName", "note"])
    found = broken(contract, tables.check(path, contract, name="x.csv"))
    assert bool(errors) == bool(found), (errors, found)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("site,id,dose\nn,1,0.5\nn,2,\ns,1,1\n", None),
        ("site,id,dose\nn,1,0.5\nn,1,1\n", "primary-key"),
        ("site,id,dose\nn,,0.5\n", "constraint-error"),
        ("site,id,dose\nn,1,NaN\n", "constraint-error"),
        ("site,id,dose\nn,9223372036854775808,1\n", "constraint-error"),
        ("site,id,dose,more\nn,1,0.5,x\n", "extra-label"),
        ("id,site,dose\n1,n,0.5\n", "incorrect-label"),
        ("site,id\nn,1\n", "missing-label"),
    ],
)
def test_rules_of_the_table_get_frictionless_verdict(place: FilePath, text: str, fault: str | None) -> None:
    path = place / "x.csv"
    path.write_text(text)
    descriptor = EXPORTS["frictionless"](TABLE).tree
    report = Resource(path="x.csv", basepath=str(place), schema=Schema.from_descriptor(descriptor)).validate()
    assert (fault in {error[0] for error in report.flatten(["type"])}) == (fault is not None)
    assert (tables.check(path, TABLE, name="x.csv").outcome is Outcome.FAILED) == (fault is not None)
    assert report.valid == (fault is None)


@pytest.mark.parametrize("extra", ["allow", "forbid"])
def test_columns_may_stand_in_any_order_unless_the_contract_says_so(place: FilePath, extra: str) -> None:
    contract = TABLE.model_copy(update={"column_order": "any", "extra_columns": extra})
    path = place / "x.csv"
    path.write_text("more,id,site,dose\nx,1,n,0.5\n" if extra == "allow" else "id,site,dose\n1,n,0.5\n")
    descriptor = EXPORTS["frictionless"](contract).tree
    assert (
        Resource(path="x.csv", basepath=str(place), schema=Schema.from_descriptor(descriptor))
        .validate()
        .valid
    )
    assert tables.check(path, contract, name="x.csv").outcome is Outcome.PASSED
