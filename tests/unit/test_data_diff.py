"""Data sets on two sides: matched, compared, shown."""

from typing import Any

import pytest

from mltools.core.contract import Contract, parse_contract
from mltools.core.data_changes import MOST_COLUMNS, ColumnChange, DataChange, compact
from mltools.core.data_diff import LAYOUT, NEW, NO_LONGER_LISTED, Side, compare
from mltools.core.data_diff_view import as_json, as_text
from mltools.core.data_sides import Held, paired, unchanged
from mltools.core.profile import ColumnProfile, Histogram, Profile
from mltools.core.report.text import plain

HASHES = {name: name * 32 for name in "abcdef"}


def held(path: str = "data/raw.csv", md5: str = "a", contract: str = "c", **more: Any) -> Held:
    given = {"contract": "schemas/raw.yaml", "rows": 1_000, "bytes": 5_000}
    return Held(path, md5=HASHES[md5], contract_md5=HASHES[contract], **{**given, **more})


def contract(**columns: Any) -> Contract:
    return parse_contract({"schema": 1, "columns": columns or {"size": {"type": "number"}}}, "raw.yaml")


def category(name: str, *values: tuple[str, int], other: int = 0, nulls: int = 0) -> ColumnProfile:
    count = sum(rows for _, rows in values) + other
    return ColumnProfile(
        name=name, type="category", count=count, nulls=nulls, categories=tuple(values), other=other
    )


def number(name: str, counts: list[int], *, nulls: int = 0, kind: Any = "number") -> ColumnProfile:
    """A column of numbers, with so many rows in each of the bins up to 1, 2, 3, ..."""
    edges = tuple(float(edge + 1) for edge in range(len(counts)))
    histogram = Histogram(low=0.0, edges=edges, counts=tuple(counts))
    return ColumnProfile(
        name=name,
        type=kind,
        count=sum(counts),
        nulls=nulls,
        minimum=0.0,
        maximum=float(len(counts)),
        histogram=histogram,
    )


def profile(*columns: ColumnProfile) -> Profile:
    return Profile(rows=columns[0].rows if columns else 0, columns=columns)


def changed(base: Profile | str, head: Profile | str, **contracts: Contract) -> DataChange:
    """A data set whose bytes differ."""
    old, new = contracts.get("old", contract()), contracts.get("new", contract())
    other = "d" if contracts else "c"
    return compare(Side(held(md5="a"), old, base), Side(held(md5="b", contract=other), new, head))


def column(change: DataChange, name: str) -> ColumnChange:
    return next(column for column in change.columns if column.name == name)


# ---- which is which


def test_data_sets_are_matched_by_their_paths_first() -> None:
    one, two = held("a.csv", "a"), held("b.csv", "b")
    assert paired((one, two), (two, one)) == ((two, two), (one, one))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (held("a.csv", "a", "c"), held("z.csv", "a", "d")),
        (held("a.csv", "a", "c"), held("z.csv", "b", "c")),
        (held("a.csv", "a", "c"), held("z.csv", "b", "d")),
    ],
)
def test_a_renamed_data_set_is_known_by_its_bytes_its_contract_or_the_contracts_file(
    old: Held, new: Held
) -> None:
    kept = Held("kept.csv")
    assert paired((old, kept), (new, kept)) == ((old, new), (kept, kept))


def test_what_could_be_any_of_two_is_neither() -> None:
    one, two = held("a.csv", "a"), held("b.csv", "b")
    new = held("z.csv", "f")
    assert paired((one, two), (new,)) == ((None, new), (one, None), (two, None))


def test_the_same_bytes_tell_more_than_the_same_contract() -> None:
    train, test = held("train.csv", "a"), held("test.csv", "b")
    new_train, new_test = held("x/train.csv", "a"), held("x/test.csv", "b")
    assert paired((train, test), (new_test, new_train)) == ((test, new_test), (train, new_train))


def test_a_data_set_is_the_same_only_where_everything_is_known_of_it() -> None:
    assert held().same(held())
    assert not held().same(held(md5="b"))
    assert not held().same(held(contract="d"))
    assert not Held("a.csv").same(Held("a.csv"))


# ---- compared


def test_a_new_data_set_is_additive_and_one_that_is_gone_breaks() -> None:
    side = Side(held(), contract(), profile())
    new, gone = compare(None, side), compare(side, None)
    assert (new.kind, new.contract, new.reasons) == ("added", "additive", (NEW,))
    assert (gone.kind, gone.contract, gone.reasons) == ("removed", "breaking", (NO_LONGER_LISTED,))
    assert (new.rows, new.base_rows, gone.rows, gone.base_rows) == (1_000, None, None, 1_000)
    with pytest.raises(ValueError, match="neither side"):
        compare(None, None)


def test_of_the_same_bytes_only_the_contract_is_compared() -> None:
    old, new = contract(size={"type": "number"}), contract(size={"type": "number", "minimum": 0})
    change = compare(Side(held(contract="c"), old, "no"), Side(held(contract="d"), new, "no"))
    assert (change.kind, change.contract, change.problem, change.columns) == ("same", "breaking", None, ())


@pytest.mark.parametrize(
    ("old", "new", "level", "reasons"),
    [
        ({}, {}, "compatible", (LAYOUT,)),
        ({}, {"description": "d"}, "compatible", ("column 'size': the description changed",)),
        ({"minimum": 0}, {}, "additive", ("column 'size': minimum 0 was dropped",)),
        (
            {"minimum": 0, "description": "d"},
            {"maximum": 1},
            "breaking",
            (
                "column 'size': maximum is 1, was none",
                "column 'size': minimum 0 was dropped",
                "column 'size': the description changed",
            ),
        ),
    ],
)
def test_the_worst_change_of_a_contract_names_it_and_comes_first(
    old: dict[str, Any], new: dict[str, Any], level: str, reasons: tuple[str, ...]
) -> None:
    change = changed(
        "no", "no", old=contract(size={"type": "number", **old}), new=contract(size={"type": "number", **new})
    )
    assert (change.contract, change.reasons) == (level, reasons)


def test_a_contract_that_cannot_be_read_is_no_level_at_all() -> None:
    change = compare(
        Side(held(contract="c"), "raw.yaml:3: broken", profile()), Side(held(contract="d"), contract(), "")
    )
    assert (change.contract, change.reasons) == (None, ("the base: raw.yaml:3: broken",))


def test_a_missing_profile_is_said_and_the_contract_is_compared_all_the_same() -> None:
    old, new = contract(), contract(size={"type": "number", "minimum": 0})
    change = changed("no run is recorded", profile(), old=old, new=new)
    assert (change.problem, change.contract) == ("the base: no run is recorded", "breaking")
    assert changed(profile(), "too large").problem == "now: too large"


def test_columns_come_go_and_change_their_type() -> None:
    base = profile(number("x", [500, 500]), number("old", [500, 500]), category("c", ("a", 1_000)))
    head = profile(
        number("new", [500, 500]), category("x", ("a", 1_000)), number("c", [500, 500], kind="integer")
    )
    change = changed(base, head)
    assert [(one.name, one.kind, one.base_type, one.type, one.psi) for one in change.columns] == [
        ("new", "added", None, "number", None),
        ("x", "retyped", "number", "category", None),
        ("c", "retyped", "category", "integer", None),
        ("old", "removed", "number", None, None),
    ]


def test_gaps_and_categories_are_told() -> None:
    base = profile(category("site", ("north", 600), ("south", 400)))
    head = profile(category("site", ("north", 500), ("west", 300), ("east", 100), nulls=100))
    site = column(changed(base, head), "site")
    assert (site.base_nulls, site.nulls) == (0.0, 0.1)
    assert (site.new, site.new_count, site.gone, site.gone_count) == (("west", "east"), 2, ("south",), 1)
    assert (site.psi or 0, site.band) > (0.25, "large")


def test_a_category_that_the_base_may_have_had_among_the_rest_is_not_called_new() -> None:
    base = profile(category("site", ("north", 600), other=400))
    head = profile(category("site", ("north", 600), ("west", 400)))
    assert column(changed(base, head), "site").new_count == 0
    assert column(changed(head, base), "site").gone_count == 0


def test_drift_has_an_index_and_a_band() -> None:
    base = profile(number("size", [2_000, 2_000, 2_000, 2_000]), number("age", [4_000, 4_000]))
    head = profile(number("size", [500, 500, 3_000, 4_000]), number("age", [4_000, 4_000]))
    change = changed(base, head)
    size, age = column(change, "size"), column(change, "age")
    assert size.band == "large"
    assert size.drifted(0.25)
    assert not size.drifted(5.0)
    assert (age.psi, age.band, age.changed) == (0.0, "stable", False)
    assert change.worst == size


def test_of_few_rows_nothing_is_called_drift() -> None:
    base, head = profile(number("size", [5, 5])), profile(number("size", [1, 9]))
    size = column(changed(base, head), "size")
    assert (size.psi, size.band, size.too_few) == (None, None, True)
    assert "too few" in size.unclear


def test_of_a_sensitive_column_there_is_nothing_but_gaps() -> None:
    base = profile(ColumnProfile(name="name", type="string", role="sensitive", count=900, nulls=100))
    head = profile(ColumnProfile(name="name", type="string", role="sensitive", count=1_000, nulls=0))
    name = column(changed(base, head), "name")
    assert (name.base_nulls, name.nulls, name.psi, name.new, name.too_few) == (0.1, 0.0, None, (), False)


def test_a_boolean_is_a_category_too() -> None:
    def flags(*counts: tuple[bool, int]) -> ColumnProfile:
        rows = sum(count for _, count in counts)
        return ColumnProfile(name="f", type="boolean", count=rows, nulls=0, categories=counts, other=0)

    flag = column(changed(profile(flags((True, 1_000))), profile(flags((True, 500), (False, 500)))), "f")
    assert flag.new == ("false",)


def test_a_record_keeps_what_there_is_to_tell_within_bounds() -> None:
    many = tuple(
        ColumnChange(name=f"c{index}", kind="kept", psi=index / 1_000, band="large") for index in range(1_000)
    )
    quiet = ColumnChange(name="q", kind="kept", psi=0.01, band="stable")
    loud = DataChange(path="a.csv", kind="changed", contract="same", columns=(quiet, *many))
    same = unchanged(held("b.csv"))
    (kept,) = compact([loud, same])
    assert (len(kept.columns), kept.more) == (MOST_COLUMNS, 1_000 - MOST_COLUMNS)
    assert kept.columns[-1].name == "c999"
    assert all(one.psi and one.psi >= 0.7 for one in kept.columns)


# ---- shown


def shown(*changes: DataChange) -> str:
    return as_text("main (1a2b3c4d)", "working tree", changes, plain)


def test_the_terminal_shows_what_changed_and_names_what_did_not() -> None:
    base = profile(number("size", [2_000] * 4), category("site", ("north", 8_000)), number("age", [8_000]))
    head = profile(
        number("size", [500, 500, 3_000, 4_000]),
        category("site", ("north", 7_000), ("west", 800), nulls=200),
        number("age", [8_000]),
    )
    old, new = contract(), contract(size={"type": "number", "minimum": 0})
    text = shown(changed(base, head, old=old, new=new), unchanged(held("b.csv")))
    assert text == (
        "main (1a2b3c4d) -> working tree\n"
        "\n"
        "data/raw.csv: 1,000 rows, 5 kB\n"
        "  contract: breaking\n"
        "    column 'size': minimum is 0, was none\n"
        "  column      no value  categories    PSI\n"
        "  size                              0.744  large\n"
        "  site    0 % -> 2.5 %  new: west   0.844  large\n"
        "  1 other column: PSI at most 0 (age)\n"
        "\n"
        "unchanged: b.csv"
    )


def test_a_reason_that_nothing_is_known_is_given_once_and_calls_nothing_changed() -> None:
    blind = [
        DataChange(path=path, kind="changed", contract="same", problem="the base: no run is recorded")
        for path in ("a.csv", "b.csv")
    ]
    text = shown(*blind)
    assert text.count("no run is recorded") == 1
    assert "contents cannot be compared: a.csv, b.csv" in text
    assert "changed" not in text
    assert "a.csv: perhaps changed" in shown(blind[0])
    more = shown(*blind, blind[0].model_copy(update={"path": "c.csv", "contract": "breaking"}))
    assert "contents cannot be compared: a.csv, b.csv" in more
    assert "c.csv: perhaps changed\n  contract: breaking" in more


def test_names_out_of_data_cannot_command_a_terminal() -> None:
    evil = "\x1b[2J\u202e\nx"
    change = DataChange(
        path=evil,
        was=evil,
        kind="changed",
        contract="breaking",
        reasons=(evil,),
        problem=evil,
        columns=(ColumnChange(name=evil, kind="kept", new=(evil,), new_count=1),),
    )
    text = shown(change, DataChange(path=evil, kind="same", contract="same"))
    assert not {"\x1b", "\u202e"} & set(text)


def test_json_holds_everything() -> None:
    tree = as_json({"name": "main"}, {"name": "working tree"}, (unchanged(held()),))
    assert tree["schema"] == 1
    assert tree["data"][0] == {
        **tree["data"][0],
        "path": "data/raw.csv",
        "kind": "same",
        "contract": "same",
        "rows": 1_000,
        "columns": [],
    }
