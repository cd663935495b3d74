"""From counts to sentences: which checks a contract implies, and what their counts mean.

An engine (`edges.tables`) counts rows for each `Check`; whether a count breaks the contract is decided here. Counts of
parts of a data set may be added up before they are judged.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mltools.core.config import LineOf
from mltools.core.contract import Column, Contract, Severity
from mltools.core.names import nearest, shown, title
from mltools.core.records import DataSet, Violation
from mltools.core.verdict import Outcome
from mltools.core.wording import Fault, sentence, share

# As many as a record may hold; one sentence says how many more there were.
MOST = 5_000
MOST_EXAMPLES = 20

Header = Mapping[str, str]  # column of the data -> what its values are kept as; `wording.TEXT` in a CSV file


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to count. `rule` is the contract's word; without a column it is of the whole table."""

    rule: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """In how many rows a check does not hold; `extreme` is the value furthest from a bound."""

    count: int
    extreme: int | float | str | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What an engine counted in one pass."""

    rows: int
    tallies: Mapping[Check, Tally] = field(default_factory=dict)


Samples = Mapping[Check, Sequence[str]]


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
    return tuple(checks)


def broken(contract: Contract, measured: Measured) -> tuple[Check, ...]:
    """The checks whose counts break the contract."""
    return tuple(
        check for check, tally in measured.tallies.items() if _breaks(contract, check, tally, measured.rows)
    )


def judge(
    contract: Contract,
    header: Header,
    measured: Measured,
    samples: Samples,
    lines: LineOf | None = None,
) -> tuple[Violation, ...]:
    """Every violation, in the contract's order: columns, then what the contract does not name, then the table."""
    found = tuple(_violations(contract, header, measured, samples, lines))
    if len(found) <= MOST:
        return found
    rest = f"and {len(found) - MOST + 1:,} more rules are broken"
    worst: Severity = "error" if any(item.severity == "error" for item in found[MOST - 1 :]) else "warn"
    return (*found[: MOST - 1], Violation(column=None, rule="more", message=rest, count=0, severity=worst))


def outcome(violations: Iterable[Violation]) -> Outcome:
    """Failed when a rule of severity error is broken; a warning alone passes."""
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
    if check.rule == "max_null_fraction" and check.column is not None:
        # Divided, not multiplied: 29 of 100 is exactly 0.29, but 0.29 * 100 is less than 29.
        return rows > 0 and tally.count / rows > (contract.columns[check.column].max_null_fraction or 0)
    return tally.count > 0


def _violations(
    contract: Contract, header: Header, measured: Measured, samples: Samples, lines: LineOf | None
) -> Iterator[Violation]:
    rows = measured.rows
    extra = [name for name in header if name not in contract.columns]
    failed = set(broken(contract, measured))
    by_column: dict[str | None, list[Check]] = {}
    for check in measured.tallies:
        if check in failed:
            by_column.setdefault(check.column, []).append(check)

    def violation(
        rule: str,
        message: str,
        *where: str,
        column: str | None = None,
        count: int = rows,
        severity: Severity = "error",
        examples: Sequence[str] = (),
    ) -> Violation:
        return Violation(
            column=None if column is None else shown(column, 200),
            rule=rule,
            message=message,
            count=count,
            severity=severity,
            examples=tuple(examples)[:MOST_EXAMPLES],
            line=None if lines is None else lines(where),
        )

    for name, column in contract.columns.items():
        if name not in header:
            text = f"column {title(name)} is missing{_instead(name, extra)}"
            yield violation("missing", text, "columns", name, column=name, severity=column.severity)
        for check in by_column.get(name, ()):
            tally = measured.tallies[check]
            of_key = check.rule == "primary_key"
            yield violation(
                check.rule,
                sentence(check.rule, Fault(name, column, tally.count, tally.extreme, rows, header[name])),
                *(("primary_key",) if of_key else ("columns", name, check.rule)),
                column=name,
                count=tally.count,
                severity="error" if of_key else column.severity,
                examples=samples.get(check, ()),
            )
    if contract.extra_columns == "forbid":
        for name in extra:
            text = f"column {title(name)} is not in the contract, which forbids extra columns"
            yield violation("extra_columns", text, "extra_columns", column=name)
    for check in by_column.get(None, ()):
        count = measured.tallies[check].count
        key = ", ".join(title(name) for name in contract.primary_key)
        text = f"{share(count, rows)}: the primary key ({key}) repeats that of an earlier row"
        yield violation("primary_key", text, "primary_key", count=count, examples=samples.get(check, ()))
    yield from (violation("rows", text, "rows", bound) for bound, text in _row_faults(contract, rows))


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
