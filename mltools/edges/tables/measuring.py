"""The passes over an open data set that count what a contract's checks ask: exactly, and no dearer than need be.

A first look asks for cheap aggregates in one pass. Only checks that it finds broken are looked at again, for exact counts
and example rows. Repeated values are found in the same pass where reading costs most (text), else column by column.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mltools.core.contract import Contract
from mltools.core.names import shown
from mltools.core.validation import OF_ROWS, Check, Example, Measured, Tally, broken, plan
from mltools.edges.tables import sql
from mltools.edges.tables.engine import UnreadableError
from mltools.edges.tables.reading import Data
from mltools.edges.tables.sharing import WHOLE, Places, Share, everything, shared
from mltools.errors import DataError

# Planning a query costs more than in proportion to its terms: beyond so many, reading the file again is cheaper.
BATCH = 1_000
# A bit for each integer between the smallest and the largest is the cheapest set, while it is not much larger than the
# values themselves, and small: each thread has one (16 MiB).
BITS_FOR_A_VALUE = 64
MOST_BITS = 1 << 27

# How much is searched for examples, one after the other; None is all. Where so many times the examples that are wanted
# would not stand if they were strewn evenly, looking is left out.
LIKELY = 1.5
FIRST_ROWS = (1 << 16, 1 << 18, 1 << 20, 1 << 22, None)

KEY = Check("primary_key")

Span = Sequence[int | None]  # how many values, the smallest, the largest


def measure(data: Data, contract: Contract, *, examples: int, share: Share = WHOLE) -> Measured:
    """What this job counts of its share of the rows, with the first `examples` rows of each broken check.

    Raises DataError when the data cannot be read, or a condition between columns cannot be reckoned.
    """
    return _Pass(data, contract, examples, share).measured()


class _Pass:
    def __init__(self, data: Data, contract: Contract, examples: int, share: Share) -> None:
        self._data = data
        self._contract = contract
        self._examples = examples
        self._share = share
        self._layout = sql.layout(contract, data.header)
        self._rows = shared(data, share)

    def measured(self) -> Measured:
        checks = plan(self._contract, self._data.header)
        apart = [check for check in checks if _of_repeats(check)] if self._apart else []
        spans = [check for check in apart if self._share.whole and self._of_integers(check)][:BATCH]
        rows, tallies, bounds = self._first_look([check for check in checks if check not in apart], spans)
        tallies |= {check: Tally(self._repeated(check, bounds.get(check))) for check in apart}
        tallies |= self._recounted(
            [check for check in checks if check.rule in sql.BOUNDS and tallies[check].count]
        )
        measured = Measured(rows, self._data.header, {check: tallies[check] for check in checks})
        return replace(measured, tallies={**measured.tallies, **self._with_examples(measured)})

    @property
    def _text(self) -> bool:
        """Whether reading costs more than all that is asked, so that everything is asked at once."""
        return self._data.files.what.format != "parquet"

    @property
    def _apart(self) -> bool:
        """Whether repeated values are looked for by themselves."""
        return not self._share.whole or not self._text

    def _of_integers(self, check: Check) -> bool:
        return check.column is not None and self._layout.slots[check.column].column.type == "integer"

    def _first_look(
        self, checks: Sequence[Check], spans: Sequence[Check]
    ) -> tuple[int, dict[Check, Tally], dict[Check, Span]]:
        rows = 0
        tallies: dict[Check, Tally] = {}
        bounds: dict[Check, Span] = {}
        for number, batch in enumerate(_batches(checks)):
            also = spans if number == 0 else ()
            rows, *found = self._asked(batch, also)
            for check, count, extreme in zip(batch, found[::2], found[1::2], strict=False):
                # A condition that is unknown in every row, as in a column of gaps, is NULL.
                tallies[check] = Tally(int(count or 0), _plain(extreme))
            bounds |= dict(zip(also, found[2 * len(batch) :], strict=True))
        return rows, tallies, bounds

    def _recounted(self, checks: Sequence[Check]) -> Mapping[Check, Tally]:
        """How many rows lie beyond bounds, where the first look only told that some may."""
        tallies: dict[Check, Tally] = {}
        for batch in () if self._text or not checks else _batches(checks):
            found = self._data.row(sql.counts(self._layout, batch, self._rows.scan))
            for check, count, extreme in zip(batch, found[::2], found[1::2], strict=True):
                tallies[check] = Tally(int(count or 0), _plain(extreme))
        return tallies

    def _asked(self, checks: Sequence[Check], spans: Sequence[Check]) -> tuple[Any, ...]:
        scan = self._rows.scan
        try:
            return self._data.row(sql.first_look(self._layout, checks, scan, exact=self._text, spans=spans))
        except UnreadableError:
            conditions = [check for check in checks if check.rule.startswith(OF_ROWS)]
            if not conditions:
                raise
            rest = [check for check in checks if check not in conditions]
            self._data.row(
                sql.first_look(self._layout, rest, scan, exact=False)
            )  # what else is wrong comes first
            for check in conditions:
                try:
                    self._data.row(sql.first_look(self._layout, [check], scan, exact=False))
                except UnreadableError as error:
                    raise DataError(
                        f"{self._data.name}: check {check.rule.removeprefix(OF_ROWS)} cannot be reckoned: {error.reason}",
                        hint="keep its values in bounds by `minimum` and `maximum`, or ask less of them",
                    ) from error
            raise

    def _repeated(self, check: Check, span: Span | None) -> int:
        layout, scan = self._layout.narrowed([check]), everything(self._data).scan
        count, low, high = span or (0, None, None)
        if (
            low is not None
            and high is not None
            and high - low < min((count or 0) * BITS_FOR_A_VALUE, MOST_BITS)
        ):
            query = sql.repeated_integers(layout, check, scan, (low, high))
        else:
            query = sql.repeated(layout, check, scan, self._bucket(check))
        return int(self._data.row(query)[0])

    def _bucket(self, check: Check) -> str:
        if self._share.whole:
            return "true"
        return f"hash({sql.identity(self._layout, check)}) % {self._share.of} = {self._share.index - 1}"

    def _with_examples(self, measured: Measured) -> Mapping[Check, Tally]:
        """What is broken, with its first rows. Most stand near the beginning, so that is read first."""
        if not self._examples:
            return {}
        failed = broken(self._contract, measured)
        if not self._share.whole:  # a share of gaps is judged when all are added up
            failed = tuple(check for check, tally in measured.tallies.items() if tally.count)
        found: dict[Check, tuple[Example, ...]] = {}
        for first in FIRST_ROWS:
            pending = [
                check for check in failed if self._worth(measured, check, len(found.get(check, ())), first)
            ]
            found |= self._singles([check for check in pending if not _of_repeats(check)], first)
            found |= {check: self._repeats(check, first) for check in pending if _of_repeats(check)}
        return {check: replace(measured.tallies[check], examples=rows) for check, rows in found.items()}

    def _worth(self, measured: Measured, check: Check, found: int, first: int | None) -> bool:
        """Whether to look for examples among the first rows: some are missing, and they may be expected there."""
        count = measured.tallies[check].count
        wanted = min(count, self._examples)
        return found < wanted and (first is None or first * count > LIKELY * wanted * measured.rows)

    def _singles(self, checks: Sequence[Check], first: int | None) -> Mapping[Check, tuple[Example, ...]]:
        found: dict[Check, tuple[Example, ...]] = {}
        numbered = self._rows.numbered if first is None else self._rows.first(first)
        places = Places(self._data, self._rows, numbered)
        for batch in _batches(checks) if checks else ():
            answer = self._data.row(sql.examples(self._layout, batch, numbered, self._examples))
            for check, items in zip(batch, answer, strict=True):
                found[check] = tuple(_example(item, places) for item in items or ())
        return found

    def _repeats(self, check: Check, first: int | None) -> tuple[Example, ...]:
        rows = everything(self._data)
        numbered = rows.numbered if first is None else rows.first(first)
        places = Places(self._data, rows, numbered)
        query = sql.repeats(
            self._layout.narrowed([check]),
            check,
            numbered,
            rows.scan if first is None else f"(SELECT * FROM {rows.scan} LIMIT {first})",
            bucket=self._bucket(check),
            most=self._examples,
        )
        return tuple(
            _example(row, places, places.place(first["p"], first["o"]))
            for row, first in self._data.rows(query)
        )


def _of_repeats(check: Check) -> bool:
    return check.rule == "unique" or check == KEY


def _batches(checks: Sequence[Check]) -> Iterator[Sequence[Check]]:
    """All checks at once, but for very wide tables; at least one batch, as the rows are counted anyway."""
    for start in range(0, max(len(checks), 1), BATCH):
        yield checks[start : start + BATCH]


def _example(item: Mapping[str, Any], places: Places, first: Any = None) -> Example:
    value = item["v"] or None
    return Example(places.place(item["p"], item["o"]), None if value is None else shown(str(value)), first)


def _plain(extreme: Any) -> Any:
    # Of 0.0 and -0.0, which are equal, threads find now one, now the other.
    return extreme + 0.0 if isinstance(extreme, float) else extreme
