"""`mltools runs notes`: the runs in `git log`, here, at a remote, and while others write them, too."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mltools import journal
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from mltools.runs.noting import REF
from tests.stored import make_record
from tests.support import commit, git, make_repo, mltools

WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
WRITERS, RECORDS = 4, 2


def record(repo: Path, second: int, **changes: Any) -> None:
    made = make_record(git(repo, "rev-parse", "HEAD"), second=second, **changes)
    journal.append(Writer(Repository.find(repo), dict(os.environ)), made, {}, when=WHEN)


def shown(repo: Path, rev: str = "HEAD") -> list[str]:
    """The lines of a commit's note, as plain Git shows them."""
    return git(repo, "notes", "--ref=mltools", "show", rev).split("\n")


def test_git_log_shows_a_line_for_each_run(repo: Path) -> None:
    record(repo, 1, summary="passed: 2 of 2 gates passed", trigger="push")
    record(repo, 2, dirty=True, verdict="failed", summary="failed: x\nNotes: forged\u202e", project="sub")
    done = mltools(repo, "runs", "notes")
    assert (done.code, done.out) == (0, "notes of 1 commit here\n"), done.err
    newest, oldest = shown(repo)
    head = git(repo, "rev-parse", "--short=8", "HEAD")
    assert oldest == f"passed: 2 of 2 gates passed (run 20260102T030401Z-{head}-abcdef by push)"
    assert newest.startswith("sub: failed: x Notes: forged")
    assert newest.endswith("by local, with uncommitted changes)")
    assert "\u202e" not in newest
    assert f"    {oldest}" in git(repo, "log", "--notes=mltools").split("\n")
    assert "Notes" not in git(repo, "log")


def test_notes_are_written_once_and_grow_with_the_journal(repo: Path) -> None:
    record(repo, 1)
    mltools(repo, "runs", "notes")
    tip = git(repo, "rev-parse", REF)
    mltools(repo, "runs", "notes")
    assert git(repo, "rev-parse", REF) == tip
    record(repo, 2)
    commit(repo, {"a": "1"})
    record(repo, 3)
    assert mltools(repo, "runs", "notes").out == "notes of 2 commits here\n"
    assert len(shown(repo, "HEAD~1")) == 2
    assert git(repo, "rev-parse", f"{REF}~1") == tip


@pytest.mark.parametrize("spread", [False, True])
def test_notes_that_git_spread_its_own_way_are_found(repo: Path, *, spread: bool) -> None:
    record(repo, 1)
    mltools(repo, "runs", "notes")
    if spread:  # Git writes its own layout as soon as it touches them
        git(repo, "notes", "--ref=mltools", "append", "-m", "by hand", "HEAD")
        assert "by hand" in shown(repo)
    record(repo, 2)
    mltools(repo, "runs", "notes")
    assert len(shown(repo)) == 2
    assert len(git(repo, "notes", "--ref=mltools", "list").split("\n")) == 1


def test_notes_go_to_a_remote_for_those_who_have_no_mltools(
    clone: Path, remote: Path, tmp_path: Path
) -> None:
    record(clone, 1)
    done = mltools(clone, "runs", "notes", "--push")
    assert (done.code, done.out) == (0, "notes of 1 commit here and at origin\n"), done.err
    git(tmp_path, "clone", "-q", str(remote), "plain")
    git(tmp_path / "plain", "fetch", "-q", "origin", f"{REF}:{REF}")
    assert shown(tmp_path / "plain") == shown(clone)
    assert mltools(clone, "runs", "notes", "--push").code == 0
    assert git(remote, "rev-list", "--count", REF) == "1"


def test_sync_keeps_notes_up_to_date_where_they_are_used(clone: Path, remote: Path, tmp_path: Path) -> None:
    record(clone, 1)
    assert mltools(clone, "runs", "sync").code == 0
    assert git(remote, "for-each-ref", REF) == ""
    assert mltools(clone, "runs", "notes", "--push").code == 0
    git(tmp_path, "clone", "-q", str(remote), "other")
    other = tmp_path / "other"
    record(other, 2)
    assert mltools(other, "runs", "sync").code == 0
    assert len(shown(remote)) == len(shown(other)) == 2
    assert mltools(clone, "runs", "sync").code == 0
    assert git(clone, "rev-parse", REF) == git(remote, "rev-parse", REF)


def test_a_remote_that_refuses_notes_keeps_no_run_back(clone: Path, remote: Path) -> None:
    record(clone, 1)
    assert mltools(clone, "runs", "notes").code == 0
    hook = remote / "hooks/update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\ncase $1 in refs/notes/*) echo "no notes here" >&2; exit 1;; esac\n')
    hook.chmod(0o755)
    done = mltools(clone, "runs", "sync")
    assert (done.code, done.out) == (0, "1 run brought to origin\n")
    assert "warning: refs/notes/mltools is not up to date" in done.err
    assert "no notes here" in done.err
    done = mltools(clone, "runs", "notes", "--push")
    assert done.code == 3
    assert "no notes here" in done.err
    assert "Traceback" not in done.err


def test_notes_need_a_run_and_a_remote(repo: Path, tmp_path: Path) -> None:
    done = mltools(repo, "runs", "notes")
    assert (done.code, done.out) == (0, "notes of 0 commits here\n")
    assert git(repo, "for-each-ref", "refs/notes") == ""
    assert mltools(repo, "runs", "notes", "--push").code == 2
    git(repo, "remote", "add", "origin", str(tmp_path / "gone"))
    record(repo, 1)
    done = mltools(repo, "runs", "notes", "--push")
    assert done.code == 3
    assert "gone" in done.err
    assert mltools(make_repo(tmp_path / "empty"), "runs", "notes").code == 0


SCRIPT = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from mltools import journal
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from mltools.runs import noting
from tests.stored import make_record
path, number, count, commit = sys.argv[1:]
writer = Writer(Repository.find(Path(path)), dict(os.environ))
for each in range(int(count)):
    made = make_record(commit, suffix=f"{int(number):02x}{each:04x}")
    journal.append(writer, made, {}, when=datetime.now(UTC))
    journal.publish(writer, "origin", when=datetime.now(UTC))
    noting.share(writer, "origin", when=datetime.now(UTC))
"""


def test_whoever_writes_notes_at_once_the_last_ones_hold_every_run(
    clone: Path, remote: Path, tmp_path: Path
) -> None:
    head = git(clone, "rev-parse", "HEAD")
    writers = []
    for number in range(WRITERS):
        git(tmp_path, "clone", "-q", str(remote), f"w{number}")
        argv = [sys.executable, "-c", SCRIPT, str(tmp_path / f"w{number}"), str(number), str(RECORDS), head]
        writers.append(subprocess.Popen(argv, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2]))
    for writer in writers:
        _, said = writer.communicate(timeout=300)
        assert writer.returncode == 0, said.decode()
    lines = git(remote, "notes", "--ref=mltools", "show", head).split("\n")
    assert len(set(lines)) == len(lines) == WRITERS * RECORDS
    git(remote, "fsck", "--strict")
