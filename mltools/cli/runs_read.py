"""`mltools runs list` and `show`: the journal, read."""

from dataclasses import replace
from datetime import datetime

import click

from mltools import runindex
from mltools.cli.runs_choice import ELSEWHERE, chosen
from mltools.cli.session import Session
from mltools.core import history, run_comparison
from mltools.core.report import text
from mltools.core.report.around import Around
from mltools.core.run_comparison import compare_runs
from mltools.core.verdict import Outcome
from mltools.edges import documents
from mltools.edges.git.read import Repository
from mltools.errors import UsageError

SHOWN = 20
LIST_EXAMPLES = """\b
Examples:
  mltools runs list -n 5
  mltools runs list --branch main --verdict failed --since 2026-01-31
  mltools runs list --sort test.roc_auc --metric test.roc_auc --param train.model
  mltools runs list --json | jq '.runs[].metrics'
"""


@click.command("list", epilog=LIST_EXAMPLES)
@click.option(
    "-n",
    "limit",
    type=click.IntRange(min=0),
    help=f"At most N runs, 0 for all  [default: {SHOWN}; with --json all]",
)
@click.option("--branch", help="Runs of this branch.")
@click.option(
    "--verdict", type=click.Choice([word.value for word in Outcome]), help="Runs with this verdict."
)
@click.option("--model", help="Runs of the project that releases this model.")
@click.option("--author", help="Runs of commits whose author's name or address holds this text.")
@click.option(
    "--since",
    metavar="DATE",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Runs from this day or time on (UTC).",
)
@click.option(
    "--metric", "metrics", multiple=True, metavar="NAME", help="Show this metric; may be given again."
)
@click.option("--param", "params", multiple=True, metavar="NAME", help="Show this param; may be given again.")
@click.option("--sort", metavar="NAME", help="By this metric or param, the highest first.")
@click.option("--ascending", is_flag=True, help="With --sort, the lowest first.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.pass_obj
def list_command(  # noqa: PLR0913 - its options
    session: Session,
    *,
    limit: int | None,
    branch: str | None,
    verdict: str | None,
    model: str | None,
    author: str | None,
    since: datetime | None,
    metrics: tuple[str, ...],
    params: tuple[str, ...],
    sort: str | None,
    ascending: bool,
    as_json: bool,
) -> None:
    """The runs, newest first, with verdict and gated metrics. A + behind the commit: with uncommitted changes."""
    if ascending and sort is None:
        raise UsageError("--ascending needs --sort", hint="mltools runs list --sort test.roc_auc --ascending")
    repository = Repository.find(session.directory)
    most = (limit if limit is not None else 0 if as_json else SHOWN) or None
    wanted = history.Wanted(
        branch=branch,
        verdict=verdict,
        model=model,
        since=None if since is None else f"{since:%Y-%m-%dT%H:%M:%SZ}",
    )
    plain = wanted == history.Wanted() and author is None and sort is None
    found = runindex.rows(repository, most=most if plain else None)
    if author is not None:
        commits = repository.by_author({one.commit for one in found}, author)
        wanted = replace(wanted, commits=commits)
    found = [one for one in found if wanted.takes(one)]
    if sort is not None:
        found = history.ordered(found, sort, ascending=ascending)
    found = found[:most]
    if as_json:
        session.result(history.json_text(found), newline=False)
    elif found:
        session.result("\n".join(history.lines(found, session.paint, metrics=metrics, params=params)))
    elif plain:
        session.say("no run is recorded here")
        session.hint(ELSEWHERE)
    else:
        session.say("no run is like that")


@click.command("show", epilog="\b\nExamples:\n  mltools runs show\n  mltools runs show main --json")
@click.argument("which", metavar="[ID|REV]", default="HEAD")
@click.option("--json", "as_json", is_flag=True, help="Print the record, run.json, on stdout.")
@click.pass_obj
def show_command(session: Session, *, which: str, as_json: bool) -> None:
    """One run: table, gates, verdict, history. By its id, or the newest of a commit (HEAD when none is named).

    The history leads from run to base, as far as the journal has them.
    """
    from mltools import surroundings  # noqa: PLC0415 - loads the configuration, which a list has no use for

    repository = Repository.find(session.directory)
    record = chosen(repository, which)
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

    Each is a run's id, or a revision that has one. Their records are all that is read: neither commit need be here.
    """
    repository = Repository.find(session.directory)
    found = compare_runs(chosen(repository, base), chosen(repository, head))
    if found.base.project != found.head.project:
        session.warn(f"they are of different projects, {found.base.project} and {found.head.project}")
    if as_json:
        session.result(documents.write_json(run_comparison.as_json(found)), newline=False)
    else:
        session.result(run_comparison.as_text(found, session.paint, everything=everything))
