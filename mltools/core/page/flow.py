"""The pipeline's graph as inline SVG: stages in columns by how far they are from the sources."""

from collections.abc import Mapping, Sequence

from mltools.core.page.charts import short, svg
from mltools.core.page.html import Html, join, tag, void
from mltools.core.records import Stage
from mltools.core.report.stages import state

BOX, TALL, ACROSS, DOWN = 164, 46, 44, 18


def graph(stages: Sequence[Stage]) -> Html:
    """Boxes joined by lines; a stage that differs from the base has a thick border and says so."""
    places = _places(stages)
    columns = max(x for x, _ in places.values()) + 1
    rows = max(y for _, y in places.values()) + 1
    at = {name: (4 + x * (BOX + ACROSS), 4 + y * (TALL + DOWN)) for name, (x, y) in places.items()}
    parts = [_edge(at[need], at[stage.name]) for stage in stages for need in stage.needs if need in at]
    parts += [_box(stage, at[stage.name]) for stage in stages]
    width, height = columns * (BOX + ACROSS) - ACROSS + 8, rows * (TALL + DOWN) - DOWN + 8
    return svg("The pipeline's stages", join(parts), width, height, css="chart flow")


def _places(stages: Sequence[Stage]) -> Mapping[str, tuple[int, int]]:
    """Column and row of each stage: the column is the longest way from a stage that needs nothing."""
    known = {stage.name: stage for stage in stages}
    depth: dict[str, int] = {}
    waiting = list(stages)
    for _ in range(len(stages) + 1):  # a circle, which only a forged record holds, ends here
        late = []
        for stage in waiting:
            needs = [need for need in stage.needs if need in known and need != stage.name]
            if all(need in depth for need in needs):
                depth[stage.name] = max((depth[need] + 1 for need in needs), default=0)
            else:
                late.append(stage)
        waiting = late
    for stage in waiting:
        depth[stage.name] = 0
    used: dict[int, int] = {}
    found = {}
    for stage in stages:
        column = depth[stage.name]
        found[stage.name] = column, used.get(column, 0)
        used[column] = used.get(column, 0) + 1
    return found


def _edge(one: tuple[int, int], other: tuple[int, int]) -> Html:
    x1, y1, x2, y2 = one[0] + BOX, one[1] + TALL / 2, other[0], other[1] + TALL / 2
    bend = max(24.0, (x2 - x1) / 2)
    path = f"M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2 - 2:g} {y2:g}"
    head = f"M{x2 - 8:g} {y2 - 4:g}L{x2 - 1:g} {y2:g}L{x2 - 8:g} {y2 + 4:g}"
    return join([void("path", d=path, class_="edge"), void("path", d=head, class_="edge")])


def _box(stage: Stage, at: tuple[int, int]) -> Html:
    x, y = at
    css = "stage changed" if stage.changed else "stage"
    return join(
        [
            void("rect", x=x, y=y, width=BOX, height=TALL, rx=6, class_=css),
            tag("text", tag("title", stage.name), short(stage.name, 22), x=x + 12, y=y + 19, class_="name"),
            tag("text", state(stage), x=x + 12, y=y + 36, class_="small"),
        ]
    )
