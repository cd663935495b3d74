"""A dashboard for Grafana over the service's metrics, as the JSON that its import takes."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from mltools.core.monitor.policy import Monitor

# The layout that Grafana 10 and later read; older ones bring it up to date themselves.
SCHEMA_VERSION = 39
WIDE, HIGH, ACROSS = 12, 8, 24
RATE = "[$__rate_interval]"

Query = tuple[str, str]
"""An expression, and what its lines are called."""


def dashboard(model: str, job: str, policy: Monitor) -> dict[str, Any]:
    """The dashboard of a model; the same model has the same `uid`, so an import again replaces it."""
    where = 'job="{}"'.format(job.replace("\\", "\\\\").replace('"', '\\"'))
    panels = []
    for place, (title, unit, queries, limit) in enumerate(_panels(where, policy)):
        across = place * WIDE % ACROSS
        position = {"x": across, "y": place * WIDE // ACROSS * HIGH, "w": WIDE, "h": HIGH}
        panels.append(_panel(place + 1, title, unit, queries, position, limit))
    return {
        "uid": f"mltools-{hashlib.sha256(model.encode()).hexdigest()[:16]}",
        "title": f"mltools: {model}",
        "tags": ["mltools"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "timezone": "utc",
        "templating": {
            "list": [
                {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
            ]
        },
        "annotations": {"list": []},
        "panels": panels,
    }


def _panels(where: str, policy: Monitor) -> Iterator[tuple[str, str, Sequence[Query], float | None]]:
    requests = f"sum(rate(mltools_requests_total{{{where}}}{RATE}))"
    yield (
        "Requests by status",
        "reqps",
        [(f"sum by (status) (rate(mltools_requests_total{{{where}}}{RATE}))", "{{status}}")],
        None,
    )
    yield (
        "Share of requests that fail",
        "percentunit",
        [(f'sum(rate(mltools_requests_total{{{where},status=~"5.."}}{RATE})) / {requests}', "failed")],
        policy.errors,
    )
    yield (
        "Time to an answer",
        "s",
        [
            (
                f"histogram_quantile({share}, sum by (le) (rate(mltools_request_seconds_bucket{{{where}}}{RATE})))",
                f"{share:.0%}",
            )
            for share in (0.5, 0.95, 0.99)
        ],
        None if policy.latency is None else policy.latency.milliseconds / 1000,
    )
    yield (
        "Time of a prediction, 95 % by arm and version",
        "s",
        [
            (
                (
                    "histogram_quantile(0.95, sum by (le, arm, version) "
                    f"(rate(mltools_predict_seconds_bucket{{{where}}}{RATE})))"
                ),
                "{{arm}} {{version}}",
            )
        ],
        None,
    )
    yield (
        "Rows by arm and version",
        "short",
        [(f"sum by (arm, version) (rate(mltools_rows_total{{{where}}}{RATE}))", "{{arm}} {{version}}")],
        None,
    )
    yield (
        "Rows that break the input contract",
        "short",
        [(f"sum by (rule) (rate(mltools_refused_rows_total{{{where}}}{RATE}))", "{{rule}}")],
        None,
    )
    yield (
        "Answers by class",
        "percentunit",
        [
            (
                (
                    f"sum by (value, version) (rate(mltools_predictions_total{{{where}}}{RATE})) "
                    f"/ ignoring (value) group_left sum by (version) (rate(mltools_predictions_total{{{where}}}{RATE}))"
                ),
                "{{value}} {{version}}",
            )
        ],
        None,
    )
    yield (
        "Answers that are numbers",
        "short",
        [
            (
                f"histogram_quantile({share}, sum by (le, version) (rate(mltools_prediction_bucket{{{where}}}{RATE})))",
                f"{share:.0%} {{{{version}}}}",
            )
            for share in (0.1, 0.5, 0.9)
        ],
        None,
    )
    yield (
        "Highest probability of an answer",
        "percentunit",
        [
            (
                f"histogram_quantile({share}, sum by (le, version) (rate(mltools_score_bucket{{{where}}}{RATE})))",
                f"{share:.0%} {{{{version}}}}",
            )
            for share in (0.1, 0.5)
        ],
        None,
    )
    yield (
        "What is served",
        "short",
        [(f"max by (arm, version) (mltools_model_info{{{where}}})", "{{arm}} {{version}}")],
        None,
    )
    yield (
        "Shadow: rows answered otherwise",
        "percentunit",
        [
            (
                (
                    f'sum(rate(mltools_shadow_rows_total{{{where},outcome="differed"}}{RATE})) '
                    f"/ sum(rate(mltools_shadow_rows_total{{{where}}}{RATE}))"
                ),
                "otherwise",
            )
        ],
        None,
    )
    yield (
        "Trouble",
        "short",
        [
            (f"sum(increase(mltools_log_lines_lost_total{{{where}}}{RATE}))", "requests not logged"),
            (f'sum(increase(mltools_swaps_total{{{where},outcome="failed"}}{RATE}))', "versions not applied"),
            (f"1 - min(mltools_ready{{{where}}})", "not ready"),
        ],
        None,
    )


def _panel(  # noqa: PLR0917 - each is a part of a panel
    number: int,
    title: str,
    unit: str,
    queries: Sequence[Query],
    position: dict[str, int],
    limit: float | None,
) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${datasource}"}
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if limit is not None:
        steps.append({"color": "red", "value": limit})
    return {
        "id": number,
        "type": "timeseries",
        "title": title,
        "datasource": source,
        "gridPos": position,
        "targets": [
            {"refId": chr(ord("A") + place), "datasource": source, "expr": expression, "legendFormat": name}
            for place, (expression, name) in enumerate(queries)
        ],
        "fieldConfig": {
            "defaults": {
                "unit": unit,
                "min": 0,
                "thresholds": {"mode": "absolute", "steps": steps},
                "custom": {"thresholdsStyle": {"mode": "line" if limit is not None else "off"}},
            },
            "overrides": [],
        },
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
    }
