"""The noise floor: spreads of metrics over seeds."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltools.core.noise import parse_noise, seeds, spreads
from mltools.errors import ConfigError

GOOD = {
    "schema": 1,
    "commit": "a" * 40,
    "time": "2026-01-02T03:04:05Z",
    "param": "train.seed",
    "seeds": [1, 2],
    "metrics": {"m": {"n": 2, "mean": 0.5, "sd": 0.1, "minimum": 0.4, "maximum": 0.6}},
}


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_the_spread_is_the_sample_standard_deviation(values: list[float]) -> None:
    spread = spreads([{"m": value} for value in values])["m"]
    assert spread.sd == pytest.approx(statistics.stdev(values), rel=1e-9, abs=1e-9)
    assert (spread.n, spread.minimum, spread.maximum) == (len(values), min(values), max(values))


def test_what_no_seed_moves_has_no_spread_at_all() -> None:
    spread = spreads([{"m": 0.95}, {"m": 0.95}, {"m": 0.95}])["m"]
    assert (spread.mean, spread.sd) == (0.95, 0.0)


def test_only_numbers_of_every_run_have_a_spread() -> None:
    found = spreads([{"a": 1, "b": 1.0, "c": "x", "d": True}, {"a": 3, "c": "x", "d": True}])
    assert list(found) == ["a"]
    assert found["a"].mean == 2
    assert spreads([]) == {}
    assert spreads([{"a": 1}]) == {}


@pytest.mark.parametrize(
    ("current", "expected"), [(42, (43, 44)), (None, (1, 2)), ("x", (1, 2)), (True, (1, 2)), (-1, (0, 1))]
)
def test_other_seeds_follow_the_present_one(current: object, expected: tuple[int, ...]) -> None:
    assert seeds(current, 2) == expected  # type: ignore[arg-type]


def test_a_floor_is_read_back_as_it_was_written() -> None:
    noise = parse_noise(GOOD, "x")
    assert parse_noise(noise.as_json(), "x") == noise
    assert noise.floor == {"m": 0.1}


@pytest.mark.parametrize(
    "change",
    [{"seeds": [1]}, {"commit": "x"}, {"metrics": {"m": {"n": 2}}}, {"more": 1}, {"metrics": {"m": {**GOOD["metrics"]["m"], "sd": -1}}}],  # type: ignore[index]
)  # fmt: skip
def test_what_is_no_floor_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="no noise floor"):
        parse_noise({**GOOD, **change}, "x")
