"""How far bounds lie beyond what was seen."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mltools.core.margins import bounds, fewest_rows, longest, nulls, round_number
from mltools.core.observed import Seen

Draw = Callable[[np.random.Generator, int], Any]
DISTRIBUTIONS: dict[str, Draw] = {
    "uniform": lambda random, n: random.uniform(5, 10, n),
    "normal": lambda random, n: random.normal(0, 1, n),
    "positive normal": lambda random, n: random.normal(50, 10, n),
    "exponential": lambda random, n: random.exponential(3, n),
    "negative exponential": lambda random, n: -random.exponential(3, n),
    "gamma": lambda random, n: random.gamma(2, 2, n),
    "log-normal": lambda random, n: random.lognormal(0, 1, n),
}


def of(values: Any, name: str = "x", **more: Any) -> Seen:
    return Seen(
        name,
        "number",
        len(values),
        minimum=float(values.min()),
        maximum=float(values.max()),
        mean=float(values.mean()),
        std=float(values.std()),
        **more,
    )


def number(low: float, high: float, *, name: str = "x", values: int = 1000, **more: Any) -> Seen:
    """A column that looks uniform."""
    return Seen(
        name,
        more.pop("type", "number"),
        values,
        minimum=low,
        maximum=high,
        **{"mean": (low + high) / 2, "std": (high - low) / 3.46, **more},
    )


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize(("rows", "most"), [(30, 0.12), (100, 0.08), (1_000, 0.04)])
def test_a_next_batch_of_the_same_size_rarely_breaks_the_bounds(name: str, rows: int, most: float) -> None:
    random = np.random.default_rng(7)
    broken = 0
    for _ in range(300):
        low, high = bounds(of(DISTRIBUTIONS[name](random, rows)))
        batch = DISTRIBUTIONS[name](random, rows)
        assert isinstance(low, int | float)
        assert isinstance(high, int | float)
        broken += bool(batch.min() < low or batch.max() > high)
    assert broken / 300 <= most


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_values_in_another_unit_lie_beyond_the_bounds(name: str) -> None:
    values = DISTRIBUTIONS[name](np.random.default_rng(8), 1_000)
    low, high = bounds(of(values))
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    scaled = values * 1_000
    assert np.mean((scaled < low) | (scaled > high)) > 0.9


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(number(6.981, 28.11), (2, 34), id="outward to a round number"),
        pytest.param(number(1, 6), (0.2, 7), id="not across zero"),
        pytest.param(number(-6, -1), (-7, -0.2), id="nor from below"),
        pytest.param(number(-5, 5), (-7, 7), id="both signs"),
        pytest.param(number(0.01, 0.98), (0, 1), id="close to both ends of 0 to 1"),
        pytest.param(number(0.01, 0.4), (0, 0.48), id="no share by its values"),
        pytest.param(number(0.01, 0.4, name="click_rate"), (0, 1), id="a share by its name"),
        pytest.param(number(3, 41, name="pct_paid"), (0, 100), id="a percentage by its name"),
        pytest.param(number(-3, 41, name="growth_rate"), (-12, 50), id="a rate below zero is no share"),
        pytest.param(number(18, 77, name="age", type="integer"), (0, 120), id="an age"),
        pytest.param(number(300, 900, name="age", type="integer"), (150, 1050), id="an age in days is none"),
        pytest.param(number(47, 54, name="lat"), (-90, 90), id="a latitude"),
        pytest.param(number(1984, 2024, name="year", type="integer"), (1970, 2100), id="a year"),
        pytest.param(
            number(1_700_000_000, 1_701_000_000, name="ts", type="integer"),
            (1_640_000_000, 4_102_444_800),
            id="seconds since 1970",
        ),
        pytest.param(number(0, 1, type="integer"), (0, 1), id="a flag"),
        pytest.param(number(0, 1, type="integer", values=5), (0, 1), id="a flag, seen rarely"),
        pytest.param(number(7, 7), (0, 14), id="one value"),
        pytest.param(number(-7, -7), (-14, 0), id="one value below zero"),
        pytest.param(number(0, 0), (None, None), id="nothing but zeros"),
        pytest.param(number(2, 9, values=10), (0, 16), id="few values"),
        pytest.param(
            number(1, 5, type="integer", at_minimum=100, at_maximum=30), (1, 5), id="the ends of a scale"
        ),
        pytest.param(number(1, 5, type="integer", at_minimum=19, at_maximum=2), (0, 6), id="tails, not ends"),
        pytest.param(number(-(2**63), 2**63 - 1, type="integer"), (-(2**63), 2**63 - 1), id="64 bits"),
        pytest.param(number(1e300, 1.7e308), (0, 1.7976931348623157e308), id="doubles"),
        pytest.param(Seen("x", "string", 40, longest=3), (None, None), id="text"),
        pytest.param(Seen("x", "boolean", 40), (None, None), id="truth values"),
    ],
)
def test_bounds(seen: Seen, expected: tuple[object, object]) -> None:
    assert bounds(seen) == expected


@pytest.mark.parametrize(
    ("kind", "low", "high", "expected"),
    [
        ("date", "2024-03-01", "2026-01-31", ("2022-01-01", "2099-12-31")),
        ("date", "2026-01-31", "2026-01-31", ("2025-01-01", "2099-12-31")),
        ("date", "0001-01-01", "9999-12-31", ("0001-01-01", None)),
        (
            "datetime",
            "2025-06-01 10:00:00",
            "2026-01-31 09:30:00.25",
            ("2024-01-01T00:00:00", "2099-12-31T23:59:59"),
        ),
        ("datetime", "290309-12-22 (BC)", "2026-01-31 09:30:00", (None, None)),
    ],
)
def test_dates_begin_a_span_earlier_and_end_with_the_century(
    kind: Any, low: str, high: str, expected: tuple[str | None, str | None]
) -> None:
    assert bounds(Seen("day", kind, 500, minimum=low, maximum=high)) == expected


@pytest.mark.parametrize(
    ("rows", "gaps", "expected"),
    [
        (0, 0, (False, None)),
        (1, 0, (False, None)),
        (10, 0, (False, 0.3)),
        (50, 0, (False, 0.06)),
        (99, 0, (False, 0.04)),
        (100, 0, (True, None)),
        (10_000_000, 0, (True, None)),
        (10_000_000, 1, (False, 4e-07)),
        (1_000, 20, (False, 0.04)),
        (1_000, 300, (False, 0.45)),
        (1_000, 700, (False, None)),
        (1_000, 1_000, (False, None)),
    ],
)
def test_the_share_of_gaps_has_a_margin(rows: int, gaps: int, expected: tuple[bool, float | None]) -> None:
    assert nulls(rows, gaps) == expected


@pytest.mark.parametrize(
    ("rows", "fewest"), [(1, 1), (2, 1), (3, 1), (20, 10), (178, 80), (569, 200), (10_000_000, 5_000_000)]
)
def test_half_of_the_rows_are_enough(rows: int, fewest: int) -> None:
    assert fewest_rows(rows) == fewest


@pytest.mark.parametrize(("length", "most"), [(0, 1), (1, 2), (3, 6), (17, 34), (100, 200), (1234, 2600)])
def test_text_may_be_twice_as_long(length: int, most: int) -> None:
    assert longest(length) >= 2 * length
    assert longest(length) == most


@pytest.mark.parametrize(
    ("value", "is_round"),
    [(0, True), (100, True), (0.05, True), (-0.044641636506989144, False), (None, False)],
)
def test_a_scale_ends_at_a_short_number(value: float | None, is_round: bool) -> None:  # noqa: FBT001 - a case
    assert round_number(value) is is_round
