"""`mltools runs list`, `show` and `sync`."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mltools import journal
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from tests.stored import make_record
from tests.support import commit, git, make_repo, mltools

WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
GATE: dict[str, Any] = {
    "name": "auc-floor",
    "kind": "threshold",
    "outcome": "failed",
    "reason": "test.roc_auc is 0.5, below 0.9",
    "evidence": {"metric": "test.roc_auc"},
}


@pytest.fixture
def history(repo: Path) -> Path:
    """Two commits with a run each, the second failed, on a branch called as no branch should be."""
    writer = Writer(Repository.find(repo), dict(os.environ))
    first = git(repo, "rev-parse", "HEAD")
    second = commit(repo, {"a": "1"})
    for record in (
        make_record(first, second=1, trigger="push"),
        make_record(second, second=2, suffix="000001", dirty=True),
        make_record(
            second,
            second=9,
            trigger="push",
            branch="feat/failed|\u202e$(x)",
            verdict="failed",
            summary="failed: auc-floor",
            metrics={"test.roc_auc": 0.5, "other": 1},
            gates=[GATE],
        ),
    ):
        journal.append(writer, record, {"report.md": b"# r\n"}, when=WHEN)
    return repo


def test_runs_are_listed_newest_first_with_gated_metrics(history: Path) -> None:
    done = mltools(history, "runs", "list")
    assert done.code == 0
    head, failed, dirty, passed = done.out.rstrip("\n").split("\n")
    assert head.split() == ["run", "time", "commit", "branch", "verdict", "test.roc_auc"]
    assert failed.split()[-2:] == ["failed", "0.5"]
    assert "\u202e" not in failed
    assert f"{git(history, 'rev-parse', 'HEAD')[:8]}+ " in dirty
    assert passed.split()[-2:] == ["passed", "0.99"]
    assert "2026-01-02 03:04:01" in passed


def test_a_list_can_be_cut(history: Path) -> None:
    assert len(mltools(history, "runs", "list", "-n", "1").out.splitlines()) == 2
    assert len(mltools(history, "runs", "list", "-n", "1", "--json").json["runs"]) == 1
    assert len(mltools(history, "runs", "list", "-n", "0").out.splitlines()) == 4


def test_the_list_as_json(history: Path) -> None:
    tree = mltools(history, "runs", "list", "--json").json
    assert tree["schema"] == 1
    newest = tree["runs"][0]
    assert newest["verdict"] == "failed"
    assert newest["metrics"] == {"test.roc_auc": 0.5, "other": 1}
    assert newest["commit"] == git(history, "rev-parse", "HEAD")
    assert [run["dirty"] for run in tree["runs"]] == [False, True, False]


def test_colours_do_not_move_the_columns(history: Path) -> None:
    plain = mltools(history, "runs", "list").out
    painted = mltools(history, "--color", "always", "runs", "list").out
    assert "\x1b[31mfailed\x1b[0m" in painted
    assert "feat/\x1b" not in painted
    assert painted.replace("\x1b[31m", "").replace("\x1b[32m", "").replace("\x1b[0m", "") == plain


def test_show_tells_the_newest_run_of_head(history: Path) -> None:
    done = mltools(history, "runs", "show")
    assert done.code == 0
    assert "failed: auc-floor: test.roc_auc is 0.5, below 0.9" in done.out
    assert "by push" in done.err


def test_show_takes_a_run_or_a_revision(history: Path) -> None:
    tree = mltools(history, "runs", "show", "HEAD~1", "--json").json
    assert tree["verdict"] == "passed"
    assert mltools(history, "runs", "show", tree["id"], "--json").json == tree
    assert mltools(history / ".git", "runs", "show", "main", "--json").json["verdict"] == "failed"


def test_show_draws_the_runs_that_led_here(repo: Path) -> None:
    before: dict[str, Any] | None = None
    for number in range(4):
        made = make_record(
            commit(repo, {"a": f"{number}"}),
            second=number,
            base=before,
            metrics={"test.roc_auc": number / 10, "flat": 1},
            gates=[GATE],
        )
        journal.append(Writer(Repository.find(repo), dict(os.environ)), made, {}, when=WHEN)
        before = {"commit": made.commit, "ref": "main", "how": "record", "run": made.id}
    done = mltools(repo, "runs", "show")
    assert done.code == 0
    assert "history test.roc_auc: ▁▃▆█ 0 to 0.3\n" in done.out
    assert "history" not in mltools(repo, "runs", "show", "HEAD~3").out


def test_two_runs_are_set_side_by_side(history: Path) -> None:
    done = mltools(history, "runs", "compare", "HEAD~1", "HEAD")
    assert done.code == 0, done.err
    head, *_ = done.out.split("\n\n")
    base, now = head.split("\n")
    assert base.split()[0] == "base"
    assert now.endswith("failed: auc-floor")
    assert "\u202e" not in done.out
    assert "gates\n  auc-floor  -  ->  failed\n" in done.out
    assert "test.roc_auc  0.99  ->  0.5  -0.49  -49.49%\n" in done.out
    assert ["other", "1", "added"] in [line.split() for line in done.out.splitlines()]
    tree = mltools(history, "runs", "compare", "HEAD~1", now.split()[1], "--json").json
    assert tree["schema"] == 1
    assert (tree["base"]["verdict"], tree["head"]["verdict"]) == ("passed", "failed")
    assert tree["head"]["run"] == now.split()[1]
    assert tree["gates"] == [{"name": "auc-floor", "kind": "added", "base": None, "head": "failed"}]
    assert {one["name"]: one["kind"] for one in tree["metrics"]} == {
        "test.roc_auc": "changed",
        "other": "added",
    }


def test_of_a_commit_with_several_runs_the_right_one_is_taken(history: Path) -> None:
    """What somebody tried on top of a commit is not what it is compared by; nor is a run of another project."""
    writer = Writer(Repository.find(history), dict(os.environ))
    head, first = (git(history, "rev-parse", rev) for rev in ("HEAD", "HEAD~1"))
    tried = make_record(first, second=40, suffix="000002", dirty=True, metrics={"test.roc_auc": 0.5})
    other = make_record(head, second=50, suffix="000003", project="eu", model="toy", metrics={"rmse": 1})
    for record in (tried, other):
        journal.append(writer, record, {}, when=WHEN)
    assert mltools(history, "runs", "show", "HEAD~1", "--json").json["id"] == tried.id
    assert mltools(history, "runs", "show", "--json").json["summary"] == "failed: auc-floor"
    tree = mltools(history, "runs", "compare", "HEAD~1", "--json").json
    assert (tree["base"]["run"].split("T")[1][:6], tree["head"]["verdict"]) == ("030401", "failed")
    (history / "eu").mkdir()
    assert mltools(history / "eu", "runs", "show", "--json").json["id"] == other.id
    for name, count in (("toy", 1), ("eu:toy", 1), ("us:toy", 0)):
        assert len(mltools(history, "runs", "list", "--model", name, "--json").json["runs"]) == count


def test_what_is_the_same_in_two_runs_is_shown_when_asked_for(history: Path) -> None:
    done = mltools(history, "runs", "compare", "HEAD", "HEAD", "--all")
    assert "auc-floor  failed  ->  failed" in done.out
    assert "test.roc_auc  0.5" in done.out
    done = mltools(history, "runs", "compare", "HEAD")
    assert "unchanged: 2 metrics" in done.out
    assert "gates" not in done.out


def test_runs_of_commits_that_are_not_here_are_compared(history: Path) -> None:
    ids = []
    for number, project in ((7, "."), (8, "sub")):
        made = make_record(
            f"{number}" * 40,
            second=40 + number,
            project=project,
            params={"n": number},
            stages=[{"name": "train", "state": "ran", "md5": f"{number}" * 32}],
            data=[{"path": "a.csv", "md5": f"{number}" * 32, "bytes": number, "outcome": "passed"}],
        )
        journal.append(Writer(Repository.find(history), dict(os.environ)), made, {}, when=WHEN)
        ids.append(made.id)
    done = mltools(history, "runs", "compare", *ids)
    assert done.code == 0
    assert "warning: they are of different projects, . and sub" in done.err
    for line in ("n  7  ->  8", "train  changed", "a.csv  input  7 B -> 8 B  changed", "unchanged: 1 metric"):
        assert line in done.out


@pytest.mark.parametrize("which", ["nope", "HEAD~9", "-x", "20260102T030405Z-cccccccc-abcdef"])
def test_a_comparison_with_no_run_names_it(history: Path, which: str) -> None:
    done = mltools(history, "runs", "compare", "--", which)
    assert done.code == 2
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ("nope", "'nope', which is neither a run's id nor a revision"),
        ("20260102T030405Z-cccccccc-abcdef", "neither a run's id nor a revision"),
        ("-x", ""),
        ("HEAD^{tree}", "neither"),
        ("$(touch pwned)", "neither"),
    ],
)
def test_what_is_no_run_is_named(history: Path, which: str, said: str) -> None:
    done = mltools(history, "runs", "show", which)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert not (history / "pwned").exists()


def test_a_commit_without_a_run_says_how_to_get_one(history: Path) -> None:
    new = commit(history, {"b": "1"})
    done = mltools(history, "runs", "show")
    assert done.code == 3
    assert f"no run is recorded of commit {new[:8]} (HEAD)" in done.err
    assert "hint: `mltools run` records one; `mltools runs sync` brings those of others" in done.err


def test_an_empty_journal_is_no_error(repo: Path, tmp_path: Path) -> None:
    done = mltools(repo, "runs", "list")
    assert (done.code, done.out) == (0, "")
    assert "no run is recorded here" in done.err
    assert "`mltools runs sync` brings those of others" in done.err
    assert mltools(repo, "runs", "list", "--json").json == {"schema": 1, "runs": []}
    empty = make_repo(tmp_path / "empty")
    assert mltools(empty, "runs", "list").code == 0
    done = mltools(empty, "runs", "show")
    assert done.code == 3
    assert "no commit yet" in done.err


def record_one(repo: Path, second: int) -> str:
    """Put a run of HEAD into the journal here; its id."""
    record = make_record(git(repo, "rev-parse", "HEAD"), second=second)
    writer = Writer(Repository.find(repo), dict(os.environ))
    journal.append(writer, record, {"report.md": b"# r\n"}, when=WHEN)
    return record.id


def listed(repo: Path) -> set[str]:
    return {run["id"] for run in mltools(repo, "runs", "list", "--json").json["runs"]}


def test_journals_that_have_parted_are_joined(clone: Path, remote: Path, tmp_path: Path) -> None:
    other = shutil.copytree(clone, tmp_path / "other")
    theirs, ours = {record_one(other, 1), record_one(other, 2)}, {record_one(clone, 3)}
    git(other, "push", "-q", "origin", journal.REF)
    assert "rejected" in git_says(clone, "fetch", "origin", "refs/mltools/*:refs/mltools/*")
    done = mltools(clone, "runs", "sync")
    assert (done.code, done.out) == (0, "2 runs brought here from origin\n1 run brought to origin\n"), (
        done.err
    )
    assert listed(clone) == listed(remote) == theirs | ours
    assert git(clone, "rev-parse", journal.REF) == git(remote, "rev-parse", journal.REF)
    done = mltools(clone, "runs", "sync")
    assert (done.code, done.out) == (0, "nothing to bring: the same 3 runs here and at origin\n")
    done = mltools(other, "runs", "sync", "--remote", "origin")
    assert (done.code, done.out) == (0, "1 run brought here from origin\n")
    assert listed(other) == theirs | ours


def test_the_first_journal_goes_to_a_remote_without_one(clone: Path, remote: Path) -> None:
    done = mltools(clone, "runs", "sync")
    assert (done.code, done.out) == (0, "nothing to bring: the same 0 runs here and at origin\n"), done.err
    made = record_one(clone, 1)
    done = mltools(clone, "runs", "sync")
    assert (done.code, done.out) == (0, "1 run brought to origin\n"), done.err
    assert listed(remote) == {made}


def test_what_a_remote_has_comes_here_even_where_it_takes_nothing(
    clone: Path, remote: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(clone, tmp_path / "other")
    theirs, ours = record_one(other, 1), record_one(clone, 2)
    git(other, "push", "-q", "origin", journal.REF)
    hook = remote / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'read only' >&2\nexit 1\n")
    hook.chmod(0o755)
    done = mltools(clone, "runs", "sync")
    assert (done.code, done.out) == (3, "1 run brought here from origin\n")
    assert "read only" in done.err
    assert listed(clone) == {theirs, ours}


def test_a_sync_without_the_remote_is_wrong_use(repo: Path, tmp_path: Path) -> None:
    done = mltools(repo, "runs", "sync")
    assert done.code == 2
    assert "error: this repository has no remote\nhint: git remote add origin URL" in done.err
    git(repo, "remote", "add", "one", str(tmp_path / "gone"))
    done = mltools(repo, "runs", "sync", "--remote", "two")
    assert done.code == 2
    assert "error: no remote 'two' here\nhint: there is: one" in done.err
    done = mltools(repo, "runs", "sync")
    assert done.code == 3
    assert "does not answer" in done.err
    git(repo, "remote", "add", "two", str(tmp_path / "gone"))
    done = mltools(repo, "runs", "sync")
    assert done.code == 2
    assert "has the remotes one, two" in done.err


def test_a_sync_goes_where_releases_go(clone: Path, remote: Path) -> None:
    made = record_one(clone, 1)
    git(clone, "remote", "rename", "origin", "main")
    git(clone, "remote", "add", "other", "/nowhere")
    git(clone, "branch", "--unset-upstream")
    done = mltools(clone, "runs", "sync")
    assert (done.code, "none of them is called origin" in done.err) == (2, True)
    assert "name one with --remote, or say which one it is: git config remote.pushDefault NAME" in done.err
    git(clone, "config", "remote.pushDefault", "main")
    assert mltools(clone, "runs", "sync").out == "1 run brought to main\n"
    assert listed(remote) == {made}


def git_says(repo: Path, *args: str) -> str:
    """What Git says on stderr, whatever it ends with."""
    return subprocess.run(["git", *args], cwd=repo, capture_output=True, text=True, check=False).stderr


def test_a_damaged_record_is_warned_of(history: Path) -> None:
    writer = Writer(Repository.find(history), dict(os.environ))
    commit_ = "d" * 40
    writer.append(
        journal.REF, {f"records/dd/{commit_}/20260102T030409Z-dddddddd-abcdef/run.json": b"{"}, "x", when=WHEN
    )
    done = mltools(history, "runs", "list")
    assert done.code == 0
    assert len(done.out.splitlines()) == 4
    assert "20260102T030409Z-dddddddd-abcdef" in done.err


def test_projects_of_one_repository_get_a_column(history: Path) -> None:
    writer = Writer(Repository.find(history), dict(os.environ))
    journal.append(writer, make_record("e" * 40, second=30, project="models/a"), {}, when=WHEN)
    head, first, *_ = mltools(history, "runs", "list").out.splitlines()
    assert head.split()[4] == "project"
    assert "models/a" in first


@pytest.mark.parametrize(
    ("args", "count"),
    [
        (("--verdict", "failed"), 1),
        (("--branch", "main"), 2),
        (("--since", "2026-01-02T03:04:09"), 1),
        (("--since", "2030-01-01"), 0),
        (("--author", "TESTER"), 3),
        (("--author", "nobody else"), 0),
        (("--model", "toy"), 0),
        (("--verdict", "passed", "-n", "1"), 1),
    ],
)
def test_runs_are_chosen(history: Path, args: tuple[str, ...], count: int) -> None:
    name = git(history, "log", "-1", "--format=%an")
    asked = [name.upper() if arg == "TESTER" else arg for arg in args]
    done = mltools(history, "runs", "list", "--json", *asked)
    assert done.code == 0, done.err
    assert len(done.json["runs"]) == count


def test_runs_are_sorted_by_a_metric_with_the_columns_that_are_asked_for(history: Path) -> None:
    done = mltools(history, "runs", "list", "--sort", "test.roc_auc", "--metric", "other", "--ascending")
    head, first, *_ = done.out.splitlines()
    assert head.split()[-1] == "other"
    assert first.split()[-2:] == ["failed", "1"]
    ids = [one["id"] for one in mltools(history, "runs", "list", "--sort", "other", "--json").json["runs"]]
    assert ids[0] == first.split()[0]


def test_a_name_that_no_run_has_is_said(history: Path) -> None:
    done = mltools(history, "runs", "list", "--sort", "test.roc_acu", "--metric", "other", "--param", "depth")
    assert (done.code, len(done.out.splitlines())) == (0, 4)
    assert done.err.splitlines() == [
        "warning: none of these runs has param 'depth'",
        "warning: none of these runs has metric or param 'test.roc_acu'",
    ]


def test_the_index_follows_the_journal_and_may_be_lost_or_damaged(history: Path) -> None:
    before = mltools(history, "runs", "list", "--json").json
    index = history / ".git/mltools/runs.sqlite"
    assert index.is_file()
    for damage in (b"", b"no database", index.read_bytes()[:5000] + b"x" * 100):
        index.write_bytes(damage)
        assert mltools(history, "runs", "list", "--json").json == before
    writer = Writer(Repository.find(history), dict(os.environ))
    journal.append(writer, make_record(git(history, "rev-parse", "HEAD"), second=20), {}, when=WHEN)
    assert len(mltools(history, "runs", "list", "--json").json["runs"]) == 4
    # Somebody's older journal: what is gone from it is gone from the list.
    git(history, "update-ref", journal.REF, f"{journal.REF}~1")
    assert mltools(history, "runs", "list", "--json").json == before


@pytest.mark.parametrize("body", ["not json", "[]", "[1, 2]", "null", '{"id": "x"}'])
def test_an_index_with_damaged_rows_is_made_again(history: Path, body: str) -> None:
    before = mltools(history, "runs", "list", "--json").json
    index = history / ".git/mltools/runs.sqlite"
    with closing(sqlite3.connect(index)) as store, store:
        store.execute("UPDATE rows SET body = ?", (body,))
    assert mltools(history, "runs", "list", "--json").json == before
    with closing(sqlite3.connect(index)) as store:
        assert store.execute("SELECT count(*) FROM rows WHERE body = ?", (body,)).fetchone() == (0,)


def test_an_index_of_another_version_or_of_a_stranger_is_made_again(history: Path) -> None:
    before = mltools(history, "runs", "list", "--json").json
    index = history / ".git/mltools/runs.sqlite"
    with closing(sqlite3.connect(index)) as store, store:
        store.execute("PRAGMA user_version = 7")
        store.execute("UPDATE rows SET body = '[]'")
    assert mltools(history, "runs", "list", "--json").json == before
    with closing(sqlite3.connect(index)) as store, store:
        store.execute("DROP TABLE rows")
    assert mltools(history, "runs", "list", "--json").json == before


def test_where_nothing_can_be_kept_runs_are_listed_all_the_same(history: Path) -> None:
    before = mltools(history, "runs", "list", "--json").json
    place = history / ".git/mltools"
    shutil.rmtree(place)
    place.write_text("a file where the index would be")
    assert mltools(history, "runs", "list", "--json").json == before


def test_a_list_that_is_kept_needs_neither_pydantic_nor_gitpython(history: Path) -> None:
    mltools(history, "runs", "list")
    script = (
        "import sys; from mltools.cli.app import invoke\n"
        "assert invoke(['runs', 'list', '-n', '0']) == 0\n"
        "print([name for name in ('pydantic', 'git', 'yaml', 'numpy') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=history, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert len(done.stdout.splitlines()) == 4
