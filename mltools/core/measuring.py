"""What to measure of a column in which pass, for `measured` to make its profile of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import frexp, isfinite, sqrt
from typing import Any, Literal

from mltools.core import bins
from mltools.core.bins import Number
from mltools.core.contract import Column, Contract
from mltools.core.profile import NAMED

Kind = Literal["hidden", "identifier", "truth", "text", "number"]

# Rows out of which the edges of bins are chosen; of so few, a column is measured at once.
SAMPLE = 10_000
# A category with more values than this is free text.
MOST_LABELS = 1_000
# The estimate of how many values differ may be a little too low or too high.
ROOM = 10
# Lengths of text are counted one by one up to here, then in eight bins between each power of two and the next.
SHORT = 32
LENGTHS = (*range(SHORT), *(2**power * step // 8 for power in range(5, 32) for step in range(8, 16)))


@dataclass(frozen=True, slots=True)
class Subject:
    """A column and how it is measured. Dates are measured in days, times in microseconds, both since 1970."""

    name: str
    column: Column
    how: Kind

    @classmethod
    def of(cls, name: str, contract: Contract) -> "Subject":
        return cls(name, contract.columns[name], _kind(name, contract))


def _kind(name: str, contract: Contract) -> Kind:
    column = contract.columns[name]
    if column.role == "sensitive":
        return "hidden"
    if column.role == "id" or _identifies(name, column, contract):
        return "identifier"
    match column.type:
        case "boolean":
            return "truth"
        case "string" | "category":
            return "text"
        case _:
            return "number"


def _identifies(name: str, column: Column, contract: Contract) -> bool:
    """Whether one value tells one row: then values are rows. Measurements may be unique by chance, and moments."""
    alone = column.unique or contract.primary_key == (name,)
    return alone and column.type in {"integer", "string", "category"}


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long texts are: how many end in each of LENGTHS, the bounds, the sums of lengths and of their squares."""

    counts: tuple[int, ...]
    minimum: int
    maximum: int
    total: int
    squares: int


@dataclass(frozen=True, slots=True)
class Look:
    """What the first pass measured: rows with a value, values of the type, how many differ (as estimated).

    Of numbers and moments (days, microseconds) the bounds; of text the lengths, and of a category the most frequent
    values. `sample` holds up to SAMPLE values with their rows; values too long to be named are not in it.
    """

    present: int
    count: int
    distinct: int = 0
    true: int = 0
    minimum: Number = 0
    maximum: Number = 0
    sample: Mapping[Any, int] = field(default_factory=dict)
    frequent: tuple[str, ...] = ()
    lengths: Lengths | None = None

    @property
    def whole(self) -> bool:
        """Whether the sample is all there is."""
        return sum(self.sample.values()) == self.count


@dataclass(frozen=True, slots=True)
class Scale:
    """Values as whole numbers of 31 bits, so that their sums do not depend on the order in which they are added.

    The scaled value is (value - center) * 2**power, with value and center halved first where `halved`.
    """

    center: Number
    power: int
    halved: bool = False

    @classmethod
    def of(cls, minimum: Number, maximum: Number) -> "Scale":
        if isinstance(minimum, int) and isinstance(maximum, int):
            # Rounded up, so that no difference overflows 64 bits.
            return cls(-(-(minimum + maximum) // 2), min(0, 31 - (maximum - minimum).bit_length()))
        if isfinite(maximum - minimum):
            return cls(minimum / 2 + maximum / 2, min(1023, 31 - frexp(maximum - minimum)[1]))
        return cls(minimum / 2 + maximum / 2, 31 - frexp(maximum / 2 - minimum / 2)[1], halved=True)

    def moments(self, count: int, total: int, squares: int) -> tuple[float, float]:
        """Mean and standard deviation of values whose scaled values, and their squares, add up to these."""
        unit = Fraction(2) ** -self.power * (2 if self.halved else 1)
        mean = Fraction(total, count)
        spread = sqrt(Fraction(squares, count) - mean**2)
        return bins.rounded(float(Fraction(self.center) + mean * unit), spread * float(unit))


@dataclass(frozen=True, slots=True)
class Ask:
    """What the second pass has to count of a column: these values one by one, and the values between these edges."""

    values: tuple[Any, ...] = ()
    edges: tuple[Number, ...] = ()


def ask(subject: Subject, look: Look) -> Ask:
    """What is left to count after the first pass."""
    if not look.count or look.whole:
        return Ask()
    if subject.how == "number":
        codes = tuple(sorted(look.sample)) if len(look.sample) <= bins.MOST_CODES else ()
        return Ask(codes, bins.edges(look.sample, look.minimum, look.maximum, look.count))
    if subject.how == "text":
        every = lists_itself(subject) and look.distinct <= NAMED
        named = {*(look.frequent if every else look.sample), *map(str, subject.column.enum or ())}
        if len(named) <= most_labels(subject.column) and look.distinct <= most_labels(subject.column) + ROOM:
            return Ask(tuple(sorted(named)))
    return Ask()


def lists_itself(subject: Subject) -> bool:
    """Whether the values, where they are few, are to be known to the rarest: the contract does not list them."""
    return subject.how == "text" and subject.column.type == "category" and not subject.column.enum


def most_labels(column: Column) -> int:
    """With how many different values a text's values may be named."""
    return MOST_LABELS if column.type == "category" or column.enum else NAMED


@dataclass(frozen=True, slots=True)
class Answer:
    """What the second pass counted: of each value, of the others; in each bin; and two sums of scaled values."""

    values: tuple[int, ...] = ()
    others: int = 0
    bins: tuple[int, ...] = ()
    total: int = 0
    squares: int = 0
