"""A condition over the columns of one row, as a typed tree: what may be combined with what, as in SQL.

Types are decided here, so that no engine has to guess: a text is never taken for a number. NULL is SQL's unknown, and a
division by zero is unknown too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isinf
from typing import Literal

from mltools.core.moments import is_day, is_moment, moment
from mltools.core.names import nearest, shown

Kind = Literal["integer", "number", "text", "boolean", "date", "datetime", "duration", "null"]

NUMBERS: frozenset[Kind] = frozenset({"integer", "number"})
MOMENTS: frozenset[Kind] = frozenset({"date", "datetime"})
TEXTS: frozenset[Kind] = frozenset({"text"})
BOOLEANS: frozenset[Kind] = frozenset({"boolean"})
ORDERED: frozenset[Kind] = NUMBERS | MOMENTS | TEXTS | {"duration"}
ANY = ORDERED | BOOLEANS
SPOKEN: Mapping[Kind, str] = {
    "integer": "an integer",
    "number": "a number",
    "text": "text",
    "boolean": "a truth value",
    "date": "a date",
    "datetime": "a time",
    "duration": "a length of time",
    "null": "NULL",
}
LARGEST = 2**63 - 1
MAX_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Node:
    """One operation on its parts. `text` is what a constant says, or the name of a column or function.

    A duration is a whole number of seconds; dates and times are ISO 8601 in UTC.
    """

    op: str
    kind: Kind
    parts: tuple["Node", ...] = ()
    text: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Function:
    """The kinds that each argument may have, the last for all further ones if `more`; `gives` None: as its first."""

    takes: tuple[frozenset[Kind], ...]
    gives: Kind | None = None
    least: int = 1
    more: bool = False


FUNCTIONS: Mapping[str, Function] = {
    "abs": Function((NUMBERS,)),
    "ceil": Function((NUMBERS,)),
    "coalesce": Function((ANY,), least=2, more=True),
    "day": Function((MOMENTS,), "integer"),
    "floor": Function((NUMBERS,)),
    "greatest": Function((ORDERED,), least=2, more=True),
    "hour": Function((frozenset({"datetime"}),), "integer"),
    "least": Function((ORDERED,), least=2, more=True),
    "length": Function((TEXTS,), "integer"),
    "lower": Function((TEXTS,), "text"),
    "month": Function((MOMENTS,), "integer"),
    "nullif": Function((ANY, ANY), least=2),
    "round": Function((NUMBERS, frozenset({"integer"}))),
    "trim": Function((TEXTS,), "text"),
    "upper": Function((TEXTS,), "text"),
    "year": Function((MOMENTS,), "integer"),
}
OF_ONE_KIND = frozenset({"coalesce", "greatest", "least", "nullif"})


def node(op: str, kind: Kind, *parts: Node, text: str = "") -> Node:
    """Raises ValueError for a tree deeper than any reader of it can follow."""
    depth = 1 + max((part.depth for part in parts), default=0)
    if depth > MAX_DEPTH:
        raise ValueError("is too long; make several checks of it")
    return Node(op, kind, parts, text, depth)


def constant(kind: Kind, text: str = "") -> Node:
    return node("constant", kind, text=text)


def number(text: str) -> Node:
    """A number as SQL writes it: an integer where it is one of 64 bits."""
    if text.isdecimal() and int(text) <= LARGEST:
        return constant("integer", str(int(text)))
    value = float(text)
    if isinf(value):
        raise ValueError(f"{shown(text, 40)} is no number that a column can hold")
    return constant("number", repr(value))


def column(name: str, columns: Mapping[str, Kind]) -> Node:
    if name not in columns:
        close = nearest(name, tuple(columns))
        meant = f"; did you mean {close!r}?" if close else ""
        raise ValueError(f"{shown(name)!r} is no column of this contract{meant}")
    return node("column", columns[name], text=name)


def moment_of(text: str, kind: Kind) -> Node:
    """A date or a time that stands in quotes."""
    if not (is_day(text) if kind == "date" else is_moment(text)):
        raise ValueError(f"{shown(text, 60)!r} is no {'date' if kind == 'date' else 'time'} in ISO 8601")
    found = moment(text).replace(tzinfo=None)
    return constant(kind, found.date().isoformat() if kind == "date" else found.isoformat(" "))


def logic(op: Literal["and", "or"], parts: Sequence[Node]) -> Node:
    if len(parts) == 1:
        return parts[0]
    for part in parts:
        require(part, BOOLEANS, op.upper())
    return node(op, "boolean", *parts)


def negated(part: Node) -> Node:
    require(part, BOOLEANS, "NOT")
    return node("not", "boolean", part)


def compared(sign: str, left: Node, right: Node) -> Node:
    left, right = alike((left, right), sign.upper())
    if sign in {"<", "<=", ">", ">="}:
        require(left, ORDERED, sign)
    return node(sign, "boolean", left, right)


def added(sign: str, left: Node, right: Node) -> Node:
    """`+`, `-` and `||`: of numbers; of moments and lengths of time; of texts."""
    if sign == "||":
        require(left, TEXTS, sign)
        require(right, TEXTS, sign)
        return node(sign, "text", left, right)
    if sign == "+" and left.kind == "duration" and right.kind in MOMENTS:
        left, right = right, left
    kinds = (left.kind, right.kind)
    if left.kind in MOMENTS and right.kind == "duration":
        return node("later" if sign == "+" else "earlier", "datetime", converted(left, "datetime"), right)
    if sign == "-" and kinds == ("date", "date"):
        return node("days between", "integer", left, right)
    if sign == "-" and set(kinds) <= MOMENTS:
        parts = (converted(part, "datetime") for part in (left, right))
        return node("time between", "duration", *parts)
    if kinds == ("duration", "duration"):
        return node(sign, "duration", left, right)
    return arithmetic(sign, left, right)


def arithmetic(sign: str, left: Node, right: Node) -> Node:
    """Of numbers: integers stay integers, but a quotient is a number."""
    for part in (left, right):
        require(part, NUMBERS, sign)
    left, right = alike((left, right), sign)
    kind: Kind = "number" if sign == "/" else left.kind
    return node(sign, kind, *(converted(part, kind) for part in (left, right)))


def call(name: str, given: Sequence[Node]) -> Node:
    function = FUNCTIONS.get(name.lower())
    if function is None:
        close = nearest(name.lower(), tuple(FUNCTIONS))
        meant = f"; did you mean {close}?" if close else f"; there are {', '.join(FUNCTIONS)}"
        raise ValueError(f"there is no function {shown(name)!r} for a check{meant}")
    most = None if function.more else len(function.takes)
    if len(given) < function.least or (most is not None and len(given) > most):
        wanted = f"{function.least}{' or more' if most is None else ''}"
        raise ValueError(f"{name} takes {wanted} value{'s' * (wanted != '1')}, got {len(given)}")
    for part, kinds in zip(given, (*function.takes, *function.takes[-1:] * len(given)), strict=False):
        require(part, kinds, name)
    if name.lower() == "round" and any(part.op != "constant" for part in given[1:]):
        raise ValueError("round takes its number of digits as a plain number")
    parts = alike(given, name) if name.lower() in OF_ONE_KIND else tuple(given)
    return node("call", function.gives or parts[0].kind, *parts, text=name.lower())


def alike(parts: Sequence[Node], what: str) -> tuple[Node, ...]:
    """The parts as one kind. A quoted text beside dates is a date. Raises ValueError when they have none in common."""
    if any(part.kind in MOMENTS for part in parts):
        parts = [_as_moment(part) for part in parts]
    kind: Kind = "null"
    for part in parts:
        kind = _common(kind, part.kind, what)
    return tuple(converted(part, kind) for part in parts)


def _as_moment(part: Node) -> Node:
    if part.op != "constant" or part.kind != "text":
        return part
    return moment_of(part.text, "date" if is_day(part.text) else "datetime")


def _common(kind: Kind, other: Kind, what: str) -> Kind:
    if "null" in {kind, other} or kind == other:
        return other if kind == "null" else kind
    if {kind, other} <= NUMBERS:
        return "number"
    if {kind, other} <= MOMENTS:
        return "datetime"
    raise ValueError(f"{what} stands between {SPOKEN[kind]} and {SPOKEN[other]}")


def converted(part: Node, kind: Kind) -> Node:
    """The part as a wider kind: an integer as a number, a date as its first moment, NULL as anything."""
    return part if part.kind == kind else node("as", kind, part)


def require(part: Node, kinds: frozenset[Kind], what: str) -> None:
    if part.kind not in kinds and part.kind != "null":
        wanted = " or ".join(SPOKEN[kind] for kind in SPOKEN if kind in kinds)
        raise ValueError(f"{what} needs {wanted}, got {SPOKEN[part.kind]}")


def used(tree: Node) -> tuple[str, ...]:
    """The columns that a condition asks for, each once, in the order of its text."""
    return tuple(dict.fromkeys(_columns(tree)))


def _columns(tree: Node) -> Iterator[str]:
    if tree.op == "column":
        yield tree.text
    for part in tree.parts:
        yield from _columns(part)
