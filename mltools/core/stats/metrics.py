"""The metrics there are: which direction is good, what they need of a prediction, how they are computed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mltools.core.stats import ranked, summed
from mltools.core.stats.cases import Case, Uses, prepared
from mltools.core.stats.paired import Side
from mltools.core.stats.values import Array, Better, Floats, Undecided


@dataclass(frozen=True, slots=True)
class Summed:
    """A function of sums over rows. With `rowwise` it is the mean of one score per row."""

    name: str
    better: Better
    uses: Uses
    features: summed.Features
    finish: summed.Finish
    rowwise: bool = False


@dataclass(frozen=True, slots=True)
class Ranked:
    """A function of the order of the scores; `weighted` sorts once and then answers for many sets of weights."""

    name: str
    better: Better
    uses: Uses
    weighted: Callable[[Array, Array], ranked.Weighted]
    rowwise: bool = False


Metric = Summed | Ranked

_ALL: tuple[Metric, ...] = (
    Summed("accuracy", "higher", "class", summed.hits, summed.mean, rowwise=True),
    Summed("balanced_accuracy", "higher", "class", summed.of_classes, summed.balanced_accuracy),
    Summed("precision", "higher", "positive", summed.of_classes, summed.precision),
    Summed("recall", "higher", "positive", summed.of_classes, summed.recall),
    Summed("specificity", "higher", "positive", summed.of_classes, summed.specificity),
    Summed("f1", "higher", "positive", summed.of_classes, summed.f1),
    Summed("precision_macro", "higher", "class", summed.of_classes, summed.macro_precision),
    Summed("recall_macro", "higher", "class", summed.of_classes, summed.macro_recall),
    Summed("f1_macro", "higher", "class", summed.of_classes, summed.macro_f1),
    Summed("matthews", "higher", "class", summed.of_classes, summed.matthews),
    Ranked("roc_auc", "higher", "ranking", ranked.over_classes(ranked.roc_auc)),
    Ranked("average_precision", "higher", "ranking", ranked.over_classes(ranked.average_precision)),
    Summed("log_loss", "lower", "chance", summed.log_losses, summed.mean, rowwise=True),
    Summed("brier", "lower", "probability", summed.brier, summed.mean, rowwise=True),
    Summed("mae", "lower", "number", summed.absolutes, summed.mean, rowwise=True),
    Summed("mse", "lower", "number", summed.squares, summed.mean, rowwise=True),
    Summed("rmse", "lower", "number", summed.squares, summed.root),
    Summed("mape", "lower", "number", summed.percentages, summed.mean, rowwise=True),
    Summed("r2", "higher", "number", summed.variations, summed.r2),
)
# Metrics over all classes hold a table of classes by classes.
MOST_CLASSES = 100
METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}

# What the same metrics are called elsewhere; a class-less name means the positive class where one can be told.
ALIASES: Mapping[str, str] = {
    "acc": "accuracy",
    "auc": "roc_auc",
    "auroc": "roc_auc",
    "roc_auc_ovr": "roc_auc",
    "ap": "average_precision",
    "pr_auc": "average_precision",
    "logloss": "log_loss",
    "cross_entropy": "log_loss",
    "brier_score": "brier",
    "f1_score": "f1",
    "mcc": "matthews",
    "sensitivity": "recall",
    "tpr": "recall",
    "tnr": "specificity",
    "macro_f1": "f1_macro",
    "macro_precision": "precision_macro",
    "macro_recall": "recall_macro",
    "mean_absolute_error": "mae",
    "mean_squared_error": "mse",
    "root_mean_squared_error": "rmse",
    "mean_absolute_percentage_error": "mape",
    "r2_score": "r2",
}


def named(name: str) -> Metric | None:
    """The metric that a project's metric is by its last word (`test.roc_auc`, `metrics.json:AUC`); None where unknown."""
    last = name.rpartition(":")[2].rpartition(".")[2].lower().replace("-", "_")
    return METRICS.get(ALIASES.get(last, last))


def evaluate(metric: Metric, side: Side, positive: Any = None) -> float | Undecided:
    """The metric of one model on its rows."""
    cases = prepared(metric.uses, (side,), positive)
    return cases if isinstance(cases, Undecided) else value(metric, cases[0])


def value(metric: Metric, case: Case, weights: Array | None = None) -> float | Undecided:
    """The metric, with `weights` as if each row stood there that often (whole numbers for a ranked metric)."""
    if not case.rows:
        return Undecided(f"{metric.name} needs at least one row")
    if not isinstance(metric, Ranked) and not metric.rowwise and case.classes > MOST_CLASSES:
        return Undecided(f"{metric.name} of {case.classes:,} classes: {MOST_CLASSES} are the most")
    if isinstance(metric, Ranked):
        whole = np.ones(case.rows, dtype=np.int64) if weights is None else weights
        found = metric.weighted(case.target, case.prediction)(whole[None])[0]
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            cells, counts = _cells(case, weights)
            totals = counts @ metric.features(cells.target, cells.prediction, case.classes)
            found = metric.finish(totals, counts.sum())
    return float(found) if np.isfinite(found) else Undecided(undefined(metric))


def _cells(case: Case, weights: Array | None) -> tuple[Case, Floats]:
    """The rows with their weights; of classes equal rows are put together."""
    counts = np.ones(case.rows) if weights is None else weights.astype(np.float64)
    if not case.classes:
        return case, counts
    there = case.target * case.classes + case.prediction
    cells, place = np.unique(there, return_inverse=True)
    target, prediction = np.divmod(cells, case.classes)
    return Case(target, prediction, case.classes), np.bincount(place, weights=counts).astype(np.float64)


def undefined(metric: Metric) -> str:
    """Why a metric may have no value on rows that are otherwise fine."""
    reasons = {
        "roc_auc": "it needs rows of each class",
        "average_precision": "it needs a row of the positive class, or of each of several",
        "r2": "the target is the same in all rows",
    }
    return f"{metric.name} is undefined: {reasons.get(metric.name, 'its value is no finite number')}"
