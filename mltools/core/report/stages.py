"""What the pipeline did: a graph with the changed stages marked, and which ran, which came from the cache, seconds."""

from mltools.core.markdown import code, details, table
from mltools.core.mermaid import Node, flowchart
from mltools.core.records import Record, Stage

# A wider graph is not read; Mermaid itself draws at most 500 edges.
MOST_NODES = 40
MOST_EDGES = 200
MOST_ROWS = 200


def render(record: Record) -> str | None:
    if not record.stages:
        return None
    body = table(
        ("Stage", "State", "Seconds", "Against the base"), map(_row, record.stages[:MOST_ROWS]), right=(2,)
    )
    if len(record.stages) > MOST_ROWS:
        body += f"\n\n... and {len(record.stages) - MOST_ROWS:,} more stages"
    graph = _graph(record)
    return details(title(record), f"{graph}\n\n{body}" if graph else body)


def title(record: Record) -> str:
    """The pipeline in one line."""
    ran = sum(stage.state == "ran" for stage in record.stages)
    changed = sum(stage.changed is True for stage in record.stages)
    words = f"Pipeline: {ran} of {len(record.stages)} stages ran"
    return f"{words}, {changed} changed" if changed else words


def shown_in_graph(record: Record) -> tuple[Stage, ...]:
    """The stages that are drawn: all of a small pipeline, of a large one those that ran or changed, with what they need."""
    stages = record.stages
    if len(stages) > MOST_NODES:
        named = {stage.name for stage in stages if stage.state == "ran" or stage.changed}
        near = {name for stage in stages if stage.name in named for name in stage.needs}
        stages = tuple(stage for stage in stages if stage.name in named | near)
    names = {stage.name for stage in stages}
    edges = sum(name in names for stage in stages for name in stage.needs)
    return stages if edges and edges <= MOST_EDGES and len(stages) <= MOST_NODES else ()


def state(stage: Stage) -> str:
    """What became of a stage, in words."""
    words = f"ran, {stage.seconds:.1f} s" if stage.state == "ran" else stage.state
    return f"{words}, changed" if stage.changed else words


def _graph(record: Record) -> str | None:
    stages = shown_in_graph(record)
    if not stages:
        return None
    nodes = {stage.name: Node((stage.name, state(stage)), marked=bool(stage.changed)) for stage in stages}
    return flowchart(nodes, ((need, stage.name) for stage in stages for need in stage.needs))


def _row(stage: Stage) -> tuple[str, ...]:
    against = {True: "changed", False: "same", None: ""}[stage.changed]
    return code(stage.name), stage.state, f"{stage.seconds:.1f}" if stage.state == "ran" else "", against
