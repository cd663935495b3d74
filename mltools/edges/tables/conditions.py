"""A contract's condition between columns as DuckDB's SQL, made from the typed tree and never from its text.

Integers are reckoned with 128 bits, so that what fits the columns does not overflow; what does all the same is an error
and no silent pass. Lengths of time are microseconds.
"""

from collections.abc import Callable, Mapping

from mltools.core.expressions import Node
from mltools.edges.tables.cells import literal

TYPES: Mapping[str, str] = {
    "integer": "HUGEINT",
    "number": "DOUBLE",
    "text": "VARCHAR",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "duration": "HUGEINT",
    "null": "BOOLEAN",
}
INFIX = frozenset({"=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "||"})
MICRO = 1_000_000


def render(tree: Node, columns: Mapping[str, str]) -> str:
    """The condition over columns that SQL calls `columns[name]`, each a value of its type or NULL."""
    parts = [render(part, columns) for part in tree.parts]
    if tree.op == "column":
        # Only what is reckoned with must be wide; a comparison of columns stays as fast as they are.
        return columns[tree.text]
    if tree.op == "constant":
        return _constant(tree)
    if tree.op in INFIX:
        wide = tree.kind in {"integer", "duration"}
        left, right = (f"CAST({part} AS HUGEINT)" if wide else part for part in parts)
        return f"({left} {tree.op} {right})"
    return _FORMS[tree.op](tree, parts)


def _constant(tree: Node) -> str:
    match tree.kind:
        case "null":
            return "CAST(NULL AS BOOLEAN)"
        case "text":
            return literal(tree.text)
        case "date" | "datetime":
            return f"{TYPES[tree.kind]} {literal(tree.text)}"
        case "number":
            return f"CAST({literal(tree.text)} AS DOUBLE)"
        case "duration":
            return f"CAST({int(tree.text) * MICRO} AS HUGEINT)"
        case _:
            return tree.text


def _case(_: Node, parts: list[str]) -> str:
    *pairs, otherwise = parts
    whens = " ".join(f"WHEN {when} THEN {then}" for when, then in zip(pairs[::2], pairs[1::2], strict=True))
    return f"CASE {whens} ELSE {otherwise} END"


def _call(tree: Node, parts: list[str]) -> str:
    if tree.text in {"ceil", "floor", "round"} and tree.kind == "integer":
        return parts[0]
    if tree.text == "abs" and tree.kind == "integer":
        return f"abs(CAST({parts[0]} AS HUGEINT))"
    return f"{tree.text}({', '.join(parts)})"


def _quotient(tree: Node, parts: list[str]) -> str:
    """By zero it is unknown, in DuckDB as in SQL at large an error or infinite."""
    left, right = (f"CAST({part} AS {TYPES[tree.kind]})" for part in parts)
    return f"({left} {tree.op} nullif({right}, 0))"


def _later(sign: str) -> Callable[[Node, list[str]], str]:
    return lambda _, parts: f"make_timestamp(CAST(epoch_us({parts[0]}) {sign} {parts[1]} AS BIGINT))"


_FORMS: Mapping[str, Callable[[Node, list[str]], str]] = {
    "and": lambda _, parts: f"({' AND '.join(parts)})",
    "or": lambda _, parts: f"({' OR '.join(parts)})",
    "not": lambda _, parts: f"(NOT {parts[0]})",
    "is": lambda _, parts: f"({parts[0]} IS NOT DISTINCT FROM {parts[1]})",
    "is null": lambda _, parts: f"({parts[0]} IS NULL)",
    "in": lambda _, parts: f"({parts[0]} IN ({', '.join(parts[1:])}))",
    "like": lambda tree, parts: f"({parts[0]} LIKE {literal(tree.text)})",
    "as": lambda tree, parts: f"CAST({parts[0]} AS {TYPES[tree.kind]})",
    "negative": lambda tree, parts: f"(-CAST({parts[0]} AS {TYPES[tree.kind]}))",
    "/": _quotient,
    "%": _quotient,
    "later": _later("+"),
    "earlier": _later("-"),
    "days between": lambda _, parts: f"({parts[0]} - {parts[1]})",
    "time between": lambda _, parts: f"(epoch_us({parts[0]}) - epoch_us({parts[1]}))",
    "case": _case,
    "call": _call,
}
