"""`mltools monitor label`: what turned out to be true, put beside the requests."""

from pathlib import Path

import click

from mltools.cli import progress
from mltools.cli.session import Session
from mltools.core.monitor.labels import remarks, sentence
from mltools.edges import documents
from mltools.edges.tables.labelling import Columns
from mltools.monitoring.labelling import label

EPILOG = """\b
Examples:
  mltools monitor label outcomes.csv --log /var/log/tumour
  mltools monitor label outcomes.jsonl --log log --id request --label diagnosis
  mltools monitor label outcomes.parquet --log log --dry-run --json
"""


@click.command("label", epilog=EPILOG)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--log",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="Directory of the request log.",
)
@click.option(
    "--id", "id_column", default="id", show_default=True, metavar="COLUMN", help="The request's id."
)
@click.option(
    "--label", "label_column", default="label", show_default=True, metavar="COLUMN", help="The truth."
)
@click.option(
    "--time",
    "time_column",
    default="time",
    show_default=True,
    metavar="COLUMN",
    help="When it was known; now where there is no such column.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be written.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.pass_obj
def command(
    session: Session,
    *,
    file: Path,
    log: Path,
    id_column: str,
    label_column: str,
    time_column: str,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Append the labels of FILE (CSV, JSON lines, Parquet) to a request log, by the ids of the requests.

    What is labelled so already is not written again; another label is a correction, and the last one counts. Ids of no
    request are counted and left out. Ends with 1 when the file contradicts itself, or holds labels that the model could
    never answer; the rest is written all the same.
    """
    with progress.bar(session, f"matching {file}", wanted=not as_json) as told:
        found = label(
            session.directory / file,
            str(file),
            (session.directory / log).resolve(),
            columns=Columns(id_column, label_column, time_column),
            now=session.clock(),
            log_name=str(log),
            dry_run=dry_run,
            progress=told,
        )
    if as_json:
        session.result(documents.write_json(found.as_json()), newline=False)
    else:
        session.result(sentence(found).replace("wrote", "would write", 1) if dry_run else sentence(found))
    for remark in remarks(found):
        session.warn(remark)
    return int(found.refused)
