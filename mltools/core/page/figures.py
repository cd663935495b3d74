"""The parts of the page that are drawn: plots, pictures, the pipeline, the history. Beside each stand its numbers."""

from base64 import b64encode
from collections.abc import Mapping, Sequence

from mltools.core.page import charts
from mltools.core.page.charts import Axes, Drawn
from mltools.core.page.flow import graph
from mltools.core.page.html import Html, details, figure, join, table, tag, void
from mltools.core.plots import Bars, Curves, Matrix, Plot
from mltools.core.records import Record
from mltools.core.report.around import Around
from mltools.core.report.facts import marked, shown
from mltools.core.report.plots import heading, share
from mltools.core.report.series import HERE, Series, series
from mltools.core.report.stages import shown_in_graph, title

COMMIT = 7
NOW, BEFORE = "this change", "base"


def plots(record: Record, around: Around) -> Html | None:
    before = {plot.path: plot for plot in around.base_plots}
    made = [_plot(plot, before.get(plot.path)) for plot in record.plots]
    return tag("div", *made, class_="figures") if made else None


def pictures(record: Record, held: Mapping[str, bytes]) -> Html | None:
    """The PNGs whose bytes are at hand, inside of the page."""
    made = []
    for image in record.images:
        if (content := held.get(image.sha256)) is not None:
            source = f"data:image/png;base64,{b64encode(content).decode()}"
            name = image.title or image.path
            picture = void("img", src=source, alt=name, width=image.width, height=image.height)
            made.append(figure(name, picture))
    return tag("div", *made, class_="figures") if made else None


def pipeline(record: Record) -> Html | None:
    if not record.stages:
        return None
    drawn = shown_in_graph(record)
    cells = (
        (
            tag("code", stage.name),
            stage.state,
            f"{stage.seconds:.1f}" if stage.state == "ran" else "",
            {True: "changed", False: "same", None: ""}[stage.changed],
        )
        for stage in record.stages
    )
    listed = table(
        ("Stage", "State", "Seconds", "Against the base"), cells, caption=title(record), right=(2,)
    )
    if not drawn:
        return listed
    picture = tag("div", graph(drawn), class_="wide", tabindex=0, role="region", aria_label="Graph of stages")
    return join([picture, listed])


def history(record: Record, around: Around) -> Html | None:
    found = series(record, around.history) if around.history else ()
    if not found:
        return None
    names = [*(run.commit[:COMMIT] for run in around.history), HERE]
    drawn = [figure(one.name, _over_runs(one, names)) for one in found]
    return join([tag("div", *drawn, class_="figures"), _runs(record, around, found)])


def _over_runs(one: Series, names: Sequence[str]) -> Html:
    known = [(name, value) for name, value in zip(names, one.values, strict=True) if value is not None]
    points = [(float(index), value) for index, (_, value) in enumerate(known)]
    axes = Axes("commit", "", names=[name for name, _ in known])
    return charts.lines(f"{one.name} over the last runs", [Drawn(one.name, points)], axes)


def _runs(record: Record, around: Around, found: Sequence[Series]) -> Html:
    runs = [(run.commit, run.time, run.verdict) for run in around.history]
    runs.append((record.commit, record.time, record.verdict))
    cells = [
        (
            commit[:COMMIT] + (f" ({HERE})" if index == len(runs) - 1 else ""),
            time.replace("T", " ").removesuffix("Z"),
            marked(verdict),
            *(shown(one.values[index]) for one in found),
        )
        for index, (commit, time, verdict) in enumerate(runs)
    ]
    header = ("Commit", "Time (UTC)", "Verdict", *(tag("code", one.name) for one in found))
    body = table(
        header, reversed(cells), caption="The runs, the newest first", right=range(3, 3 + len(found))
    )
    return details(f"The numbers of {len(runs)} runs", body)


def _plot(plot: Plot, before: Plot | None) -> Html:
    match plot:
        case Matrix():
            return figure(heading(plot), charts.matrix(plot, heading(plot)), _counts(plot))
        case Bars():
            body = charts.bars(heading(plot), plot.labels, plot.heights)
            cells = zip(plot.labels, map(shown, plot.heights), strict=True)
            numbers = table((plot.y or "Name", plot.x or "Value"), cells, caption=heading(plot), right=(1,))
            return figure(heading(plot), body, numbers)
        case Curves():
            return _curves(plot, before if isinstance(before, Curves) else None)


def _curves(plot: Curves, before: Curves | None) -> Html:
    alone = len(plot.lines) == 1
    drawn = [
        Drawn(NOW if alone and not line.name else line.name, line.points, index, plot.scattered)
        for index, line in enumerate(plot.lines)
    ]
    if alone and before is not None and len(before.lines) == 1 and before.lines[0] != plot.lines[0]:
        drawn.append(Drawn(BEFORE, before.lines[0].points, 1, plot.scattered))
    shares = all(0 <= value <= 1 for line in drawn for point in line.points for value in point)
    axes = Axes(plot.x, plot.y, diagonal=shares)
    header = ("Line", plot.x or "x", plot.y or "y")
    cells = ((line.name, shown(x), shown(y)) for line in drawn for x, y in line.points)
    numbers = table(header, cells, caption=heading(plot), right=(1, 2), heads=False)
    return figure(heading(plot), charts.lines(heading(plot), drawn, axes), numbers)


def _counts(plot: Matrix) -> Html:
    header = (f"{plot.y or 'actual'} / {plot.x or 'predicted'}", *plot.labels, "Right")
    cells = (
        (label, *(f"{count:,}" for count in row), share(row[index], sum(row)))
        for index, (label, row) in enumerate(zip(plot.labels, plot.counts, strict=True))
    )
    return table(header, cells, caption=heading(plot), right=range(1, len(plot.labels) + 2))
