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
from mltools.edges.tables.sql import Window
from mltools.errors import DataError

# Planning a query costs more than in proportion to its terms: beyond so many, reading the file again is cheaper.
BATCH = 1_000
# A bit for each integer between the smallest and the largest is the cheapest set, while it is not much larger than the
# values themselves, and small: each thread has one (16 MiB).
BITS_FOR_A_VALUE = 64
FEWEST_BITS, MOST_BITS = 1 << 16, 1 << 27
SMALLEST, LARGEST = -(2**63), 2**63 - 1
# Rows from which the place of identifiers is guessed.
SAMPLE = 2_048

# How much is searched for examples, one after the other; None is all. Where so many times the examples that are wanted
# would not stand if they were strewn evenly, looking is left out.
LIKELY = 1.5
FIRST_ROWS = (1 << 16, 1 << 18, 1 << 20, 1 << 22, None)

# How many values, the smallest, the largest; how many in the window, how many different ones of these.
Span = tuple[int, int | None, int | None, int, int]


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
        windows = self._windows([check for check in checks if _of_repeats(check)])
        apart = [check for check in checks if _of_repeats(check) and check not in windows and self._apart]
        left_out = {*windows, *apart}
        rows, tallies, spans = self._first_look([check for check in checks if check not in left_out], windows)
        tallies |= {check: Tally(self._within(check, span)) for check, span in spans.items()}
        tallies |= {check: Tally(self._repeated(check)) for check in apart}
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

    def _windows(self, checks: Sequence[Check]) -> Mapping[Check, Window]:
        """Where the identifiers lie, guessed from the first: most count upwards, or are strewn over a range."""
        size = min(MOST_BITS, max(self._data.bytes, FEWEST_BITS))
        wanted = [check for check in checks if self._of_integers(check)][:BATCH] if self._share.whole else []
        if not wanted:
            return {}
        ends = self._data.row(sql.sample(self._layout, wanted, self._rows.first(SAMPLE)))
        windows: dict[Check, Window] = {}
        for check, low, high in zip(wanted, ends[::2], ends[1::2], strict=True):
            if low is not None and high - low < size:
                start = max(low - size // 8, SMALLEST)
                windows[check] = (start, min(start + size - 1, LARGEST))
        return windows

    def _of_integers(self, check: Check) -> bool:
        asked = self._layout.asked(check)
        return len(asked) == 1 and self._layout.slots[asked[0]].column.type == "integer"

    def _first_look(
        self, checks: Sequence[Check], windows: Mapping[Check, Window]
    ) -> tuple[int, dict[Check, Tally], dict[Check, Span]]:
        rows = 0
        tallies: dict[Check, Tally] = {}
        spans: dict[Check, Span] = {}
        for number, batch in enumerate(_batches(checks)):
            also = windows if number == 0 else {}
            rows, *found = self._asked(batch, also)
            for check, count, extreme in zip(batch, found[::2], found[1::2], strict=False):
                # A condition that is unknown in every row, as in a column of gaps, is NULL.
                tallies[check] = Tally(int(count or 0), _plain(extreme))
            spans |= dict(zip(also, found[2 * len(batch) :], strict=True))
        return rows, tallies, spans

    def _recounted(self, checks: Sequence[Check]) -> Mapping[Check, Tally]:
        """How many rows lie beyond bounds, where the first look only told that some may."""
        tallies: dict[Check, Tally] = {}
        for batch in () if self._text or not checks else _batches(checks):
            found = self._data.row(sql.counts(self._layout, batch, self._rows.scan))
            for check, count, extreme in zip(batch, found[::2], found[1::2], strict=True):
                tallies[check] = Tally(int(count or 0), _plain(extreme))
        return tallies

    def _asked(self, checks: Sequence[Check], windows: Mapping[Check, Window]) -> tuple[Any, ...]:
        scan = self._rows.scan
        try:
            return self._data.row(
                sql.first_look(self._layout, checks, scan, exact=self._text, windows=windows)
            )
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

    def _within(self, check: Check, span: Span) -> int:
        """How many values repeat an earlier one, from what was found in a window."""
        count, low, high, inside, different = span
        if inside == count or low is None or high is None:
            return inside - different
        if high - low < min(count * BITS_FOR_A_VALUE, MOST_BITS):
            query = sql.repeated_integers(
                self._layout.narrowed([check]), check, everything(self._data).scan, (low, high)
            )
            return int(self._data.row(query)[0])
        return self._repeated(check)

    def _repeated(self, check: Check) -> int:
        layout, scan = self._layout.narrowed([check]), everything(self._data).scan
        return int(self._data.row(sql.repeated(layout, check, scan, self._bucket(check)))[0])

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
    return check.rule == "unique" or check == sql.KEY


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
