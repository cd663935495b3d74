"""Patterns between RE2, where the whole value must match, and the other tools' ways of matching."""

import re
import warnings

from mltools.core.patterns import unsupported

_FLAGS = re.compile(r"\(\?([ims]+)\)")
# What RE2 knows and other engines lack or, worse, read as something else.
_RE2_ALONE = re.compile(r"\\[pPQECz]|\\A|\[\[:|\(\?[ims]*U|\(\?[ims]*-|\(\?<[^=!]")
# What Python knows and RE2 lacks, look-around and the like aside, which `patterns` tells.
_PYTHON_ALONE = re.compile(r"\\[uUNZ]|\(\?[imsux]*[auxL][aiLmsux]*[:)-]|\(\?#|\(\?\(")
_WHOLE = re.compile(r"\(\?a([ims]*):(.*)\)\\Z", re.DOTALL)
ANYTHING = "(?s:.*)"


def for_python(pattern: str) -> str | None:
    """The pattern for `re.match`, meaning what RE2 means: ASCII classes, the whole value. None where Python cannot."""
    flags, body = _split(pattern)
    return _compiled(f"(?a{flags}:{body})\\Z", pattern)


def from_python(pattern: str) -> str | None:
    """What `re.match` (at the start, to any end) takes, as a pattern of a whole value. None where RE2 cannot."""
    whole = _WHOLE.fullmatch(pattern)
    if whole:
        flags, body = whole.groups()
        return f"(?{flags}){body}" if flags else body
    flags, body = _split(pattern)
    lead = f"(?{flags})" if flags else ""
    anchored = re.fullmatch(r"\^?([^|]*?)(?<!\\)(?:\$|\\Z)", body, re.DOTALL)
    found = lead + anchored[1] if anchored else f"{lead}(?:{body}){ANYTHING}"
    return None if _PYTHON_ALONE.search(found.replace("\\\\", "__")) or unsupported(found) else found


def found_in(pattern: str) -> str | None:
    """What `re.search` takes, as a pattern of a whole value. None where RE2 cannot."""
    flags, body = _split(pattern)
    inside = f"{ANYTHING}(?:{body})"
    return from_python(f"(?{flags}){inside}" if flags else inside)


def literally(text: str) -> str:
    """A pattern for exactly this text."""
    return re.sub(r"[^\w\s]", r"\\\g<0>", text, flags=re.ASCII)


def for_search(pattern: str) -> str | None:
    """The pattern as JSON Schema searches for it, in the part that ECMAScript and Python share; None where there is none."""
    shared = portable(pattern)
    return None if shared is None else f"^(?:{pattern})$"


def portable(pattern: str) -> str | None:
    """The pattern itself, if every engine reads it alike; None otherwise."""
    return pattern if "(?" not in pattern.replace("(?:", "") and _compiled(pattern, pattern) else None


def _split(pattern: str) -> tuple[str, str]:
    """Flags at the start, sorted, and the rest."""
    found = _FLAGS.match(pattern)
    return ("".join(sorted(found[1])), pattern[found.end() :]) if found else ("", pattern)


def _compiled(text: str, pattern: str) -> str | None:
    if _RE2_ALONE.search(pattern.replace("\\\\", "__")):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(text)
    except (re.error, FutureWarning, DeprecationWarning, RecursionError, OverflowError):
        return None
    return text
