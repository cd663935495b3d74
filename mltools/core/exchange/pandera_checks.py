"""One of pandera's own checks as a rule of a contract's column, or as a condition beside it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mltools.core.columns import FARTHEST, RANGED, TEXTUAL, ColumnType, Severity
from mltools.core.exchange.draft import Draft, distinct
from mltools.core.exchange.regexes import ANYTHING, found_in, from_python, literally
from mltools.core.exchange.values import Path
from mltools.core.moments import is_moment, moment
from mltools.core.names import shown

OPERATORS: Mapping[str, str] = {
    "greater_than": ">",
    "gt": ">",
    "greater_than_or_equal_to": ">=",
    "ge": ">=",
    "less_than": "<",
    "lt": "<",
    "less_than_or_equal_to": "<=",
    "le": "<=",
    "equal_to": "=",
    "eq": "=",
    "not_equal_to": "<>",
    "ne": "<>",
}
LISTS: Mapping[str, str] = {"isin": "in", "notin": "not in"}
BOUNDS: Mapping[str, str] = {">=": "minimum", "<=": "maximum"}
RANGES = frozenset({"in_range", "between"})
PATTERNS: Mapping[str, Callable[[str], str | None]] = {
    "str_matches": from_python,
    "str_contains": found_in,
    "str_startswith": lambda text: literally(text) + ANYTHING,
    "str_endswith": lambda text: ANYTHING + literally(text),
}
CHECKS = frozenset({*OPERATORS, *LISTS, *RANGES, *PATTERNS, "str_length", "unique_values_eq"})


@dataclass(frozen=True, slots=True)
class Check:
    """A check with what it compares with (by name; under "" where the file gives no name) and how it is run."""

    name: str
    arguments: Mapping[str, Any]
    options: Mapping[str, Any]
    place: Path

    @property
    def severity(self) -> Severity:
        return "warn" if self.options.get("raise_warning") else "error"

    def value(self, *names: str) -> Any:
        return next((self.arguments[name] for name in ("", *names) if name in self.arguments), None)


def add(draft: Draft, name: str, check: Check) -> None:
    """Take a check of a column over, or say why not."""
    if check.options.get("groupby") or check.options.get("groups"):
        draft.lose(check.place, "a condition looks at one row, not at groups")
        return
    if check.options.get("ignore_na") is False:
        draft.lose(check.place, "a row without a value breaks no rule but `required`")
    if check.name in OPERATORS:
        value = check.value("min_value", "max_value", "value")
        _compare(draft, name, check, OPERATORS[check.name], [value])
    elif check.name in RANGES:
        _range(draft, name, check)
    elif check.name in LISTS:
        values = check.value("allowed_values", "forbidden_values", "value")
        if isinstance(values, list):
            _compare(
                draft, name, check, LISTS[check.name], [value for value in values if not _nothing(value)]
            )
        else:
            draft.refuse(check.place, "is no list of values")
    elif check.name in PATTERNS:
        _pattern(draft, name, check)
    elif check.name == "str_length":
        _length(draft, name, check)
    else:
        draft.lose(check.place, f"a contract has no rule such as {shown(check.name)}")


def _range(draft: Draft, name: str, check: Check) -> None:
    for key, inclusive, exclusive, included in (
        ("min_value", ">=", ">", "include_min"),
        ("max_value", "<=", "<", "include_max"),
    ):
        operator = exclusive if check.arguments.get(included) is False else inclusive
        _compare(draft, name, check, operator, [check.arguments.get(key)])


def _compare(draft: Draft, name: str, check: Check, operator: str, values: Sequence[Any]) -> None:
    kind = draft.kind(name)
    if not values or any(isinstance(value, dict | list) or value is None for value in values):
        draft.refuse(check.place, "says no value to compare with")
        return
    plain = [_plain(value, kind) for value in values]
    if operator in {">", "<"} and kind == "integer" and isinstance(plain[0], int):
        operator, plain = (">=", [plain[0] + 1]) if operator == ">" else ("<=", [plain[0] - 1])
    if operator in BOUNDS and isinstance(plain[0], float) and abs(plain[0]) >= FARTHEST:
        return  # every number that a column can hold lies within
    rule = "enum" if operator in {"in", "="} else BOUNDS.get(operator) if kind in RANGED else None
    if rule is not None and check.severity == "error" and not draft.has(name, rule):
        _lose_words(draft, check)
        draft.rule(name, rule, distinct(plain) if rule == "enum" else plain[0], check.place)
        return
    draft.condition(
        name,
        operator,
        plain,
        check.place,
        called=str(check.options.get("name") or f"{name} {check.name}"),
        severity=check.severity,
        description=None if check.options.get("error") is None else str(check.options["error"]),
    )


def _pattern(draft: Draft, name: str, check: Check) -> None:
    said = check.value("pattern", "string", "value")
    if not isinstance(said, str):
        draft.refuse(check.place, "says no text")
        return
    pattern = PATTERNS[check.name](said)
    if pattern is None:
        draft.lose(check.place, "the engine of contracts (RE2) has no such pattern")
    elif _free(draft, name, check, "pattern"):
        draft.rule(name, "pattern", pattern, check.place)


def _length(draft: Draft, name: str, check: Check) -> None:
    exact = check.arguments.get("exact_value")
    for rule, key in (("min_length", "min_value"), ("max_length", "max_value")):
        value = exact if exact is not None else check.arguments.get(key)
        if value is not None and _free(draft, name, check, rule):
            draft.rule(name, rule, value, check.place)


def _free(draft: Draft, name: str, check: Check, rule: str) -> bool:
    """Whether the column can have the rule; it has one of a kind, with the column's severity, if it is of text."""
    if draft.kind(name) not in TEXTUAL:
        draft.lose(check.place, f"is for text, and the column is of type {draft.kind(name)}")
    elif check.severity == "warn":
        draft.lose(check.place, "a rule about text warns only with its whole column (`severity: warn`)")
    elif draft.has(name, rule):
        draft.lose(check.place, f"a column has one {rule}")
    else:
        _lose_words(draft, check)
        return True
    return False


def _lose_words(draft: Draft, check: Check) -> None:
    if check.options.get("error") is not None:
        draft.lose((*check.place, "error"), "the rule has a sentence of its own")


def _nothing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _plain(value: Any, kind: ColumnType) -> Any:
    """A value as a contract of this type writes it; one that does not fit stays, and is refused with its line."""
    if kind in TEXTUAL and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if kind in {"date", "datetime"} and isinstance(value, str) and is_moment(value):
        at = moment(value)
        return at.date().isoformat() if kind == "date" else at.isoformat().replace("+00:00", "Z")
    return value
