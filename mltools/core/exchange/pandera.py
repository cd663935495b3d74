"""A contract as a pandera schema for pandas (`DataFrameSchema.from_yaml`), with the same verdict on the same data.

Types are converted (`coerce`), as pandas reads a column with gaps as another type. Of rules that only warn pandera keeps
no verdict: an error within such a check fails. They are left out.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from mltools.core.columns import FARTHEST, Column, ColumnType, Value
from mltools.core.contract import Contract, RowCheck
from mltools.core.exchange.conditions import Simple, recognised
from mltools.core.exchange.regexes import for_python
from mltools.core.exchange.values import Exported, Loss, Path, Tree
from mltools.core.moments import moment

DTYPES: Mapping[ColumnType, str] = {
    "integer": "Int64",
    "number": "float64",
    # Kept by Python, not by Arrow, whose regular expressions are others.
    "string": "string[python]",
    "category": "category",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime64[us, UTC]",
}
OPERATORS: Mapping[str, tuple[str, str]] = {  # an operator -> the check and what it calls its value
    ">": ("greater_than", "min_value"),
    ">=": ("greater_than_or_equal_to", "min_value"),
    "<": ("less_than", "max_value"),
    "<=": ("less_than_or_equal_to", "max_value"),
    "=": ("equal_to", "value"),
    "<>": ("not_equal_to", "value"),
    "in": ("isin", "allowed_values"),
    "not in": ("notin", "forbidden_values"),
}
NO_WORD = "pandera has no word for it"


def export(contract: Contract) -> Exported:
    """The schema as a tree for YAML."""
    losses = list(_losses(contract))
    columns = {name: _column(name, contract, losses) for name in contract.columns}
    for index, check in enumerate(contract.checks):
        if not _add(columns, contract, check):
            losses.append(Loss(("checks", index), NO_WORD))
    tree: Tree = {"schema_type": "dataframe", "api": "pandas", "columns": columns}
    if contract.extra_columns == "forbid":
        tree["strict"] = True
    if contract.column_order == "strict":
        tree["ordered"] = True
    if contract.primary_key:
        tree |= {"unique": list(contract.primary_key), "report_duplicates": "exclude_first"}
    if contract.description:
        tree["description"] = contract.description
    return Exported(tree, tuple(losses))


def _column(name: str, contract: Contract, losses: list[Loss]) -> Tree:
    column = contract.columns[name]
    described = {"description": column.description} if column.description else {}
    if column.severity == "warn":
        return {**described, "nullable": name not in contract.primary_key, "required": False}
    tree: Tree = {**described, "dtype": DTYPES[column.type], "coerce": True}
    if not (column.required or column.max_null_fraction == 0 or name in contract.primary_key):
        tree["nullable"] = True
    if column.unique:
        tree |= {"unique": True, "report_duplicates": "exclude_first"}
    tree |= _bounds(column)
    if column.enum is not None:
        tree["isin"] = [_value(value, column.type) for value in column.enum]
    if column.pattern is not None:
        pattern = for_python(column.pattern)
        if pattern is None:
            losses.append(Loss(("columns", name, "pattern"), "Python's regular expressions cannot say it"))
        else:
            tree["str_matches"] = pattern
    if column.min_length is not None or column.max_length is not None:
        tree["str_length"] = {"min_value": column.min_length, "max_value": column.max_length}
    return tree


def _bounds(column: Column) -> Iterator[tuple[str, Any]]:
    lowest, highest = column.minimum, column.maximum
    if column.type == "number":
        # A number is finite; what lies within the largest ones is.
        lowest, highest = -FARTHEST if lowest is None else lowest, FARTHEST if highest is None else highest
    if lowest is not None:
        yield "greater_than_or_equal_to", _value(lowest, column.type)
    if highest is not None:
        yield "less_than_or_equal_to", _value(highest, column.type)


def _value(value: Value, kind: ColumnType) -> Any:
    """As pandera compares it with values of the type."""
    match kind:
        case "integer":
            return int(value)
        case "number":
            return float(value)
        case "date":
            return date.fromisoformat(str(value))
        case "datetime":
            return moment(str(value))
    return value


def _add(columns: Mapping[str, Tree], contract: Contract, check: RowCheck) -> bool:
    """Put a condition on one column among the column's checks; False where that cannot be."""
    rule = recognised(contract, check)
    if rule is None or contract.columns[rule.column].severity == "warn":
        return False
    word, said = OPERATORS[rule.operator]
    if word in columns[rule.column]:
        return False
    tree: Tree = {said: _operand(rule, contract.columns[rule.column].type), "name": check.name}
    if check.severity == "warn":
        tree["raise_warning"] = True
    if check.description:
        tree["error"] = check.description
    columns[rule.column][word] = tree
    return True


def _operand(rule: Simple, kind: ColumnType) -> Any:
    # A bound of an integer column may be a fraction: what lies above 1.5 is no integer's business.
    values = [value if kind in {"integer", "number"} else _value(value, kind) for value in rule.values]
    return values if rule.operator in {"in", "not in"} else values[0]


def _losses(contract: Contract) -> Iterator[Loss]:
    for name, column in contract.columns.items():
        place: Path = ("columns", name)
        if column.severity == "warn":
            yield Loss(
                (*place, "severity"), "pandera cannot warn of it without failing; the column is not checked"
            )
        elif column.max_null_fraction:
            yield Loss((*place, "max_null_fraction"), NO_WORD)
        if column.role is not None:
            yield Loss((*place, "role"), NO_WORD)
    if contract.rows.min != 0:
        yield Loss(("rows",), "pandera passes a table of any number of rows, none among them")
    elif contract.rows.max is not None:
        yield Loss(("rows", "max"), NO_WORD)
    if contract.freshness is not None:
        yield Loss(("freshness",), NO_WORD)
    if contract.missing_values != ("",):
        reason = (
            "pandas decides it when it reads the file: read_csv(..., na_values=[...], keep_default_na=False)"
        )
        yield Loss(("missing_values",), reason)
