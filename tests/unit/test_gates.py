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


@pytest.mark.parametrize(
    ("base", "head", "options", "outcome"),
    [
        (0.90, 0.91, {"better": "higher"}, Outcome.PASSED),
        (0.90, 0.90, {"better": "higher"}, Outcome.FAILED),
        (0.90, 0.89, {"better": "higher"}, Outcome.FAILED),
        (0.90, 0.91, {"better": "higher", "margin": 0.01}, Outcome.PASSED),
        (0.90, 0.909, {"better": "higher", "margin": 0.01}, Outcome.FAILED),
        (0.20, 0.10, {"better": "lower", "margin": 0.5, "relative": True}, Outcome.PASSED),
        (0.20, 0.11, {"better": "lower", "margin": 0.5, "relative": True}, Outcome.FAILED),
        (None, 0.11, {"better": "lower"}, Outcome.UNDECIDED),
    ],
)
def test_improvement(base: float | None, head: float, options: dict[str, object], outcome: Outcome) -> None:
    facts = Facts(metrics={"m": head}, base={"m": base})
    assert gate(kind="improvement", **options).evaluate(facts).outcome is outcome


def test_an_improvement_has_nothing_to_say_on_a_first_run() -> None:
    verdict = gate(kind="improvement", better="higher").evaluate(Facts(metrics={"m": 1.0}))
    assert verdict.outcome is Outcome.SKIPPED


@pytest.mark.parametrize(
    ("kind", "head", "spread", "outcome"),
    [
        ("regression", 0.881, {"m": 0.01}, Outcome.PASSED),
        ("regression", 0.879, {"m": 0.01}, Outcome.FAILED),
        ("improvement", 0.921, {"m": 0.01}, Outcome.PASSED),
        ("improvement", 0.919, {"m": 0.01}, Outcome.FAILED),
        ("regression", 0.881, {}, Outcome.UNDECIDED),
        ("regression", 0.9, {"m": 0.0}, Outcome.PASSED),
    ],
)
def test_a_margin_in_multiples_of_the_noise(
    kind: str, head: float, spread: dict[str, float], outcome: Outcome
) -> None:
    facts = Facts(metrics={"m": head}, base={"m": 0.9}, noise=spread)
    verdict = gate(kind=kind, better="higher", noise=2).evaluate(facts)
    assert verdict.outcome is outcome
    if spread:
        assert verdict.evidence["noise"] == spread["m"]
    else:
        assert "mltools noise" in verdict.reason


def test_noise_and_a_margin_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="'noise' is a margin of its own"):
        gate(kind="regression", better="higher", noise=2, margin=0.1)


def cost(**options: object) -> Gate:
    return GATES.validate_python({"name": "g", "kind": "cost", **options})


@pytest.mark.parametrize(
    ("options", "now", "before", "outcome", "said"),
    [
        ({"max": 60}, 59.0, None, Outcome.PASSED, "seconds of train: 59 s, at most 60"),
        ({"max": 60}, 61.0, None, Outcome.FAILED, "above the maximum 60"),
        ({"growth": 0.2}, 61.0, 60.0, Outcome.PASSED, "+0.0167 of the base's 60, allowed +0.2"),
        ({"growth": 0.2}, 73.0, 60.0, Outcome.FAILED, "+0.217 of the base's 60"),
        ({"growth": 0.2}, 73.0, None, Outcome.UNDECIDED, "that of the base is not known"),
        ({"growth": 0.2}, 73.0, 0.0, Outcome.UNDECIDED, "that of the base is not known"),
        ({"max": 60}, None, None, Outcome.UNDECIDED, "no record tells how long stage 'train' took"),
    ],
)
def test_cost(
    options: dict[str, object], now: float | None, before: float | None, outcome: Outcome, said: str
) -> None:
    def named(value: float | None) -> dict[str, float]:
        return {} if value is None else {"seconds:train": value}

    facts = Facts(metrics={}, base={}, costs=named(now), base_costs=named(before))
    verdict = cost(what="seconds", of="train", **options).evaluate(facts)
    assert (verdict.outcome, said in verdict.reason) == (outcome, True), verdict.reason


def test_growth_is_nothing_to_judge_on_a_first_run() -> None:
    facts = Facts(metrics={}, costs={"bytes:m": 10.0})
    assert cost(what="bytes", of="m", growth=0.1).evaluate(facts).outcome is Outcome.SKIPPED


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"what": "seconds", "of": "train"}, "needs 'max', 'growth' or both"),
        ({"what": "latency", "of": "m.skops", "max": 5}, "'rows' belongs to latency"),
        ({"what": "bytes", "of": "m", "max": 5, "rows": "x.csv"}, "'rows' belongs to latency"),
    ],
)
def test_a_cost_gate_that_cannot_be_meant_is_refused(options: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        cost(**options)


@pytest.mark.parametrize(
    ("rerun", "options", "outcome", "said"),
    [
        ({"m": 0.9, "n": "x"}, {}, Outcome.PASSED, "gave the same 2 metrics"),
        ({"m": 0.9000001, "n": "x"}, {}, Outcome.FAILED, "m: 0.9, then 0.9000001"),
        ({"m": 0.9000001, "n": "x"}, {"tolerance": 1e-6}, Outcome.PASSED, "within 1e-06 of their values"),
        ({"m": 0.9, "n": "y"}, {"tolerance": 1}, Outcome.FAILED, "n: 'x', then 'y'"),
        ({"n": "x"}, {}, Outcome.FAILED, "m: 0.9, then None"),
        ({"m": 0.9, "n": "y"}, {"only": ["m"]}, Outcome.PASSED, "gave the same 1 metrics"),
        ("it could not be run again: x", {}, Outcome.UNDECIDED, "could not be run again: x"),
    ],
)
def test_reproducible(
    rerun: dict[str, object] | str, options: dict[str, object], outcome: Outcome, said: str
) -> None:
    checked = GATES.validate_python({"name": "g", "kind": "reproducible", **options})
    verdict = checked.evaluate(Facts(metrics={"m": 0.9, "n": "x"}, rerun=rerun))  # type: ignore[arg-type]
    assert (verdict.outcome, said in verdict.reason) == (outcome, True), verdict.reason
