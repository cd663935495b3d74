"""Whether a pipeline is clean: `dvc status` would be empty and `dvc repro` would do nothing. DVC decides when in doubt.

The rules are DVC's (3.x): a stage is changed when its command, a declared dependency, a declared param or an output
differs from dvc.lock, or when a cached output is not in the cache. Entries of dvc.lock that dvc.yaml no longer
declares do not count.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mltools.core.stages import Lock, LockedFile, LockedStage, ParamsSpec, Pipeline, StageSpec


@dataclass(frozen=True, slots=True)
class Clean:
    """Nothing has changed: no DVC is needed."""


@dataclass(frozen=True, slots=True)
class Changed:
    """These stages (or .dvc files) differ from what is locked, each for the reason in the same place."""

    stages: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unsure:
    """Only DVC can tell, for this reason."""

    reason: str


Freshness = Clean | Changed | Unsure


class UnsureError(Exception):
    """Raised inside the check where DVC has to be asked; never leaves it."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A .dvc file: `name` is its path, the paths of its outputs count from the project directory."""

    name: str
    outs: tuple[LockedFile, ...]


class Workspace(Protocol):
    """What the check asks the disk; each answer is looked for when it is asked. All may raise UnsureError."""

    def md5(self, path: str, locked: LockedFile) -> str | None:
        """The hash of a file or, with `.dir`, of a directory; None when nothing is there.

        A size that differs from the locked one is answered with another hash without reading the file.
        """

    def params(self, path: str) -> Mapping[str, Any] | None:
        """The content of a params file, None when it is not there."""

    def cached(self, md5: str) -> bool:
        """Whether DVC's cache holds the object and, for a directory, all that it lists."""


def freshness(pipeline: Pipeline, lock: Lock, data: Sequence[DataFile], workspace: Workspace) -> Freshness:
    """Compare what is declared, what is locked and what is there."""
    if doubt := pipeline.unsure or lock.unsure:
        return Unsure(doubt)
    found: dict[str, str] = {}
    try:
        for file in data:
            if reason := next(_data_reasons(file, workspace), None):
                found[file.name] = reason
        for stage in pipeline.stages:
            if reason := next(_stage_reasons(stage, lock.stages.get(stage.name), workspace), None):
                found[stage.name] = reason
    except UnsureError as error:
        return Unsure(str(error))
    if found:
        return Changed(tuple(found), tuple(found.values()))
    return Clean()


def _data_reasons(file: DataFile, workspace: Workspace) -> Iterator[str]:
    for out in file.outs:
        yield from _file_reasons(out.path, out, workspace, cache=True)


def _stage_reasons(stage: StageSpec, entry: LockedStage | None, workspace: Workspace) -> Iterator[str]:
    """Why a stage is changed, the cheapest to find out first."""
    if entry is None:
        yield "it has no entry in dvc.lock"
        return
    if stage.cmd != entry.cmd:
        yield "its cmd has changed"
    for params in stage.params:
        yield from _params_reasons(stage, params, entry.params.get(params.path), workspace)
    locked = {file.path: file for file in entry.deps}
    for dep in stage.deps:
        yield from _file_reasons(stage.place(dep), locked.get(dep), workspace)
    locked = {file.path: file for file in entry.outs}
    for out in stage.outs:
        yield from _file_reasons(stage.place(out.path), locked.get(out.path), workspace, cache=out.cache)


def _file_reasons(
    place: str, locked: LockedFile | None, workspace: Workspace, *, cache: bool = False
) -> Iterator[str]:
    if locked is None:
        yield f"{place} is new"
        return
    if locked.hash != "md5" or locked.md5 is None:
        raise UnsureError(f"{place} is locked by something else than an MD5")
    seen = workspace.md5(place, locked)
    if seen is None:
        yield f"{place} is not there"
    elif seen != locked.md5:
        yield f"{place} has changed"
    if cache and not workspace.cached(locked.md5):
        yield f"{place} is not in the cache"


def _params_reasons(
    stage: StageSpec, spec: ParamsSpec, held: Mapping[str, Any] | None, workspace: Workspace
) -> Iterator[str]:
    place = stage.place(spec.path)
    tree = workspace.params(place)
    if tree is None:
        yield f"{place} is not there"
        return
    if held is None:
        yield f"{place} is new"
        return
    actual = dict(tree) if not spec.keys else dict(_picked(tree, spec.keys, place))
    for key in spec.keys or dict.fromkeys([*actual, *held]):
        if key not in actual:
            yield f"{place}: {key} is not there"
        elif key not in held:
            yield f"{place}: {key} is new"
        elif actual[key] != held[key]:
            yield f"{place}: {key} has changed"
        elif _ambiguous(actual[key]):
            raise UnsureError(f"{place}: {key} holds text that YAML's versions read differently")


def _picked(tree: Mapping[str, Any], keys: Sequence[str], place: str) -> Iterator[tuple[str, Any]]:
    for key in keys:
        value = _lookup(tree, key, place)
        if value is not _ABSENT:
            yield key, value


_ABSENT = object()
_GLOB = re.compile(r"[*?\[\]]")


def _lookup(tree: Any, key: str, place: str) -> Any:
    """The value at a dotted key as DVC finds it; it takes keys for patterns, and those are left to it."""
    steps = key.split(".")
    if _GLOB.search(key) or not all(steps):
        raise UnsureError(f"{place}: the key {key!r} is a pattern")
    node = tree
    for step in steps:
        if isinstance(node, dict):
            if not all(isinstance(name, str) and name for name in node):
                raise UnsureError(f"{place}: not all keys beside {key!r} are text")
            if step not in node:
                return _ABSENT
            node = node[step]
        elif isinstance(node, list):
            raise UnsureError(f"{place}: {key!r} points into a list")
        else:
            return _ABSENT
    return node


# Plain text that YAML 1.1, or DVC's reader, takes for a date, or for a number with `_`, `0b` or `:`.
_NOT_ONLY_TEXT = re.compile(r"[-+]?[0-9.][0-9a-fA-FxobTtZz_:.+\- ]*")


def _ambiguous(value: Any) -> bool:
    if isinstance(value, str):
        return _NOT_ONLY_TEXT.fullmatch(value) is not None
    if isinstance(value, dict):
        return any(_ambiguous(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return any(map(_ambiguous, value))
    return False
