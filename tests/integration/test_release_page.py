"""A release's page on the forge, against a server that plays GitHub."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mltools.core.release_record import ReleaseRecord, parse_record
from tests.github_server import Fault, GitHubServer, serving
from tests.github_state import BOT, Viewer
from tests.releases import command, make_project, model_text, run, sha256
from tests.support import Result, git, make_repo


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = make_project(tmp_path / "project")
    git(path, "remote", "add", "origin", str(make_repo(tmp_path / "remote.git", bare=True)))
    git(path, "push", "-q", "-u", "origin", "main")
    return path


@pytest.fixture
def github(project: Path) -> Iterator[GitHubServer]:
    with serving(git=project.parent / "remote.git") as server:
        yield server


def release(project: Path, github: GitHubServer, *args: str, **env: str) -> Result:
    return command(project, "release", *args, env=github.environ(**env))


def pages(github: GitHubServer) -> list[tuple[str, bool, list[str]]]:
    return [
        (page["tag_name"], page["draft"], [asset["name"] for asset in page["assets"]])
        for page in github.forge.releases.values()
    ]


def test_a_release_has_a_page_with_notes_the_model_and_its_record(
    project: Path, github: GitHubServer
) -> None:
    run(project, 0.9)
    done = release(project, github)
    assert done.code == 0, done.err
    (page,) = github.forge.releases.values()
    assert pages(github) == [
        ("toy@v0.1.0", False, ["model.bin", "MODEL_CARD.md", "provenance.json", "release.json"])
    ]
    assert done.out.splitlines()[-1] == page["html_url"]
    assert page["name"] == "toy v0.1.0"
    assert "mltools model get toy@v0.1.0" in page["body"]
    assert "dvc get" not in page["body"]
    model, card, statement, manifest = (github.forge.assets[asset["id"]] for asset in page["assets"])
    assert model.decode() == model_text(0.9)
    assert card.decode().startswith("---\n")
    assert "\n# toy v0.1.0\n" in card.decode()
    said = json.loads(statement)
    assert {one["name"]: one["digest"]["sha256"] for one in said["subject"]} == {
        "model.bin": sha256(model_text(0.9)),
        "MODEL_CARD.md": sha256(card.decode()),
        "release.json": sha256(manifest.decode()),
    }
    record = parse_record(manifest.decode())
    assert isinstance(record, ReleaseRecord)
    assert record.version == "v0.1.0"


def test_the_page_is_made_after_the_tag_and_published_last(project: Path, github: GitHubServer) -> None:
    run(project)
    release(project, github)
    writes = [call.rpartition("/repos/octo/iris")[2] for call in github.writes()]
    assert [write.split("/")[1] for write in writes] == ["releases"] * 6
    assert "PATCH" in github.writes()[-1]
    assert [fault for fault in github.problems if "tag" in fault] == []


def test_the_notes_compare_with_the_version_before(project: Path, github: GitHubServer) -> None:
    run(project, 0.9)
    release(project, github)
    run(project, 0.95)
    release(project, github)
    page = list(github.forge.releases.values())[-1]
    assert "| `test.auc` | 0.9 | 0.95 | +0.05 |" in page["body"]


def test_a_release_again_leaves_the_page_as_it_is(project: Path, github: GitHubServer) -> None:
    run(project)
    release(project, github)
    before = len(github.writes())
    again = release(project, github)
    assert (again.code, again.out) == (0, "already released as v0.1.0: this commit is that version\n")
    assert len(github.writes()) == before
    assert len(github.forge.releases) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", r"/releases$"), ("POST", r"/assets$"), ("PATCH", r"/releases/\d+$")],
)
def test_a_page_that_broke_off_is_completed_by_the_same_command(
    project: Path, github: GitHubServer, tmp_path: Path, method: str, path: str
) -> None:
    run(project)
    github.faults.append(Fault(method, path, times=20, status=500))
    output = tmp_path / "output"
    broken = release(project, github, GITHUB_OUTPUT=str(output))
    assert broken.code == 3
    assert "the tag is written; `mltools release` again completes the page" in broken.err
    # The version is out, and a later step may be told so.
    assert git(tmp_path / "remote.git", "tag") == "toy@v0.1.0"
    assert "toy@v0.1.0" in output.read_text()
    assert all(draft for _, draft, _ in pages(github))
    github.faults.clear()
    again = release(project, github)
    assert again.code == 0, again.err
    assert pages(github) == [
        ("toy@v0.1.0", False, ["model.bin", "MODEL_CARD.md", "provenance.json", "release.json"])
    ]


def test_a_lost_answer_makes_no_second_page(project: Path, github: GitHubServer) -> None:
    run(project)
    github.faults.append(Fault("POST", r"/releases$", drop="after"))
    done = release(project, github)
    assert done.code == 0, done.err
    assert pages(github) == [
        ("toy@v0.1.0", False, ["model.bin", "MODEL_CARD.md", "provenance.json", "release.json"])
    ]


def test_without_a_token_the_version_is_a_tag(project: Path, github: GitHubServer) -> None:
    run(project)
    done = release(project, github, GITHUB_TOKEN="")
    assert done.code == 0
    assert "the version is a tag, without a page" in done.err
    assert github.calls() == []


def test_a_token_that_may_only_read_leaves_a_tag_and_a_warning(project: Path, github: GitHubServer) -> None:
    github.forge.viewers = {"secret": Viewer(BOT, write=False, installation=True)}
    run(project)
    done = release(project, github)
    assert done.code == 0
    assert "warning: the version is a tag, without a page on the forge" in done.err
    assert "secret" not in done.err


def test_a_dry_run_names_the_calls_and_makes_none_that_write(project: Path, github: GitHubServer) -> None:
    run(project)
    done = release(project, github, "--dry-run")
    assert done.code == 0
    assert done.out.splitlines()[-6:] == [
        "forge   release toy@v0.1.0 of octo/iris: made as a draft",
        "forge   release toy@v0.1.0 of octo/iris: upload model.bin",
        "forge   release toy@v0.1.0 of octo/iris: upload MODEL_CARD.md",
        "forge   release toy@v0.1.0 of octo/iris: upload provenance.json",
        "forge   release toy@v0.1.0 of octo/iris: upload release.json",
        "forge   release toy@v0.1.0 of octo/iris: published",
    ]
    assert github.writes() == []


def test_a_model_is_got_from_the_page_where_nothing_else_has_it(
    project: Path, github: GitHubServer, tmp_path: Path
) -> None:
    run(project)
    release(project, github)
    remote = tmp_path / "remote.git"
    git(remote, "update-ref", "-d", "refs/mltools/objects")
    git(tmp_path, "clone", "-q", str(remote), "clone")
    got = tmp_path / "got"
    done = command(tmp_path / "clone", "model", "get", "toy@v0.1.0", "-o", str(got), env=github.environ())
    assert done.code == 0, done.err
    assert "fetching model.bin from the release on octo/iris" in done.err
    assert (got / "model.bin").read_text() == model_text(0.9)


def test_a_model_on_the_page_that_was_changed_is_not_taken(
    project: Path, github: GitHubServer, tmp_path: Path
) -> None:
    run(project)
    release(project, github)
    (page,) = github.forge.releases.values()
    asset = page["assets"][0]
    github.forge.assets[asset["id"]] = b"x" * asset["size"]
    remote = tmp_path / "remote.git"
    git(remote, "update-ref", "-d", "refs/mltools/objects")
    git(tmp_path, "clone", "-q", str(remote), "clone")
    done = command(tmp_path / "clone", "model", "get", "toy@v0.1.0", "-o", "m.bin", env=github.environ())
    assert done.code == 3
    assert "the release on octo/iris" in done.err
    assert not (tmp_path / "clone/m.bin").exists()


def test_a_candidate_is_followed_by_its_release(project: Path, github: GitHubServer) -> None:
    run(project, 0.9)
    git(project, "tag", "-a", "-m", "x", "toy@v9.0.0-rc.1", "HEAD~1")
    git(project, "push", "-q", "origin", "toy@v9.0.0-rc.1")
    done = release(project, github)
    assert done.out.splitlines()[0] == "released toy@v9.0.0"
    assert [page["prerelease"] for page in github.forge.releases.values()] == [False]
