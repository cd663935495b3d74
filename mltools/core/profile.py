"""The profile of a data set: what each column holds, in a few kB of counts and without a row.

It is stored with each run, so that later comparisons (`drift`) need no data. The models are strict and bounded, because
a profile may come out of an artifact that a stranger's pull request made.
"""

import hashlib
import json
from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from mltools.core.contract import LONGEST, ColumnType, Role
from mltools.core.names import shown
from mltools.core.parts import Part
from mltools.errors import ConfigError

SCHEMA: Literal[1] = 1
MOST_COLUMNS = 20_000
MOST_BINS = 128
# So many values of a column are counted one by one; what others there are is one number.
NAMED = 50
LONGEST_NAMED = 100
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)

Count = Annotated[int, Field(strict=True, ge=0, le=2**63)]
Whole = Annotated[int, Field(strict=True, ge=-(2**63), le=2**64)]
Real = Annotated[float, Field(strict=True)]
Number = Annotated[Whole | Real, Field(union_mode="left_to_right")]
Moment = Annotated[str, Field(strict=True, max_length=40)]
Label = Annotated[str, Field(strict=True, max_length=LONGEST_NAMED)]


class Histogram(Part):
    """How many values lie in each bin. `edges` are the upper ends, in days or seconds since 1970 for dates and times.

    A bin holds what is above the edge before it, up to and with its own; the first begins at `low`, the minimum; the
    last edge is the maximum. Where an edge stands twice, the second bin holds what equals it, and the first does not.
    In a `discrete` histogram all values are edges.
    """

    low: Number
    edges: Annotated[tuple[Number, ...], Field(min_length=1, max_length=MOST_BINS)]
    counts: Annotated[tuple[Count, ...], Field(min_length=1, max_length=MOST_BINS)]
    discrete: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if len(self.edges) != len(self.counts):
            raise ValueError("has not one count for each edge")
        if self.low > self.edges[0]:
            raise ValueError("begins above its first edge")
        if any(first > second for first, second in pairwise(self.edges)) or any(
            first == third for first, third in zip(self.edges, self.edges[2:], strict=False)
        ):
            raise ValueError("has edges that are not in order")
        return self


class Spread(Part):
    """How numbers, dates or times spread. Bounds and quantiles of dates and times are ISO 8601 text, in UTC.

    `mean` and `std` (of the whole, not a sample) are of numbers only. Quantiles are good to within a bin.
    """

    minimum: Number | Moment | None = None
    maximum: Number | Moment | None = None
    mean: Real | None = None
    std: Annotated[float, Field(strict=True, ge=0)] | None = None
    quantiles: (
        Annotated[dict[Annotated[str, Field(pattern=r"^0\.\d{1,6}$")], Number | Moment], Field(max_length=20)]
        | None
    ) = None
    histogram: Histogram | None = None


class _Counted(Part):
    name: Annotated[str, Field(strict=True, min_length=1, max_length=LONGEST)]
    type: ColumnType
    role: Role | None = None
    count: Count
    nulls: Count
    invalid: Count = 0
    distinct: Count | None = None


class ColumnProfile(Spread, _Counted):
    """One column. `count` values, `nulls` rows without one, `invalid` rows with one that is not of the type.

    `categories` are values with their rows, the most frequent first; the rows of all `other` values are one number.
    Text has `lengths` in characters. An identifier and a sensitive column hold counts alone.
    """

    categories: (
        Annotated[
            tuple[tuple[Annotated[bool, Field(strict=True)] | Label, Count], ...], Field(max_length=NAMED)
        ]
        | None
    ) = None
    other: Count | None = None
    lengths: Spread | None = None

    @property
    def rows(self) -> int:
        return self.count + self.nulls + self.invalid

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        spreads = [part.histogram for part in (self, self.lengths) if part is not None and part.histogram]
        if any(sum(histogram.counts) != self.count for histogram in spreads):
            raise ValueError("has bins that do not add up to its values")
        if (self.categories is None) != (self.other is None):
            raise ValueError("has categories without the rest, or the rest without categories")
        if self.categories is not None:
            if sum(count for _, count in self.categories) + (self.other or 0) != self.count:
                raise ValueError("has categories that do not add up to its values")
            if len({value for value, _ in self.categories}) < len(self.categories):
                raise ValueError("has a category twice")
        return self


class Profile(Part):
    """A whole data set."""

    schema_: Literal[1] = Field(default=SCHEMA, alias="schema")
    rows: Count
    columns: Annotated[tuple[ColumnProfile, ...], Field(max_length=MOST_COLUMNS)]

    model_config = ConfigDict(
        defer_build=True, frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )

    @model_validator(mode="after")
    def _of_the_same_rows(self) -> Self:
        for column in self.columns:
            if column.rows != self.rows:
                raise ValueError(f"column {shown(column.name)!r} has {column.rows} rows, not {self.rows}")
        _refuse_doubles(column.name for column in self.columns)
        return self

    def as_json(self) -> dict[str, Any]:
        """The profile as a JSON tree; what a column has not is left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=False)

    def column(self, name: str) -> ColumnProfile | None:
        return next((column for column in self.columns if column.name == name), None)


def profile_id(profile: Profile) -> str:
    """By which equal profiles are known: 16 hexadecimal digits of the SHA-256 of its canonical JSON."""
    text = json.dumps(profile.as_json(), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def parse_profile(tree: Any, name: str) -> Profile:
    """The profile in a JSON tree. Raises ConfigError naming the first field that is wrong; trusts nothing."""
    try:
        return Profile.model_validate(tree)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ConfigError(
            f"{name}: not a data profile: {shown(where, 200)}: {shown(first['msg'], 300)}"
        ) from error


def _refuse_doubles(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"column {shown(name)!r} stands twice")
        seen.add(name)
