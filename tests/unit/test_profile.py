"""A profile is closed, bounded and canonical; what is kept of a column depends on what it is for."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from mltools.core.contract import Contract, parse_contract
from mltools.core.measured import profiled
from mltools.core.measuring import LENGTHS, SAMPLE, Answer, Ask, Lengths, Look, Scale, Subject, ask
from mltools.core.profile import (
    MOST_BINS,
    ColumnProfile,
    Histogram,
    Profile,
    Spread,
    parse_profile,
    profile_id,
)
from mltools.core.profile_table import table
from mltools.errors import ConfigError

NUMBERS = ColumnProfile(
    name="x",
    type="number",
    count=3,
    nulls=1,
    distinct=3,
    minimum=1.5,
    maximum=9,
    mean=4.0,
    std=1.25,
    quantiles={"0.5": 2.5},
    histogram=Histogram(low=1.5, edges=(2.5, 2.5, 9), counts=(1, 1, 1)),
)
LABELS = ColumnProfile(
    name="y", type="category", count=4, nulls=0, distinct=3, categories=(("a", 2), ("b", 1)), other=1
)
PROFILE = Profile(rows=4, columns=(NUMBERS, LABELS))


def contract(columns: Mapping[str, Any], **more: Any) -> Contract:
    return parse_contract({"schema": 1, "columns": dict(columns), **more}, "s.yaml")


def subject(rules: Mapping[str, Any], **more: Any) -> Subject:
    return Subject.of("x", contract({"x": rules}, **more))


def small(values: Mapping[Any, int], *, rows: int = 0, present: int = 0, **more: Any) -> dict[str, Any]:
    """A column of a small data set, measured in one pass."""
    kind = more.pop("type")
    about = subject({"type": kind, **more})
    count = sum(values.values())
    bounds = (
        {"minimum": min(values), "maximum": max(values)}
        if values and kind not in {"string", "category"}
        else {}
    )
    sizes: Counter[int] = Counter()
    for value, count_ in values.items() if kind in {"string", "category"} else ():
        sizes[len(value)] += count_
    spans = tuple(sizes[end] for end in LENGTHS)
    lengths = Lengths(spans, min(sizes), max(sizes), 0, 0) if sizes else None
    look = Look(present or count, count, len(values), sample=values, lengths=lengths, **bounds)
    assert ask(about, look) == Ask()
    found = profiled(about, rows or count, look, Ask(), Answer())
    return found.model_dump(exclude_none=True, exclude={"name", "type", "lengths", "quantiles"})


def test_a_profile_is_the_same_after_a_journey_as_json() -> None:
    text = json.dumps(PROFILE.as_json())
    assert parse_profile(json.loads(text), "p.json") == PROFILE
    assert list(PROFILE.as_json()) == ["schema", "rows", "columns"]
    assert "lengths" not in text
    assert "null," not in text


def test_equal_profiles_have_equal_ids_and_others_have_others() -> None:
    again = parse_profile(json.loads(json.dumps(PROFILE.as_json(), sort_keys=True)), "p.json")
    assert profile_id(again) == profile_id(PROFILE) == "91bbed4bdca540b5"
    other = Profile(rows=4, columns=(LABELS, NUMBERS))
    assert profile_id(other) != profile_id(PROFILE)
    assert len(profile_id(PROFILE)) == 16


def tree(**changes: Any) -> Any:
    """PROFILE as JSON, with changes to its first column."""
    found = PROFILE.as_json()
    found["columns"][0] |= changes
    return found


def column(name: str) -> Any:
    return {"name": name, "type": "number", "count": 0, "nulls": 0}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (None, "valid dictionary"),
        ([], "valid dictionary"),
        ({"rows": 1}, "columns: Field required"),
        ({**PROFILE.as_json(), "schema": 2}, "schema: Input should be 1"),
        ({**PROFILE.as_json(), "rows": "4"}, "rows: Input should be a valid integer"),
        ({**PROFILE.as_json(), "rows": True}, "rows: Input should be a valid integer"),
        ({**PROFILE.as_json(), "rows": 5}, "column 'x' has 4 rows, not 5"),
        ({**PROFILE.as_json(), "more": 1}, "more: Extra inputs are not permitted"),
        ({"schema": 1, "rows": 0, "columns": [{}] * 20_001}, "columns.0.name"),
        (
            {"schema": 1, "rows": 4, "columns": [PROFILE.as_json()["columns"][0]] * 2},
            "column 'x' stands twice",
        ),
        (
            {"schema": 1, "rows": 0, "columns": [column(f"c{n}") for n in range(20_001)]},
            "at most 20000 items",
        ),
        (tree(count=-1), "greater than or equal to 0"),
        (tree(count=10**30), "less than or equal to"),
        (tree(nulls=2.0), "valid integer"),
        (tree(mean="4"), "valid number"),
        (tree(mean=float("nan")), "finite"),
        (tree(std=-1.0), "greater than or equal to 0"),
        (tree(minimum=10**400), "columns.0.minimum"),
        (tree(minimum="x" * 50), "columns.0.minimum"),
        (tree(type="thing"), "columns.0.type"),
        (tree(name=""), "at least 1 character"),
        (tree(name="x" * 1_001), "at most 1000 characters"),
        (tree(quantiles={"median": 1}), "columns.0.quantiles"),
        (tree(histogram={"low": 0, "edges": [1], "counts": [1, 2]}), "not one count for each edge"),
        (tree(histogram={"low": 0, "edges": [2, 1], "counts": [1, 2]}), "edges that are not in order"),
        (tree(histogram={"low": 0, "edges": [1, 1, 1], "counts": [1, 1, 1]}), "edges that are not in order"),
        (tree(histogram={"low": 5, "edges": [1, 2], "counts": [1, 2]}), "begins above its first edge"),
        (tree(histogram={"low": 0, "edges": [1], "counts": [4]}), "bins that do not add up"),
        (tree(histogram={"low": 0, "edges": [], "counts": []}), "at least 1 item"),
        (tree(histogram={"low": 0, "edges": list(range(MOST_BINS + 1)), "counts": [1] * 129}), "at most 128"),
        (tree(categories=[["a", 3]]), "categories without the rest"),
        (tree(categories=[["a", 2]], other=2), "categories that do not add up"),
        (tree(categories=[["a", 1], ["a", 1]], other=1), "has a category twice"),
        (tree(categories=[["a" * 101, 3]], other=0), "columns.0.categories"),
        (tree(categories=[["a", "3"]], other=0), "columns.0.categories"),
        (tree(categories=[[["a"], 3]], other=0), "columns.0.categories"),
        (tree(lengths={"histogram": {"low": 0, "edges": [1], "counts": [1]}}), "bins that do not add up"),
    ],
)
def test_what_is_no_profile_is_refused_in_one_line(bad: Any, reason: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_profile(bad, "p.json")
    assert raised.value.message.startswith("p.json: not a data profile: ")
    assert reason in raised.value.message
    assert "\n" not in raised.value.message


def test_hostile_text_in_a_refusal_is_escaped() -> None:
    with pytest.raises(ConfigError) as raised:
        parse_profile(tree(**{"a\nb\u202e": 1}), "p.json")
    assert "\n" not in raised.value.message
    assert "\u202e" not in raised.value.message


@pytest.mark.parametrize(
    ("rules", "more", "how"),
    [
        ({"type": "number"}, {}, "number"),
        ({"type": "integer", "role": "feature"}, {}, "number"),
        ({"type": "datetime", "role": "time"}, {}, "number"),
        ({"type": "boolean"}, {}, "truth"),
        ({"type": "string"}, {}, "text"),
        ({"type": "category", "role": "target"}, {}, "text"),
        ({"type": "integer", "role": "id"}, {}, "identifier"),
        ({"type": "string", "unique": True}, {}, "identifier"),
        ({"type": "integer", "unique": True}, {}, "identifier"),
        ({"type": "integer"}, {"primary_key": ["x"]}, "identifier"),
        ({"type": "number", "unique": True}, {}, "number"),
        ({"type": "datetime", "unique": True}, {}, "number"),
        ({"type": "number", "role": "sensitive"}, {}, "hidden"),
        ({"type": "string", "role": "sensitive", "unique": True}, {}, "hidden"),
    ],
)
def test_how_a_column_is_measured(rules: Mapping[str, Any], more: Mapping[str, Any], how: str) -> None:
    assert subject(rules, **more).how == how


def test_a_part_of_a_key_is_measured_as_any_column() -> None:
    both = contract({"x": {"type": "integer"}, "y": {"type": "integer"}}, primary_key=["x", "y"])
    assert Subject.of("x", both).how == "number"


def test_a_sensitive_column_keeps_counts_alone() -> None:
    found = small({41: 3, 42: 9}, type="integer", role="sensitive", rows=20, present=15)
    assert found == {"role": "sensitive", "count": 12, "nulls": 5, "invalid": 3}


def test_an_identifier_keeps_counts_alone() -> None:
    found = small({"a": 1, "b": 1}, type="string", role="id", rows=3)
    assert found == {"role": "id", "count": 2, "nulls": 1, "invalid": 0, "distinct": 2}


def test_a_category_names_its_values_the_most_frequent_first() -> None:
    found = small({"b": 3, "a": 3, "rare": 1, "c": 9}, type="category")
    assert found["categories"] == (("c", 9), ("a", 3), ("b", 3), ("rare", 1))
    assert found["other"] == 0


def test_of_a_category_with_many_values_only_frequent_ones_are_named() -> None:
    many = {f"common {number:02}": 100 - number for number in range(60)} | {
        f"rare {number}": 9 for number in range(30)
    }
    found = small(many, type="category")
    assert len(found["categories"]) == 50
    assert found["categories"][-1] == ("common 49", 51)
    assert found["other"] == sum(many.values()) - sum(count for _, count in found["categories"])
    few = small({f"{number}": 9 for number in range(60)}, type="category")
    assert "categories" not in few


def test_text_names_a_value_only_when_many_rows_have_it() -> None:
    found = small({"yes": 40, "no": 10, "Anna Muster": 9}, type="string")
    assert (found["categories"], found["other"]) == ((("yes", 40), ("no", 10)), 9)
    names = {f"person {number}": 30 for number in range(51)}
    assert "categories" not in small(names, type="string")
    assert "categories" not in small({"Anna Muster": 1, "Hans Muster": 9}, type="string")


def test_what_the_contract_lists_is_no_secret() -> None:
    found = small({"yes": 2, "no": 1, "Anna Muster": 1}, type="string", enum=["yes", "no"])
    assert (found["categories"], found["other"]) == ((("yes", 2), ("no", 1)), 1)


def test_numbers_of_few_rows_are_no_list_of_values() -> None:
    found = small({31_250.17: 1, 48_020.9: 1, 67_333.33: 1}, type="number")
    assert found["histogram"] == {"low": 31250.17, "edges": (67333.33,), "counts": (3,), "discrete": False}
    assert "48020.9" not in json.dumps(found)


def test_codes_are_counted_one_by_one() -> None:
    found = small({0: 700, 1: 250, 9: 50}, type="integer")
    assert found["histogram"] == {"low": 0, "edges": (0, 1, 9), "counts": (700, 250, 50), "discrete": True}
    assert (found["minimum"], found["maximum"], found["mean"], found["std"]) == (0, 9, 0.7, 1.951922)


def test_days_and_moments_are_iso_text_with_bins_in_days_and_seconds() -> None:
    days = small({-719_162: 1, 0: 30, 20_000: 20}, type="date")
    assert (days["minimum"], days["maximum"]) == ("0001-01-01", "2024-10-04")
    assert days["histogram"]["edges"][-1] == 20_000
    times = small({0: 10, 1_500_000: 10, 3_000_000_000: 10}, type="datetime")
    assert (times["minimum"], times["maximum"]) == ("1970-01-01T00:00:00Z", "1970-01-01T00:50:00Z")
    assert times["histogram"] == {"low": 0, "edges": (0, 1.5, 3_000), "counts": (10,) * 3, "discrete": True}
    assert "mean" not in times


def test_far_moments_that_are_one_second_apart_or_less_share_a_bin() -> None:
    last = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999Z
    found = small({last: 10, last - 1: 10, last - 2: 10, 0: 10}, type="datetime")
    assert found["maximum"] == "9999-12-31T23:59:59.999999Z"
    assert sum(found["histogram"]["counts"]) == 40


def test_a_truth_value_is_a_category() -> None:
    found = profiled(subject({"type": "boolean"}), 10, Look(9, 8, true=3), Ask(), Answer())
    assert (found.categories, found.other, found.distinct) == (((False, 5), (True, 3)), 0, 2)
    assert (found.nulls, found.invalid) == (1, 1)


def test_a_column_without_values_has_counts_alone() -> None:
    for kind in ("number", "date", "category", "string"):
        found = profiled(subject({"type": kind}), 7, Look(2, 0), Ask(), Answer())
        assert found.model_dump(exclude_none=True, exclude={"name", "type"}) == {
            "count": 0,
            "nulls": 5,
            "invalid": 2,
            "distinct": 0,
        }


def test_of_many_rows_bins_are_asked_for_and_codes_with_them() -> None:
    number = subject({"type": "number"})
    spread = Look(
        50_000, 50_000, 40_000, minimum=0.0, maximum=10.0, sample={n / 1_000: 1 for n in range(SAMPLE)}
    )
    asked = ask(number, spread)
    assert asked.values == ()
    assert asked.edges[-1] == 10.0
    codes = Look(50_000, 50_000, 3, minimum=0.0, maximum=2.0, sample={0.0: 4_000, 1.0: 6_000})
    asked = ask(number, codes)
    assert asked.values == (0.0, 1.0)
    rare = Answer((20_000, 29_999), bins=(0,) * (len(asked.edges) - 1) + (50_000,), total=0, squares=0)
    found = profiled(number, 50_000, codes, asked, rare)
    assert found.histogram is not None
    assert not found.histogram.discrete, "one value is neither, so that these are not all"


def test_of_many_rows_a_category_with_few_values_is_counted_whole() -> None:
    sample = {"a": 9_000, "b": 1_000}
    look = Look(50_000, 50_000, 3, sample=sample, frequent=("a", "b", "rare"))
    assert ask(subject({"type": "category"}), look).values == ("a", "b", "rare")
    assert ask(subject({"type": "string"}), look).values == ("a", "b")
    assert (
        ask(
            subject({"type": "string"}),
            Look(50_000, 50_000, 20_000, sample={str(n): 1 for n in range(SAMPLE)}),
        )
        == Ask()
    )
    assert ask(subject({"type": "category"}), Look(50_000, 50_000, 5_000, sample=sample)) == Ask()


@pytest.mark.parametrize(
    "values",
    [
        [1, 2, 3, 10],
        [-(2**63), 2**63 - 1],
        [2**62, 2**62 + 1, 2**62 + 2**33],
        [0.1, 0.2, 0.3],
        [1e9, 1e9 + 2**-20],
        [-1.7e308, 1.7e308, 1e308],
        [5e-324, 1e-300],
        [1e-5, 1e5],
    ],
)
def test_scaled_values_fit_32_bits_and_tell_mean_and_spread(values: list[Any]) -> None:
    from fractions import Fraction
    from math import sqrt

    scale = Scale.of(min(values), max(values))
    half = Fraction(1, 2) if scale.halved else Fraction(1)
    scaled = [
        round((Fraction(value) - Fraction(scale.center)) * half * Fraction(2) ** scale.power)
        for value in values
    ]
    assert all(-(2**31) <= item < 2**31 for item in scaled)
    mean, std = scale.moments(len(values), sum(scaled), sum(item * item for item in scaled))
    true = sum(map(Fraction, values)) / len(values)
    spread = sqrt(
        sum((Fraction(value) - true) ** 2 for value in values) / len(values) / Fraction(max(values)) ** 2
    ) * float(max(values))
    assert std == pytest.approx(spread, rel=1e-6)
    assert mean == pytest.approx(float(true), rel=1e-9, abs=1e-6 * spread)


def test_the_table_shows_each_kind_of_column() -> None:
    text = ColumnProfile(
        name="note\nof a person",
        type="string",
        count=4,
        nulls=0,
        distinct=1_234_567,
        lengths=Spread(minimum=3, maximum=2_000),
    )
    hidden = ColumnProfile(name="income", type="number", role="sensitive", count=2, nulls=1, invalid=1)
    lines = table(Profile(rows=4, columns=(NUMBERS, LABELS, text, hidden)), pictures=True)
    assert lines == [
        "column               type               no value  invalid    distinct  values",
        "x                    number                 25 %                    3  1.5  2.5  9                █▁▁▁▁▁▁▁▁▁▁▁",
        "y                    category                                       3  a 50 %, b 25 % and 1 more",
        r"'note\nof a person'  string                                ~1,234,567  3 to 2,000 characters",
        "income               number, sensitive      25 %     25 %              not kept",
    ]
    plain = table(Profile(rows=4, columns=(NUMBERS,)), pictures=False)
    assert all(line.isascii() for line in plain)
