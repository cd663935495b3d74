"""A contract as a Frictionless Table Schema (Data Package 2), with the same verdict on the same text file."""

from collections.abc import Iterator, Mapping
from typing import Any

from mltools.core.columns import FARTHEST, RANGED, Column, Value
from mltools.core.contract import Contract, RowCheck
from mltools.core.exchange.conditions import recognised
from mltools.core.exchange.regexes import portable
from mltools.core.exchange.values import Exported, Loss, Path, Tree
from mltools.core.moments import is_day

PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"
LIMITS: Mapping[str, tuple[Value, Value]] = {
    "integer": (-(2**63), 2**63 - 1),
    # NaN and infinity are numbers there; within the largest finite ones they are not.
    "number": (-FARTHEST, FARTHEST),
}
# Its words for bounds that exclude their value are new, and `frictionless validate FILE --schema` refuses them.
OPERATORS = {">=": "minimum", "<=": "maximum", "in": "enum"}
NO_WORD = "Frictionless has no word for it"


def export(contract: Contract) -> Exported:
    """The schema as a tree for JSON."""
    losses = list(_losses(contract))
    fields = {name: _field(name, contract, losses) for name in contract.columns}
    for index, check in enumerate(contract.checks):
        if not _add(fields, contract, check):
            losses.append(Loss(("checks", index), NO_WORD))
    tree: Tree = {"$schema": PROFILE}
    if contract.description:
        tree["description"] = contract.description
    tree["fields"] = list(fields.values())
    tree["fieldsMatch"] = _match(contract)
    if contract.primary_key:
        tree["primaryKey"] = list(contract.primary_key)
    tree["missingValues"] = list(contract.missing_values)
    return Exported(tree, tuple(losses))


def _match(contract: Contract) -> str:
    if contract.extra_columns == "allow":
        return "subset"
    return "exact" if contract.column_order == "strict" else "equal"


def _field(name: str, contract: Contract, losses: list[Loss]) -> Tree:
    column = contract.columns[name]
    described = {"description": column.description} if column.description else {}
    if column.severity == "warn":
        return {"name": name, "type": "any", **described}
    tree: Tree = {"name": name, "type": "string" if column.type == "category" else column.type, **described}
    if column.type == "category" and column.enum is not None:
        tree["categories"] = list(column.enum)
    constraints = dict(_constraints(column, in_key=name in contract.primary_key))
    if column.pattern is not None and portable(column.pattern) is None:
        losses.append(
            Loss(("columns", name, "pattern"), "not every engine of regular expressions reads it alike")
        )
    elif column.pattern is not None:
        constraints["pattern"] = f"(?:{column.pattern})" if "|" in column.pattern else column.pattern
    if constraints:
        tree["constraints"] = constraints
    return tree


def _constraints(column: Column, *, in_key: bool) -> Iterator[tuple[str, Any]]:
    if column.required or column.max_null_fraction == 0 or in_key:
        yield "required", True
    if column.unique:
        yield "unique", True
    lowest, highest = LIMITS.get(column.type, (None, None))
    lowest = lowest if column.minimum is None else column.minimum
    highest = highest if column.maximum is None else column.maximum
    for word, value in (("minimum", lowest), ("maximum", highest)):
        if value is not None:
            yield word, _value(value, column)
    if column.enum is not None:
        yield "enum", [_value(value, column) for value in column.enum]
    if column.min_length is not None:
        yield "minLength", column.min_length
    if column.max_length is not None:
        yield "maxLength", column.max_length


def _value(value: Value, column: Column) -> Value:
    if column.type == "integer":
        return int(value)
    # A time there is written in full.
    return f"{value}T00:00:00Z" if column.type == "datetime" and is_day(str(value)) else value


def _add(fields: Mapping[str, Tree], contract: Contract, check: RowCheck) -> bool:
    """Put a condition on one column among the field's constraints; False where that cannot be."""
    rule = recognised(contract, check)
    if rule is None or check.severity == "warn" or rule.operator not in OPERATORS:
        return False
    column = contract.columns[rule.column]
    constraints = fields[rule.column].setdefault("constraints", {})
    word = OPERATORS[rule.operator]
    if column.severity == "warn" or (rule.operator != "in" and column.type not in RANGED):
        return False
    if word in constraints and (
        rule.operator == "in" or constraints[word] not in LIMITS.get(column.type, ())
    ):
        return False
    values = [
        value if column.type in {"integer", "number"} else _value(value, column) for value in rule.values
    ]
    constraints[word] = values if rule.operator == "in" else values[0]
    return True


def _losses(contract: Contract) -> Iterator[Loss]:
    for name, column in contract.columns.items():
        place: Path = ("columns", name)
        if column.severity == "warn":
            yield Loss((*place, "severity"), "Frictionless does not warn; the column is not checked")
        elif column.max_null_fraction:
            yield Loss((*place, "max_null_fraction"), NO_WORD)
        if column.type == "category" and column.enum is None:
            yield Loss(
                (*place, "type"),
                "Frictionless has no categories without a list of them; it is a string there",
            )
        if column.role is not None:
            yield Loss((*place, "role"), NO_WORD)
    if contract.rows.min != 0:
        yield Loss(("rows",), "a Table Schema passes any number of rows, none among them")
    elif contract.rows.max is not None:
        yield Loss(("rows", "max"), NO_WORD)
    if contract.column_order == "strict" and contract.extra_columns == "allow":
        yield Loss(("column_order",), "Frictionless knows an order only where no other columns may be")
    if contract.freshness is not None:
        yield Loss(("freshness",), NO_WORD)
