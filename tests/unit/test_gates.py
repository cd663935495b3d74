"""Gates: a table of cases each."""

import pytest
from pydantic import TypeAdapter

from mltools.core.gates import Facts, Gate
from mltools.core.judging import judge
from mltools.core.verdict import OnUndecided, Outcome, Verdict, overall
from mltools.errors import ConfigError

GATES: TypeAdapter[Gate] = TypeAdapter(Gate)


def gate(**options: object) -> Gate:
    return GATES.validate_python({"name": "g", "metric": "m", **options})


@pytest.mark.parametrize(
    ("value", "options", "outcome"),
    [
        (0.9, {"min": 0.9}, Outcome.PASSED),
        (0.8999, {"min": 0.9}, Outcome.FAILED),
        (3, {"max": 3}, Outcome.PASSED),
        (3.1, {"max": 3}, Outcome.FAILED),
        (2, {"min": 1, "max": 3}, Outcome.PASSED),
        (-0.0, {"min": 0}, Outcome.PASSED),
        (float("nan"), {"min": 0}, Outcome.UNDECIDED),
        (float("inf"), {"min": 0}, Outcome.UNDECIDED),
        ("0.95", {"min": 0.9}, Outcome.UNDECIDED),
        (True, {"min": 0.9}, Outcome.UNDECIDED),
        (None, {"min": 0.9}, Outcome.UNDECIDED),
    ],
)
def test_threshold(value: object, options: dict[str, float], outcome: Outcome) -> None:
    verdict = gate(kind="threshold", **options).evaluate(Facts(metrics={"m": value}))  # type: ignore[dict-item]
    assert verdict.outcome is outcome
    assert "m" in verdict.reason


@pytest.mark.parametrize(
    ("base", "head", "options", "outcome"),
    [
        (0.90, 0.90, {"better": "higher"}, Outcome.PASSED),
        (0.90, 0.95, {"better": "higher"}, Outcome.PASSED),
        (0.90, 0.89, {"better": "higher"}, Outcome.FAILED),
        (0.90, 0.89, {"better": "higher", "margin": 0.01}, Outcome.PASSED),
        (0.90, 0.889, {"better": "higher", "margin": 0.01}, Outcome.FAILED),
        (0.20, 0.21, {"better": "lower"}, Outcome.FAILED),
        (0.20, 0.19, {"better": "lower"}, Outcome.PASSED),
        (0.3, 0.1 + 0.2, {"better": "lower"}, Outcome.PASSED),
        (100, 109, {"better": "lower", "margin": 0.1, "relative": True}, Outcome.PASSED),
        (100, 111, {"better": "lower", "margin": 0.1, "relative": True}, Outcome.FAILED),
        (0, 0.1, {"better": "lower", "margin": 0.1, "relative": True}, Outcome.FAILED),
        (0, 0, {"better": "lower", "margin": 0.1, "relative": True}, Outcome.PASSED),
        (-100, -111, {"better": "higher", "margin": 0.1, "relative": True}, Outcome.FAILED),
        (None, 1.0, {"better": "lower"}, Outcome.UNDECIDED),
        (1.0, None, {"better": "lower"}, Outcome.UNDECIDED),
        (1.0, float("nan"), {"better": "lower"}, Outcome.UNDECIDED),
        (1.0, "1.0", {"better": "lower"}, Outcome.UNDECIDED),
    ],
)
def test_regression(base: object, head: object, options: dict[str, object], outcome: Outcome) -> None:
    facts = Facts(metrics={"m": head}, base={"m": base})  # type: ignore[dict-item]
    verdict = gate(kind="regression", **options).evaluate(facts)
    assert verdict.outcome is outcome
    assert "m" in verdict.reason


def test_a_regression_gate_on_a_first_run_is_skipped() -> None:
    verdict = gate(kind="regression", better="higher").evaluate(Facts(metrics={"m": 1.0}))
    assert (verdict.outcome, verdict.reason) == (Outcome.SKIPPED, "no base yet")


def test_a_base_that_cannot_be_read_is_undecided_and_never_a_pass() -> None:
    facts = Facts(metrics={"m": 1.0}, unreadable="the base is not in this shallow clone")
    verdict = gate(kind="regression", better="higher").evaluate(facts)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNDECIDED, "the base is not in this shallow clone")


def test_a_metric_is_found_by_file_and_key() -> None:
    facts = Facts(metrics={"a.json:m": 1.0, "b.json:m": 3.0})
    judged = judge([gate(kind="threshold", metric="b.json:m", min=2)], facts, file="mltools.yaml")
    assert judged[0].outcome is Outcome.PASSED


def test_a_gate_over_a_metric_that_nobody_writes_is_a_mistake_with_the_nearest_name() -> None:
    facts = Facts(metrics={"test.roc_auc": 1.0}, base={})
    with pytest.raises(ConfigError) as caught:
        judge([gate(kind="threshold", metric="test.rocauc", min=0)], facts, file="mltools.yaml")
    assert caught.value.message == (
        "mltools.yaml: gate 'g': no metrics file holds 'test.rocauc'; did you mean 'test.roc_auc'?"
    )


def verdict_of(outcome: Outcome, on_undecided: OnUndecided = OnUndecided.WARN) -> Verdict:
    return Verdict("g", "threshold", outcome, "because", on_undecided=on_undecided)


@pytest.mark.parametrize(
    ("verdicts", "data_holds", "expected"),
    [
        ([], True, Outcome.PASSED),
        ([], False, Outcome.FAILED),
        ([verdict_of(Outcome.PASSED), verdict_of(Outcome.SKIPPED)], True, Outcome.PASSED),
        ([verdict_of(Outcome.UNDECIDED), verdict_of(Outcome.PASSED)], True, Outcome.UNDECIDED),
        ([verdict_of(Outcome.UNDECIDED, OnUndecided.FAIL)], True, Outcome.FAILED),
        ([verdict_of(Outcome.UNDECIDED), verdict_of(Outcome.FAILED)], True, Outcome.FAILED),
        ([verdict_of(Outcome.PASSED)], False, Outcome.FAILED),
    ],
)
def test_the_verdict_of_a_run(verdicts: list[Verdict], data_holds: bool, expected: Outcome) -> None:  # noqa: FBT001
    assert overall(verdicts, data_holds=data_holds) is expected
