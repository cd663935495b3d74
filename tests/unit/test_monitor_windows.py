"""How a check is kept in the journal, and which earlier ones count."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mltools.core.events import Event, parse_event
from mltools.core.monitor.findings import Assessment, Finding, Level, Traffic, Verdict, Window
from mltools.monitoring.windows import _apart, event_of

WHEN = datetime(2026, 2, 5, tzinfo=UTC)
DAY = timedelta(days=1)
FOUND = Assessment(
    "toy", "v1.0.0", "prod", Window("2026-02-04T00:00:00Z", "2026-02-05T00:00:00Z"), Verdict.DRIFTED, "x drifted",
    "retrain", "it is worse", Traffic(rows=500, answered=499, failed=1), 20,
    (Finding("feature:x", Level.DRIFTED, "x: PSI 1", signal=True), Finding("errors", Level.OK, "none failed")),
)  # fmt: skip


def kept(found: Assessment = FOUND, **details: Any) -> Event:
    made = event_of(found, when=WHEN, by="A Tester <tester@example.com>", told=True)
    return replace(made, details={**made.details, **details})


def seen(start: datetime, length: timedelta = DAY, signals: Any = ("feature:x",), **more: Any) -> Event:
    window = {"start": start.isoformat(), "end": (start + length).isoformat()}
    return kept(window=window, signals=list(signals), **more)


def apart(events: list[Event], start: datetime = WHEN, length: timedelta = DAY) -> list[frozenset[str]]:
    return list(_apart(events, (start, start + length)))


def test_a_check_is_an_event_that_is_read_back() -> None:
    event = kept()
    assert parse_event(event.text, "event") == event
    assert (event.state, event.reason, event.stage) == ("drifted", "x drifted", "prod")
    assert event.details["signals"] == ["feature:x"]
    assert [finding["key"] for finding in event.details["findings"]] == ["feature:x"]


def test_many_columns_with_long_names_fit_an_event() -> None:
    names = [f"feature:{'ä' * 990}{number}" for number in range(5_000)]
    findings = tuple(Finding(name, Level.DRIFTED, name * 2, signal=True) for name in names)
    event = kept(replace(FOUND, findings=findings, summary="ä" * 5_000))
    assert parse_event(event.text, "event") == event
    assert 0 < len(event.details["signals"]) < 5_000


def test_windows_are_told_from_the_last_one_backwards() -> None:
    events = [
        seen(WHEN - 3 * DAY, signals=["a"]),
        seen(WHEN - 2 * DAY, signals=[]),
        seen(WHEN - DAY, signals=["b"]),
    ]
    assert apart(events) == [{"b"}, set(), {"a"}]


def test_a_schedule_that_is_late_loses_no_window() -> None:
    late = timedelta(minutes=20)
    assert len(apart([seen(WHEN - 2 * DAY + late), seen(WHEN - DAY - late), seen(WHEN - DAY + late)])) == 2
    assert len(apart([seen(WHEN - DAY + late)])) == 1


def test_of_windows_that_overlap_by_more_than_half_the_latest_counts() -> None:
    events = [seen(WHEN - DAY - timedelta(hours=hours), signals=[str(hours)]) for hours in (5, 3, 1)]
    assert apart(events) == [{"1"}]
    assert apart([seen(WHEN - timedelta(hours=1))]) == []


def test_a_long_window_that_holds_most_of_a_short_one_is_no_other() -> None:
    """Somebody looked at the last week an hour ago: that saw nearly all of the day that is looked at now."""
    week = seen(WHEN - 6 * DAY - timedelta(hours=1), 7 * DAY)
    assert apart([week]) == []
    within = seen(WHEN - timedelta(hours=3), timedelta(hours=1))
    assert apart([within], WHEN - DAY) == []


def test_a_look_back_hides_nothing_that_came_since() -> None:
    """Checks lie in the order in which they were made, and somebody may look at an old day last."""
    events = [seen(WHEN - DAY, signals=["new"]), seen(WHEN - 4 * DAY, signals=["old"])]
    assert apart(events) == [{"new"}, {"old"}]
    later = replace(seen(WHEN - DAY, signals=["again"]), time="2026-02-06T00:00:00.000Z")
    assert apart([*events, later]) == apart([later, *events]) == [{"again"}, {"old"}]


@pytest.mark.parametrize(
    "details",
    [
        {"told": False},
        {"told": "yes"},
        {"window": None},
        {"window": {"start": "2026-02-01"}},
        {"window": {"start": "2026-02-01T00:00:00", "end": "2026-02-02T00:00:00"}},
        {"window": {"start": 5, "end": []}},
        {"window": {"start": "2026-02-02T00:00:00Z", "end": "2026-02-01T00:00:00Z"}},
    ],
)
def test_what_somebody_else_wrote_there_counts_for_nothing(details: dict[str, Any]) -> None:
    assert apart([kept(**details)]) == []


@pytest.mark.parametrize("signals", [None, "feature:x", {"feature:x": 1}, [5, None, "feature:x"]])
def test_signals_that_are_none_are_passed_over(signals: Any) -> None:
    (found,) = apart(
        [kept(window={"start": "2026-02-01T00:00Z", "end": "2026-02-02T00:00Z"}, signals=signals)]
    )
    assert found <= {"feature:x"}
