"""Probabilities of several classes, and the metrics that they give; scikit-learn is the oracle."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from mltools.core.stats.chances import Chances, chances
from mltools.core.stats.difference import difference
from mltools.core.stats.metrics import METRICS, Ranked, evaluate
from mltools.core.stats.paired import Paired, Predictions, Side, Unpaired, join
from mltools.core.stats.values import Array, Draws, Estimate, Undecided

NAMES = ("a", "b", "c")
ROWS = 300


def model(seed: int, skill: float, targets: Array) -> Array:
    """Probabilities that lean to the truth."""
    made = np.random.default_rng(seed).gamma(1.0, size=(len(targets), len(NAMES)))
    made[np.arange(len(targets)), targets] += skill
    table: Array = made / made.sum(axis=1, keepdims=True)
    return table


TRUTH = np.random.default_rng(7).integers(0, 3, ROWS)
WEAK, GOOD = model(1, 0.5, TRUTH), model(2, 3.0, TRUTH)


def said(table: Array, target: Any = None, names: tuple[str, ...] = NAMES) -> Predictions:
    target = np.array(NAMES)[TRUTH] if target is None else target
    return Predictions(np.arange(ROWS), target, scores=dict(zip(names, table.T, strict=True)))


ORACLES: Mapping[str, Callable[[Array, Array], float]] = {
    "log_loss": log_loss,
    "brier": brier_score_loss,
    "roc_auc": partial(roc_auc_score, multi_class="ovr"),
    "average_precision": average_precision_score,
}


@pytest.mark.parametrize("name", ORACLES)
def test_it_is_the_metric_of_scikit_learn(name: str) -> None:
    test = join(said(WEAK), said(GOOD))
    assert isinstance(test, Paired)
    for side, table in ((test.base, WEAK), (test.head, GOOD)):
        assert evaluate(METRICS[name], side) == pytest.approx(ORACLES[name](TRUTH, table), rel=1e-12)


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_ties_and_weights_count_as_in_scikit_learn(name: str) -> None:
    table = np.round(WEAK, 1)
    table[:, 2] = 1 - table[:, 0] - table[:, 1]
    often = np.random.default_rng(4).integers(0, 3, ROWS)
    metric = METRICS[name]
    assert isinstance(metric, Ranked)
    ours = metric.weighted(TRUTH, table)(often[None])[0]
    repeated = np.repeat(np.arange(ROWS), often)
    assert ours == pytest.approx(ORACLES[name](TRUTH[repeated], table[repeated]), rel=1e-12)


def test_a_class_that_no_row_has_leaves_the_order_undefined() -> None:
    truth = np.minimum(TRUTH, 1)
    test = join(said(WEAK, np.array(NAMES)[truth]), said(GOOD, np.array(NAMES)[truth]))
    assert isinstance(test, Paired)
    assert evaluate(METRICS["roc_auc"], test.head) == Undecided(
        "roc_auc is undefined: it needs rows of each class"
    )
    assert isinstance(evaluate(METRICS["brier"], test.head), float)


@pytest.mark.parametrize("groups", [None, np.arange(ROWS) // 4])
@pytest.mark.parametrize("name", ["brier", "roc_auc"])
def test_other_test_sets_and_rows_in_groups_have_intervals_too(name: str, groups: Array | None) -> None:
    weak, good = (replace(said(table), group=groups) for table in (WEAK, GOOD))
    apart = replace(good, ids=np.arange(ROWS) + ROWS)
    for head, paired in ((good, True), (apart, False)):
        test = join(weak, head)
        assert isinstance(test, Paired | Unpaired)
        estimate = difference(METRICS[name], test, Draws(5, resamples=500))
        assert isinstance(estimate, Estimate)
        assert estimate.paired is paired
        truth = ORACLES[name](TRUTH, GOOD) - ORACLES[name](TRUTH, WEAK)
        assert estimate.low < truth < estimate.high
        assert (estimate.high < 0) if name == "brier" else (estimate.low > 0)


@pytest.mark.parametrize("target", [TRUTH, TRUTH.astype(float), TRUTH.astype(str)])
def test_classes_are_found_by_their_names_as_numbers_too(target: Array) -> None:
    test = join(said(WEAK, target, ("0", "1", "2")), said(GOOD, target, ("0", "1", "2")))
    assert isinstance(test, Paired)
    assert evaluate(METRICS["log_loss"], test.head) == pytest.approx(log_loss(TRUTH, GOOD), rel=1e-12)


@pytest.mark.parametrize("name", ORACLES)
def test_a_better_model_is_found_better_whatever_the_order_of_rows_and_columns(name: str) -> None:
    order = np.random.default_rng(3).permutation(ROWS)
    mixed = Predictions(
        order,
        np.array(NAMES)[TRUTH][order],
        scores={"c": GOOD[order, 2], "a": GOOD[order, 0], "b": GOOD[order, 1]},
    )
    found = []
    for head in (said(GOOD), mixed):
        test = join(said(WEAK), head)
        assert isinstance(test, Paired)
        estimate = difference(METRICS[name], test, Draws(5, resamples=500))
        assert isinstance(estimate, Estimate)
        assert (estimate.high < 0) if METRICS[name].better == "lower" else (estimate.low > 0)
        assert estimate.low < ORACLES[name](TRUTH, GOOD) - ORACLES[name](TRUTH, WEAK) < estimate.high
        found.append(estimate)
    assert found[0] == found[1]


def test_two_classes_give_what_one_score_gives() -> None:
    target = (TRUTH > 0).astype(int)
    score = WEAK[:, 1]
    one = Side(target, score=score)
    table = chances({"0": 1 - score, "1": score}, "head")
    assert isinstance(table, Chances)
    two = Side(target, chances=table)
    metric = METRICS["log_loss"]
    assert evaluate(metric, two) == pytest.approx(evaluate(metric, one), rel=1e-9)


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ({"a": [0.5, 1.2], "b": [0.5, -0.2]}, "so they are no probabilities"),
        ({"a": [0.5, 0.9], "b": [0.5, 0.9]}, "row 2 of base sum to 1.8, not to 1"),
        ({"a": [0.5, None], "b": [0.5, 0.5]}, "the probability of a in base is missing in 1 row"),
        ({"a": ["x", "y"], "b": [0.5, 0.5]}, "holds text, not numbers"),
        ({"a": [0.5], "b": [0.5]}, "differ in length"),
        ({"a": [0.5, 1.0], "c": [0.5, 0.0]}, "no column has the probability of the class b"),
    ],
)
def test_what_is_no_table_of_probabilities_is_undecided(scores: dict[str, Any], reason: str) -> None:
    given = Predictions([1, 2], ["a", "b"], scores=scores)
    test = join(given, given)
    found = evaluate(METRICS["log_loss"], test.head) if isinstance(test, Paired) else test
    assert isinstance(found, Undecided)
    assert reason in found.reason


def test_without_them_a_metric_of_two_classes_says_what_there_is_for_several() -> None:
    found = evaluate(METRICS["roc_auc"], Side(np.array(["a", "b", "c"]), score=np.array([0.1, 0.2, 0.3])))
    assert isinstance(found, Undecided)
    assert "must be named (`positive`)" in found.reason
    assert "with `scores` log_loss, brier, roc_auc" in found.reason
