"""A run that another tool tracked, as a record of the journal."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mltools.core.markdown import clean
from mltools.core.metrics import Scalar, not_finite
from mltools.core.records import Record, parse_record

LONGEST = 500
MOST_WARNINGS = 100


@dataclass(frozen=True, slots=True)
class Foreign:
    """What another tool says of a run: `key` is its own name for it, `time` as records write it.

    `lost` says what of it no record can hold.
    """

    tool: str
    key: str
    name: str
    time: str
    seconds: float = 0.0
    metrics: Mapping[str, Scalar] = field(default_factory=dict)
    params: Mapping[str, Scalar] = field(default_factory=dict)
    stages: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, tuple[str, int | None]] = field(default_factory=dict)
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Whence:
    """Where an imported run belongs: a commit, a project, and whether the commit is known to hold all that was run."""

    commit: str
    trigger: str
    mltools: str
    branch: str | None = None
    project: str = "."
    model: str | None = None
    clean: bool = False


def run_id(found: Foreign, commit: str) -> str:
    """The run's id in the journal, always the same for the same run."""
    chance = hashlib.sha256(f"{found.tool}\0{found.key}".encode()).hexdigest()[:6]
    time = found.time.translate(str.maketrans("", "", "-:"))
    return f"{time}-{commit[:8]}-{chance}"


def as_record(found: Foreign, whence: Whence) -> Record:
    """The record of a foreign run: undecided, since no gate of ours judged it. Raises ConfigError for one that none fits."""
    metrics, params, lost = dict(found.metrics), dict(found.params), list(found.lost)
    for kind, values in (("metric", metrics), ("param", params)):
        for name in [name for name in values if len(name) > LONGEST or not name]:
            del values[name]
            lost.append(f"{kind} {clean(name, limit=80)}: its name is too long")
        lost += [
            f"{kind} {clean(name, limit=80)}: {values.pop(name)} is no number" for name in not_finite(values)
        ]
    tree: dict[str, Any] = {
        "schema": 1,
        "id": run_id(found, whence.commit),
        "time": found.time,
        "seconds": found.seconds,
        "project": whence.project,
        "model": whence.model,
        "commit": whence.commit,
        "branch": None if whence.branch is None else whence.branch[:LONGEST],
        "dirty": not whence.clean,
        "trigger": whence.trigger,
        "verdict": "undecided",
        "summary": f"undecided: imported from {found.tool}, {clean(found.name, limit=200)}",
        "metrics": metrics,
        "params": params,
        "stages": [{"name": name, "state": "cached", "md5": md5} for name, md5 in found.stages.items()],
        "outputs": [{"path": path, "md5": md5, "size": size} for path, (md5, size) in found.outputs.items()],
        "environment": {
            "python": "unknown",
            "platform": "unknown",
            "mltools": whence.mltools,
            "runner": found.tool,
        },
        "warnings": [f"not imported: {text}"[:1_000] for text in lost[:MOST_WARNINGS]],
    }
    return parse_record(tree, clean(found.name, limit=100))
