"""Every metric against scikit-learn, with ties, weights, several classes and what is undefined."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from mltools.core.stats.cases import Case, prepared
from mltools.core.stats.metrics import ALIASES, METRICS, Metric, evaluate, named, value
from mltools.core.stats.paired import Side
from mltools.core.stats.values import Undecided

RNG = np.random.default_rng(20)
ROWS = 700
TRUTH = (RNG.random(ROWS) < 0.3).astype(np.int64)
SCORE = np.round(
    1 / (1 + np.exp(-RNG.normal(size=ROWS) - 2 * TRUTH + 1)), 2
)  # rounded, so that there are ties
SAID = (SCORE >= 0.5).astype(np.int64)
CLASSES = RNG.integers(0, 5, ROWS)
SAID_CLASSES = np.where(RNG.random(ROWS) < 0.6, CLASSES, RNG.integers(0, 5, ROWS))
TARGET = RNG.normal(3, 2, ROWS)
GUESS = TARGET + RNG.standard_t(4, ROWS)
WEIGHTS = RNG.integers(0, 4, ROWS)

Oracle = Callable[..., Any]
BINARY: dict[str, Oracle] = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "precision": sk.precision_score,
    "recall": sk.recall_score,
    "specificity": lambda y, p, sample_weight: sk.recall_score(1 - y, 1 - p, sample_weight=sample_weight),
    "f1": sk.f1_score,
    "precision_macro": lambda y, p, sample_weight: sk.precision_score(
        y, p, average="macro", zero_division=0, sample_weight=sample_weight
    ),
    "recall_macro": lambda y, p, sample_weight: sk.recall_score(
        y, p, average="macro", zero_division=0, sample_weight=sample_weight
    ),
    "f1_macro": lambda y, p, sample_weight: sk.f1_score(
        y, p, average="macro", zero_division=0, sample_weight=sample_weight
    ),
    "matthews": sk.matthews_corrcoef,
}
SCORES: dict[str, Oracle] = {
    "roc_auc": sk.roc_auc_score,
    "average_precision": sk.average_precision_score,
    "log_loss": sk.log_loss,
    "brier": sk.brier_score_loss,
}
NUMBERS: dict[str, Oracle] = {
    "mae": sk.mean_absolute_error,
    "mse": sk.mean_squared_error,
    "rmse": sk.root_mean_squared_error,
    "mape": sk.mean_absolute_percentage_error,
    "r2": sk.r2_score,
}
CASES = [
    *((name, oracle, Case(TRUTH, SAID, 2)) for name, oracle in BINARY.items()),
    *(
        (name, BINARY[name], Case(CLASSES, SAID_CLASSES, 5))
        for name in BINARY
        if name not in {"precision", "recall", "specificity", "f1"}
    ),
    *((name, oracle, Case(TRUTH, SCORE)) for name, oracle in SCORES.items()),
    *((name, oracle, Case(TARGET, GUESS)) for name, oracle in NUMBERS.items()),
]


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize(("name", "oracle", "case"), CASES)
def test_a_metric_agrees_with_scikit_learn(
    name: str, oracle: Oracle, case: Case, weights: np.ndarray[Any, Any] | None
) -> None:
    expected = oracle(case.target, case.prediction, sample_weight=weights)
    assert value(METRICS[name], case, weights) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_every_metric_has_an_oracle() -> None:
    assert {name for name, _, _ in CASES} == set(METRICS)


@pytest.mark.parametrize("name", ["precision", "recall", "f1", "specificity", "matthews", "f1_macro"])
@pytest.mark.parametrize("said", [0, 1])
@pytest.mark.parametrize("truth", [0, 1])
def test_one_class_counts_as_with_zero_division_0(name: str, said: int, truth: int) -> None:
    target, label = np.full(30, truth), np.full(30, said)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = {
            "precision": lambda: sk.precision_score(target, label, zero_division=0),
            "recall": lambda: sk.recall_score(target, label, zero_division=0),
            "f1": lambda: sk.f1_score(target, label, zero_division=0),
            "specificity": lambda: sk.recall_score(1 - target, 1 - label, zero_division=0),
            "matthews": lambda: sk.matthews_corrcoef(target, label),
            "f1_macro": lambda: sk.f1_score(target, label, average="macro", zero_division=0),
        }[name]()
    assert value(METRICS[name], Case(target, label, 2)) == expected


@pytest.mark.parametrize(
    ("name", "case", "why"),
    [
        ("roc_auc", Case(np.ones(9, dtype=np.int64), np.linspace(0, 1, 9)), "rows of each class"),
        ("average_precision", Case(np.zeros(9, dtype=np.int64), np.linspace(0, 1, 9)), "positive class"),
        ("r2", Case(np.full(9, 2.5), np.linspace(0, 1, 9)), "the same in all rows"),
        ("mse", Case(np.full(9, -1e300), np.full(9, 1e300)), "no finite number"),
        ("accuracy", Case(np.array([], dtype=np.int64), np.array([], dtype=np.int64), 2), "at least one row"),
    ],
)
def test_what_is_undefined_has_a_reason_and_no_value(name: str, case: Case, why: str) -> None:
    found = value(METRICS[name], case)
    assert isinstance(found, Undecided)
    assert name in found.reason
    assert why in found.reason


def test_a_probability_of_0_for_what_happened_costs_as_much_as_in_scikit_learn() -> None:
    target, score = np.array([1, 0, 1]), np.array([0.0, 1.0, 0.5])
    assert value(METRICS["log_loss"], Case(target, score)) == pytest.approx(
        sk.log_loss(target, score), rel=1e-12
    )


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("roc_auc", "roc_auc"),
        ("test.roc_auc", "roc_auc"),
        ("metrics/test.json:test.AUC", "roc_auc"),
        ("test.macro-f1", "f1_macro"),
        ("accuracy", "accuracy"),
    ],
)
def test_a_metric_is_known_by_its_last_word(given: str, name: str) -> None:
    metric = named(given)
    assert metric is not None
    assert metric.name == name


def test_a_metric_that_is_not_known_is_none() -> None:
    assert named("test.ndcg") is None
    assert all(target in METRICS and alias not in METRICS for alias, target in ALIASES.items())


def metric(name: str) -> Metric:
    return METRICS[name]


def test_classes_may_be_text_or_truth_values() -> None:
    target, label = np.array(["cat", "dog", "cat", "eel"]), np.array(["cat", "cat", "cat", "eel"])
    assert evaluate(metric("accuracy"), Side(target, label)) == 0.75
    assert evaluate(metric("accuracy"), Side(TRUTH == 1, SAID == 1)) == sk.accuracy_score(TRUTH, SAID)


def test_a_named_positive_class_makes_text_binary() -> None:
    target, label = np.where(TRUTH == 1, "yes", "no"), np.where(SAID == 1, "yes", "no")
    side = Side(target, label, SCORE)
    for name in ("precision", "f1", "roc_auc", "log_loss"):
        assert evaluate(metric(name), side, positive="yes") == pytest.approx(
            evaluate(metric(name), Side(TRUTH, SAID, SCORE)), abs=1e-15
        )


def test_accuracy_stays_that_of_all_classes_when_a_positive_one_is_named() -> None:
    names = np.array(["a", "b", "c", "d", "e"])
    side = Side(names[CLASSES], names[SAID_CLASSES])
    assert evaluate(metric("accuracy"), side, positive="a") == sk.accuracy_score(CLASSES, SAID_CLASSES)


def test_without_labels_probabilities_are_cut_at_one_half() -> None:
    assert evaluate(metric("f1"), Side(TRUTH, score=SCORE)) == pytest.approx(sk.f1_score(TRUTH, SAID))
    assert evaluate(metric("accuracy"), Side(TRUTH, score=SCORE)) == sk.accuracy_score(TRUTH, SAID)


@pytest.mark.parametrize(
    ("name", "side", "positive", "why"),
    [
        (
            "f1",
            Side(CLASSES, SAID_CLASSES),
            None,
            "the target is not 0 or 1 but 0, 1, 2, ...: the positive class",
        ),
        ("roc_auc", Side(np.array(["a", "b"]), score=np.array([0.1, 0.2])), None, "must be named"),
        ("roc_auc", Side(np.array(["a", "b"]), score=np.array([0.1, 0.2])), "c", "no target is 'c'"),
        ("roc_auc", Side(np.array([0, 1]), score=np.array([0.1, 0.2])), "1", "no target is '1'"),
        ("roc_auc", Side(TRUTH, SAID), None, "no column of scores"),
        ("log_loss", Side(TRUTH, score=SCORE * 3), None, "no probabilities"),
        ("f1", Side(TRUTH, score=SCORE * 3), None, "no probabilities"),
        ("f1", Side(TRUTH, label=SAID + 1), None, "but the predicted class is not"),
        (
            "f1",
            Side(TRUTH, label=SAID.astype(str)),
            None,
            "the predicted class holds text, the target numbers",
        ),
        (
            "accuracy",
            Side(TRUTH, label=SAID.astype(str)),
            None,
            "the predicted class holds text, the target numbers",
        ),
        ("mae", Side(TARGET.astype(str), score=GUESS), None, "the target holds text, not numbers"),
        ("mae", Side(TARGET, label=GUESS.astype(str)), None, "the prediction holds text, not numbers"),
        ("mae", Side(TARGET), None, "there is no prediction"),
        ("accuracy", Side(CLASSES), None, "the positive class must be named"),
    ],
)
def test_columns_that_do_not_fit_a_metric_are_refused_with_a_reason(
    name: str, side: Side, positive: Any, why: str
) -> None:
    found = evaluate(metric(name), side, positive)
    assert isinstance(found, Undecided)
    assert why in found.reason


def test_several_models_share_one_coding() -> None:
    base = Side(np.array(["a", "b", "b"]), np.array(["a", "a", "b"]))
    head = Side(np.array(["a", "b", "b"]), np.array(["c", "b", "b"]))
    cases = prepared("class", (base, head))
    assert not isinstance(cases, Undecided)
    assert [case.classes for case in cases] == [3, 3]
    assert cases[1].prediction.tolist() == [2, 1, 1]
