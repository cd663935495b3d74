"""dvc.yaml and dvc.lock read into values: stages, metrics, params, plots, artifacts.

DVC stays the judge of its own files. Here stands only what reports, gates and the clean check read; `unsure` names
the first thing in a file for which DVC has to be asked.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from posixpath import isabs, join, normpath
from typing import Any

from mltools.core.doubts import doubts
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
from mltools.errors import ConfigError

__all__ = [
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
DEFAULT_PARAMS = "params.yaml"
LOCK_SCHEMA = "2.0"

LineOf = Callable[[Sequence[str | int]], int]

_TEMPLATE = re.compile(r"\$\{[^}]*\}")


def parse_pipeline(tree: Any, name: str = FILE, line_of: LineOf = lambda path: 1) -> Pipeline:  # noqa: ARG005
    """The pipeline in the tree of a dvc.yaml. Raises ConfigError with every problem as `name:line: reason`."""
    reader = _Reader(name, line_of)
    if tree is None:
        return Pipeline()
    if not isinstance(tree, dict):
        reader.problem((), f"expected keys and values at the top, got {_kind(tree)}")
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
        artifacts=artifacts,
        unsure=next(doubts(tree, stages), None),
    )


def parse_lock(tree: Any, name: str = LOCK_FILE, line_of: LineOf = lambda path: 1) -> Lock:  # noqa: ARG005
    """The entries in the tree of a dvc.lock. Raises ConfigError as `name:line: reason`."""
    reader = _Reader(name, line_of)
    if tree is None:
        return Lock()
    if not isinstance(tree, dict):
        reader.problem((), f"expected keys and values at the top, got {_kind(tree)}")
        reader.finish()
    if tree.get("schema") != LOCK_SCHEMA:
        return Lock(unsure=f"{name} has schema {tree.get('schema')!r}, not {LOCK_SCHEMA!r}")
    stages = tree.get("stages") or {}
    if not isinstance(stages, dict):
        reader.problem(("stages",), f"stages: expected names and entries, got {_kind(stages)}")
        stages = {}
    locked = {str(key): reader.locked(str(key), entry) for key, entry in stages.items()}
    reader.finish()
    unsure = f"{name} locks datasets" if tree.get("datasets") else None
    return Lock(stages={key: entry for key, entry in locked.items() if entry is not None}, unsure=unsure)


def parse_files(
    entries: Any, name: str, line_of: LineOf, path: tuple[str | int, ...]
) -> tuple[LockedFile, ...]:
    """The `deps` or `outs` of a dvc.lock entry or a .dvc file. Raises ConfigError."""
    reader = _Reader(name, line_of)
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


class _Reader:
    """Reads trees, collecting problems with their lines."""

    def __init__(self, name: str, line_of: LineOf) -> None:
        self.name = name
        self.line_of = line_of
        self.problems: list[tuple[int, str]] = []

    def problem(self, path: Sequence[str | int], what: str) -> None:
        line = self.line_of(path)
        self.problems.append((line, f"{self.name}:{line}: {what}"))

    def finish(self) -> None:
        if self.problems:
            texts = [text for _, text in sorted(self.problems)]
            raise ConfigError("\n".join(texts), problems=texts)

    def stages(self, tree: Any) -> Iterator[StageSpec]:
        if tree is None:
            return
        if not isinstance(tree, dict):
            self.problem(("stages",), f"stages: expected names and stages, got {_kind(tree)}")
            return
        for name, body in tree.items():
            path: tuple[str | int, ...] = ("stages", str(name))
            if not isinstance(body, dict):
                self.problem(path, f"stage {name!r}: expected keys and values, got {_kind(body)}")
                continue
            if "foreach" in body or "do" in body:
                body, path = body.get("do"), (*path, "do")  # noqa: PLW2901 - the stage stands one level deeper
                if not isinstance(body, dict):
                    self.problem(path, f"stage {name!r}: foreach needs a stage under `do`")
                    continue
            yield self._stage(str(name), body, path)

    def _stage(self, name: str, body: Mapping[str, Any], path: tuple[str | int, ...]) -> StageSpec:
        cmd = body.get("cmd")
        if isinstance(cmd, list):
            cmd = tuple(str(line) for line in cmd)
        elif cmd is None or (isinstance(cmd, str) and not cmd.strip()):
            self.problem(path, f"stage {name!r} has no cmd")
            cmd = ""
        elif not isinstance(cmd, str):
            self.problem((*path, "cmd"), f"stage {name!r}: cmd: expected text, got {_kind(cmd)}")
            cmd = ""
        wdir = body.get("wdir") or ""
        if not isinstance(wdir, str):
            self.problem((*path, "wdir"), f"stage {name!r}: wdir: expected text, got {_kind(wdir)}")
            wdir = ""
        wdir = normpath(wdir) if wdir else ""
        return StageSpec(
            name=name,
            cmd=cmd,
            wdir="" if wdir == "." else wdir,
            deps=self.words(body, (*path, "deps")),
            params=self._params(name, body.get("params"), (*path, "params")),
            outs=tuple(
                out
                for kind in ("outs", "metrics", "plots")
                for out in self._outs(name, body.get(kind), (*path, kind))
            ),
            frozen=body.get("frozen") is True,
            always_changed=body.get("always_changed") is True,
        )

    def words(self, body: Mapping[str, Any], path: tuple[str | int, ...]) -> tuple[str, ...]:
        tree, key = body.get(str(path[-1])), path[-1]
        if tree is None:
            return ()
        where = f"stage {path[1]!r}: {key}" if path[0] == "stages" else str(key)
        if not isinstance(tree, list):
            self.problem(path, f"{where}: expected a list, got {_kind(tree)}")
            return ()
        for index, item in enumerate(tree):
            if not isinstance(item, str) or not item:
                self.problem((*path, index), f"{where}[{index}]: expected a path, got {_kind(item)}")
        return tuple(item for item in tree if isinstance(item, str) and item)

    def _outs(self, stage: str, tree: Any, path: tuple[str | int, ...]) -> Iterator[OutputSpec]:
        kind = str(path[-1])
        if tree is None:
            return
        if not isinstance(tree, list):
            self.problem(path, f"stage {stage!r}: {kind}: expected a list, got {_kind(tree)}")
            return
        for index, item in enumerate(tree):
            entries = {item: {}} if isinstance(item, str) else item
            if not isinstance(entries, dict) or not entries:
                self.problem(
                    (*path, index), f"stage {stage!r}: {kind}[{index}]: expected a path, got {_kind(item)}"
                )
                continue
            for where, flags in entries.items():
                options = flags if isinstance(flags, dict) else {}
                yield OutputSpec(
                    path=str(where),
                    cache=options.get("cache", True) is not False,
                    push=options.get("push", True) is not False,
                    persist=options.get("persist") is True,
                    metric=kind == "metrics",
                    plot=kind == "plots",
                )

    def _params(self, stage: str, tree: Any, path: tuple[str | int, ...]) -> tuple[ParamsSpec, ...]:
        if tree is None:
            return ()
        if not isinstance(tree, list):
            self.problem(path, f"stage {stage!r}: params: expected a list, got {_kind(tree)}")
            return ()
        keys: dict[str, list[str]] = {}
        whole: set[str] = set()
        for index, item in enumerate(tree):
            entries = {DEFAULT_PARAMS: [item]} if isinstance(item, str) else item
            if not isinstance(entries, dict):
                self.problem(
                    (*path, index), f"stage {stage!r}: params[{index}]: expected a key, got {_kind(item)}"
                )
                continue
            for file, names in entries.items():
                if names is not None and not isinstance(names, list):
                    self.problem(
                        (*path, index),
                        f"stage {stage!r}: params[{index}]: {file}: expected a list of keys, got {_kind(names)}",
                    )
                    continue
                if not names:
                    whole.add(str(file))
                keys.setdefault(str(file), []).extend(str(key) for key in names or ())
        return tuple(
            ParamsSpec(file, () if file in whole else tuple(dict.fromkeys(names)))
            for file, names in keys.items()
        )

    def plots(self, tree: Any) -> tuple[str, ...]:
        if tree is None:
            return ()
        if not isinstance(tree, list):
            self.problem(("plots",), f"plots: expected a list, got {_kind(tree)}")
            return ()
        found: list[str] = []
        for item in tree:
            if isinstance(item, str):
                found.append(item)
            for title, options in (item if isinstance(item, dict) else {}).items():
                axes = [(options or {}).get(axis) for axis in ("x", "y")] if isinstance(options, dict) else []
                named = [str(file) for axis in axes if isinstance(axis, dict) for file in axis]
                found.extend(named or [str(title)])
        return tuple(found)

    def artifacts(self, tree: Any) -> Iterator[tuple[str, Artifact]]:
        if tree is None:
            return
        if not isinstance(tree, dict):
            self.problem(("artifacts",), f"artifacts: expected names and artifacts, got {_kind(tree)}")
            return
        for name, body in tree.items():
            path = body.get("path") if isinstance(body, dict) else None
            if not isinstance(path, str) or not path:
                self.problem(("artifacts", str(name)), f"artifact {name!r} has no path")
                continue
            labels = body.get("labels")
            yield (
                str(name),
                Artifact(
                    path=normpath(path),
                    type=None if body.get("type") is None else str(body["type"]),
                    desc=None if body.get("desc") is None else str(body["desc"]),
                    labels=tuple(map(str, labels)) if isinstance(labels, list) else (),
                ),
            )

    def locked(self, name: str, entry: Any) -> LockedStage | None:
        path = ("stages", name)
        if not isinstance(entry, dict) or "cmd" not in entry:
            self.problem(path, f"the entry of stage {name!r} has no cmd")
            return None
        params = entry.get("params") or {}
        if not isinstance(params, dict) or not all(isinstance(held, dict) for held in params.values()):
            self.problem((*path, "params"), f"stage {name!r}: params: expected files with keys and values")
            params = {}
        cmd = entry["cmd"]
        return LockedStage(
            name=name,
            cmd=tuple(map(str, cmd)) if isinstance(cmd, list) else str(cmd),
            deps=self.files(entry.get("deps"), (*path, "deps")),
            params={str(file): held for file, held in params.items()},
            outs=self.files(entry.get("outs"), (*path, "outs")),
            md5=_digest(entry),
        )

    def files(self, tree: Any, path: tuple[str | int, ...]) -> tuple[LockedFile, ...]:
        if tree is None:
            return ()
        if not isinstance(tree, list) or not all(
            isinstance(item, dict) and isinstance(item.get("path"), str) for item in tree
        ):
            self.problem(path, f"{'.'.join(map(str, path))}: expected a list of files, each with a path")
            return ()
        return tuple(
            LockedFile(
                path=item["path"],
                md5=None if item.get("md5") is None else str(item["md5"]),
                size=item["size"] if isinstance(item.get("size"), int) else None,
                nfiles=item["nfiles"] if isinstance(item.get("nfiles"), int) else None,
                hash=item.get("hash"),
            )
            for item in tree
        )


def _resolved(declared: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    for path in declared:
        if "${" not in path:
            found.append(path)
            continue
        pattern = re.compile("[^/]*".join(re.escape(part) for part in _TEMPLATE.split(path)))
        found.extend(place for place in known if pattern.fullmatch(place))
    return _distinct(found)


def _digest(entry: Any) -> str:
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def _distinct(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(paths))


def _kind(value: Any) -> str:
    names = {
        dict: "keys and values",
        list: "a list",
        str: "text",
        bool: "a truth value",
        int: "a number",
        float: "a number",
        type(None): "nothing",
    }
    return names.get(type(value), type(value).__name__)
