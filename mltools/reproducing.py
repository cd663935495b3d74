"""The pipeline brought up to date: by DVC where something may have changed, by nobody where provably nothing has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mltools.core import graph
from mltools.core import pipeline as pipelines
from mltools.core.records import Stage
from mltools.core.stages import Lock, Pipeline
from mltools.edges import dvc, freshness
from mltools.edges.dvc import StageEvent
from mltools.edges.freshness import Changed, Clean
from mltools.errors import ConfigError
from mltools.project import HASHES, Project, load_lock


@dataclass(frozen=True, slots=True)
class Doing:
    """How the pipeline is run: with which environment, telling whom; `clean_locks` where no person can.

    `detail` is told what the stages print.
    """

    environ: Mapping[str, str]
    say: Callable[[str], None]
    clean_locks: bool = False
    detail: Callable[[str], None] | None = None


def sources(project: Project, doing: Doing) -> tuple[Stage, ...]:
    """Run the stages that make the data sets which are validated, where stages make them."""
    wanted = {source.path for source in project.config.data}
    makers = [
        stage.name
        for stage in project.pipeline.stages
        if any(stage.place(out.path) in wanted for out in stage.outs)
    ]
    return reproduce(project, doing, makers) if makers else ()


def reproduce(
    project: Project, doing: Doing, targets: Sequence[str] = (), *, fresh: bool = False
) -> tuple[Stage, ...]:
    """Run what has changed (with `fresh`, everything), a line per stage as it happens.

    Raises CommandError when a stage fails.
    """
    if outside := pipelines.outside(project.pipeline, project.prefix):
        # DVC would run the stage first and complain about the path afterwards.
        raise ConfigError(
            f"dvc.yaml: outputs outside the repository: {', '.join(outside)}",
            hint="a stage writes below the project's directory",
        )
    if not fresh and isinstance(_freshness(project, doing.environ), Clean):
        names = [stage.name for stage in project.pipeline.stages if not targets or stage.name in targets]
        events = tuple(StageEvent(name, "skipped") for name in names)
        if not targets:
            doing.say(f"pipeline: {len(names)} stage{'s' * (len(names) != 1)}, nothing changed")
    else:
        events = dvc.repro(
            project.root,
            lambda event: doing.say(_line(event)),
            environ=doing.environ,
            targets=targets,
            clean_locks=doing.clean_locks,
            on_line=doing.detail,
            fresh=fresh,
        ).stages
    return _stages(events, project.pipeline, load_lock(project))


def against(stages: Sequence[Stage], base: Mapping[str, str | None]) -> tuple[Stage, ...]:
    """The stages, each marked whether its entry in dvc.lock differs from the base's; unmarked without a base's."""
    if not base:
        return tuple(stages)
    return tuple(
        stage.model_copy(update={"changed": stage.md5 != base.get(stage.name)}) if stage.md5 else stage
        for stage in stages
    )


def joined(first: Sequence[Stage], second: Sequence[Stage]) -> tuple[Stage, ...]:
    """The stages of two reproductions; one that ran in the first is not skipped because the second found it done."""
    ran = {stage.name: stage for stage in first if stage.state != "skipped"}
    return tuple(ran.get(stage.name, stage) for stage in second)


def standing(project: Project) -> tuple[Stage, ...]:
    """The stages as dvc.lock has them, none of which has just run."""
    lock = load_lock(project)
    events = [StageEvent(stage.name, "skipped") for stage in project.pipeline.stages]
    return _stages(events, project.pipeline, lock)


def stale(project: Project, environ: Mapping[str, str]) -> str | None:
    """Why the results in the working tree are not those of its inputs; None when they are, or when only DVC can tell."""
    found = _freshness(project, environ)
    if not isinstance(found, Changed):
        return None
    return f"{found.stages[0]}: {found.reasons[0]}"


def _freshness(project: Project, environ: Mapping[str, str]) -> freshness.Freshness:
    return freshness.changed(
        project.root,
        repository=project.repository,
        prefix=project.prefix,
        pipeline=project.pipeline,
        lock=load_lock(project),
        environ=environ,
        store=project.work_dir / HASHES,
    )


def _stages(events: Sequence[StageEvent], pipeline: Pipeline, lock: Lock) -> tuple[Stage, ...]:
    needed = graph.needs(pipeline, lock)
    return tuple(
        Stage(
            name=event.name,
            state="skipped" if event.state == "running" else event.state,
            seconds=round(event.seconds, 3),
            md5=entry.md5 if (entry := lock.stages.get(event.name)) else None,
            needs=needed.get(event.name, ()),
        )
        for event in events
    )


def _line(event: StageEvent) -> str:
    took = f", {event.seconds:.1f} s" if event.state == "ran" else ""
    return f"stage {event.name}: {event.state}{took}"
