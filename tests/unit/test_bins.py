"""Bins: edges are short, near quantiles, and no row's value; what they say is what the values say."""

import math
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltools.core import bins
from mltools.core.bins import Number
from mltools.core.profile import MOST_BINS, Histogram

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
WHOLES = st.integers(-(2**63), 2**63 - 1)
SOME: tuple[st.SearchStrategy[Number], ...] = (
    FLOATS,
    WHOLES,
    st.integers(-50, 50),
    st.sampled_from([0.0, 0.1, 1.5, 1e9]),
)
COUNTS = st.one_of(
    [st.dictionaries(values, st.integers(1, 400), min_size=1, max_size=120) for values in SOME]
)


def counted(values: object) -> dict[Number, int]:
    return dict(Counter(np.asarray(values).tolist()))


def inside(bins_: Histogram) -> list[tuple[float, float]]:
    """The bounds of each bin, both of them values that it may hold."""
    ends = bins.boundaries(bins_.edges)
    starts = [bins_.low, *(_after(end) for end in ends[:-1])]
    return list(zip(starts, ends, strict=True))


def _after(value: Number) -> Number:
    return value + 1 if isinstance(value, int) else math.nextafter(value, math.inf)


@given(COUNTS)
def test_every_value_lies_in_one_bin_and_is_counted_there(counts: Mapping[Number, int]) -> None:
    found = bins.histogram(counts)
    assert len(found.edges) <= MOST_BINS
    assert (found.low, found.edges[-1]) == (min(counts), max(counts))
    for (low, high), count in zip(inside(found), found.counts, strict=True):
        assert count == sum(rows for value, rows in counts.items() if low <= value <= high)
    assert sum(found.counts) == sum(counts.values())


@given(COUNTS)
def test_a_discrete_histogram_has_its_values_for_edges(counts: Mapping[Number, int]) -> None:
    found = bins.histogram(counts)
    if found.discrete:
        assert dict(zip(found.edges, found.counts, strict=True)) == counts


@given(COUNTS)
def test_bins_do_not_depend_on_the_order_of_the_values(counts: Mapping[Number, int]) -> None:
    backwards = dict(reversed(list(counts.items())))
    assert bins.histogram(backwards) == bins.histogram(counts)
    assert bins.moments(backwards) == bins.moments(counts)


@given(COUNTS)
def test_edges_of_a_sample_are_in_order_and_end_at_the_maximum(counts: Mapping[Number, int]) -> None:
    values = sorted(counts)
    low, high = values[0], values[-1]
    some = {value: counts[value] for value in values[::3]}
    found = bins.edges(some, low, high, 100_000)
    assert found[-1] == high
    assert list(found) == sorted(found)
    assert max(Counter(found).values()) <= 2
    assert len(found) <= MOST_BINS
    ends = bins.boundaries(found)
    assert all(first < second for first, second in pairwise(ends))
    assert ends[0] >= low


@given(COUNTS, st.sampled_from([0.01, 0.25, 0.5, 0.75, 0.99]))
def test_a_quantile_lies_in_the_bin_of_the_true_one(counts: Mapping[Number, int], share: float) -> None:
    found = bins.histogram(counts)
    whole = all(isinstance(value, int) for value in counts)
    values = sorted(value for value, rows in counts.items() for _ in range(rows))
    true = values[max(0, math.ceil(share * len(values)) - 1)]
    around = next((low, high) for low, high in inside(found) if low <= true <= high)
    got = bins.quantile(found, share, whole=whole)
    room = 1e-3 * (around[1] / 2 - around[0] / 2) + 1e-12 * abs(true)
    assert around[0] - room <= got <= around[1] + room


def test_no_bin_of_few_rows_shows_a_row() -> None:
    salaries = [31_250.17, 48_020.9, 52_100.0, 67_333.33, 91_480.25]
    found = bins.histogram(Counter(salaries))
    assert found.edges == (91_480.25,)
    hundred = np.random.default_rng(1).lognormal(10, 1, 100)
    edges = bins.histogram(counted(hundred)).edges
    assert len(edges) <= 20
    assert not set(edges[:-1]) & set(hundred.tolist())


def test_edges_are_short_numbers() -> None:
    normal = np.random.default_rng(2).normal(0, 1, 9_000)
    edges = bins.histogram(counted(normal)).edges
    assert 40 <= len(edges) <= 50
    assert all(len(repr(edge)) <= 6 for edge in edges[:-1])


def test_data_that_are_alike_get_the_same_edges() -> None:
    chance = np.random.default_rng(3)
    one, other = (bins.histogram(counted(chance.normal(50, 10, 200_000).round(6))).edges for _ in range(2))
    assert len(set(one) & set(other)) > 0.7 * len(one)


def test_a_value_that_many_rows_have_stands_alone() -> None:
    chance = np.random.default_rng(4)
    values = np.where(chance.random(5_000) < 0.6, 0, chance.normal(0, 1, 5_000))
    found = bins.histogram(counted(values))
    at = found.edges.index(0.0)
    assert found.edges[at : at + 2] == (0.0, 0.0)
    assert found.counts[at + 1] == int((values == 0).sum())


def test_an_empty_stretch_is_told_by_edges_at_both_its_ends() -> None:
    chance = np.random.default_rng(5)
    values = np.concatenate([chance.normal(0, 0.01, 5_000), chance.normal(100, 1, 5_000)])
    edges = bins.histogram(counted(values)).edges
    apart = [pair for pair in pairwise(edges) if pair[1] - pair[0] > 50]
    assert len(apart) == 1
    assert apart[0][0] < 1
    assert apart[0][1] > 90


def test_edges_between_few_sampled_values_are_spread_out() -> None:
    edges = bins.edges({10: 5_000, 900: 5_000}, 0, 1_000, 90_000)
    assert len(edges) > 15
    assert edges[-1] == 1_000


def test_lengths_counted_in_coarse_steps_keep_those_steps_for_edges() -> None:
    counts: dict[Number, int] = {32: 50, 36: 100, 40: 300, 640: 7}
    found = bins.merged(counts, 30, 611)
    assert (found.low, found.edges[-1], sum(found.counts)) == (30, 611, 457)
    assert set(found.edges[:-1]) <= set(counts)
    assert not found.discrete


@pytest.mark.parametrize(
    ("values", "mean", "std"),
    [
        ([5.0], 5.0, 0.0),
        ([1, 2, 3, 4], 2.5, 1.118034),
        ([-1e308, 1e308], 0.0, 1e308),
        ([0.1] * 10, 0.1, 0.0),
        ([1e9, 1e9 + 2**-10], 1e9 + 2**-11, 2**-11),
        ([2**62, 2**62 + 2**40], 2**62 + 2**39, 2**39),
    ],
)
def test_mean_and_spread(values: list[float], mean: float, std: float) -> None:
    found = bins.moments(counted(values))
    assert found == pytest.approx((mean, std), rel=1e-6, abs=1e-300)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=200))
def test_mean_and_spread_are_those_of_numpy(values: list[float]) -> None:
    mean, std = bins.moments(counted(values))
    assert std == pytest.approx(np.std(values), rel=1e-5, abs=1e-6)
    assert mean == pytest.approx(np.mean(values), rel=1e-9, abs=1e-6 * max(std, 1e-6))
