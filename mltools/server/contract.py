"""What a row of a request must be: the input contract of the release, applied to values as JSON has them."""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from .conditions import compiled as compiled_check
from .patterns import compiled

SHOWN = 60
# What a double can tell apart, and what 64 bits hold.
LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule of the contract that a row breaks; `refuses` says whether the row is turned away for it."""

    row: int
    column: str
    rule: str
    message: str
    refuses: bool = True

    def as_json(self) -> dict[str, Any]:
        return {"row": self.row, "column": self.column, "rule": self.rule, "message": self.message}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its rules, ready to be applied. A column without a type takes any plain value.

    `longest` is the length of the longest text that the pattern is tried on.
    """

    name: str
    type: str | None = None
    required: bool = False
    minimum: Any = None
    maximum: Any = None
    enum: frozenset[Any] | None = None
    pattern: re.Pattern[str] | None = None
    longest: int = 0
    min_length: int | None = None
    max_length: int | None = None
    refuses: bool = True
    role: str | None = None
    taken: bool = True
    unchecked: str = ""

    @property
    def sensitive(self) -> bool:
        return self.role == "sensitive"


@dataclass(frozen=True, slots=True)
class Check:
    """A condition between columns, ready to be followed."""

    name: str
    columns: tuple[str, ...]
    holds: Callable[[Mapping[str, Any]], Any]
    refuses: bool


@dataclass(frozen=True, slots=True)
class Contract:
    """The columns that a request may hold, and those beside them that are known and not used.

    `missing` are texts that mean "no value". `notes` say which rules cannot be checked here, and why.
    """

    columns: Mapping[str, Column]
    known: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset({""})
    notes: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()

    def check(
        self, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[list[dict[str, Any]], list[Fault], list[Fault]]:
        """The rows with each column of the contract in its type, faults that refuse them, and faults that only warn."""
        clean: list[dict[str, Any]] = []
        faults: list[Fault] = []
        for number, row in enumerate(rows):
            good: dict[str, Any] = {}
            before = len(faults)
            for name, column in self.columns.items():
                value = row.get(name)
                if value is None or (isinstance(value, str) and value in self.missing):
                    good[name] = None
                    if column.required:
                        rule = "required" if name in row else "missing column"
                        faults.append(
                            Fault(number, name, rule, "has no value, and must have one", column.refuses)
                        )
                    continue
                good[name], fault = _checked(column, value)
                if fault is not None:
                    # A value of another type is nothing that the model could take, whatever the rule's severity.
                    hard = column.refuses or fault[0] == "type"
                    faults.append(Fault(number, name, fault[0], fault[1], hard))
            faults += self._unknown(number, row)
            if self.checks and not any(fault.refuses for fault in faults[before:]):
                faults += _broken(number, good, self.checks)
            clean.append(good)
        refused = [fault for fault in faults if fault.refuses]
        return clean, refused, [fault for fault in faults if not fault.refuses]

    def _unknown(self, number: int, row: Mapping[str, Any]) -> Iterator[Fault]:
        if row.keys() <= self.columns.keys():
            return
        for name in row:
            if name not in self.columns and name not in self.known:
                yield Fault(number, name[:200], "unknown column", "is no column that this model takes")


def _broken(number: int, row: Mapping[str, Any], checks: Sequence[Check]) -> Iterator[Fault]:
    """The conditions that a row, each value of which is right by itself, does not keep. What is unknown breaks nothing."""
    for check in checks:
        try:
            broken = check.holds(row) is False
            told = "does not hold"
        except (ArithmeticError, ValueError, TypeError) as error:
            broken, told = True, f"cannot be reckoned: {type(error).__name__}"
        if broken:
            yield Fault(number, ", ".join(check.columns), f"check {check.name}", told, check.refuses)


def contract_of(version: Mapping[str, Any], taken: Sequence[str] | None) -> Contract:
    """The contract in a `version.json`; `taken` are the columns that the model itself says it takes.

    Raises ValueError for rules that make no sense.
    """
    terms = version.get("input") or {}
    if not isinstance(terms, Mapping):
        raise ValueError("input is no object")  # noqa: TRY004 - all faults are of one kind
    names = list(terms) if taken is None else [*taken, *(name for name in terms if name not in taken)]
    notes: list[str] = []
    columns = {}
    for name in names:
        found = terms.get(name, {})
        if not isinstance(found, Mapping):
            raise ValueError(f"input.{name} is no object")  # noqa: TRY004 - as above
        column = _column(name, found, taken=taken is None or name in taken)
        columns[name] = column
        if not found:
            notes.append(f"{name}: the release has no rule for it")
        if column.unchecked:
            notes.append(f"{name}: {column.unchecked}")
    known = {*(version.get("other") or ()), *(version.get("output") or ())}
    missing = version.get("missing_values")
    texts = frozenset(missing) if isinstance(missing, list) else frozenset({""})
    kinds = {name: column.type for name, column in columns.items()}
    checks = [_check(one, kinds) for one in version.get("checks") or ()]
    return Contract(columns, frozenset(known - columns.keys()), texts, tuple(notes), tuple(checks))


def _check(found: Any, kinds: Mapping[str, str | None]) -> Check:
    if not isinstance(found, Mapping) or not set(found.get("columns") or ()) <= kinds.keys():
        raise ValueError("a check is over columns that the model does not take")
    try:
        holds = compiled_check(found.get("tree"), kinds)
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(f"the check {found.get('name')!r} cannot be followed: {error}") from error
    return Check(str(found.get("name")), tuple(found["columns"]), holds, found.get("severity") != "warn")


def _column(name: str, terms: Mapping[str, Any], *, taken: bool) -> Column:
    kind = terms.get("type")
    if kind is not None and kind not in _READ:
        raise ValueError(f"input.{name}.type {kind!r} is not known here")
    pattern, longest, unchecked = None, 0, ""
    if terms.get("pattern") is not None:
        pattern, longest, unchecked = compiled(str(terms["pattern"]))
    enum = terms.get("enum")
    return Column(
        name,
        kind,
        bool(terms.get("required", False)) and taken,
        _bound(kind, terms.get("minimum")),
        _bound(kind, terms.get("maximum")),
        None if enum is None else frozenset(enum),
        pattern,
        longest,
        terms.get("min_length"),
        terms.get("max_length"),
        terms.get("severity", "error") != "warn",
        terms.get("role"),
        taken,
        unchecked,
    )


def _checked(column: Column, value: Any) -> tuple[Any, tuple[str, str] | None]:
    """The value in the column's type, and the first rule that it breaks."""
    if column.type is None:
        good, fits = _any(value)
    else:
        good, fits = _READ[column.type](value)
    if not fits:
        return None, ("type", f"{shown(value)} is {_NOUNS.get(column.type or '', 'no plain value')}")
    if column.minimum is not None or column.maximum is not None:
        size = moment(good) if isinstance(good, str) else good
        if column.minimum is not None and size < column.minimum:
            return good, ("minimum", f"{shown(value)} is below {shown(column.minimum)}")
        if column.maximum is not None and size > column.maximum:
            return good, ("maximum", f"{shown(value)} is above {shown(column.maximum)}")
    if column.enum is not None and good not in column.enum:
        return good, ("enum", f"{shown(value)} is none of the allowed values")
    return good, _text_fault(column, good) if isinstance(good, str) else None


def _text_fault(column: Column, text: str) -> tuple[str, str] | None:
    if column.min_length is not None and len(text) < column.min_length:
        return ("min_length", f"{shown(text)} has fewer than {column.min_length} characters")
    if column.max_length is not None and len(text) > column.max_length:
        return ("max_length", f"{shown(text)} has more than {column.max_length} characters")
    if column.pattern is not None:
        if len(text) > column.longest:
            return ("pattern", f"{shown(text)} has more than {column.longest:,} characters")
        if column.pattern.fullmatch(text) is None:
            return ("pattern", f"{shown(text)} does not match the pattern")
    return None


def _integer(value: Any) -> tuple[Any, bool]:
    if type(value) is int:
        return value, -LARGEST - 1 <= value <= LARGEST
    if type(value) is float and value.is_integer() and abs(value) <= LARGEST:
        return int(value), True
    return None, False


def _number(value: Any) -> tuple[Any, bool]:
    if type(value) is float:
        return value, math.isfinite(value)
    if type(value) is int:
        try:
            return float(value), True
        except OverflowError:
            return None, False
    return None, False


def _text(value: Any) -> tuple[Any, bool]:
    """JSON can spell halves of characters, which no file holds and no model takes."""
    try:
        return value, isinstance(value, str) and (value.isascii() or bool(value.encode()))
    except UnicodeEncodeError:
        return value, False


def _boolean(value: Any) -> tuple[Any, bool]:
    return value, isinstance(value, bool)


def _day(value: Any) -> tuple[Any, bool]:
    try:
        return value, isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return value, False


def _moment(value: Any) -> tuple[Any, bool]:
    try:
        return value, isinstance(value, str) and bool(moment(value))
    except (ValueError, OverflowError):
        return value, False


def _any(value: Any) -> tuple[Any, bool]:
    if isinstance(value, float):
        return value, math.isfinite(value)
    if type(value) is int:
        return value, -LARGEST - 1 <= value <= LARGEST
    return (value, True) if isinstance(value, bool) else _text(value)


def moment(text: str) -> datetime:
    """A date or a time, in UTC. Raises ValueError when it is neither."""
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _bound(kind: str | None, value: Any) -> Any:
    return moment(value) if kind in {"date", "datetime"} and isinstance(value, str) else value


def shown(value: Any) -> str:
    """A value of a request in a message: short, and never more than a line."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)  # as it was sent
    text = repr(str(value) if isinstance(value, datetime) else value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


_READ: Mapping[str, Callable[[Any], tuple[Any, bool]]] = {
    "integer": _integer,
    "number": _number,
    "string": _text,
    "category": _text,
    "boolean": _boolean,
    "date": _day,
    "datetime": _moment,
}
_NOUNS: Mapping[str, str] = {
    "integer": "no integer of 64 bits",
    "number": "no finite number",
    "string": "no text",
    "category": "no text",
    "boolean": "neither true nor false",
    "date": "no date such as '2026-01-31'",
    "datetime": "no time such as '2026-01-31T12:00:00Z'",
}
