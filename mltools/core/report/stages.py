"""What the pipeline did: which stages ran, which came from the cache, seconds."""

from mltools.core.markdown import code, details, table
from mltools.core.records import Record


def render(record: Record) -> str | None:
    if not record.stages:
        return None
    rows = (
        (code(stage.name), stage.state, f"{stage.seconds:.1f}" if stage.state == "ran" else "")
        for stage in record.stages
    )
    ran = sum(stage.state == "ran" for stage in record.stages)
    body = table(("Stage", "State", "Seconds"), rows, right=(2,))
    return details(f"Pipeline: {ran} of {len(record.stages)} stages ran", body)
