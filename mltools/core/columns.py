"""One column of a data contract: what its values must be, as typed, frozen values.

The words are those of Frictionless and JSON Schema where they exist. Rules that cannot be right together are refused.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from mltools.core.expressions import Kind
from mltools.core.moments import is_day, is_moment, moment
from mltools.core.patterns import unsupported
from mltools.core.strict import Section

ColumnType = Literal["integer", "number", "string", "boolean", "date", "datetime", "category"]
Role = Literal["id", "feature", "target", "time", "weight", "sensitive"]
Severity = Literal["error", "warn"]
Value = int | float | str | bool

KINDS: Mapping[ColumnType, Kind] = {
    "integer": "integer",
    "number": "number",
    "string": "text",
    "category": "text",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
}
RANGED = frozenset({"integer", "number", "date", "datetime"})
TEXTUAL = frozenset({"string", "category"})

# Longest text that a contract may hold in one place: a report line, not a document.
LONGEST = 1_000
# No bound lies beyond what a double-precision number can be.
FARTHEST = sys.float_info.max


def _scalar(value: Any) -> Any:
    if not isinstance(value, int | float | str | bool):
        raise ValueError(f"{quoted(value)} is not a number, a text or a truth value")  # noqa: TRY004 - pydantic reports ValueErrors
    if isinstance(value, int | float) and not abs(value) <= FARTHEST:
        raise ValueError(f"{quoted(value)} is no finite number that a column can hold")
    return value


def _pattern(pattern: str) -> str:
    fault = unsupported(pattern)
    if fault:
        raise ValueError(f"{quoted(pattern)}: {fault}")
    return pattern


Scalar = Annotated[Value, Field(union_mode="smart"), BeforeValidator(_scalar)]
Flag = Annotated[bool, Field(strict=True)]
Length = Annotated[int, Field(ge=0, strict=True)]


class Column(Section):
    """What the values of one column must be. Checks other than `type` look only at values that have the type."""

    type: Annotated[
        ColumnType,
        Field(
            description="integer (64 bits; 5.0 counts, as pandas writes it in columns with gaps), number (finite), "
            "string, category (text out of few values), boolean (true, True, TRUE, 1 / false, False, FALSE, 0), "
            "date (2026-01-31), datetime (ISO 8601; without an offset it is UTC)"
        ),
    ]
    required: Annotated[Flag, Field(description="every row has a value")] = False
    max_null_fraction: Annotated[
        float | None,
        Field(ge=0, le=1, strict=True, description="largest share of rows without a value, 0 to 1"),
    ] = None
    minimum: Annotated[Scalar | None, Field(description="smallest allowed value, itself allowed")] = None
    maximum: Annotated[Scalar | None, Field(description="largest allowed value, itself allowed")] = None
    enum: Annotated[
        tuple[Scalar, ...] | None, Field(min_length=1, max_length=10_000, description="the allowed values")
    ] = None
    pattern: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=LONGEST,
            strict=True,
            description="regular expression (RE2) that the whole value must match",
        ),
        AfterValidator(lambda pattern: pattern and _pattern(pattern)),
    ] = None
    min_length: Annotated[Length | None, Field(description="fewest characters")] = None
    max_length: Annotated[Length | None, Field(description="most characters")] = None
    unique: Annotated[Flag, Field(description="no value stands in two rows")] = False
    description: Annotated[str | None, Field(description="what the column means")] = None
    severity: Annotated[Severity, Field(description="whether a broken rule fails the run or only warns")] = (
        "error"
    )
    role: Annotated[
        Role | None,
        Field(description="what the column is for; of a sensitive one no value is shown in any report"),
    ] = None

    @field_validator("max_null_fraction")
    @classmethod
    def _no_gaps_in_required(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value and info.data.get("required"):
            raise ValueError("allows gaps, but 'required: true' allows none; keep one of them")
        return value

    @field_validator("minimum", "maximum")
    @classmethod
    def _bound(cls, value: Value | None, info: ValidationInfo) -> Value | None:
        kind = info.data.get("type")
        if value is None or kind is None:
            return value
        if kind not in RANGED:
            raise ValueError(f"means nothing for type {kind}; it is for {_listed(RANGED)}")
        _refuse_other_type(value, kind)
        smallest = info.data.get("minimum")
        if info.field_name == "maximum" and smallest is not None and ordinal(smallest) > ordinal(value):
            raise ValueError(f"{value} is below the minimum {smallest}, so no value could pass")
        return value

    @field_validator("enum")
    @classmethod
    def _of_the_type(cls, values: tuple[Value, ...] | None, info: ValidationInfo) -> tuple[Value, ...] | None:
        kind = info.data.get("type")
        for value in values or ():
            if kind is not None:
                _refuse_other_type(value, kind)
        if values and len(set(values)) < len(values):
            twice = next(value for value in values if values.count(value) > 1)
            raise ValueError(f"{quoted(twice)} stands twice")
        return values

    @field_validator("pattern", "min_length", "max_length")
    @classmethod
    def _of_text(cls, value: Any, info: ValidationInfo) -> Any:
        kind = info.data.get("type")
        if value is not None and kind is not None and kind not in TEXTUAL:
            raise ValueError(f"means nothing for type {kind}; it is for {_listed(TEXTUAL)}")
        shortest = info.data.get("min_length")
        if info.field_name == "max_length" and None not in {value, shortest} and shortest > value:
            raise ValueError(f"{value} is below min_length {shortest}, so no value could pass")
        return value


def ordinal(value: Value) -> Any:
    """A bound as a value that its kind is ordered by: a number, or a moment for dates and times."""
    return moment(value) if isinstance(value, str) else value


def _refuse_other_type(value: Value, kind: ColumnType) -> None:
    if not _FITS[kind](value):
        hint = "; put it in quotes" if kind in TEXTUAL else ""
        raise ValueError(f"{quoted(value)} is no {_NOUN.get(kind, kind)}{hint}")


def _is_text(value: Value) -> bool:
    return isinstance(value, str)


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_FITS: Mapping[ColumnType, Callable[[Value], bool]] = {
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "number": _is_number,
    "string": _is_text,
    "category": _is_text,
    "boolean": lambda value: isinstance(value, bool),
    "date": lambda value: isinstance(value, str) and is_day(value),
    "datetime": lambda value: isinstance(value, str) and is_moment(value),
}
_NOUN: Mapping[str, str] = {
    "string": "text",
    "category": "text",
    "date": "date such as '2026-01-31'",
    "datetime": "time such as '2026-01-31T12:00:00Z'",
    "boolean": "truth value",
}


def _listed(kinds: frozenset[str]) -> str:
    first, *rest = sorted(kinds)
    return f"{', '.join([first, *rest[:-1]])} and {rest[-1]}" if rest else first


def quoted(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - fits a line
