"""`mltools monitor`: what serves, held against its release."""

import click

from mltools.cli.lazy import Entry, LazyGroup

COMMANDS = {
    "check": Entry("mltools.cli.monitor_check", "Drift, errors, latency and quality of what serves."),
    "render": Entry(
        "mltools.cli.monitor_render", "Write alert rules for Prometheus, a dashboard for Grafana."
    ),
    "tell": Entry("mltools.cli.monitor_tell", "Keep a check that another job made, and tell people of it."),
    "label": Entry("mltools.cli.monitor_label", "Append what turned out to be true to a request log."),
}


@click.group(
    "monitor",
    cls=LazyGroup,
    entries=COMMANDS,
    epilog="\b\nExamples:\n  mltools monitor check 'tumour#prod' --log /var/log/tumour\n"
    "  mltools monitor label outcomes.csv --log /var/log/tumour",
)
def command() -> None:
    """Watch what serves: drift, errors, latency, and quality where labels come."""
