"""Gates judged by predictions: significance, slice, fairness. What is compared stands in test_stats_*."""

import pytest
from pydantic import TypeAdapter

from mltools.core.compared import Compared, Decision, from_evidence
from mltools.core.gates import Facts, Gate
from mltools.core.grouped import Gap, Group, Grouped, gap_from, grouped_from
from mltools.core.verdict import Outcome

GATES: TypeAdapter[Gate] = TypeAdapter(Gate)


def compared(decision: Decision, *, not_worse: bool = False, needed: int | None = None) -> Compared:
    return Compared(
        statistic="roc_auc", value=0.9, base=0.8, low=0.02, high=0.18, level=0.95, margin=0.01, decision=decision,
        not_worse=not_worse, p_value=0.01, p_adjusted=0.03, rows=200, paired=True, method="DeLong", test="DeLong",
        needed=needed,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("require", "decision", "not_worse", "outcome"),
    [
        ("not worse", "better", True, Outcome.PASSED),
        ("not worse", "equivalent", True, Outcome.PASSED),
        ("not worse", "cannot tell", True, Outcome.PASSED),  # a loss beyond the margin is ruled out
        ("not worse", "cannot tell", False, Outcome.UNDECIDED),
        ("not worse", "worse", False, Outcome.FAILED),
        ("better", "better", True, Outcome.PASSED),
        ("better", "equivalent", True, Outcome.FAILED),
        ("better", "cannot tell", True, Outcome.UNDECIDED),
        ("better", "worse", False, Outcome.FAILED),
    ],
)
def test_significance(require: str, decision: Decision, outcome: Outcome, *, not_worse: bool) -> None:
    gate = GATES.validate_python({"name": "g", "kind": "significance", "metric": "m", "require": require})
    facts = Facts({}, base={}, compared={"g": compared(decision, not_worse=not_worse, needed=1234)})
    verdict = gate.evaluate(facts)
    assert verdict.outcome is outcome
    assert "m went from 0.8 to 0.9: +0.1 [+0.02, +0.18] (95 % interval, 200 rows, paired)" in verdict.reason
    assert ("about 1,234 rows would tell" in verdict.reason) == (decision == "cannot tell")
    assert ("a loss beyond the margin is ruled out" in verdict.reason) == (
        decision == "cannot tell" and outcome is Outcome.PASSED
    )
    required = require == "better" and outcome is Outcome.FAILED
    assert ("it is required to be better" in verdict.reason) == required
    assert from_evidence(verdict.evidence) == facts.compared["g"]


def test_significance_is_skipped_on_a_first_run_and_undecided_without_predictions() -> None:
    gate = GATES.validate_python({"name": "g", "kind": "significance", "metric": "m"})
    assert gate.evaluate(Facts({})).outcome is Outcome.SKIPPED
    verdict = gate.evaluate(Facts({}, base={}, compared={"g": "x.csv: is not there"}))
    assert (verdict.outcome, verdict.reason) == (Outcome.UNDECIDED, "x.csv: is not there")
    unreadable = gate.evaluate(Facts({}, unreadable="shallow"))
    assert unreadable.outcome is Outcome.UNDECIDED


def groups(*found: Group, better: str = "higher") -> Facts:
    return Facts({}, base={}, grouped={"g": Grouped("site", "accuracy", better, found)})


BIG = Group("north", 100, 0.9, judged=True, base=0.92, low=-0.05, high=0.01)
BAD = Group("south", 80, 0.6, judged=True, base=0.9, low=-0.4, high=-0.2)
SMALL = Group("west", 3, 0.0, judged=False)


@pytest.mark.parametrize(
    ("options", "found", "outcome", "said"),
    [
        ({"min": 0.5}, (BIG, BAD, SMALL), Outcome.PASSED, "all 2 groups pass, worst south with 0.6 (80 rows); 1 too small"),
        ({"min": 0.7}, (BIG, BAD, SMALL), Outcome.FAILED, "1 of 2 groups fail: south: 0.6, below the minimum 0.7"),
        ({"max": 0.7}, (BIG, BAD), Outcome.FAILED, "north: 0.9, above the maximum 0.7"),
        ({"margin": 0.05}, (BIG, BAD), Outcome.FAILED, "south: from 0.9 to 0.6, worse by 0.3"),
        ({"margin": 0.5}, (BIG, BAD), Outcome.PASSED, "all 2 groups pass"),
        ({"margin": 0.01}, (BIG,), Outcome.PASSED, "all 1 groups pass"),  # worse, but no more than noise
        ({"min": 0.5}, (SMALL,), Outcome.UNDECIDED, "no group of site has 30 rows"),
        ({"margin": 0.1}, (Group("a", 50, 0.9, judged=True),), Outcome.UNDECIDED, "the base's groups are not known"),
        ({"margin": 0.1, "min": 0.5}, (Group("a", 50, 0.9, judged=True),), Outcome.PASSED, "not compared with the base"),
    ],
)  # fmt: skip
def test_slice(options: dict[str, float], found: tuple[Group, ...], outcome: Outcome, said: str) -> None:
    gate = GATES.validate_python({"name": "g", "kind": "slice", "metric": "m", "by": "site", **options})
    facts = groups(*found)
    verdict = gate.evaluate(facts)
    assert (verdict.outcome, said in verdict.reason) == (outcome, True), verdict.reason
    assert grouped_from(verdict.evidence) == facts.grouped["g"]


def test_a_slice_of_a_loss_is_worse_when_it_grows() -> None:
    gate = GATES.validate_python({"name": "g", "kind": "slice", "metric": "m", "by": "site", "margin": 0.05})
    grown = Group("south", 80, 0.9, judged=True, base=0.6, low=0.2, high=0.4)
    assert gate.evaluate(groups(grown, better="lower")).outcome is Outcome.FAILED
    assert gate.evaluate(groups(BAD, better="lower")).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        ({"max_difference": 0.3}, Outcome.PASSED),
        ({"max_difference": 0.2}, Outcome.FAILED),
        ({"max_difference": 0.2, "certain": True}, Outcome.PASSED),
        ({"max_difference": 0.1, "certain": True}, Outcome.FAILED),
    ],
)
def test_fairness(options: dict[str, object], outcome: Outcome) -> None:
    gate = GATES.validate_python({"name": "g", "kind": "fairness", "by": "sex", **options})
    rates = (Group("f", 100, 0.5, judged=True), Group("m", 100, 0.25, judged=True))
    gap = Gap("sex", "selection_rate", "f", "m", 0.25, 0.12, 0.38, rates)
    verdict = gate.evaluate(Facts({}, gaps={"g": gap}))
    assert verdict.outcome is outcome
    assert "selection rate by sex: f is 0.25 [0.12, 0.38] above m" in verdict.reason
    assert gap_from(verdict.evidence) == gap


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"kind": "slice", "metric": "m", "by": "x"}, "needs 'min', 'max' or 'margin'"),
        ({"kind": "fairness", "by": "x"}, "max_difference"),
        ({"kind": "significance", "metric": "m", "level": 1}, "level"),
        ({"kind": "significance", "metric": "m", "margin": -1}, "margin"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        GATES.validate_python({"name": "g", **options})


@pytest.mark.parametrize(
    "evidence", [{}, {"interval": [1]}, {"groups": 3}, {"groups": [{"x": 1}], "count": 1}]
)
def test_evidence_of_another_kind_is_none(evidence: dict[str, object]) -> None:
    assert from_evidence(evidence) is None
    assert grouped_from(evidence) is None
    assert gap_from(evidence) is None
