"""`mltools model`: the registry. What only reads it is loaded apart from what fetches."""

import importlib

import click

COMMANDS = {
    "list": "mltools.cli.model_read",
    "show": "mltools.cli.model_read",
    "get": "mltools.cli.model_get",
    "verify": "mltools.cli.model_get",
}


class Group(click.Group):
    """Loads a command when it is called: listing must not pay for what fetching needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        found = getattr(importlib.import_module(COMMANDS[cmd_name]), f"{cmd_name}_command")
        assert isinstance(found, click.Command)  # noqa: S101 - a test loads every one
        return found


@click.command(cls=Group)
def command() -> None:
    """The registry: models, their versions and where they are."""
