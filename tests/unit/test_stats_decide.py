"""From an estimate to a word: the interval, the margin, the other questions."""

from dataclasses import replace

import pytest

from mltools.core.stats.decide import Call, Question, decide, decide_all
from mltools.core.stats.values import Better, Draws, Estimate, Interval, Undecided


def estimate(value: float, half: float, p_value: float = 0.01, units: int = 500) -> Estimate:
    return Estimate(
        metric="m",
        base=0.5,
        head=0.5 + value,
        low=value - half,
        high=value + half,
        std_error=half / 1.96,
        p_value=p_value,
        rows=units,
        units=units,
        method="an interval",
        test="a test",
    )


@pytest.mark.parametrize(
    ("value", "half", "p_value", "margin", "better", "call", "not_worse"),
    [
        (0.03, 0.02, 0.01, 0.0, "higher", Call.BETTER, True),
        (0.03, 0.02, 0.01, 0.0, "lower", Call.WORSE, False),
        (-0.03, 0.02, 0.01, 0.0, "higher", Call.WORSE, False),
        (-0.03, 0.02, 0.01, 0.0, "lower", Call.BETTER, True),
        (0.03, 0.02, 0.01, 0.02, "higher", Call.BETTER, True),
        (0.03, 0.02, 0.01, 0.04, "higher", Call.CANNOT_TELL, True),  # real, but does it matter?
        (0.03, 0.02, 0.01, 0.06, "higher", Call.EQUIVALENT, True),  # real, and does not matter
        (-0.03, 0.02, 0.01, 0.04, "higher", Call.CANNOT_TELL, False),
        (0.0, 0.02, 0.9, 0.0, "higher", Call.CANNOT_TELL, False),
        (0.0, 0.02, 0.9, 0.02, "higher", Call.EQUIVALENT, True),
        (0.0, 0.02, 0.9, 0.01, "higher", Call.CANNOT_TELL, False),
        (0.02, 0.025, 0.2, 0.01, "higher", Call.CANNOT_TELL, True),  # no loss beyond the margin
        (0.02, 0.025, 0.2, 0.01, "lower", Call.CANNOT_TELL, False),
        (0.03, 0.02, 0.08, 0.0, "higher", Call.CANNOT_TELL, True),  # the test is not as sure as the interval
        (0.0, 0.0, 1.0, 0.0, "higher", Call.EQUIVALENT, True),
        (0.0, 0.0, 1.0, 0.1, "lower", Call.EQUIVALENT, True),
    ],
)
def test_the_call(
    value: float,
    half: float,
    p_value: float,
    margin: float,
    better: Better,
    call: Call,
    not_worse: bool,  # noqa: FBT001
) -> None:
    found = decide(Question(estimate(value, half, p_value), better, margin))
    assert (found.call, found.not_worse) == (call, not_worse)
    assert found.reason
    assert (found.needed is not None) == (
        (call is Call.CANNOT_TELL and value != 0) or (value == 0 and 0 < margin < half)
    )


def test_a_change_of_exactly_the_margin_is_within_it() -> None:
    exact = replace(estimate(0.0, 0.01), base=0.9, head=0.89, low=-0.015, high=-0.005)
    assert decide(Question(exact, "higher", 0.01)).call is Call.CANNOT_TELL
    assert decide(Question(exact, "higher", 0.0099)).call is Call.WORSE


def test_many_questions_make_each_harder_to_answer() -> None:
    one = Question(estimate(0.03, 0.028, p_value=0.03), "higher")
    assert decide(one).call is Call.BETTER
    found = decide_all(
        {"a": one, "b": replace(one, better="lower"), "c": Question(estimate(0.03, 0.01, 1e-6), "higher")}
    )
    assert [found[name].call for name in "abc"] == [Call.CANNOT_TELL, Call.CANNOT_TELL, Call.BETTER]
    assert found["a"].p_adjusted == pytest.approx(0.06)
    assert found["c"].p_adjusted == pytest.approx(3e-6)
    assert found["a"].reason == "beyond noise if it were the only question, but not among all that are asked"
    assert found["a"].needed is not None
    assert found["a"].needed > 500


def test_equivalence_is_not_made_harder_by_other_questions() -> None:
    same = Question(estimate(0.001, 0.004, p_value=0.6), "higher", margin=0.01)
    found = decide_all(dict.fromkeys("abcdefgh", same))
    assert {decision.call for decision in found.values()} == {Call.EQUIVALENT}


def test_what_has_no_estimate_cannot_be_told_and_takes_no_part_in_the_correction() -> None:
    one = Question(estimate(0.03, 0.028, p_value=0.03), "higher")
    found = decide_all({"a": one, "b": Question(Undecided("too few rows"), "higher", 0.1)})
    assert found["a"].call is Call.BETTER
    assert found["b"].call is Call.CANNOT_TELL
    assert found["b"].reason == "too few rows"
    assert (found["b"].estimate, found["b"].p_adjusted, found["b"].needed) == (None, None, None)
    assert not found["b"].not_worse


def test_the_rows_that_would_tell_are_more_than_there_are_and_about_right() -> None:
    """Half an interval of 1.96 standard errors: a difference of one of them needs (2.8016 / 1)^2 times the rows."""
    found = decide(Question(estimate(0.01, 0.0196, p_value=0.3, units=400), "higher"))
    assert found.needed == pytest.approx(400 * 2.8016**2, rel=1e-3)
    just = decide(Question(estimate(0.0299, 0.01, units=400), "higher", margin=0.03))
    assert just.call is Call.CANNOT_TELL
    assert just.needed == pytest.approx(400 * (2.8016 * 0.0051 / 0.0001) ** 2, rel=0.01)
    nearer = decide(Question(estimate(0.02999999, 0.01, units=400), "higher", margin=0.03))
    assert nearer.needed is None  # so near the margin that no number of rows would show on which side
    edge = decide(Question(estimate(0.03, 0.02, 0.08, units=400), "higher"))
    assert edge.needed == 401


def test_no_number_of_rows_tells_two_equal_models_apart_without_a_margin() -> None:
    assert decide(Question(estimate(0.0, 0.02, 1.0), "higher")).needed is None


@pytest.mark.parametrize("margin", [-0.1, float("nan"), float("inf")])
def test_a_margin_is_a_size(margin: float) -> None:
    with pytest.raises(ValueError, match="a margin is a size"):
        Question(Undecided("x"), "higher", margin)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_no_estimate_holds_what_is_no_number(bad: float) -> None:
    with pytest.raises(ValueError, match="must be finite"):
        replace(estimate(0.1, 0.1), high=bad)
    with pytest.raises(ValueError, match="must be finite"):
        Interval(0.5, bad, 0.7, 10, "m")


def test_draws_have_defaults() -> None:
    assert Draws(1) == Draws(1, 10_000, 0)
