"""`mltools data import`: another tool's schema as a contract."""

from pathlib import Path

import click

from mltools.cli.data_export import deliver, warn
from mltools.cli.session import Session
from mltools.core.contract import parse_contract
from mltools.core.exchange import IMPORTS, Source
from mltools.core.exchange.values import dotted, grouped
from mltools.core.names import shown
from mltools.edges import documents, files
from mltools.edges.contracttext import tree_text
from mltools.errors import UsageError

EPILOG = """\b
Examples:
  mltools data import schema.yaml --from pandera --output schemas/raw.yaml
  mltools data import tableschema.json --from frictionless > schemas/raw.yaml
"""


@click.command("import", epilog=EPILOG)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--from", "source", required=True, type=click.Choice(list(IMPORTS)), help="Whose words it uses."
)
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it to FILE, which is new."
)
@click.option("--force", is_flag=True, help="Replace FILE when it is there.")
@click.pass_obj
def import_(session: Session, *, file: Path, source: Source, output: Path | None, force: bool) -> None:
    """Write a contract from a pandera schema (DataFrameSchema.to_yaml) or a Frictionless Table Schema (JSON or YAML).

    What a contract cannot say is warned of, with its line, and listed at the top of the contract for its review.
    """
    target = None if output is None else session.directory / output
    if target is not None and target.exists() and not force:
        raise UsageError(f"{output} is there already", hint="--force replaces it; Git keeps the old one")
    name = file.as_posix()
    content = files.read_bytes(session.directory / file)
    line_of = documents.locator(content, name)
    made = IMPORTS[source](documents.read_yaml(content, name), name, line_of)
    # Rules that contradict each other are told with the line of the file that they come from.
    parse_contract(made.tree, name, lambda path: line_of(made.origin(path)))
    warn(session, made.losses, name, line_of)
    head = [
        f"not kept: {shown(dotted(loss.path), 200)}: {shown(loss.reason, 300)}{f' (and {more} more)' if more else ''}"
        for loss, more in grouped(made.losses)
    ]
    deliver(session, tree_text(made.tree, head), target)
