"""A profile as a table for a terminal: a line for each column, with a small picture of how its values spread."""

from collections.abc import Sequence

from mltools.core.distribution import Distribution
from mltools.core.names import shown, title
from mltools.core.profile import ColumnProfile, Profile
from mltools.core.report.text import columns

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 12
MOST_CODES = 20
TOP = 3
LONGEST_NAME = 40
LONGEST_VALUE = 20
PERCENT = 100
ESTIMATED = 100  # of fewer the estimate is right

HEADER = ("column", "type", "no value", "invalid", "distinct", "values", "")
RIGHT = (2, 3, 4)


def table(profile: Profile, *, pictures: bool) -> list[str]:
    """The columns as aligned lines; without `pictures` for terminals that only know ASCII."""
    rows = [_row(column, pictures=pictures) for column in profile.columns]
    return columns([HEADER, *rows], right=RIGHT)


def cells(profile: Profile) -> list[tuple[str, ...]]:
    """The columns of the table without pictures, as texts below HEADER but its last word."""
    return [_row(column, pictures=False)[:-1] for column in profile.columns]


def _row(column: ColumnProfile, *, pictures: bool) -> tuple[str, ...]:
    what = column.type if column.role is None else f"{column.type}, {column.role}"
    return (
        shown(title(column.name), LONGEST_NAME),
        what,
        _share(column.nulls, column.rows),
        _share(column.invalid, column.rows),
        _distinct(column),
        _values(column),
        _picture(column) if pictures else "",
    )


def _distinct(column: ColumnProfile) -> str:
    """How many values differ; many are estimated, and marked so, unless all are named."""
    if column.distinct is None:
        return ""
    named = column.categories is not None and not column.other
    return f"{'' if named or column.distinct < ESTIMATED else '~'}{column.distinct:,}"


def _share(count: int, rows: int) -> str:
    if not count:
        return ""
    share = PERCENT * count / rows
    # Neither nothing nor everything may look as if it were.
    return f"{min(max(share, 0.01), 99.99) if count < rows else share:.3g} %"


def _values(column: ColumnProfile) -> str:
    if column.categories is not None:
        named = [
            f"{_value(value)} {_share(count, column.count)}"
            for value, count in column.categories[:TOP]
            if count
        ]
        more = (column.distinct or 0) - len(named)
        return ", ".join(named) + (f" and {more:,} more" if more > 0 else "")
    if column.lengths is not None:
        low, high = column.lengths.minimum, column.lengths.maximum
        return (
            f"{_number(low)} to {_number(high)} characters" if low != high else f"{_number(low)} characters"
        )
    if column.minimum is None:
        return "not kept" if column.count else ""
    middle = (column.quantiles or {}).get("0.5")
    return "  ".join(
        _number(value) for value in (column.minimum, middle, column.maximum) if value is not None
    )


def _value(value: bool | str) -> str:  # noqa: FBT001 - a category
    return shown(str(value).lower() if isinstance(value, bool) else value or "''", LONGEST_VALUE)


def _number(value: float | str | None) -> str:
    match value:
        case str():
            return value.removesuffix("Z").split(".", maxsplit=1)[0].replace("T00:00:00", "")
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.6g}"
    return ""


def _picture(column: ColumnProfile) -> str:
    """How many values there are of each code, or in equal intervals of the middle 98 %: what lies far out hides the rest."""
    histogram = column.histogram
    if histogram is None or histogram.low == histogram.edges[-1]:
        return ""
    if histogram.discrete and len(histogram.counts) <= MOST_CODES:
        return _bars(histogram.counts)
    spread = Distribution.of(histogram, whole=column.type in {"integer", "date"})
    low, high = spread.at(0.01), spread.at(0.99)
    if low == high:
        return ""
    cuts = [(low + (high / WIDTH - low / WIDTH) * step, True) for step in range(1, WIDTH)]
    return _bars(spread.between(cuts))


def _bars(counts: Sequence[float]) -> str:
    return "".join(BARS[round((len(BARS) - 1) * count / max(counts))] for count in counts)
