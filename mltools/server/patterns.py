"""Regular expressions of contracts, which are RE2's, in Python's engine: where they cannot take for ever.

RE2 needs time linear in the text. Python's engine goes back and forth, so a pattern such as `(a+)+b` and a text that
somebody sends could stop the service. What may do that is not checked, and the service says so.
"""

import re
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

# The longest text that a pattern is tried on: what goes through a text in many ways must be given a short one.
LENGTHS = (1_000, 200)
MOST_WAYS = 1e7
_ONLY_RE2 = re.compile(r"\\[pPQCzA]|\[\[:|\(\?[-a-zA-Z]*U")


def compiled(pattern: str) -> tuple[re.Pattern[str] | None, int, str]:
    """The pattern and the length of the longest text for it; or None, and why it is not checked."""
    unchecked = f"the pattern {pattern!r} is not checked here"
    if _ONLY_RE2.search(pattern):
        return None, 0, f"{unchecked}: Python does not know all of it"
    try:
        tree = parser.parse(pattern)
        longest = next((length for length in LENGTHS if _ways(tree, length) <= MOST_WAYS), 0)
        # Without ASCII the classes \d, \w and \s, and \b, would be wider than RE2's.
        found = re.compile(pattern, re.ASCII)
    except (re.error, RecursionError, OverflowError) as error:
        return None, 0, f"{unchecked}: {error}"
    return (found, longest, "") if longest else (None, 0, f"{unchecked}: it could take for ever")


def _ways(tree: Any, length: int) -> float:
    """At most how many ways the engine may try to go through a text of a length; infinite is far too many."""
    found = 1.0
    for op, argument in tree:
        if op in {codes.MAX_REPEAT, codes.MIN_REPEAT}:
            low, high, inner = argument
            most = min(high, length)
            found *= _power(_ways(inner, length), most) * max(1, most - low + 1)
        elif op is codes.BRANCH:
            found *= sum(_ways(part, length) for part in argument[1])
        elif op is codes.SUBPATTERN:
            found *= _ways(argument[-1], length)
    return found


def _power(ways: float, times: int) -> float:
    try:
        return ways**times
    except OverflowError:
        return float("inf")
