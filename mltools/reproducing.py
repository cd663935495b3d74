"""The pipeline brought up to date: by DVC where something may have changed, by nobody where provably nothing has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mltools import comparing
from mltools.core.freshness import Clean
from mltools.core.records import Stage
from mltools.edges import dvc, hashes
from mltools.edges.dvc import StageEvent
from mltools.project import Project


@dataclass(frozen=True, slots=True)
class Doing:
    """How the pipeline is run: with which environment, telling whom; `clear_stale_locks` where no person could."""

    environ: Mapping[str, str]
    say: Callable[[str], None]
    clear_stale_locks: bool = False


def sources(project: Project, doing: Doing) -> tuple[Stage, ...]:
    """Run the stages that make the data sets which are validated, where stages make them."""
    wanted = {source.path for source in project.config.data}
    targets = [
        stage.name
        for stage in project.pipeline.stages
        if any(stage.place(out.path) in wanted for out in stage.outs)
    ]
    return _reproduce(project, doing, targets) if targets else ()
