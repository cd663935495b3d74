"""`mltools data`: a group whose commands are imported when they are called, as DuckDB and DVC take time to load."""

import importlib

import click

COMMANDS: dict[str, tuple[str, str, str]] = {
    "validate": ("mltools.cli.data_validate", "validate", "Check data against their contracts."),
    "push": ("mltools.cli.data_objects", "push", "Push data objects to where the project keeps them."),
    "pull": ("mltools.cli.data_objects", "pull", "Fetch data objects, and what the workspace lacks."),
}


class Lazy(click.Group):
    """A group that knows its commands' names and summaries."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        module, name, _ = COMMANDS[cmd_name]
        found = getattr(importlib.import_module(module), name)
        assert isinstance(found, click.Command)  # noqa: S101 - a test proves it for every entry
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, _, summary) in COMMANDS.items()])


@click.group("data", cls=Lazy, epilog="\b\nExample:\n  mltools data validate")
def command() -> None:
    """Check data against their contracts; move data objects."""
