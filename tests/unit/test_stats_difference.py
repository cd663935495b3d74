"""The way through: from two files' columns to a difference, by the method that suits the metric."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from mltools.core.stats import redraws
from mltools.core.stats.decide import Call, Question, decide
from mltools.core.stats.difference import difference, interval
from mltools.core.stats.metrics import METRICS
from mltools.core.stats.paired import Paired, Predictions, Unpaired, join
from mltools.core.stats.values import Draws, Estimate, Undecided

DRAWS = Draws(3, 2_000)
RNG = np.random.default_rng(4)
ROWS = 600
TRUTH = (RNG.random(ROWS) < 0.4).astype(np.int64)
SIGNAL = RNG.normal(size=ROWS) + 1.2 * TRUTH - 0.5
OLD, NEW = (1 / (1 + np.exp(-(SIGNAL + noise * RNG.normal(size=ROWS)))) for noise in (1.0, 0.2))
IDS = np.arange(ROWS)
BASE = Predictions(IDS, TRUTH, (OLD >= 0.5).astype(int), OLD)
HEAD = Predictions(IDS, TRUTH, (NEW >= 0.5).astype(int), NEW)
GROUPS = RNG.integers(0, 50, ROWS)
CLASSES = [name for name, metric in METRICS.items() if metric.uses != "number"]
NUMBERS = [name for name, metric in METRICS.items() if metric.uses == "number"]


def joined(base: Predictions = BASE, head: Predictions = HEAD) -> Paired | Unpaired:
    found = join(base, head)
    assert not isinstance(found, Undecided), found
    return found


def estimate(name: str, test: Paired | Unpaired, draws: Draws = DRAWS) -> Estimate:
    found = difference(METRICS[name], test, draws)
    assert isinstance(found, Estimate), found
    return found


def regression() -> Paired | Unpaired:
    target = RNG.normal(5, 1, ROWS)
    base = Predictions(IDS, target, score=target + RNG.normal(size=ROWS))
    return joined(base, replace(base, score=target + 0.5 * RNG.normal(size=ROWS)))


@pytest.mark.parametrize("name", CLASSES)
def test_every_metric_of_classes_has_a_difference(name: str) -> None:
    test = joined()
    found = estimate(name, test)
    assert found.low < found.value < found.high
    assert 0 <= found.p_value <= 1
    assert found.paired
    better = decide(Question(found, METRICS[name].better)).call
    assert better in {Call.BETTER, Call.CANNOT_TELL}
    other = join(BASE, replace(HEAD, ids=IDS + ROWS))
    assert isinstance(other, Unpaired)
    apart = estimate(name, other)
    assert not apart.paired
    assert apart.value == pytest.approx(found.value)
    assert apart.std_error > found.std_error


@pytest.mark.parametrize("name", NUMBERS)
def test_every_metric_of_numbers_has_a_difference(name: str) -> None:
    found = estimate(name, regression())
    assert decide(Question(found, METRICS[name].better)).call is Call.BETTER


@pytest.mark.parametrize(
    ("name", "method", "test"),
    [
        ("accuracy", "Tango's score interval", "exact McNemar"),
        ("roc_auc", "DeLong's interval", "DeLong"),
        ("f1", "paired bootstrap", "bootstrap"),
        ("log_loss", "paired bootstrap", "bootstrap"),
    ],
)
def test_the_method_suits_the_metric(name: str, method: str, test: str) -> None:
    found = estimate(name, joined())
    assert (found.method, found.test) == (method, test)
    assert (found.seed is None) == (method != "paired bootstrap")


def test_accuracy_is_tested_exactly() -> None:
    found = estimate("accuracy", joined())
    old, new = (OLD >= 0.5) == TRUTH, (NEW >= 0.5) == TRUTH
    assert found.p_value == pytest.approx(
        stats.binomtest(int((new & ~old).sum()), int((new != old).sum())).pvalue
    )
    assert found.head == sk.accuracy_score(TRUTH, NEW >= 0.5)


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("accuracy", "paired bootstrap of groups"),
        ("roc_auc", "DeLong's interval of groups (Obuchowski)"),
        ("average_precision", "paired bootstrap of groups"),
    ],
)
def test_rows_in_groups_are_kept_together(name: str, method: str) -> None:
    found = estimate(name, joined(replace(BASE, group=GROUPS), replace(HEAD, group=GROUPS)))
    assert (found.method, found.units, found.rows) == (method, 50, ROWS)
    apart = estimate(name, joined(replace(BASE, group=GROUPS), replace(HEAD, ids=IDS + ROWS, group=GROUPS)))
    assert (apart.method, apart.units) == ("bootstrap of the groups of each test set", 50)


def test_the_order_of_the_rows_does_not_matter() -> None:
    shuffle = np.random.default_rng(0).permutation(ROWS)
    moved = Predictions(IDS[shuffle], TRUTH[shuffle], (NEW[shuffle] >= 0.5).astype(int), NEW[shuffle])
    for name in ("accuracy", "f1", "log_loss", "roc_auc", "average_precision"):
        assert estimate(name, joined()) == estimate(name, joined(head=moved))


def test_metrics_of_the_order_of_scores_are_resampled_less_often() -> None:
    found = estimate("average_precision", joined(), Draws(1, 10_000))
    assert found.resamples == 2_000
    assert estimate("f1", joined(), Draws(1, 10_000)).resamples == 10_000


def test_one_row_is_an_answer_too() -> None:
    one = joined(*(Predictions([1], [1], [label], [float(label)]) for label in (0, 1)))
    accuracy = estimate("accuracy", one)
    assert accuracy.low < 0 < accuracy.high
    for name in ("f1", "roc_auc", "log_loss", "average_precision"):
        found = difference(METRICS[name], one, DRAWS)
        assert isinstance(found, Undecided)


def test_what_a_metric_cannot_use_is_a_reason() -> None:
    found = difference(
        METRICS["roc_auc"], joined(replace(BASE, score=None), replace(HEAD, score=None)), DRAWS
    )
    assert found == Undecided("there is no column of scores")


def test_several_classes() -> None:
    names = np.array(["a", "b", "c"])
    target = RNG.integers(0, 3, ROWS)
    wrong = RNG.integers(0, 3, ROWS)
    base = Predictions(IDS, names[target], names[np.where(RNG.random(ROWS) < 0.6, target, wrong)])
    head = Predictions(IDS, names[target], names[np.where(RNG.random(ROWS) < 0.9, target, wrong)])
    test = joined(base, head)
    for name in ("accuracy", "f1_macro", "balanced_accuracy", "matthews"):
        assert decide(Question(estimate(name, test), "higher")).call is Call.BETTER
    refused = difference(METRICS["f1"], test, DRAWS)
    assert isinstance(refused, Undecided)
    assert "positive class must be named" in refused.reason
    assert isinstance(difference(METRICS["f1"], test, DRAWS, positive="b"), Estimate)


def many_classes(count: int) -> Paired | Unpaired:
    target = RNG.permutation(np.arange(ROWS) % count)
    base = Predictions(IDS, target, np.where(RNG.random(ROWS) < 0.5, target, 0), group=GROUPS)
    return joined(base, replace(base, label=np.where(RNG.random(ROWS) < 0.9, target, 0)))


def test_classes_and_groups_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    test = many_classes(40)
    whole = estimate("f1_macro", test)
    assert whole.units == 50
    assert decide(Question(whole, "higher")).call is Call.BETTER
    monkeypatch.setattr(redraws, "FEATURES_AT_ONCE", 7 * 240)
    assert estimate("f1_macro", test) == whole


def test_a_metric_over_hundreds_of_classes_is_refused_but_accuracy_is_not() -> None:
    test = many_classes(300)
    assert difference(METRICS["f1_macro"], test, DRAWS) == Undecided(
        "in base f1_macro of 300 classes: 100 are the most"
    )
    assert estimate("accuracy", test).value > 0.2


@pytest.mark.parametrize("name", ["accuracy", "roc_auc", "f1"])
def test_one_model_has_an_interval(name: str) -> None:
    from mltools.core.stats.cases import Case, prepared
    from mltools.core.stats.paired import Side

    cases = prepared(METRICS[name].uses, (Side(TRUTH, (NEW >= 0.5).astype(int), NEW),))
    assert not isinstance(cases, Undecided)
    found = interval(METRICS[name], cases[0], DRAWS)
    assert not isinstance(found, Undecided)
    assert found.low < found.value < found.high
    empty = np.array([], dtype=np.int64)
    assert isinstance(interval(METRICS[name], Case(empty, empty, 2), DRAWS), Undecided)
