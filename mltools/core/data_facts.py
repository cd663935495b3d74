"""What gates over data judge: the data sets of a run, how they differ from the base, and what was counted in files."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mltools.core.data_changes import DataChange
from mltools.core.records import DataSet


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two files in which no row may have the same id; the id is the values of these columns together."""

    train: str
    test: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many different ids both files hold, out of how many; `examples` are the first of them, as text."""

    both: int
    train: int
    test: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Repeats:
    """How many rows of a file repeat an earlier one whole."""

    rows: int
    repeated: int

    @property
    def share(self) -> float:
        return self.repeated / self.rows if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class DataFacts:
    """`changes` is None on a first run; `unreadable` says why a comparison with the base cannot be made.

    A text in `overlaps` or `repeats` says why that could not be counted. `places` are the paths that can be meant:
    data sets of either side, outputs of the pipeline, files that are there.
    """

    sets: tuple[DataSet, ...] = ()
    changes: tuple[DataChange, ...] | None = None
    unreadable: str | None = None
    overlaps: Mapping[Pairing, Overlap | str] = field(default_factory=dict)
    repeats: Mapping[str, Repeats | str] = field(default_factory=dict)
    places: frozenset[str] = frozenset()

    @property
    def paths(self) -> tuple[str, ...]:
        """The data sets of either side."""
        before = [path for change in self.changes or () for path in (change.was, change.path) if path]
        return tuple(dict.fromkeys([*(data.path for data in self.sets), *before]))
