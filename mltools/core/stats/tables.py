"""Rows put together: equal rows of classes as cells of a table, rows of one group as one unit."""

from dataclasses import dataclass

import numpy as np

from mltools.core.stats.cases import Case
from mltools.core.stats.values import Array, Floats, Ints


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of target, base's and head's class, and how often to expect each."""

    target: Ints
    base: Ints
    head: Ints
    expected: Floats


@dataclass(frozen=True, slots=True)
class Groups:
    """Which group each row is in (`codes`), and how many rows each group has."""

    codes: Ints
    sizes: Ints

    @property
    def count(self) -> int:
        return len(self.sizes)

    def totals(self, values: Floats, part: slice = slice(None)) -> Floats:
        """The sums of the columns over each group, of all rows or of a part: groups x columns."""
        codes = self.codes[part]
        return np.stack(
            [np.bincount(codes, weights=column, minlength=self.count) for column in values.T], axis=1
        )


def grouped(names: Array) -> Groups:
    """The groups that a column names, in their order."""
    _, codes, sizes = np.unique(names, return_inverse=True, return_counts=True)
    return Groups(codes.astype(np.int64), sizes.astype(np.int64))


def class_table(base: Case, head: Case) -> Table:
    """The cells that are there, and a little of those that might have been.

    For two classes half a row is added to each of the eight cells (see `bootstrap.HALF`). For more the same four rows are
    spread over right and wrong of each model in each class, wrong meaning the next class.
    """
    classes = base.classes
    right = np.arange(classes)
    wrong = (right + 1) % classes
    shape = (classes, classes, classes)
    there = np.ravel_multi_index((base.target, base.prediction, head.prediction), shape)
    added = [
        np.ravel_multi_index((right, old, new), shape) for old in (right, wrong) for new in (right, wrong)
    ]
    cells, expected = _expected(there, np.concatenate(added), 1 / classes)
    target, old, new = np.unravel_index(cells, shape)
    return Table(target, old, new, expected)


def single_table(case: Case) -> Table:
    """As `class_table` for one model."""
    classes = case.classes
    right = np.arange(classes)
    shape = (classes, classes)
    there = np.ravel_multi_index((case.target, case.prediction), shape)
    added = [np.ravel_multi_index((right, said), shape) for said in (right, (right + 1) % classes)]
    cells, expected = _expected(there, np.concatenate(added), 1 / classes)
    target, said = np.unravel_index(cells, shape)
    return Table(target, said, said, expected)


def _expected(there: Ints, added: Ints, part: float) -> tuple[Ints, Floats]:
    """Each cell once, with the rows in it and the parts added to it."""
    cells, place = np.unique(np.concatenate([there, added]), return_inverse=True)
    weights = np.concatenate([np.ones(len(there)), np.full(len(added), part)])
    return cells, np.bincount(place, weights=weights).astype(np.float64)
