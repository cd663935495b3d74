"""`mltools runs export`: the journal for other tools."""

from pathlib import Path

import click

from mltools import journal, runindex
from mltools.cli.session import Session
from mltools.core import run_table
from mltools.edges import files
from mltools.edges.git.read import Repository
from mltools.errors import UsageError

EXAMPLES = """\b
Examples:
  mltools runs export --to csv > runs.csv
  mltools runs export --to json | jq -c '[.id, .metrics]'
  mltools runs export --to mlflow --output mlruns
"""


@click.command("export", epilog=EXAMPLES)
@click.option(
    "--to", "target", required=True, type=click.Choice(["csv", "json", "mlflow"]), help="Which form to write."
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The file; the directory of MLflow's store.",
)
@click.pass_obj
def export_command(session: Session, *, target: str, output: Path | None) -> None:
    """Write all runs, newest first: a table (CSV), whole records (JSON lines), or a store that MLflow reads.

    CSV has a column for each metric and param. MLflow's client reads the store with
    `MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri DIR`, and `mlflow migrate-filestore` brings it into a
    database; runs that are in the store already stay as they are.
    """
    repository = Repository.find(session.directory)
    if target == "mlflow":
        _to_mlflow(session, repository, output)
        return
    if target == "csv":
        text = "".join(run_table.csv_lines(runindex.rows(repository)))
    else:
        text = "".join(map(run_table.json_line, journal.records(repository)))
    if output is None:
        session.result(text, newline=False)
    else:
        files.write_atomic(session.directory / output, text)
        session.say(f"wrote {output}")


def _to_mlflow(session: Session, repository: Repository, output: Path | None) -> None:
    from mltools.runs import exporting  # noqa: PLC0415 - reads YAML, which takes time to load

    if output is None:
        raise UsageError(
            "MLflow's store is a directory", hint="mltools runs export --to mlflow --output mlruns"
        )
    done = exporting.to_mlflow(repository, journal.records(repository), session.directory / output)
    there = f", {done.there:,} were there already" if done.there else ""
    session.say(f"wrote {done.runs:,} run{'s' * (done.runs != 1)} to {output}{there}")
