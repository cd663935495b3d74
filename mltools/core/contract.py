"""The data contract, `schemas/NAME.yaml`: what the columns and rows of a data set must be, as typed, frozen values.

The words are those of Frictionless and JSON Schema where they exist. A contract that cannot be right is refused with
file, line and the nearest right key. How data are checked against it is left to `validation` and `edges.tables`.
"""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from mltools.core.columns import (
    FARTHEST,
    KINDS,
    LONGEST,
    RANGED,
    TEXTUAL,
    Column,
    ColumnType,
    Length,
    Role,
    Severity,
    Value,
    ordinal,
    quoted,
)
from mltools.core.conditions import parse_condition
from mltools.core.expressions import Node
from mltools.core.moments import AGE, age
from mltools.core.strict import LineOf, Section, parse_model
from mltools.errors import ConfigError

__all__ = [
    "FARTHEST",
    "LONGEST",
    "RANGED",
    "TEXTUAL",
    "Column",
    "ColumnType",
    "Contract",
    "Freshness",
    "Role",
    "RowCheck",
    "Rows",
    "Severity",
    "Value",
    "condition",
    "ordinal",
    "parse_contract",
]


def _mapping(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError("needs a mapping that says at least the type, such as {type: number}")  # noqa: TRY004 - as above
    return value


def _columns(value: Any) -> Any:
    if value is None or value == {}:
        raise ValueError("is empty; a contract names at least one column")
    for name in value if isinstance(value, Mapping) else ():
        if not isinstance(name, str) or not name:
            raise ValueError(
                f"a column cannot be called {name!r}; a name is text, in quotes where it looks like a number"
            )
    return value


def _gap(text: str) -> str:
    if re.search(r"[,\t\"\r\n]", text):
        raise ValueError(f"{text!r} holds a delimiter, a quote or a line end, so no field could be that text")
    return text


def _age(text: str) -> str:
    age(text)
    return text


class Rows(Section):
    """How many rows a data set may have."""

    min: Annotated[Length | None, Field(description="fewest rows")] = None
    max: Annotated[Length | None, Field(description="most rows")] = None

    @field_validator("max")
    @classmethod
    def _not_below_min(cls, value: int | None, info: ValidationInfo) -> int | None:
        fewest = info.data.get("min")
        if value is not None and fewest is not None and fewest > value:
            raise ValueError(f"{value} is below min {fewest}, so no data set could pass")
        return value


class RowCheck(Section):
    """A condition between the columns of each row, in a safe part of SQL. Where it is unknown (NULL) nothing is broken."""

    name: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.-]*$",
            max_length=100,
            description="what messages call the check; letters, digits, spaces, `_`, `.` and `-`",
        ),
    ]
    expression: Annotated[
        str,
        Field(
            min_length=1,
            max_length=LONGEST,
            strict=True,
            description="an SQL condition over columns of this contract, such as `discharge >= admission`. It may use "
            "comparisons, + - * / %, ||, AND, OR, NOT, IN, BETWEEN, LIKE, IS NULL, CASE, DATE '2026-01-31', "
            "INTERVAL 36 HOUR and the functions abs, ceil, coalesce, day, floor, greatest, hour, least, length, lower, "
            "month, nullif, round, trim, upper, year. A name that is no plain word goes in double quotes",
        ),
    ]
    description: Annotated[str | None, Field(description="why it must hold")] = None
    severity: Annotated[
        Severity, Field(description="whether rows that break it fail the run or only warn")
    ] = "error"


class Freshness(Section):
    """How old the newest value of a column may be. It is judged by the clock of each run, in UTC."""

    column: Annotated[str, Field(description="a column of type date (its first moment counts) or datetime")]
    max_age: Annotated[
        str,
        Field(
            strict=True,
            description="a number of m, h, d or w: `90m`, `36h`, `7d`, `2w`",
            json_schema_extra={"pattern": AGE},
        ),
        AfterValidator(_age),
    ]
    severity: Annotated[Severity, Field(description="whether stale data fail the run or only warn")] = "error"


ColumnName = Annotated[str, Field(min_length=1, max_length=LONGEST)]


class Contract(Section):
    """The whole of a contract file."""

    schema_: Annotated[Literal[1], Field(alias="schema", description="version of this file's layout")]
    description: Annotated[str | None, Field(description="what the data set is")] = None
    columns: Annotated[
        dict[ColumnName, Annotated[Column, BeforeValidator(_mapping)]],
        Field(max_length=20_000, description="the columns that must be there"),
        BeforeValidator(_columns),
    ]
    column_order: Annotated[
        Literal["any", "strict"],
        Field(
            description="strict: the columns stand in the data in the order of this file; extra ones may stand between"
        ),
    ] = "any"
    extra_columns: Annotated[
        Literal["allow", "forbid"], Field(description="whether the data may hold columns not named here")
    ] = "allow"
    rows: Annotated[
        Rows, Field(description="bounds on the number of rows; no rows at all pass only with min: 0")
    ] = Rows()
    primary_key: Annotated[
        tuple[str, ...],
        Field(description="columns whose values together are there, and different, in each row"),
    ] = ()
    checks: Annotated[
        tuple[RowCheck, ...], Field(max_length=1_000, description="conditions between columns")
    ] = ()
    freshness: Annotated[Freshness | None, Field(description="how old the newest row may be")] = None
    missing_values: Annotated[
        tuple[Annotated[str, Field(max_length=100), AfterValidator(_gap)], ...],
        Field(
            max_length=100,
            description="texts that mean 'no value' in a CSV or JSON lines file. NaN and inf are no numbers unless they are listed; "
            "in Parquet a NaN is 'no value', as in pandas",
        ),
    ] = ("",)

    @field_validator("missing_values")
    @classmethod
    def _some(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        if not texts:
            raise ValueError("is empty; leave it out and the empty field means 'no value'")
        return texts

    @field_validator("primary_key")
    @classmethod
    def _of_columns(cls, key: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        columns: Mapping[str, Column] = info.data.get("columns", {})
        for name in key:
            if columns and name not in columns:
                raise ValueError(_no_column(name, columns))
        if len(set(key)) < len(key):
            raise ValueError("names a column twice")
        return key


def parse_contract(tree: Any, name: str, line_of: LineOf = lambda path: 1) -> Contract:  # noqa: ARG005
    """The contract in a YAML tree. Raises ConfigError with every problem as `name:line: path: reason`."""
    contract = parse_model(Contract, tree, name, line_of)
    problems = [
        f"{name}:{line_of(path)}: {_dotted(path)}: {reason}" for path, reason in _cross_references(contract)
    ]
    if problems:
        raise ConfigError("\n".join(problems), problems=problems)
    return contract


def condition(contract: Contract, check: RowCheck) -> Node:
    """A check of the contract as a typed tree. Raises ValueError for one that cannot be right."""
    return parse_condition(
        check.expression, {name: KINDS[column.type] for name, column in contract.columns.items()}
    )


def _cross_references(contract: Contract) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong between the parts of a contract, each of them right by itself."""
    names = [check.name for check in contract.checks]
    for index, check in enumerate(contract.checks):
        if check.name in names[:index]:
            yield ("checks", index, "name"), f"{check.name!r} stands twice; give each check a name of its own"
        try:
            condition(contract, check)
        except ValueError as error:
            yield ("checks", index, "expression"), str(error)
    fresh = contract.freshness
    if fresh is None:
        return
    if fresh.column not in contract.columns:
        yield ("freshness", "column"), _no_column(fresh.column, contract.columns)
    elif contract.columns[fresh.column].type not in {"date", "datetime"}:
        kind = contract.columns[fresh.column].type
        yield ("freshness", "column"), f"{quoted(fresh.column)} is of type {kind}, which tells no time"


def _no_column(name: str, columns: Mapping[str, Column]) -> str:
    close = get_close_matches(name, columns, n=1)
    return f"{quoted(name)} is no column of this contract" + (
        f"; did you mean {close[0]!r}?" if close else ""
    )


def _dotted(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
