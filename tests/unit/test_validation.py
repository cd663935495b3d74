"""What counts mean: which checks there are, which break the contract, and in which words."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from mltools.core.contract import Contract, parse_contract
from mltools.core.records import DataSet, Violation
from mltools.core.validation import (
    MOST,
    Check,
    Example,
    Measured,
    Place,
    Tally,
    broken,
    judge,
    outcome,
    plan,
    unreadable,
)
from mltools.core.verdict import Outcome
from mltools.core.wording import TEXT

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


def contract(**table: Any) -> Contract:
    columns = table.pop("columns", {"a": {"type": "string"}})
    return parse_contract({"schema": 1, "columns": columns, **table}, "s.yaml")


def judged(
    rules: Contract,
    tallies: dict[Check, Tally],
    *,
    rows: int = 569,
    header: Sequence[str] | None = None,
    **more: Any,
) -> tuple[Violation, ...]:
    names = tuple(rules.columns) if header is None else header
    return judge(rules, Measured(rows, dict.fromkeys(names, TEXT), tallies), now=NOW, **more)


def test_a_plan_holds_the_checks_of_the_columns_that_are_there() -> None:
    rules = contract(
        columns={
            "id": {"type": "integer", "unique": True, "required": True},
            "age": {"type": "integer", "minimum": 0, "maximum": 120, "max_null_fraction": 0.1},
            "code": {"type": "string", "pattern": "x+", "min_length": 1, "max_length": 3},
            "gone": {"type": "string", "required": True},
        }
    )
    assert plan(rules, ["id", "code", "age", "more"]) == (
        Check("type", "id"),
        Check("required", "id"),
        Check("unique", "id"),
        Check("type", "age"),
        Check("max_null_fraction", "age"),
        Check("minimum", "age"),
        Check("maximum", "age"),
        Check("type", "code"),
        Check("pattern", "code"),
        Check("min_length", "code"),
        Check("max_length", "code"),
    )


def test_a_key_asks_for_values_and_for_different_ones() -> None:
    rules = contract(columns={"a": {"type": "integer"}, "b": {"type": "integer"}}, primary_key=["a", "b"])
    assert plan(rules, ["a", "b"])[2:] == (
        Check("primary_key", "a"),
        Check("primary_key", "b"),
        Check("primary_key"),
    )


def test_a_key_of_one_unique_required_column_is_checked_once() -> None:
    column = {"type": "integer", "unique": True, "required": True}
    rules = contract(columns={"id": column}, primary_key=["id"])
    assert plan(rules, ["id"]) == (Check("type", "id"), Check("required", "id"), Check("primary_key"))


def test_a_key_stays_an_error_where_its_column_only_warns() -> None:
    column = {"type": "integer", "required": True, "severity": "warn"}
    rules = contract(columns={"id": column}, primary_key=["id"])
    checks = plan(rules, ["id"])
    assert Check("primary_key", "id") in checks
    found = judged(rules, {Check("primary_key", "id"): Tally(1)})
    assert [item.severity for item in found] == ["error"]


def test_a_key_with_a_missing_column_is_not_checked_as_a_whole() -> None:
    rules = contract(columns={"a": {"type": "integer"}, "b": {"type": "integer"}}, primary_key=["a", "b"])
    assert Check("primary_key") not in plan(rules, ["a"])


@pytest.mark.parametrize(
    ("fraction", "nulls", "rows", "breaks"),
    [
        (0.29, 29, 100, False),  # 0.29 * 100 is 28.999999999999996
        (0.07, 7, 100, False),
        (0.1, 11, 100, True),
        (0.0, 0, 100, False),
        (0.0, 1, 10_000_000, True),
        (1.0, 5, 5, False),
        (0.5, 0, 0, False),
    ],
)
def test_a_share_of_gaps_breaks_the_contract_only_above_its_limit(
    fraction: float, nulls: int, rows: int, *, breaks: bool
) -> None:
    rules = contract(columns={"a": {"type": "string", "max_null_fraction": fraction}})
    check = Check("max_null_fraction", "a")
    measured = Measured(rows, {"a": TEXT}, {check: Tally(nulls)})
    assert broken(rules, measured) == ((check,) if breaks else ())


@pytest.mark.parametrize(
    ("column", "rule", "tally", "sentence"),
    [
        ({"maximum": 30}, "maximum", Tally(3, 31.2), "above maximum 30 (largest 31.2)"),
        ({"minimum": 0.5}, "minimum", Tally(3, -1e-7), "below minimum 0.5 (smallest -1e-07)"),
        ({"minimum": 0}, "minimum", Tally(3), "below minimum 0"),
        ({"type": "integer"}, "type", Tally(3), "is not an integer"),
        ({"type": "date"}, "type", Tally(3), "is not a date"),
        ({"required": True}, "required", Tally(3), "has no value"),
        (
            {"max_null_fraction": 0.001},
            "max_null_fraction",
            Tally(3),
            "has no value, a share of 0.005272; at most 0.001 may be",
        ),
        ({"enum": [1, 2]}, "enum", Tally(3), "is none of 1, 2"),
        ({"type": "category", "enum": ["benign"]}, "enum", Tally(3), "is not 'benign'"),
        (
            {"type": "category", "enum": list("abcdefghij")},
            "enum",
            Tally(3),
            "is none of 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h' and 2 more",
        ),
        ({"type": "string", "pattern": "a+\n"}, "pattern", Tally(3), r"does not match a+\n"),
        (
            {"type": "string", "min_length": 1},
            "min_length",
            Tally(3, 0),
            "shorter than 1 character (shortest 0)",
        ),
        (
            {"type": "string", "max_length": 4},
            "max_length",
            Tally(3, 9),
            "longer than 4 characters (longest 9)",
        ),
        ({"unique": True}, "unique", Tally(3), "repeats the value of an earlier row"),
    ],
)
def test_a_broken_rule_is_a_sentence(column: dict[str, Any], rule: str, tally: Tally, sentence: str) -> None:
    rules = contract(columns={"mean_radius": {"type": "number", **column}})
    (found,) = judged(rules, {Check(rule, "mean_radius"): tally})
    assert found.message == f"3 of 569 rows: mean_radius {sentence}"
    assert (found.column, found.rule, found.count) == ("mean_radius", rule, 3)


def test_a_type_that_the_file_declares_is_named() -> None:
    rules = contract(columns={"age": {"type": "integer"}})
    measured = Measured(4, {"age": "VARCHAR"}, {Check("type", "age"): Tally(4)})
    (found,) = judge(rules, measured, now=NOW)
    assert found.message == "4 of 4 rows: age is not an integer; the file keeps it as VARCHAR"


def test_a_violation_knows_its_line_its_severity_and_its_examples() -> None:
    rules = contract(columns={"a": {"type": "number", "maximum": 3, "severity": "warn"}})
    check = Check("maximum", "a")
    lines = {("columns", "a", "maximum"): 12}
    (found,) = judged(
        rules,
        {check: Tally(1, 4.0, (Example(Place(0, 7), "4.0"),))},
        lines=lambda path: lines[tuple(map(str, path))],  # type: ignore[index]
    )
    assert (found.line, found.severity, found.examples) == (12, "warn", ("row 7: 4.0",))


def test_missing_columns_name_what_the_file_has_instead() -> None:
    rules = contract(
        columns={"mean_radius": {"type": "number"}, "id": {"type": "integer"}, "x": {"type": "string"}}
    )
    found = judged(rules, {}, header=["mean radius", "\u0456d", "id "])
    assert [item.message for item in found] == [
        "column mean_radius is missing; the file has 'mean radius'",
        "column id is missing; the file has 'id '",
        "column x is missing",
    ]
    assert {item.rule for item in found} == {"missing"}


def test_a_name_in_another_alphabet_is_spelled_out() -> None:
    rules = contract(columns={"identity": {"type": "integer"}})
    (found,) = judged(rules, {}, header=["\u0456dentity"])
    assert found.message == r"column identity is missing; the file has '\u0456dentity'"


def test_extra_columns_are_violations_only_where_they_are_forbidden() -> None:
    header = ["a", "b", "<script>"]
    assert judged(contract(), {}, header=header) == ()
    found = judged(contract(extra_columns="forbid"), {}, header=header)
    assert [item.column for item in found] == ["b", "<script>"]
    assert found[1].message == "column '<script>' is not in the contract, which forbids extra columns"


@pytest.mark.parametrize(
    ("bounds", "rows", "message"),
    [
        ({"min": 100}, 99, "99 rows, fewer than the minimum 100"),
        ({"min": 100}, 1, "1 row, fewer than the minimum 100"),
        ({"max": 0}, 1, "1 row, more than the maximum 0"),
        ({"max": 1000}, 1001, "1,001 rows, more than the maximum 1,000"),
        ({}, 0, "no rows: the file holds nothing but its header"),
        ({"min": 5}, 0, "no rows: the file holds nothing but its header"),
        ({"min": 0}, 0, None),
        ({"min": 5, "max": 5}, 5, None),
    ],
)
def test_rows_are_counted(bounds: dict[str, int], rows: int, message: str | None) -> None:
    found = judged(contract(rows=bounds), {}, rows=rows)
    assert [item.message for item in found] == ([] if message is None else [message])


def test_repeated_keys_are_one_violation_of_the_table() -> None:
    rules = contract(columns={"a": {"type": "integer"}, "b c": {"type": "integer"}}, primary_key=["a", "b c"])
    (found,) = judged(rules, {Check("primary_key"): Tally(2)})
    assert found.column is None
    assert found.message == "2 of 569 rows: the primary key (a, 'b c') repeats that of an earlier row"


def test_errors_fail_and_warnings_pass() -> None:
    rules = contract(
        columns={"a": {"type": "number", "minimum": 0, "severity": "warn"}, "b": {"type": "number"}}
    )
    warned = judged(rules, {Check("minimum", "a"): Tally(1, -1.0)})
    assert outcome(warned) is Outcome.PASSED
    assert outcome((*warned, *judged(rules, {Check("type", "b"): Tally(1)}))) is Outcome.FAILED
    assert outcome(()) is Outcome.PASSED


def test_more_violations_than_a_record_holds_are_summed_up() -> None:
    rules = contract(columns={f"c{index}": {"type": "string"} for index in range(MOST + 7)})
    found = judged(rules, {}, header=["other"])
    assert len(found) == MOST
    assert found[-1].message == "and 8 more rules are broken"
    assert DataSet(path="x", outcome=outcome(found), violations=found).outcome is Outcome.FAILED


def test_names_out_of_the_data_fit_a_record() -> None:
    found = judged(contract(extra_columns="forbid"), {}, header=["a", "z\n" * 5_000])
    assert len(found[0].column or "") < 500
    assert "\n" not in found[0].message


def test_unreadable_data_fail_with_their_reason() -> None:
    data = unreadable("data/raw.csv", "data/raw.csv:3: 2 fields\nwhere the header has 3")
    assert data.outcome is Outcome.FAILED
    assert data.error == r"data/raw.csv:3: 2 fields\nwhere the header has 3"
    assert data.rows is None


STAY = {
    "columns": {"admission": {"type": "date"}, "discharge": {"type": "date"}},
    "checks": [{"name": "stay", "expression": "discharge >= admission"}],
}


def test_a_check_between_columns_is_planned_where_its_columns_are() -> None:
    rules = contract(**STAY)
    assert plan(rules, ["discharge", "admission"])[-1] == Check("checks.stay")
    assert Check("checks.stay") not in plan(rules, ["discharge"])


def test_a_broken_check_is_a_sentence_with_its_line_and_severity() -> None:
    rules = contract(**{**STAY, "checks": [{**STAY["checks"][0], "severity": "warn"}]})  # type: ignore[index]
    example = Example(Place(0, 4), "discharge = 2026-01-01, admission = 2026-01-02")
    (found,) = judged(
        rules,
        {Check("checks.stay"): Tally(3, None, (example,))},
        lines=lambda path: 7 if tuple(path) == ("checks", 0, "expression") else 0,
    )
    assert found.message == "3 of 569 rows: check stay does not hold: discharge >= admission"
    assert (found.column, found.rule, found.severity, found.line) == (None, "checks.stay", "warn", 7)
    assert found.examples == ("row 4: discharge = 2026-01-01, admission = 2026-01-02",)


def test_a_check_whose_column_is_missing_never_reads_as_passed() -> None:
    columns = {"admission": {"type": "date"}, "discharge": {"type": "date", "severity": "warn"}}
    found = judged(contract(**{**STAY, "columns": columns}), {}, header=["admission"])
    assert [(item.severity, item.message) for item in found] == [
        ("warn", "column discharge is missing"),
        ("error", "check stay cannot be evaluated: column discharge is missing"),
    ]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (["a", "b", "c"], None),
        (["x", "a", "b", "y", "c"], None),
        (["a", "c"], None),
        (["a", "c", "b"], "the columns stand in another order: c where b is expected"),
        (["c", "x", "a"], "the columns stand in another order: c where a is expected"),
    ],
)
def test_columns_may_have_to_stand_in_order(header: list[str], said: str | None) -> None:
    columns = {name: {"type": "string"} for name in "abc"}
    found = judged(contract(columns=columns, column_order="strict"), {}, header=header)
    assert [item.message for item in found if item.rule == "column_order"] == ([] if said is None else [said])
    assert all(item.rule != "column_order" for item in judged(contract(columns=columns), {}, header=header))


def fresh(kind: str = "datetime", **more: Any) -> Contract:
    return contract(
        columns={"seen": {"type": kind, **more.pop("column", {})}},
        freshness={"column": "seen", "max_age": "36h", **more},
    )


@pytest.mark.parametrize(
    ("newest", "said", "severity"),
    [
        ("2026-02-01 11:00:00", None, None),
        ("2026-01-31 00:00:00", None, None),
        (
            "2026-01-30 23:59:59",
            "the newest seen (2026-01-30 23:59:59) is 36 hours old; at most 36h is allowed",
            "error",
        ),
        ("2026-01-01", "the newest seen (2026-01-01) is 31 days old; at most 36h is allowed", "error"),
        ("2026-02-02 12:00:00", None, None),
        (
            "2099-01-01 00:00:00.5",
            (
                "the newest seen (2099-01-01 00:00:00.5) is 26,631 days in the future, so it tells nothing of how fresh "
                "the data are"
            ),
            "warn",
        ),
        (None, "how fresh the data are cannot be told: seen has no value", "error"),
    ],
)
def test_the_newest_value_is_judged_by_the_clock_of_the_run(
    newest: str | None, said: str | None, severity: str | None
) -> None:
    found = judged(fresh(), {Check("freshness", "seen"): Tally(5 if newest else 0, newest)})
    assert [(item.message, item.severity) for item in found] == ([] if said is None else [(said, severity)])


def test_freshness_of_a_missing_column_of_no_rows_and_of_a_sensitive_one() -> None:
    (missing, told) = judged(fresh(column={"severity": "warn"}), {}, header=["other"])
    assert (missing.severity, told.severity) == ("warn", "error")
    assert told.message == "how fresh the data are cannot be told: column seen is missing"
    nothing = {Check("freshness", "seen"): Tally(0)}
    assert [item.rule for item in judged(fresh(), nothing, rows=0)] == ["rows"]
    stale = {Check("freshness", "seen"): Tally(5, "2020-01-01")}
    (found,) = judged(fresh(column={"role": "sensitive"}, severity="warn"), stale)
    assert found.message == "the newest seen is 2,223 days old; at most 36h is allowed"
    assert found.severity == "warn"


def test_a_row_in_one_of_several_files_is_told_with_the_file() -> None:
    rules = contract(columns={"a": {"type": "integer", "unique": True}})
    first, last = Place(0, 7, "part-0.csv"), Place(2, 1, "part-2.csv")
    (found,) = judged(rules, {Check("unique", "a"): Tally(1, None, (Example(last, "5", first),))})
    assert found.examples == ("part-2.csv row 1: 5 (as in part-0.csv row 7)",)


def test_fewer_examples_may_be_shown_than_were_kept() -> None:
    rules = contract(columns={"a": {"type": "integer"}})
    kept = tuple(Example(Place(0, row), "x") for row in range(1, 21))
    (found,) = judged(rules, {Check("type", "a"): Tally(99, None, kept)}, examples=2)
    assert found.examples == ("row 1: x", "row 2: x")
