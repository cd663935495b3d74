"""What shall be served, as `plan.json` says: one stable version, and perhaps one beside it."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import files
from .files import ServerError
from .places import PLAN

ARMS = ("stable", "canary", "shadow")
_SCALE = 2**64


@dataclass(frozen=True, slots=True)
class Plan:
    """The versions of each arm; `share` of the keys go to the canary. Requests slower than `slow` are counted as such."""

    model: str
    stable: str
    canary: str | None = None
    share: float = 0.0
    shadow: str | None = None
    serial: int = 0
    slow: float | None = None

    @property
    def versions(self) -> dict[str, str]:
        """The version of each arm that there is."""
        arms = zip(ARMS, (self.stable, self.canary, self.shadow), strict=True)
        return {arm: version for arm, version in arms if version is not None}

    def arm_of(self, key: str) -> str:
        """Which arm answers a key: the same one each time, and the same keys still when the share grows."""
        if self.canary is None or self.share <= 0:
            return "stable"
        digest = hashlib.sha256(
            f"{self.model}\0{self.canary}\0{key}".encode("utf-8", "surrogatepass")
        ).digest()
        return "canary" if int.from_bytes(digest[:8]) / _SCALE < self.share else "stable"


def read_plan(models: Path) -> Plan | None:
    """The plan, None where there is none yet. Raises ServerError for one that makes no sense."""
    try:
        tree = files.read_json(models / PLAN)
    except FileNotFoundError:
        return None
    return plan_of(tree)


def plan_of(tree: Mapping[str, Any]) -> Plan:
    """The plan in a tree. Raises ServerError."""
    serve = tree.get("serve")
    if tree.get("schema") != 1 or not isinstance(serve, Mapping):
        raise ServerError(f"{PLAN} is no plan of schema 1")
    canary = serve.get("canary")
    if canary is not None and not isinstance(canary, Mapping):
        raise ServerError(f"{PLAN}: serve.canary is neither null nor an object")
    share = 0.0 if canary is None else canary.get("share")
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise ServerError(f"{PLAN}: serve.canary.share {share!r} is not between 0 and 1")
    slow = serve.get("slow_milliseconds")
    if slow is not None and (
        isinstance(slow, bool) or not isinstance(slow, int | float) or not 0 < slow < math.inf
    ):
        raise ServerError(f"{PLAN}: serve.slow_milliseconds {slow!r} is no time")
    serial = tree.get("serial", 0)
    if type(serial) is not int:
        raise ServerError(f"{PLAN}: serial {serial!r} is no whole number")
    return Plan(
        _text(tree, "model"),
        _text(serve, "stable"),
        None if canary is None else _text(canary, "version"),
        float(share),
        None if serve.get("shadow") is None else _text(serve, "shadow"),
        serial,
        None if slow is None else float(slow),
    )


def _text(tree: Mapping[str, Any], key: str) -> str:
    value = tree.get(key)
    if not isinstance(value, str) or not value:
        raise ServerError(f"{PLAN}: {key} is missing")
    return value
