"""`mltools runs add` and `sync`: records that come here, and the journals of two repositories joined."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mltools import journal
from mltools.cli.runs_choice import remote_named
from mltools.cli.session import Session
from mltools.edges.git.read import Repository
from mltools.errors import MltoolsError

if TYPE_CHECKING:
    from mltools.bundle import Bundle
    from mltools.edges.git.write import Writer


@click.command("add", epilog="\b\nExample:\n  mltools runs add run-artifact")
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
    else:
        _keep_notes(session, writer, remote)


def _keep_notes(session: Session, writer: "Writer", remote: str) -> None:
    """Bring Git's notes of the runs up to the journal where somebody uses them. Nothing fails for want of them."""
    from mltools.runs import noting  # noqa: PLC0415 - as above

    try:
        if noting.used(writer, remote):
            noting.share(writer, remote, when=session.clock())
    except MltoolsError as error:
        session.warn(f"{noting.REF} is not up to date: {error.message}")


@click.command(
    "notes",
    epilog="\b\nExamples:\n  mltools runs notes && git log --notes=mltools\n  mltools runs notes --push",
)
@click.option("--push", is_flag=True, help="Bring them to the remote, for those who have no mltools.")
@click.option(
    "--remote", metavar="NAME", help="The remote  [default: where Git pushes to, origin, or the only one]"
)
@click.pass_obj
def notes_command(session: Session, *, push: bool, remote: str | None) -> None:
    """Write Git's own notes of the runs: `git log --notes=mltools` then shows a line for each.

    They are made from the journal and hold nothing of their own. Once they are here or at the remote, `mltools runs sync`
    and `mltools runs add` keep them up to date.
    """
    from mltools.edges.git.write import Writer  # noqa: PLC0415 - as above
    from mltools.runs import noting  # noqa: PLC0415 - as above

    repository = Repository.find(session.directory)
    writer = Writer(repository, session.environ)
    if push or remote is not None:
        name = remote_named(repository, remote)
        journal.publish(writer, name, when=session.clock())
        count, where = noting.share(writer, name, when=session.clock()), f"here and at {name}"
    else:
        count, where = noting.write(writer, when=session.clock()), "here"
    session.result(f"notes of {count:,} commit{'s' * (count != 1)} {where}")
    if count:
        session.hint("git log --notes=mltools")


def _put_images(session: Session, found: "Bundle", writer: "Writer") -> None:
    """Put a run's pictures where mltools.yaml says. A report without them is no failure."""
    from mltools import surroundings  # noqa: PLC0415 - loads the configuration, which reading has no use for
    from mltools.pictures import Hosts, Place  # noqa: PLC0415 - as above
    from mltools.project import open_project  # noqa: PLC0415 - as above

    try:
        project = open_project(session.directory)
    except MltoolsError as error:
        session.warn(f"the run's pictures are not kept: {error.message}")
        return
    place = Place(project, Hosts.of(session.environ), found.record.time)
    count = surroundings.put_images(place, found.images, writer, session.warn, when=session.clock())
    if count:
        session.say(f"{count} picture{'s' * (count != 1)} kept")


@click.command("sync", epilog="\b\nExamples:\n  mltools runs sync\n  mltools runs sync --remote upstream")
@click.option(
    "--remote", metavar="NAME", help="The remote  [default: where Git pushes to, origin, or the only one]"
)
@click.pass_obj
def sync_command(session: Session, *, remote: str | None) -> None:
    """Join the journal here with that of a remote: its runs come here, those made here go there.

    Nothing is overwritten on either side. Doing it again changes nothing.
    """
    from mltools.edges.git.write import Writer  # noqa: PLC0415 - as above

    repository = Repository.find(session.directory)
    name = remote_named(repository, remote)
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
    _keep_notes(session, writer, name)
    if not brought and not sent:
        session.result(f"nothing to bring: the same {_runs(len(joined))} here and at {name}")


def _ids(repository: Repository, tip: str | None) -> frozenset[str]:
    """The runs that a journal holds; none when there is no journal."""
    if tip is None or (commit := repository.oid(tip)) is None:
        return frozenset()
    return frozenset(
        path for path in repository.tree(commit, "records") if path.endswith(f"/{journal.RECORD_FILE}")
    )


def _runs(count: int) -> str:
    return f"{count:,} run{'s' * (count != 1)}"
