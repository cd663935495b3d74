"""Moments and lengths of time as contracts write them: ISO 8601 in UTC, `36h`."""

import re
from datetime import UTC, date, datetime, timedelta

UNITS = {"m": "minute", "h": "hour", "d": "day", "w": "week"}
AGE = r"^[1-9][0-9]{0,5}[mhdw]$"


def moment(text: str) -> datetime:
    """A date or a time, in UTC; a date is its first moment. Raises ValueError when it is neither."""
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def is_day(text: str) -> bool:
    """Whether a text is a date as 2026-01-31."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_moment(text: str) -> bool:
    """Whether a text is a date or a time in ISO 8601."""
    try:
        return bool(moment(text))
    except (ValueError, OverflowError):
        return False


def age(text: str) -> timedelta:
    """A length of time such as `90m`, `36h`, `7d` or `2w`. Raises ValueError when it is none."""
    if not re.fullmatch(AGE, text):
        raise ValueError(f"{text!r} is no length of time such as 36h or 7d")
    return timedelta(**{UNITS[text[-1]] + "s": int(text[:-1])})


def spoken(length: timedelta) -> str:
    """A length of time in its largest fitting unit, cut: "36 hours", "9 days"."""
    minutes = int(abs(length).total_seconds() // 60)
    for size, word in ((2 * 1_440, "day"), (120, "hour"), (0, "minute")):
        if minutes >= size:
            count = minutes // {"day": 1_440, "hour": 60, "minute": 1}[word]
            return f"{count:,} {word}{'s' * (count != 1)}"
    raise AssertionError("a length is at least nothing")
