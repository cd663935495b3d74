"""Regular expressions: what those of Python and Perl have, and RE2, the engine's, has not."""

import re

_CLASS = re.compile(r"\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]")
_UNSUPPORTED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\(\?<?[=!]"), "look-around {found} is not supported by the engine (RE2)"),
    (re.compile(r"\\[1-9]|\(\?P=\w+\)"), "the back-reference {found} is not supported by the engine (RE2)"),
    (re.compile(r"\(\?>"), "the atomic group {found} is not supported by the engine (RE2)"),
    (re.compile(r"[*+?}]\+"), "the possessive {found} is not supported by the engine (RE2)"),
)


def unsupported(pattern: str) -> str | None:
    """Why a pattern of Python or Perl is none of RE2, None when nothing tells. The engine judges the rest."""
    bare = re.sub(r"\\[pP]\{\^?\w+\}|\\[^1-9]", "_", _CLASS.sub("_", pattern.replace("\\\\", "__")))
    for fault, reason in _UNSUPPORTED:
        found = fault.search(bare)
        if found:
            return reason.format(found=found.group())
    return None
