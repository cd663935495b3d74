"""What was seen of a data set, for a contract to be inferred from: counts and extremes, no rows.

`edges.tables.observing` fills these values, in two steps: which types the values of a column have (`Counted`), then what
they are under the type that was chosen (`Seen`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mltools.core.contract import ColumnType, Value
from mltools.core.wording import TEXT

# What people write for "no value" in text files. Beside numbers, dates and truth values there is no doubt about them;
# those that are SURE are taken for gaps beside words too ("NA" may be Namibia, "-" and "none" an answer).
SURE = ("#N/A", "<NA>", "N/A", "n/a", "NULL", "null", "NaN", "nan")
GAPS = (*SURE, "NA", "na", "None", "none", "#NA", "NIL", "nil", "-", "--", "?", ".", "missing", "Missing")

# Types from the narrowest to the widest. `boolean` and `integer` share 0 and 1; names tell them apart.
NARROW: tuple[ColumnType, ...] = ("boolean", "integer", "number", "date", "datetime")
# In JSON a category may be spelled with numbers, a string may not.
WIDE: tuple[ColumnType, ...] = ("string", "category")

# Shapes of text that are known well enough to be asked for, the narrowest first.
SHAPES: Mapping[str, str] = {
    "uuid": "[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}",
    "digits": "[0-9]+",
    "digest": "[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}",
    "url": r"https?://\S+",
}
# What a person goes by. Looked for to keep values out of comments and reports, not to be asked for.
PERSONAL = r"[^@\s]+@[^@\s]+\.[^@\s.]+"


@dataclass(frozen=True, slots=True)
class Counted:
    """How many of the `rows` have a value in a column, and how many of the values are of each type it could have.

    `padded` values are digits that begin with a zero, `pointed` ones are written with a decimal point or kept as
    floating-point numbers; `gaps` are the texts of GAPS among the values, with their rows, which are counted as no type.
    """

    name: str
    kept_as: str
    rows: int
    values: int
    fits: Mapping[ColumnType, int] = field(default_factory=dict)
    padded: int = 0
    pointed: int = 0
    gaps: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """A column under its type. `values` rows have one.

    `minimum` and `maximum` of dates and times are ISO 8601 text; `at_minimum` and `at_maximum` rows have just these,
    counted for round numbers only. `distinct` is an estimate unless `exact`. `top` are values with their rows, the most frequent first: all of them
    when `complete`. `mean` and `std` are of numbers; lengths, in characters, and `shape` (a key of SHAPES that every
    value has) are of text, as is whether values look `personal`.
    """

    name: str
    type: ColumnType
    values: int
    kept_as: str = TEXT
    minimum: Value | None = None
    maximum: Value | None = None
    at_minimum: int = 0
    at_maximum: int = 0
    mean: float | None = None
    std: float | None = None
    distinct: int = 0
    exact: bool = False
    top: tuple[tuple[Value, int], ...] = ()
    complete: bool = False
    shortest: int | None = None
    longest: int | None = None
    shape: str | None = None
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Observed:
    """A data set. `missing` are the texts that were taken for "no value", with their rows; "" is not among them.

    `left_out` are columns that no contract can name or whose kind it does not know, each with the reason.
    """

    name: str
    rows: int
    columns: tuple[Seen, ...]
    missing: Mapping[str, int] = field(default_factory=dict)
    left_out: tuple[tuple[str, str], ...] = ()

    def column(self, name: str) -> Seen | None:
        return next((seen for seen in self.columns if seen.name == name), None)


def gaps_among(counted: Counted) -> frozenset[str]:
    """The texts in a column that can only mean "no value": the sure ones, and any of GAPS beside values of one type."""
    there = frozenset(counted.gaps)
    others = counted.values - sum(counted.gaps.values())
    typed = others > 0 and any(counted.fits.get(kind, 0) == others for kind in NARROW)
    return there if typed and not counted.padded else there & frozenset(SURE)


def chosen(counted: Counted, missing: frozenset[str], *, truth: bool) -> ColumnType | None:
    """The narrowest type that all values have, `missing` aside; None when the file keeps them as no type has it.

    `truth` says that the column's name asks a question: then 0 and 1 are its answers. Digits that begin with a zero
    are a code, such as a postal one, and no number. Whole numbers that are all written with a point are integers only
    in a column with gaps, where pandas writes them so.
    """
    values = counted.values - sum(rows for text, rows in counted.gaps.items() if text in missing)
    if not values:
        return _kept(counted)
    fitting = [kind for kind in NARROW if counted.fits.get(kind, -1) == values]
    if counted.padded:
        fitting = [kind for kind in fitting if kind not in {"integer", "number", "boolean"}]
    if "boolean" in fitting and "integer" in fitting and not truth:
        fitting.remove("boolean")
    if fitting[:1] == ["integer"] and counted.pointed == values == counted.rows:
        fitting.remove("integer")
    if fitting:
        return fitting[0]
    words = counted.values - sum(counted.gaps.values())
    return next((kind for kind in WIDE if counted.fits.get(kind, -1) == words), None)


def _kept(counted: Counted) -> ColumnType | None:
    """The type of a column without any value, which only the file can tell."""
    if counted.kept_as.startswith("TIMESTAMP"):
        return "datetime"
    if counted.kept_as.startswith(("FLOAT", "DOUBLE", "DECIMAL")):
        return "number"
    if "string" in counted.fits:
        return "string"
    return next((kind for kind in NARROW if kind in counted.fits), None)
