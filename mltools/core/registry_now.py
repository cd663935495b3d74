"""Where a version is and how it is there: its stages with who put it there, where it serves, what monitoring says."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from mltools.core.events import Event, Kind
from mltools.core.markdown import clean
from mltools.core.registry import Model, Version
from mltools.core.registry_change import told
from mltools.core.registry_report import columns
from mltools.core.registry_time import periods

GONE = "removed"


def now_tree(model: Model, version: Version, events: Iterable[Event]) -> dict[str, Any]:
    """The part of `mltools model show --json` about where a version is."""
    mine = [event for event in events if event.version == version.version]
    return {
        "placements": [placement(model, version, stage) for stage in model.stages_of(version)],
        "deployments": [_told(event) for event in _newest(mine, Kind.DEPLOYMENT) if event.state != GONE],
        "monitoring": [_told(event) for event in _newest(mine, Kind.MONITOR)],
        "canary": [_told(event) for event in _newest(mine, Kind.CANARY)],
        "approvals": [_told(event) for event in mine if event.kind == Kind.APPROVAL],
    }


def now_lines(tree: dict[str, Any]) -> list[str]:
    """The same as lines for a terminal; what there is none of is left out."""
    stages = [
        (one["stage"], f"since {one['since']}", f"by {_name(one['by'])}", _placed_why(one))
        for one in tree["placements"]
    ]
    serves = [
        (clean(one["target"] or one["stage"] or "-"), clean(one["state"] or "-"), one["time"], _why(one))
        for one in tree["deployments"]
    ]
    behaves, canary = (
        [(one["stage"] or "-", clean(one["state"] or "-"), one["time"], _why(one)) for one in tree[key]]
        for key in ("monitoring", "canary")
    )
    approvals = [
        (one["stage"] or "-", f"by {_name(one['by'])}", one["time"], _why(one)) for one in tree["approvals"]
    ]
    parts = (
        ("in", stages),
        ("serves", serves),
        ("behaves", behaves),
        ("canary", canary),
        # Who signed is looked at when somebody promotes: here stands what the event says of itself.
        ("approvals (as claimed)", approvals),
    )
    return [line for title, rows in parts if rows for line in (f"{title}:", *_indented(rows))]


def placement(model: Model, version: Version, stage: str) -> dict[str, Any]:
    """Since when a stage holds a version, who put it there, why, and in spite of what."""
    placed = model.stages[stage][0].event
    since = next((one.since for one in reversed(periods(model, stage)) if one.until is None), placed.when)
    said = told(placed.message)
    return {
        "stage": stage,
        "version": version.version,
        "since": f"{datetime.fromtimestamp(since, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "by": said.actor or placed.author,
        "tag": placed.tag,
        "reason": said.reason,
        "unmet": list(said.unmet),
    }


def _newest(events: Sequence[Event], kind: Kind) -> list[Event]:
    """The newest event of a kind for each stage and target."""
    found: dict[tuple[str | None, str], Event] = {}
    for event in events:
        if event.kind == kind:
            found[event.stage, _target(event)] = event
    return list(found.values())


def _target(event: Event) -> str:
    target = event.details.get("target")
    return target if isinstance(target, str) else ""


def _told(event: Event) -> dict[str, Any]:
    return {
        "stage": event.stage,
        "target": _target(event) or None,
        "state": event.state,
        "time": event.time,
        "by": event.by,
        "reason": event.reason,
        "event": event.id,
    }


def _placed_why(one: dict[str, Any]) -> str:
    return f"{'forced: ' if one['unmet'] else ''}{_why(one)}"


def _why(one: dict[str, Any]) -> str:
    return clean(one["reason"], limit=60)


def _name(by: str) -> str:
    return clean(by.partition(" <")[0], limit=40) or "nobody named"


def _indented(rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"  {line}" for line in columns(rows)]
