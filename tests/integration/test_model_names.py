"""What Tab offers: models, then versions and stages, out of the tags' names; at once, and never an error."""

from pathlib import Path

import pytest

from tests.registries import tag
from tests.support import make_repo, mltools


def offered(cwd: Path, *words: str) -> list[str]:
    env = {
        "_MLTOOLS_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(("mltools", *words)),
        "COMP_CWORD": str(len(words)),
    }
    done = mltools(cwd, env=env)
    assert (done.code, done.err) == (0, "")
    return [line.partition(",")[2] for line in done.out.splitlines() if line]


@pytest.fixture
def named(repo: Path) -> Path:
    for number, name in enumerate(
        (
            "tumour@v1.0.0",
            "tumour@v1.1.0",
            "tumour#prod#1",
            "tumour#eu/prod#2",
            "eu/west=price@v1.0.0",
            "odd@1.0",
            "v1",
        )
    ):
        tag(repo, name, when=1_767_323_045 + number)
    return repo


@pytest.mark.parametrize(
    ("begun", "expected"),
    [
        ("", ["eu/west:price", "tumour"]),
        ("tum", ["tumour"]),
        ("tumour@", ["tumour@v1.1.0", "tumour@v1.0.0"]),
        ("tumour@v1.1", ["tumour@v1.1.0"]),
        ("tumour#", ["tumour#prod", "tumour#eu/prod"]),
        ("eu/west:", ["eu/west:price"]),
        ("eu/west:price@", ["eu/west:price@v1.0.0"]),
        ("nothing", []),
        ("-", None),
        ("$(x)", []),
        ("*", []),
        ("../", []),
        ("[", []),
    ],
)
def test_tab_offers_what_goes_on_from_there(named: Path, begun: str, expected: list[str] | None) -> None:
    found = offered(named, "model", "show", begun)
    if expected is not None:
        assert found == expected


@pytest.mark.parametrize(
    "verb", ["show", "get", "verify", "history", "promote", "rollback", "approve", "lineage"]
)
def test_every_command_that_takes_a_name_offers_names(named: Path, verb: str) -> None:
    assert offered(named, "model", verb, "tu") == ["tumour"]


@pytest.mark.parametrize("verb", ["promote", "unassign", "rollback", "history", "approve"])
def test_stages_of_the_model_on_the_line_are_offered(named: Path, verb: str) -> None:
    assert offered(named, "model", verb, "tumour", "--stage", "p") == ["prod"]
    assert offered(named, "model", verb, "tumour", "-s", "e") == ["eu/prod"]
    assert offered(named, "model", verb, "price", "-s", "p") == []


def test_another_directory_is_asked_when_it_is_named(named: Path, tmp_path: Path) -> None:
    assert offered(tmp_path, "-C", str(named), "model", "show", "tu") == ["tumour"]


def test_where_there_is_nothing_nothing_is_offered(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    empty = make_repo(tmp_path / "empty")
    for where in (tmp_path / "plain", empty):
        assert offered(where, "model", "show", "") == []
    assert offered(tmp_path, "-C", "/nonexistent", "model", "show", "") == []


def test_commands_are_offered_as_well(named: Path) -> None:
    assert "promote" in offered(named, "model", "pro")
