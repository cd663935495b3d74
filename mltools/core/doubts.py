"""What in a dvc.yaml only DVC can resolve or must refuse: then a reading of our own decides nothing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from posixpath import isabs, normpath
from typing import Any

from mltools.core.stages import StageSpec

FILES_OF_DVC = {"dvc.yaml", "dvc.lock"}
TOP = {"stages", "vars", "params", "metrics", "plots", "artifacts", "datasets"}
STAGE = {
    *(
        "cmd",
        "wdir",
        "deps",
        "params",
        "outs",
        "metrics",
        "plots",
        "frozen",
        "meta",
        "desc",
        "always_changed",
    ),
    *("vars", "matrix", "foreach", "do"),
}


def doubts(tree: Mapping[str, Any], stages: Sequence[StageSpec]) -> Iterator[str]:
    """What DVC has to resolve or refuse itself, one reason each."""
    if tree.get("vars"):
        yield "dvc.yaml uses vars"
    if tree.get("datasets"):
        yield "dvc.yaml declares datasets"
    for key in tree:
        if key not in TOP:
            yield f"dvc.yaml holds {key!r}"
    for name, body in (tree.get("stages") or {}).items():
        for key in ("foreach", "do", "matrix", "vars"):
            if key in body:
                yield f"stage {name!r} uses {key}"
        for key in body:
            if key not in STAGE:
                yield f"stage {name!r} holds {key!r}"
        if "${" in json.dumps(body, default=str):
            yield f"stage {name!r} uses templating"
    for stage in stages:
        yield from _stage_doubts(stage)
    yield from _graph_doubts(stages)


def _stage_doubts(stage: StageSpec) -> Iterator[str]:
    what = f"stage {stage.name!r}"
    if stage.frozen:
        yield f"{what} is frozen"
    if stage.always_changed:
        yield f"{what} is always run"
    if not (stage.deps or stage.params or stage.outs):
        yield f"{what} has neither dependencies nor outputs and is always run"
    if stage.wdir.split("/")[0] == ".." or isabs(stage.wdir):
        yield f"{what} works outside the project"
    paths = [*stage.deps, *(p.path for p in stage.params), *(o.path for o in stage.outs)]
    for path in paths:
        if "://" in path or isabs(path) or stage.place(path).split("/")[0] == "..":
            yield f"{what} uses {path}, which lies outside the project"
        elif "\\" in path or path != normpath(path):
            yield f"{what} names {path!r}, which is not a plain path"
    if len(set(paths)) != len(paths):
        yield f"{what} names a path twice"
    for out in stage.outs:
        if out.path.endswith(".dvc") or out.path.rpartition("/")[2] in FILES_OF_DVC:
            yield f"{what} writes {out.path}, which is DVC's own"


def _graph_doubts(stages: Sequence[StageSpec]) -> Iterator[str]:
    """Outputs that overlap and circles: DVC refuses them."""
    makers: dict[str, str] = {}
    for stage in stages:
        for out in stage.outs:
            place = stage.place(out.path)
            if place in makers:
                yield f"{place} is an output of both {makers[place]!r} and {stage.name!r}"
            makers[place] = stage.name
    for place in makers:
        for parent in parents(place):
            if parent in makers:
                yield f"the outputs {parent} and {place} overlap"
    needs = {stage.name: _needs(stage, makers) for stage in stages}
    while ready := [name for name, wanted in needs.items() if not wanted & needs.keys()]:
        for name in ready:
            del needs[name]
    if needs:
        yield f"the stages {', '.join(sorted(needs))} depend on one another in a circle"


def _needs(stage: StageSpec, makers: Mapping[str, str]) -> set[str]:
    """The stages whose outputs a stage depends on: the same path, a directory above it or a file below it."""
    needed: set[str] = set()
    places = [stage.place(path) for path in (*stage.deps, *(p.path for p in stage.params))]
    for place in places:
        needed.update(makers[near] for near in (place, *parents(place)) if near in makers)
        if place not in makers:
            needed.update(name for made, name in makers.items() if made.startswith(f"{place}/"))
    return needed


def parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
