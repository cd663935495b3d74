"""A contract as a JSON Schema (2020-12) of one row, an object of its columns; a gap is null.

What concerns several rows (unique values, shares, numbers of rows) a schema of one row cannot say.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from mltools.core.columns import Column
from mltools.core.contract import Contract, RowCheck
from mltools.core.exchange.conditions import recognised
from mltools.core.exchange.regexes import for_search
from mltools.core.exchange.values import Exported, Loss, Path, Tree

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TYPES: Mapping[str, str] = {"category": "string", "date": "string", "datetime": "string"}
FORMATS: Mapping[str, str] = {"date": "date", "datetime": "date-time"}
LIMITS = {"minimum": -(2**63), "maximum": 2**63 - 1}
NO_ROW = "one row cannot tell; JSON Schema is about one row here"
OPERATORS = {">": "exclusiveMinimum", "<": "exclusiveMaximum", ">=": "minimum", "<=": "maximum", "in": "enum"}


def export(contract: Contract) -> Exported:
    """The schema as a tree for JSON."""
    losses = list(_losses(contract))
    properties = {name: _property(name, contract, losses) for name in contract.columns}
    for index, check in enumerate(contract.checks):
        if not _add(properties, contract, check):
            losses.append(Loss(("checks", index), "JSON Schema does not compute"))
    tree: Tree = {"$schema": DIALECT, "type": "object"}
    if contract.description:
        tree["description"] = contract.description
    tree["properties"] = properties
    tree["required"] = [name for name, column in contract.columns.items() if column.severity == "error"]
    if contract.extra_columns == "forbid":
        tree["additionalProperties"] = False
    return Exported(tree, tuple(losses))


def _property(name: str, contract: Contract, losses: list[Loss]) -> Tree:
    column = contract.columns[name]
    described = {"description": column.description} if column.description else {}
    if column.severity == "warn":
        return described
    gaps = not (column.required or column.max_null_fraction == 0 or name in contract.primary_key)
    kind = TYPES.get(column.type, column.type)
    tree: Tree = {**described, "type": [kind, "null"] if gaps else kind}
    if column.type in FORMATS:
        tree["format"] = FORMATS[column.type]
        losses.extend(
            Loss(("columns", name, rule), "JSON Schema has bounds for numbers alone")
            for rule in ("minimum", "maximum")
            if getattr(column, rule) is not None
        )
    tree |= _rules(column, gaps=gaps)
    if column.pattern is not None:
        pattern = for_search(column.pattern)
        if pattern is None:
            losses.append(
                Loss(("columns", name, "pattern"), "not every engine of regular expressions reads it alike")
            )
        else:
            tree["pattern"] = pattern
    return tree


def _rules(column: Column, *, gaps: bool) -> Iterator[tuple[str, Any]]:
    if column.type in {"integer", "number"}:
        for rule, limit in LIMITS.items():
            value = getattr(column, rule)
            if value is not None or column.type == "integer":
                yield rule, limit if value is None else value
    if column.enum is not None:
        yield "enum", [*column.enum, *([None] if gaps else [])]
    if column.min_length is not None:
        yield "minLength", column.min_length
    if column.max_length is not None:
        yield "maxLength", column.max_length


def _add(properties: Mapping[str, Tree], contract: Contract, check: RowCheck) -> bool:
    """Put a condition on one column among the property's rules; False where that cannot be."""
    rule = recognised(contract, check)
    if rule is None or check.severity == "warn":
        return False
    column, tree = contract.columns[rule.column], properties[rule.column]
    if column.severity == "warn" or column.type in FORMATS:
        return False
    if rule.operator in {"<>", "not in"}:
        if "not" in tree:
            return False
        tree["not"] = {"enum": list(rule.values)}
        return True
    word = OPERATORS.get(rule.operator)
    if word is None or (word != "enum" and column.type not in {"integer", "number"}):
        return False
    if word in tree and (word == "enum" or tree[word] != LIMITS.get(word)):
        return False
    gaps = [None] if isinstance(tree["type"], list) else []
    tree[word] = [*rule.values, *gaps] if word == "enum" else rule.values[0]
    return True


def _losses(contract: Contract) -> Iterator[Loss]:
    for name, column in contract.columns.items():
        place: Path = ("columns", name)
        if column.severity == "warn":
            yield Loss((*place, "severity"), "JSON Schema does not warn; the column is not checked")
            continue
        if column.unique:
            yield Loss((*place, "unique"), NO_ROW)
        if column.max_null_fraction:
            yield Loss((*place, "max_null_fraction"), NO_ROW)
        if column.type == "category" and column.enum is None:
            yield Loss(
                (*place, "type"), "JSON Schema has no categories without a list of them; it is a string there"
            )
        if column.type == "datetime":
            yield Loss(
                (*place, "type"), "a date-time of JSON Schema must have an offset; here it is UTC without one"
            )
        if column.role is not None:
            yield Loss((*place, "role"), "JSON Schema has no word for it")
    for key in ("rows", "primary_key", "freshness"):
        if key in contract.model_fields_set and getattr(contract, key):
            yield Loss((key,), NO_ROW)
    if contract.column_order == "strict":
        yield Loss(("column_order",), "the keys of a JSON object have no order")
