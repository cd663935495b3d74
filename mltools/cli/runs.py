"""`mltools runs`: the journal of runs."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mltools import journal, pictures, runindex
from mltools.cli.session import Session
from mltools.core import history
from mltools.core.records import Record
from mltools.core.report import text
from mltools.core.verdict import Outcome
from mltools.edges import documents
from mltools.edges.git.read import Repository
from mltools.errors import MltoolsError, RepositoryError, UsageError

if TYPE_CHECKING:
    from mltools.bundle import Bundle
    from mltools.edges.git.write import Writer

SHOWN = 20
LIST_EXAMPLES = """\b
Examples:
  mltools runs list -n 5
  mltools runs list --branch main --verdict failed --since 2026-01-31
  mltools runs list --sort test.roc_auc --metric test.roc_auc --param train.model
  mltools runs list --json | jq '.runs[].metrics'
"""
ELSEWHERE = "`mltools run` records one; `mltools runs sync` brings those of others"


@click.group(
    "runs",
    epilog="\b\nExamples:\n  mltools runs list\n  mltools runs show HEAD~1 --json\n  mltools runs add run-artifact"
    "\n  mltools runs sync",
)
def command() -> None:
    """The journal: what every run found, kept in Git (refs/mltools/journal)."""


@command.command("list", epilog=LIST_EXAMPLES)
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
        session.result(documents.write_json(history.tree(found)), newline=False)
    elif found:
        session.result("\n".join(history.lines(found, session.paint, metrics=metrics, params=params)))
    elif plain:
        session.say("no run is recorded here")
        session.hint(ELSEWHERE)
    else:
        session.say("no run is like that")


@command.command("show", epilog="\b\nExamples:\n  mltools runs show\n  mltools runs show main --json")
@click.argument("which", metavar="[ID|REV]", default="HEAD")
@click.option("--json", "as_json", is_flag=True, help="Print the record, run.json, on stdout.")
@click.pass_obj
def show_command(session: Session, *, which: str, as_json: bool) -> None:
    """One run: the table, the gates and the verdict. By its id, or the newest of a commit (HEAD when none is named)."""
    record = _record(Repository.find(session.directory), which)
    if as_json:
        session.result(documents.write_json(record.as_json()), newline=False)
        return
    where = f" on {record.branch}" if record.branch else ""
    dirty = " with uncommitted changes" if record.dirty else ""
    session.say(f"run {record.id}: {record.commit[: history.SHORT]}{where}{dirty}, by {record.trigger}")
    session.result(text.render(record, session.paint))


@command.command("add", epilog="\b\nExample:\n  mltools runs add run-artifact")
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR")
@click.pass_obj
def add_command(session: Session, *, directory: Path) -> None:
    """Keep a run that was made elsewhere: DIR is what `mltools run --bundle DIR` wrote.

    Its record goes into the journal, its data objects into the project's store, and both to origin if there is one.
    Doing it again adds nothing.
    """
    # Loads GitPython, which takes longer than all that the reading commands do.
    from mltools import bundle  # noqa: PLC0415
    from mltools.edges.git.write import Writer  # noqa: PLC0415

    repository = Repository.find(session.directory)
    remote = "origin" if "origin" in repository.remotes() else None
    found = bundle.read(session.directory / directory)
    writer = Writer(repository, session.environ)
    kept = bundle.keep(found, writer, session.directory, remote, when=session.clock())
    news = "is in the journal already" if not kept.new else "is in the journal"
    count = (
        f", {kept.objects} object{'s' if kept.objects != 1 else ''} in {kept.store}" if kept.objects else ""
    )
    session.result(f"run {found.record.id} {news}{count}" + (f"; pushed to {remote}" if remote else ""))
    if found.images:
        _put_images(session, found, writer)
    if remote is None:
        session.hint("this repository has no origin; the run is kept here only")


def _put_images(session: Session, found: "Bundle", writer: "Writer") -> None:
    """Put a run's pictures where mltools.yaml says. A report without them is no failure."""
    from mltools.project import open_project  # noqa: PLC0415 - loads the configuration, which reading has no use for

    try:
        project = open_project(session.directory)
        backend = pictures.BACKENDS[project.config.report.images]
        place = pictures.Place(project, pictures.Hosts.of(session.environ), found.record.time)
        count = backend.put(found.images, place, writer, when=session.clock())
    except MltoolsError as error:
        session.warn(f"the run's pictures are not kept: {error.message}")
        return
    if count:
        session.say(f"{count} picture{'s' * (count != 1)} kept")


@command.command("sync", epilog="\b\nExamples:\n  mltools runs sync\n  mltools runs sync --remote upstream")
@click.option("--remote", metavar="NAME", help="The remote  [default: origin, or the only one there is]")
@click.pass_obj
def sync_command(session: Session, *, remote: str | None) -> None:
    """Join the journal here with that of a remote: its runs come here, those made here go there.

    Nothing is overwritten on either side. Doing it again changes nothing.
    """
    from mltools.edges.git.write import Writer  # noqa: PLC0415 - as above

    repository = Repository.find(session.directory)
    name = _remote(repository, remote)
    writer = Writer(repository, session.environ)
    ours = _ids(repository, journal.REF)
    tip = writer.remote_refs(name, journal.REF).get(journal.REF)
    journal.fetch(writer, name)
    theirs, joined = _ids(repository, tip), _ids(repository, journal.REF)
    brought, sent = len(joined - ours), len(joined - theirs)
    if brought:
        session.result(f"{_runs(brought)} brought here from {name}")
    journal.publish(writer, name, when=session.clock())
    if sent:
        session.result(f"{_runs(sent)} brought to {name}")
    if not brought and not sent:
        session.result(f"nothing to bring: the same {_runs(len(joined))} here and at {name}")


def _record(repository: Repository, which: str) -> Record:
    record = journal.load(repository, which)
    if record is not None:
        return record
    commit = repository.resolve(which)
    if commit is None and which == "HEAD":
        raise RepositoryError("this repository has no commit yet", hint="commit, then `mltools run`")
    if commit is None:
        raise UsageError(
            f"no run is recorded of {which!r}, which is neither a run's id nor a revision", hint=ELSEWHERE
        )
    record = next(journal.of_commit(repository, commit), None)
    if record is None:
        raise RepositoryError(
            f"no run is recorded of commit {commit[: history.SHORT]} ({which})", hint=ELSEWHERE
        )
    return record


def _remote(repository: Repository, name: str | None) -> str:
    """The remote that was asked for, else origin, else the only one."""
    known = repository.remotes()
    if name is not None and name not in known:
        raise UsageError(f"no remote {name!r} here", hint=f"there is: {', '.join(known) or 'none'}")
    if name is None and not known:
        raise UsageError("this repository has no remote", hint="git remote add origin URL")
    chosen = name or ("origin" if "origin" in known else known[0] if len(known) == 1 else None)
    if chosen is None:
        raise UsageError(
            f"this repository has the remotes {', '.join(known)}, and none of them is called origin",
            hint="name one: `mltools runs sync --remote NAME`",
        )
    return chosen


def _ids(repository: Repository, tip: str | None) -> frozenset[str]:
    """The runs that a journal holds; none when there is no journal."""
    if tip is None or (commit := repository.oid(tip)) is None:
        return frozenset()
    return frozenset(
        path for path in repository.tree(commit, "records") if path.endswith(f"/{journal.RECORD_FILE}")
    )


def _runs(count: int) -> str:
    return f"{count:,} run{'s' * (count != 1)}"
