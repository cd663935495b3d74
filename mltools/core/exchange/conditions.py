"""Rules on one column that a contract says as a condition, such as `dose > 0`: written, and recognised.

Other tools have words for an exclusive bound or a forbidden value. The contract says them in its `checks`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mltools.core.columns import LONGEST, Severity, Value
from mltools.core.conditions import KEYWORDS, parse_condition
from mltools.core.contract import Contract, RowCheck, condition
from mltools.core.expressions import NUMBERS, Kind, Node
from mltools.core.moments import is_moment, moment

OPERATORS = (">", ">=", "<", "<=", "=", "<>", "in", "not in")
_TURNED: Mapping[str, str] = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "=": "=", "<>": "<>"}
# Words that mean something at the start of a value, so that a column of that name needs quotes.
_WORDS = KEYWORDS | {"TRUE", "FALSE", "NULL", "CASE", "SELECT", "DATE", "TIMESTAMP", "INTERVAL"}
_NO_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Simple:
    """A condition of one column and constants: `in` and `not in` have any number of these, the others one."""

    column: str
    operator: str
    values: tuple[Value, ...]


def recognised(contract: Contract, check: RowCheck) -> Simple | None:
    """The check as a rule on one column, None when it says anything else."""
    tree = condition(contract, check)
    if tree.op == "not" and tree.parts[0].op == "in":
        return _simple("not in", *tree.parts[0].parts)
    if tree.op == "in":
        return _simple("in", *tree.parts)
    if tree.op not in _TURNED:
        return None
    left, right = tree.parts
    return _simple(tree.op, left, right) or _simple(_TURNED[tree.op], right, left)


def written(rule: Simple, kind: Kind) -> str | None:
    """The rule as a condition, None where it would not fit or its values are none of the column's kind."""
    constants = [_constant(value, kind) for value in rule.values]
    known = [constant for constant in constants if constant is not None]
    if len(known) < len(constants) or not known:
        return None
    operand = f"({', '.join(known)})" if rule.operator in {"in", "not in"} else known[0]
    text = f"{_quoted(rule.column)} {rule.operator.upper()} {operand}"
    try:
        parse_condition(text, {rule.column: kind})
    except ValueError:
        return None
    return text if len(text) <= LONGEST else None


def row_check(
    name: str,
    expression: str,
    taken: Sequence[str],
    *,
    severity: Severity = "error",
    description: str | None = None,
) -> dict[str, str]:
    """A check of a contract as a tree, under a name of its own."""
    plain = _NO_NAME.sub(" ", name).strip(" _.-")[:90] or "check"
    unique, number = plain, 1
    while unique in taken:
        number += 1
        unique = f"{plain} {number}"
    tree = {"name": unique, "expression": expression}
    if severity != "error":
        tree["severity"] = severity
    if description:
        tree["description"] = description
    return tree


def _simple(operator: str, left: Node, *rest: Node) -> Simple | None:
    left, *others = (part.parts[0] if part.op == "as" else part for part in (left, *rest))
    if left.op != "column" or left.kind == "boolean":
        return None
    if left.kind == "date" and any(part.kind == "datetime" for part in others):
        return None
    values = [_value(part) for part in others]
    known = tuple(value for value in values if value is not None)
    return Simple(left.text, operator, known) if len(known) == len(values) else None


def _value(part: Node) -> Value | None:
    if part.op == "negative":
        inner = _value(part.parts[0])
        return -inner if isinstance(inner, int | float) and not isinstance(inner, bool) else None
    if part.op != "constant":
        return None
    match part.kind:
        case "integer":
            return int(part.text)
        case "number":
            return float(part.text)
        case "text" | "date":
            return part.text
        case "datetime":
            return f"{part.text.replace(' ', 'T')}Z"
    return None


def _constant(value: Value, kind: Kind) -> str | None:
    if kind in NUMBERS and isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    if not isinstance(value, str):
        return None
    if kind == "date":
        return f"DATE '{value}'"
    if kind == "datetime":
        return (
            f"TIMESTAMP '{moment(value).replace(tzinfo=None).isoformat(' ')}'" if is_moment(value) else None
        )
    return "'{}'".format(value.replace("'", "''")) if kind == "text" else None


def _quoted(name: str) -> str:
    if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) and name.upper() not in _WORDS:
        return name
    return '"{}"'.format(name.replace('"', '""'))
