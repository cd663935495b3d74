"""Events in the journal: written once, read back by model, joined between clones."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mltools import events, journal
from mltools.core.events import Event, event
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from tests.support import git

NOW = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)


def writer(path: Path) -> Writer:
    return Writer(Repository.find(path), dict(os.environ))


def monitor(minute: int, model: str = "m") -> Event:
    return event("monitor", model, when=NOW + timedelta(minutes=minute), version="v1.0.0", stage="prod")


def test_events_come_back_in_the_order_of_time_and_by_model(repo: Path) -> None:
    writing = writer(repo)
    for made in (monitor(2), monitor(0), monitor(1, "dir/x:m"), monitor(1)):
        events.record(writing, made)
    assert events.of_model(writing.repository, "m") == (monitor(0), monitor(1), monitor(2))
    assert events.of_model(writing.repository, "dir/x:m") == (monitor(1, "dir/x:m"),)
    assert [one.when for one in events.of_all(writing.repository)] == sorted(
        one.when for one in events.of_all(writing.repository)
    )
    assert len(events.of_all(writing.repository)) == 4
    assert events.of_model(writing.repository, "m", {"approval"}) == ()
    assert events.of_model(writing.repository, "nothing") == ()


def test_the_same_event_again_changes_nothing(repo: Path) -> None:
    writing = writer(repo)
    assert events.record(writing, monitor(0)) == events.record(writing, monitor(0))
    assert git(repo, "rev-list", "--count", journal.REF) == "1"


def test_a_repository_without_a_journal_has_no_events(repo: Path) -> None:
    assert events.of_all(Repository.find(repo)) == ()


def test_a_file_that_is_no_event_or_another_one_is_passed_over(
    repo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writing = writer(repo)
    events.record(writing, monitor(0))
    journal.append_file(writing, "events/m/202601/x.json", b"{}", "odd\n", when=NOW)
    moved = monitor(1)
    journal.append_file(writing, f"events/n/202602/{moved.id}.json", moved.text.encode(), "odd\n", when=NOW)
    assert events.of_all(writing.repository) == (monitor(0),)
    assert "not an event" in caplog.text
    assert "speaks of another event" in caplog.text


def test_events_of_two_clones_meet_at_the_remote(clone: Path, remote: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(remote), str(other))
    here, there = writer(clone), writer(other)
    for writing, made in ((here, monitor(0)), (there, monitor(1))):
        events.record(writing, made)
        events.share(writing, "origin", made)
    assert journal.fetch(here, "origin")
    assert events.of_model(here.repository, "m") == (monitor(0), monitor(1))
