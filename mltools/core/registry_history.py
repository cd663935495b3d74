"""What happened to a model, one entry after another: out of its tags and out of the journal's events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mltools.core.events import Event as JournalEvent
from mltools.core.events import Kind
from mltools.core.markdown import clean
from mltools.core.registry import Event, Model
from mltools.core.registry_change import told
from mltools.core.registry_now import placement
from mltools.core.registry_report import columns, room_beside
from mltools.core.registry_time import before
from mltools.core.release_record import ReleaseRecord, release_record
from mltools.core.tags import Action

SCHEMA = 1
ROWS = 100
LEAST = 40
_WORDS = {
    Action.CREATE: "created",
    Action.REGISTER: "released",
    Action.DEREGISTER: "taken back",
    Action.ASSIGN: "promoted",
    Action.UNASSIGN: "unassigned",
    Action.DEPRECATE: "deprecated",
}
# What a tag says as well would stand there twice.
_OF_TAGS = frozenset({Kind.PROMOTION, Kind.ROLLBACK})


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: `source` is the tag, or the id of the journal's event."""

    when: datetime
    what: str
    version: str | None
    stage: str | None
    by: str
    why: str
    source: str
    unmet: tuple[str, ...] = ()

    @property
    def time(self) -> str:
        return f"{self.when:%Y-%m-%dT%H:%M:%SZ}"


def entries(model: Model, events: Iterable[JournalEvent] = ()) -> tuple[Entry, ...]:
    """Everything that happened to a model, the oldest first."""
    versions = {version.commit: version.version for version in model.versions}
    found = [_of_tag(event, versions) for event in model.events]
    found += [_of_event(event) for event in events if event.kind not in _OF_TAGS]
    # Of one second, tags keep the registry's own order.
    return tuple(sorted(found, key=lambda entry: entry.when))


def about(found: Sequence[Entry], *, version: str | None, stage: str | None) -> tuple[Entry, ...]:
    """Those entries that speak of a version, and of a stage; of all where neither is named."""
    return tuple(
        entry
        for entry in found
        if (version is None or entry.version == version) and (stage is None or entry.stage == stage)
    )


def history_tree(model: Model, found: Sequence[Entry]) -> dict[str, Any]:
    """The history as `mltools model history --json` prints it, the newest first."""
    return {"schema": SCHEMA, "model": model.name, "history": [_tree(entry) for entry in reversed(found)]}


def history_lines(found: Sequence[Entry]) -> list[str]:
    """A table with a line for each entry, the newest first."""
    if not found:
        return ["nothing happened that matches"]
    shown = list(reversed(found))[:ROWS]
    rows = [("time", "what", "version", "stage", "by")]
    rows += [
        (
            entry.time,
            entry.what,
            (entry.version or "-")[:20],
            entry.stage or "-",
            clean(entry.by.partition(" <")[0], limit=40) or "-",
        )
        for entry in shown
    ]
    room = max(room_beside(rows), LEAST)
    whys = ["why", *(clean(_why(entry), limit=room) or "-" for entry in shown)]
    table = [(*row, why) for row, why in zip(rows, whys, strict=True)]
    hidden = len(found) - ROWS
    return [*columns(table), *([f"... and {hidden:,} before that; --json gives all"] if hidden > 0 else [])]


def then_tree(model: Model, when: datetime) -> dict[str, Any]:
    """What stood at a time, as `mltools model history --at --json` prints it."""
    past = before(model, int(when.timestamp()))
    latest = past.latest if past is not None else None
    held = {} if past is None else {name: placed[0].version for name, placed in past.stages.items()}
    return {
        "schema": SCHEMA,
        "model": model.name,
        "at": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "known": past is not None,
        "active": past is not None and past.active,
        "latest": latest.version if latest is not None else None,
        "stages": {
            name: placement(past, version, name) for name, version in held.items() if past is not None
        },
    }


def then_lines(tree: dict[str, Any], stage: str | None) -> list[str]:
    """What stood at a time, in words; of one stage where it is named."""
    chosen = {name: held for name, held in tree["stages"].items() if stage in {None, name}}
    lines = [f"{tree['model']} at {tree['at']}"]
    if stage is None:
        retired = " (deprecated)" if tree["known"] and not tree["active"] else ""
        lines.append(f"  latest: {tree['latest'] or 'none'}{retired}")
    rows = [
        (f"{name}:", held["version"], f"since {held['since']}", f"by {clean(held['by']) or 'nobody named'}")
        for name, held in chosen.items()
    ]
    lines += [f"  {line}" for line in columns(rows)] if rows else [f"  {stage or 'stages'}: nothing"]
    return lines


def _of_tag(event: Event, versions: dict[str, str]) -> Entry:
    said, message = event.said, told(event.message)
    record = release_record(event.message) if said.action is Action.REGISTER else None
    what = "rolled back" if message.action == "rollback" else _WORDS[said.action]
    return Entry(
        datetime.fromtimestamp(event.when, UTC),
        f"{what} (forced)" if message.unmet else what,
        said.version or (versions.get(event.commit) if said.stage is not None else None),
        said.stage,
        message.actor or event.author,
        record.reason if isinstance(record, ReleaseRecord) else message.reason,
        event.tag,
        message.unmet,
    )


def _of_event(event: JournalEvent) -> Entry:
    state = event.state
    return Entry(
        event.when,
        f"{event.kind}: {state}" if state is not None else event.kind,
        event.version,
        event.stage,
        event.by,
        event.reason,
        event.id,
    )


def _why(entry: Entry) -> str:
    return "; ".join(part for part in (entry.why, *(f"unmet: {need}" for need in entry.unmet)) if part)


def _tree(entry: Entry) -> dict[str, Any]:
    return {
        "time": entry.time,
        "what": entry.what,
        "version": entry.version,
        "stage": entry.stage,
        "by": entry.by,
        "why": entry.why,
        "unmet": list(entry.unmet),
        "source": entry.source,
    }
