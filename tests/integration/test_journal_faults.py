"""What goes wrong around the journal: told clearly, exit code 3, nothing lost, and mended by the same command."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mltools import journal
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from tests.killing import counted, killing
from tests.stored import make_record
from tests.support import Result, commit, git, make_repo, mltools

WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)

# What writes the journal or talks to a remote.
CALLS = ("fast-import", "update-ref", "push", "fetch")


def record(repo: Path, second: int, commit_: str = "") -> str:
    """Put a run into the journal here; its id."""
    made = make_record(commit_ or git(repo, "rev-parse", "HEAD"), second=second)
    journal.append(Writer(Repository.find(repo), dict(os.environ)), made, {"report.md": b"# r\n"}, when=WHEN)
    return made.id


def listed(repo: Path) -> list[str]:
    """The runs that a repository holds, each as often as it is there."""
    repository = Repository.find(repo)
    return sorted(record.id for record in journal.records(repository))


def refused(done: Result, *said: str) -> None:
    assert done.code == 3, (done.code, done.err)
    for words in said:
        assert words in done.err
    assert "Traceback" not in done.err
    assert "error: " in done.err


def hook(remote: Path, text: str) -> Path:
    path = remote / "hooks/pre-receive"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def other(clone: Path, remote: Path, tmp_path: Path) -> Path:  # noqa: ARG001 - the clone pushed main to the remote
    """Another clone of the same remote."""
    git(tmp_path, "clone", "-q", str(remote), "other")
    return tmp_path / "other"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            "echo 'error: GH013: Repository rule violations found for refs/mltools/journal' >&2; exit 1",
            "a rule of the forge",
        ),
        ("echo 'Permission to o/r.git denied to bot.' >&2; exit 1", "denied to bot"),
        ("exit 1", "pre-receive hook declined"),
    ],
)
def test_a_refused_push_keeps_the_run_here_until_it_is_allowed(
    clone: Path, remote: Path, script: str, said: str
) -> None:
    made = record(clone, 1)
    rule = hook(remote, script)
    refused(mltools(clone, "runs", "sync"), said)
    assert listed(clone) == [made]
    assert git(remote, "for-each-ref", "refs/mltools") == ""
    rule.unlink()
    assert mltools(clone, "runs", "sync").out == "1 run brought to origin\n"
    assert listed(remote) == [made]


def test_a_remote_that_vanished_is_named_and_the_journal_stays(
    clone: Path, remote: Path, tmp_path: Path
) -> None:
    made = record(clone, 1)
    remote.rename(tmp_path / "elsewhere")
    refused(mltools(clone, "runs", "sync"), "does not answer", "git remote -v")
    git(clone, "remote", "set-url", "origin", "http://bot:hunter2@127.0.0.1:9/x.git")
    done = mltools(clone, "runs", "sync")
    refused(done, "127.0.0.1")
    assert "hunter2" not in done.err
    assert listed(clone) == [made]


def test_reading_needs_no_remote_and_no_history(clone: Path, remote: Path, tmp_path: Path) -> None:
    for number in range(3):
        commit(clone, {"a": f"{number}"})
        record(clone, number + 1)
    git(clone, "push", "-q", "origin", "main", journal.REF)
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{remote}", "shallow")
    shallow = tmp_path / "shallow"
    git(shallow, "fetch", "-q", "--depth=1", "origin", f"{journal.REF}:{journal.REF}")
    remote.rename(tmp_path / "gone")
    old, *_, new = listed(shallow)
    assert listed(shallow) == listed(clone)
    for args in (
        ("list", "--sort", "test.roc_auc"),
        ("show",),
        ("show", old),
        ("compare", old, new),
        ("export", "--to", "csv"),
        ("export", "--to", "json"),
        ("export", "--to", "mlflow", "-o", "store"),
        ("notes",),
        ("verify",),
    ):
        done = mltools(shallow, "runs", *args)
        assert done.code == 0, (args, done.err)
    assert git(shallow, "rev-list", "--count", "HEAD") == "1"


def test_a_shallow_journal_is_synced_like_any_other(clone: Path, remote: Path, tmp_path: Path) -> None:
    made = [record(clone, 1), record(clone, 2)]
    git(clone, "push", "-q", "origin", journal.REF)
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{remote}", "shallow")
    shallow = tmp_path / "shallow"
    git(shallow, "fetch", "-q", "--depth=1", "origin", f"{journal.REF}:{journal.REF}")
    made += [record(shallow, 3), record(clone, 4)]
    assert mltools(clone, "runs", "sync").code == 0
    done = mltools(shallow, "runs", "sync")
    assert done.code == 0, done.err
    assert listed(shallow) == listed(remote) == sorted(made)
    assert mltools(remote, "runs", "verify").code == 0


def test_a_journal_that_somebody_forced_away_comes_back_from_whoever_has_it(
    clone: Path, other: Path, remote: Path
) -> None:
    made = [record(clone, 1), record(clone, 2)]
    assert mltools(clone, "runs", "sync").code == 0
    mine = record(other, 3)
    git(other, "push", "-q", "--force", "origin", journal.REF)
    assert listed(remote) == [mine]
    done = mltools(clone, "runs", "sync")
    assert done.out == "1 run brought here from origin\n2 runs brought to origin\n"
    assert mltools(other, "runs", "sync").code == 0
    assert listed(clone) == listed(other) == listed(remote) == sorted([*made, mine])
    git(remote, "update-ref", "-d", journal.REF)
    assert mltools(other, "runs", "sync").out == "3 runs brought to origin\n"


def test_two_contents_of_one_record_are_never_joined(clone: Path, other: Path, remote: Path) -> None:
    made = record(clone, 1)
    assert mltools(clone, "runs", "sync").code == 0
    forged = make_record(git(other, "rev-parse", "HEAD"), second=1, metrics={"test.roc_auc": 1.0})
    journal.append(Writer(Repository.find(other), dict(os.environ)), forged, {}, when=WHEN)
    before = [git(repo, "rev-parse", journal.REF) for repo in (other, remote)]
    refused(
        mltools(other, "runs", "sync"),
        f"{made}/run.json differs between here and the remote",
        "somebody rewrote",
    )
    assert [git(repo, "rev-parse", journal.REF) for repo in (other, remote)] == before


@pytest.mark.parametrize("kind", ["blob", "tree", "tag", "gone"])
def test_a_ref_that_is_no_journal_is_told(repo: Path, kind: str) -> None:
    record(repo, 1)
    tip = git(repo, "rev-parse", journal.REF)
    git(repo, "tag", "-a", "-m", "x", "x", tip)
    oid = {
        "blob": git(repo, "rev-parse", "HEAD:README.md"),
        "tree": git(repo, "rev-parse", f"{tip}^{{tree}}"),
        "tag": git(repo, "rev-parse", "refs/tags/x"),
        "gone": "d" * 40,
    }[kind]
    (repo / ".git" / journal.REF).write_text(f"{oid}\n")
    for args in (("list",), ("verify",), ("export", "--to", "json"), ("notes",), ("show",)):
        done = mltools(repo, "runs", *args)
        assert done.code in {0, 1, 2, 3}, (args, done.err)
        assert "Traceback" not in done.err
    if kind in {"blob", "gone"}:
        assert mltools(repo, "runs", "verify").code == 1


def test_a_full_disk_loses_no_run_and_is_told(clone: Path, other: Path, remote: Path) -> None:
    theirs, mine = record(other, 1), record(clone, 2)
    assert mltools(other, "runs", "sync").code == 0
    # No file may grow: as on a disk with no room left.
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", sys.executable, "-m", "mltools", "runs", "sync"],
        cwd=clone, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert "error: " in done.stderr
    assert listed(clone) == [mine]
    assert listed(remote) == [theirs]
    assert mltools(clone, "runs", "sync").code == 0
    assert listed(clone) == listed(remote) == sorted([mine, theirs])


def test_an_export_onto_a_full_disk_leaves_the_old_file(repo: Path) -> None:
    record(repo, 1)
    (repo / "runs.csv").write_text("before")
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", sys.executable, "-m", "mltools", "runs", "export", "--to", "csv",
         "-o", "runs.csv"],
        cwd=repo, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "cannot write" in done.stderr
    assert (repo / "runs.csv").read_text() == "before"
    assert not list(repo.glob(".runs.csv*"))


def test_a_damaged_record_is_told_and_comes_again_from_the_remote(
    clone: Path, remote: Path, tmp_path: Path
) -> None:
    made = record(clone, 1)
    assert mltools(clone, "runs", "sync").code == 0
    git(tmp_path, "clone", "-q", remote.as_uri(), "third")
    third = tmp_path / "third"
    assert mltools(third, "runs", "sync").code == 0
    oid = journal.places(Repository.find(third), journal.REF)[made][1]
    blob = third / ".git/objects" / oid[:2] / oid[2:]
    blob.chmod(0o644)
    blob.write_bytes(b"garbage")
    refused(
        mltools(third, "runs", "show", made), f"error: the record of run {made} cannot be read", "git fsck"
    )
    listed_ = mltools(third, "runs", "list")
    assert (listed_.code, listed_.err.startswith("warning: refs/mltools/journal: records/")) == (0, True)
    assert mltools(third, "-qq", "runs", "list").err == ""
    blob.unlink()
    git(third, "fetch", "-q", "--refetch", "origin", journal.REF)
    assert mltools(third, "runs", "show", made).code == 0
    assert mltools(third, "runs", "verify").code == 0


def test_a_commit_that_is_no_journal_is_never_joined_with_one(
    clone: Path, remote: Path, tmp_path: Path
) -> None:
    """What is joined stays for ever: a name on the wrong commit must not bring the project's files into the journal."""
    made = record(clone, 1)
    assert mltools(clone, "runs", "sync").code == 0
    git(tmp_path, "clone", "-q", str(remote), "third")
    third = tmp_path / "third"
    git(third, "update-ref", journal.REF, "HEAD")
    before = git(remote, "rev-parse", journal.REF)
    done = mltools(third, "runs", "sync")
    refused(done, "here is", "holds README.md and is no journal", f"git update-ref -d {journal.REF}")
    assert git(remote, "rev-parse", journal.REF) == before
    git(third, "update-ref", "-d", journal.REF)
    assert mltools(third, "runs", "sync").code == 0
    assert listed(third) == [made]
    git(remote, "update-ref", journal.REF, "main")
    record(third, 2)
    refused(mltools(third, "runs", "sync"), "at the remote is", f"git push REMOTE :{journal.REF}")
    git(third, "push", "-q", "origin", f":{journal.REF}")
    assert mltools(third, "runs", "sync").code == 0
    assert len(listed(remote)) == 2


def copied(source: Path, target: Path) -> tuple[Path, Path]:
    """A copy of a clone and its remote."""
    shutil.copytree(source, target)
    git(target / "repo", "remote", "set-url", "origin", str(target / "remote.git"))
    return target / "repo", target / "remote.git"


@pytest.mark.slow
@pytest.mark.full
@pytest.mark.parametrize(
    ("command", "moments"), [(("sync",), (False, True)), (("notes", "--push"), (False,))]
)
def test_what_was_killed_at_any_write_is_completed_by_the_same_command(
    tmp_path: Path, command: tuple[str, ...], moments: tuple[bool, ...]
) -> None:
    start = tmp_path / "start"
    remote = make_repo(start / "remote.git", bare=True)
    repo = make_repo(start / "repo", {"a": "1"})
    git(repo, "remote", "add", "origin", str(remote))
    git(repo, "push", "-q", "origin", "main")
    git(start, "clone", "-q", str(remote), "other")
    made = [record(start / "other", 1), record(repo, 2)]
    git(start / "other", "push", "-q", "origin", journal.REF)
    whole, _ = copied(start, tmp_path / "whole")
    assert mltools(whole, "runs", *command, env=killing(tmp_path, 0, after=False, calls=CALLS)).code == 0
    writes = counted(tmp_path)
    assert writes >= 4
    for number in range(1, writes + 1):
        for after in moments:
            repo, remote = copied(start, tmp_path / f"{number}-{after}")
            killed = mltools(repo, "runs", *command, env=killing(tmp_path, number, after=after, calls=CALLS))
            assert killed.code == -9
            assert set(listed(repo)) >= {made[1]}
            assert set(listed(remote)) >= {made[0]}
            done = mltools(repo, "runs", *command)
            assert done.code == 0, done.err
            assert listed(repo) == listed(remote) == sorted(made)
            assert git(repo, "rev-parse", journal.REF) == git(remote, "rev-parse", journal.REF)
            git(remote, "fsck", "--strict")
    assert mltools(repo, "runs", "verify").code == 0


def test_an_import_that_was_killed_left_all_or_nothing(repo: Path, tmp_path: Path) -> None:
    commit(repo, {"mltools.yaml": "schema: 1\n"})
    for number in range(3):
        run = tmp_path / f"store/1/r{number}"
        (run / "metrics").mkdir(parents=True)
        (run / "meta.yaml").write_text(f"{{run_id: r{number}, end_time: 176732304500{number}}}")
        (run / "metrics/auc").write_text(f"1 0.{number + 1} 0")
    (tmp_path / "store/1/meta.yaml").write_text("name: e")
    args = ("runs", "import", "--from", "mlflow", str(tmp_path / "store"))
    for number in (1, 2):
        killed = mltools(repo, *args, env=killing(tmp_path, number, after=False, calls=CALLS))
        assert killed.code == -9
        assert listed(repo) == []
    assert mltools(repo, *args).out == "3 runs imported\n"
    assert len(listed(repo)) == 3
    assert git(repo, "rev-list", "--count", journal.REF) == "1"


def test_the_journal_of_a_sha256_repository(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    git(repo, "init", "-q", "-b", "main", "--object-format=sha256")
    head = commit(repo, {"a": "1"})
    made = record(repo, 1)
    assert len(head) == 64
    assert listed(repo) == [made]
    assert mltools(repo, "runs", "verify").code == 0
    assert mltools(repo, "runs", "notes").code == 0
    assert made in git(repo, "log", "--notes=mltools")
    assert mltools(repo, "runs", "compare", "HEAD", made).code == 0


def test_a_worktree_and_a_bare_repository_read_the_same_journal(
    clone: Path, remote: Path, tmp_path: Path
) -> None:
    made = record(clone, 1)
    git(clone, "push", "-q", "origin", journal.REF)
    git(clone, "worktree", "add", "-q", str(tmp_path / "tree"))
    for place in (tmp_path / "tree", remote):
        assert listed(place) == [made]
        assert mltools(place, "runs", "verify").code == 0
        assert mltools(place, "runs", "notes").code == 0
    with_changes = record(tmp_path / "tree", 2)
    assert listed(clone) == [made, with_changes]


SURROUNDINGS: tuple[Mapping[str, str], ...] = (
    {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    {"PYTHONIOENCODING": "ascii"},
    {"TZ": "Pacific/Kiritimati"},
    {"HOME": "/nonexistent", "XDG_CONFIG_HOME": "/nonexistent", "GIT_CONFIG_GLOBAL": "/nonexistent/x"},
)


@pytest.mark.parametrize("env", SURROUNDINGS)
def test_reading_works_in_poor_surroundings(repo: Path, env: Mapping[str, str]) -> None:
    base = {"commit": git(repo, "rev-parse", "HEAD"), "ref": "main", "how": "record", "run": record(repo, 1)}
    head = commit(repo, {"a": "1"})
    made = make_record(head, second=9, branch="größe", base=base, metrics={"test.roc_auc": 0.5, "größe": 1})
    journal.append(Writer(Repository.find(repo), dict(os.environ)), made, {}, when=WHEN)
    for args in (
        ("list",),
        ("show",),
        ("compare", "HEAD~1"),
        ("export", "--to", "csv"),
        ("notes",),
        ("verify",),
    ):
        done = mltools(repo, "runs", *args, env=env)
        assert done.code == 0, (args, done.err)
    found = mltools(repo, "runs", "list", "--json", env={"TZ": env.get("TZ", "UTC")}).json["runs"][0]
    assert found["time"] == "2026-01-02T03:04:09Z"
    assert json.loads(mltools(repo, "runs", "show", "--json").out)["branch"] == "größe"
