"""Metrics that are functions of sums over rows: what each row adds, and what the sums make.

`totals` hold one sum per feature in their last axis and `weight` the number of rows, so that thousands of resamples are
finished at once. What is undefined is NaN here and becomes `Undecided` before it leaves the package; the 0 for 0/0 in
precision, recall and F1 is scikit-learn's `zero_division=0`, which the pipelines use.
"""

from collections.abc import Callable

import numpy as np

from mltools.core.stats.values import Array, Floats

Features = Callable[[Array, Array, int], Floats]  # target, prediction, classes -> rows x features
Weight = Floats | np.float64
Finish = Callable[[Floats, Weight], Floats]  # totals (..., features), weight (...) -> (...)


def mean(totals: Floats, weight: Weight) -> Floats:
    return _ratio(totals[..., 0], weight)


def root(totals: Floats, weight: Weight) -> Floats:
    return np.asarray(np.sqrt(mean(totals, weight)))


def hits(target: Array, prediction: Array, classes: int) -> Floats:
    del classes
    return _columns(target == prediction)


def log_losses(target: Array, prediction: Array, classes: int) -> Floats:
    """-log of the probability given to what happened, kept off 0 and 1 by the precision of a double."""
    del classes
    tiny = np.finfo(np.float64).eps
    given = np.clip(prediction, tiny, 1 - tiny)
    return _columns(-np.where(target == 1, np.log(given), np.log1p(-given)))


def squares(target: Array, prediction: Array, classes: int) -> Floats:
    del classes
    return _columns((prediction - target) ** 2)


def brier(target: Array, prediction: Array, classes: int) -> Floats:
    """The squared error of a probability; of several classes the sum over them, from 0 to 2 (G. Brier, 1950)."""
    if prediction.ndim == 1:
        return squares(target, prediction, classes)
    happened = prediction[np.arange(len(target)), target]
    return _columns((prediction**2).sum(axis=1) - 2 * happened + 1)


def absolutes(target: Array, prediction: Array, classes: int) -> Floats:
    del classes
    return _columns(np.abs(prediction - target))


def percentages(target: Array, prediction: Array, classes: int) -> Floats:
    """The error as a part of the target, whose size counts as at least the precision of a double."""
    del classes
    return _columns(np.abs(prediction - target) / np.maximum(np.abs(target), np.finfo(np.float64).eps))


def variations(target: Array, prediction: Array, classes: int) -> Floats:
    """For R2: squared error, and the target about its mean here (which keeps the sums of squares accurate)."""
    del classes
    centred = target - target.mean()
    return _columns((prediction - target) ** 2, centred, centred**2)


def r2(totals: Floats, weight: Weight) -> Floats:
    spread = totals[..., 2] - _ratio(totals[..., 1] ** 2, weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(spread > 0, 1 - totals[..., 0] / spread, np.nan))


def of_classes(target: Array, prediction: Array, classes: int) -> Floats:
    """For each class whether the row is of it, is said to be of it, and both."""
    truth = target[:, None] == np.arange(classes)
    said = prediction[:, None] == np.arange(classes)
    return np.concatenate([truth, said, truth & said], axis=1).astype(np.float64)


def precision(totals: Floats, weight: Weight) -> Floats:
    del weight
    _, said, both = _of_positive(totals)
    return _or_zero(both, said)


def recall(totals: Floats, weight: Weight) -> Floats:
    del weight
    truth, _, both = _of_positive(totals)
    return _or_zero(both, truth)


def specificity(totals: Floats, weight: Weight) -> Floats:
    truth, said, both = _of_positive(totals)
    return _or_zero(weight - truth - said + both, weight - truth)


def f1(totals: Floats, weight: Weight) -> Floats:
    del weight
    truth, said, both = _of_positive(totals)
    return _or_zero(2 * both, truth + said)


def macro_precision(totals: Floats, weight: Weight) -> Floats:
    del weight
    truth, said, both = _by_class(totals)
    return _average(_or_zero(both, said), truth + said > 0)


def macro_recall(totals: Floats, weight: Weight) -> Floats:
    del weight
    truth, said, both = _by_class(totals)
    return _average(_or_zero(both, truth), truth + said > 0)


def macro_f1(totals: Floats, weight: Weight) -> Floats:
    del weight
    truth, said, both = _by_class(totals)
    return _average(_or_zero(2 * both, truth + said), truth + said > 0)


def balanced_accuracy(totals: Floats, weight: Weight) -> Floats:
    del weight
    truth, _, both = _by_class(totals)
    return _average(_or_zero(both, truth), truth > 0)


def matthews(totals: Floats, weight: Weight) -> Floats:
    """Matthews' correlation for any number of classes (Gorodkin 2004); 0 where one side never varies."""
    truth, said, both = _by_class(totals)
    shared = both.sum(-1) * weight - (truth * said).sum(-1)
    spread = np.sqrt((weight**2 - (truth**2).sum(-1)) * (weight**2 - (said**2).sum(-1)))
    return _or_zero(shared, spread)


def _columns(*columns: Array) -> Floats:
    return np.stack(columns, axis=1).astype(np.float64)


def _by_class(totals: Floats) -> tuple[Floats, Floats, Floats]:
    """Rows of each class, said to be of it, and both: (..., classes) each."""
    truth, said, both = np.split(totals, 3, axis=-1)
    return truth, said, both


def _of_positive(totals: Floats) -> tuple[Floats, Floats, Floats]:
    truth, said, both = _by_class(totals)
    return truth[..., 1], said[..., 1], both[..., 1]


def _average(values: Floats, counted: Array) -> Floats:
    return _ratio((values * counted).sum(-1), counted.sum(-1))


def _or_zero(part: Floats, whole: Weight) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.zeros(np.shape(part)), where=np.asarray(whole) > 0))


def _ratio(part: Floats, whole: Weight) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.divide(part, whole))
