"""`mltools runs list`: the journal as rows."""

from dataclasses import replace
from datetime import datetime

import click

from mltools import runindex
from mltools.cli.session import Session
from mltools.core import history
from mltools.core.verdict import Outcome
from mltools.edges.git.read import Repository
from mltools.errors import UsageError

SHOWN = 20
_METRICS, _PARAMS = ("metrics",), ("params",)
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
    for kinds, names in (
        (_METRICS, metrics),
        (_PARAMS, params),
        ((*_METRICS, *_PARAMS), (sort,) if sort else ()),
    ):
        for name in history.unknown(found, names, kinds=kinds):
            session.warn(f"none of these runs has {' or '.join(kind[:-1] for kind in kinds)} {name!r}")
    found = found[:most]
    if as_json:
        session.result(history.json_text(found), newline=False)
    elif found:
        session.result("\n".join(history.lines(found, session.paint, metrics=metrics, params=params)))
    elif plain:
        session.say("no run is recorded here")
        session.hint(history.ELSEWHERE)
    else:
        session.say("no run is like that")
