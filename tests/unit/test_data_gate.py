"""The gate over data: each part of it, and what they come to together."""

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from mltools.core.data_changes import ColumnChange, DataChange
from mltools.core.data_facts import DataFacts, Overlap, Pairing, Repeats
from mltools.core.gates import Facts, Gate
from mltools.core.judging import judge
from mltools.core.records import DataSet, Violation
from mltools.core.verdict import Outcome, Verdict
from mltools.errors import ConfigError

GATES: TypeAdapter[Gate] = TypeAdapter(Gate)

RAW = DataSet(path="data/raw.csv", contract="schemas/raw.yaml", rows=40, outcome=Outcome.PASSED)
BROKEN = RAW.model_copy(
    update={
        "outcome": Outcome.FAILED,
        "violations": (Violation(column="size", rule="maximum", message="size above 9", count=3),),
    }
)
GONE = DataSet(path="data/raw.csv", outcome=Outcome.FAILED, error="data/raw.csv: no such file")
PAIRING = Pairing("data/train.csv", "data/test.csv", ("id",))
NO_OVERLAP = {"train": "data/train.csv", "test": "data/test.csv", "id": "id"}


def gate(**options: Any) -> Gate:
    return GATES.validate_python({"name": "data", "kind": "data", **options})


def column(name: str, psi: float | None, **more: Any) -> ColumnChange:
    return ColumnChange(name=name, kind="kept", psi=psi, **more)


def change(*columns: ColumnChange, **more: Any) -> DataChange:
    given = {"path": "data/raw.csv", "kind": "changed", "contract": "same", "columns": columns}
    return DataChange(**{**given, **more})


def verdict(options: dict[str, Any], *changes: DataChange, **facts: Any) -> Verdict:
    """What the gate finds, by default in one data set that holds its contract; `changes` are those to the base."""
    known: dict[str, Any] = {"sets": (RAW,), "places": frozenset({"data/train.csv", "data/test.csv"})}
    if changes:
        known["changes"] = changes
    return judge([gate(**options)], Facts({}, data=DataFacts(**{**known, **facts})), file="mltools.yaml")[0]


@pytest.mark.parametrize(
    ("data", "outcome", "reason"),
    [
        (RAW, Outcome.PASSED, "data/raw.csv holds its contract"),
        (BROKEN, Outcome.FAILED, "data/raw.csv breaks its contract: 1 rule"),
        (GONE, Outcome.UNDECIDED, "data/raw.csv: no such file"),
    ],
)
def test_the_contract_must_hold(data: DataSet, outcome: Outcome, reason: str) -> None:
    found = verdict({}, sets=(data,))
    assert (found.outcome, found.reason) == (outcome, reason)


def test_a_warning_of_the_contract_passes() -> None:
    warned = RAW.model_copy(
        update={
            "violations": (
                Violation(column="size", rule="maximum", message="above 9", count=3, severity="warn"),
            )
        }
    )
    assert verdict({}, sets=(warned,)).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("contract", "outcome"),
    [
        ("same", Outcome.PASSED),
        ("compatible", Outcome.PASSED),
        ("additive", Outcome.PASSED),
        ("breaking", Outcome.FAILED),
        (None, Outcome.UNDECIDED),
    ],
)
def test_a_breaking_change_of_the_contract_fails_where_that_is_asked(
    contract: str | None, outcome: Outcome
) -> None:
    changed = change(contract=contract, reasons=("column 'size': maximum is 9, was 10",))
    found = verdict({"breaking": "fail"}, changed)
    assert found.outcome is outcome
    assert ("maximum is 9, was 10" in found.reason) == (outcome in {Outcome.FAILED, Outcome.UNDECIDED})
    assert verdict({"breaking": "allow"}, changed).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("columns", "options", "outcome"),
    [
        ([column("size", 0.2)], {}, Outcome.PASSED),
        ([column("size", 0.25)], {}, Outcome.PASSED),
        ([column("size", 0.26)], {}, Outcome.FAILED),
        ([column("size", 0.4, noise=0.5)], {}, Outcome.PASSED),
        ([column("size", 0.6, noise=0.5)], {}, Outcome.FAILED),
        ([column("size", 0.1), column("age", 0.9)], {}, Outcome.FAILED),
        ([column("size", 0.1), column("age", 0.9)], {"columns": ["size"]}, Outcome.PASSED),
        ([column("size", 0.1), column("name", None)], {}, Outcome.PASSED),
        ([column("size", 0.1), column("name", None)], {"columns": ["size", "name"]}, Outcome.UNDECIDED),
        ([column("size", 0.9), column("name", None)], {"columns": ["size", "name"]}, Outcome.FAILED),
        ([column("size", 0.1)], {"columns": ["colour"]}, Outcome.UNDECIDED),
        ([column("name", None)], {}, Outcome.UNDECIDED),
        ([column("size", 0.1), column("site", None, noise=0.3)], {}, Outcome.UNDECIDED),
        ([column("size", 0.9), column("site", None, noise=0.3)], {}, Outcome.FAILED),
        ([], {}, Outcome.UNDECIDED),
    ],
)
def test_drift_beyond_the_limit_and_beyond_chance_fails(
    columns: Sequence[ColumnChange], options: dict[str, Any], outcome: Outcome
) -> None:
    assert verdict({"schema_holds": False, "psi": 0.25, **options}, change(*columns)).outcome is outcome


def test_the_evidence_names_the_column_that_drifted_most() -> None:
    found = verdict({"psi": 0.25}, change(column("size", 0.31), column("age", 0.9), column("x", 0.1)))
    assert found.reason == "data/raw.csv has drifted: PSI 0.9 of age, PSI 0.31 of size; allowed 0.25"
    assert found.evidence == {
        "data": None,
        "psi": 0.9,
        "psi_column": "age",
        "psi_data": "data/raw.csv",
        "psi_limit": 0.25,
    }


def test_data_that_did_not_change_need_no_profile() -> None:
    assert verdict({"psi": 0.25}, change(kind="same")).evidence["psi"] == 0.0


def test_without_a_profile_of_the_base_drift_is_undecided() -> None:
    found = verdict({"psi": 0.25}, change(problem="the base: no run is recorded"))
    assert (found.outcome, found.reason) == (
        Outcome.UNDECIDED,
        "data/raw.csv cannot be compared: the base: no run is recorded",
    )


def test_on_a_first_run_there_is_nothing_to_compare_with() -> None:
    found = verdict({"schema_holds": False, "psi": 0.25, "breaking": "fail"})
    assert (found.outcome, found.reason) == (Outcome.SKIPPED, "no base yet")
    assert verdict({"psi": 0.25}).outcome is Outcome.PASSED


def test_a_base_that_cannot_be_read_is_undecided_and_never_a_pass() -> None:
    found = verdict({"psi": 0.25}, unreadable="the base is not in this shallow clone")
    assert (found.outcome, found.reason) == (Outcome.UNDECIDED, "the base is not in this shallow clone")


@pytest.mark.parametrize(("rows", "outcome"), [(40, Outcome.PASSED), (41, Outcome.FAILED)])
def test_there_must_be_rows_enough(rows: int, outcome: Outcome) -> None:
    found = verdict({"min_rows": rows})
    assert found.outcome is outcome
    assert found.evidence == {"data": None, "rows": 40, "min_rows": rows}


@pytest.mark.parametrize(
    ("found", "outcome", "reason"),
    [
        (Overlap(0, 30, 10), Outcome.PASSED, "no id stands in both data/train.csv and data/test.csv"),
        (
            Overlap(2, 30, 10, ("4", "\x1b[2J")),
            Outcome.FAILED,
            "2 of 10 ids in data/test.csv stand in data/train.csv, too (4, \\x1b[2J)",
        ),
        (
            Overlap(1, 30, 10),
            Outcome.FAILED,
            "1 of 10 ids in data/test.csv stands in data/train.csv, too",
        ),
        ("not here", Outcome.UNDECIDED, "data/train.csv and data/test.csv: not here"),
    ],
)
def test_no_row_may_be_learnt_from_and_tested_on(found: Overlap | str, outcome: Outcome, reason: str) -> None:
    options = {"schema_holds": False, "no_overlap": NO_OVERLAP}
    judged = verdict(options, overlaps={PAIRING: found})
    assert (judged.outcome, judged.reason) == (outcome, reason)


@pytest.mark.parametrize(
    ("found", "most", "outcome"),
    [
        (Repeats(100, 0), 0, Outcome.PASSED),
        (Repeats(100, 1), 0.01, Outcome.PASSED),
        (Repeats(100, 2), 0.01, Outcome.FAILED),
        (Repeats(0, 0), 0, Outcome.PASSED),
        ("cannot be read", 0, Outcome.UNDECIDED),
    ],
)
def test_few_rows_may_repeat(found: Repeats | str, most: float, outcome: Outcome) -> None:
    judged = verdict({"max_duplicate_rows": most}, repeats={"data/raw.csv": found})
    assert judged.outcome is outcome


def test_one_part_that_fails_decides_and_what_is_undecided_is_said() -> None:
    found = verdict(
        {"min_rows": 100, "no_overlap": NO_OVERLAP, "psi": 0.1},
        change(column("size", 0.01)),
        overlaps={PAIRING: "data/test.csv: no such file"},
    )
    assert found.outcome is Outcome.FAILED
    assert found.reason == (
        "data/raw.csv has 40 rows, fewer than 100; undecided: data/test.csv: no such file"
    )
    assert found.evidence["psi"] == 0.01


def test_all_data_sets_are_judged_unless_one_is_named() -> None:
    other = DataSet(path="data/extra.csv", rows=1, outcome=Outcome.PASSED)
    both = verdict({"min_rows": 10}, sets=(RAW, other))
    assert (both.outcome, both.reason) == (Outcome.FAILED, "data/extra.csv has 1 row, fewer than 10")
    assert verdict({"min_rows": 10, "path": "data/raw.csv"}, sets=(RAW, other)).outcome is Outcome.PASSED


def test_a_renamed_data_set_is_judged_by_the_gate_of_its_old_name() -> None:
    renamed = RAW.model_copy(update={"path": "data/all.csv", "rows": 5})
    moved = change(column("size", 0.9), path="data/all.csv", was="data/raw.csv")
    found = verdict({"path": "data/raw.csv", "min_rows": 10, "psi": 0.25}, moved, sets=(renamed,))
    assert found.outcome is Outcome.FAILED
    assert "data/all.csv has 5 rows" in found.reason
    assert "data/all.csv has drifted" in found.reason


def test_a_data_set_that_a_change_takes_out_of_the_project_is_never_a_pass() -> None:
    removed = change(kind="removed", contract="breaking", reasons=("the data set is no longer listed",))
    options = {"path": "data/raw.csv", "psi": 0.25}
    found = verdict(options, removed, sets=())
    assert (found.outcome, found.reason) == (
        Outcome.UNDECIDED,
        "data/raw.csv is no longer listed in mltools.yaml",
    )
    assert verdict({**options, "breaking": "fail"}, removed, sets=()).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"schema_holds": False}, "every part is off"),
        ({"columns": ["size"]}, "there is no 'psi'"),
        ({"psi": 0}, "greater than 0"),
        ({"psi": float("nan")}, "finite"),
        ({"max_duplicate_rows": 1.5}, "less than or equal to 1"),
        ({"breaking": "warn"}, "'fail' or 'allow'"),
        ({"no_overlap": {"train": "a.csv", "test": "a.csv", "id": "id"}}, "the same file"),
        ({"no_overlap": {"train": "a.csv", "test": "b.csv"}}, "id"),
        ({"no_overlap": {"train": "a.csv", "test": "b.csv", "id": []}}, "at least 1 item"),
        ({"metric": "auc"}, "Extra inputs"),
    ],
)
def test_a_gate_that_cannot_be_meant_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        gate(**options)


@pytest.mark.parametrize(
    ("options", "facts", "said"),
    [
        (
            {"path": "data/raw.cvs"},
            {},
            "mltools.yaml: gate 'data': no data set 'data/raw.cvs' in mltools.yaml; did you mean 'data/raw.csv'?",
        ),
        (
            {"no_overlap": {"train": "data/train.csv", "test": "data/tset.csv", "id": "id"}},
            {},
            "mltools.yaml: gate 'data': no file 'data/tset.csv' in the project; did you mean 'data/test.csv'?",
        ),
        ({}, {"sets": ()}, "mltools.yaml: gate 'data': mltools.yaml lists no data sets"),
    ],
)
def test_a_path_that_is_nowhere_is_a_mistake_with_the_nearest_name(
    options: dict[str, Any], facts: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        verdict(options, **facts)
    assert said in caught.value.message
