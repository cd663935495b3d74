"""The pipeline's plots as text: confusion matrices and bars as tables, curves as charts with the numbers beside them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from mltools.core.markdown import code, details, escape, table
from mltools.core.mermaid import LARGEST, curve
from mltools.core.plots import Bars, Curves, Line, Matrix, Plot
from mltools.core.records import Record
from mltools.core.report.around import Around
from mltools.core.report.facts import shown
from mltools.core.spark import bar

MOST_CLASSES = 12
MOST_BARS = 15
POINTS = 21
ROWS = 6


def render(record: Record, around: Around) -> str | None:
    before = {plot.path: plot for plot in around.base_plots}
    parts = [part for plot in record.plots if (part := _part(plot, before))]
    if not parts:
        return None
    return details(f"Plots: {len(parts)}", "\n\n".join(parts))


def heading(plot: Plot) -> str:
    """What a plot is called."""
    return plot.title or plot.path


def _part(plot: Plot, before: Mapping[str, Plot]) -> str | None:
    match plot:
        case Matrix():
            body = _matrix(plot)
        case Bars():
            body = _bars(plot)
        case Curves():
            was = before.get(plot.path)
            body = _curves(plot, was if isinstance(was, Curves) else None)
    return f"**{escape(heading(plot))}**\n\n{body}" if body else None


def _matrix(plot: Matrix) -> str | None:
    if not 0 < len(plot.labels) <= MOST_CLASSES:
        return None
    header = (escape(f"{plot.y or 'actual'} \\ {plot.x or 'predicted'}"), *map(escape, plot.labels), "Right")
    rows = (
        (escape(label), *(f"{count:,}" for count in row), share(row[index], sum(row)))
        for index, (label, row) in enumerate(zip(plot.labels, plot.counts, strict=True))
    )
    return table(header, rows, right=range(1, len(plot.labels) + 2))


def share(part: int, whole: int) -> str:
    """A part in percent of the whole."""
    return f"{part / whole:.1%}" if whole else ""


def _bars(plot: Bars) -> str:
    heights = plot.heights
    largest = max(map(abs, heights))
    found = sorted(zip(plot.labels, heights, strict=True), key=lambda item: -abs(item[1]))
    rows = (
        (code(label), escape(shown(value)), ("-" if value < 0 else "") + bar(value, largest))
        for label, value in found[:MOST_BARS]
    )
    return table((escape(plot.y or "Name"), escape(plot.x or "Value"), ""), rows, right=(1,))


def _curves(plot: Curves, before: Curves | None) -> str | None:
    if plot.scattered:  # a cloud of points says nothing as a line; the HTML page shows it
        return None
    old = {line.name: line for line in before.lines} if before else {}
    parts = [part for line in plot.lines[:3] for part in _curve(plot, line, old.get(line.name)) if part]
    return "\n\n".join(parts) or None


def _curve(plot: Curves, line: Line, before: Line | None) -> Iterator[str]:
    points = sorted(line.points)
    low, high = points[0][0], points[-1][0]
    if low == high:
        return
    axes = plot.x or "x", plot.y or "y"
    step = (high - low) / (POINTS - 1)
    values = [value_at(points, low + step * index) for index in range(POINTS)]
    if abs(low) <= LARGEST and abs(high) <= LARGEST:
        yield curve(line.name or heading(plot), axes, (low, high), values) or ""
    rows = []
    for index in range(ROWS):
        place = low + (high - low) * index / (ROWS - 1)
        was = () if before is None else (escape(shown(value_at(sorted(before.points), place))),)
        rows.append((escape(shown(place)), *was, escape(shown(value_at(points, place)))))
    header = (escape(axes[0]), *(("Base",) if before is not None else ()), "This change")
    yield table(header, rows, right=range(len(header)))


def value_at(points: Sequence[tuple[float, float]], place: float) -> float:
    """A curve between its sorted points; beyond its ends, the value there. Of a vertical step the upper end counts."""
    if place < points[0][0]:
        return points[0][1]
    for (left, start), (right, end) in pairwise(points):
        if left <= place < right:
            return start + (end - start) * (place - left) / (right - left)
    return points[-1][1]
