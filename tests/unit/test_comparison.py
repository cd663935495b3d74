import json

import pytest

from mltools.core.comparison import FileValues, Snapshot, TrackedFile, ValueChange, compare
from mltools.core.comparison_view import as_json, as_text
from mltools.core.metrics import Scalar
from mltools.core.stages import LockedFile


def snap(name: str = "main", metrics: FileValues | None = None, **more: object) -> Snapshot:
    return Snapshot(name, metrics_by_file=metrics or {}, **more)  # type: ignore[arg-type]


def metrics(base: FileValues, head: FileValues) -> tuple[ValueChange, ...]:
    return compare(snap(metrics=base), snap(metrics=head)).metrics


@pytest.mark.parametrize(
    ("old", "new", "kind", "change", "relative"),
    [
        (0.5, 0.75, "changed", 0.25, 0.5),
        (0.75, 0.5, "changed", -0.25, -1 / 3),
        (-2, -1, "changed", 1.0, 0.5),
        (1, 1.0, "same", 0.0, 0.0),
        (0, 1, "changed", 1.0, None),
        ("0.9", 0.9, "changed", None, None),
        (None, 0.9, "changed", None, None),
        (None, None, "same", None, None),
        (True, 1, "changed", None, None),
        ("a", "b", "changed", None, None),
    ],
)
def test_a_value_on_both_sides(
    old: Scalar, new: Scalar, kind: str, change: float | None, relative: float | None
) -> None:
    (found,) = metrics({"m.json": {"k": old}}, {"m.json": {"k": new}})
    assert (found.kind, found.change) == (kind, change)
    assert found.relative == pytest.approx(relative)


def test_values_on_one_side_only_are_added_or_removed_and_head_s_order_leads() -> None:
    found = metrics({"m.json": {"old": 1, "both": 2}}, {"m.json": {"new": 3, "both": 2}})
    assert found == (
        ValueChange("new", "added", None, 3),
        ValueChange("both", "same", 2, 2, 0.0, 0.0),
        ValueChange("old", "removed", 1, None),
    )


def test_a_renamed_metrics_file_is_no_change() -> None:
    assert [change.kind for change in metrics({"a.json": {"k": 1}}, {"b.json": {"k": 1}})] == ["same"]


def test_a_key_in_two_files_is_named_with_its_file() -> None:
    found = metrics({"a.json": {"k": 1}}, {"a.json": {"k": 2}, "b.json": {"k": 3}})
    assert [(change.name, change.kind) for change in found] == [
        ("a.json:k", "changed"),
        ("b.json:k", "added"),
    ]


def locked(md5: str, size: int = 1000, nfiles: int | None = None) -> LockedFile:
    return LockedFile("whatever", md5, size, nfiles)


BASE = snap(
    "main",
    {"m.json": {"auc": 0.9, "loss": 0.2, "n": 10, "gone": 1}},
    commit="a" * 40,
    params_by_file={"params.yaml": {"lr": 0.1, "name": "x", "flag": True}},
    stages={"prepare": "1", "train": "2", "old": "3"},
    files={
        "data.csv": TrackedFile(locked("1"), "input"),
        "model": TrackedFile(locked("2.dir", 1_500_000, 2), "output"),
        "old.txt": TrackedFile(locked("3", 5), "output"),
    },
)
HEAD = snap(
    "working tree",
    {"m.json": {"auc": 0.9123456, "loss": 0.2, "n": 12, "new": "text"}},
    params_by_file={"params.yaml": {"lr": 0.05, "name": "x", "flag": False}},
    stages={"prepare": "1", "train": "9", "new": "4"},
    files={
        "data.csv": TrackedFile(locked("1"), "input"),
        "model": TrackedFile(locked("9.dir", 2_000_000, 1), "output"),
        "new.txt": TrackedFile(locked("4", 7), "output"),
    },
)
TEXT = """\
main (aaaaaaaa) -> working tree

metrics
  auc   0.9  ->  0.912346  +0.01235   +1.37%
  n      10  ->        12        +2  +20.00%
  new            text                         added
  gone    1                                   removed

params
  lr     0.1  ->   0.05
  flag  true  ->  false

stages
  train  changed
  new    added
  old    removed

files
  model    output  1.5 MB in 2 files -> 2 MB in 1 file  changed
  new.txt  output                                  7 B  added
  old.txt  output                                  5 B  removed

unchanged: 1 metric, 1 param, 1 stage, 1 file"""


def plain(text: str, _: str) -> str:
    return text


def test_a_comparison_as_text() -> None:
    assert as_text(compare(BASE, HEAD), plain) == TEXT


def test_everything_shows_what_is_the_same() -> None:
    text = as_text(compare(BASE, HEAD), plain, everything=True)
    assert "unchanged:" not in text
    assert any(line.split() == ["loss", "0.2"] for line in text.splitlines())
    assert any(line.split() == ["prepare", "same"] for line in text.splitlines())


def test_nothing_changed_is_said() -> None:
    assert (
        as_text(compare(BASE, BASE), plain).splitlines()[-1]
        == "unchanged: 4 metrics, 3 params, 3 stages, 3 files"
    )
    assert as_text(compare(snap(), snap()), plain).endswith(
        "neither side has metrics, params, stages or files"
    )


def test_kinds_are_painted_and_said() -> None:
    text = as_text(compare(BASE, HEAD), lambda text, colour: f"<{colour}>{text}</>")
    assert "<yellow>changed</>" in text
    assert "<green>added</>" in text
    assert "<red>removed</>" in text


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31mred", "\u202eltr", "x" * 500, "a|b", "@team"])
def test_hostile_names_stay_on_their_line(name: str) -> None:
    changed = compare(snap(metrics={"m": {name: 1}}), snap(metrics={"m": {name: 2}}))
    lines = as_text(changed, plain).splitlines()
    assert len(lines) == 4
    assert lines[3].isprintable()
    assert len(lines[3]) < 150


def test_a_comparison_as_json_holds_everything() -> None:
    tree = as_json(compare(BASE, HEAD))
    assert json.loads(json.dumps(tree, allow_nan=False)) == tree
    assert tree["schema"] == 1
    assert tree["base"] == {"name": "main", "commit": "a" * 40}
    assert tree["metrics"][1] == {
        "name": "loss", "kind": "same", "base": 0.2, "head": 0.2, "change": 0.0, "relative": 0.0,
    }  # fmt: skip
    assert {file["path"]: file["kind"] for file in tree["files"]} == {
        "data.csv": "same", "model": "changed", "new.txt": "added", "old.txt": "removed",
    }  # fmt: skip


def test_problems_of_both_sides_are_kept() -> None:
    found = compare(snap(problems=("a",)), snap(problems=("b",)))
    assert as_json(found)["problems"] == ["a", "b"]
