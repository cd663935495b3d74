"""`mltools data add`: a batch of rows appended to a data set."""

import shlex
from pathlib import Path

import click

from mltools import adding
from mltools.adding import Asked
from mltools.cli import data_sets, progress
from mltools.cli.session import Session
from mltools.core.config import FILE, DataSource
from mltools.core.data_adding import Added, Duplicates, sentence, subject
from mltools.edges import documents
from mltools.errors import UsageError
from mltools.project import Project, open_project

EPILOG = """\b
Examples:
  mltools data add new.csv
  mltools data add monday.parquet tuesday.parquet --to data/raw.csv --duplicates skip
  mltools data add corrected.jsonl --duplicates replace --dry-run
"""


@click.command("add", epilog=EPILOG)
@click.argument("batches", metavar="FILES...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--to", metavar="PATH", help="The data set.  [default: the only one of mltools.yaml]")
@click.option(
    "--duplicates",
    type=click.Choice(("refuse", "skip", "replace")),
    default="refuse",
    show_default=True,
    help="What becomes of ids that are there already with other values.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.pass_obj
def add(
    session: Session,
    *,
    batches: tuple[Path, ...],
    to: str | None,
    duplicates: Duplicates,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Append the rows of FILES (CSV, JSON lines, Parquet) to a data set, and tell DVC.

    The rows are checked against the data set's contract first, then the whole. Rows that are there already as they are
    are passed over, so the same file again adds nothing. Ends with 1, and writes nothing, when a rule is broken, columns
    differ, or an id is there already with other values. Nothing is committed.
    """
    project = open_project(session.directory)
    source = _source(project, session.directory, to)
    asked = Asked(
        project=project,
        source=source,
        batches=tuple((session.directory / batch, str(batch)) for batch in batches),
        policy=duplicates,
        now=session.clock(),
        environ=session.environ,
        say=session.say,
        dry_run=dry_run,
    )
    with progress.bar(session, f"adding to {source.path}", wanted=not as_json) as told:
        found = adding.add(asked, progress=told)
    if as_json:
        session.result(documents.write_json(found.as_json()), newline=False)
    else:
        _show(session, found, dry_run=dry_run)
    return int(bool(found.refused))


def _source(project: Project, directory: Path, to: str | None) -> DataSource:
    sources = data_sets.chosen(project, directory, to)
    if len(sources) == 1:
        return sources[0]
    if not sources:
        raise UsageError(f"{FILE} lists no data set", hint="list it under `data`, with its contract")
    listed = ", ".join(source.path for source in sources)
    raise UsageError("there are several data sets", hint=f"--to names one of {listed}")


def _show(session: Session, found: Added, *, dry_run: bool) -> None:
    if found.refused:
        session.result(f"{found.path}: {session.paint('refused', 'red')}, nothing was written")
        for reason in found.refused:
            session.result(f"  {reason}")
        if any("already, with other values" in reason for reason in found.refused):
            session.hint("--duplicates skip keeps what is there, replace takes the new rows")
        return
    session.result(("would be: " if dry_run else "") + sentence(found))
    if not found.fates.key:
        session.warn(
            "the contract names no primary key and no id, so rows that are there twice are not found out"
        )
    if found.written:
        path = f"{found.path}.dvc" if found.tracked else found.path
        session.hint(f"git add {shlex.quote(path)} && git commit -m {shlex.quote(subject(found))}")
