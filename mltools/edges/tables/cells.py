"""One cell under its contract, as SQL: the raw value, and the value as the contract's type or NULL."""

from collections.abc import Mapping
from dataclasses import dataclass

from mltools.core.contract import Column, ColumnType, Value
from mltools.core.moments import moment
from mltools.core.wording import JSON, TEXT

INTEGERS = frozenset(
    f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
)
FLOATS = frozenset({"FLOAT", "DOUBLE"})

# DuckDB reads more as a number, a date or a truth value than a person writing data means: 1.5 as the integer 2,
# 1_000, 0x1F, 2024/1/5, y. So the form is checked first, then the value.
WHOLE = r"\s*[+-]?[0-9]+(\.0*)?\s*"
YEAR = r"(000[1-9]|00[1-9]\d|0[1-9]\d{2}|[1-9]\d{3})"  # there is no year 0
DAY = rf"\s*{YEAR}-\d{{2}}-\d{{2}}\s*"
INSTANT = (
    rf"\s*{YEAR}-\d{{2}}-\d{{2}}"
    r"([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s?(Z|[+-](0\d|1[0-4])(:?[0-5]\d)?)?)?\s*"
)
SQL_TYPE: Mapping[ColumnType, str] = {
    "integer": "BIGINT",
    "number": "DOUBLE",
    "string": "VARCHAR",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "category": "VARCHAR",
}
TRUE = "('true', 'True', 'TRUE', '1')"
FALSE = "('false', 'False', 'FALSE', '0')"

# How to take a value out of text. DuckDB's casts are lenient and its regular expressions cost more than its casts, so
# first comes the spelling that DuckDB itself would write, which needs no regular expression. Its length keeps out
# "infinity" and years beyond 9999. (TIMESTAMP drops an offset, TIMESTAMPTZ heeds it; the session is in UTC.)
FROM_TEXT: Mapping[ColumnType, str] = {
    "integer": f"""CASE
        WHEN CAST(TRY_CAST({{raw}} AS BIGINT) AS VARCHAR) = {{raw}} THEN TRY_CAST({{raw}} AS BIGINT)
        WHEN regexp_full_match({{raw}}, '{WHOLE}') THEN TRY_CAST({{raw}} AS BIGINT) END""",
    "number": "CASE WHEN isfinite({double}) AND NOT contains({raw}, '_') THEN {double} END",
    "boolean": f"CASE WHEN {{raw}} IN {TRUE} THEN true WHEN {{raw}} IN {FALSE} THEN false END",
    "date": f"""CASE
        WHEN CAST(TRY_CAST({{raw}} AS DATE) AS VARCHAR) = {{raw}} AND strlen({{raw}}) = 10 THEN TRY_CAST({{raw}} AS DATE)
        WHEN regexp_full_match({{raw}}, '{DAY}') THEN TRY_CAST({{raw}} AS DATE) END""",
    "datetime": f"""CASE
        WHEN CAST(TRY_CAST({{raw}} AS TIMESTAMP) AS VARCHAR) = {{raw}} AND strlen({{raw}}) = 19
            THEN TRY_CAST({{raw}} AS TIMESTAMP)
        WHEN regexp_full_match({{raw}}, '{INSTANT}') THEN CAST(TRY_CAST({{raw}} AS TIMESTAMPTZ) AS TIMESTAMP) END""",
    "string": "{raw}",
    "category": "{raw}",
}

# How to take a value out of the text of a JSON value. JSON tells text from numbers and truth values, so "5" is no number
# and 1 is not true; it has no word for moments. An object or a list is the text of JSON.
UNQUOTED = "json_extract_string({raw}, '$')"
FROM_JSON: Mapping[ColumnType, str] = {
    "integer": FROM_TEXT["integer"],
    "number": FROM_TEXT["number"],
    "boolean": "CASE {raw} WHEN 'true' THEN true WHEN 'false' THEN false END",
    "date": FROM_TEXT["date"].replace("{raw}", UNQUOTED),
    "datetime": FROM_TEXT["datetime"].replace("{raw}", UNQUOTED),
    "string": f"CASE WHEN {{raw}}[1] IN ('\"', '{{', '[') THEN {UNQUOTED} END",
    "category": f"CASE WHEN {{raw}}[1] NOT IN ('{{', '[') THEN {UNQUOTED} END",
}

MOMENT = "TRY_CAST({raw} AS TIMESTAMP)"
# As in text, a year has four digits, and infinity is no day.
WITHIN = "BETWEEN TIMESTAMP '0001-01-01 00:00:00' AND TIMESTAMP '9999-12-31 23:59:59.999999'"
WITHIN_DAYS = "BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'"

# How to take a value of the contract's type out of a column that the file keeps as another one. What is not here
# cannot be done: every value breaks the type.
FROM_TYPE: Mapping[tuple[str, ColumnType], str] = {
    ("whole", "integer"): "TRY_CAST({raw} AS BIGINT)",
    ("broken", "integer"): "CASE WHEN {raw} = trunc({raw}) THEN TRY_CAST({raw} AS BIGINT) END",
    ("whole", "number"): "{double}",
    ("broken", "number"): "CASE WHEN isfinite({double}) THEN {double} END",
    ("word", "string"): "CAST({raw} AS VARCHAR)",
    ("word", "category"): "CAST({raw} AS VARCHAR)",
    ("whole", "category"): "CAST({raw} AS VARCHAR)",
    ("truth", "category"): "CAST({raw} AS VARCHAR)",
    ("truth", "boolean"): "{raw}",
    ("day", "date"): f"CASE WHEN {{raw}} {WITHIN_DAYS} THEN {{raw}} END",
    ("day", "datetime"): f"CASE WHEN {{raw}} {WITHIN_DAYS} THEN CAST({{raw}} AS TIMESTAMP) END",
    ("instant", "date"): f"""CASE
        WHEN {{raw}} = date_trunc('day', {{raw}}) AND {MOMENT} {WITHIN} THEN CAST({{raw}} AS DATE) END""",
    ("instant", "datetime"): f"CASE WHEN {MOMENT} {WITHIN} THEN {MOMENT} END",
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A column under its contract: where it stands in the data, and what the data keep it as (TEXT, JSON, or a type)."""

    index: int
    column: Column
    kept_as: str

    @property
    def raw(self) -> str:
        return f"r{self.index}"

    @property
    def value(self) -> str:
        """The value as its type, NULL where there is none or it is not of the type."""
        return f"v{self.index}"

    @property
    def double(self) -> str:
        return f"d{self.index}"


def raw(slot: Slot) -> str:
    cell = f"c{slot.index}"
    # Pandas, and so most Parquet files, know one kind of gap in a float column: NaN.
    return f"CASE WHEN NOT isnan({cell}) THEN {cell} END" if slot.kept_as in FLOATS else cell


def typed(slot: Slot) -> str:
    kind = slot.column.type
    if slot.kept_as in {TEXT, JSON}:
        template: str | None = (FROM_TEXT if slot.kept_as == TEXT else FROM_JSON)[kind]
    else:
        template = FROM_TYPE.get((_family(slot.kept_as), kind))
    if template is None:
        return f"CAST(NULL AS {SQL_TYPE[kind]})"
    return template.replace("{raw}", slot.raw).replace("{double}", slot.double)


def _family(kept_as: str) -> str:
    if kept_as in INTEGERS:
        return "whole"
    if kept_as in FLOATS or kept_as.startswith("DECIMAL"):
        return "broken"
    if kept_as == "VARCHAR" or kept_as.startswith("ENUM"):
        return "word"
    if kept_as == "DATE":
        return "day"
    if kept_as.startswith("TIMESTAMP"):
        return "instant"
    return "truth" if kept_as == "BOOLEAN" else "other"


def constant(value: Value | None, column: Column) -> str:
    """A value of the contract as an SQL constant of the column's type."""
    match column.type:
        case "integer":
            return str(int(value or 0))
        case "number":
            return f"CAST({float(value or 0)!r} AS DOUBLE)"
        case "boolean":
            return str(bool(value)).lower()
        case "date":
            return f"DATE {literal(str(value))}"
        case "datetime":
            return f"TIMESTAMP {literal(moment(str(value)).replace(tzinfo=None).isoformat(' '))}"
        case _:
            return literal(str(value))


def literal(text: str) -> str:
    """A text as an SQL constant."""
    return "'" + text.replace("'", "''").replace("\0", "' || chr(0) || '") + "'"
