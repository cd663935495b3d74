"""The forge fails, lies or hangs up in the middle of a release, or the release is killed there: one page, whole, in the end."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.github_server import HTML, Fault, GitHubServer, serving
from tests.releases import command, make_project, run
from tests.support import Result, git, make_repo

CALLS = [("POST", r"/releases$"), ("POST", r"/assets$"), ("PATCH", r"/releases/\d+$")]
NAMES = ["MODEL_CARD.md", "model.bin", "provenance.json", "release.json"]
FORBIDDEN = {"message": "Resource not accessible by integration"}
TOO_FAST = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = make_project(tmp_path / "project")
    git(path, "remote", "add", "origin", str(make_repo(tmp_path / "remote.git", bare=True)))
    git(path, "push", "-q", "-u", "origin", "main")
    run(path)
    return path


@pytest.fixture
def github(project: Path) -> Iterator[GitHubServer]:
    with serving(git=project.parent / "remote.git") as server:
        yield server


def release(project: Path, github: GitHubServer) -> Result:
    return command(project, "release", env=github.environ())


def one_whole_page(github: GitHubServer) -> None:
    """One release, published, with each file once and whole."""
    (page,) = github.forge.releases.values()
    assert (page["tag_name"], page["draft"]) == ("toy@v0.1.0", False)
    assert sorted(asset["name"] for asset in page["assets"]) == NAMES
    assert {asset["state"] for asset in page["assets"]} == {"uploaded"}
    assert github.problems == []


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize(
    "fault",
    [
        {"drop": "before"},
        {"drop": "after"},
        {"drop": "within"},
        {"status": 502, "body": HTML},
        {"status": 403, "body": TOO_FAST, "headers": {"retry-after": "0"}},
    ],
    ids=["dropped", "done and dropped", "half an answer", "502", "too fast"],
)
def test_one_failure_of_the_forge_is_got_over(
    project: Path, github: GitHubServer, method: str, path: str, fault: dict[str, Any]
) -> None:
    github.faults.append(Fault(method, path, **fault))
    done = release(project, github)
    assert done.code == 0, done.err
    one_whole_page(github)
    before = len(github.writes())
    assert release(project, github).code == 0
    assert len(github.writes()) == before


def test_an_answer_that_is_no_json_is_said_and_what_it_answered_stands(
    project: Path, github: GitHubServer
) -> None:
    github.faults.append(Fault(*CALLS[2], cut=True))
    done = release(project, github)
    assert done.code == 3
    assert "cannot be read as JSON" in done.err
    one_whole_page(github)
    assert release(project, github).out == "already released as v0.1.0: this commit is that version\n"


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_right_that_is_missing_leaves_a_tag_and_is_made_up_for_later(
    project: Path, github: GitHubServer, method: str, path: str
) -> None:
    github.faults.append(Fault(method, path, status=403, body=FORBIDDEN, times=20))
    done = release(project, github)
    assert done.code == 0
    assert "warning: the version is a tag, without a page on the forge" in done.err
    assert git(project.parent / "remote.git", "tag") == "toy@v0.1.0"
    github.faults.clear()
    assert release(project, github).code == 0
    one_whole_page(github)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_release_that_is_killed_at_a_call_is_completed_by_the_same_command(
    project: Path, github: GitHubServer, method: str, path: str, when: Literal["before", "after"]
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def kill() -> None:
        started[0].kill()
        started[0].wait()

    github.faults.append(Fault(method, path, drop=when, then=kill))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in github.environ().items():
            patch.setenv(name, value)
        words = [sys.executable, "-m", "mltools", "-C", str(project), "release"]
        started.append(subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
    started[0].communicate(timeout=120)
    assert started[0].returncode == -9
    assert github.faults[0].times == 0
    # The tag came before any call, and what is not whole is a draft.
    assert git(project.parent / "remote.git", "tag") == "toy@v0.1.0"
    done = release(project, github)
    assert done.code == 0, done.err
    one_whole_page(github)
