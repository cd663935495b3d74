"""The trees of dvc.yaml, dvc.lock and .dvc files read piece by piece, problems collected with their lines."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from posixpath import normpath
from typing import Any

from mltools.core.stages import Artifact, LockedFile, LockedStage, OutputSpec, ParamsSpec, StageSpec
from mltools.errors import ConfigError

DEFAULT_PARAMS = "params.yaml"

LineOf = Callable[[Sequence[str | int]], int]


class Reader:
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
            self.problem(("stages",), f"stages: expected names and stages, got {what_is(tree)}")
            return
        for name, body in tree.items():
            path: tuple[str | int, ...] = ("stages", str(name))
            if not isinstance(body, dict):
                self.problem(path, f"stage {name!r}: expected keys and values, got {what_is(body)}")
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
            self.problem((*path, "cmd"), f"stage {name!r}: cmd: expected text, got {what_is(cmd)}")
            cmd = ""
        wdir = body.get("wdir") or ""
        if not isinstance(wdir, str):
            self.problem((*path, "wdir"), f"stage {name!r}: wdir: expected text, got {what_is(wdir)}")
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
            self.problem(path, f"{where}: expected a list, got {what_is(tree)}")
            return ()
        for index, item in enumerate(tree):
            if not isinstance(item, str) or not item:
                self.problem((*path, index), f"{where}[{index}]: expected a path, got {what_is(item)}")
        return tuple(item for item in tree if isinstance(item, str) and item)

    def _outs(self, stage: str, tree: Any, path: tuple[str | int, ...]) -> Iterator[OutputSpec]:
        kind = str(path[-1])
        if tree is None:
            return
        if not isinstance(tree, list):
            self.problem(path, f"stage {stage!r}: {kind}: expected a list, got {what_is(tree)}")
            return
        for index, item in enumerate(tree):
            entries = {item: {}} if isinstance(item, str) else item
            if not isinstance(entries, dict) or not entries:
                self.problem(
                    (*path, index), f"stage {stage!r}: {kind}[{index}]: expected a path, got {what_is(item)}"
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
            self.problem(path, f"stage {stage!r}: params: expected a list, got {what_is(tree)}")
            return ()
        keys: dict[str, list[str]] = {}
        whole: set[str] = set()
        for index, item in enumerate(tree):
            entries = {DEFAULT_PARAMS: [item]} if isinstance(item, str) else item
            if not isinstance(entries, dict):
                self.problem(
                    (*path, index), f"stage {stage!r}: params[{index}]: expected a key, got {what_is(item)}"
                )
                continue
            for file, names in entries.items():
                if names is not None and not isinstance(names, list):
                    self.problem(
                        (*path, index),
                        f"stage {stage!r}: params[{index}]: {file}: expected a list of keys, got {what_is(names)}",
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
            self.problem(("plots",), f"plots: expected a list, got {what_is(tree)}")
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
            self.problem(("artifacts",), f"artifacts: expected names and artifacts, got {what_is(tree)}")
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


def what_is(value: Any) -> str:
    """What a value of a YAML document is, in words."""
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


def _digest(entry: Any) -> str:
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
