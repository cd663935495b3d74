"""Drift that is told from chance: few false alarms over many columns, real shifts found, too few rows never drift."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import chi2_contingency, false_discovery_control, ks_2samp

from mltools.core import bins
from mltools.core.contract import ColumnType
from mltools.core.drift import homogeneity, ks
from mltools.core.monitor import benjamini
from mltools.core.monitor.findings import Level, Shift
from mltools.core.monitor.policy import Drift, Monitor
from mltools.core.monitor.shifts import GONE, Pair, light, shifts, weights
from mltools.core.profile import ColumnProfile, Spread

POLICY = Monitor()
COLUMNS = 12


def number(values: NDArray[Any], *, nulls: int = 0, kind: ColumnType = "number") -> ColumnProfile:
    histogram = bins.histogram(dict(Counter(values.tolist()))) if len(values) else None
    return ColumnProfile(name="x", type=kind, count=len(values), nulls=nulls, histogram=histogram)


def labels(values: NDArray[Any], *, nulls: int = 0) -> ColumnProfile:
    counts = Counter(str(value) for value in values.tolist())
    return ColumnProfile(
        name="x",
        type="category",
        count=len(values),
        nulls=nulls,
        categories=tuple(counts.most_common(50)),
        other=sum(count for _, count in counts.most_common()[50:]),
    )


def pair(
    base: ColumnProfile, head: ColumnProfile | None, name: str = "x", weight: float | None = None
) -> Pair:
    return Pair(f"feature:{name}", name, base, head, weight)


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), max_size=30))
def test_the_correction_is_that_of_benjamini_and_hochberg(p_values: dict[str, float]) -> None:
    found = benjamini.adjusted(p_values)
    assert list(found) == list(p_values)
    if p_values:
        assert list(found.values()) == pytest.approx(false_discovery_control(list(p_values.values())))


def test_a_p_value_lies_between_0_and_1() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        benjamini.adjusted({"x": float("nan")})


@pytest.mark.parametrize("rows", [30, 300, 5_000])
@pytest.mark.parametrize("by", [0.0, 0.3])
def test_the_least_distance_is_never_above_that_of_the_rows(rows: int, by: float) -> None:
    chance = np.random.default_rng(rows)
    for _ in range(20):
        base, head = chance.normal(0, 1, 700), chance.normal(by, 1, rows)
        told, true = ks(number(base), number(head)), ks_2samp(base, head)
        assert told is not None
        assert told.least <= true.statistic + 1e-12
        assert told.least_p >= told.p_value
        assert true.statistic - told.least <= told.slack


def test_shares_of_categories_are_compared_as_pearson_did() -> None:
    chance = np.random.default_rng(1)
    base, head = chance.choice(list("abc"), 900), chance.choice(list("abc"), 400, p=[0.2, 0.3, 0.5])
    told = homogeneity(labels(base), labels(head))
    table = [[int((side == value).sum()) for value in "abc"] for side in (base, head)]
    true = chi2_contingency(table, correction=False)
    assert told is not None
    assert told.statistic == pytest.approx(true.statistic)
    assert told.degrees == true.dof


@pytest.mark.parametrize("rows", [100, 300, 3_000])
def test_many_categories_differ_by_chance_no_more_often_than_they_may(rows: int) -> None:
    """Of 300 windows 1 % may have a p value of 1 %, give or take chance: 10 or more have one of 1 in 1,000."""
    chance = np.random.default_rng(rows)
    names = np.array([f"c{number}" for number in range(40)])
    shares = 1 / np.arange(1, 41)
    base = labels(chance.choice(names, 5_000, p=shares / shares.sum()))
    alarms = 0
    for _ in range(300):
        head = labels(chance.choice(names, rows, p=shares / shares.sum()))
        (found,) = shifts([pair(base, head)], rows, POLICY)
        assert found.p_value is not None
        alarms += found.p_value <= 0.01
    assert alarms < 10


def text(lengths: NDArray[Any]) -> ColumnProfile:
    """Text with a value for each length. What fewer than ten rows have is not named, as in a profile made of data."""
    found = labels(lengths)
    named = tuple(pair for pair in found.categories or () if pair[1] >= 10)
    other = len(lengths) - sum(number for _, number in named)
    spread = Spread(histogram=bins.histogram(dict(Counter(lengths.tolist()))))
    return found.model_copy(update={"type": "string", "categories": named, "other": other, "lengths": spread})


@pytest.mark.parametrize("rows", [100, 300])
def test_text_of_which_only_frequent_values_are_named_differs_no_more_often(rows: int) -> None:
    chance = np.random.default_rng(rows + 1)
    base = text(chance.poisson(20, 5_000))
    found = [shifts([pair(base, text(chance.poisson(20, rows)))], rows, POLICY)[0] for _ in range(300)]
    assert sum(shift.p_value is not None and shift.p_value <= 0.01 for shift in found) < 10


@pytest.mark.parametrize("rows", [100, 300, 1_000])
def test_text_that_gets_longer_is_found_however_few_values_are_named(rows: int) -> None:
    chance = np.random.default_rng(rows)
    base = text(chance.poisson(20, 5_000))
    found = [shifts([pair(base, text(chance.poisson(23, rows)))], rows, POLICY)[0] for _ in range(20)]
    assert sum(shift.level.weight >= Level.WATCH.weight for shift in found) > 10


def test_a_new_category_is_found_beside_many_rare_ones_of_much_more_data() -> None:
    chance = np.random.default_rng(8)
    names = np.array([f"c{number}" for number in range(40)])
    base = labels(chance.choice(names, 200_000, p=[0.844, *[0.004] * 39]))
    head = chance.choice(names, 1_000, p=[0.844, *[0.004] * 39])
    head[:100] = "new"
    (found,) = shifts([pair(base, labels(head))], 1_000, POLICY)
    assert found.level is Level.DRIFTED


def test_numbers_have_no_shares() -> None:
    assert homogeneity(number(np.arange(50.0)), number(np.arange(50.0))) is None


@pytest.mark.parametrize("rows", [100, 300])
def test_without_drift_an_alarm_is_rare_whatever_the_number_of_columns(rows: int) -> None:
    """80 windows of 12 columns: a hundredth of them, give or take chance, may show any drift."""
    chance = np.random.default_rng(20260102 + rows)
    alarms = 0
    for _ in range(80):
        found = shifts([_alike(chance, place, rows) for place in range(COLUMNS)], rows, POLICY)
        alarms += any(shift.level.weight >= Level.WATCH.weight for shift in found)
    # 80 windows at 1 %: 5 or more have a chance of 1 in 700.
    assert alarms <= 4


def _alike(chance: np.random.Generator, place: int, rows: int) -> Pair:
    """Two samples of one population: every fourth column has categories."""
    if place % 4:
        return pair(number(chance.normal(0, 1, 400)), number(chance.normal(0, 1, rows)), f"x{place}")
    return pair(
        labels(chance.choice(list("abcde"), 400)), labels(chance.choice(list("abcde"), rows)), f"x{place}"
    )


@pytest.mark.parametrize("rows", [1, 20, 99])
def test_too_few_rows_are_never_drift(rows: int) -> None:
    found = shifts([pair(number(np.zeros(1_000)), number(np.full(rows, 9.0)))], rows, POLICY)
    assert [shift.level for shift in found] == [Level.UNTOLD]
    assert f"{rows:,} row{'s are' if rows != 1 else ' is'} too few; 100 are needed" == found[0].reason


def test_what_was_shifted_is_found_and_nothing_else() -> None:
    chance = np.random.default_rng(7)
    pairs = [
        pair(number(chance.normal(0, 1, 569)), number(chance.normal(place in {3, 8}, 1, 400)), f"x{place}")
        for place in range(30)
    ]
    found = shifts(pairs, 400, POLICY)
    assert [shift.name for shift in found if shift.level is Level.DRIFTED] == ["x3", "x8"]
    assert not [shift for shift in found if shift.level is Level.WATCH]


def test_many_rows_make_no_alarm_of_what_does_not_matter() -> None:
    """A shift of a twentieth of a deviation is certain in so many rows, and means nothing."""
    chance = np.random.default_rng(3)
    base, head = number(chance.normal(0, 1, 100_000)), number(chance.normal(0.05, 1, 100_000))
    (found,) = shifts([pair(base, head)], 100_000, POLICY)
    assert found.q_value is not None
    assert found.q_value < 1e-6
    assert found.level is Level.OK


def test_the_bins_of_few_rows_are_no_drift_of_many() -> None:
    chance = np.random.default_rng(5)
    (found,) = shifts(
        [pair(number(chance.lognormal(0, 2, 150)), number(chance.lognormal(0, 2, 20_000)))], 20_000, POLICY
    )
    assert found.level is Level.OK


def test_a_new_category_is_found() -> None:
    chance = np.random.default_rng(4)
    base, head = chance.choice(list("ab"), 569), chance.choice(list("abz"), 300)
    (found,) = shifts([pair(labels(base), labels(head))], 300, POLICY)
    assert found.level is Level.DRIFTED
    assert found.test == "chi-square"


@pytest.mark.parametrize(
    ("nulls", "level"), [(0, Level.OK), (4, Level.OK), (40, Level.WATCH), (150, Level.DRIFTED)]
)
def test_gaps_that_were_not_there_before_count(nulls: int, level: Level) -> None:
    chance = np.random.default_rng(nulls)
    base, head = number(chance.normal(0, 1, 569)), number(chance.normal(0, 1, 500 - nulls), nulls=nulls)
    (found,) = shifts([pair(base, head)], 500, POLICY)
    assert found.level is level


def test_fewer_gaps_than_before_are_no_alarm_of_their_own() -> None:
    chance = np.random.default_rng(2)
    base, head = number(chance.normal(0, 1, 400), nulls=40), number(chance.normal(0, 1, 500))
    (found,) = shifts([pair(base, head)], 500, POLICY)
    assert found.level is Level.OK


@pytest.mark.parametrize("head", [None, number(np.zeros(0), nulls=500)])
def test_a_feature_that_no_request_has_is_broken(head: ColumnProfile | None) -> None:
    (found,) = shifts([pair(number(np.arange(300.0)), head)], 500, POLICY)
    assert (found.level, found.reason) == (Level.BROKEN, GONE)


def test_a_feature_that_hardly_any_row_had_may_be_absent() -> None:
    (found,) = shifts([pair(number(np.arange(30.0), nulls=300), None)], 500, POLICY)
    assert found.level is Level.UNTOLD


def test_time_goes_on_and_is_no_drift() -> None:
    base, head = number(np.arange(300), kind="date"), number(np.arange(9_000, 9_300), kind="date")
    (found,) = shifts([pair(base, head)], 300, POLICY)
    assert (found.level, found.psi) == (Level.UNTOLD, None)


def test_another_type_cannot_be_compared() -> None:
    (found,) = shifts([pair(number(np.arange(300.0)), labels(np.array(["a"] * 300)))], 300, POLICY)
    assert (found.level, found.reason) == (Level.UNTOLD, "number against category")


def test_importance_is_shared_among_the_features_that_have_any() -> None:
    assert weights({"a": 3.0, "b": 1.0, "c": -2.0}, ("a", "b", "c", "d")) == {
        "a": 0.75,
        "b": 0.25,
        "c": 0.0,
        "d": 0.0,
    }
    assert weights({"a": -1.0}, ("a",)) is None
    assert weights({}, ("a",)) is None


@pytest.mark.parametrize(("weight", "expected"), [(0.01, True), (0.05, False), (None, False)])
def test_features_that_matter_little_are_light(weight: float | None, expected: bool) -> None:  # noqa: FBT001
    found = [Shift("feature:x", "x", "number", weight=weight, level=Level.DRIFTED)]
    assert light(found, Drift()) is expected


def test_of_many_features_half_of_an_even_share_is_not_little() -> None:
    others = [Shift(f"feature:x{place}", f"x{place}", "number", weight=0.03) for place in range(29)]
    assert not light([*others, Shift("feature:y", "y", "number", weight=0.02, level=Level.DRIFTED)], Drift())
    assert light([*others, Shift("feature:y", "y", "number", weight=0.01, level=Level.DRIFTED)], Drift())


def test_where_nothing_drifted_nothing_is_light() -> None:
    assert not light([Shift("feature:x", "x", "number", weight=0.0)], Drift())


def test_what_moved_says_whither_and_what_stayed_does_not() -> None:
    chance = np.random.default_rng(8)
    base = number(chance.normal(0, 1, 2_000)).model_copy(update={"quantiles": {"0.5": 0.0}})
    moved = number(chance.normal(2, 1, 2_000)).model_copy(update={"quantiles": {"0.5": 2.0}})
    gone, stayed = shifts([pair(base, moved, "a"), pair(base, base, "b")], 2_000, POLICY)
    assert (gone.median, gone.base_median) == (2.0, 0.0)
    assert sum(share.head for share in gone.shares) == pytest.approx(1)
    assert (stayed.median, stayed.shares) == (None, ())
