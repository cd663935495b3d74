"""Where a version comes from and where it went: data, stages, params, code, run, version, stages, as a graph."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mltools.core import mermaid
from mltools.core.graph import needs
from mltools.core.markdown import clean
from mltools.core.metrics import Scalar, flatten
from mltools.core.registry import Model, Version
from mltools.core.release_record import ReleaseRecord
from mltools.core.stages import Lock, Pipeline

SCHEMA = 1
MOST_NODES = 60
MOST_VALUES = 40
WIDTH = 100
SHORT = 10

Kind = Literal["data", "params", "code", "stage", "output", "run", "version", "in"]
ORDER: tuple[Kind, ...] = ("data", "params", "code", "stage", "output", "run", "version", "in")


@dataclass(frozen=True, slots=True)
class Node:
    """Something on the way; `facts` are what is known of it, such as its hash, `values` the params by dotted keys."""

    id: str
    kind: Kind
    name: str
    facts: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lineage:
    """The graph of one version; an edge leads from what was used to what came of it."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]
    problems: tuple[str, ...] = ()


def lineage(
    model: Model,
    version: Version,
    record: ReleaseRecord,
    pipeline: Pipeline,
    lock: Lock,
    *,
    problems: Sequence[str] = (),
) -> Lineage:
    """The graph of a version, by its release record and by the dvc.yaml and dvc.lock of its commit."""
    stages = list(_pipeline(record, pipeline, lock))
    nodes = {node.id: node for node, _ in stages}
    edges = [edge for _, own in stages for edge in own]
    for data in record.data:
        id_ = f"data:{data.path}"
        contract = {"contract": data.contract} if data.contract else {}
        nodes[id_] = Node(id_, "data", data.path, {**_hash(data.md5), **contract})
        if not any(edge[0] == id_ for edge in edges):
            edges.append((id_, "run"))
    if not any(node.kind == "params" for node in nodes.values()) and record.params:
        nodes["params:"] = Node("params:", "params", "params", values=record.params)
        edges.append(("params:", "run"))
    nodes["code"] = Node("code", "code", f"commit {record.commit[:SHORT]}", {"commit": record.commit})
    nodes["run"] = Node("run", "run", record.run, {"verdict": record.verdict, "time": record.time})
    file = record.file
    output = f"output:{file.path}"
    nodes[output] = Node(output, "output", file.path, {"md5": file.md5, "sha256": file.sha256})
    nodes["version"] = Node(
        "version",
        "version",
        f"{model.name} {version.version}",
        {"tag": version.tag, "commit": version.commit},
    )
    edges += [("code", "run"), ("run", "version"), (output, "version")]
    if not any(edge[1] == output for edge in edges):
        edges.append(("run", output))
    for stage in model.stages_of(version):
        placed = model.stages[stage][0].event
        nodes[f"in:{stage}"] = Node(f"in:{stage}", "in", stage, {"tag": placed.tag, "by": placed.author})
        edges.append(("version", f"in:{stage}"))
    ordered = sorted(nodes.values(), key=lambda node: ORDER.index(node.kind))
    return Lineage(tuple(ordered), tuple(dict.fromkeys(edges)), tuple(problems))


def lineage_tree(model: str, version: str, found: Lineage) -> dict[str, Any]:
    """The graph as `mltools model lineage --json` prints it."""
    return {
        "schema": SCHEMA,
        "model": model,
        "version": version,
        "nodes": [
            {
                "id": node.id,
                "kind": node.kind,
                "name": node.name,
                **node.facts,
                **({"values": dict(node.values)} if node.values else {}),
            }
            for node in found.nodes
        ],
        "edges": [{"from": start, "to": end} for start, end in found.edges],
        "problems": list(found.problems),
    }


def lineage_lines(found: Lineage) -> list[str]:
    """The graph as text: each part of the way with what led to it."""
    names = {node.id: clean(node.name, limit=80) for node in found.nodes}
    lines: list[str] = []
    for kind in ORDER:
        nodes = [node for node in found.nodes if node.kind == kind]
        if nodes:
            lines.append(kind)
        for node in nodes:
            told = [*node.facts.items(), *list(node.values.items())[:MOST_VALUES]]
            facts = [f"{clean(key, limit=80)} {clean(value, limit=80)}" for key, value in told]
            hidden = len(node.values) - MOST_VALUES
            more = [f"and {hidden} more"] if hidden > 0 else []
            lines += _filled([names[node.id], *facts, *more])
            before = [names[start] for start, end in found.edges if end == node.id]
            if before:
                lines.append(f"    from {', '.join(before)}")
    return lines


def _filled(parts: Sequence[str]) -> list[str]:
    """Parts beside each other as far as they fit, the rest below them."""
    lines = [f"  {parts[0]}"]
    for part in parts[1:]:
        if len(lines[-1]) + len(part) + 2 <= WIDTH:
            lines[-1] += f"  {part}"
        else:
            lines.append(f"    {part}")
    return lines


def lineage_mermaid(found: Lineage) -> str:
    """The graph as a fenced Mermaid block. Of one that nobody could read, what is near the version."""
    nodes = found.nodes
    if len(nodes) > MOST_NODES:
        nodes = tuple(node for node in nodes if node.kind != "stage")[:MOST_NODES]
    boxes = {node.id: mermaid.Node((node.kind, node.name), marked=node.kind == "version") for node in nodes}
    return mermaid.flowchart(boxes, found.edges)


def _pipeline(
    record: ReleaseRecord, pipeline: Pipeline, lock: Lock
) -> Iterator[tuple[Node, list[tuple[str, str]]]]:
    """The stages that the model's file comes from, and what they read from outside, each with its edges."""
    before = needs(pipeline, lock)
    makers = _makers(record.file.path, pipeline, lock)
    wanted = list(makers)
    made = {place for name in lock.stages for place, _ in _outs(pipeline, lock, name)}
    chosen: dict[str, None] = {}
    while wanted:
        name = wanted.pop()
        if name not in chosen:
            chosen[name] = None
            wanted += before.get(name, ())
    tracked = {data.path for data in record.data}
    for name in (one for one in lock.stages if one in chosen):
        entry, spec = lock.stages[name], pipeline.stage(name)
        if spec is None:
            continue
        edges = [(f"stage:{need}", f"stage:{name}") for need in before[name]]
        for dep in entry.deps:
            place = spec.place(dep.path)
            if place in made:
                continue
            kind: Kind = "data" if place in tracked or not _is_code(place) else "code"
            yield Node(f"{kind}:{place}", kind, place, _hash(dep.md5)), [(f"{kind}:{place}", f"stage:{name}")]
        for path, values in entry.params.items():
            place = spec.place(path)
            yield (
                Node(f"params:{name}:{place}", "params", place, values=_finite(flatten(values))),
                [(f"params:{name}:{place}", f"stage:{name}")],
            )
        if name in makers:
            edges.append((f"stage:{name}", f"output:{record.file.path}"))
        yield Node(f"stage:{name}", "stage", name, {"cmd": _command(entry.cmd)}), edges


def _makers(path: str, pipeline: Pipeline, lock: Lock) -> list[str]:
    return [
        name
        for name in lock.stages
        if any(path == place or path.startswith(f"{place}/") for place, _ in _outs(pipeline, lock, name))
    ]


def _outs(pipeline: Pipeline, lock: Lock, name: str) -> list[tuple[str, str | None]]:
    spec = pipeline.stage(name)
    return [] if spec is None else [(spec.place(out.path), out.md5) for out in lock.stages[name].outs]


def _command(cmd: str | Sequence[str]) -> str:
    return cmd if isinstance(cmd, str) else " && ".join(cmd)


def _is_code(path: str) -> bool:
    return path.endswith((".py", ".r", ".R", ".sh", ".ipynb", ".jl", ".sql", ".pyx", ".js", ".ts"))


def _finite(values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """The values with what no JSON can hold, such as NaN, as words."""
    odd = (key for key, value in values.items() if isinstance(value, float) and not math.isfinite(value))
    return {**values, **{key: str(values[key]) for key in odd}}


def _hash(md5: str | None) -> dict[str, str]:
    return {"md5": md5} if md5 else {}
