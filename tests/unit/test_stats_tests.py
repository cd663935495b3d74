"""The small tests: McNemar, proportions, regression errors, Holm, power. Against scipy and printed examples."""

from typing import Literal

import numpy as np
import pytest
from scipy import optimize, stats

from mltools.core.stats import holm, mcnemar, power, proportions, regression
from mltools.core.stats.values import Undecided

COUNTS = [(0, 0), (0, 1), (1, 1), (0, 5), (3, 9), (9, 3), (12, 12), (40, 61), (5_000, 5_200), (0, 400)]


@pytest.mark.parametrize(("gained", "lost"), COUNTS)
def test_exact_mcnemar_is_the_binomial_test(gained: int, lost: int) -> None:
    found = mcnemar.of_counts(gained, lost, 20_000)
    expected = stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert found.p_exact == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("gained", "lost"), COUNTS)
def test_mid_p_counts_the_observed_outcome_half(gained: int, lost: int) -> None:
    found = mcnemar.of_counts(gained, lost, 20_000)
    differing, fewer = gained + lost, min(gained, lost)
    expected = 2 * stats.binom.cdf(fewer - 1, differing, 0.5) + stats.binom.pmf(fewer, differing, 0.5)
    assert found.p_mid == pytest.approx(expected, rel=1e-6)
    assert 0 < found.p_mid <= found.p_exact


def test_mcnemar_counts_rows_that_one_model_alone_gets_right() -> None:
    base, head = np.array([1, 1, 0, 0, 1, 0]), np.array([1, 0, 1, 1, 1, 0])
    found = mcnemar.mcnemar(base, head)
    assert (found.gained, found.lost, found.rows) == (2, 1, 6)
    with pytest.raises(ValueError, match="differ in length"):
        mcnemar.mcnemar(base, head[:3])


@pytest.mark.parametrize(
    ("hits", "rows", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_s_interval_is_newcombe_s_printed_one(hits: int, rows: int, low: float, high: float) -> None:
    """R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3."""
    assert proportions.interval(hits, rows) == pytest.approx((low, high), abs=5e-5)
    theirs = stats.binomtest(hits, rows).proportion_ci(method="wilson")
    assert proportions.interval(hits, rows) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@pytest.mark.parametrize(("hits", "rows"), [(0, 1), (1, 1), (1, 10), (15, 148), (20, 20)])
def test_the_exact_interval_is_that_of_scipy(hits: int, rows: int) -> None:
    theirs = stats.binomtest(hits, rows).proportion_ci(confidence_level=0.99, method="exact")
    found = proportions.exact_interval(hits, rows, level=0.99)
    assert found == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_newcombe_s_interval_is_the_printed_one() -> None:
    """R. G. Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10: 56/70 - 48/80."""
    assert proportions.unpaired_interval(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert proportions.unpaired_interval(48, 80, 56, 70) == pytest.approx((-0.3339, -0.0524), abs=5e-5)


def test_tango_s_interval_is_near_the_printed_one_for_many_rows() -> None:
    """A. Agresti, Categorical Data Analysis, 10.1: approval 794, 150, 86, 570; -0.04 with interval (-0.06, -0.02)."""
    assert proportions.paired_interval(86, 150, 1_600) == pytest.approx((-0.059, -0.021), abs=5e-4)


@pytest.mark.parametrize(("gained", "lost", "rows"), [(8, 3, 40), (1, 6, 25), (30, 12, 90), (0, 4, 30)])
def test_tango_s_interval_ends_where_the_score_test_says(gained: int, lost: int, rows: int) -> None:
    """The same by maximising the likelihood under each difference numerically."""

    def p_value(difference: float) -> float:
        def loss(losing: float) -> float:
            gaining = losing + difference
            if gaining < 0 or gaining + losing > 1:
                return np.inf
            same = 1 - gaining - losing
            terms = ((gained, gaining), (lost, losing), (rows - gained - lost, same))
            return -float(sum(count * np.log(max(chance, 1e-300)) for count, chance in terms if count))

        low, high = max(0.0, -difference), (1 - difference) / 2
        losing = optimize.minimize_scalar(
            loss, bounds=(low, high), method="bounded", options={"xatol": 1e-12}
        ).x
        variance = rows * (2 * losing + difference - difference**2)
        return float(2 * stats.norm.sf(abs(gained - lost - rows * difference) / variance**0.5))

    for end in proportions.paired_interval(gained, lost, rows):
        assert p_value(end) == pytest.approx(0.05, abs=1e-3)


def test_intervals_do_not_vanish_where_no_row_differs() -> None:
    low, high = proportions.paired_interval(0, 0, 40)
    assert low == pytest.approx(-high)
    assert high == pytest.approx(1.96**2 / (40 + 1.96**2), abs=1e-3)
    assert proportions.unpaired_interval(20, 20, 30, 30)[0] < -0.1


@pytest.mark.parametrize("rows", [1, 2, 1_000_000])
def test_paired_intervals_hold_at_the_edges(rows: int) -> None:
    for gained, lost in ((rows, 0), (0, rows), (0, 0)):
        low, high = proportions.paired_interval(gained, lost, rows)
        assert -1 <= low <= (gained - lost) / rows <= high <= 1


def test_the_p_value_of_two_samples_is_campbell_s() -> None:
    table = np.array([[56, 14], [48, 32]])
    chi = stats.chi2_contingency(table, correction=False).statistic * 149 / 150
    assert proportions.unpaired_p_value(56, 70, 48, 80) == pytest.approx(stats.chi2.sf(chi, 1), rel=1e-9)
    assert proportions.unpaired_p_value(0, 10, 0, 20) == 1.0


TRUTH = np.random.default_rng(2).normal(size=60)
OLD = TRUTH + np.random.default_rng(3).standard_t(3, 60)
NEW = TRUTH + 0.7 * np.random.default_rng(4).standard_t(3, 60)


@pytest.mark.parametrize("loss", ["absolute", "squared"])
def test_regression_errors_are_tested_as_scipy_tests_them(loss: Literal["absolute", "squared"]) -> None:
    found = regression.errors(TRUTH, OLD, NEW, loss=loss)
    assert not isinstance(found, Undecided)
    power_of = 1 if loss == "absolute" else 2
    old, new = np.abs(OLD - TRUTH) ** power_of, np.abs(NEW - TRUTH) ** power_of
    assert found.p_t == pytest.approx(stats.ttest_rel(new, old).pvalue, rel=1e-9)
    assert found.p_wilcoxon == pytest.approx(stats.wilcoxon(new, old).pvalue, rel=1e-9)
    assert found.mean == pytest.approx((new - old).mean())
    assert found.median == pytest.approx(np.median(new - old))
    assert (found.rows, found.differing) == (60, 60)


def test_ties_and_large_samples_are_tested_too() -> None:
    rng = np.random.default_rng(5)
    target, old = np.zeros(50_000), np.round(rng.normal(size=50_000), 1)
    new = np.where(rng.random(50_000) < 0.5, old, np.round(rng.normal(size=50_000) * 0.9, 1))
    found = regression.errors(target, old, new)
    assert not isinstance(found, Undecided)
    assert found.differing < 30_000
    assert found.p_wilcoxon == pytest.approx(stats.wilcoxon(np.abs(new), np.abs(old)).pvalue)
    assert found.p_t < 0.001


@pytest.mark.parametrize(
    ("target", "base", "head", "why"),
    [
        ([1.0], [2.0], [3.0], "1 row cannot be tested"),
        ([], [], [], "0 rows cannot be tested"),
        ([1.0, 2.0], [2.0, 3.0], [2.0, 3.0], "the errors are the same in all rows"),
        ([1.0, 2.0], [2.0, 3.0], [0.0, 1.0], "the errors are the same in all rows"),
        ([1.0, float("nan")], [2.0, 3.0], [2.0, 3.0], "no finite number"),
        ([1.0, 2.0], [2.0, 3.0], [float("inf"), 3.0], "no finite number"),
        ([0.0, 0.0], [1e200, 1.0], [0.0, 0.0], "too large to be squared"),
    ],
)
def test_errors_that_cannot_be_tested_have_a_reason(
    target: list[float], base: list[float], head: list[float], why: str
) -> None:
    found = regression.errors(np.array(target), np.array(base), np.array(head), loss="squared")
    assert isinstance(found, Undecided)
    assert why in found.reason


def test_the_same_loss_in_every_row_leaves_no_doubt() -> None:
    found = regression.errors(np.zeros(30), np.ones(30), np.full(30, 2.0))
    assert not isinstance(found, Undecided)
    assert found.p_t == 0
    with pytest.raises(ValueError, match="differ in length"):
        regression.errors(np.zeros(30), np.ones(29), np.ones(30))


def test_holm_s_own_arithmetic() -> None:
    assert holm.adjusted([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm.adjusted([0.2]) == (0.2,)
    assert holm.adjusted([]) == ()
    assert holm.adjusted([0.9, 0.8]) == (1.0, 1.0)
    assert holm.by_name({"b": 0.03, "a": 0.02}) == {"b": pytest.approx(0.04), "a": pytest.approx(0.04)}


@pytest.mark.parametrize("seed", range(10))
def test_holm_rejects_what_the_step_down_procedure_rejects(seed: int) -> None:
    p_values = np.random.default_rng(seed).random(12) ** 4
    rejected = set()
    for step, index in enumerate(np.argsort(p_values)):
        if p_values[index] > 0.05 / (12 - step):
            break
        rejected.add(int(index))
    assert {index for index, p in enumerate(holm.adjusted(p_values)) if p <= 0.05} == rejected


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm.adjusted([0.5, bad])


def test_the_rows_needed_are_the_textbook_s() -> None:
    """(1.95996 + 0.84162)^2 = 7.8489: a difference of half a standard deviation needs 32 rows."""
    assert power.rows_to_differ(1 / 10, 100, 0.5, alpha=0.05) == 32
    assert power.rows_to_agree(1 / 10, 100, 0.1, 0.6, alpha=0.05) == 32
    assert power.rows_to_agree(1 / 10, 100, 0.0, 0.5, alpha=0.05) == 43  # (1.95996 + 1.28155)^2 * 4


def test_the_rows_needed_give_the_power_they_promise() -> None:
    rng = np.random.default_rng(1)
    rows = power.rows_to_differ(2.0 / 50**0.5, 50, 0.5, alpha=0.05)
    assert rows is not None
    samples = rng.normal(0.5, 2, size=(4_000, rows))
    found = np.abs(samples.mean(axis=1) / (samples.std(axis=1, ddof=1) / rows**0.5)) > 1.96
    assert found.mean() == pytest.approx(0.8, abs=0.025)


def test_no_number_of_rows_shows_what_is_not_there() -> None:
    assert power.rows_to_differ(0.1, 100, 0.0, alpha=0.05) is None
    assert power.rows_to_agree(0.1, 100, 0.5, 0.5, alpha=0.05) is None
    assert power.rows_to_agree(0.1, 100, 0.2, 0.0, alpha=0.05) is None
    assert power.rows_to_differ(0.1, 100, 1e-9, alpha=0.05) is None
