"""The one issue per model and stage that an alarm keeps up to date: how it is known, and what is to be done."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from mltools.ci.fitting import fit, same_text
from mltools.ci.provider import Issue
from mltools.ci.sticky import BOT, LIMIT
from mltools.core.markdown import escape

LABEL = "mltools"
TITLE_LIMIT = 200
LONGEST = 500
_STATE = re.compile(r"<!-- mltools:monitor:v1:[^ ]+ ([a-z]{1,20}) -->")


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is to be said: `key` names the model and stage, `state` the verdict in one word.

    `raised`: the issue is to be opened where there is none; `over`: it is to be closed.
    """

    key: str
    state: str
    title: str
    report: str
    raised: bool
    over: bool


@dataclass(frozen=True, slots=True)
class Open:
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Change:
    issue: int
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Say:
    issue: int
    body: str


@dataclass(frozen=True, slots=True)
class Close:
    """`done` is false for an issue that another one stands for."""

    issue: int
    done: bool = True


Act = Open | Change | Say | Close


def marker(key: str) -> str:
    """The beginning of the hidden first line of a model's issue."""
    return f"<!-- mltools:monitor:v1:{quote(key, safe='/._@#=-').replace('--', '%2D%2D')} "


def body_of(alarm: Alarm) -> str:
    """An issue's text: the marker with the verdict, and the report, cut to what an issue takes."""
    first = f"{marker(alarm.key)}{alarm.state} -->"
    note = "<sub>Kept up to date by `mltools monitor check --alert`, which closes it when the model is healthy again.</sub>"
    room = LIMIT - len(first) - len(note) - 8
    return f"{first}\n{fit(alarm.report.strip(), room)}\n\n{note}\n"


def own(issues: Sequence[Issue], key: str, viewer: Callable[[], str | None]) -> tuple[Issue, ...]:
    """Our open issues of a model, the oldest first: they start with the marker and were written by us.

    `viewer` tells the token's login; it is asked only when someone else than the workflows' bot wrote a marker.
    """
    first = marker(key)
    marked = [issue for issue in issues if issue.open and issue.body.startswith(first)]
    ours = {BOT}
    if any(issue.author not in ours for issue in marked):
        ours.add(viewer() or BOT)
    return tuple(sorted((issue for issue in marked if issue.author in ours), key=lambda issue: issue.number))


def plan(ours: Sequence[Issue], alarm: Alarm) -> tuple[Act, ...]:
    """What brings the forge up to date: the oldest issue is kept, nothing is sent in vain.

    A new text sends nobody a message, so a verdict that changed is said in a comment as well.
    """
    body, title = body_of(alarm), alarm.title[:TITLE_LIMIT]
    if not ours:
        return (Open(title, body),) if alarm.raised else ()
    kept, *more = ours
    acts: list[Act] = []
    if kept.title != title or not same_text(kept.body, body):
        acts.append(Change(kept.number, title, body))
    if alarm.over:
        acts += [
            Say(kept.number, f"{escape(alarm.title, limit=LONGEST)}. Closed by the check that found it so."),
            Close(kept.number),
        ]
    elif state_of(kept.body) != alarm.state:
        acts.append(Say(kept.number, f"Now **{alarm.state}**: {escape(alarm.title, limit=LONGEST)}"))
    return (*acts, *(Close(issue.number, done=False) for issue in more))


def state_of(body: str) -> str | None:
    """The verdict that an issue's text was last written with."""
    found = _STATE.match(body)
    return found[1] if found else None
