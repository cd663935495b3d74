"""The facts of a change of data in a few words each, foreign text as it is: whoever shows them escapes them."""

from mltools.core.data_changes import ColumnChange, DataChange

ARROW = "->"
NAMED = 3
KILO = 1000


def rows(change: DataChange) -> str:
    """How many rows there are, and how many more than at the base."""
    now, before = change.rows, change.base_rows
    if now is None or before is None or now == before:
        count = before if now is None else now
        return "" if count is None else f"{count:,}"
    return f"{now:,} ({now - before:+,})"


def sizes(change: DataChange) -> str:
    return arrow(size(change.base_bytes), size(change.bytes))


def line(change: DataChange) -> str:
    """The whole change in one line, such as "data/raw.csv: 1,900 (+100) rows, contract additive, PSI 0.3 of size (large)"."""
    path = change.path if change.was is None else f"{change.was} {ARROW} {change.path}"
    word = change.kind if change.kind in {"added", "removed"} else ""
    worst = change.worst
    facts = (
        word,
        f"{rows(change)} rows" if rows(change) and not word else "",
        "" if change.contract == "same" or word else f"contract {level(change)}",
        ""
        if worst is None
        else f"PSI {index(worst)} of {worst.name}{f' ({worst.band})' if worst.band else ''}",
        "" if change.problem is None else "contents cannot be compared",
    )
    return f"{path}: {', '.join(fact for fact in facts if fact) or 'changed'}"


def level(change: DataChange) -> str:
    return change.contract or "cannot be compared"


def loud(change: DataChange) -> bool:
    """Whether it is a change that nobody should overlook."""
    return change.contract == "breaking" or any(column.band == "large" for column in change.columns)


def title(changes: tuple[DataChange, ...]) -> str:
    """Such as "2 data sets changed, largest PSI 0.31"."""
    worst = max((column.psi or 0.0 for change in changes for column in change.columns), default=0.0)
    sets = f"{len(changes)} data set{'s' * (len(changes) != 1)} changed"
    return sets + (f", largest PSI {worst:.3g}" if worst else "")


def nulls(column: ColumnChange) -> str:
    """The share of rows without a value on both sides; nothing where it is the same."""
    if column.nulls == column.base_nulls:
        return ""
    return arrow(_share(column.base_nulls), _share(column.nulls))


def categories(column: ColumnChange) -> tuple[str, ...]:
    """New and vanished categories, a text each, in which the values are foreign."""
    found = []
    for word, values, count in (
        ("new", column.new, column.new_count),
        ("gone", column.gone, column.gone_count),
    ):
        if count:
            named = values[:NAMED]
            more = f" and {count - len(named):,} more" if count > len(named) else ""
            found.append(f"{word}: {', '.join(named)}{more}")
    return tuple(found)


def types(column: ColumnChange) -> str:
    """What kind of change it is, with the type that the column has or had; nothing for one that stays."""
    if column.kind == "kept":
        return ""
    if column.kind == "retyped":
        return f"{column.base_type} {ARROW} {column.type}"
    return f"{column.kind}: {column.type or column.base_type}"


def index(column: ColumnChange) -> str:
    return "" if column.psi is None else f"{column.psi:.3g}"


def size(count: int | None) -> str:
    """Bytes as people read them."""
    if count is None:
        return ""
    amount, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < KILO:
            break
        amount, unit = amount / KILO, larger
    return f"{amount:.3g} {unit}" if amount < KILO else f"{amount:,.0f} {unit}"


def arrow(old: str, new: str) -> str:
    """Both where they differ, else the one that there is."""
    return f"{old} {ARROW} {new}" if old and new and old != new else new or old


def _share(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.3g} %"
