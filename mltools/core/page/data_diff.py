"""How the data sets differ from the base's, as a part of the page."""

from collections.abc import Iterator

from mltools.core.data_changes import ColumnChange, DataChange
from mltools.core.data_words import categories, index, level, nulls, rows, sizes, title, types
from mltools.core.page.html import Html, details, join, table, tag
from mltools.core.records import Record

MOST_REASONS = 50
MOST_COLUMNS = 100


def render(record: Record) -> Html | None:
    changes = record.data_changes
    if not changes:
        return None
    overview = table(
        ("Data", "Rows", "Size", "Contract", "Largest drift"),
        (_row(change) for change in changes),
        caption=f"Data against the base: {title(changes)}",
        right=(1, 2),
    )
    return join([overview, *(part for change in changes for part in _parts(change))])


def _row(change: DataChange) -> tuple[str, ...]:
    path: str = tag("code", change.path)
    if change.was is not None:
        path = join([tag("code", change.was), " \N{RIGHTWARDS ARROW} ", path])
    elif change.kind in {"added", "removed"}:
        path = join([path, f" {change.kind}"])
    return (path, rows(change), sizes(change), level(change), _drift(change))


def _drift(change: DataChange) -> str:
    worst = change.worst
    if change.problem is not None or worst is None:
        return "cannot be compared" if change.problem is not None else ""
    return join([index(worst), " ", tag("code", worst.name), f" {worst.band or ''}"])


def _parts(change: DataChange) -> Iterator[Html]:
    if change.reasons and change.kind != "added":
        reasons = tag("ul", *(tag("li", reason) for reason in change.reasons[:MOST_REASONS]))
        yield join([tag("p", "Contract of ", tag("code", change.path), f": {level(change)}"), reasons])
    if change.problem is not None:
        yield tag("p", tag("code", change.path), f": {change.problem}")
    if change.columns:
        caption = f"Columns of {change.path} that changed"
        made = table(
            ("Column", "Type", "No value", "Categories", "PSI", "Drift"),
            (_column(column) for column in change.columns[:MOST_COLUMNS]),
            caption=caption,
            right=(2, 4),
        )
        hidden = max(len(change.columns) - MOST_COLUMNS, 0) + change.more
        more = tag("p", f"and {hidden:,} more columns") if hidden else Html("")
        yield details(caption, join([made, more]))


def _column(column: ColumnChange) -> tuple[str, ...]:
    values = "; ".join(categories(column))
    return tag("code", column.name), types(column), nulls(column), values, index(column), column.band or ""
