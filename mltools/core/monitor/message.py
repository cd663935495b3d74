"""A check as a message to people: the lines of a chat, as Slack takes them and most others do."""

from collections.abc import Mapping
from typing import Any

from mltools.core.markdown import clean
from mltools.core.monitor.findings import Assessment, Level, worst
from mltools.core.monitor.view import ADVICE, subject

LINES = 6
LONGEST = 250
# What begins a mention, a link or a command there.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def message(found: Assessment, url: str | None = None) -> Mapping[str, Any]:
    """The verdict, the gravest findings and the advice; `url` is the issue or the job that tells more."""
    head = f"{subject(found)} is {found.verdict.value}: {found.summary}"
    lines = [
        f"• {_plain(finding.sentence)}"
        for finding in worst(found.findings)
        if finding.level.weight >= Level.WATCH.weight
    ]
    if len(lines) > LINES:
        lines = [*lines[:LINES], f"and {len(lines) - LINES:,} more"]
    advice = f"{ADVICE[found.advice]}: {found.because}"
    body = "\n".join([f"*{_plain(head)}*", *lines, f"_{_plain(advice)}_", *([url] if url else [])])
    return {
        "text": _plain(head),
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": body}}],
    }


def _plain(text: str) -> str:
    return clean(text, limit=LONGEST).translate(_ESCAPES)
