"""A check that one job makes and another tells: the first needs no right to write, the second no log and no model."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mltools import events
from mltools.core.events import Kind
from mltools.edges.git.read import Repository
from tests import monitored
from tests.github_server import GitHubServer, serving
from tests.monitored import Chance, Row, requests, tip, write_log
from tests.releases import command
from tests.support import Result


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return monitored.released(tmp_path_factory.mktemp("source") / "project")


@pytest.fixture(scope="module")
def made(project: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A check of drifted requests, as the job that reads the log hands it over."""
    place = tmp_path_factory.mktemp("made")
    write_log(place / "log", requests(200, change=larger))
    before = tip(project)
    found = monitored.check(
        project, place / "log", "--no-record", "--json", "--output", str(place / "c.json")
    )
    assert found.code == 1, found.err
    assert tip(project) == before
    return (place / "c.json").read_bytes()


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with serving() as server:
        yield server


def larger(features: Row, _: Chance) -> Row:
    return {**features, "size": features["size"] + 1}


def tell(project: Path, place: Path, content: bytes, env: dict[str, str] | None = None) -> Result:
    (place / "check.json").write_bytes(content)
    return command(project, "monitor", "tell", str(place / "check.json"), env=env or {})


def test_it_is_kept_and_told_as_by_the_check_itself(
    project: Path, made: bytes, tmp_path: Path, github: GitHubServer
) -> None:
    write_log(tmp_path / "log", requests(200, change=larger))
    direct = monitored.check(project, tmp_path / "log", "--no-record")
    found = tell(project, tmp_path, made, github.environ())
    assert (found.code, found.out) == (1, direct.out)
    (issue,) = github.forge.issues.values()
    assert issue["title"] == "toy v0.1.0 is drifted: size, prediction, score drifted in 200 requests"
    kept = list(events.of_model(Repository.find(project), "toy", {Kind.MONITOR}))[-1]
    assert (kept.state, kept.version) == ("drifted", "v0.1.0")
    assert "feature:size" in kept.details["signals"]
    assert kept.details["window"] == {"start": "2026-02-01T00:00:00Z", "end": "2026-02-02T00:00:00Z"}


def test_telling_it_again_says_the_same_and_keeps_it_once(
    project: Path, made: bytes, tmp_path: Path, github: GitHubServer
) -> None:
    """As somebody does who starts the job again that ended with 1."""
    first = tell(project, tmp_path, made, github.environ())
    before = tip(project)
    again = tell(project, tmp_path, made, github.environ())
    assert (again.code, again.out) == (first.code, first.out)
    assert tip(project) == before
    assert len(github.forge.issues) == 1


def without(tree: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in tree.items() if key != name}


BROKEN: Mapping[str, Callable[[dict[str, Any]], bytes]] = {
    "nothing": lambda _: b"",
    "no JSON": lambda _: b"{",
    "a list": lambda _: b"[1]",
    "another schema": lambda tree: json.dumps({**tree, "schema": 2}).encode(),
    "no verdict": lambda tree: json.dumps(without(tree, "verdict")).encode(),
    "a verdict that there is not": lambda tree: json.dumps({**tree, "verdict": "fine"}).encode(),
    "rows that are none": lambda tree: json.dumps({**tree, "traffic": {"rows": "many"}}).encode(),
    "NaN": lambda tree: json.dumps({**tree, "labelled": float("nan")}).encode(),
    "not text": lambda _: b"\xff\xfe",
    "deep": lambda _: b"[" * 100_000,
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_check_is_refused_and_leaves_nothing(
    name: str, project: Path, made: bytes, tmp_path: Path
) -> None:
    before = tip(project)
    found = tell(project, tmp_path, BROKEN[name](json.loads(made)))
    assert found.code == 3, found.out + found.err
    assert "check.json" in found.err
    assert "Traceback" not in found.err
    assert tip(project) == before


def test_a_version_that_there_is_not_is_refused(project: Path, made: bytes, tmp_path: Path) -> None:
    found = tell(project, tmp_path, made.replace(b'"v0.1.0"', b'"v9.9.9"'))
    assert found.code == 2
    assert "v9.9.9" in found.err


def test_what_it_says_is_text_and_no_markup(
    project: Path, made: bytes, tmp_path: Path, github: GitHubServer
) -> None:
    tree = {**json.loads(made), "summary": "<img src=x> @everyone [a](http://b)", "because": "x\u202ey"}
    found = tell(project, tmp_path, json.dumps(tree).encode(), github.environ())
    assert found.code == 1, found.err
    (issue,) = github.forge.issues.values()
    assert "<img" not in issue["body"]
    assert "\u202e" not in issue["body"] + found.out


def test_a_file_that_is_not_there_is_said(project: Path, tmp_path: Path) -> None:
    found = command(project, "monitor", "tell", str(tmp_path / "none.json"))
    assert found.code == 3
    assert "none.json" in found.err
