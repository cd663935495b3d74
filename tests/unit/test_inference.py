"""From what was observed to rules, decided on values."""

from typing import Any

import pytest

from mltools.core.inference import infer_contract, nameable
from mltools.core.observed import GAPS, NARROW, Counted, Observed, Seen, chosen, gaps_among
from mltools.core.wording import JSON, TEXT
from mltools.errors import DataError


def text(name: str = "x", *, top: dict[str, int] | None = None, **more: Any) -> Seen:
    """A text column of 1,000 rows; with `top` these values and no others."""
    if top is not None:
        values = sum(top.values())
        ordered = tuple(sorted(top.items(), key=lambda item: (-item[1], item[0])))
        lengths = [len(value) for value in top] or [0]
        more = {
            "distinct": len(top),
            "exact": True,
            "top": ordered,
            "complete": True,
            "shortest": min(lengths),
            "longest": max(lengths),
            **more,
        }
    else:
        values = 1000
    return Seen(name, more.pop("type", "string"), more.pop("values", values), **more)


def integers(name: str, low: int, high: int, **more: Any) -> Seen:
    values = more.pop("values", 1000)
    spread = {"minimum": low, "maximum": high, "mean": (low + high) / 2, "std": (high - low) / 3.46}
    return Seen(name, "integer", values, **{**spread, **more})


def rules(*columns: Seen, rows: int = 1000, **more: Any) -> Any:
    inferred = infer_contract(Observed("data.csv", rows, columns, **more))
    found = [column.model_dump(exclude_defaults=True) for column in inferred.contract.columns.values()]
    return found[0] if len(found) == 1 else found


def test_a_category_lists_its_values_in_order() -> None:
    seen = text(top={"north": 400, "south": 350, "east": 250})
    assert rules(seen) == {"type": "category", "required": True, "enum": ("east", "north", "south")}


@pytest.mark.parametrize(
    ("top", "why"),
    [
        ({"north": 500, "south": 499, "west": 1}, "a value seen once says that there are more"),
        ({f"place {number:02}": 200 for number in range(51)}, "more than a page of values"),
        ({f"place {number:02}": 9 for number in range(40)}, "few rows for each"),
        ({"north": 10, "south": 9}, "few rows"),
    ],
)
def test_a_list_that_may_not_be_complete_is_none(top: dict[str, int], why: str) -> None:
    rows = sum(top.values())
    found = rules(text(top=top), rows=rows)
    assert found["type"] == "category", why
    assert "enum" not in found


@pytest.mark.parametrize(
    "seen",
    [
        text(top={"x" * 61: 500, "y" * 61: 500}),
        text(top={f"{number:03}!": 4 for number in range(250)}),
        text(distinct=900, exact=True, shortest=1, longest=200),
        text(top={'{"a": 1}': 500, "b": 500}, kept_as=JSON),
    ],
)
def test_free_text_is_no_category(seen: Seen) -> None:
    assert rules(seen)["type"] == "string"


def test_codes_of_one_length_have_it() -> None:
    seen = text("code", distinct=900, exact=True, shortest=8, longest=8)
    assert rules(seen) == {"type": "string", "required": True, "min_length": 8, "max_length": 8}


def test_other_text_may_be_twice_as_long() -> None:
    seen = text("note", distinct=900, exact=True, shortest=0, longest=17)
    assert rules(seen) == {"type": "string", "required": True, "max_length": 34}


def test_known_shapes_become_patterns() -> None:
    seen = text("ref", distinct=1000, exact=True, shortest=36, longest=36, shape="uuid")
    found = rules(seen)
    assert found["pattern"].startswith("[0-9a-fA-F]{8}-")
    assert (found["unique"], found["role"]) == (True, "id")
    digits = rules(text("plz", distinct=700, exact=True, shortest=5, longest=5, shape="digits"))
    assert digits == {
        "type": "string",
        "required": True,
        "pattern": "[0-9]+",
        "min_length": 5,
        "max_length": 5,
    }


@pytest.mark.parametrize(
    ("seen", "unique", "role"),
    [
        (integers("id", 1, 1000, distinct=1000, exact=True), True, "id"),
        (integers("id", 5, 2**60, distinct=1000, exact=True), True, "id"),
        (integers("id", 1, 2, values=2, distinct=2, exact=True), True, "id"),
        (integers("user_id", 1, 90, distinct=90, exact=True), False, "id"),
        (integers("user_id", 1, 90_000, distinct=990), False, "id"),
        (integers("n", 1, 1000, distinct=1000, exact=True), True, "id"),
        (integers("n", 1, 10**9, distinct=1000, exact=True), False, None),
        (integers("n", 1, 1000, distinct=1000), False, None),
        (integers("year", 1000, 1999, distinct=1000, exact=True), False, None),
        (text("order_no", distinct=1000, exact=True, shortest=3, longest=9), True, "id"),
        (text("title", distinct=1000, exact=True, shortest=3, longest=90), False, None),
    ],
)
def test_identifiers_are_told_from_measurements_that_happen_to_differ(
    seen: Seen,
    unique: bool,  # noqa: FBT001 - a case
    role: str | None,
) -> None:
    found = rules(seen, rows=seen.values)
    assert (found.get("unique", False), found.get("role")) == (unique, role)
    assert ("minimum" in found) == (role is None and seen.type == "integer")


def test_what_describes_a_person_is_marked_and_never_shown() -> None:
    seen = [
        text("email", top={"ann@example.com": 600, "bob@example.com": 400}),
        text("contact", top={"ann@example.com": 1000}, personal=True),
        integers("phone", 49_171_000, 49_179_999),
    ]
    inferred = infer_contract(Observed("d", 1000, tuple(seen)))
    for name, column in inferred.contract.columns.items():
        assert column.role == "sensitive"
        assert (column.enum, column.minimum, column.maximum) == (None, None, None)
        assert "no value is shown" in inferred.evidence[name]
    assert not any(word in str(inferred) for word in ("ann", "bob", "49171000", "49179999"))


def test_gaps_have_a_margin_and_say_how_many_there_were() -> None:
    inferred = infer_contract(Observed("d", 1000, (integers("n", 1, 9, values=950, distinct=9, exact=True),)))
    assert inferred.contract.columns["n"].max_null_fraction == 0.08
    assert inferred.evidence["n"] == "950 of 1,000; 1 to 9"


def test_a_column_without_values_is_held_to_nothing() -> None:
    inferred = infer_contract(Observed("d", 1000, (Seen("x", "string", 0),)))
    assert inferred.contract.columns["x"].model_dump(exclude_defaults=True) == {"type": "string"}
    assert inferred.evidence["x"] == "no value in any of 1,000 rows"


def test_few_rows_make_wide_rules_and_say_so() -> None:
    inferred = infer_contract(Observed("d", 5, (integers("n", 10, 20, values=5),)))
    column = inferred.contract.columns["n"]
    assert (column.required, column.max_null_fraction) == (False, 0.6)
    assert (column.minimum, column.maximum) == (0, 30)
    assert inferred.notes == ("only 5 rows: bounds are wide, and no list of values is taken for complete",)


def test_texts_for_no_value_are_listed_with_their_rows() -> None:
    inferred = infer_contract(Observed("d", 1000, (integers("n", 1, 9),), missing={"NA": 12, "?": 1}))
    assert inferred.contract.missing_values == ("", "?", "NA")
    assert inferred.notes == (
        "'NA' is taken for 'no value': it stands 12 times",
        "'?' is taken for 'no value': it stands 1 time",
    )


def test_columns_that_a_contract_cannot_hold_are_left_out_and_named() -> None:
    left_out = (
        ("", "it has no name"),
        ("a\nb", "the file keeps it as BLOB, which no type of a contract takes"),
    )
    inferred = infer_contract(Observed("d", 1000, (integers("n", 1, 9),), left_out=left_out))
    assert inferred.notes[0] == "column '' is left out: it has no name"
    assert inferred.notes[1].startswith("column 'a\\nb' is left out")
    with pytest.raises(DataError, match="no column that a contract can name"):
        infer_contract(Observed("d", 1000, (), left_out=left_out))


def test_a_data_set_without_rows_may_have_none() -> None:
    assert infer_contract(Observed("d", 0, (Seen("x", "string", 0),))).contract.rows.min == 0


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "it has no name"),
        ("x" * 1001, "its name is longer than 1,000 characters"),
        ("\n" * 600, "its name is longer"),
    ],
)
def test_names_that_a_contract_cannot_hold(name: str, fault: str) -> None:
    found = nameable(name)
    assert found is not None
    assert found.startswith(fault)


@pytest.mark.parametrize("name", ["__proto__", "a|b", "\n", "yes", "x" * 1000, " "])
def test_names_that_it_can(name: str) -> None:
    assert nameable(name) is None


def counted(values: int = 100, *, kept_as: str = TEXT, **more: Any) -> Counted:
    """A text column; the types that are not named fit nothing."""
    gaps = more.pop("gaps", {})
    spelled = {word: more.pop(word) for word in ("padded", "pointed") if word in more}
    fits: dict[Any, int] = dict.fromkeys(NARROW, 0)
    fits |= {"string": values - sum(gaps.values()), **more}
    return Counted("x", kept_as, 100, values, fits, gaps=gaps, **spelled)


@pytest.mark.parametrize(
    ("found", "truth", "expected"),
    [
        (counted(integer=100, number=100), False, "integer"),
        (counted(integer=99, number=100), False, "number"),
        (counted(integer=99, number=99), False, "string"),
        (counted(boolean=100, integer=100, number=100), False, "integer"),
        (counted(boolean=100, integer=100, number=100), True, "boolean"),
        (counted(boolean=100), False, "boolean"),
        (counted(date=100, datetime=100), False, "date"),
        (counted(date=99, datetime=100), False, "datetime"),
        (counted(integer=100, number=100, padded=1), False, "string"),
        (counted(integer=100, number=100, pointed=100), False, "number"),
        (counted(90, integer=90, number=90, pointed=90), False, "integer"),
        (counted(integer=100, number=100, pointed=99), False, "integer"),
        (counted(0), False, "string"),
    ],
)
def test_the_narrowest_type_that_all_values_have(found: Counted, truth: bool, expected: str) -> None:  # noqa: FBT001 - a case
    assert chosen(found, frozenset(), truth=truth) == expected


@pytest.mark.parametrize(
    ("kept_as", "fits", "expected"),
    [
        ("BIGINT", {"integer": 0, "number": 0, "category": 0}, "integer"),
        ("DOUBLE", {"integer": 0, "number": 0}, "number"),
        ("DATE", {"date": 0, "datetime": 0}, "date"),
        ("TIMESTAMP_NS", {"date": 0, "datetime": 0}, "datetime"),
        ("BOOLEAN", {"boolean": 0, "category": 0}, "boolean"),
        ("VARCHAR", {"string": 0, "category": 0}, "string"),
    ],
)
def test_a_column_without_values_is_what_the_file_keeps_it_as(kept_as: str, fits: Any, expected: str) -> None:
    assert chosen(Counted("x", kept_as, 100, 0, fits), frozenset(), truth=False) == expected


def test_values_of_several_kinds_in_json_have_no_type_but_category() -> None:
    fits: Any = {"integer": 50, "number": 50, "string": 50, "category": 100}
    assert chosen(Counted("x", JSON, 100, 100, fits), frozenset(), truth=False) == "category"
    fits = {**fits, "category": 90}
    assert chosen(Counted("x", JSON, 100, 100, fits), frozenset(), truth=False) is None


def test_texts_for_no_value_are_found_beside_values_of_one_type() -> None:
    beside_numbers = counted(number=90, gaps={"NA": 6, "-": 4})
    assert gaps_among(beside_numbers) == {"NA", "-"}
    assert chosen(beside_numbers, frozenset({"NA", "-"}), truth=False) == "number"


def test_beside_words_only_the_sure_ones_are() -> None:
    assert gaps_among(counted(gaps={"NA": 6, "N/A": 4})) == {"N/A"}
    assert gaps_among(counted(10, gaps={"NA": 10})) == frozenset()
    assert gaps_among(counted(integer=90, number=90, padded=3, gaps={"NA": 10})) == frozenset()
    assert set(GAPS) >= {"NA", "N/A", "null", "NaN", "-", "?"}
