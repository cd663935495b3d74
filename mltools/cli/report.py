"""`mltools report`: a run's report as Markdown, and where people look."""

from pathlib import Path

import click

from mltools import bundle, ci, journal, publishing
from mltools.cli.session import Session
from mltools.core import report
from mltools.core.records import Record
from mltools.edges import documents
from mltools.errors import UsageError
from mltools.journal import RECORD_FILE
from mltools.project import WORK_DIR, find_root, open_project

EXAMPLES = """\b
Examples:
  mltools report render > report.md
  mltools report post --run .mltools --dry-run
"""
RENDER_EXAMPLES = """\b
Examples:
  mltools report render
  mltools report render --run 20260102T030405Z-0a1b2c3d-4e5f60
  mltools report render --json | jq .verdict
"""
POST_EXAMPLES = """\b
Examples:
  mltools report post --run "$RUNNER_TEMP/mltools-run"
  mltools report post --dry-run
"""


@click.group(epilog=EXAMPLES)
def command() -> None:
    """Render a run's report, or post it on its pull requests."""


@command.command(epilog=RENDER_EXAMPLES)
@click.option(
    "--run",
    "name",
    metavar="DIR|ID",
    help="The run: a directory with its run.json, or its id in the journal  [default: the newest, in .mltools]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the run's record instead, as JSON.")
@click.pass_obj
def render(session: Session, *, name: str | None, as_json: bool) -> None:
    """Print the report of a run as Markdown."""
    record = _record(session, name)
    session.result(
        documents.write_json(record.as_json()) if as_json else report.render(record), newline=False
    )


@command.command(epilog=POST_EXAMPLES)
@click.option(
    "--run",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The directory with the run: a bundle, or .mltools  [default: .mltools]",
)
@click.option(
    "--untrusted", is_flag=True, help="The run was made by a fork's pull request: believe nothing in it."
)
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be posted; write nothing.")
@click.pass_obj
def post(session: Session, *, directory: Path | None, untrusted: bool, dry_run: bool) -> int:
    """Post a run's report: one comment on each open pull request of its commit, the commit's status, the run's page.

    Needs GITHUB_TOKEN (or GH_TOKEN) and GITHUB_REPOSITORY. Without a token that may write, the report goes to the run's
    page and to a file. Ends with 0 then too: posting never decides, the verdict does.
    """
    if directory is None:
        where = find_root(session.directory) / WORK_DIR
    else:
        where = _with_run(session.directory / directory)
    posting = publishing.Posting(
        record=bundle.read(where).record if untrusted else publishing.load_record(where),
        context=ci.context(session.environ),
        provider=ci.detect(session.environ) or ci.PROVIDERS["github"],
        environ=session.environ,
        directory=where,
        say=session.say,
        warn=session.warn,
        untrusted=untrusted,
        dry_run=dry_run,
    )
    publishing.post(posting)
    return 0


def _with_run(directory: Path) -> Path:
    """A directory that was named for the run in it. Raises UsageError when there is none."""
    if not (directory / RECORD_FILE).exists():
        raise UsageError(
            f"no run to report on: {directory} has no {RECORD_FILE}",
            hint="`mltools run` leaves one in .mltools",
        )
    return directory


def _record(session: Session, name: str | None) -> Record:
    if name is None:
        return publishing.load_record(find_root(session.directory) / WORK_DIR)
    if (session.directory / name).is_dir():
        return publishing.load_record(_with_run(session.directory / name))
    record = journal.load(open_project(session.directory).repository, name)
    if record is None:
        raise UsageError(
            f"{name!r} is no directory with a run and no run in the journal",
            hint="`mltools runs list` names those that there are",
        )
    return record
