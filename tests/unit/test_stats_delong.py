"""DeLong's test against its authors' data, against all pairs, and where it has nothing to say."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr
from sklearn.metrics import roc_auc_score

from mltools.core.stats import bootstrap, delong
from mltools.core.stats.cases import Case
from mltools.core.stats.metrics import METRICS
from mltools.core.stats.values import Draws, Estimate, Floats, Undecided

# The 43 complete patients of DeLong, DeLong and Clarke-Pearson (1988): albumin, total protein, K-G score, outcome. Results
# as SAS/STAT's manual prints them (LOGISTIC, "Comparing Receiver Operating Characteristic Curves").
PATIENTS = """
3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0  1.6 5.6 5 1  3.8 5.7 5 1
3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1  4.3 7.0 4 1  3.6 6.7 4 0  2.3 4.4 6 1  4.2 7.6 4 0
4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1  3.0 4.7 8 0  4.5 7.4 5 1  3.7 7.4 5 1  3.1 6.6 6 1  4.1 8.2 6 1  4.3 7.0 5 1
4.3 6.5 4 1  3.2 5.1 5 1  2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0  3.7 6.1 5 1  3.3 6.3 7 1  4.2 7.7 6 1  3.5 6.2 5 1
2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1  3.3 5.7 6 1  3.7 6.9 5 1  3.6 6.6 5 1
"""
TABLE = np.array(PATIENTS.split(), dtype=float).reshape(-1, 4)
OUTCOME = TABLE[:, 3].astype(np.int64)
ALBUMIN, PROTEIN, KG = Case(OUTCOME, TABLE[:, 0]), Case(OUTCOME, TABLE[:, 1]), Case(OUTCOME, 10 - TABLE[:, 2])


def estimate(found: Estimate | Undecided) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


@pytest.mark.parametrize(
    ("case", "auc", "low", "high"),
    [(ALBUMIN, 0.7366, 0.5549, 0.9182), (KG, 0.7258, 0.5243, 0.9273), (PROTEIN, 0.6478, 0.4518, 0.8439)],
)
def test_the_auc_of_one_model_is_the_published_one(case: Case, auc: float, low: float, high: float) -> None:
    found = delong.single(case)
    assert not isinstance(found, Undecided)
    assert (found.value, found.low, found.high) == pytest.approx((auc, low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("case", "shift", "error", "low", "high", "p"),
    [(ALBUMIN, 0.0108, 0.0953, -0.1761, 0.1976, 0.9102), (PROTEIN, -0.0780, 0.1046, -0.2830, 0.1271, 0.4561)],
)
def test_the_difference_is_the_published_one(
    case: Case, shift: float, error: float, low: float, high: float, p: float
) -> None:
    found = estimate(delong.paired(KG, case))
    seen = (found.value, found.std_error, found.low, found.high, found.p_value)
    assert seen == pytest.approx((shift, error, low, high, p), abs=5e-5)


def by_all_pairs(truth: Any, base: Floats, head: Floats) -> tuple[float, float, float, float]:
    """AUCs, variance and p value from the definition: every positive against every negative."""
    components = []
    for score in (base, head):
        positive, negative = score[truth == 1][:, None], score[truth == 0][None, :]
        wins = (positive > negative) + 0.5 * (positive == negative)
        components.append((wins.mean(axis=1), wins.mean(axis=0)))
    s10 = np.cov(np.stack([component[0] for component in components]))
    s01 = np.cov(np.stack([component[1] for component in components]))
    covariance = s10 / (truth == 1).sum() + s01 / (truth == 0).sum()
    contrast = np.array([-1.0, 1.0])
    variance = float(contrast @ covariance @ contrast)
    aucs = [component[0].mean() for component in components]
    return aucs[0], aucs[1], variance, float(2 * ndtr(-abs(aucs[1] - aucs[0]) / variance**0.5))


@pytest.mark.parametrize("digits", [0, 1, 2, 12])
@pytest.mark.parametrize("seed", range(5))
def test_ranks_give_what_all_pairs_give(seed: int, digits: int) -> None:
    rng = np.random.default_rng(seed)
    truth = (rng.random(150) < rng.uniform(0.1, 0.9)).astype(np.int64)
    base = np.round(rng.normal(size=150) + truth, digits)
    head = np.round(0.5 * base + rng.normal(size=150) + truth, digits)
    found = estimate(delong.paired(Case(truth, base), Case(truth, head)))
    seen = (found.base, found.head, found.std_error**2, found.p_value)
    assert seen == pytest.approx(by_all_pairs(truth, base, head), rel=1e-9, abs=1e-12)
    assert found.head == pytest.approx(roc_auc_score(truth, head), abs=1e-12)


def sample(rows: int = 400, seed: int = 1) -> tuple[Case, Case]:
    rng = np.random.default_rng(seed)
    truth = (rng.random(rows) < 0.4).astype(np.int64)
    base = rng.normal(size=rows) + truth
    return Case(truth, base), Case(truth, base + 0.7 * rng.normal(size=rows))


def test_the_bootstrap_finds_the_same() -> None:
    base, head = sample()
    ours = estimate(delong.paired(base, head))
    drawn = estimate(bootstrap.paired(METRICS["roc_auc"], base, head, Draws(1, 4_000)))
    assert ours.std_error == pytest.approx(drawn.std_error, rel=0.05)
    assert (ours.low, ours.high) == pytest.approx((drawn.low, drawn.high), abs=0.2 * ours.std_error)


def test_groups_of_one_row_change_nothing_but_the_small_sample_factor() -> None:
    base, head = sample()
    plain = estimate(delong.paired(base, head))
    by_group = estimate(delong.paired(base, head, groups=np.arange(base.rows)))
    assert by_group.std_error == pytest.approx(plain.std_error, rel=1e-9)
    assert by_group.units == base.rows


def test_rows_in_groups_agree_with_the_bootstrap_of_groups() -> None:
    rng = np.random.default_rng(5)
    groups = rng.integers(0, 80, 1_200)
    common = rng.normal(size=80)[groups]
    truth = (rng.random(1_200) < 0.4).astype(np.int64)
    base = Case(truth, truth + common + rng.normal(size=1_200))
    head = Case(truth, truth + rng.normal(size=80)[groups] + rng.normal(size=1_200))
    ours = estimate(delong.paired(base, head, groups=groups))
    drawn = estimate(bootstrap.paired(METRICS["roc_auc"], base, head, Draws(1, 4_000), groups=groups))
    assert ours.std_error == pytest.approx(drawn.std_error, rel=0.06)
    assert ours.std_error > 1.2 * estimate(delong.paired(base, head)).std_error
    assert ours.method == "DeLong's interval of groups (Obuchowski)"


def test_two_test_sets_add_up_their_variances() -> None:
    base, head = sample(seed=1)[0], sample(seed=2)[1]
    found = estimate(delong.unpaired(base, head))
    singles = [delong.single(case) for case in (base, head)]
    halves = [(one.high - one.low) / 2 for one in singles if not isinstance(one, Undecided)]
    assert (found.high - found.low) / 2 == pytest.approx(np.hypot(halves[0], halves[1]))
    assert (found.paired, found.rows, found.units) == (False, 800, 400)


def test_the_same_scores_are_certainly_equal() -> None:
    base, _ = sample()
    found = estimate(delong.paired(base, base))
    assert (found.low, found.high, found.p_value) == (0, 0, 1)
    stretched = Case(base.target, base.prediction * 3 + 1)
    assert estimate(delong.paired(base, stretched)).p_value == 1


PERFECT = Case(np.repeat([0, 1], 20), np.arange(40.0))
CONSTANT = Case(np.repeat([0, 1], 20), np.zeros(40))


@pytest.mark.parametrize(
    ("base", "head", "why"),
    [
        (CONSTANT, CONSTANT, "the same score"),
        (CONSTANT, Case(CONSTANT.target, CONSTANT.prediction + 1), "the same score"),
        (PERFECT, Case(PERFECT.target, PERFECT.prediction**2), "both models put all positive rows above"),
        (Case(np.ones(40, dtype=np.int64), np.arange(40.0)), PERFECT, "0 negative rows"),
        (Case(np.zeros(40, dtype=np.int64), np.arange(40.0)), PERFECT, "0 positive rows"),
        (
            Case(np.eye(1, 40, dtype=np.int64)[0], np.arange(40.0)),
            PERFECT,
            "1 positive row: DeLong's test needs 5",
        ),
        (Case(np.array([1]), np.array([0.5])), Case(np.array([1]), np.array([0.4])), "0 negative rows"),
    ],
)
def test_where_nothing_can_be_said_there_is_a_reason(base: Case, head: Case, why: str) -> None:
    found = delong.paired(base, replace(head, target=base.target))
    assert isinstance(found, Undecided)
    assert why in found.reason


def test_one_constant_score_can_still_be_compared() -> None:
    target = np.repeat([0, 1], 20)
    score = np.random.default_rng(0).normal(size=40) + target
    found = estimate(delong.paired(CONSTANT, Case(target, score)))
    assert found.base == 0.5
    assert found.low < found.value < found.high


def test_too_few_groups_of_a_class_are_undecided() -> None:
    base, head = sample()
    groups = np.where(base.target == 1, 0, np.arange(base.rows))
    found = delong.paired(base, head, groups=groups)
    assert found == Undecided("the AUC's variance cannot be estimated from so few rows or groups")


@pytest.mark.parametrize("case", [PERFECT, CONSTANT, Case(np.zeros(9, dtype=np.int64), np.arange(9.0))])
def test_a_single_auc_without_variance_is_undecided(case: Case) -> None:
    assert isinstance(delong.single(case), Undecided)


def test_two_test_sets_that_both_models_separate_are_undecided() -> None:
    assert isinstance(delong.unpaired(PERFECT, PERFECT), Undecided)
    assert isinstance(delong.unpaired(CONSTANT, CONSTANT), Undecided)
    assert isinstance(delong.unpaired(PERFECT, Case(np.zeros(9, dtype=np.int64), np.arange(9.0))), Undecided)


def test_a_million_rows_take_two_sorts() -> None:
    base, head = sample(1_000_000)
    found = estimate(delong.paired(base, head))
    assert 0 < found.std_error < 0.001
    assert found.base == pytest.approx(0.76, abs=0.002)
