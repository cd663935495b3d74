"""Values as YAML on one line, quoted wherever a reader of YAML 1.1 or 1.2 would take them for something else."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

# Begins with a letter, holds no mark that means something inside `{}` or `[]`.
_PLAIN = re.compile(r"[^\W\d][\w./+-]*(?: [\w./+()%-]+)*")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf"})


def flow(value: Any) -> str:
    """A plain value (mapping, list, text, number, truth value) as YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value)


def scalar(value: str | float | bool | None) -> str:  # noqa: FBT001 - a value, no switch
    """A single value."""
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.isprintable() and value.lower() not in _WORDS
        return value if plain else quoted(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - exact
        return f"{value:.1f}"
    return json.dumps(value)


def quoted(text: str) -> str:
    """A text in double quotes; what does not print is escaped."""
    return '"' + "".join(_escape(mark) for mark in text) + '"'


def comment(text: str) -> str:
    """A text that is safe behind `#`."""
    return "".join(mark if mark.isprintable() else _escape(mark) for mark in text)


def _escape(mark: str) -> str:
    if mark in {'"', "\\"}:
        return f"\\{mark}"
    if mark.isprintable():
        return mark
    code = ord(mark)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - as YAML has them
