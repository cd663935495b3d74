"""Rows of a plot's files made into the plot that a record keeps: classes counted, points thinned out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mltools.core.markdown import clean
from mltools.core.metrics import number
from mltools.core.plots import (
    MOST_BARS,
    MOST_CLASSES,
    MOST_LINES,
    MOST_POINTS,
    Bars,
    Curves,
    Line,
    Matrix,
    Plot,
    drawable,
    written,
)
from mltools.core.stages import PlotSpec

Rows = Sequence[Mapping[str, Any]]
Points = list[tuple[float, float]]

CONFUSION = ("confusion", "confusion_normalized")
SCATTER = ("scatter", "scatter_jitter")
BARS = ("bar_horizontal", "bar_horizontal_sorted")


@dataclass(frozen=True, slots=True)
class Unsuited:
    """Why rows cannot be drawn as they were declared."""

    reason: str


def plot_of(spec: PlotSpec, tables: Mapping[str, Rows]) -> Plot | Unsuited:
    """The plot of a declaration and of its files' rows."""
    files = {path: tables[path] for path, _ in spec.files if tables.get(path)}
    if not files:
        return Unsuited("it holds no rows")
    if spec.template in CONFUSION:
        return _matrix(spec, files[spec.path]) if spec.path in files else Unsuited("it holds no rows")
    if spec.template in BARS:
        return _bars(spec, files[spec.path]) if spec.path in files else Unsuited("it holds no rows")
    return _curves(spec, files)


def _matrix(spec: PlotSpec, rows: Rows) -> Matrix | Unsuited:
    y = _drawn(spec, spec.path, rows)[0]
    if missing := [column for column in (spec.x, y) if column not in rows[0]]:
        return Unsuited(f"it has no column {missing[0]!r}")
    counts = Counter((str(row.get(y)), str(row.get(spec.x))) for row in rows)
    classes = {name for pair in counts for name in pair}
    if len(classes) > MOST_CLASSES:
        return Unsuited(f"it has {len(classes):,} classes; {MOST_CLASSES} are the most that are shown")
    labels = sorted(classes, key=_by_value)
    return Matrix(
        path=spec.path,
        title=spec.title,
        x=spec.x_label or spec.x,
        y=spec.y_label or y,
        labels=tuple(clean(label, limit=100) for label in labels),
        rows=tuple(" ".join(str(counts[y, x]) for x in labels) for y in labels),
    )


def _bars(spec: PlotSpec, rows: Rows) -> Bars | Unsuited:
    y = _drawn(spec, spec.path, rows)[0]
    found = [(str(row.get(y)), value) for row in rows if (value := _number(row.get(spec.x))) is not None]
    if not found:
        return Unsuited(f"it has no numbers in a column {spec.x!r}")
    if spec.template.endswith("sorted") or len(found) > MOST_BARS:
        found = sorted(found, key=lambda item: -abs(item[1]))[:MOST_BARS]
    return Bars(
        path=spec.path,
        title=spec.title,
        x=spec.x_label or spec.x,
        y=spec.y_label or y,
        labels=tuple(clean(label, limit=100) for label, _ in found),
        values=written(value for _, value in found),
    )


def _curves(spec: PlotSpec, files: Mapping[str, Rows]) -> Curves | Unsuited:
    lines, named = [], []
    for path, rows in files.items():
        for column in _drawn(spec, path, rows):
            points = _points(spec, rows, column)
            if points:
                named.append(column)
                lines.append((f"{path}: {column}" if len(files) > 1 else column, points))
    if not lines:
        return Unsuited("it has no numbers to draw")
    scattered = spec.template in SCATTER
    thin = evenly if scattered else thinned
    names = [name for name, _ in lines] if len(lines) > 1 else [""]
    return Curves(
        path=spec.path,
        title=spec.title,
        x=spec.x_label or spec.x,
        y=spec.y_label or (named[0] if len(set(named)) == 1 else ""),
        scattered=scattered,
        lines=tuple(
            Line(name=name[:500], x=written(x for x, _ in kept), y=written(y for _, y in kept))
            for name, (_, points) in zip(names, lines[:MOST_LINES], strict=False)
            if (kept := thin(points, MOST_POINTS))
        ),
    )


def _drawn(spec: PlotSpec, path: str, rows: Rows) -> tuple[str, ...]:
    """The columns that are drawn of a file; the last one where none is named, as DVC does."""
    return next(columns for file, columns in spec.files if file == path) or (list(rows[0])[-1],)


def _points(spec: PlotSpec, rows: Rows, column: str) -> Points:
    points = []
    for index, row in enumerate(rows):
        x = _number(row.get(spec.x)) if spec.x else float(index)
        y = _number(row.get(column))
        if x is not None and y is not None:
            points.append((x, y))
    return points


def _number(value: Any) -> float | None:
    """A cell as a number that can be drawn; text of one counts, since that is what CSV holds."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    found = number(value)
    return found if found is not None and drawable(found) else None


def _by_value(label: str) -> tuple[bool, float, str]:
    """Numbers by their value before words by their letters."""
    value = _number(label)
    return value is None, value or 0.0, label


def evenly(points: Points, most: int) -> Points:
    """At most `most` of the points, spread evenly over their order, the first and the last among them."""
    if len(points) <= most:
        return points
    step = (len(points) - 1) / (most - 1)
    return [points[round(index * step)] for index in range(most)]


def thinned(points: Points, most: int) -> Points:
    """At most `most` of the points that keep a line's shape: of each stretch the one that spans the largest triangle.

    Steinarsson (2013), Downsampling Time Series for Visual Representation, section 4.2 (largest triangle three buckets).
    """
    if len(points) <= most:
        return points
    kept = [points[0]]
    size = (len(points) - 2) / (most - 2)
    for bucket in range(most - 2):
        start, end = 1 + int(bucket * size), 1 + int((bucket + 1) * size)
        ahead = points[end : 1 + int((bucket + 2) * size)] or points[-1:]
        x, y = sum(point[0] for point in ahead) / len(ahead), sum(point[1] for point in ahead) / len(ahead)
        left = kept[-1]
        kept.append(
            max(
                points[start:end],
                key=lambda point: abs(
                    (left[0] - x) * (point[1] - left[1]) - (left[0] - point[0]) * (y - left[1])
                ),
            )
        )
    return [*kept, points[-1]]
