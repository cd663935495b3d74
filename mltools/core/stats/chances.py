"""What a model thinks of each of several classes: a table of probabilities, a row for each row, a column for each class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mltools.core.names import class_name
from mltools.core.stats.columns import numbers
from mltools.core.stats.values import Array, Floats, Ints, Undecided

# Probabilities that are written with few digits do not sum to one exactly.
ROUNDING = 0.01
SHOWN = 30


@dataclass(frozen=True, slots=True)
class Chances:
    """`values[row, column]` is the probability of the class that `classes[column]` names."""

    classes: tuple[str, ...]
    values: Floats

    def take(self, order: Ints) -> "Chances":
        """The rows at these places, in this order."""
        return Chances(self.classes, self.values[order])

    def same(self, other: "Chances") -> bool:
        return self.classes == other.classes and np.array_equal(self.values, other.values)

    def places(self, target: Array) -> Ints | Undecided:
        """The column of what happened, row by row."""
        names, place = np.unique(target, return_inverse=True)
        columns = {name: column for column, name in enumerate(self.classes)}
        wanted = [class_name(name) for name in names]
        unknown = [name for name in wanted if name not in columns]
        if unknown:
            return Undecided(f"no column has the probability of the class {unknown[0][:SHOWN]}")
        return np.array([columns[name] for name in wanted])[place]

    def of(self, target: Array) -> Floats | Undecided:
        """The probability of what happened, row by row."""
        at = self.places(target)
        return at if isinstance(at, Undecided) else self.values[np.arange(len(target)), at]


def chances(columns: Mapping[str, Array | Sequence[Any]], what: str) -> Chances | Undecided:
    """The columns of probabilities by their classes, at least one; `what` names the side in reasons."""
    found: list[Floats] = []
    names = sorted(
        columns
    )  # whatever their order in the file, sums over classes are the same to the last digit
    for name in names:
        values = numbers(columns[name], f"the probability of {name[:SHOWN]} in {what}")
        if isinstance(values, Undecided):
            return values
        found.append(values)
    table = np.column_stack(found)
    if table.size and (table.min() < 0 or table.max() > 1):
        return Undecided(
            f"the scores of {what} run from {table.min():.4g} to {table.max():.4g}, so they are no probabilities"
        )
    sums = table.sum(axis=1)
    wrong = np.flatnonzero(np.abs(sums - 1) > ROUNDING)
    if wrong.size:
        return Undecided(
            f"the probabilities of row {wrong[0] + 1:,} of {what} sum to {sums[wrong[0]]:.4g}, not to 1"
        )
    return Chances(tuple(names), table)
