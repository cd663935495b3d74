"""Groups of a column: the metric on each, the worst one, and how differently people are treated."""

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from mltools.core.stats.fairness import Fairness, Gap, fairness
from mltools.core.stats.metrics import METRICS
from mltools.core.stats.paired import Paired, Side
from mltools.core.stats.slices import Slices, slices, split
from mltools.core.stats.values import Draws, Estimate, Interval, Undecided

DRAWS = Draws(1, 1_000)
RNG = np.random.default_rng(6)
ROWS = 1_000
CITY = RNG.choice(["Bern", "Genf", "Chur"], p=[0.6, 0.35, 0.05], size=ROWS)
TRUTH = (RNG.random(ROWS) < 0.5).astype(np.int64)
HARD = np.where(CITY == "Genf", 2.0, 0.5)
SCORE = 1 / (1 + np.exp(-(2.0 * TRUTH - 1 + HARD * RNG.normal(size=ROWS))))
LABEL = (SCORE >= 0.5).astype(np.int64)
SIDE = Side(TRUTH, LABEL, SCORE)


def sliced(name: str = "accuracy", test: Side | Paired = SIDE, column: Any = CITY, **options: Any) -> Slices:
    found = slices(METRICS[name], test, column, DRAWS, **options)
    assert isinstance(found, Slices), found
    return found


@pytest.mark.parametrize("name", ["accuracy", "f1", "roc_auc", "log_loss"])
def test_a_group_s_metric_is_that_of_its_rows(name: str) -> None:
    oracle: dict[str, Any] = {
        "accuracy": lambda rows: sk.accuracy_score(TRUTH[rows], SCORE[rows] >= 0.5),
        "f1": lambda rows: sk.f1_score(TRUTH[rows], SCORE[rows] >= 0.5),
        "roc_auc": lambda rows: sk.roc_auc_score(TRUTH[rows], SCORE[rows]),
        "log_loss": lambda rows: sk.log_loss(TRUTH[rows], SCORE[rows]),
    }
    found = sliced(name)
    assert [group.name for group in found.groups] == ["Bern", "Genf", "Chur"]
    for group in found.groups:
        rows = np.asarray(group.name == CITY)
        assert group.rows == rows.sum()
        assert group.value == pytest.approx(oracle[name](rows))
        assert isinstance(group.value, float)
        if group.judged:
            assert isinstance(group.interval, Interval)
            assert group.interval.low <= group.value <= group.interval.high
    assert found.worst is not None
    assert found.worst.name == "Genf"
    assert found.worst.base is None
    assert found.worst.difference is None


def test_the_smallest_group_is_listed_and_not_judged() -> None:
    guess = np.where(CITY == "Chur", 1 - TRUTH, TRUTH)
    found = sliced(test=Side(TRUTH, guess), fewest=100)
    assert [group.name for group in found.unjudged] == ["Chur"]
    assert found.unjudged[0].value == 0
    assert found.unjudged[0].interval is None
    assert found.worst is not None
    assert found.worst.name == "Bern"  # equally good, and has more rows
    everywhere = sliced(test=Side(TRUTH, guess), fewest=10)
    assert everywhere.worst is not None
    assert everywhere.worst.name == "Chur"


def test_where_lower_is_better_the_worst_is_the_highest() -> None:
    loss = sliced("log_loss")
    assert loss.worst is not None
    assert loss.worst.value == max(group.value for group in loss.groups if isinstance(group.value, float))


def test_base_stands_beside_head() -> None:
    old = Side(TRUTH, np.where(CITY == "Genf", TRUTH, LABEL), SCORE)
    found = sliced(test=Paired(old, SIDE))
    genf = next(group for group in found.groups if group.name == "Genf")
    assert genf.base == 1.0
    assert isinstance(genf.difference, Estimate)
    assert genf.difference.high < 0
    bern = next(group for group in found.groups if group.name == "Bern")
    assert bern.value == bern.base


def test_a_group_on_which_the_metric_is_undefined_is_not_judged() -> None:
    found = sliced("roc_auc", column=TRUTH)
    assert found.worst is None
    assert [group.judged for group in found.groups] == [False, False]
    assert all(isinstance(group.value, Undecided) for group in found.groups)


@pytest.mark.parametrize(
    ("column", "names"),
    [
        (["b", "a", None, "b"], ("b", "(missing)", "a")),
        (np.array([1.0, np.nan, 1.0, 2.0]), ("1.0", "(missing)", "2.0")),
        (np.ma.MaskedArray([7, 7, 8, 9], mask=[False, False, True, False]), ("7", "(missing)", "9")),
        ([True, False, False, False], ("False", "True")),
    ],
)
def test_a_missing_value_is_a_group_of_its_own(column: Any, names: tuple[str, ...]) -> None:
    found = split(column, 4)
    assert not isinstance(found, Undecided)
    assert tuple(name for name, _ in found) == names
    assert sorted(np.concatenate([rows for _, rows in found])) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("column", "why"),
    [
        (["a", "b"], "the column of groups has 2 rows where the predictions have 1,000"),
        (np.arange(ROWS), "the column has 1,000 values; 200 groups are the most that are judged"),
    ],
)
def test_a_column_that_is_no_column_of_groups_is_refused(column: Any, why: str) -> None:
    assert slices(METRICS["accuracy"], SIDE, column, DRAWS) == Undecided(why)
    assert fairness(SIDE, column) == Undecided(why)


def test_columns_that_do_not_fit_the_metric_are_refused() -> None:
    assert isinstance(slices(METRICS["roc_auc"], Side(TRUTH, SIDE.label), CITY, DRAWS), Undecided)
    assert isinstance(fairness(Side(np.arange(ROWS), np.arange(ROWS)), CITY), Undecided)
    assert split([], 0) == Undecided("there are no rows")


# Two groups, counted by hand: of 100 in A 60 are positive, of which 45 are selected, and 10 of the 40 others; of 50 in B 20
# are positive, of which 10 are selected, and 3 of the 30 others.
BY_HAND = [("A", 1, 1, 45), ("A", 1, 0, 15), ("A", 0, 1, 10), ("A", 0, 0, 30)]
BY_HAND += [("B", 1, 1, 10), ("B", 1, 0, 10), ("B", 0, 1, 3), ("B", 0, 0, 27)]
SEX = np.repeat([group for group, *_ in BY_HAND], [count for *_, count in BY_HAND])
PEOPLE = Side(
    np.repeat([truth for _, truth, _, _ in BY_HAND], [count for *_, count in BY_HAND]),
    np.repeat([said for *_, said, _ in BY_HAND], [count for *_, count in BY_HAND]),
)


def judged(side: Side = PEOPLE, column: Any = SEX, **options: Any) -> Fairness:
    found = fairness(side, column, **options)
    assert isinstance(found, Fairness), found
    return found


def gap(found: Fairness, measure: Any) -> Gap:
    one = found.gaps[measure]
    assert isinstance(one, Gap), one
    return one


def test_rates_and_gaps_are_those_counted_by_hand() -> None:
    found = judged(fewest=20)
    assert {measure: [rate.value for rate in rates] for measure, rates in found.rates.items()} == {
        "selection_rate": [0.55, 0.26],
        "true_positive_rate": [0.75, 0.5],
        "false_positive_rate": [0.25, 0.1],
    }
    parity = gap(found, "selection_rate")
    assert (parity.highest.group, parity.lowest.group) == ("A", "B")
    assert parity.difference == pytest.approx(0.29)
    assert parity.ratio == pytest.approx(0.26 / 0.55)
    assert parity.low < 0.29 < parity.high
    assert parity.low > 0
    odds = found.equalised_odds
    assert isinstance(odds, Gap)
    assert (odds.measure, odds.difference) == ("true_positive_rate", 0.25)
    assert odds.low < 0.25 < odds.high


def test_a_rate_needs_enough_rows_that_it_is_a_rate_of() -> None:
    found = judged(fewest=30)
    reason = "true_positive_rate needs two groups of at least 30 positive rows; there is one"
    assert found.gaps["true_positive_rate"] == Undecided(reason)
    assert found.equalised_odds == Undecided(reason)
    assert isinstance(found.gaps["selection_rate"], Gap)
    assert [rate.judged for rate in found.rates["true_positive_rate"]] == [True, False]


def test_one_group_has_no_gap() -> None:
    found = judged(column=np.full(150, "A"))
    assert isinstance(found.gaps["selection_rate"], Undecided)
    nobody = judged(Side(np.zeros(150, dtype=np.int64), PEOPLE.label), fewest=1)
    assert nobody.rates["true_positive_rate"][0].value is None
    assert isinstance(nobody.gaps["true_positive_rate"], Undecided)


def test_nobody_selected_anywhere_is_no_gap_but_not_certain() -> None:
    found = gap(judged(Side(PEOPLE.target, np.zeros(150, dtype=np.int64))), "selection_rate")
    assert (found.difference, found.ratio) == (0, 1)
    assert found.low < 0 < found.high
    assert found.highest.group != found.lowest.group


def test_more_groups_widen_the_interval() -> None:
    groups = np.random.default_rng(1).integers(0, 10, ROWS).astype(str)
    label = (np.random.default_rng(2).random(ROWS) < 0.5).astype(np.int64)
    many = gap(judged(Side(label, label), groups), "selection_rate")
    extremes = np.isin(groups, (many.highest.group, many.lowest.group))
    two = gap(judged(Side(label[extremes], label[extremes]), groups[extremes]), "selection_rate")
    assert two.difference == many.difference
    assert many.high - many.low > 1.4 * (two.high - two.low)


def test_a_named_class_is_the_one_selected() -> None:
    words = Side(np.where(PEOPLE.target == 1, "yes", "no"), np.where(PEOPLE.label == 1, "yes", "no"))
    assert judged(words, positive="yes", fewest=20) == judged(fewest=20)
