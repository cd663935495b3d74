"""The part of a report that says how the data differ from the base's."""

from typing import Any

from mltools.core import page
from mltools.core.records import Record
from mltools.core.report import data_diff, text
from tests.unit.test_report import check_golden, record

CHANGED = {
    "path": "data/raw.csv",
    "kind": "changed",
    "rows": 612,
    "base_rows": 569,
    "bytes": 127_000,
    "base_bytes": 118_200,
    "contract": "same",
    "columns": [
        {
            "name": "site",
            "kind": "kept",
            "type": "category",
            "base_type": "category",
            "nulls": 0.025,
            "base_nulls": 0.0,
            "new": ["west", "<b>@team</b>"],
            "new_count": 5,
            "psi": 0.12,
            "band": "moderate",
        },
        {"name": "a|b", "kind": "added", "type": "number", "nulls": 0.0},
    ],
}
LOUD = {
    **CHANGED,
    "contract": "breaking",
    "reasons": ["column 'radius': maximum is 30, was 60", "column 'site': 'west' is allowed now"],
    "columns": [
        {
            "name": "radius",
            "kind": "kept",
            "type": "number",
            "base_type": "number",
            "psi": 0.41,
            "band": "large",
        },
        *CHANGED["columns"],  # type: ignore[misc]
    ],
    "more": 7,
}
MOVED = {
    "path": "data/test.csv",
    "was": "data/holdout.csv",
    "kind": "changed",
    "contract": None,
    "reasons": ["the base: 1a2b3c4d has no schemas/test.yaml"],
    "problem": "the base: no run of 1a2b3c4d is recorded here",
}
GONE = {"path": "data/old.csv", "kind": "removed", "contract": "breaking", "reasons": ["no longer listed"]}


def of(*changes: Any) -> Record:
    return record(data_changes=list(changes))


def test_a_breaking_contract_and_a_large_drift_stand_open(update_golden: bool) -> None:  # noqa: FBT001
    body = data_diff.render(of(LOUD, MOVED, GONE))
    assert body is not None
    assert body.startswith("#### Data against the base")
    check_golden("report_data_changes.md", body + "\n", update=update_golden)


def test_what_nobody_has_to_see_is_folded() -> None:
    body = data_diff.render(of(CHANGED))
    assert body is not None
    assert body.startswith(
        "<details>\n<summary>Data against the base: 1 data set changed, largest PSI 0.12</summary>"
    )
    assert "612 (+43)" in body
    assert "2.5 %" in body


def test_without_a_change_there_is_no_such_part() -> None:
    assert data_diff.render(of()) is None


def test_names_and_values_out_of_the_data_are_no_markup() -> None:
    body = data_diff.render(of(CHANGED))
    assert body is not None
    assert "<b>" not in body
    assert "@team" not in body
    assert "<code>a&#124;b</code>" in body


def test_the_terminal_has_a_line_for_each() -> None:
    shown = text.render(of(LOUD, MOVED, GONE)).splitlines()
    assert [line for line in shown if line.startswith("data changed: ")] == [
        "data changed: data/raw.csv: 612 (+43) rows, contract breaking, PSI 0.41 of radius (large)",
        "data changed: data/holdout.csv -> data/test.csv: contract cannot be compared, contents cannot be compared",
        "data changed: data/old.csv: removed",
    ]
    assert not [line for line in text.render(of()).splitlines() if "data changed" in line]


def test_the_page_says_the_same() -> None:
    made = page.render(of(LOUD, MOVED, GONE))
    for words in ("Data against the base", "maximum is 30, was 60", "data/holdout.csv", "and 7 more columns"):
        assert words in made
    assert "<b>@team" not in made
    assert "Data against the base" not in page.render(of())
