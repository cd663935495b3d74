"""The journal in real repositories: what is kept, what is found, and what damage does."""

import json
import logging
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mltools import journal
from mltools.core.records import Record
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from mltools.errors import RepositoryError
from tests.stored import make_record
from tests.support import git

WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
A, B = "a" * 40, "b" * 40


@pytest.fixture
def writer(repo: Path) -> Writer:
    return Writer(Repository.find(repo), dict(os.environ))


def keep(writer: Writer, *records: Record) -> None:
    for record in records:
        journal.append(writer, record, {"report.md": b"# report\n"}, when=WHEN)


def test_a_record_comes_back_as_it_was(writer: Writer) -> None:
    record = make_record(A, params={"n": 1, "s": "ü|x", "none": None, "flag": True, "f": 0.1})
    journal.append(writer, record, {"report.md": b"# r\n", "dvc.lock": b"schema: '2.0'\n"}, when=WHEN)
    assert journal.find(writer.repository, A) == record
    assert journal.load(writer.repository, record.id) == record
    assert list(journal.records(writer.repository)) == [record]
    assert journal.attachment(writer.repository, record, "dvc.lock") == b"schema: '2.0'\n"
    assert journal.attachment(writer.repository, record, "none") is None


def test_values_keep_their_types(writer: Writer) -> None:
    values = {"whole": 1, "real": 1.0, "yes": True, "text": "1", "word": "true", "none": None}
    keep(writer, make_record(A, params=values))
    (found,) = journal.records(writer.repository)
    assert {name: repr(value) for name, value in found.params.items()} == {
        name: repr(value) for name, value in values.items()
    }


def test_git_alone_can_read_it(repo: Path, writer: Writer) -> None:
    record = make_record(A, trigger="push")
    keep(writer, record)
    place = f"records/aa/{A}/{record.id}"
    assert git(repo, "ls-tree", "-r", "--name-only", journal.REF).split("\n") == [
        f"{place}/report.md",
        f"{place}/run.json",
    ]
    assert json.loads(git(repo, "show", f"{journal.REF}:{place}/run.json")) == record.as_json()
    assert git(repo, "log", "-1", "--format=%B", journal.REF) == (
        f"passed: aaaaaaaaaa on main\n\nRun: {record.id}\nTrigger: push\n"
    )


def test_keeping_a_record_twice_keeps_it_once(repo: Path, writer: Writer) -> None:
    keep(writer, make_record(A))
    tip = git(repo, "rev-parse", journal.REF)
    keep(writer, make_record(A))
    assert git(repo, "rev-parse", journal.REF) == tip


def test_an_empty_journal_answers_with_nothing(repo: Path) -> None:
    repository = Repository.find(repo)
    record = make_record(A)
    assert journal.find(repository, A) is None
    assert list(journal.records(repository)) == []
    assert journal.load(repository, record.id) is None
    assert journal.attachment(repository, record, "report.md") is None


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"trigger": "push", "second": 1}, {"trigger": "local", "second": 9}),
        ({"trigger": "hook", "second": 1}, {"trigger": "local", "second": 9}),
        ({"trigger": "push", "dirty": True, "second": 1}, {"trigger": "local", "second": 9}),
        ({"dirty": False, "second": 1}, {"dirty": True, "second": 9}),
        ({"trigger": "push", "second": 9}, {"trigger": "push", "second": 1}),
    ],
)
def test_of_several_records_of_a_commit_one_speaks(
    writer: Writer, better: dict[str, Any], worse: dict[str, Any]
) -> None:
    chosen, other = make_record(A, **better), make_record(A, suffix="000000", **worse)
    keep(writer, other, chosen, make_record(B, trigger="push", second=30))
    assert journal.find(writer.repository, A) == chosen


def test_projects_of_one_repository_are_told_apart(writer: Writer) -> None:
    top, sub = make_record(A, suffix="000001"), make_record(A, suffix="000002", project="models/a", second=9)
    keep(writer, top, sub)
    assert journal.find(writer.repository, A) == top
    assert journal.find(writer.repository, A, "models/a") == sub
    assert journal.find(writer.repository, A, "models/b") is None


def test_records_come_newest_first(writer: Writer) -> None:
    made = [
        make_record(commit * 40, second=second) for commit, second in (("c", 3), ("1", 9), ("f", 1), ("2", 5))
    ]
    keep(writer, *made)
    assert [record.time[-3:-1] for record in journal.records(writer.repository)] == ["09", "05", "03", "01"]


@pytest.mark.parametrize("run_id", ["", "x", "../../etc/passwd", "20260102T030405Z-aaaaaaaa-ffffff", "-x"])
def test_an_unknown_run_is_none(writer: Writer, run_id: str) -> None:
    keep(writer, make_record(A))
    assert journal.load(writer.repository, run_id) is None


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"schema": 1}',
        b'{"schema": 2}',
        b'{"a": NaN}',
        b"not json",
        b"null",
        json.dumps(make_record(B).as_json()).encode(),
    ],
)
def test_a_damaged_record_is_reported_and_blinds_nothing(
    writer: Writer, caplog: pytest.LogCaptureFixture, damage: bytes
) -> None:
    place = f"records/aa/{A}/20260102T030409Z-aaaaaaaa-abcdef/run.json"
    keep(writer, make_record(A, second=1))
    writer.append(journal.REF, {place: damage, "records/zz/stray": b"x", "README": b"x"}, "damage", when=WHEN)
    keep(writer, make_record(B))
    with caplog.at_level(logging.WARNING):
        assert {record.commit for record in journal.records(writer.repository)} == {A, B}
        assert journal.find(writer.repository, A) == make_record(A, second=1)
    assert caplog.text.count(place) == 2


def test_a_lost_object_is_reported_and_blinds_nothing(
    repo: Path, writer: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    keep(writer, make_record(A), make_record(B))
    oid = git(repo, "rev-parse", f"{journal.REF}:{journal.directory(make_record(A))}/run.json")
    (repo / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    with caplog.at_level(logging.WARNING):
        assert list(journal.records(writer.repository)) == [make_record(B)]
    assert "missing or damaged" in caplog.text


@pytest.mark.parametrize("name", ["run.json", "../x", "a/b", "", ".git", "-x"])
def test_only_plain_names_are_kept_beside_a_record(writer: Writer, name: str) -> None:
    with pytest.raises(RepositoryError, match="cannot be kept beside"):
        journal.append(writer, make_record(A), {name: b"x"}, when=WHEN)


def test_a_branch_name_stays_one_line_of_the_message(repo: Path, writer: Writer) -> None:
    keep(writer, make_record(A, branch="x\n\nRun: forged"))
    assert git(repo, "log", "-1", "--format=%s", journal.REF) == "passed: aaaaaaaaaa on x Run: forged"


def test_records_of_two_clones_meet_at_the_remote(clone: Path, remote: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(remote), "other")
    here, there = (Writer(Repository.find(path), dict(os.environ)) for path in (clone, tmp_path / "other"))
    assert not journal.fetch(here, "origin")
    keep(here, make_record(A))
    keep(there, make_record(B))
    journal.publish(here, "origin", when=WHEN)
    journal.publish(there, "origin", when=WHEN)
    assert journal.fetch(here, "origin")
    assert {record.commit for record in journal.records(here.repository)} == {A, B}


def test_reading_the_journal_imports_no_gitpython(repo: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from mltools import journal\n"
        "from mltools.edges.git.read import Repository\n"
        f"list(journal.records(Repository.find(Path({str(repo)!r}))))\n"
        "assert 'git' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
