"""`mltools data export`: a contract in the words of another tool."""

import re
from pathlib import Path

import click

from mltools.cli import data_sets
from mltools.cli.session import Session
from mltools.core.config import FILE
from mltools.core.contract import parse_contract
from mltools.core.exchange import EXPORTS, Target
from mltools.core.exchange.values import Loss, Tree, dotted, grouped
from mltools.core.names import shown
from mltools.core.strict import LineOf
from mltools.edges import documents, files
from mltools.errors import ConfigError, UsageError
from mltools.project import Project, open_project

EPILOG = """\b
Examples:
  mltools data export schemas/raw.yaml --to pandera > raw.pandera.yaml
  mltools data export data/raw.csv --to frictionless --output tableschema.json
  mltools data export --to jsonschema
"""


@click.command("export", epilog=EPILOG)
@click.argument("path", required=False)
@click.option("--to", "target", required=True, type=click.Choice(list(EXPORTS)), help="Whose words to use.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it to FILE.")
@click.pass_obj
def export(session: Session, *, path: str | None, target: Target, output: Path | None) -> None:
    """Write a contract as a pandera schema (YAML), a Frictionless Table Schema or a JSON Schema of one row (JSON).

    PATH is a contract, or a data set of mltools.yaml; with one data set there it can be left out. What the other tool
    cannot say is warned of, with its line.
    """
    name, place = _contract(session, path)
    content = files.read_bytes(place)
    line_of = documents.locator(content, name)
    contract = parse_contract(documents.read_yaml(content, name), name, line_of)
    made = EXPORTS[target](contract)
    text = documents.write_yaml(made.tree) if target == "pandera" else _json(made.tree)
    warn(session, made.losses, name, line_of)
    deliver(session, text, None if output is None else session.directory / output)


def _json(tree: Tree) -> str:
    """With every mark that does not print escaped: a terminal may be what reads it."""
    return re.sub(r"[^\n\x20-\x7e]", _as_escape, documents.write_json(tree))


def _as_escape(found: "re.Match[str]") -> str:
    mark = found[0]
    if mark.isprintable():
        return mark
    units = mark.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def warn(session: Session, losses: tuple[Loss, ...], name: str, line_of: LineOf) -> None:
    """What was lost, each kind once, with the line of its first place."""
    for loss, more in grouped(losses):
        also = f" (and {more} more)" if more else ""
        session.warn(
            f"{name}:{line_of(loss.path)}: {shown(dotted(loss.path), 200)}: {shown(loss.reason, 300)}{also}"
        )


def deliver(session: Session, text: str, output: Path | None) -> None:
    if output is None:
        session.result(text, newline=False)
    else:
        files.write_atomic(output, text)
        session.say(f"wrote {output}")


def _contract(session: Session, path: str | None) -> tuple[str, Path]:
    """The contract as messages call it, and where it is."""
    if path is not None and path.endswith((".yaml", ".yml")):
        if not (session.directory / path).is_file():
            raise UsageError(f"{shown(path)}: no such file")
        return path, session.directory / path
    project = open_project(session.directory)
    found = data_sets.chosen(project, session.directory, path)
    contracts = tuple(dict.fromkeys(source.contract for source in found))
    if len(contracts) != 1:
        raise UsageError(
            f"which contract? {FILE} lists {', '.join(contracts) or 'none'}",
            hint="name one: mltools data export schemas/NAME.yaml --to ...",
        )
    return _there(project, contracts[0])


def _there(project: Project, contract: str) -> tuple[str, Path]:
    if not (project.root / contract).is_file():
        raise ConfigError(f"{FILE}: there is no contract {contract}, but it is listed under data")
    return contract, project.root / contract
