"""How data sets and their contracts differ from the base, as a record keeps it: strict and bounded."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from mltools.core.parts import Count, Hash, Name, Part, Text

MOST_SETS = 1_000
MOST_COLUMNS = 300
MOST_REASONS = 100
MOST_VALUES = 10
LONGEST_VALUE = 100

Share = Annotated[float, Field(ge=0, le=1)]
Band = Literal["stable", "moderate", "large"]
BANDS: tuple[Band, ...] = ("stable", "moderate", "large")
Level = Literal["same", "compatible", "additive", "breaking"]
Category = Annotated[str, Field(max_length=LONGEST_VALUE)]
Categories = Annotated[tuple[Category, ...], Field(max_length=MOST_VALUES)]


class ColumnChange(Part):
    """A column on both sides: what it is kept as, the share of rows without a value, categories, drift.

    `new` and `gone` are the first categories that one side alone has, `new_count` and `gone_count` how many there are.
    `psi` is the population stability index against the base, None where it cannot be told, and `unclear` says why; up
    to `noise` it is chance.
    """

    name: Name
    kind: Literal["kept", "added", "removed", "retyped"]
    type: Name | None = None
    base_type: Name | None = None
    nulls: Share | None = None
    base_nulls: Share | None = None
    new: Categories = ()
    gone: Categories = ()
    new_count: Count = 0
    gone_count: Count = 0
    psi: Annotated[float, Field(ge=0)] | None = None
    noise: Annotated[float, Field(ge=0)] = 0.0
    band: Band | None = None
    unclear: Name = ""

    @property
    def changed(self) -> bool:
        """Whether there is anything to tell of the column."""
        return (
            self.kind != "kept"
            or bool(self.new_count or self.gone_count)
            or self.nulls != self.base_nulls
            or self.band not in {None, "stable"}
        )

    @property
    def too_few(self) -> bool:
        """Whether there is an index to tell, but too few rows to tell it from chance."""
        return self.psi is None and self.noise > 0

    def drifted(self, limit: float) -> bool:
        """Whether the index is beyond a limit, and beyond chance."""
        return self.psi is not None and self.psi > max(limit, self.noise)


class DataChange(Part):
    """A data set against the base's; `was` is its path there when it has another one now.

    `contract` classifies the change of the contract, None when one of the two cannot be read; `reasons` say why, the
    worst first. `problem` says why the contents cannot be compared. `more` columns that changed are not listed.
    """

    path: Name
    was: Name | None = None
    kind: Literal["same", "changed", "added", "removed"]
    md5: Hash | None = None
    base_md5: Hash | None = None
    rows: Count | None = None
    base_rows: Count | None = None
    bytes: Count | None = None
    base_bytes: Count | None = None
    contract: Level | None = None
    reasons: Annotated[tuple[Text, ...], Field(max_length=MOST_REASONS)] = ()
    columns: Annotated[tuple[ColumnChange, ...], Field(max_length=20_000)] = ()
    more: Count = 0
    problem: Text | None = None

    @property
    def worst(self) -> ColumnChange | None:
        """The column that drifted most."""
        return max(
            (column for column in self.columns if column.psi is not None),
            key=lambda column: column.psi or 0.0,
            default=None,
        )


def compact(changes: Sequence[DataChange]) -> tuple[DataChange, ...]:
    """The changes as a record keeps them: data sets that differ, and of their columns those with something to tell."""
    return tuple(
        _compact(change) for change in changes if change.kind != "same" or change.contract != "same"
    )[:MOST_SETS]


def _compact(change: DataChange) -> DataChange:
    told = [column for column in change.columns if column.changed]
    # The largest drift first counts where there is no room for all; the order of the data stays.
    most = sorted(told, key=lambda column: (column.kind == "kept", -(column.psi or 0.0)))[:MOST_COLUMNS]
    names = {column.name for column in most}
    kept = tuple(column for column in told if column.name in names)
    return change.model_copy(update={"columns": kept, "more": len(told) - len(kept)})
