"""The sentence for each rule that rows break. A new rule is a line in SENTENCES."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mltools.core.contract import Column, RowCheck
from mltools.core.names import shown, title

TEXT = "text"
JSON = "JSON"
LISTED = 8


@dataclass(frozen=True, slots=True)
class Fault:
    """What a sentence is made of; `kept_as` is how the data keep the column's values (TEXT: CSV)."""

    name: str
    column: Column
    count: int
    extreme: int | float | str | None
    rows: int
    kept_as: str = TEXT


def share(count: int, rows: int) -> str:
    return f"{count:,} of {rows:,} row{'s' * (rows != 1)}"


def sentence(rule: str, fault: Fault) -> str:
    """Such as "3 of 569 rows: mean_radius above maximum 30 (largest 31.2)"."""
    return f"{share(fault.count, fault.rows)}: {title(fault.name)} {SENTENCES[rule](fault)}"


def broken_check(check: RowCheck, count: int, rows: int) -> str:
    """Such as "3 of 569 rows: check stay does not hold: discharge >= admission"."""
    return f"{share(count, rows)}: check {check.name} does not hold: {shown(check.expression, 200)}"


def newest(name: str, column: Column, value: str) -> str:
    """The start of a sentence about the newest value of a column."""
    told = "" if column.role == "sensitive" else f" ({shown(value, 40)})"
    return f"the newest {title(name)}{told}"


def _type(fault: Fault) -> str:
    article = "an" if fault.column.type == "integer" else "a"
    kept_as = "" if fault.kept_as in {TEXT, JSON} else f"; the file keeps it as {shown(fault.kept_as, 60)}"
    return f"is not {article} {fault.column.type}{kept_as}"


def _gaps(fault: Fault) -> str:
    return f"has no value, a share of {fault.count / fault.rows:.4g}; at most {fault.column.max_null_fraction:.4g} may be"


def _none_of(values: Sequence[object]) -> str:
    return f"is {'not' if len(values) == 1 else 'none of'} {_choice(values)}"


def _choice(values: Sequence[object]) -> str:
    listed = ", ".join(shown(repr(value), 60) for value in values[:LISTED])
    return listed + (f" and {len(values) - LISTED:,} more" if len(values) > LISTED else "")


def _length(count: int | None) -> str:
    return f"{count:,} character{'s' * (count != 1)}"


def _furthest(word: str, fault: Fault) -> str:
    return "" if fault.extreme is None else f" ({word} {_value(fault.extreme)})"


def _value(value: object) -> str:
    return f"{value:.12g}" if isinstance(value, float) else shown(str(value), 80)


SENTENCES: Mapping[str, Callable[[Fault], str]] = {
    "type": _type,
    "required": lambda _: "has no value",
    "primary_key": lambda _: "has no value, but is part of the primary key",
    "max_null_fraction": _gaps,
    "minimum": lambda fault: f"below minimum {_value(fault.column.minimum)}{_furthest('smallest', fault)}",
    "maximum": lambda fault: f"above maximum {_value(fault.column.maximum)}{_furthest('largest', fault)}",
    "enum": lambda fault: _none_of(fault.column.enum or ()),
    "pattern": lambda fault: f"does not match {shown(fault.column.pattern or '', 200)}",
    "min_length": lambda fault: (
        f"shorter than {_length(fault.column.min_length)}{_furthest('shortest', fault)}"
    ),
    "max_length": lambda fault: (
        f"longer than {_length(fault.column.max_length)}{_furthest('longest', fault)}"
    ),
    "unique": lambda _: "repeats the value of an earlier row",
}
