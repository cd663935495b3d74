"""Bootstrap intervals against scipy's, and where there is none to be had."""

from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score, roc_auc_score

from mltools.core.stats import bootstrap, intervals, redraws
from mltools.core.stats.cases import Case
from mltools.core.stats.metrics import METRICS
from mltools.core.stats.tables import grouped
from mltools.core.stats.values import Array, Draws, Estimate, Floats, Undecided

DRAWS = Draws(seed=11)
RNG = np.random.default_rng(8)
ROWS = 900
TRUTH = (RNG.random(ROWS) < 0.35).astype(np.int64)
LOGIT = RNG.normal(size=ROWS) + 1.6 * TRUTH - 0.8
OLD = 1 / (1 + np.exp(-LOGIT))
NEW = 1 / (1 + np.exp(-LOGIT - 0.4 * RNG.normal(size=ROWS) - 0.3 * TRUTH))
TARGET = RNG.normal(size=ROWS)
GROUPS = RNG.integers(0, 60, ROWS)


def estimate(found: Estimate | Undecided) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def labels(score: Floats) -> Case:
    return Case(TRUTH, (score >= 0.5).astype(np.int64), 2)


def ends(found: Estimate) -> tuple[float, float]:
    return found.low, found.high


def scipy_interval(statistic: Any, *data: Array, vectorized: bool = True, resamples: int = 4_000) -> Any:
    return stats.bootstrap(
        data,
        statistic,
        paired=True,
        vectorized=vectorized,
        n_resamples=resamples,
        method="percentile",
        random_state=np.random.default_rng(1),
        batch=200,
    )


def same_as_scipy(ours: Estimate, theirs: Any) -> None:
    """Ends within what chance does to the 2.5 % quantile of so many resamples (about .04 of a standard error each)."""
    assert ours.std_error == pytest.approx(theirs.standard_error, rel=0.05)
    assert ends(ours) == pytest.approx(tuple(theirs.confidence_interval), abs=0.15 * theirs.standard_error)


def test_means_of_continuous_scores_agree_with_scipy() -> None:
    base, head = (TARGET - OLD) ** 2, (TARGET - NEW) ** 2
    ours = estimate(bootstrap.means(base, head, DRAWS))
    same_as_scipy(ours, scipy_interval(lambda b, h, axis: (h - b).mean(axis=axis), base, head))
    assert ours.value == pytest.approx(head.mean() - base.mean())
    assert (ours.rows, ours.units, ours.seed, ours.resamples, ours.paired) == (ROWS, ROWS, 11, 10_000, True)


def test_means_of_0_and_1_agree_with_scipy() -> None:
    base, head = ((labels(score).prediction == TRUTH).astype(float) for score in (OLD, NEW))
    ours = estimate(bootstrap.means(base, head, DRAWS))
    same_as_scipy(ours, scipy_interval(lambda b, h, axis: (h - b).mean(axis=axis), base, head))


def test_means_of_few_different_scores_agree_with_scipy() -> None:
    base, head = np.round(2 * OLD) / 4, np.round(4 * NEW) / 4
    ours = estimate(bootstrap.means(base, head, DRAWS))
    same_as_scipy(ours, scipy_interval(lambda b, h, axis: (h - b).mean(axis=axis), base, head))


@pytest.mark.parametrize("name", ["log_loss", "brier"])
def test_a_metric_of_rows_agrees_with_scipy(name: str) -> None:
    metric = METRICS[name]
    assert not hasattr(metric, "weighted")
    scores = [metric.features(TRUTH, score, 0)[:, 0] for score in (OLD, NEW)]
    ours = estimate(bootstrap.paired(metric, Case(TRUTH, OLD), Case(TRUTH, NEW), DRAWS))
    same_as_scipy(ours, scipy_interval(lambda b, h, axis: (h - b).mean(axis=axis), *scores))


def test_rmse_agrees_with_scipy() -> None:
    ours = estimate(bootstrap.paired(METRICS["rmse"], Case(TARGET, OLD), Case(TARGET, NEW), DRAWS))

    def shift(y: Array, b: Array, h: Array, axis: int) -> Any:
        return ((h - y) ** 2).mean(axis=axis) ** 0.5 - ((b - y) ** 2).mean(axis=axis) ** 0.5

    same_as_scipy(ours, scipy_interval(shift, TARGET, OLD, NEW))


def test_r2_agrees_with_scipy() -> None:
    target, old, new = TARGET + 100, TARGET + 100 + 0.4 * OLD, TARGET + 100 + 0.5 * NEW
    ours = estimate(bootstrap.paired(METRICS["r2"], Case(target, old), Case(target, new), DRAWS))

    def shift(y: Array, b: Array, h: Array, axis: int) -> Any:
        return (((b - y) ** 2).mean(axis=axis) - ((h - y) ** 2).mean(axis=axis)) / y.var(axis=axis)

    same_as_scipy(ours, scipy_interval(shift, target, old, new))


def test_f1_agrees_with_scipy() -> None:
    base, head = labels(OLD), labels(NEW)
    ours = estimate(bootstrap.paired(METRICS["f1"], base, head, DRAWS))

    def one(y: Array, p: Array, axis: int) -> Any:
        return 2 * (y & p).sum(axis=axis) / (y.sum(axis=axis) + p.sum(axis=axis))

    theirs = scipy_interval(
        lambda y, b, h, axis: one(y, h, axis) - one(y, b, axis), TRUTH, base.prediction, head.prediction
    )
    same_as_scipy(ours, theirs)
    assert ours.head == f1_score(TRUTH, head.prediction)


@pytest.mark.parametrize("ties", [None, 1], ids=["no ties", "ties"])
def test_roc_auc_agrees_with_scipy(ties: int | None) -> None:
    old, new = (score if ties is None else np.round(score, ties) for score in (OLD, NEW))
    ours = estimate(
        bootstrap.paired(METRICS["roc_auc"], Case(TRUTH, old), Case(TRUTH, new), Draws(11, 2_000))
    )

    def auc(y: Array, s: Array) -> Any:
        """Mann and Whitney's U, for each resample."""
        ranks = stats.rankdata(s, axis=-1)
        positive = y.sum(axis=-1)
        return ((ranks * y).sum(axis=-1) - positive * (positive + 1) / 2) / (positive * (ROWS - positive))

    def shift(y: Array, b: Array, h: Array, axis: int) -> Any:
        assert axis == -1
        return auc(y, h) - auc(y, b)

    theirs = scipy_interval(shift, TRUTH, old, new, resamples=2_000)
    assert ours.head == pytest.approx(roc_auc_score(TRUTH, new), abs=1e-12)
    assert ours.std_error == pytest.approx(theirs.standard_error, rel=0.06)
    assert ends(ours) == pytest.approx(tuple(theirs.confidence_interval), abs=0.2 * theirs.standard_error)


@pytest.mark.parametrize("name", sorted(METRICS))
@pytest.mark.parametrize("by_group", [False, True], ids=["rows", "groups"])
def test_resampled_differences_are_the_metric_on_drawn_rows(name: str, by_group: bool) -> None:  # noqa: FBT001
    """Their mean and spread are those of the metric computed anew, with scikit-learn's weights, on plain draws."""
    from mltools.core.stats.metrics import value

    metric = METRICS[name]
    rows = 200
    truth, old, new = TRUTH[:rows], OLD[:rows], NEW[:rows]
    if metric.uses in {"class", "positive"}:
        base, head = (Case(truth, (score >= 0.5).astype(np.int64), 2) for score in (old, new))
    elif metric.uses == "number":
        base, head = Case(3 + TARGET[:rows], 3 + old), Case(3 + TARGET[:rows], 3 + new)
    else:
        base, head = Case(truth, old), Case(truth, new)
    groups = grouped(GROUPS[:rows] if by_group else np.arange(rows))
    ours = redraws.of_pair(metric, base, head, groups if by_group else None, Draws(4, 4_000))
    drawn = np.random.default_rng(2)
    plain = []
    for _ in range(400):
        picked = np.bincount(drawn.integers(0, groups.count, groups.count), minlength=groups.count)
        found = [value(metric, case, picked[groups.codes]) for case in (base, head)]
        assert isinstance(found[0], float)
        assert isinstance(found[1], float)
        plain.append(found[1] - found[0])
    spread = float(np.std(plain))
    assert ours.mean() == pytest.approx(np.mean(plain), abs=0.3 * spread)
    assert ours.std() == pytest.approx(spread, rel=0.2)


def test_rows_of_a_group_widen_the_interval_when_they_vary_together() -> None:
    common = np.random.default_rng(3).normal(size=60)[GROUPS]
    base, head = Case(TARGET, TARGET), Case(TARGET, TARGET + 2 + common)
    by_row = estimate(bootstrap.paired(METRICS["mae"], base, head, DRAWS))
    by_group = estimate(bootstrap.paired(METRICS["mae"], base, head, DRAWS, groups=GROUPS))
    assert by_group.units == 60
    assert by_group.method == "paired bootstrap of groups"
    assert by_group.std_error > 2 * by_row.std_error


def test_groups_of_one_row_are_rows() -> None:
    base, head = Case(TRUTH, OLD), Case(TRUTH, NEW)
    for name in ("log_loss", "average_precision"):
        by_row = estimate(bootstrap.paired(METRICS[name], base, head, Draws(1, 2_000)))
        by_group = estimate(
            bootstrap.paired(METRICS[name], base, head, Draws(1, 2_000), groups=np.arange(ROWS))
        )
        assert by_group.std_error == pytest.approx(by_row.std_error, rel=0.07)


@pytest.mark.parametrize("name", ["accuracy", "f1", "log_loss", "average_precision"])
def test_two_test_sets_vary_independently(name: str) -> None:
    metric = METRICS[name]
    cases = [labels(OLD), labels(NEW)] if name in {"accuracy", "f1"} else [Case(TRUTH, OLD), Case(TRUTH, NEW)]
    whole = estimate(bootstrap.unpaired(metric, cases[0], cases[1], Draws(2, 2_000)))
    alone = [redraws.of_one(metric, case, None, Draws(7, 2_000)).std() for case in cases]
    assert whole.std_error == pytest.approx(np.hypot(*alone), rel=0.07)
    assert (whole.paired, whole.rows, whole.units) == (False, 2 * ROWS, ROWS)
    grouped_too = bootstrap.unpaired(metric, cases[0], cases[1], Draws(2, 2_000), groups=(GROUPS, GROUPS))
    assert estimate(grouped_too).units == 60


def test_several_classes_are_resampled_by_cells() -> None:
    target = RNG.integers(0, 4, 400)
    base = Case(target, np.where(RNG.random(400) < 0.7, target, 0), 4)
    head = Case(target, np.where(RNG.random(400) < 0.8, target, 1), 4)
    by_cells = estimate(bootstrap.paired(METRICS["f1_macro"], base, head, DRAWS))
    by_rows = estimate(bootstrap.paired(METRICS["f1_macro"], base, head, DRAWS, groups=np.arange(400)))
    assert by_cells.std_error == pytest.approx(by_rows.std_error, rel=0.05)
    assert ends(by_cells) == pytest.approx(ends(by_rows), abs=0.2 * by_rows.std_error)


def test_the_same_seed_gives_the_same_estimate() -> None:
    base, head = Case(TRUTH, OLD), Case(TRUTH, NEW)
    for name in ("log_loss", "average_precision"):
        first, again, other = (
            bootstrap.paired(METRICS[name], base, head, Draws(seed, 1_000)) for seed in (5, 5, 6)
        )
        assert first == again
        assert first != other


def test_the_p_value_agrees_with_the_interval() -> None:
    drawn = np.random.default_rng(0).normal(size=10_000)
    for shift in (1.7, 1.9, 2.0, 2.3):
        moved = drawn + shift
        for units in (20, 100, 100_000):
            p = intervals.p_value(moved, units)
            low, _ = intervals.percentile(moved, units, 1 - p * 0.98)
            further, _ = intervals.percentile(moved, units, 1 - p * 1.02)
            assert low < 0 < further or abs(low) + abs(further) < 0.03


def test_p_values_are_between_0_and_1_and_never_0() -> None:
    ones = np.ones(999)
    assert intervals.p_value(ones, 10_000) == pytest.approx(0.002, rel=0.01)
    assert intervals.p_value(ones, 50) == pytest.approx(0.0036, rel=0.01)
    assert intervals.p_value(-ones, 50) == intervals.p_value(ones, 50)
    assert intervals.p_value(0 * ones, 50) == 1.0
    assert intervals.p_value(np.concatenate([ones, -ones]), 50) == 1.0


def test_models_that_agree_on_every_row_are_not_proven_equal() -> None:
    right = np.ones(40)
    found = estimate(bootstrap.means(right, right, DRAWS))
    assert found.low < -0.02
    assert found.high > 0.02
    assert found.p_value > 0.5
    case = labels(OLD)
    f1 = estimate(bootstrap.paired(METRICS["f1"], case, case, DRAWS))
    assert f1.low < 0 < f1.high


def test_the_same_scores_on_every_row_leave_nothing_to_doubt() -> None:
    found = estimate(bootstrap.paired(METRICS["log_loss"], Case(TRUTH, OLD), Case(TRUTH, OLD), DRAWS))
    assert (found.low, found.high, found.p_value, found.std_error) == (0, 0, 1, 0)


def test_a_difference_that_is_the_same_on_every_row_is_certain() -> None:
    found = estimate(
        bootstrap.paired(METRICS["mae"], Case(TARGET, TARGET + 1), Case(TARGET, TARGET + 2), DRAWS)
    )
    assert [found.low, found.high] == pytest.approx([1, 1])
    assert found.p_value < 0.001


def test_models_that_differ_without_any_effect_are_undecided() -> None:
    truth = np.repeat([0, 1], 30)
    score = np.linspace(0.1, 0.9, 60)
    found = bootstrap.paired(METRICS["average_precision"], Case(truth, score), Case(truth, score**2), DRAWS)
    assert isinstance(found, Undecided)
    assert found.reason == "average_precision is the same in every resample though the predictions differ"


@pytest.mark.parametrize("rows", [1, 2, 19])
def test_few_rows_carry_no_interval(rows: int) -> None:
    found = bootstrap.means(np.zeros(rows), np.ones(rows), DRAWS)
    what = "1 row" if rows == 1 else f"{rows} rows"
    assert found == Undecided(f"{what} cannot carry an interval: at least 20 are needed")


def test_few_groups_carry_no_interval() -> None:
    found = bootstrap.paired(
        METRICS["log_loss"], Case(TRUTH, OLD), Case(TRUTH, NEW), DRAWS, groups=np.arange(ROWS) % 7
    )
    assert found == Undecided("7 groups cannot carry an interval: at least 20 are needed")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_row_scores_that_are_no_numbers_are_refused(bad: float) -> None:
    scores = np.ones(50)
    scores[3] = bad
    assert bootstrap.means(np.ones(50), scores, DRAWS) == Undecided(
        "mean has row scores that are no finite numbers"
    )


def test_scores_of_different_rows_cannot_be_paired() -> None:
    with pytest.raises(ValueError, match="differ in length: 3 and 4"):
        bootstrap.means(np.ones(3), np.ones(4), DRAWS)


def test_a_class_too_rare_to_be_resampled_is_undecided() -> None:
    truth = np.zeros(60, dtype=np.int64)
    truth[0] = 1
    found = bootstrap.paired(
        METRICS["average_precision"], Case(truth, OLD[:60]), Case(truth, NEW[:60]), Draws(1, 1_000)
    )
    assert found == Undecided("average_precision is undefined in too many resamples: a class is too rare")


@pytest.mark.parametrize("side", ["base", "head"])
def test_the_side_without_a_value_is_named(side: str) -> None:
    good = Case(TRUTH, OLD)
    bad = Case(np.zeros(ROWS, dtype=np.int64), OLD)
    pair = (bad, good) if side == "base" else (good, bad)
    for compare in (bootstrap.paired, bootstrap.unpaired):
        found = compare(METRICS["average_precision"], pair[0], pair[1], Draws(1, 1_000))
        assert isinstance(found, Undecided)
        assert found.reason.startswith(f"in {side} average_precision is undefined")


def test_one_model_has_an_interval_too() -> None:
    found = bootstrap.single(METRICS["log_loss"], Case(TRUTH, OLD), DRAWS)
    assert not isinstance(found, Undecided)
    assert found.low < found.value < found.high
    assert isinstance(bootstrap.single(METRICS["log_loss"], Case(TRUTH[:5], OLD[:5]), DRAWS), Undecided)
    assert isinstance(
        bootstrap.single(METRICS["roc_auc"], Case(np.eye(1, 40, dtype=np.int64)[0], OLD[:40]), DRAWS),
        Undecided,
    )


def test_any_metric_of_weights_can_be_resampled() -> None:
    values = np.sort(RNG.normal(size=101))

    def median(weights: Any) -> Floats:
        return np.asarray(values[(np.cumsum(weights, axis=1) > 50).argmax(axis=1)])

    drawn = redraws.measured(median, 101, Draws(3, 2_000))
    theirs = stats.bootstrap((values,), np.median, n_resamples=2_000, random_state=np.random.default_rng(1))
    assert drawn.std() == pytest.approx(theirs.standard_error, rel=0.1)


@pytest.mark.slow
@pytest.mark.full
def test_a_million_rows_are_resampled() -> None:
    rng = np.random.default_rng(0)
    base = rng.exponential(size=1_000_000)
    head = base + rng.normal(0.001, 0.1, size=1_000_000)
    found = estimate(bootstrap.means(base, head, Draws(1, 500)))
    assert found.std_error == pytest.approx(0.1 / 1000, rel=0.1)
    truth = (rng.random(1_000_000) < base / 10).astype(np.int64)
    ranked = bootstrap.paired(
        METRICS["average_precision"], Case(truth, base), Case(truth, head), Draws(1, 200)
    )
    assert estimate(ranked).low < 0
