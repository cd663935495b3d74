"""`mltools data push` and `pull`: data objects to where the project keeps them, and back."""

import sys

import click

from mltools import datastore
from mltools.cli.session import Session, fail
from mltools.datastore import Moved
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from mltools.errors import MltoolsError, UsageError
from mltools.project import open_project


@click.command(epilog="\b\nExamples:\n  mltools data push\n  mltools data push --remote upstream")
@click.option("--remote", metavar="NAME", help="The Git remote to push the store to  [default: origin]")
@click.option("--hook", nargs=2, hidden=True, metavar="REMOTE URL", help="Called by Git's pre-push hook.")
@click.pass_obj
def push(session: Session, *, remote: str | None, hook: tuple[str, str] | None) -> int:
    """Push the data and models that .dvc files and dvc.lock name, so that clones, hooks and CI find them.

    They go to the project's DVC remote; where there is none, into refs/mltools/objects of this repository (files up to
    50 MiB, 500 MiB in all) and with it to the Git remote. Without a Git remote they are kept here only.
    """
    if hook is not None:
        return _from_hook(session, hook[0])
    project = open_project(session.directory)
    writer = Writer(project.repository, session.environ)
    target = _remote(project.repository, remote)
    moved = datastore.push(project, writer, target, when=session.clock())
    where = moved.store if target is None or moved.store != datastore.REF else f"{moved.store} and {target}"
    session.result(
        _sentence(moved, "pushed to" if target or moved.store != datastore.REF else "kept in", where)
    )
    if target is None and moved.store == datastore.REF:
        session.hint("this repository has no remote; objects are kept here only")
    _tell_missing(session, moved)
    return 0


@click.command(epilog="\b\nExample:\n  mltools data pull")
@click.option("--remote", metavar="NAME", help="The Git remote to fetch the store from  [default: origin]")
@click.pass_obj
def pull(session: Session, *, remote: str | None) -> int:
    """Fetch the data and models that .dvc files and dvc.lock name, and put into the workspace what it lacks.

    Files that are there, changed or not, stay as they are. Outputs that are nowhere are told; the pipeline makes them
    again. Data that is nowhere is an error.
    """
    project = open_project(session.directory)
    writer = Writer(project.repository, session.environ)
    moved = datastore.pull(project, writer, _remote(project.repository, remote))
    session.result(_sentence(moved, "pulled from", moved.store))
    _tell_missing(session, moved)
    return 0


def _from_hook(session: Session, remote: str) -> int:
    """Whatever is wrong refuses the push: without its data, the commit cannot be judged anywhere."""
    writer = Writer(Repository.find(session.directory), session.environ)
    try:
        moved = datastore.push_hook(writer, remote, sys.stdin, when=session.clock())
    except MltoolsError as error:
        fail(error, session.environ)
        session.say("mltools: the push was stopped, because its data could not be pushed")
        session.hint("`git push --no-verify` pushes without the data")
        return 1
    if moved.objects:
        session.say(_sentence(moved, "mltools: pushed to", moved.store))
    return 0


def _remote(repository: Repository, name: str | None) -> str | None:
    """The remote that was asked for, or origin if there is one."""
    known = repository.remotes()
    if name is not None and name not in known:
        raise UsageError(f"no remote {name!r} here", hint=f"there is: {', '.join(known) or 'none'}")
    return name or ("origin" if "origin" in known else None)


def _sentence(moved: Moved, verb: str, where: str) -> str:
    if moved.store != datastore.REF:
        return f"{verb} {where}"
    if not moved.objects:
        return f"{where}: nothing new"
    count = f"{moved.objects} object{'s' if moved.objects > 1 else ''}"
    return f"{verb} {where}: {count}, {moved.bytes / (1 << 20):,.1f} MiB"


def _tell_missing(session: Session, moved: Moved) -> None:
    for path in moved.missing[:10]:
        session.say(f"{path}: not kept anywhere; the pipeline makes it again")
