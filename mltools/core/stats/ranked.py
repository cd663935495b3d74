"""Metrics that depend on the order of the scores, for many sets of row weights at once.

Scores are sorted once; weights are whole numbers, so that sums are exact whatever their order. Ties count as scikit-learn
counts them: half a win for ROC AUC, one threshold for average precision.
"""

from collections.abc import Callable

import numpy as np

from mltools.core.stats.values import Array, Floats, Ints

Weighted = Callable[[Ints], Floats]


def roc_auc(target: Array, score: Array) -> Weighted:
    """Weights (sets x rows) -> ROC AUC of each set; NaN in a set that lacks one of the classes."""
    order, starts = _order(score)
    truth = target[order]

    def value(weights: Ints) -> Floats:
        positive, every = _split(weights, order, truth, starts)
        negative = every - positive
        below = np.cumsum(negative, axis=1)
        total = positive.sum(axis=1) * below[:, -1]
        if starts is not None:  # of equal scores half the negatives count as below
            below = below - negative / 2
        with np.errstate(invalid="ignore"):
            return np.asarray(np.einsum("ij,ij->i", below, positive) / total)

    return value


def average_precision(target: Array, score: Array) -> Weighted:
    """Weights (sets x rows) -> average precision of each set; NaN in a set without a positive."""
    order, starts = _order(-score)
    truth = target[order]

    def value(weights: Ints) -> Floats:
        positive, every = _split(weights, order, truth, starts)
        found = np.cumsum(positive, axis=1)
        above = np.cumsum(every, axis=1)
        with np.errstate(invalid="ignore"):
            precision = found / np.maximum(above, 1)
            return np.asarray(np.einsum("ij,ij->i", precision, positive) / found[:, -1])

    return value


def over_classes(
    one: Callable[[Array, Array], Weighted],
) -> Callable[[Array, Array], Weighted]:
    """The same metric also of a table of scores, rows by classes: the mean of each class against all others.

    What scikit-learn calls `multi_class="ovr", average="macro"`. NaN in a set that lacks one of the classes.
    """

    def weighted(target: Array, score: Array) -> Weighted:
        if score.ndim == 1:
            return one(target, score)
        each = [one((target == place).astype(np.int64), of) for place, of in enumerate(score.T)]
        return lambda weights: np.mean([measure(weights) for measure in each], axis=0)

    return weighted


def _order(score: Array) -> tuple[Ints, Ints | None]:
    """The rows by rising score, and where runs of equal scores start; None where all differ."""
    order = np.argsort(score, kind="stable")
    ranked = score[order]
    first = np.concatenate(([True], ranked[1:] != ranked[:-1]))
    return order, None if first.all() else np.flatnonzero(first)


def _split(weights: Ints, order: Ints, truth: Array, starts: Ints | None) -> tuple[Ints, Ints]:
    """The weights of positives and of all rows by rank, those of equal scores added up."""
    every = weights.take(order, axis=1)
    positive = every * truth
    if starts is None:
        return positive, every
    return np.add.reduceat(positive, starts, axis=1), np.add.reduceat(every, starts, axis=1)
