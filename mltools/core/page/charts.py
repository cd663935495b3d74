"""Charts as inline SVG from values: lines, bars, confusion matrices. Meaning is never in colour alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mltools.core.page.html import Html, join, tag, void
from mltools.core.page.scale import Scale, fitted, tame
from mltools.core.plots import Matrix
from mltools.core.report.facts import shown
from mltools.core.report.rows import Interval

Points = Sequence[tuple[float, float]]
STYLES = 6
WIDTH, HEIGHT = 460, 320
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 14, 48


@dataclass(frozen=True, slots=True)
class Drawn:
    """A line, or a cloud of points, with its name; `style` tells lines apart by colour and by dashes."""

    name: str
    points: Points
    style: int = 0
    scattered: bool = False


@dataclass(frozen=True, slots=True)
class Axes:
    """What the axes are called; `names` stand below the x axis instead of numbers, at 0, 1, 2, ..."""

    x: str
    y: str
    names: Sequence[str] = ()
    diagonal: bool = False


def svg(title: str, body: str, width: float, height: float, *, css: str = "chart") -> Html:
    """A drawing that a screen reader announces by its title."""
    return tag(
        "svg",
        tag("title", title),
        body,
        class_=css,
        role="img",
        viewBox=f"0 0 {width:g} {height:g}",
        width=round(width),
        height=round(height),
        xmlns="http://www.w3.org/2000/svg",
    )


def lines(title: str, drawn: Sequence[Drawn], axes: Axes) -> Html:
    """Lines or points over two axes, with a legend where there are several."""
    every = [point for line in drawn for point in line.points]
    across = fitted((x for x, _ in every), LEFT, WIDTH - RIGHT)
    up = fitted((y for _, y in every), HEIGHT - BOTTOM, TOP)
    parts = [*_frame(across, up, axes)]
    low, high = max(across.low, up.low), min(across.high, up.high)
    if axes.diagonal and low < high:
        parts.append(_segment(across.at(low), up.at(low), across.at(high), up.at(high), "guide"))
    # Drawn last, the first one lies on top.
    parts += [(_dots if line.scattered else _path)(line, across, up, axes) for line in reversed(drawn)]
    extra = 20.0 * len(drawn) if len(drawn) > 1 else 0.0
    legend = _legend(drawn) if len(drawn) > 1 else Html("")
    return svg(title, join([*parts, legend]), WIDTH, HEIGHT + extra)


def bars(title: str, labels: Sequence[str], values: Sequence[float]) -> Html:
    """A horizontal bar for each label, its value beside it."""
    step, left = 24, 190
    width, height = 560, step * len(labels) + 8
    low, high = tame(min(0.0, *values)), tame(max(0.0, *values))
    across = Scale(low, high if high > low else low + 1.0, left, width - 70)
    zero = across.at(0.0)
    parts = []
    for index, (label, value) in enumerate(zip(labels, values, strict=True)):
        top = 4 + step * index
        end = across.at(value)
        parts += [
            tag("text", short(label, 26), x=left - 8, y=top + 16, class_="end"),
            void("rect", x=min(zero, end), y=top + 3, width=abs(end - zero), height=step - 8, class_="bar"),
            tag("text", shown(value), x=max(zero, end) + 6, y=top + 16, class_="value"),
        ]
    parts.append(_segment(zero, 2, zero, height - 2, "axis"))
    return svg(title, join(parts), width, height)


def shares(title: str, labels: Sequence[str], before: Sequence[float], now: Sequence[float]) -> Html:
    """Two bars for each label, shares of 0 to 1 on both sides: an outline for before, filled for now."""
    step, left, top = 34, 150, 28
    width, height = WIDTH, top + step * len(labels) + 6
    across = Scale(0.0, tame(max(*before, *now)) or 1.0, left, width - 52)
    parts = [
        *_bar(left, 8, 14, "back outline"),
        tag("text", "at the release", x=left + 20, y=17),
        *_bar(left + 130, 8, 14, "bar"),
        tag("text", "now", x=left + 150, y=17),
    ]
    for index, (label, old, new) in enumerate(zip(labels, before, now, strict=True)):
        y = top + step * index
        parts.append(tag("text", short(label, 20), x=left - 8, y=y + 17, class_="end"))
        for value, down, css in ((old, 0, "back outline"), (new, 13, "bar")):
            end = across.at(value)
            parts += _bar(left, y + down, end - left, css)
            parts.append(tag("text", f"{value:.0%}", x=end + 6, y=y + down + 10, class_="value small"))
    parts.append(_segment(left, top - 4, left, height - 4, "axis"))
    return svg(title, join(parts), width, height)


def matrix(plot: Matrix, title: str) -> Html:
    """Classes against classes: the count, its share of the row, and the share as shade."""
    cell = 76 if len(plot.labels) <= 6 else 46 if len(plot.labels) <= 14 else 28  # noqa: PLR2004 - what fits a screen
    left, top = 130, 54
    size = cell * len(plot.labels)
    parts = [
        tag("text", f"{plot.x or 'predicted'}", x=left + size / 2, y=16, class_="mid name"),
        tag(
            "text",
            f"{plot.y or 'actual'}",
            transform=f"translate(14 {top + size / 2:g}) rotate(-90)",
            class_="mid name",
        ),
    ]
    for row, (label, counts) in enumerate(zip(plot.labels, plot.counts, strict=True)):
        y = top + cell * row
        parts.append(tag("text", short(label, 13), x=left - 8, y=y + cell / 2 + 4, class_="end"))
        middle = left + cell * row + cell / 2
        parts.append(tag("text", short(label, max(3, cell // 8)), x=middle, y=top - 10, class_="mid"))
        for column, count in enumerate(counts):
            parts.extend(_cell(count, sum(counts), left + cell * column, y, cell))
    return svg(title, join(parts), left + size + 10, top + size + 10)


def interval(found: Interval, change: float | None) -> Html:
    """An interval around nothing: where a change lies, against the line of no change."""
    width, height = 132, 18
    reach = tame(max(abs(found.low), abs(found.high), abs(change or 0.0))) or 1.0
    across = Scale(-reach, reach, 6, width - 6)
    left, right, middle = across.at(found.low), across.at(found.high), height / 2
    parts = [
        _segment(across.at(0.0), 1, across.at(0.0), height - 1, "guide"),
        _segment(left, middle, right, middle, "span"),
        _segment(left, 4, left, height - 4, "span"),
        _segment(right, 4, right, height - 4, "span"),
    ]
    if change is not None:
        parts.append(void("circle", cx=across.at(change), cy=middle, r=3.5, class_="dot s0"))
    title = f"{shown(found.low)} to {shown(found.high)}"
    return svg(title, join(parts), width, height, css="interval")


def short(text: str, limit: int) -> str:
    """A label cut to what there is room for; the tables beside the charts have it whole."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _frame(across: Scale, up: Scale, axes: Axes) -> Iterator[Html]:
    for value in up.ticks:
        y = up.at(value)
        yield _segment(across.start, y, across.end, y, "grid")
        yield tag("text", shown(value), x=LEFT - 8, y=y + 4, class_="end tick")
    bottom = up.start
    if axes.names:
        every = max(1, -(-len(axes.names) // 6))
        last = len(axes.names) - 1
        for index, name in enumerate(axes.names):
            if index == last or (index % every == 0 and last - index >= every):
                x = across.at(index)
                css = "end tick" if index == last and last else "mid tick"
                yield tag(
                    "text", short(name, 14), x=x + (10 if index == last else 0), y=bottom + 18, class_=css
                )
    else:
        for value in across.ticks:
            x = across.at(value)
            yield _segment(x, bottom, x, bottom + 4, "axis")
            yield tag("text", shown(value), x=x, y=bottom + 18, class_="mid tick")
    yield _segment(across.start, bottom, across.end, bottom, "axis")
    yield tag("text", axes.x, x=(across.start + across.end) / 2, y=bottom + 38, class_="mid name")
    middle = (up.start + up.end) / 2
    yield tag("text", short(axes.y, 40), transform=f"translate(14 {middle:g}) rotate(-90)", class_="mid name")


def _path(line: Drawn, across: Scale, up: Scale, axes: Axes) -> Html:
    places = " ".join(f"{across.at(x):g},{up.at(y):g}" for x, y in line.points)
    drawn = void("polyline", points=places, class_=f"line {_style(line)}")
    few = len(line.points) <= 25  # noqa: PLR2004 - more would hide the line
    return join([drawn, _dots(line, across, up, axes)]) if few else drawn


def _dots(line: Drawn, across: Scale, up: Scale, axes: Axes) -> Html:
    last = len(line.points) - 1
    parts = []
    for index, (x, y) in enumerate(line.points):
        place = axes.names[index] if index < len(axes.names) else shown(x)
        said = tag("title", f"{line.name + ': ' if line.name else ''}{place}: {shown(y)}")
        size = 5.0 if axes.names and index == last else 2.5
        parts.append(tag("circle", said, cx=across.at(x), cy=up.at(y), r=size, class_=f"dot {_style(line)}"))
    return join(parts)


def _legend(drawn: Sequence[Drawn]) -> Html:
    parts = []
    for index, line in enumerate(drawn):
        y = HEIGHT + 8 + 20 * index
        mark = (
            void("circle", cx=LEFT + 14, cy=y, r=3, class_=f"dot {_style(line)}")
            if line.scattered
            else _segment(LEFT, y, LEFT + 28, y, f"line {_style(line)}")
        )
        parts += [mark, tag("text", short(line.name, 56), x=LEFT + 36, y=y + 4)]
    return join(parts)


def _cell(count: int, whole: int, x: float, y: float, size: float) -> Iterator[Html]:
    part = count / whole if whole else 0.0
    css = "cell strong" if part > 0.55 else "cell"  # noqa: PLR2004 - from here on light text reads better
    yield void("rect", x=x, y=y, width=size - 2, height=size - 2, class_="back")
    yield void(
        "rect", x=x, y=y, width=size - 2, height=size - 2, fill_opacity=round(part * 0.9, 3), class_="shade"
    )
    wide = size > 60  # noqa: PLR2004 - room for two lines
    middle = x + size / 2 - 1
    yield tag("text", f"{count:,}", x=middle, y=y + size / 2 + (0 if wide else 4), class_=f"mid {css}")
    if wide and whole:
        yield tag("text", f"{part:.1%}", x=middle, y=y + size / 2 + 17, class_=f"mid small {css}")


def _bar(x: float, y: float, width: float, css: str) -> Iterator[Html]:
    if width > 0:
        yield void("rect", x=x, y=y, width=width, height=11, class_=css)


def _segment(x1: float, y1: float, x2: float, y2: float, css: str) -> Html:
    return void("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=css)


def _style(line: Drawn) -> str:
    return f"s{line.style % STYLES}"
