"""A change to the registry as the tag that makes it: its name in GTO's grammar, its commit, its message.

The message says in words who did what and why; below stand lines of `Key: value`, which a program reads back. All that a
tag's name cannot say (that a policy was waived, from which version a stage was rolled back) stands there, so that an event
in the journal can be made from the tag again after a kill.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mltools.core import events
from mltools.core.events import Kind
from mltools.core.registry import Event, Model, Version
from mltools.core.tags import Action, TagName, format_tag

LONGEST_REASON = 1_000

_KEYS = ("Mltools-Action", "Mltools-Actor", "Mltools-From", "Mltools-Unmet")
_TRAILER = re.compile(r"(?P<key>Mltools-[A-Za-z]+): (?P<value>.*)")


@dataclass(frozen=True, slots=True)
class Change:
    """What a tag is to say, of which commit, and why.

    `actor` is who asked for it where that is not who tags, as in CI. `unmet` are the needs of a policy that was waived,
    `instead_of` the version that a rollback takes out.
    """

    said: TagName
    commit: str
    title: str
    reason: str = ""
    actor: str = ""
    action: str = ""
    instead_of: str = ""
    unmet: Sequence[str] = field(default_factory=tuple)

    @property
    def tag(self) -> str:
        return format_tag(self.said)

    @property
    def message(self) -> str:
        """The tag's message. The reason stands before the lines that programs read, so it cannot be taken for one."""
        trailers = [
            ("Mltools-Action", self.action),
            ("Mltools-Actor", self.actor),
            ("Mltools-From", self.instead_of),
            *(("Mltools-Unmet", need) for need in self.unmet),
        ]
        lines = [f"{key}: {_line(value)}" for key, value in trailers if value]
        parts = [self.title, *([self.reason.strip()] if self.reason.strip() else []), "\n".join(lines)]
        return "\n\n".join(parts) + "\n"


def assignment(
    model: Model, version: Version, stage: str, counter: int, *, reason: str = "", actor: str = "", unmet: Sequence[str] = ()
) -> Change:  # fmt: skip
    """A version put into a stage."""
    return Change(
        TagName(Action.ASSIGN, model.name, stage=stage, counter=counter),
        version.commit,
        f"Promote {model.name} {version.version} to {stage}",
        reason,
        actor,
        "promote",
        unmet=unmet,
    )


def return_to(
    model: Model, version: Version, stage: str, counter: int, *, instead_of: Version, reason: str, actor: str
) -> Change:
    """An earlier version put back into a stage."""
    return Change(
        TagName(Action.ASSIGN, model.name, stage=stage, counter=counter),
        version.commit,
        f"Roll {stage} of {model.name} back to {version.version} from {instead_of.version}",
        reason,
        actor,
        "rollback",
        instead_of=instead_of.version,
    )


def removal(model: Model, version: Version, stage: str, counter: int, *, reason: str, actor: str) -> Change:
    """A version taken out of a stage."""
    return Change(
        TagName(Action.UNASSIGN, model.name, stage=stage, counter=counter),
        version.commit,
        f"Take {model.name} {version.version} out of {stage}",
        reason,
        actor,
        "unassign",
    )


def withdrawal(model: Model, version: Version, counter: int, *, reason: str, actor: str) -> Change:
    """A version taken back; its number is not given away again."""
    return Change(
        TagName(Action.DEREGISTER, model.name, version=version.version, counter=counter),
        version.commit,
        f"Deprecate {model.name} {version.version}",
        reason,
        actor,
        "deprecate",
    )


def retirement(model: Model, counter: int, *, reason: str, actor: str) -> Change:
    """A model retired, at the commit that something happened to last."""
    return Change(
        TagName(Action.DEPRECATE, model.name, counter=counter),
        model.events[-1].commit,
        f"Deprecate {model.name}",
        reason,
        actor,
        "deprecate",
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What the message of a tag tells beside its name."""

    reason: str = ""
    action: str = ""
    actor: str = ""
    instead_of: str = ""
    unmet: tuple[str, ...] = ()


def told(message: str) -> Told:
    """What a tag's message tells. Of one that GTO or a person wrote, the text is the reason."""
    paragraphs = message.strip("\n").split("\n\n")
    trailers = _trailers(paragraphs[-1]) if len(paragraphs) > 1 else None
    if trailers is None:
        return Told(reason=message.strip())

    def one(key: str) -> str:
        return next((value for name, value in trailers if name == key), "")

    return Told(
        reason="\n\n".join(paragraphs[1:-1]).strip(),
        action=one("Mltools-Action"),
        actor=one("Mltools-Actor"),
        instead_of=one("Mltools-From"),
        unmet=tuple(value for name, value in trailers if name == "Mltools-Unmet"),
    )


def event_of(event: Event, version: str | None) -> events.Event | None:
    """What the journal is to keep about a tag: a rollback, or a promotion in spite of unmet needs; None of others.

    Made of the tag alone, so it is the same whenever and wherever it is made.
    """
    what = told(event.message)
    details: dict[str, Any] = {"tag": event.tag}
    if what.action == "rollback":
        kind, details = Kind.ROLLBACK, {**details, "from": what.instead_of}
    elif what.unmet:
        kind, details = Kind.PROMOTION, {**details, "unmet": list(what.unmet), "waived": True}
    else:
        return None
    return events.event(
        kind,
        event.said.model,
        when=datetime.fromtimestamp(event.when, UTC),
        version=version,
        stage=event.said.stage,
        by=(what.actor or event.author)[: events.LONGEST_TEXT],
        reason=what.reason[: events.LONGEST_TEXT],
        details=details,
    )


def _trailers(paragraph: str) -> list[tuple[str, str]] | None:
    matches = [_TRAILER.fullmatch(line) for line in paragraph.split("\n")]
    found = [
        (match["key"], match["value"]) for match in matches if match is not None and match["key"] in _KEYS
    ]
    return found if found and len(found) == len(matches) else None


def _line(value: str) -> str:
    return " ".join(value.split())
