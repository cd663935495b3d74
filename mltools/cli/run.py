"""`mltools run`: the loop for the current commit and working tree."""

from functools import partial
from pathlib import Path

import click

from mltools import bundle, ci, loop
from mltools.cli.session import Session
from mltools.core.markdown import clean
from mltools.core.report import text
from mltools.core.verdict import Outcome
from mltools.edges import documents
from mltools.project import Project, open_project

MOST_NAMED = 4

EPILOG = """\b
Examples:
  mltools run                      judge what is here against main
  mltools run --base v1.2~1        against another revision
  mltools run --json | jq .verdict
  mltools run --no-record          leave no record in the journal
"""


@click.command("run", epilog=EPILOG)
@click.option("--base", metavar="REV", help="Compare with REV instead of the base branch.")
@click.option("--no-record", is_flag=True, help="Do not append the record to the journal.")
@click.option("--json", "as_json", is_flag=True, help="Print run.json on stdout.")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write report.md, report.html and run.json to DIR  [default: .mltools]",
)
@click.option(
    "--bundle",
    "bundle_dir",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Also write all that a later job needs to publish and release the run.",
)
@click.option("--exit-zero", is_flag=True, help="End with 0 although a gate said no; the verdict stays.")
@click.pass_obj
def command(
    session: Session,
    *,
    base: str | None,
    no_record: bool,
    as_json: bool,
    output: Path | None,
    bundle_dir: Path | None,
    exit_zero: bool,
) -> int:
    """Validate the data, reproduce the pipeline, compare with the base, judge by the gates, report and record.

    Works on the current commit and working tree. Ends with 0 when the run passed, 1 when the data breaks its contract
    or a gate failed, 2 for a mistake in the configuration, 3 when it could not decide.
    """
    project = open_project(session.directory)
    context = ci.context(session.environ)
    request = loop.Request(
        context=context,
        environ=session.environ,
        clock=session.clock,
        say=session.say,
        base=base,
        keep=not no_record,
        # A log is read afterwards, when nobody can ask for more; a terminal shows the stages alone.
        detail=partial(_show, session) if session.verbosity > 0 or context.is_ci else None,
    )
    finished = loop.run(project, request)
    record = finished.record
    directory = project.work_dir if output is None else session.directory / output
    people = loop.shown(project, finished)
    loop.write_results(finished, people, directory)
    if bundle_dir is not None:
        place = session.directory / bundle_dir
        bundle.write(
            project,
            record,
            people,
            place,
            lock=finished.lock,
            data=loop.data_of(project, record),
            environ=session.environ,
        )
    if as_json:
        session.result(documents.write_json(record.as_json()), newline=False)
    else:
        session.result(text.render(record, session.paint, around=finished.around))
    if finished.kept:
        session.say(
            f"recorded as {record.id} in the journal{_uncommitted(session, project) if record.dirty else ''}"
        )
    elif finished.earlier is not None:
        session.say(f"already recorded as {finished.earlier}")
    session.say(f"report: {directory / loop.REPORT_FILE}")
    if record.trigger == "local" and loop.results_changed(project):
        session.hint(
            "git add . && git commit    # keeps dvc.lock and metrics; run again to record that commit"
        )
    return 1 if record.verdict is Outcome.FAILED and not exit_zero else 0


def _uncommitted(session: Session, project: Project) -> str:
    """Which changes the record is of: who wants to release must commit or ignore them first."""
    changed = loop.uncommitted(project, session.environ)
    more = f" and {len(changed) - MOST_NAMED} more" if len(changed) > MOST_NAMED else ""
    return f", with uncommitted changes: {', '.join(map(clean, changed[:MOST_NAMED]))}{more}"


def _show(session: Session, line: str) -> None:
    """What a stage prints. The bar keeps a forge from taking a line for a command to its runner."""
    if line.strip():
        session.say(f"  | {line}")
