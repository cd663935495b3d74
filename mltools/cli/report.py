"""`mltools report`: a run's report in the form that is asked for, and where people look."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import click

from mltools import bundle, ci, exhibits, journal, publishing, surroundings
from mltools.cli.session import Session
from mltools.core import page, report
from mltools.core.records import Record
from mltools.core.report import text
from mltools.core.report.around import NOTHING, Around
from mltools.edges import documents, files
from mltools.errors import MltoolsError, UsageError
from mltools.journal import RECORD_FILE
from mltools.pictures import Hosts
from mltools.project import WORK_DIR, Project, find_root, open_project

EXAMPLES = """\b
Examples:
  mltools report render > report.md
  mltools report post --run .mltools --dry-run
"""
RENDER_EXAMPLES = """\b
Examples:
  mltools report render
  mltools report render --run 20260102T030405Z-0a1b2c3d-4e5f60
  mltools report render --format html --output report.html
  mltools report render --json | jq .verdict
"""
POST_EXAMPLES = """\b
Examples:
  mltools report post --run "$RUNNER_TEMP/mltools-run"
  mltools report post --dry-run
"""
FORMATS = ("markdown", "text", "json", "html")


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
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="Markdown, plain text as at a terminal, the run's record, or one HTML page  [default: markdown]",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to FILE instead of stdout.",
)
@click.pass_obj
def render(
    session: Session, *, name: str | None, form: str | None, as_json: bool, output: Path | None
) -> None:
    """Print the report of a run: as Markdown, as text, as JSON, or as an HTML page that needs nothing else.

    Within a project the report also shows what the journal adds: how the metrics went over the last runs of the base
    branch, and the base's curves. `report` in mltools.yaml says which sections it has.
    """
    if as_json and form not in {None, "json"}:
        raise UsageError(f"--json and --format {form} exclude each other")
    record = _record(session, name)
    made = _rendered(session, record, "json" if as_json else form or "markdown", to_file=output is not None)
    if output is None:
        session.result(made, newline=False)
        return
    path = session.directory / output
    files.write_atomic(path, made)
    session.say(f"report: {path}")


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
    record = bundle.read(where).record if untrusted else publishing.load_record(where)
    posting = publishing.Posting(
        record=record,
        context=ci.context(session.environ),
        provider=ci.detect(session.environ) or ci.PROVIDERS["github"],
        environ=session.environ,
        directory=where,
        say=session.say,
        warn=session.warn,
        untrusted=untrusted,
        dry_run=dry_run,
        around=_around(session, record, untrusted=untrusted, posted=True),
        locate=partial(_line, _project(session)),
    )
    publishing.post(posting)
    return 0


def _line(project: Project | None, file: str, path: Sequence[str | int]) -> int | None:
    """The line of a key in a file of the project; None where it cannot be told."""
    try:
        if project is None or file.startswith("/") or ".." in file.split("/"):
            return None
        content = files.read_bytes(project.root / file)
        return documents.locator(content, file)(path)
    except MltoolsError:
        return None


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


def _rendered(session: Session, record: Record, form: str, *, to_file: bool) -> str:
    if form == "json":
        return documents.write_json(record.as_json())
    around = _around(session, record)
    if form == "html":
        return page.render(record, around=around, pictures=_pictures(session, record))
    if form == "text":
        return text.render(record, text.plain if to_file else session.paint, around=around) + "\n"
    return report.render(record, around=around)


def _around(session: Session, record: Record, *, untrusted: bool = False, posted: bool = False) -> Around:
    """What a project adds to a report. A record is reported on outside of its project, too, and beside a broken one.

    Of a stranger's record nothing is looked up; only the order of the sections is the project's.
    """
    project = _project(session)
    if project is None:
        return NOTHING
    if untrusted:
        return Around(sections=project.config.report.sections)
    if posted:
        return surroundings.posted(project, record, Hosts.of(session.environ), session.warn)
    return surroundings.known(project, record, session.warn)


def _pictures(session: Session, record: Record) -> Mapping[str, bytes]:
    project = _project(session) if record.images else None
    return {} if project is None else exhibits.pictures(project.root, record.images)


def _project(session: Session) -> Project | None:
    try:
        return open_project(session.directory)
    except MltoolsError:
        return None
