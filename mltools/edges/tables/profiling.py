"""The profile of a data set in two passes: the first finds out how values spread, the second counts them.

Whatever the threads and the order of rows and files, the same rows give the same profile to the byte: the sample that
edges are chosen from is by hash, bins are counted exactly, and sums are of whole numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mltools.core.contract import Contract
from mltools.core.measured import profiled
from mltools.core.measuring import SAMPLE, Answer, Ask, Subject, ask
from mltools.core.profile import ColumnProfile, Profile
from mltools.edges.tables import profile_sql
from mltools.edges.tables.cells import Slot
from mltools.edges.tables.profile_sql import Asked, Place
from mltools.edges.tables.reading import Data, Progress, opened_data

# So many columns at once, as each thread keeps a sample of each; more where rows are so few that no sample is taken.
BATCH = 50
WIDEST = 1_000


def profile(path: Path, contract: Contract, *, name: str, progress: Progress | None = None) -> Profile:
    """What the columns of the contract hold in the data at `path`, of which messages say `name`.

    A column that the data have not is left out. `progress` is told how far it is, from 0 to 1. Raises DataError for
    data that cannot be read.
    """
    way = _Way(progress)
    with opened_data(
        path,
        name,
        wanted=tuple(contract.columns),
        missing=contract.missing_values,
        progress=None if progress is None else way.tell,
    ) as data:
        places = [
            Place(
                Subject.of(column, contract),
                Slot(there[column], contract.columns[column], data.header[column]),
            )
            for there in ({name: index for index, name in enumerate(data.header)},)
            for column in contract.columns
            if column in there
        ]
        # Parquet tells how many rows it has without being read.
        known = (
            data.row(f"SELECT count(*) FROM {data.scan}")[0]
            if not places or data.files.what.format == "parquet"
            else None
        )
        columns: list[ColumnProfile] = []
        while len(columns) < len(places):
            few = known is not None and known <= SAMPLE
            batch = places[len(columns) : len(columns) + (WIDEST if few else BATCH)]
            way.stretch(len(columns) / len(places), (len(columns) + len(batch)) / len(places))
            known, found = _columns(data, batch, way, few=few)
            columns += found
    return Profile(rows=known or 0, columns=tuple(columns))


def _columns(
    data: Data, places: Sequence[Place], way: "_Way", *, few: bool
) -> tuple[int, list[ColumnProfile]]:
    rows, sample, *found = data.row(profile_sql.look(data.scan, places, few=few))
    way.half()
    every = [
        Asked(place, look, ask(place.subject, look))
        for place, look in zip(places, profile_sql.looks(places, sample, found), strict=True)
    ]
    asked = [item for item in every if item.ask != Ask()]
    counted = data.row(profile_sql.answers(data.scan, asked)) if asked else ()
    answers = dict(
        zip((item.place.slot.index for item in asked), profile_sql.answered(asked, counted), strict=True)
    )
    return rows, [
        profiled(item.place.subject, rows, item.look, item.ask, answers.get(item.place.slot.index, Answer()))
        for item in every
    ]


@dataclass(slots=True)
class _Way:
    """How far a profile is, of which each query is a stretch."""

    progress: Progress | None
    start: float = 0.0
    end: float = 1.0

    def stretch(self, start: float, end: float) -> None:
        """Two queries follow, from here to there."""
        self.start, self.end = start, (start + end) / 2

    def half(self) -> None:
        """The first of them is over."""
        self.start, self.end = self.end, 2 * self.end - self.start

    def tell(self, share: float) -> None:
        if self.progress is not None:
            self.progress(self.start + (self.end - self.start) * share)
