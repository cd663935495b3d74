"""How the service is, for whoever asks: a person, an orchestrator, Prometheus."""

import time
from typing import Any

from . import files
from .files import ServerError
from .holder import Holder
from .metrics import Metrics
from .places import AGENT
from .requestlog import RequestLog
from .settings import Settings


def details(settings: Settings, holder: Holder, log: RequestLog | None) -> dict[str, Any]:
    """What is served, what went wrong, what the agent says of the registry, how the request log is."""
    serving = holder.serving
    found: dict[str, Any] = {
        "status": "not ready" if serving is None else "ready",
        "model": None if serving is None else serving.plan.model,
        "serving": {} if serving is None else serving.plan.versions,
        "share": 0.0 if serving is None else serving.plan.share,
        "serial": None if serving is None else serving.plan.serial,
        "error": holder.error,
        "registry": registry(settings),
        "log": None
        if log is None
        else {"written": log.written, "lost": log.lost, "fault": log.fault or None},
    }
    if serving is not None:
        found["notes"] = list(serving.arms["stable"].contract.notes)
    return found


def registry(settings: Settings) -> dict[str, Any] | None:
    """What the agent last said; None where there is no agent. `seconds` is how long ago that was."""
    path = settings.models / AGENT
    try:
        said = files.read_json(path)
        # By the file and not by what stands in it: another machine's clock may be wrong.
        seconds = max(0.0, time.time() - path.stat().st_mtime)
    except FileNotFoundError:
        return None
    except (ServerError, OSError) as error:
        return {"reachable": None, "error": str(error), "seconds": None}
    reachable = said.get("reachable")
    return {
        "reachable": reachable if isinstance(reachable, bool) else None,
        "error": said.get("error"),
        "since": said.get("since"),
        "reference": said.get("reference"),
        "wanted": said.get("wanted"),
        "seconds": round(seconds, 1),
    }


def gauges(
    metrics: Metrics, settings: Settings, holder: Holder, log: RequestLog | None, under_way: int
) -> None:
    """Bring the gauges up to this moment."""
    metrics.put("mltools_ready", {(): 0.0 if holder.serving is None else 1.0})
    metrics.put("mltools_requests_under_way", {(): float(under_way)})
    if log is not None:
        metrics.put("mltools_log_lines_total", {(): float(log.written)})
        metrics.put("mltools_log_lines_lost_total", {(): float(log.lost)})
    agent = registry(settings)
    if agent is None:
        return
    metrics.put("mltools_registry_reachable", {(): 1.0 if agent["reachable"] else 0.0})
    if agent["seconds"] is not None:
        metrics.put("mltools_agent_seconds", {(): float(agent["seconds"])})
