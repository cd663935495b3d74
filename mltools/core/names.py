"""Names and values out of data, which anybody may have written, as one safe line of a message."""

import re
import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches

PLAIN = re.compile(r"[\w.]+", re.ASCII)
SEPARATORS = re.compile(r"[\s_.-]+")
# GitHub's runner obeys `##[command]` wherever in a line of a log it stands.
COMMAND = "##["


def shown(text: str, limit: int = 80) -> str:
    """The text on one line and cut: what does not print (newlines, controls, bidirectional marks) is escaped.

    So is what the log of a CI job would take for a command.
    """
    cut = text if len(text) <= limit else text[: limit - 3] + "..."
    line = (
        cut if cut.isprintable() else "".join(mark if mark.isprintable() else _escape(mark) for mark in cut)
    )
    return line.replace(COMMAND, r"#\x23[")


def title(name: str) -> str:
    """How a message calls a column: bare when it is a plain word, else in quotes."""
    return name if PLAIN.fullmatch(name) and len(name) <= 100 else f"'{shown(name, 100)}'"  # noqa: PLR2004 - fits a line


def class_name(value: object) -> str:
    """A class of a target as text: 3 and 3.0 are one class."""
    if isinstance(value, str):
        return str(value)
    number = float(value)  # type: ignore[arg-type]
    return str(int(number)) if number.is_integer() else repr(number)


def nearest(name: str, among: Sequence[str]) -> str | None:
    """The name that was probably meant: the same but for case, spaces and look-alike forms, else one close to it."""
    same = next((other for other in among if _bare(other) == _bare(name)), None)
    if same is not None:
        return same
    close = get_close_matches(name, among, n=1, cutoff=0.75)
    return close[0] if close else None


def _bare(name: str) -> str:
    return SEPARATORS.sub("_", unicodedata.normalize("NFKC", name).casefold().strip())


def _escape(mark: str) -> str:
    return mark.encode("unicode_escape").decode("ascii")
