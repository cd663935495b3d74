"""A metric, or the difference of two models in it, on each resample: one value a resample.

The speed comes from what a metric is. Counts of few cells are drawn at once, sums block by block (`resampling`), and only
metrics of the order of the scores see a weight for each row.
"""

from collections.abc import Callable

import numpy as np

from mltools.core.stats import resampling
from mltools.core.stats.cases import Case
from mltools.core.stats.metrics import Metric, Ranked, Summed
from mltools.core.stats.tables import Groups, class_table, single_table
from mltools.core.stats.values import Draws, Floats, Ints

# Differences with few values are drawn as counts of each value.
FEW_VALUES = 64
# Numbers of features that are held at once where there are many classes.
FEATURES_AT_ONCE = 2_000_000
# Half a row more in each cell of a two by two table (A. Agresti and Y. Min, Statistics in Medicine 24, 2005): without it
# ten rows on which both models agree would "prove" that they always do.
HALF = 0.5


def measured(measure: Callable[[Ints], Floats], units: int, draws: Draws, *, width: int = 0) -> Floats:
    """Any metric, or difference, that can be computed from weights: `measure` maps (sets x units) to one value a set.

    `width` is how many numbers `measure` holds for each set, where that is more than the weights themselves.
    """
    at_once = max(1, resampling.CELLS // max(units, width))
    return np.concatenate([measure(some) for some in resampling.weights(units, draws, at_once=at_once)])


def of_pair(metric: Metric, base: Case, head: Case, groups: Groups | None, draws: Draws) -> Floats:
    """Head - base on each resample of the rows, or of the groups, that both models judged."""
    if isinstance(metric, Ranked):
        return _ranks(metric, base, head, groups, draws)
    if groups is None and metric.rowwise:
        scores = [metric.features(case.target, case.prediction, case.classes)[:, 0] for case in (base, head)]
        return of_scores(scores[0], scores[1], draws)
    if groups is None and base.classes:
        return _cells(metric, base, head, draws)
    return _sums(metric, base, head, groups, draws)


def of_scores(base: Floats, head: Floats, draws: Draws) -> Floats:
    """The mean of head - base on each resample; with a little smoothing where scores are 0 or 1 (`HALF`)."""
    rows = len(base)
    if np.isin(base, (0, 1)).all() and np.isin(head, (0, 1)).all():
        counts = (np.bincount((2 * base + head).astype(np.int64), minlength=4) + HALF).astype(np.float64)
        steps = np.array([0.0, 1.0, -1.0, 0.0])
    else:
        steps, found = np.unique(head - base, return_counts=True)
        if len(steps) > FEW_VALUES:
            return resampling.sums((head - base)[:, None], draws)[:, 0] / rows
        counts = found.astype(np.float64)
    return np.concatenate([hits @ steps for hits in resampling.cell_counts(counts, rows, draws)]) / rows


def of_one(metric: Metric, case: Case, groups: Groups | None, draws: Draws) -> Floats:
    """The metric of one model on each resample of its rows or groups."""
    if isinstance(metric, Ranked):
        weighted = metric.weighted(case.target, case.prediction)
        if groups is None:
            return measured(weighted, case.rows, draws)
        codes = groups.codes
        return measured(lambda some: weighted(some[:, codes]), groups.count, draws, width=case.rows)
    if groups is None and case.classes:
        table = single_table(case)
        features = metric.features(table.target, table.head, case.classes)
        counts = resampling.cell_counts(table.expected, case.rows, draws)
        return np.concatenate([metric.finish(hits @ features, np.float64(case.rows)) for hits in counts])
    totals, weight = _summed(metric, (case,), groups, draws)
    return metric.finish(totals, weight)


def _cells(metric: Summed, base: Case, head: Case, draws: Draws) -> Floats:
    table = class_table(base, head)
    old = metric.features(table.target, table.base, base.classes)
    new = metric.features(table.target, table.head, base.classes)
    weight = np.float64(base.rows)
    counts = resampling.cell_counts(table.expected, base.rows, draws)
    found = [metric.finish(hits @ new, weight) - metric.finish(hits @ old, weight) for hits in counts]
    return np.concatenate(found)


def _sums(metric: Summed, base: Case, head: Case, groups: Groups | None, draws: Draws) -> Floats:
    totals, weight = _summed(metric, (base, head), groups, draws)
    width = totals.shape[1] // 2
    return np.asarray(metric.finish(totals[:, width:], weight) - metric.finish(totals[:, :width], weight))


def _ranks(metric: Ranked, base: Case, head: Case, groups: Groups | None, draws: Draws) -> Floats:
    old, new = (metric.weighted(case.target, case.prediction) for case in (base, head))

    def measure(weights: Ints) -> Floats:
        of_rows = weights if groups is None else weights[:, groups.codes]
        return np.asarray(new(of_rows) - old(of_rows))

    units = base.rows if groups is None else groups.count
    return measured(measure, units, draws, width=base.rows)


def _summed(
    metric: Summed, cases: tuple[Case, ...], groups: Groups | None, draws: Draws
) -> tuple[Floats, Floats]:
    """Resampled totals of the cases' features side by side, and how many rows are in each resample."""
    if groups is None:
        features = _features(metric, cases)
        kept, stands = _distinct(features)
        return resampling.sums(features[:, kept], draws)[:, stands], np.full(
            draws.resamples, float(len(features))
        )
    by_group = _of_groups(metric, cases, groups)
    kept, stands = _distinct(by_group)
    totals = resampling.sums(np.column_stack([by_group[:, kept], groups.sizes]), draws)
    return totals[:, stands], totals[:, -1]


def _features(metric: Summed, cases: tuple[Case, ...]) -> Floats:
    return np.hstack([metric.features(case.target, case.prediction, case.classes) for case in cases])


def _of_groups(metric: Summed, cases: tuple[Case, ...], groups: Groups) -> Floats:
    """The sums of the features over each group. Classes have many features: a part of the rows at a time."""
    rows, classes = cases[0].rows, cases[0].classes
    if not classes:
        return groups.totals(_features(metric, cases))
    width = _features(metric, tuple(case.take(slice(0)) for case in cases)).shape[1]
    step = max(1, FEATURES_AT_ONCE // width)
    found = np.zeros((groups.count, width))
    for first in range(0, rows, step):
        part = slice(first, first + step)
        found += groups.totals(_features(metric, tuple(case.take(part) for case in cases)), part)
    return found


def _distinct(features: Floats) -> tuple[list[int], list[int]]:
    """The columns to add up, and which of them stands for each: what base and head share is added up once."""
    kept: list[int] = []
    stands: list[int] = []
    for number, column in enumerate(features.T):
        twins = (place for place, other in enumerate(kept) if np.array_equal(features[:, other], column))
        place = next(twins, len(kept))
        if place == len(kept):
            kept.append(number)
        stands.append(place)
    return kept, stands
