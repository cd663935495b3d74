"""dvc.yaml and dvc.lock read into values: stages, metrics, params, plots, artifacts.

DVC stays the judge of its own files. Here stands only what reports, gates and the clean check read; `unsure` names
the first thing in a file for which DVC has to be asked.
"""

import re
from collections.abc import Iterable
from posixpath import isabs, join, normpath
from typing import Any

from mltools.core.doubts import doubts
from mltools.core.dvcreader import DEFAULT_PARAMS, LineOf, Reader, what_is
from mltools.core.plot_specs import plot_specs
from mltools.core.stages import (
    Artifact,
    Command,
    Lock,
    LockedFile,
    LockedStage,
    OutputSpec,
    ParamsSpec,
    Pipeline,
    StageSpec,
)

__all__ = [
    "DEFAULT_PARAMS",
    "Artifact",
    "Command",
    "Lock",
    "LockedFile",
    "LockedStage",
    "OutputSpec",
    "ParamsSpec",
    "Pipeline",
    "StageSpec",
    "conflict_line",
    "metric_files",
    "outputs",
    "outside",
    "params_files",
    "parse_files",
    "parse_lock",
    "parse_pipeline",
]

FILE = "dvc.yaml"
LOCK_FILE = "dvc.lock"
LOCK_SCHEMA = "2.0"

_TEMPLATE = re.compile(r"\$\{[^}]*\}")


def parse_pipeline(tree: Any, name: str = FILE, line_of: LineOf = lambda path: 1) -> Pipeline:  # noqa: ARG005
    """The pipeline in the tree of a dvc.yaml. Raises ConfigError with every problem as `name:line: reason`."""
    reader = Reader(name, line_of)
    if tree is None:
        return Pipeline()
    if not isinstance(tree, dict):
        reader.problem((), f"expected keys and values at the top, got {what_is(tree)}")
        reader.finish()
    stages = tuple(reader.stages(tree.get("stages")))
    artifacts = dict(reader.artifacts(tree.get("artifacts")))
    metrics = reader.words(tree, ("metrics",))
    params = reader.words(tree, ("params",))
    plots = reader.plots(tree.get("plots"))
    reader.finish()
    outs = [(stage, out) for stage in stages for out in stage.outs]
    return Pipeline(
        stages=stages,
        metrics=_distinct([*(s.place(o.path) for s, o in outs if o.metric), *map(normpath, metrics)]),
        params=_distinct([*(s.place(p.path) for s in stages for p in s.params), *map(normpath, params)]),
        plots=_distinct([*(s.place(o.path) for s, o in outs if o.plot), *map(normpath, plots)]),
        drawn=plot_specs(tree, stages),
        artifacts=artifacts,
        unsure=next(doubts(tree, stages), None),
    )


def parse_lock(tree: Any, name: str = LOCK_FILE, line_of: LineOf = lambda path: 1) -> Lock:  # noqa: ARG005
    """The entries in the tree of a dvc.lock. Raises ConfigError as `name:line: reason`."""
    reader = Reader(name, line_of)
    if tree is None:
        return Lock()
    if not isinstance(tree, dict):
        reader.problem((), f"expected keys and values at the top, got {what_is(tree)}")
        reader.finish()
    if tree.get("schema") != LOCK_SCHEMA:
        return Lock(unsure=f"{name} has schema {tree.get('schema')!r}, not {LOCK_SCHEMA!r}")
    stages = tree.get("stages") or {}
    if not isinstance(stages, dict):
        reader.problem(("stages",), f"stages: expected names and entries, got {what_is(stages)}")
        stages = {}
    locked = {str(key): reader.locked(str(key), entry) for key, entry in stages.items()}
    reader.finish()
    unsure = f"{name} locks datasets" if tree.get("datasets") else None
    return Lock(stages={key: entry for key, entry in locked.items() if entry is not None}, unsure=unsure)


def parse_files(
    entries: Any, name: str, line_of: LineOf, path: tuple[str | int, ...]
) -> tuple[LockedFile, ...]:
    """The `deps` or `outs` of a dvc.lock entry or a .dvc file. Raises ConfigError."""
    reader = Reader(name, line_of)
    files = reader.files(entries, path)
    reader.finish()
    return files


def conflict_line(content: bytes) -> int | None:
    """The line on which Git left its first conflict marker, None when there is none."""
    for number, line in enumerate(content.splitlines(), 1):
        if line.startswith((b"<<<<<<< ", b">>>>>>> ")):
            return number
    return None


def outputs(pipeline: Pipeline, lock: Lock) -> dict[str, LockedFile]:
    """Every output of the pipeline's stages as dvc.lock knows it, by its path from the project directory."""
    return {
        stage.place(out.path): out
        for entry in lock.stages.values()
        if (stage := pipeline.stage(entry.name)) is not None
        for out in entry.outs
    }


def metric_files(pipeline: Pipeline, lock: Lock) -> tuple[str, ...]:
    """The metrics files; where dvc.yaml names them by a template, those that dvc.lock shows it to mean."""
    return _resolved(pipeline.metrics, outputs(pipeline, lock))


def params_files(pipeline: Pipeline, lock: Lock) -> tuple[str, ...]:
    """The params files, templates resolved as in `metric_files`."""
    known = {
        stage.place(path): None
        for entry in lock.stages.values()
        if (stage := pipeline.stage(entry.name)) is not None
        for path in entry.params
    }
    return _resolved(pipeline.params, known)


def outside(pipeline: Pipeline, prefix: str = "") -> tuple[str, ...]:
    """Outputs that lie outside the repository, `prefix` being the project's place in it.

    DVC runs such a stage first and complains afterwards, so they are looked for before it starts.
    """
    found = []
    for stage in pipeline.stages:
        for out in stage.outs:
            place = normpath(join(prefix, stage.place(out.path)))
            if "://" not in out.path and "${" not in place and (isabs(place) or place.split("/")[0] == ".."):
                found.append(f"{stage.name}: {out.path}")
    return tuple(found)


def _resolved(declared: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    for path in declared:
        if "${" not in path:
            found.append(path)
            continue
        pattern = re.compile("[^/]*".join(re.escape(part) for part in _TEMPLATE.split(path)))
        found.extend(place for place in known if pattern.fullmatch(place))
    return _distinct(found)


def _distinct(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(paths))
