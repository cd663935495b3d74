"""A data set observed, for a contract to be inferred from it: a look at the first rows, then one pass over all.

The sample rules types out and tells which values a category seems to have and which columns may name rows, so that the
pass asks of each column what a rule may hang on and no more. Columns that turn out otherwise are asked once again, and
columns that seem to name rows are counted by themselves.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from mltools.core import telling
from mltools.core.contract import TEXTUAL, ColumnType
from mltools.core.inference import nameable
from mltools.core.names import title
from mltools.core.observed import Counted, Observed, chosen, gaps_among
from mltools.edges.tables import seeing
from mltools.edges.tables.looking import Column, bare, counted, ends, first_plan, next_plan, nothing, seen
from mltools.edges.tables.reading import Data, Progress, opened_data
from mltools.edges.tables.seeing import SAMPLE, Cell, Count, Plan
from mltools.edges.tables.text import SPOKEN
from mltools.errors import DataError

SAMPLE_ROWS = 20_000
SAMPLE_CELLS = 1_000_000
SAMPLE_FEWEST = 100
# Planning a query costs more than in proportion to its terms.
BATCH = 100
MOST_COLUMNS = 20_000
# Text columns with no more values have them all counted.
LOW = 200

Item = TypeVar("Item")


def observe(
    path: Path,
    name: str,
    *,
    missing: Sequence[str] | None = None,
    sample: int = SAMPLE_ROWS,
    progress: Progress | None = None,
) -> Observed:
    """What the data at `path` hold, of which messages say `name`.

    `missing` are the texts that a contract already takes for "no value"; without them they are found out. The
    first `sample` rows decide what is asked of all, which costs time where they mislead and never a rule. Raises
    DataError for data that cannot be read, and when a contract could not hold so many columns.
    """
    with opened_data(path, name, missing=missing or ("",), progress=progress) as data:
        if len(data.header) > MOST_COLUMNS:
            raise DataError(
                f"{name}: {len(data.header):,} columns; a contract holds {MOST_COLUMNS:,} at most",
                hint="where columns are rows turned on their side, store them as rows",
            )
        if missing is None:
            return _Observation(data, sample, find_gaps=True).result()
        found = _Observation(data, sample, find_gaps=False).result()
        return replace(found, missing=dict.fromkeys(sorted(set(missing) - {""}), 0))


@dataclass(slots=True)
class _Observation:
    """Data in the course of being observed; `missing` are the texts found so far to mean "no value"."""

    data: Data
    sample: int
    find_gaps: bool
    missing: frozenset[str] = frozenset()
    left_out: dict[str, str] = field(default_factory=dict)

    def result(self) -> Observed:
        cells = list(self._cells())
        rows, columns = self._columns(cells)
        for cell in cells:
            if cell not in columns:
                self.left_out[cell.name] = "its values are of kinds that no type of a contract takes together"
        gaps = Counter(dict.fromkeys(sorted(self.missing), 0))
        for column in columns.values():
            gaps.update(bare(column.answer.get("gaps")))
        found = tuple(seen(self._differing(columns[cell])) for cell in cells if cell in columns)
        return Observed(self.data.name, rows, found, dict(gaps), tuple(self.left_out.items()))

    def _cells(self) -> Iterator[Cell]:
        """The columns that a contract can name and knows the kind of."""
        for index, (name, kept_as) in enumerate(self.data.header.items()):
            cell = Cell(name, index, kept_as)
            reason = nameable(name)
            if reason is None and not cell.kinds:
                reason = f"the file keeps it as {kept_as}, which no type of a contract takes"
            if reason is None:
                yield cell
            else:
                self.left_out[name] = reason

    def _columns(self, cells: Sequence[Cell]) -> tuple[int, dict[Cell, Column]]:
        """The rows, and the columns by the first rows, then by all."""
        if not cells:
            return self.data.row(f"SELECT count(*) FROM {self.data.scan}")[0], {}
        most = min(self.sample, max(SAMPLE_CELLS // len(cells), SAMPLE_FEWEST))
        self.data.rows(seeing.sample(self.data.scan, cells, most))
        self._refuse_undivided(cells)
        found, differ = self._counted(cells, SAMPLE)
        plans = {
            cell: first_plan(kind, Count.EXACTLY, every=kind in TEXTUAL and differ[cell] <= LOW)
            for cell, kind in self._types(found).items()
        }
        sampled = next(iter(found.values())).rows
        columns = self._asked_below(plans, SAMPLE)
        if sampled < most:  # these were all rows, but long values were cut
            plans = {cell: replace(plan, ends=ends(columns[cell])) for cell, plan in plans.items()}
            return sampled, self._again(self._asked_below(plans, self.data.scan))
        plans = {cell: next_plan(column) for cell, column in columns.items()}
        rows, columns = self._asked(plans, self.data.scan)
        return rows, self._again(columns)

    def _refuse_undivided(self, cells: Sequence[Cell]) -> None:
        """Raise DataError for one column whose name and values all hold what separates fields elsewhere."""
        if len(self.data.header) > 1 or self.data.files.what.format != "csv":
            return
        (cell,) = cells
        for mark, spoken in SPOKEN.items():
            if mark in cell.name and self.data.row(seeing.holding(SAMPLE, cell, mark))[0]:
                raise DataError(
                    f"{self.data.name}: one column found, {title(cell.name)}: the fields are separated by {spoken}",
                    hint="save a .csv file with commas, a .tsv file with tabs",
                )

    def _again(self, columns: Mapping[Cell, Column]) -> dict[Cell, Column]:
        """The columns, those asked once more that are otherwise than the sample."""
        unfit = [cell for cell, column in columns.items() if not column.fits]
        before = self.missing
        types = self._types(self._counted(unfit, self.data.scan)[0])
        for cell, column in columns.items():
            # A text that means "no value" does so in all columns.
            fresh = not column.told or self.missing != before
            if column.fits and column.plan.kind in TEXTUAL and fresh:
                types[cell] = column.plan.kind
        again: dict[Cell, Column] = {}
        if types:
            plans = {cell: first_plan(kind, Count.ABOUT) for cell, kind in types.items()}
            _, again = self._asked(plans, self.data.scan)
            _, again = self._asked(
                {cell: next_plan(column) for cell, column in again.items()}, self.data.scan
            )
        found = {cell: column for cell, column in {**columns, **again}.items() if column.fits}
        return {cell: self._valued(column) for cell, column in found.items()}

    def _valued(self, column: Column) -> Column:
        """A column of text with all its values, if these are few and not there yet."""
        few = column.answer.get("distinct", LOW + 1) <= LOW or (column.plan.listed and column.told)
        if column.listed is not None or not column.short or not few:
            return column
        query = seeing.values(self.data.scan, column.cell, column.plan.kind, self.missing, LOW)
        answer = {**column.answer, "listed": dict(self.data.rows(query))}
        return replace(column, plan=replace(column.plan, every=True), answer=answer)

    def _differing(self, column: Column) -> Column:
        """A column that seems to name rows with its different values counted."""
        if not column.to_count:
            return column
        count = column.differing
        if count is None:
            kind = column.plan.kind
            query = seeing.differing(self.data.scan, column.cell, kind, self.missing, column.bounds)
            (count,) = self.data.row(query)
        answer = {**column.answer, "distinct": count}
        return replace(column, plan=replace(column.plan, distinct=Count.EXACTLY), answer=answer)

    def _counted(self, cells: Sequence[Cell], scan: str) -> tuple[dict[Cell, Counted], dict[Cell, int]]:
        """How many values of each column are of which type, and how many different ones there are."""
        found: dict[Cell, Counted] = {}
        differ: dict[Cell, int] = {}
        rows = self.data.row(f"SELECT count(*) FROM {scan}")[0] if cells else 0
        for kept_as in sorted({cell.kept_as for cell in cells}):
            alike = tuple(cell for cell in cells if cell.kept_as == kept_as)
            answers = dict(self.data.rows(seeing.kinds(scan, alike)))
            for place, cell in enumerate(alike):
                answer = answers.get(place, {})
                found[cell] = counted(cell, rows, answer)
                differ[cell] = answer.get("distinct", 0)
        return found, differ

    def _types(self, found: Mapping[Cell, Counted]) -> dict[Cell, ColumnType]:
        """The type of each column, but of those that have none; texts that mean "no value" are noted."""
        if self.find_gaps:
            self.missing = self.missing.union(*map(gaps_among, found.values()))
        types = {
            cell: chosen(count, self.missing, truth=telling.asking(cell.name))
            for cell, count in found.items()
        }
        return {cell: kind for cell, kind in types.items() if kind is not None}

    def _asked_below(self, plans: Mapping[Cell, Plan], scan: str) -> dict[Cell, Column]:
        """The columns as planned, those of a kind together; for few rows."""
        groups: dict[tuple[str, str], dict[Cell, Plan]] = {}
        for cell, plan in plans.items():
            groups.setdefault((cell.kept_as, plan.kind), {})[cell] = plan
        found = {}
        for group in groups.values():
            answers = dict(self.data.rows(seeing.look_below(scan, group, self.missing)))
            for place, (cell, plan) in enumerate(group.items()):
                answer = answers.get(place, nothing(plan))
                # A histogram of other columns holds nothing of this one.
                own = {name: value for name, value in answer.items() if name != "listed" or plan.every}
                found[cell] = Column.answered(cell, plan, own)
        return {cell: found[cell] for cell in plans}

    def _asked(self, plans: Mapping[Cell, Plan], scan: str) -> tuple[int, dict[Cell, Column]]:
        """The rows, and the columns as planned: in one pass unless there are very many."""
        rows, found = 0, {}
        for batch in tuple(_batches(tuple(plans))) or ((),):
            here = {cell: plans[cell] for cell in batch}
            rows, *answers = self.data.row(seeing.look(scan, here, self.missing))
            for cell, answer in zip(batch, answers, strict=True):
                found[cell] = Column.answered(cell, plans[cell], answer)
        return rows, found


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
