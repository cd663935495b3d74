"""Drift from profiles alone is the drift of the rows: PSI within a stated tolerance, KS within a bin."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2, ks_2samp

from mltools.core import bins, drift
from mltools.core.contract import ColumnType
from mltools.core.distribution import Cut, Distribution
from mltools.core.drift import jensen_shannon, ks, psi
from mltools.core.profile import ColumnProfile, Histogram, Spread

Values = NDArray[Any]
Chance = np.random.Generator

# By how much the index of profiles may differ from that of rows in the same bins, from some thousand rows on.
ABSOLUTE, RELATIVE = 0.01, 0.05

SHAPES: Mapping[str, Callable[[Chance, int, float], Values]] = {
    "normal": lambda chance, size, by: chance.normal(by, 1 + by / 3, size),
    "lognormal": lambda chance, size, by: chance.lognormal(by, 1.2, size),
    "many zeros": lambda chance, size, by: np.where(
        chance.random(size) < 0.6 - by / 4, 0.0, chance.exponential(3 + by, size)
    ),
    "heavy tails": lambda chance, size, by: chance.standard_cauchy(size) + by,
    "prices": lambda chance, size, by: np.floor(chance.lognormal(3 + by, 0.5, size)) + 0.99,
    "heaped": lambda chance, size, by: (
        np.where(
            chance.random(size) < 0.5, chance.integers(0, 100, size) * 1000.0, chance.random(size) * 100_000
        )
        * (1 + by / 2)
    ),
    "uniform": lambda chance, size, by: chance.random(size) + by,
    "two modes": lambda chance, size, by: np.where(
        chance.random(size) < 0.5 + by / 4, chance.normal(0, 0.01, size), chance.normal(100, 1, size)
    ),
    "counts": lambda chance, size, by: chance.poisson(4 + by, size),
    "ages": lambda chance, size, by: chance.integers(18, 78, size) + int(by * 4),
    "large numbers": lambda chance, size, by: chance.integers(0, 10**12, size) + int(by * 1e11),
    "codes": lambda chance, size, by: chance.choice(
        [1, 5, 10, 100], size, p=[0.4 - by / 4, 0.3, 0.2, 0.1 + by / 4]
    ),
}


def column(values: Values, *, nulls: int = 0, kind: ColumnType | None = None) -> ColumnProfile:
    found = kind or ("integer" if values.dtype.kind == "i" else "number")
    histogram = bins.histogram(dict(Counter(values.tolist()))) if len(values) else None
    return ColumnProfile(name="x", type=found, count=len(values), nulls=nulls, histogram=histogram)


def labels(counts: Mapping[str, int], *, other: int = 0, nulls: int = 0) -> ColumnProfile:
    pairs = tuple(sorted(counts.items(), key=lambda pair: -pair[1]))
    total = sum(counts.values()) + other
    return ColumnProfile(name="x", type="category", count=total, nulls=nulls, categories=pairs, other=other)


def index(base: list[float], head: list[float]) -> float:
    """PSI by the book, with our floor for empty bins."""
    one, other = (np.array(side, float) / sum(side) for side in (base, head))
    least = max(drift.LEAST_SHARE, 0.5 / min(sum(base), sum(head)))
    one, other = np.maximum(one, least), np.maximum(other, least)
    return float(((other - one) * np.log(other / one)).sum())


def between(values: Values, cuts: list[Cut]) -> list[float]:
    upto = [
        0,
        *((values <= at).sum() if inclusive else (values < at).sum() for at, inclusive in cuts),
        len(values),
    ]
    return [float(count) for count in np.diff(upto)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("by", [0, 0.05, 0.2, 0.5, 1.0])
def test_the_index_of_profiles_is_that_of_rows(shape: str, by: float) -> None:
    chance = np.random.default_rng([len(shape), int(by * 100)])
    before, after = SHAPES[shape](chance, 4_000, 0), SHAPES[shape](chance, 7_000, by)
    base, head = column(before), column(after)
    found = psi(base, head)
    assert found.value is not None
    assert base.histogram is not None
    assert head.histogram is not None
    one, other = (
        Distribution.of(side.histogram, whole=side.type == "integer")
        for side in (base, head)
        if side.histogram
    )
    if one.discrete and other.discrete and len(one.cuts) <= drift.BINS + 1:
        every = sorted({*before.tolist(), *after.tolist()})
        rows = index(*([float((side == value).sum()) for value in every] for side in (before, after)))
    else:
        cuts = one.equal(drift.BINS, other)
        rows = index(between(before, cuts), between(after, cuts))
    assert found.value == pytest.approx(rows, abs=ABSOLUTE, rel=RELATIVE)


# Where a range ends at once, the index hangs on which edge lies at the end of the other.
@pytest.mark.parametrize("shape", sorted(SHAPES.keys() - {"uniform", "ages", "large numbers"}))
@pytest.mark.parametrize("by", [0, 0.05, 0.2, 0.5, 1.0])
def test_the_index_is_near_that_of_the_deciles_of_rows(shape: str, by: float) -> None:
    chance = np.random.default_rng([len(shape), int(by * 100), 1])
    before, after = SHAPES[shape](chance, 20_000, 0), SHAPES[shape](chance, 20_000, by)
    cuts = [(float(at), True) for at in np.unique(np.quantile(before, np.arange(1, 10) / 10))]
    found = psi(column(before), column(after)).value
    assert found == pytest.approx(index(between(before, cuts), between(after, cuts)), abs=0.02, rel=0.15)


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(300, 4_000), by=st.floats(0, 1))
def test_the_distance_is_within_a_bin_of_that_of_rows(shape: str, seed: int, size: int, by: float) -> None:
    chance = np.random.default_rng(seed)
    before, after = SHAPES[shape](chance, size, 0), SHAPES[shape](chance, 2 * size, by)
    found = ks(column(before), column(after))
    assert found is not None
    true = ks_2samp(before, after, method="asymp")
    assert abs(found.distance - true.statistic) <= found.slack + 1e-9
    assert found.slack <= 0.06 or shape in {"codes", "counts", "many zeros"}


@given(distance=st.floats(0.001, 0.5), size=st.integers(100, 10_000))
def test_the_chance_of_a_distance_is_kolmogorovs(distance: float, size: int) -> None:
    from scipy.special import kolmogorov

    scaled = distance * math.sqrt(size / 2)
    assert drift._kolmogorov(scaled) == pytest.approx(kolmogorov(scaled), abs=1e-9)


@pytest.mark.parametrize("degrees", range(1, 60))
def test_noise_is_the_quantile_of_chi_square(degrees: int) -> None:
    assert drift._chi_square(degrees) == pytest.approx(chi2.ppf(0.95, degrees), rel=0.03)


@pytest.mark.parametrize("shape", SHAPES)
def test_chance_stays_within_the_noise_in_nineteen_of_twenty_cases(shape: str) -> None:
    beyond = 0
    for seed in range(60):
        chance = np.random.default_rng([seed, len(shape)])
        found = psi(*(column(SHAPES[shape](chance, 800, 0)) for _ in range(2)))
        assert found.value is not None
        beyond += found.value > found.noise
    assert beyond <= 9  # of 60; more in one of a thousand cases


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_differs_from_itself(shape: str) -> None:
    same = column(SHAPES[shape](np.random.default_rng(1), 3_000, 0), nulls=40)
    assert psi(same, same).value == 0
    assert psi(same, same).band == "stable"
    assert jensen_shannon(same, same) == 0
    found = ks(same, same)
    assert found is not None
    assert (found.distance, found.p_value) == (0, 1)


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 5_000), min_size=1),
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 5_000), min_size=1),
    st.integers(0, 300),
)
def test_over_categories_both_measures_are_symmetric(
    one: Mapping[str, int], other: Mapping[str, int], nulls: int
) -> None:
    base, head = labels(one, nulls=nulls + 1), labels(other, nulls=1)
    there, back = psi(base, head), psi(head, base)
    assert (there.value is None) == (back.value is None)
    if there.value is not None:
        assert there.value >= 0
        assert back.value == pytest.approx(there.value, rel=1e-9)
    first, second = jensen_shannon(base, head), jensen_shannon(head, base)
    assert first == pytest.approx(second, abs=1e-7)
    assert first is not None
    assert 0 <= first <= 1


def test_categories_are_compared_by_value() -> None:
    base, head = labels({"a": 600, "b": 300, "c": 100}), labels({"a": 500, "b": 200, "d": 300})
    found = psi(base, head)
    assert found.value == pytest.approx(index([600, 300, 100, 0], [500, 200, 0, 300]))
    assert (found.bins, found.band) == (4, "large")
    assert jensen_shannon(base, head) == pytest.approx(
        jensenshannon([0.6, 0.3, 0.1, 0], [0.5, 0.2, 0, 0.3], base=2)
    )


def test_a_category_that_one_side_may_have_but_not_name_is_not_taken_for_new() -> None:
    base, head = labels({"a": 600, "b": 300}, other=100), labels({"a": 600, "b": 300, "c": 100})
    assert psi(base, head).value == 0
    assert psi(base, head).bins == 3


def test_rare_categories_are_one_bin() -> None:
    rare = {f"r{number}": 1 for number in range(40)}
    found = psi(labels({"a": 960, **rare}), labels({"a": 960, **{f"s{number}": 1 for number in range(40)}}))
    assert (found.value, found.bins) == (0, 2)


def test_new_gaps_are_drift() -> None:
    values = np.random.default_rng(1).normal(0, 1, 10_000)
    found = psi(column(values), column(values[:6_000], nulls=4_000))
    assert found.band == "large"
    assert found.bins == 11
    assert psi(column(values, nulls=1_000), column(values, nulls=1_000)).value == 0


def test_a_constant_that_changes_is_drift() -> None:
    for before, after in ((5, 7), (5.0, 4.0)):
        found = psi(column(np.array([before] * 1_000)), column(np.array([after] * 1_000)))
        assert found.value is not None
        assert found.value > 5
        spread = np.random.default_rng(1).normal(before, 1, 1_000)
        wider = psi(column(np.array([float(before)] * 1_000)), column(spread))
        assert wider.band == "large"


def test_a_new_code_is_drift_though_it_lies_between_the_others() -> None:
    base, head = np.array([1, 5, 10] * 400), np.array([1, 3, 10] * 400)
    found = psi(column(base), column(head))
    assert found.value == pytest.approx(index([400, 400, 400, 0], [400, 0, 400, 400]))


def test_a_shift_beyond_the_whole_range_is_large() -> None:
    values = np.random.default_rng(1).random(5_000)
    assert psi(column(values), column(values + 10)).band == "large"
    assert psi(column(values + 10), column(values)).band == "large"
    far = ks(column(values), column(values + 10))
    assert far is not None
    assert far.distance == 1
    assert far.p_value == pytest.approx(0)


@pytest.mark.parametrize(("size", "band"), [(20, None), (29, None), (40, "stable"), (600, "moderate")])
def test_few_rows_tell_less(size: int, band: str | None) -> None:
    base, head = (
        labels({"a": size // 2, "b": size - size // 2}),
        labels({"a": size // 3, "b": size - size // 3}),
    )
    found = psi(base, head)
    assert found.band == band
    if band is None:
        assert found.value is None
        assert found.reason == f"{size} rows are too few to tell drift from chance"
        assert found.exceeds(0.1) is None
    else:
        assert found.exceeds(0.1) is (band == "moderate")


@pytest.mark.parametrize(
    ("value", "noise", "band"),
    [
        (0.0, 0.0, "stable"),
        (0.0999, 0.01, "stable"),
        (0.1, 0.01, "moderate"),
        (0.1, 0.12, "stable"),
        (0.249, 0.01, "moderate"),
        (0.25, 0.01, "large"),
        (3.0, 0.01, "large"),
    ],
)
def test_bands(value: float, noise: float, band: str) -> None:
    assert drift.band(value, noise) == band


def test_what_cannot_be_compared_has_a_reason() -> None:
    numbers = column(np.arange(1_000.0))
    empty = ColumnProfile(name="x", type="number", count=0, nulls=0)
    hidden = ColumnProfile(name="x", type="number", role="sensitive", count=1_000, nulls=0)
    gaps = ColumnProfile(name="x", type="number", count=0, nulls=1_000)
    assert psi(numbers, labels({"a": 1_000})).reason == "number against category"
    assert psi(numbers, empty).reason == "no rows"
    assert psi(numbers, hidden).reason == "the values of one of them are not kept"
    assert psi(numbers, hidden).value is None
    assert psi(gaps, gaps).value == 0
    assert psi(gaps, numbers).band == "large"
    assert ks(numbers, gaps) is None
    assert ks(numbers, hidden) is None
    assert jensen_shannon(numbers, hidden) is None
    assert ks(labels({"a": 1}), labels({"a": 1})) is None


def test_whole_and_other_numbers_are_compared() -> None:
    values = np.random.default_rng(1).poisson(1_000, 5_000)
    found = psi(column(values), column(values.astype(float)))
    assert found.value == pytest.approx(0, abs=0.01)


def test_free_text_is_compared_by_its_lengths() -> None:
    def text(lengths: Values) -> ColumnProfile:
        spread = Spread(histogram=bins.histogram(dict(Counter(lengths.tolist()))))
        return ColumnProfile(name="x", type="string", count=len(lengths), nulls=0, lengths=spread)

    chance = np.random.default_rng(1)
    base, same, longer = (text(chance.poisson(by, 4_000)) for by in (30, 30, 45))
    assert psi(base, same).band == "stable"
    assert psi(base, longer).band == "large"
    found = labels({"a": 4_000}).model_copy(
        update={"lengths": base.lengths, "categories": None, "other": None}
    )
    assert psi(base, found).value == 0


def test_a_histogram_tells_how_many_values_lie_below() -> None:
    found = Distribution.of(Histogram(low=0, edges=(1.0, 3.0, 3.0, 10.0), counts=(2, 4, 5, 9)), whole=False)
    below = {
        cut: found.below(cut) for cut in [(-1, True), (0, False), (1, True), (2, True), (3, False), (3, True)]
    }
    assert below == {(-1, True): 0, (0, False): 0, (1, True): 2, (2, True): 4, (3, False): 6, (3, True): 11}
    assert found.below((6.5, True)) == 15.5
    assert found.below((10, False)) == found.below((11, True)) == 20
    assert found.slack == 9 / 20
    whole = Distribution.of(Histogram(low=1, edges=(1, 5, 6), counts=(3, 8, 2)), whole=True)
    assert [whole.below((value, True)) for value in (1, 2, 3.5, 5, 6)] == [3, 5, 7, 11, 13]
    assert whole.below((2, False)) == 3
    assert whole.slack == 8 / 13
    codes = Distribution.of(Histogram(low=1, edges=(1, 5), counts=(3, 8), discrete=True), whole=False)
    assert [codes.below((value, True)) for value in (0.9, 1, 4.9, 5)] == [0, 3, 3, 11]
    assert codes.slack == 0


def test_far_apart_numbers_do_not_overflow() -> None:
    wide = column(np.array([-1.7e308, 1.7e308, 0.0, 1e300] * 20))
    assert psi(wide, wide).value == 0
    narrow = column(np.array([5e-324, 1e-320] * 50))
    found = psi(wide, narrow).value
    assert found is not None
    assert math.isfinite(found)


class TestShares:
    """Where the rows lie, to be looked at."""

    @pytest.mark.parametrize("shape", SHAPES)
    def test_parts_of_all_rows_that_add_up(self, shape: str) -> None:
        chance = np.random.default_rng(3)
        base = column(SHAPES[shape](chance, 3_000, 0.0), nulls=100)
        head = column(SHAPES[shape](chance, 2_000, 0.5), nulls=700)
        found = drift.shares(base, head)
        assert 2 <= len(found) <= drift.BINS + 4
        assert len({share.name for share in found}) == len(found)
        assert math.fsum(share.base for share in found) == pytest.approx(1)
        assert math.fsum(share.head for share in found) == pytest.approx(1)
        assert (found[-1].name, found[-1].base) == ("no value", 100 / 3_100)

    def test_of_numbers_are_those_of_the_rows_between_the_edges(self) -> None:
        chance = np.random.default_rng(4)
        old, new = chance.normal(0, 1, 20_000), chance.normal(1, 1, 20_000)
        found = drift.shares(column(old), column(new))
        assert [share.base for share in found] == pytest.approx([0.1] * 10, abs=0.03)
        last = found[-1]
        edge = float(last.name.removeprefix("above "))
        assert last.head == pytest.approx((new > edge).mean(), abs=0.01)

    def test_few_values_and_categories_are_called_by_their_names(self) -> None:
        old, new = np.array([0, 0, 0, 1] * 50), np.array([0, 1, 1, 2] * 50)
        found = drift.shares(column(old), column(new))
        assert [(share.base, share.head) for share in found] == [(0.75, 0.25), (0.25, 0.5), (0.0, 0.25)]
        assert [share.name for share in found] in (["0", "1", "2"], ["0", "1", "above 1"])
        many = [
            ColumnProfile(
                name="x",
                type="category",
                count=100,
                nulls=0,
                categories=tuple((f"v{number}", 5) for number in order),
                other=100 - 5 * len(order),
            )
            for order in (range(12), range(6, 20))
        ]
        named = drift.shares(*many)
        assert len(named) == drift.BINS + 1
        assert named[-1].name == "all others"
        assert math.fsum(share.head for share in named) == pytest.approx(1)

    def test_what_cannot_be_compared_has_none(self) -> None:
        number = column(np.array([1.0, 2.0]))
        text = ColumnProfile(name="x", type="string", count=2, nulls=0)
        assert drift.shares(number, text) == ()
        assert drift.shares(number, column(np.array([]))) == ()
