"""`mltools monitor render`: what Prometheus and Grafana need to watch a service."""

from pathlib import Path
from typing import Literal

import click

from mltools.cli.session import Session
from mltools.core.config import FILE
from mltools.core.monitor import grafana, prometheus
from mltools.edges import documents, files
from mltools.errors import UsageError
from mltools.project import open_project

Target = Literal["prometheus", "grafana"]
NAMES = {"prometheus": "{model}.rules.yaml", "grafana": "{model}.dashboard.json"}


@click.command(
    "render",
    epilog="\b\nExamples:\n  mltools monitor render --target prometheus monitoring\n"
    "  mltools monitor render --target grafana monitoring --job tumour-service",
)
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--target",
    type=click.Choice(("prometheus", "grafana")),
    required=True,
    help="Alert rules, or a dashboard.",
)
@click.option("--model", metavar="NAME", help="The model.  [default: release.model]")
@click.option("--job", metavar="NAME", help="How Prometheus calls the service.  [default: the model's name]")
@click.pass_obj
def command(session: Session, *, directory: Path, target: Target, model: str | None, job: str | None) -> None:
    """Write alert rules for Prometheus, or a dashboard for Grafana, over the metrics of `mltools serve`.

    Limits are those of `monitor` in mltools.yaml. The same policy gives the same file. Prints the path that was written.
    """
    config = open_project(session.directory).config
    name = model or (config.release.model if config.release is not None else None)
    if name is None:
        raise UsageError(f"{FILE} releases no model", hint="--model names the one that is served")
    if target == "prometheus":
        if config.monitor.latency is not None and prometheus.latency_bound(config.monitor) is None:
            session.warn("the latency objective lies beyond the service's histogram, so no rule watches it")
        text = documents.write_yaml(prometheus.rules(name, job or name, config.monitor))
    else:
        text = documents.write_json(grafana.dashboard(name, job or name, config.monitor))
    path = directory / NAMES[target].format(model=name.replace("/", "-").replace(":", "-"))
    files.write_atomic(session.directory / path, text)
    session.result(str(path))
