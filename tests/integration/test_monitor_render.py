"""Alert rules and dashboard: whole, over metrics that the service has, with the policy's limits."""

import json
import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from mltools.core.monitor import grafana, prometheus
from mltools.core.monitor.policy import Latency, Monitor
from mltools.edges import documents
from mltools.server import metrics
from tests.monitored import POLICY
from tests.releases import command, make_project

FULL = Monitor(latency=Latency(milliseconds=200, share=0.99))
NONE = Monitor(errors=None, invalid=None)
METRIC = re.compile(r"mltools_[a-z_]+")


def expressions(model: str = "toy", job: str = "toy", policy: Monitor = FULL) -> list[str]:
    rules = [
        rule["expr"] for group in prometheus.rules(model, job, policy)["groups"] for rule in group["rules"]
    ]
    panels = grafana.dashboard(model, job, policy)["panels"]
    return [*rules, *(target["expr"] for panel in panels for target in panel["targets"])]


def test_every_metric_that_is_asked_for_is_one_of_the_services() -> None:
    known = {
        f"{name}{end}"
        for name, (kind, _) in metrics.HELP.items()
        for end in (("_bucket", "_sum", "_count") if kind == "histogram" else ("",))
    }
    asked = {name for expression in expressions() for name in METRIC.findall(expression)}
    assert asked <= known
    assert {
        "mltools_requests_total",
        "mltools_request_seconds_bucket",
        "mltools_log_lines_lost_total",
    } <= asked


def test_the_bounds_are_those_of_the_services_histogram() -> None:
    assert prometheus.BUCKETS == metrics.BUCKETS


@pytest.mark.parametrize("expression", expressions())
def test_parentheses_and_quotes_of_an_expression_are_closed(expression: str) -> None:
    for pair in ("()", "{}", "[]"):
        assert expression.count(pair[0]) == expression.count(pair[1])
    assert expression.count('"') % 2 == 0


def test_a_job_is_quoted() -> None:
    assert all('job="a\\"b\\\\c"' in expression for expression in expressions(job='a"b\\c'))


@pytest.mark.parametrize(
    ("milliseconds", "bound"), [(1, 0.001), (200, 0.25), (250, 0.25), (9_999, 10.0), (60_000, None)]
)
def test_latency_is_judged_at_the_next_bound_of_the_histogram(
    milliseconds: float, bound: float | None
) -> None:
    assert prometheus.latency_bound(Monitor(latency=Latency(milliseconds=milliseconds))) == bound


def test_objectives_that_are_not_set_have_no_rule() -> None:
    def names(policy: Monitor) -> set[str]:
        (group,) = prometheus.rules("toy", "toy", policy)["groups"]
        return {rule["alert"] for rule in group["rules"]}

    assert names(FULL) - names(NONE) == {"MltoolsModelErrors", "MltoolsModelSlow", "MltoolsModelRefusesRows"}


def test_a_rule_has_what_prometheus_asks_of_one() -> None:
    (group,) = prometheus.rules("toy", "toy", FULL)["groups"]
    assert len({rule["alert"] for rule in group["rules"]}) == len(group["rules"])
    for rule in group["rules"]:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", rule["alert"])
        assert re.fullmatch(r"[0-9]+[smh]", rule["for"])


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    across = one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
    return across and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"]


def test_the_dashboard_is_one_that_grafana_can_lay_out() -> None:
    made = grafana.dashboard("toy", "toy", FULL)
    panels = made["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert not any(overlap(one["gridPos"], other["gridPos"]) for one, other in combinations(panels, 2))
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
    for panel in panels:
        names = [target["refId"] for target in panel["targets"]]
        assert len(set(names)) == len(names)
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    (variable,) = made["templating"]["list"]
    assert (variable["name"], variable["type"]) == ("datasource", "datasource")
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", made["uid"])
    assert grafana.dashboard("toy", "toy", FULL) == made
    assert grafana.dashboard("other", "toy", FULL)["uid"] != made["uid"]


def rendered(tmp_path: Path, target: str, *args: str) -> tuple[Path, Any]:
    project = make_project(tmp_path / "project", **{"mltools.yaml": POLICY})
    done = command(project, "monitor", "render", "--target", target, "out", *args)
    assert done.code == 0, done.err
    path = project / done.out.strip()
    return path, path.read_bytes()


def test_the_command_writes_the_rules(tmp_path: Path) -> None:
    path, content = rendered(tmp_path, "prometheus", "--job", "toy-service")
    assert path.name == "toy.rules.yaml"
    tree = documents.read_yaml(content, "rules")
    rules = {rule["alert"]: rule for rule in tree["groups"][0]["rules"]}
    assert 'job="toy-service"' in rules["MltoolsModelErrors"]["expr"]
    assert rules["MltoolsModelSlow"]["expr"].endswith("> 0.05")
    promtool = shutil.which("promtool")
    if promtool is not None:
        subprocess.run([promtool, "check", "rules", str(path)], check=True)


def test_the_command_writes_the_dashboard(tmp_path: Path) -> None:
    path, content = rendered(tmp_path, "grafana", "--model", "big/toy")
    assert path.name == "big-toy.dashboard.json"
    assert json.loads(content)["title"] == "mltools: big/toy"


def test_an_objective_that_no_histogram_shows_is_told(tmp_path: Path) -> None:
    policy = POLICY.replace("milliseconds: 50", "milliseconds: 60000")
    project = make_project(tmp_path / "project", **{"mltools.yaml": policy})
    done = command(project, "monitor", "render", "--target", "prometheus", "out")
    assert (done.code, "beyond the service's histogram" in done.err) == (0, True)


def test_without_a_model_there_is_nothing_to_render(tmp_path: Path) -> None:
    policy = "\n".join(line for line in POLICY.splitlines() if "release" not in line)
    project = make_project(tmp_path / "project", **{"mltools.yaml": f"{policy}\n"})
    done = command(project, "monitor", "render", "--target", "grafana", "out")
    assert (done.code, "--model names the one" in done.err) == (2, True)
