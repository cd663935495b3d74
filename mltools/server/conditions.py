"""Conditions between the columns of one row, followed as trees: SQL's logic, in which what is missing is unknown.

The trees come checked from the release: types fit, and nothing in them is deeper than Python can follow. Lengths of time are
microseconds, dates and times are in UTC.
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

MICRO = timedelta(microseconds=1)
DEEPEST = 100

Row = Mapping[str, Any]
Follow = Callable[[Row], Any]


def compiled(tree: Any, kinds: Mapping[str, str | None], depth: int = 0) -> Follow:
    """A function from a row to true, false or None for unknown. Raises ValueError for a tree that is none."""
    if not isinstance(tree, Mapping) or depth > DEEPEST:
        raise ValueError("a check is no tree of operations")
    op, text, kind = str(tree.get("op")), str(tree.get("text", "")), str(tree.get("kind"))
    if op == "column":
        return _column(text, kinds.get(text))
    if op == "constant":
        value = _constant(kind, text)
        return lambda _: value
    parts = [compiled(part, kinds, depth + 1) for part in tree.get("parts") or ()]
    if op in _FORMS:
        return _FORMS[op](parts)
    if op == "call":
        return _call(text, parts)
    if op == "like":
        return _known(lambda value: like(value, text), parts)
    if op == "as":
        return _known(_WIDER.get(kind, _same), parts)
    if op in _OPERATIONS:
        return _known(_OPERATIONS[op], parts)
    raise ValueError(f"a check has the unknown operation {op!r}")


def _call(name: str, parts: Sequence[Follow]) -> Follow:
    if name in _OF_SOME:
        return _of_some(_OF_SOME[name], parts)
    if name == "nullif":
        return lambda row: None if parts[0](row) == parts[1](row) else parts[0](row)
    return _known(_CALLS[name], parts)


def _known(operation: Callable[..., Any], parts: Sequence[Follow]) -> Follow:
    """An operation that is unknown where one of its parts is."""

    def follow(row: Row) -> Any:
        values = [part(row) for part in parts]
        return None if any(value is None for value in values) else operation(*values)

    return follow


def _logic(parts: Sequence[Follow], *, decides: bool) -> Follow:
    def follow(row: Row) -> Any:
        values = [part(row) for part in parts]
        if any(value is decides for value in values):
            return decides
        return None if None in values else not decides

    return follow


def _case(parts: Sequence[Follow]) -> Follow:
    *pairs, otherwise = parts

    def follow(row: Row) -> Any:
        for when, then in zip(pairs[::2], pairs[1::2], strict=True):
            if when(row) is True:
                return then(row)
        return otherwise(row)

    return follow


def _in(parts: Sequence[Follow]) -> Follow:
    def follow(row: Row) -> Any:
        value, *others = (part(row) for part in parts)
        if value is None:
            return None
        if any(other == value for other in others if other is not None):
            return True
        return None if None in others else False

    return follow


def _of_some(choose: Callable[[list[Any]], Any], parts: Sequence[Follow]) -> Follow:
    """Of the values that are there."""

    def follow(row: Row) -> Any:
        values = [value for part in parts if (value := part(row)) is not None]
        return choose(values) if values else None

    return follow


def _column(name: str, kind: str | None) -> Follow:
    if kind == "date":
        return lambda row: None if row[name] is None else date.fromisoformat(row[name])
    if kind == "datetime":
        return lambda row: None if row[name] is None else _moment(row[name])
    return lambda row: row[name]


def _constant(kind: str, text: str) -> Any:
    match kind:
        case "null":
            return None
        case "integer":
            return int(text)
        case "number":
            return float(text)
        case "boolean":
            return text.lower() == "true"
        case "date":
            return date.fromisoformat(text)
        case "datetime":
            return _moment(text)
        case "duration":
            return timedelta(seconds=int(text)) // MICRO
    return text


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _midnight(value: Any) -> Any:
    return value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001 - all are UTC


def _same(value: Any) -> Any:
    return value


def like(text: str, pattern: str) -> bool:
    """SQL's LIKE: % is any text, _ any character. In time of at most the product of both lengths."""
    at = place = mark = 0
    star = -1
    while at < len(text):
        if place < len(pattern) and pattern[place] == "%":
            star, mark, place = place, at, place + 1
        elif place < len(pattern) and pattern[place] in {"_", text[at]}:
            at, place = at + 1, place + 1
        elif star >= 0:
            mark, place = mark + 1, star + 1
            at = mark
        else:
            return False
    return all(char == "%" for char in pattern[place:])


def _quotient(one: Any, other: Any) -> Any:
    return None if other == 0 else one / other


def _rest(one: Any, other: Any) -> Any:
    """With the sign of what is divided, as in SQL."""
    if other == 0:
        return None
    if isinstance(one, int) and isinstance(other, int):
        return int(math.copysign(abs(one) % abs(other), one))
    return math.fmod(one, other)


def _rounded(value: Any, digits: int = 0) -> Any:
    """Halves away from zero."""
    if isinstance(value, int) and digits >= 0:
        return value
    scale = 10.0**digits
    return math.copysign(math.floor(abs(value) * scale + 0.5) / scale, value)


_OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "||": operator.add,
    "/": _quotient,
    "%": _rest,
    "not": operator.not_,
    "negative": operator.neg,
    "later": lambda moment, length: moment + length * MICRO,
    "earlier": lambda moment, length: moment - length * MICRO,
    "days between": lambda one, other: (one - other).days,
    "time between": lambda one, other: (one - other) // MICRO,
}
_FORMS: Mapping[str, Callable[[Sequence[Follow]], Follow]] = {
    "and": lambda parts: _logic(parts, decides=False),
    "or": lambda parts: _logic(parts, decides=True),
    "case": _case,
    "in": _in,
    "is": lambda parts: lambda row: parts[0](row) == parts[1](row),
    "is null": lambda parts: lambda row: parts[0](row) is None,
}
_WIDER: Mapping[str, Callable[[Any], Any]] = {"number": float, "datetime": _midnight}
_OF_SOME: Mapping[str, Callable[[list[Any]], Any]] = {
    "coalesce": operator.itemgetter(0),
    "greatest": max,
    "least": min,
}
_CALLS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "ceil": lambda value: value if isinstance(value, int) else float(math.ceil(value)),
    "floor": lambda value: value if isinstance(value, int) else float(math.floor(value)),
    "round": _rounded,
    "day": lambda value: value.day,
    "month": lambda value: value.month,
    "year": lambda value: value.year,
    "hour": lambda value: value.hour,
    "length": len,
    "lower": str.lower,
    "upper": str.upper,
    "trim": lambda value: value.strip(" "),
}
