"""Alert rules for Prometheus: what the service's own numbers show within minutes, by the policy's objectives.

Drift is none of it: that takes the request log and the release, and `mltools monitor check`.
"""

from collections.abc import Iterator
from typing import Any

from mltools.core.monitor.policy import Monitor

# The bounds of the service's histograms of time, in seconds; a test holds them against the service's own.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
RATE = "[5m]"
SILENT_SECONDS = 900


def rules(model: str, job: str, policy: Monitor) -> dict[str, Any]:
    """A rule file; `job` is how Prometheus calls the service."""
    made = [
        {
            "alert": name,
            "expr": expression,
            "for": wait,
            "labels": {"severity": severity, "model": model},
            "annotations": {"summary": f"{model}: {summary}", "description": what},
        }
        for name, expression, wait, severity, summary, what in _rules(_selector(job), policy)
    ]
    return {"groups": [{"name": f"mltools-{model}", "rules": made}]}


def latency_bound(policy: Monitor) -> float | None:
    """The bound of the histogram that the latency objective is judged at, in seconds; None without an objective.

    A histogram knows its bounds alone: the next one above counts, so that no alert is owed to a bucket.
    """
    if policy.latency is None:
        return None
    wanted = policy.latency.milliseconds / 1000
    return next((bound for bound in BUCKETS if bound >= wanted), None)


def _rules(where: str, policy: Monitor) -> Iterator[tuple[str, str, str, str, str, str]]:
    yield (
        "MltoolsModelNotReady",
        f"min(mltools_ready{where}) < 1 or absent(mltools_ready{where})",
        "5m",
        "critical",
        "the service is not ready",
        "It answers no request, or nothing is heard of it. /health/ready tells why.",
    )
    if policy.errors is not None:
        failed = _with(where, 'status=~"5.."')
        yield (
            "MltoolsModelErrors",
            (
                f"sum(rate(mltools_requests_total{failed}{RATE})) "
                f"/ sum(rate(mltools_requests_total{where}{RATE})) > {policy.errors:g}"
            ),
            "10m",
            "critical",
            "too many requests fail",
            f"More than {policy.errors:.3%} of the requests ended in an error of the service.",
        )
    bound = latency_bound(policy)
    if policy.latency is not None and bound is not None:
        quick = _with(where, f'le="{bound:g}"')
        yield (
            "MltoolsModelSlow",
            (
                f"1 - sum(rate(mltools_request_seconds_bucket{quick}{RATE})) "
                f"/ sum(rate(mltools_request_seconds_count{where}{RATE})) > {1 - policy.latency.share:.6g}"
            ),
            "10m",
            "warning",
            "answers are slow",
            f"Less than {policy.latency.share:.3%} of the requests are answered within {bound:g} s.",
        )
    if policy.invalid is not None:
        yield (
            "MltoolsModelRefusesRows",
            (
                f"sum(rate(mltools_refused_rows_total{where}{RATE})) / (sum(rate(mltools_rows_total{where}{RATE})) "
                f"+ sum(rate(mltools_refused_rows_total{where}{RATE}))) > {policy.invalid:g}"
            ),
            "10m",
            "warning",
            "rows break the input contract",
            f"More than {policy.invalid:.3%} of the rows are refused; `mltools monitor check` names the rules.",
        )
    yield (
        "MltoolsRequestsNotLogged",
        f"sum(increase(mltools_log_lines_lost_total{where}[15m])) > 0",
        "0m",
        "warning",
        "requests are not logged",
        "Lines of the request log could not be written, so drift is judged on a part of the traffic. Is the disk full?",
    )
    unserved = _with(where, 'outcome="failed"')
    yield (
        "MltoolsVersionNotApplied",
        f"sum(increase(mltools_swaps_total{unserved}[15m])) > 0",
        "0m",
        "warning",
        "a version could not be served",
        "A new version did not load or failed its smoke rows; the old one goes on serving.",
    )
    yield (
        "MltoolsRegistryUnreachable",
        f"max(mltools_registry_reachable{where}) < 1 or max(mltools_agent_seconds{where}) > {SILENT_SECONDS}",
        "30m",
        "warning",
        "the registry is out of reach",
        "What serves goes on serving, but no new version and no rollback arrives.",
    )


def _selector(job: str) -> str:
    escaped = job.replace("\\", "\\\\").replace('"', '\\"')
    return f'{{job="{escaped}"}}'


def _with(where: str, more: str) -> str:
    return f"{where[:-1]},{more}}}"
