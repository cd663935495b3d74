"""From counts to sentences: which checks a contract implies, and what their counts mean.

An engine (`edges.tables`) counts rows for each `Check`; whether a count breaks the contract is decided here. What was
measured of parts of a data set may be added up (`partial`) before it is judged.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mltools.core.contract import Column, Contract, Freshness, Severity, condition
from mltools.core.expressions import used
from mltools.core.moments import age, moment, spoken
from mltools.core.names import nearest, shown, title
from mltools.core.records import DataSet, Violation
from mltools.core.strict import LineOf
from mltools.core.verdict import Outcome
from mltools.core.wording import Fault, broken_check, newest, sentence, share

# As many as a record may hold; one sentence says how many more there were.
MOST = 5_000
MOST_EXAMPLES = 20
# Clocks differ, and a date without a zone may be a day ahead; beyond that it is no time of this row.
AHEAD = timedelta(days=1)

OF_ROWS = "checks."
FRESHNESS = "freshness"

Header = Mapping[str, str]  # column of the data -> what its values are kept as; `wording.TEXT` in a CSV file


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to count. `rule` is the contract's word, `checks.NAME` for a condition; without a column it is of the table."""

    rule: str
    column: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A row: its number from 1 in a file, the number of the file among the data set's; its name where there are several."""

    part: int
    row: int
    file: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.file} row {self.row}".lstrip()


@dataclass(frozen=True, slots=True)
class Example:
    """A row that breaks a check: where, what it holds (one line), and the row whose value it repeats."""

    place: Place
    value: str | None = None
    first: Place | None = None

    def __str__(self) -> str:
        value = "" if self.value is None else f": {self.value}"
        return f"{self.place}{value}" + ("" if self.first is None else f" (as in {self.first})")


@dataclass(frozen=True, slots=True)
class Tally:
    """In how many rows a check does not hold, and the first of them; `extreme` is the value furthest from a bound.

    For freshness, which no row breaks: the newest value.
    """

    count: int
    extreme: int | float | str | None = None
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """What an engine counted in one pass over the data, or a part of them."""

    rows: int
    header: Header
    tallies: Mapping[Check, Tally] = field(default_factory=dict)


def plan(contract: Contract, header: Iterable[str]) -> tuple[Check, ...]:
    """The checks to count in data with these columns."""
    there = set(header)
    key = contract.primary_key
    checks = [
        Check(rule, name)
        for name, column in contract.columns.items()
        if name in there
        # A key of one column is unique by itself: one fault, one sentence.
        for rule in _rules(column, unique=column.unique and key != (name,))
    ]
    checks += [
        Check("primary_key", name) for name in key if name in there and not _surely(contract.columns[name])
    ]
    if key and there.issuperset(key):
        checks.append(Check("primary_key"))
    checks += [
        Check(OF_ROWS + check.name)
        for check in contract.checks
        if there.issuperset(used(condition(contract, check)))
    ]
    if contract.freshness and contract.freshness.column in there:
        checks.append(Check(FRESHNESS, contract.freshness.column))
    return tuple(checks)


def broken(contract: Contract, measured: Measured) -> tuple[Check, ...]:
    """The checks whose counts break the contract. Whether data are fresh only the clock can tell."""
    return tuple(
        check for check, tally in measured.tallies.items() if _breaks(contract, check, tally, measured.rows)
    )


def judge(
    contract: Contract,
    measured: Measured,
    *,
    now: datetime,
    lines: LineOf | None = None,
    examples: int = MOST_EXAMPLES,
) -> tuple[Violation, ...]:
    """Every violation, in the contract's order: columns, then what the contract does not name, then the table.

    `lines` tells where in the contract a key stands; at most `examples` rows are shown for each.
    """
    found = tuple(_Judge(contract, measured, now, lines, examples).violations())
    if len(found) <= MOST:
        return found
    rest = f"and {len(found) - MOST + 1:,} more rules are broken"
    worst: Severity = "error" if any(item.severity == "error" for item in found[MOST - 1 :]) else "warn"
    return (*found[: MOST - 1], Violation(column=None, rule="more", message=rest, count=0, severity=worst))


def outcome(violations: Iterable[Violation]) -> Outcome:
    """Errors fail, warnings pass."""
    return Outcome.FAILED if any(item.severity == "error" for item in violations) else Outcome.PASSED


def unreadable(name: str, reason: str) -> DataSet:
    """A data set of which nothing can be said: it could not be read."""
    return DataSet(path=name, outcome=Outcome.FAILED, error=shown(reason, 2_000))


def _rules(column: Column, *, unique: bool) -> Iterator[str]:
    yield "type"
    if column.required:
        yield "required"
    if column.max_null_fraction is not None:
        yield "max_null_fraction"
    for rule in ("minimum", "maximum", "enum", "pattern", "min_length", "max_length"):
        if getattr(column, rule) is not None:
            yield rule
    if unique:
        yield "unique"


def _surely(column: Column) -> bool:
    return column.required and column.severity == "error"


def _breaks(contract: Contract, check: Check, tally: Tally, rows: int) -> bool:
    if check.rule == FRESHNESS:
        return False
    if check.rule == "max_null_fraction" and check.column is not None:
        # Divided, not multiplied: 29 of 100 is exactly 0.29, but 0.29 * 100 is less than 29.
        return rows > 0 and tally.count / rows > (contract.columns[check.column].max_null_fraction or 0)
    return tally.count > 0


@dataclass(frozen=True, slots=True)
class _Judge:
    contract: Contract
    measured: Measured
    now: datetime
    lines: LineOf | None
    examples: int

    def violations(self) -> Iterator[Violation]:
        failed = set(broken(self.contract, self.measured))
        by_column: dict[str | None, list[Check]] = {}
        for check in self.measured.tallies:
            if check in failed:
                by_column.setdefault(check.column, []).append(check)
        extra = [name for name in self.measured.header if name not in self.contract.columns]
        for name, column in self.contract.columns.items():
            if name not in self.measured.header:
                text = f"column {title(name)} is missing{_instead(name, extra)}"
                yield self._say("missing", text, "columns", name, column=name, severity=column.severity)
            for check in by_column.get(name, ()):
                yield self._of_column(check, name, column)
        yield from self._of_header(extra)
        yield from self._of_rows(failed)
        if self.contract.freshness is not None:
            yield from self._of_age(self.contract.freshness)
        for bound, text in _row_faults(self.contract, self.measured.rows):
            yield self._say("rows", text, "rows", bound)

    def _say(
        self,
        rule: str,
        message: str,
        *where: str | int,
        column: str | None = None,
        tally: Tally | None = None,
        severity: Severity = "error",
    ) -> Violation:
        examples = () if tally is None else tally.examples
        return Violation(
            column=None if column is None else shown(column, 200),
            rule=rule,
            message=message,
            count=self.measured.rows if tally is None else tally.count,
            severity=severity,
            examples=tuple(map(str, examples[: self.examples])),
            line=None if self.lines is None else self.lines(where),
        )

    def _of_column(self, check: Check, name: str, column: Column) -> Violation:
        tally = self.measured.tallies[check]
        kept_as = self.measured.header[name]
        of_key = check.rule == "primary_key"
        return self._say(
            check.rule,
            sentence(
                check.rule, Fault(name, column, tally.count, tally.extreme, self.measured.rows, kept_as)
            ),
            *(("primary_key",) if of_key else ("columns", name, check.rule)),
            column=name,
            tally=tally,
            severity="error" if of_key else column.severity,
        )

    def _of_header(self, extra: Sequence[str]) -> Iterator[Violation]:
        if self.contract.extra_columns == "forbid":
            for name in extra:
                text = f"column {title(name)} is not in the contract, which forbids extra columns"
                yield self._say("extra_columns", text, "extra_columns", column=name)
        if self.contract.column_order == "strict":
            wanted = [name for name in self.contract.columns if name in self.measured.header]
            found = [name for name in self.measured.header if name in self.contract.columns]
            for expected, name in zip(wanted, found, strict=True):
                if expected != name:
                    text = f"the columns stand in another order: {title(name)} where {title(expected)} is expected"
                    yield self._say("column_order", text, "column_order")
                    break

    def _of_rows(self, failed: set[Check]) -> Iterator[Violation]:
        """Repeated keys, and conditions between columns."""
        rows, tallies = self.measured.rows, self.measured.tallies
        if Check("primary_key") in failed:
            tally = tallies[Check("primary_key")]
            key = ", ".join(title(name) for name in self.contract.primary_key)
            text = f"{share(tally.count, rows)}: the primary key ({key}) repeats that of an earlier row"
            yield self._say("primary_key", text, "primary_key", tally=tally)
        for index, check in enumerate(self.contract.checks):
            rule = OF_ROWS + check.name
            where = ("checks", index, "expression")
            asked = used(condition(self.contract, check))
            gone = [title(name) for name in asked if name not in self.measured.header]
            if gone:
                text = f"check {check.name} cannot be evaluated: column {', '.join(gone)} is missing"
                yield self._say(rule, text, *where, severity=check.severity)
            elif Check(rule) in failed:
                tally = tallies[Check(rule)]
                text = broken_check(check, tally.count, rows)
                yield self._say(rule, text, *where, tally=tally, severity=check.severity)

    def _of_age(self, fresh: Freshness) -> Iterator[Violation]:
        """How old the newest value is by the clock of this run; one far in the future tells nothing."""
        column = fresh.column

        def say(text: str, severity: Severity = fresh.severity) -> Violation:
            return self._say(FRESHNESS, text, FRESHNESS, "max_age", column=column, severity=severity)

        tally = self.measured.tallies.get(Check(FRESHNESS, column))
        if tally is None:
            yield say(f"how fresh the data are cannot be told: column {title(column)} is missing")
        elif tally.extreme is None:
            if self.measured.rows:
                yield say(f"how fresh the data are cannot be told: {title(column)} has no value")
        else:
            old = self.now - moment(str(tally.extreme))
            text = newest(column, self.contract.columns[column], str(tally.extreme))
            if old > age(fresh.max_age):
                yield say(f"{text} is {spoken(old)} old; at most {fresh.max_age} is allowed")
            elif old < -AHEAD:
                yield say(
                    f"{text} is {spoken(old)} in the future, so it tells nothing of how fresh the data are",
                    "warn",
                )


def _row_faults(contract: Contract, rows: int) -> Iterator[tuple[str, str]]:
    fewest, most = contract.rows.min, contract.rows.max
    if rows == 0 and fewest != 0:
        yield "min", "no rows: the file holds nothing but its header"
    elif fewest is not None and rows < fewest:
        yield "min", f"{_rows(rows)}, fewer than the minimum {fewest:,}"
    if most is not None and rows > most:
        yield "max", f"{_rows(rows)}, more than the maximum {most:,}"


def _rows(count: int) -> str:
    return f"{count:,} row{'s' * (count != 1)}"


def _instead(name: str, extra: Sequence[str]) -> str:
    close = nearest(name, extra)
    if close is None:
        return ""
    # Look-alikes (a space at the end, another alphabet) only show when they are spelled out.
    return f"; the file has {title(close) if close.isascii() else ascii(close)}"
