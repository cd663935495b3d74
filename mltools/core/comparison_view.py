"""A comparison as text for a terminal and as a JSON tree."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mltools.core.comparison import Comparison, FileChange, Kind, Snapshot, ValueChange
from mltools.core.markdown import clean
from mltools.core.metrics import Scalar
from mltools.core.stages import LockedFile

SCHEMA = 1
COLOURS: dict[Kind, str] = {"changed": "yellow", "added": "green", "removed": "red", "same": "bright_black"}
ARROW = "->"
WIDEST = 60
UNITS = ("B", "kB", "MB", "GB", "TB")
THOUSAND = 1000

Paint = Callable[[str, str], str]
Row = tuple[Kind, tuple[str, ...]]


def as_text(comparison: Comparison, paint: Paint, *, everything: bool = False) -> str:
    """Tables of what changed; with `everything`, of what is the same, too."""
    sections: tuple[tuple[str, list[Row]], ...] = (
        ("metrics", [(change.kind, _metric(change)) for change in comparison.metrics]),
        ("params", [(change.kind, _param(change)) for change in comparison.params]),
        ("stages", [(change.kind, (_name(change.name), change.kind)) for change in comparison.stages]),
        ("files", [(change.kind, _file(change)) for change in comparison.files]),
    )
    parts = [f"{_side(comparison.base)} {ARROW} {_side(comparison.head)}"]
    hidden = []
    for title, rows in sections:
        shown = [row for row in rows if everything or row[0] != "same"]
        if shown:
            parts.append("\n".join([title, *_lines(shown, paint)]))
        if len(shown) < len(rows):
            same = len(rows) - len(shown)
            hidden.append(f"{same:,} {title if same > 1 else title[:-1]}")
    if hidden:
        parts.append(f"unchanged: {', '.join(hidden)}")
    if len(parts) == 1:
        parts.append("neither side has metrics, params, stages or files")
    return "\n\n".join(parts)


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Everything, what is the same included."""
    return {
        "schema": SCHEMA,
        "base": {"name": comparison.base.name, "commit": comparison.base.commit},
        "head": {"name": comparison.head.name, "commit": comparison.head.commit},
        "metrics": [
            {**_value_tree(change), "change": change.change, "relative": change.relative}
            for change in comparison.metrics
        ],
        "params": [_value_tree(change) for change in comparison.params],
        "stages": [{"name": change.name, "kind": change.kind} for change in comparison.stages],
        "files": [
            {
                "path": change.path,
                "role": change.role,
                "kind": change.kind,
                "base": _file_tree(change.base),
                "head": _file_tree(change.head),
            }
            for change in comparison.files
        ],
        "problems": [*comparison.base.problems, *comparison.head.problems],
    }


def _metric(change: ValueChange) -> tuple[str, ...]:
    moved = f"{change.change:+.4g}" if change.change else ""
    share = f"{change.relative:+.2%}" if change.relative else ""
    return (*_param(change)[:-1], moved, share, _word(change.kind))


def _param(change: ValueChange) -> tuple[str, ...]:
    old = "" if change.kind == "added" else _value(change.base)
    new = _value(change.head) if change.kind in {"added", "changed"} else ""
    return (_name(change.name), old, ARROW if old and new else "", new, _word(change.kind))


def _file(change: FileChange) -> tuple[str, ...]:
    old, new = _extent(change.base), _extent(change.head)
    extent = f"{old} {ARROW} {new}" if old and new and old != new else new or old
    return (_name(change.path), change.role, extent, change.kind)


def _word(kind: Kind) -> str:
    """The kind of change where the values beside it do not show it."""
    return kind if kind in {"added", "removed"} else ""


def _extent(file: LockedFile | None) -> str:
    if file is None or file.size is None:
        return ""
    inside = "" if file.nfiles is None else f" in {file.nfiles:,} file{'s' * (file.nfiles != 1)}"
    return f"{_bytes(file.size)}{inside}"


def _bytes(size: float) -> str:
    unit = 0
    while size >= THOUSAND and unit < len(UNITS) - 1:
        size, unit = size / THOUSAND, unit + 1
    return f"{size:.3g} {UNITS[unit]}"


def _lines(rows: Sequence[Row], paint: Paint) -> Iterator[str]:
    """Cells under one another, numbers to the right, empty columns left out."""
    cells = [row for _, row in rows]
    used = [index for index in range(len(cells[0])) if any(row[index] for row in cells)]
    widths = {index: max(len(row[index]) for row in cells) for index in used}
    for kind, row in rows:
        aligned = (
            row[index].rjust(widths[index])
            if index and _numeric(row[index])
            else row[index].ljust(widths[index])
            for index in used
        )
        line = f"  {'  '.join(aligned)}".rstrip()
        word = f"  {kind}"
        yield line.removesuffix(word) + f"  {paint(kind, COLOURS[kind])}" if line.endswith(word) else line


def _numeric(cell: str) -> bool:
    return cell.lstrip("+-.")[:1].isdigit()


def _side(snapshot: Snapshot) -> str:
    """A revision's name and, where that says more, its commit."""
    name = _name(snapshot.name)
    known = snapshot.commit is None or snapshot.commit.startswith(snapshot.name)
    return name if known or snapshot.commit is None else f"{name} ({snapshot.commit[:8]})"


def _name(text: str) -> str:
    return clean(text, limit=WIDEST)


def _value(value: Scalar) -> str:
    if value is None or isinstance(value, bool):
        return {True: "true", False: "false", None: "null"}[value]
    return f"{value:.6g}" if isinstance(value, float) else _name(str(value))


def _value_tree(change: ValueChange) -> dict[str, Any]:
    return {"name": change.name, "kind": change.kind, "base": change.base, "head": change.head}


def _file_tree(file: LockedFile | None) -> dict[str, Any] | None:
    return None if file is None else {"md5": file.md5, "size": file.size, "nfiles": file.nfiles}
