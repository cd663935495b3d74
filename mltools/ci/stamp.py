"""The first line of a generated file: who wrote it, and a digest by which a later edit by hand is seen.

Moved pins of actions and the system's line ends are no edits.
"""

import hashlib
import re
from enum import StrEnum

from mltools.ci.actions import mismatched, without_pins
from mltools.core.config import FILE

LINE = re.compile(r"^# Written by mltools \S+ from .*\(digest (?P<digest>[0-9a-f]{16})\)\.")


class State(StrEnum):
    """How a file on disk stands to the one that would be written now."""

    CURRENT = "current"
    MISSING = "missing"
    STALE = "stale"
    EDITED = "edited"
    FOREIGN = "foreign"
    OBSOLETE = "obsolete"


def stamped(body: str, version: str) -> str:
    """The text with its first line."""
    return (
        f"# Written by mltools {version} from {FILE} (digest {digest(body)}). "
        f"To change it, change {FILE} and run `mltools workflow generate`.\n{body}"
    )


def digest(body: str) -> str:
    return hashlib.sha256(without_pins(_lines(body)).encode()).hexdigest()[:16]


def state(present: str | None, wanted: str | None) -> State | None:
    """What `present` is when `wanted` is what should stand there; None where neither is."""
    if present is None:
        return None if wanted is None else State.MISSING
    first, _, body = _lines(present).partition("\n")
    mark = LINE.match(first)
    if mark is None:
        return State.FOREIGN if wanted is not None else None
    if digest(body) != mark["digest"] or mismatched(body):
        return State.EDITED
    if wanted is None:
        return State.OBSOLETE
    return State.CURRENT if mark["digest"] == digest(_lines(wanted).partition("\n")[2]) else State.STALE


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").removeprefix("\ufeff")
