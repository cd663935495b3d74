"""The difference of two models in a metric, by the method that suits it.

| metric | rows paired | rows of two test sets |
|---|---|---|
| accuracy | Tango's score interval, exact McNemar | Newcombe's interval, "N - 1" chi-square |
| ROC AUC of two classes | DeLong (Obuchowski where rows come in groups) | DeLong for each |
| all others, and all others where rows come in groups | paired bootstrap | bootstrap of each |
"""

from dataclasses import replace
from typing import Any

from scipy.special import ndtri

from mltools.core.stats import bootstrap, delong, proportions
from mltools.core.stats.cases import Case, prepared
from mltools.core.stats.mcnemar import mcnemar
from mltools.core.stats.metrics import Metric, Ranked
from mltools.core.stats.paired import Paired, Unpaired
from mltools.core.stats.values import LEVEL, Array, Draws, Estimate, Interval, Undecided

# A metric of the order of scores costs a pass over all rows per resample; more would not move its interval visibly.
RANKED_RESAMPLES = 2_000


def difference(
    metric: Metric,
    test: Paired | Unpaired,
    draws: Draws,
    *,
    positive: Any = None,
    level: float = LEVEL,
) -> Estimate | Undecided:
    """Head - base with its interval and p value. The same seed gives the same answer, whatever the order of the rows."""
    cases = prepared(metric.uses, (test.base, test.head), positive)
    if isinstance(cases, Undecided):
        return cases
    base, head = cases
    if isinstance(test, Paired):
        return of_cases(metric, base, head, draws, groups=test.head.group, level=level)
    groups = (
        (test.base.group, test.head.group)
        if test.base.group is not None and test.head.group is not None
        else None
    )
    return of_samples(metric, base, head, draws, groups=groups, level=level)


def of_cases(
    metric: Metric,
    base: Case,
    head: Case,
    draws: Draws,
    *,
    groups: Array | None = None,
    level: float = LEVEL,
) -> Estimate | Undecided:
    """The difference on rows that both models judged."""
    if not base.rows:
        return Undecided(f"{metric.name} needs at least one row")
    if metric.name == "accuracy" and groups is None:
        return _accuracy(base, head, level)
    if _is_auc(metric, base):
        return delong.paired(base, head, groups=groups, level=level)
    return bootstrap.paired(metric, base, head, _enough(metric, draws), groups=groups, level=level)


def of_samples(
    metric: Metric,
    base: Case,
    head: Case,
    draws: Draws,
    *,
    groups: tuple[Array, Array] | None = None,
    level: float = LEVEL,
) -> Estimate | Undecided:
    """The difference between two test sets."""
    if not (base.rows and head.rows):
        return Undecided(f"{metric.name} needs at least one row")
    if metric.name == "accuracy" and groups is None:
        return _two_accuracies(base, head, level)
    if _is_auc(metric, base) and groups is None:
        return delong.unpaired(base, head, level=level)
    return bootstrap.unpaired(metric, base, head, _enough(metric, draws), groups=groups, level=level)


def interval(metric: Metric, case: Case, draws: Draws, *, level: float = LEVEL) -> Interval | Undecided:
    """One model's metric with its interval."""
    if not case.rows:
        return Undecided(f"{metric.name} needs at least one row")
    if metric.name == "accuracy":
        right = int((case.target == case.prediction).sum())
        low, high = proportions.interval(right, case.rows, level=level)
        return Interval(right / case.rows, low, high, case.rows, "Wilson's score interval")
    if _is_auc(metric, case):
        return delong.single(case, level=level)
    return bootstrap.single(metric, case, _enough(metric, draws), level=level)


def _is_auc(metric: Metric, case: Case) -> bool:
    """Whether it is the ROC AUC of two classes, which DeLong's method knows."""
    return metric.name == "roc_auc" and case.prediction.ndim == 1


def _accuracy(base: Case, head: Case, level: float) -> Estimate:
    old, new = base.target == base.prediction, head.target == head.prediction
    test = mcnemar(old, new)
    low, high = proportions.paired_interval(test.gained, test.lost, test.rows, level=level)
    return Estimate(
        metric="accuracy",
        base=float(old.mean()),
        head=float(new.mean()),
        low=low,
        high=high,
        std_error=_error(low, high, level),
        p_value=test.p_exact,
        rows=test.rows,
        units=test.rows,
        method="Tango's score interval",
        test="exact McNemar",
        level=level,
    )


def _two_accuracies(base: Case, head: Case, level: float) -> Estimate:
    old, new = (int((case.target == case.prediction).sum()) for case in (base, head))
    low, high = proportions.unpaired_interval(new, head.rows, old, base.rows, level=level)
    return Estimate(
        metric="accuracy",
        base=old / base.rows,
        head=new / head.rows,
        low=low,
        high=high,
        std_error=_error(low, high, level),
        p_value=proportions.unpaired_p_value(new, head.rows, old, base.rows),
        rows=base.rows + head.rows,
        units=min(base.rows, head.rows),
        method="Newcombe's interval",
        test="'N - 1' chi-square",
        paired=False,
        level=level,
    )


def _error(low: float, high: float, level: float) -> float:
    """The standard error that the interval stands for; that of the counts is zero where no row differs."""
    return (high - low) / (2 * float(ndtri((1 + level) / 2)))


def _enough(metric: Metric, draws: Draws) -> Draws:
    if isinstance(metric, Ranked) and draws.resamples > RANKED_RESAMPLES:
        return replace(draws, resamples=RANKED_RESAMPLES)
    return draws
