"""The loop behind `git push` to a bare repository: real pushes, real hooks."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.projects import branch, make_project, set_quality
from tests.support import commit, git, make_repo, mltools

pytestmark = pytest.mark.slow


def push(place: Path, *refs: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "push", "origin", *refs],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "models.git", bare=True)


@pytest.fixture
def project(tmp_path: Path, bare: Path) -> Path:
    place = make_project(tmp_path / "project")
    git(place, "remote", "add", "origin", str(bare))
    return place


def records(bare: Path) -> str:
    return git(bare, "ls-tree", "-r", "--name-only", "refs/mltools/journal", check=False)


def test_a_push_is_judged_and_recorded_and_the_pusher_sees_it(project: Path, bare: Path) -> None:
    installed = mltools(project, "hook", "install", str(bare))
    assert installed.code == 0, installed.err
    first = push(project, "main")
    assert first.returncode == 0, first.stderr
    assert "remote: stage train: running" in first.stderr
    assert "remote: passed: 1 of 1 gate passed" in first.stderr
    head = git(project, "rev-parse", "HEAD")
    assert f"/{head}/" in records(bare)

    branch(project, "worse")
    set_quality(project, 0.8)
    second = push(project, "worse")
    assert second.returncode == 0, second.stderr
    assert "auc-kept: test.auc went from 0.9 to 0.8" in second.stderr
    assert "accepted all the same" in second.stderr
    assert git(bare, "rev-parse", "worse") == git(project, "rev-parse", "worse")


def test_with_enforce_a_failing_branch_is_refused_and_its_record_kept(project: Path, bare: Path) -> None:
    assert mltools(project, "hook", "install", "--enforce", str(bare)).code == 0
    assert push(project, "main").returncode == 0
    branch(project, "worse")
    tip = set_quality(project, 0.8)
    refused = push(project, "worse")
    assert refused.returncode == 1
    assert "worse: refused" in refused.stderr
    assert git(bare, "for-each-ref", "refs/heads/worse") == ""
    assert f"/{tip}/" in records(bare)


def test_a_second_push_of_the_same_commit_is_not_computed_again(project: Path, bare: Path) -> None:
    mltools(project, "hook", "install", str(bare))
    assert push(project, "main").returncode == 0
    before = records(bare)
    again = push(project, "main:refs/heads/copy")
    assert again.returncode == 0, again.stderr
    assert records(bare).count("run.json") >= before.count("run.json")
    assert "running" not in again.stderr


def test_a_merge_with_the_same_inputs_is_judged_anew_without_training(project: Path, bare: Path) -> None:
    mltools(project, "hook", "install", str(bare))
    assert push(project, "main").returncode == 0
    branch(project, "better")
    set_quality(project, 0.95)
    assert push(project, "better").returncode == 0
    git(project, "checkout", "-q", "main")
    git(project, "merge", "-q", "--no-ff", "-m", "Merge", "better")
    merged = push(project, "main")
    assert merged.returncode == 0, merged.stderr
    assert "the same inputs have the record" in merged.stderr
    assert "running" not in merged.stderr
    assert "test.auc 0.95 (+0.05)" in merged.stderr


def test_a_fresh_clone_finds_the_objects_that_the_hook_made(project: Path, bare: Path) -> None:
    mltools(project, "hook", "install", str(bare))
    assert push(project, "main").returncode == 0
    objects = git(bare, "ls-tree", "-r", "--name-only", "refs/mltools/objects")
    assert objects.startswith("md5/")


def test_tags_deletions_and_commits_without_a_project_pass(project: Path, bare: Path, tmp_path: Path) -> None:
    mltools(project, "hook", "install", "--enforce", str(bare))
    other = make_repo(tmp_path / "other", {"README.md": "no project\n"})
    git(other, "remote", "add", "origin", str(bare))
    pushed = push(other, "main:refs/heads/docs")
    assert pushed.returncode == 0, pushed.stderr
    assert "no mltools.yaml in this commit" in pushed.stderr
    git(other, "tag", "v1")
    assert push(other, "v1").returncode == 0
    assert push(other, ":refs/heads/docs").returncode == 0


def test_a_change_cannot_escape_by_removing_its_policy(project: Path, bare: Path) -> None:
    mltools(project, "hook", "install", "--enforce", str(bare))
    assert push(project, "main").returncode == 0
    branch(project, "sly")
    git(project, "rm", "-q", "mltools.yaml")
    git(project, "commit", "-q", "-m", "Remove the policy")
    refused = push(project, "sly")
    assert refused.returncode == 1
    assert "this commit removes mltools.yaml" in refused.stderr
    assert git(bare, "for-each-ref", "refs/heads/sly") == ""


def test_what_cannot_be_judged_is_said_and_refused_only_under_enforce(project: Path, bare: Path) -> None:
    commit(project, {"mltools.yaml": "schema: 1\ngats: []\n"})
    mltools(project, "hook", "install", str(bare))
    accepted = push(project, "main")
    assert accepted.returncode == 0, accepted.stderr
    assert "could not judge this push" in accepted.stderr
    assert "did you mean 'gates'?" in accepted.stderr
    mltools(project, "hook", "install", "--enforce", str(bare))
    branch(project, "again")
    commit(project, {"x": "y"})
    refused = push(project, "again")
    assert refused.returncode == 1
    assert git(bare, "for-each-ref", "refs/heads/again") == ""


@pytest.mark.parametrize("name", ["$(touch${IFS}pwned)", "feat/ü|x", "a;b"])
def test_hostile_branch_names_are_only_names(project: Path, bare: Path, name: str) -> None:
    mltools(project, "hook", "install", str(bare))
    pushed = push(project, f"main:refs/heads/{name}")
    assert pushed.returncode == 0, pushed.stderr
    assert "verdict" in pushed.stderr or "passed" in pushed.stderr
    assert not any(place.joinpath("pwned").exists() for place in (bare, project))


def test_installing_twice_renews_and_a_foreign_hook_is_kept(project: Path, bare: Path) -> None:
    assert mltools(project, "hook", "install", str(bare)).code == 0
    assert mltools(project, "hook", "install", "--enforce", str(bare)).code == 0
    assert "--enforce" in (bare / "hooks/update").read_text()
    (bare / "hooks/update").write_text("#!/bin/sh\nexit 0\n")
    refused = mltools(project, "hook", "install", str(bare))
    assert refused.code == 3
    assert "is there already and is not ours" in refused.err
    assert (bare / "hooks/update").read_text() == "#!/bin/sh\nexit 0\n"


@pytest.mark.parametrize("place", [".", ".git"])
def test_only_a_bare_repository_takes_the_hook(project: Path, place: str) -> None:
    refused = mltools(project, "hook", "install", place)
    assert refused.code == 3
    assert "is not a bare repository" in refused.err


def test_nothing_is_left_in_the_temporary_directory(
    project: Path, bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    mltools(project, "hook", "install", str(bare))
    assert push(project, "main").returncode == 0
    assert [path.name for path in scratch.iterdir() if path.name.startswith("mltools-")] == []
    shutil.rmtree(scratch)
