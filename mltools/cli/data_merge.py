"""`mltools data merge`: the answer of several jobs, each of which counted a share of the data."""

from pathlib import Path

import click

from mltools import sharding
from mltools.cli import data_output
from mltools.cli.data_output import Form
from mltools.cli.data_validate import ended
from mltools.cli.session import Session
from mltools.core.validation import MOST_EXAMPLES
from mltools.core.validation_report import Checked
from mltools.project import open_project

EPILOG = """\b
Examples:
  mltools data validate --shard 1/2 --partial shard-1.json     in one job
  mltools data validate --shard 2/2 --partial shard-2.json     in another
  mltools data merge shard-1.json shard-2.json                 where both files are
"""


@click.command("merge", epilog=EPILOG)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option(
    "--examples",
    type=click.IntRange(0, MOST_EXAMPLES),
    default=5,
    show_default=True,
    metavar="N",
    help="Show up to N rows for each broken rule.",
)
@data_output.options
@click.pass_obj
def merge(
    session: Session,
    *,
    files: tuple[Path, ...],
    examples: int,
    form: Form | None,
    as_json: bool,
    output: Path | None,
) -> int:
    """Add up what the jobs of `mltools data validate --shard I/N --partial FILE` counted, and judge it.

    The answer is that of one job: the same counts, examples, forms and exit codes. The data need not be here, but the
    contracts must be. Ends with 3 when a shard is missing, doubled or damaged, or was made of other data.
    """
    shown = data_output.chosen(form, output, as_json=as_json, directory=session.directory)
    project = open_project(session.directory)
    shards = [(str(file), sharding.read(session.directory / file, str(file))) for file in files]
    found = tuple(sharding.merge(project, shards, now=session.clock(), examples=examples))
    checked = [Checked(item.data, item.contract) for item in found]
    data_output.show(session, checked, shown, folder=project.prefix)
    return ended(session, checked, [item.hint for item in found if item.data.error is not None])
