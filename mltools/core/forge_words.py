"""Words of a forge that sections of mltools.yaml share: when a workflow starts, and which runner takes it."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# Of each field its name, the least and the largest number, and words for them, beginning with the least.
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 6, _DAYS),
)
_ITEM = re.compile(r"(?:\*|([0-9A-Za-z]+)(?:-([0-9A-Za-z]+))?)(?:/([0-9]+))?", re.ASCII)


def _cron(value: object) -> object:
    """A forge does not say that a time never comes: it starts nothing."""
    if not isinstance(value, str):
        return value
    fields = value.split(" ")
    if len(fields) != len(_FIELDS):
        raise ValueError("is no cron expression of five fields such as '17 4 * * *'")
    for text, (name, least, most, words) in zip(fields, _FIELDS, strict=True):
        if not all(_fits(item, least, most, words) for item in text.split(",")):
            raise ValueError(
                f"is no cron expression such as '17 4 * * *': {text!r} is no {name} ({least} to {most})"
            )
    return value


def _fits(item: str, least: int, most: int, words: tuple[str, ...]) -> bool:
    match = _ITEM.fullmatch(item)
    if match is None:
        return False
    numbers = [_number(text, least, words) for text in match.group(1, 2) if text is not None]
    step = match[3]
    return (
        all(least <= number <= most for number in numbers)
        and numbers == sorted(numbers)
        and (step is None or int(step) > 0)
    )


def _number(text: str, least: int, words: tuple[str, ...]) -> int:
    """The number of a field's text; one below all that fit where it is none."""
    if text.isdecimal():
        return int(text)
    return words.index(text.upper()) + least if text.upper() in words else -1


# The five fields of a cron expression; forges read them in UTC.
Cron = Annotated[str, Field(pattern=r"^[0-9*/,-]+( [0-9A-Za-z*/,-]+){4}$"), BeforeValidator(_cron)]
Runner = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
