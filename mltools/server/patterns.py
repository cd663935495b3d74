"""Regular expressions of contracts, which are RE2's, in Python's engine: where they cannot take for ever.

RE2 needs time linear in the text. Python's engine goes back and forth, so a pattern such as `(a+)+b` and a text that
somebody sends could stop the service. What may do that is not checked, and the service says so.
"""

import re
from collections.abc import Iterator
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

# Longer texts are refused where there is a pattern: what is only polynomial must stay short.
LONGEST = 1_000
_ONLY_RE2 = re.compile(r"\\[pPQCzA]|\[\[:|\(\?[-a-zA-Z]*U")


def compiled(pattern: str) -> tuple[re.Pattern[str] | None, str]:
    """The pattern, or why it is not checked."""
    if _ONLY_RE2.search(pattern):
        return None, f"the pattern {pattern!r} is not checked here: Python does not know all of it"
    try:
        tree = parser.parse(pattern)
        if _explodes(tree):
            return None, f"the pattern {pattern!r} is not checked here: it could take for ever"
        return re.compile(pattern), ""
    except (re.error, RecursionError, OverflowError) as error:
        return None, f"the pattern {pattern!r} is not checked here: {error}"


def _explodes(tree: Any) -> bool:
    """Whether a repetition without end holds another one, or a choice."""
    return any(
        _endless(op, argument)
        and any(_endless(*inner) or inner[0] is codes.BRANCH for inner in _all(argument))
        for op, argument in _all(tree)
    )


def _endless(op: Any, argument: Any) -> bool:
    repeats = (codes.MAX_REPEAT, codes.MIN_REPEAT)
    return op in repeats and (argument[1] is codes.MAXREPEAT or argument[1] > LONGEST // 10)


def _all(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every operation in a parsed pattern."""
    if isinstance(tree, parser.SubPattern):
        for op, argument in tree:
            yield op, argument
            yield from _all(argument)
    elif isinstance(tree, tuple | list):
        for item in tree:
            yield from _all(item)
