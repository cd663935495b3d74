"""How data sets changed, as text for a terminal and as a JSON tree."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mltools.core.data_changes import ColumnChange, DataChange
from mltools.core.data_words import ARROW, NAMED, arrow, categories, index, nulls, size, types
from mltools.core.markdown import clean
from mltools.core.report.text import columns

SCHEMA = 1
WIDEST = 60
MOST = 40
COLOURS = {
    "breaking": "red",
    "large": "red",
    "removed": "red",
    "retyped": "red",
    "additive": "yellow",
    "moderate": "yellow",
    "changed": "yellow",
    "added": "green",
    "compatible": "green",
}

Paint = Callable[[str, str], str]


def as_text(base: str, head: str, changes: Sequence[DataChange], paint: Paint) -> str:
    """What changed, data set by data set; `base` and `head` are what the sides are called."""
    told = [change for change in changes if differs(change)]
    unknown = _unknown(told)
    parts = [f"{clean(base, limit=WIDEST)} {ARROW} {clean(head, limit=WIDEST)}"]
    together = {change.path for alike in unknown.values() for change in alike}
    parts += ["\n".join(_lines(change, paint)) for change in told if change.path not in together]
    for problem, alike in unknown.items():
        paths = _some([clean(change.path, limit=WIDEST) for change in alike])
        parts.append(f"contents cannot be compared: {paths}\n  {clean(problem, limit=500)}")
    same = [change.path for change in changes if not differs(change)]
    if same:
        parts.append(f"unchanged: {_some([clean(path, limit=WIDEST) for path in same])}")
    return "\n\n".join(parts)


def as_json(base: Any, head: Any, changes: Sequence[DataChange]) -> dict[str, Any]:
    """Everything, what is the same included; `base` and `head` say what the sides are."""
    trees = [change.model_dump(mode="json") for change in changes]
    return {"schema": SCHEMA, "base": base, "head": head, "data": trees}


def differs(change: DataChange) -> bool:
    return change.kind != "same" or change.contract != "same" or change.was is not None


def extent(change: DataChange) -> str:
    """Rows and bytes of both sides, as far as they are known."""
    rows, base_rows = change.rows, change.base_rows
    counted = arrow(_count(base_rows), _count(rows))
    more = ""
    if rows is not None and base_rows is not None and rows != base_rows:
        more = f" ({rows - base_rows:+,})"
    parts = [
        f"{counted} rows{more}" if counted else "",
        arrow(size(change.base_bytes), size(change.bytes)),
    ]
    return ", ".join(part for part in parts if part)


def _unknown(changes: Sequence[DataChange]) -> dict[str, list[DataChange]]:
    """By reason, the data sets of which nothing can be said but that; a reason of one alone stands with that one."""
    found: dict[str, list[DataChange]] = {}
    for change in changes:
        if change.problem is not None and change.contract == "same" and change.was is None:
            found.setdefault(change.problem, []).append(change)
    return {problem: alike for problem, alike in found.items() if len(alike) > 1}


def _lines(change: DataChange, paint: Paint) -> Iterator[str]:
    yield _title(change, paint)
    if change.contract != "same":
        level = change.contract or "unknown"
        yield f"  contract: {paint(level, COLOURS.get(level, 'yellow'))}"
        yield from (f"    {clean(reason, limit=300)}" for reason in change.reasons[:MOST])
        if len(change.reasons) > MOST:
            yield f"    and {len(change.reasons) - MOST:,} more changes"
    if change.problem is not None:
        yield f"  contents cannot be compared: {clean(change.problem, limit=500)}"
    told = [column for column in change.columns if column.changed]
    if told:
        yield from (f"  {line}" for line in _table(told[:MOST], paint))
    hidden = len(told) - MOST + change.more if len(told) > MOST else change.more
    if hidden:
        yield f"  and {hidden:,} more columns"
    rest = [column for column in change.columns if not column.changed and column.psi is not None]
    if rest:
        most = max(rest, key=lambda column: column.psi or 0.0)
        count = f"{len(rest):,} other column{'s' * (len(rest) != 1)}"
        yield f"  {count}: PSI at most {index(most)} ({clean(most.name, limit=WIDEST)})"


def _title(change: DataChange, paint: Paint) -> str:
    path = clean(change.path, limit=WIDEST)
    if change.was is not None:
        path = f"{clean(change.was, limit=WIDEST)} {ARROW} {path}"
    word = change.kind if change.kind in {"added", "removed"} else ""
    facts = [paint(word, COLOURS[word]) if word else "", extent(change)]
    if change.kind == "same":
        facts = ["the same data"]
    unsure = "perhaps changed" if change.problem is not None else "changed"
    return f"{path}: {', '.join(fact for fact in facts if fact) or unsure}"


def _table(found: Sequence[ColumnChange], paint: Paint) -> list[str]:
    rows = [("column", "", "no value", "categories", "PSI", "")]
    rows += [
        (
            clean(column.name, limit=WIDEST),
            types(column),
            nulls(column),
            clean("; ".join(categories(column)), limit=WIDEST * 2),
            index(column),
            column.band or "",
        )
        for column in found
    ]
    used = [place for place in range(len(rows[0])) if any(row[place] for row in rows[1:])]
    cells = [[row[place] for place in used] for row in rows]
    right = [used.index(place) for place in (2, 4) if place in used]
    return [
        _painted(line, row[-1], paint) for line, row in zip(columns(cells, right=right), rows, strict=True)
    ]


def _painted(line: str, word: str, paint: Paint) -> str:
    colour = COLOURS.get(word)
    return line.removesuffix(word) + paint(word, colour) if colour and line.endswith(word) else line


def _count(count: int | None) -> str:
    return "" if count is None else f"{count:,}"


def _some(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - NAMED} more" if len(texts) > NAMED else ""
    return ", ".join(texts[:NAMED]) + more
