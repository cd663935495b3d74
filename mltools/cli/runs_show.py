"""`mltools runs show` and `compare`: one run, and two."""

import click

from mltools import surroundings
from mltools.cli.model_read import inside
from mltools.cli.runs_choice import chosen
from mltools.cli.session import Session
from mltools.core import history, run_comparison
from mltools.core.report import text
from mltools.core.report.around import Around
from mltools.core.run_comparison import compare_runs
from mltools.edges import documents
from mltools.edges.git.read import Repository


@click.command("show", epilog="\b\nExamples:\n  mltools runs show\n  mltools runs show main --json")
@click.argument("which", metavar="[ID|REV]", default="HEAD")
@click.option("--json", "as_json", is_flag=True, help="Print the record, run.json, on stdout.")
@click.pass_obj
def show_command(session: Session, *, which: str, as_json: bool) -> None:
    """One run: table, gates, verdict, history. By its id, or the newest of a commit (HEAD when none is named).

    The history leads from run to base, as far as the journal has them.
    """
    repository = Repository.find(session.directory)
    record = chosen(repository, which, inside(repository, session.directory))
    if as_json:
        session.result(documents.write_json(record.as_json()), newline=False)
        return
    where = f" on {record.branch}" if record.branch else ""
    dirty = " with uncommitted changes" if record.dirty else ""
    session.say(f"run {record.id}: {record.commit[: history.SHORT]}{where}{dirty}, by {record.trigger}")
    past = tuple(surroundings.past(repository, record))
    session.result(text.render(record, session.paint, around=Around(history=past)))


COMPARE_EXAMPLES = """\b
Examples:
  mltools runs compare main HEAD
  mltools runs compare 20260102T030405Z-1a2b3c4d-5e6f70 HEAD --all
  mltools runs compare v1~2 v1 --json | jq '.metrics[] | select(.kind == "changed")'
"""


@click.command("compare", epilog=COMPARE_EXAMPLES)
@click.argument("base", metavar="A")
@click.argument("head", metavar="B", default="HEAD")
@click.option("--all", "everything", is_flag=True, help="Show what is the same, too.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON on stdout.")
@click.pass_obj
def compare_command(session: Session, *, base: str, head: str, everything: bool, as_json: bool) -> None:
    """Two runs side by side: verdicts, gates, metrics, params, data and stages of A and B (HEAD when none is named).

    Each is a run's id, or a revision that has one: of several, A is the one without uncommitted changes, B the newest.
    Their records are all that is read: neither commit need be here.
    """
    repository = Repository.find(session.directory)
    near = inside(repository, session.directory)
    found = compare_runs(chosen(repository, base, near, newest=False), chosen(repository, head, near))
    if found.base.project != found.head.project:
        session.warn(f"they are of different projects, {found.base.project} and {found.head.project}")
    if as_json:
        session.result(documents.write_json(run_comparison.as_json(found)), newline=False)
    else:
        session.result(run_comparison.as_text(found, session.paint, everything=everything))
