"""How the data sets differ from the base's: open when a contract breaks or a column drifts far, else folded."""

from collections.abc import Iterator

from mltools.core.data_changes import ColumnChange, DataChange
from mltools.core.data_words import ARROW, categories, index, level, loud, nulls, rows, sizes, title, types
from mltools.core.markdown import code, details, escape, table
from mltools.core.records import Record

MOST_REASONS = 10
MOST_COLUMNS = 20
POINTS = " \N{RIGHTWARDS ARROW} "
BROKEN, WARNED = "\N{CROSS MARK}", "\N{WARNING SIGN}\ufe0f"


def render(record: Record) -> str | None:
    changes = record.data_changes
    if not changes:
        return None
    overview = table(
        ("Data", "Rows", "Size", "Contract", "Largest drift"),
        (_row(change) for change in changes),
        right=(1, 2),
    )
    parts = [overview, *(part for change in changes for part in _parts(change))]
    if any(map(loud, changes)):
        return "\n\n".join(["#### Data against the base", *parts])
    return details(f"Data against the base: {title(changes)}", "\n\n".join(parts))


def _row(change: DataChange) -> tuple[str, ...]:
    path = code(change.path)
    if change.was is not None:
        path = f"{code(change.was)}{POINTS}{path}"
    if change.kind in {"added", "removed"}:
        path += f" {change.kind}"
    return (path, rows(change), _drawn(sizes(change)), _contract(change), _drift(change))


def _contract(change: DataChange) -> str:
    if change.contract == "breaking":
        return f"{BROKEN} breaking"
    return level(change) if change.contract is not None else f"{WARNED} {level(change)}"


def _drift(change: DataChange) -> str:
    if change.problem is not None:
        return f"{WARNED} cannot be compared"
    worst = change.worst
    if worst is None:
        return ""
    mark = f"{WARNED} " if worst.band == "large" else ""
    return f"{mark}{index(worst)} {code(worst.name)} {worst.band or ''}".rstrip()


def _parts(change: DataChange) -> Iterator[str]:
    if change.reasons and change.kind != "added":
        lines = [f"- {escape(reason, limit=300)}" for reason in change.reasons[:MOST_REASONS]]
        if len(change.reasons) > MOST_REASONS:
            lines.append(f"- and {len(change.reasons) - MOST_REASONS} more")
        yield f"Contract of {code(change.path)} ({level(change)}):\n\n" + "\n".join(lines)
    if change.problem is not None:
        yield f"Contents of {code(change.path)}: {escape(change.problem, limit=500)}"
    if change.columns:
        body = table(
            ("Column", "", "No value", "Categories", "PSI", ""),
            (_column(column) for column in change.columns[:MOST_COLUMNS]),
            right=(2, 4),
        )
        hidden = max(len(change.columns) - MOST_COLUMNS, 0) + change.more
        more = f"\n\nand {hidden:,} more columns" if hidden else ""
        yield f"Columns of {code(change.path)}:\n\n{body}{more}"


def _drawn(text: str) -> str:
    """The text with an arrow that is one; escaped already where it is foreign."""
    return text.replace(f" {escape(ARROW)} ", POINTS).replace(f" {ARROW} ", POINTS)


def _column(column: ColumnChange) -> tuple[str, ...]:
    return (
        code(column.name),
        _drawn(escape(types(column))),
        _drawn(escape(nulls(column))),
        "<br>".join(escape(text, limit=200) for text in categories(column)),
        index(column),
        column.band or "",
    )
