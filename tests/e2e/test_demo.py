"""The demonstration is a program like any other: it must come to its end, and tell what really happened."""

from pathlib import Path

import pytest

from tests.support import git, mltools

pytestmark = pytest.mark.slow


def test_the_demo_tells_the_whole_story(tmp_path: Path) -> None:
    place = tmp_path / "demo"
    told = mltools(tmp_path, "demo", "--directory", str(place))
    assert told.code == 0, told.err + told.out
    for line in (
        "new-batch: refused",
        "too-simple: refused",
        "failed: auc-kept: test.roc_auc went from",
        "passed: 5 of 5 gates passed",
        "### \N{CROSS MARK} failed: 1 of 5 gates passed",
        "the same inputs have the record",
        "released tumour@v0.1.0",
        f"The project is in {place / 'tumour'}",
    ):
        assert line in told.out, line
    bare = place / "tumour.git"
    assert git(bare, "tag", "--list") == "tumour@v0.1.0"
    assert git(bare, "branch", "--list", "--format=%(refname:short)").split() == [
        "less-regularisation",
        "main",
    ]
    runs = mltools(place / "tumour", "runs", "list", "--json").json["runs"]
    assert [run["verdict"] for run in runs] == ["passed", "failed", "failed", "passed", "passed"]


def test_a_directory_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine\n")
    refused = mltools(tmp_path, "demo", "--directory", str(tmp_path))
    assert refused.code == 2
    assert "is not empty" in refused.err
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
