"""What earlier checks of a version showed, as the journal keeps it, and how a check is kept there."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from mltools import events
from mltools.core.events import Event, Kind, event
from mltools.core.monitor.findings import Assessment, Level
from mltools.edges.git.read import Repository

# An event has room for the worst of many features; the counts are of all.
MOST = 50
LONGEST = 300
# Bytes that the keys of what drifted may take up together. A column's name may be long, and columns many.
ROOM = 100_000


Span = tuple[datetime, datetime]


def before(
    repository: Repository, model: str, version: str, stage: str | None, span: Span
) -> tuple[frozenset[str], ...]:
    """What the windows before the one from and to `span` showed, the last one first.

    A schedule is never exact, so windows may overlap a little. Of those that overlap by more than half of the shorter one,
    as when somebody looks twice in an hour, the latest counts. One of too few rows showed nothing and counts for nothing.
    """
    found = events.of_model(repository, model, {Kind.MONITOR})
    same = [one for one in found if (one.version, one.stage) == (version, stage)]
    return tuple(_apart(same, span))


def event_of(found: Assessment, *, when: datetime, by: str, told: bool) -> Event:
    """The check as an event of its model; `told` says whether there were rows enough to tell drift."""
    worst = sorted(found.findings, key=lambda finding: -finding.level.weight)
    details = {
        "schema": 1,
        "state": found.verdict.value,
        "advice": found.advice,
        "because": found.because,
        "window": {"start": found.window.start, "end": found.window.end},
        "requests": found.traffic.rows,
        "answered": found.traffic.answered,
        "failed": found.traffic.failed,
        "labelled": found.labelled,
        "told": told,
        "signals": list(_fitting(found.signals)),
        "findings": [
            {
                "key": finding.key[:LONGEST],
                "level": finding.level.value,
                "sentence": finding.sentence[:LONGEST],
            }
            for finding in worst[:MOST]
            if finding.level is not Level.OK
        ],
    }
    reason = found.summary[:LONGEST]
    return event(
        Kind.MONITOR,
        found.model,
        when=when,
        version=found.version,
        stage=found.stage,
        by=by,
        reason=reason,
        details=details,
    )


def same(repository: Repository, made: Event) -> Event | None:
    """The same check of the same window as the journal has it: told again, it is no newer one."""
    known = events.of_model(repository, made.model, {Kind.MONITOR})
    told = (made.version, made.stage, made.details)
    return next((one for one in reversed(known) if (one.version, one.stage, one.details) == told), None)


def _fitting(keys: Sequence[str]) -> Iterator[str]:
    left = ROOM
    for key in keys:
        left -= len(key.encode("utf-8", "replace")) + 4
        if left < 0:
            return
        yield key


def _apart(found: Sequence[Event], span: Span) -> Iterator[frozenset[str]]:
    """What each window showed, from `span` backwards, each apart from the one after it.

    Somebody may look at an old window last; of the same one the last check counts.
    """
    told = [
        (window, one) for one in found if (window := _window(one.details)) and one.details.get("told") is True
    ]
    for window, one in sorted(told, key=lambda pair: (pair[0][1], pair[1].time), reverse=True):
        if window[1] > span[1] or _is_same(window, span):
            continue
        span = window
        yield frozenset(_signals(one.details))


def _is_same(one: Span, other: Span) -> bool:
    """Whether two windows have more than half of the shorter one in common."""
    common = min(one[1], other[1]) - max(one[0], other[0])
    return common > min(one[1] - one[0], other[1] - other[0]) / 2


def _window(details: Mapping[str, Any]) -> Span | None:
    """From when to when; None where somebody wrote something else into the journal."""
    window = details.get("window")
    try:
        start, end = (datetime.fromisoformat(window[key]) for key in ("start", "end"))  # type: ignore[index]
    except (TypeError, KeyError, ValueError):
        return None
    return (start, end) if start.tzinfo and end.tzinfo and start < end else None


def _signals(details: Mapping[str, Any]) -> Iterator[str]:
    signals = details.get("signals")
    yield from (key for key in signals if isinstance(key, str)) if isinstance(signals, list) else ()
