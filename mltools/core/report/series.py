"""The metrics of the last runs of the base branch, and of this one, as series of values."""

from collections.abc import Sequence
from dataclasses import dataclass

from mltools.core.metrics import lookup, number
from mltools.core.records import Record
from mltools.core.report.around import Past
from mltools.core.report.rows import rows

MOST_SERIES = 6
HERE = "this change"


@dataclass(frozen=True, slots=True)
class Series:
    """One metric over the runs, None where a run does not have it; the last value is this run's."""

    name: str
    values: tuple[float | None, ...]

    @property
    def known(self) -> tuple[float, ...]:
        return tuple(value for value in self.values if value is not None)


def series(record: Record, history: Sequence[Past]) -> tuple[Series, ...]:
    """The metrics that gates judge, else the first that are there; only those with two values or more."""
    measured = [row for row in rows(record) if row.measured]
    wanted = [row for row in measured if row.gates] or measured
    found = []
    for row in wanted:
        past = [number(lookup(run.metrics, row.name)) for run in history]
        one = Series(row.name, (*past, number(row.now)))
        if len(one.known) > 1:
            found.append(one)
        if len(found) == MOST_SERIES:
            break
    return tuple(found)
