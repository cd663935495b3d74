"""The files by which agent and service speak: `plan.json` from here, `state.json` from there, `agent.json` about us."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mltools.edges import documents, files
from mltools.errors import ConfigError, DataError
from mltools.server.places import AGENT, PLAN, STATE

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall be served; `share` of the keys go to the canary, requests slower than `slow` milliseconds are counted."""

    model: str
    stable: str
    canary: str | None = None
    share: float = 0.0
    shadow: str | None = None
    slow: float | None = None

    def as_json(self, serial: int) -> dict[str, Any]:
        """The plan as JSON."""
        canary = None if self.canary is None else {"version": self.canary, "share": self.share}
        serve: dict[str, Any] = {"stable": self.stable, "canary": canary, "shadow": self.shadow}
        if self.slow is not None:
            serve["slow_milliseconds"] = self.slow
        return {"schema": SCHEMA, "model": self.model, "serve": serve, "serial": serial}


@dataclass(frozen=True, slots=True)
class State:
    """What the service says of itself; `failed` is the serial of a plan that it could not follow, `started` when it began."""

    started: str = ""
    serial: int | None = None
    failed: int | None = None
    error: str | None = None
    applied: Mapping[str, str | None] = field(default_factory=dict)
    arms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def put_plan(directory: Path, wanted: Wanted, *, again: bool = False) -> int:
    """Write the plan where it says something new, or `again` so that the service tries once more; its serial."""
    kept = _object(directory / PLAN)
    serial = kept.get("serial")
    serial = serial if type(serial) is int else 0
    if not again and kept == wanted.as_json(serial):
        return serial
    directory.mkdir(parents=True, exist_ok=True)
    files.write_atomic(directory / PLAN, documents.write_json(wanted.as_json(serial + 1)))
    return serial + 1


def state_of(directory: Path) -> State:
    """What the service last said; an empty state where it said nothing that can be read."""
    tree = _object(directory / STATE)
    applied, arms = tree.get("applied"), tree.get("arms")
    error = tree.get("error")
    return State(
        str(tree.get("started", "")),
        tree["serial"] if type(tree.get("serial")) is int else None,
        tree["failed"] if type(tree.get("failed")) is int else None,
        error if isinstance(error, str) else None,
        applied if isinstance(applied, dict) else {},
        {arm: tally for arm, tally in arms.items() if isinstance(tally, dict)}
        if isinstance(arms, dict)
        else {},
    )


def named(directory: Path) -> tuple[str | None, frozenset[str]]:
    """The model of the plan; its versions, and those that the service said it serves."""
    plan = _object(directory / PLAN)
    model, serve = plan.get("model"), plan.get("serve")
    found = list(state_of(directory).applied.values())
    if isinstance(serve, dict):
        canary = serve.get("canary")
        found += [serve.get("stable"), serve.get("shadow")]
        found += [canary.get("version")] if isinstance(canary, dict) else []
    versions = frozenset(name for name in found if isinstance(name, str))
    return model if isinstance(model, str) else None, versions


def put_agent(directory: Path, tree: Mapping[str, Any]) -> None:
    """Say how the registry is."""
    directory.mkdir(parents=True, exist_ok=True)
    files.write_atomic(directory / AGENT, documents.write_json({"schema": SCHEMA, **tree}))


def _object(path: Path) -> dict[str, Any]:
    try:
        tree = documents.read_json(files.read_bytes(path), path.name)
    except (DataError, ConfigError):
        return {}
    return tree if isinstance(tree, dict) else {}
