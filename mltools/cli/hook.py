"""`mltools hook`: the loop behind `git push`, without a forge."""

from pathlib import Path

import click

from mltools import hook
from mltools.cli.session import Session


@click.group(
    "hook",
    epilog="\b\nExamples:\n  mltools hook install ../models.git\n  mltools hook install --enforce /srv/git/models.git",
)
def command() -> None:
    """Put the loop behind `git push` to a bare repository, on a disk or a server, with no forge at all."""


@command.command(epilog="\b\nExample:\n  mltools hook install ../models.git")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--enforce", is_flag=True, help="Refuse the push of a branch whose run fails or cannot be judged."
)
@click.pass_obj
def install(session: Session, *, path: Path, enforce: bool) -> None:
    """Judge every push to the bare repository PATH; the pusher sees stages, table and verdict as `remote:` lines.

    The hook runs the pushed pipeline on this machine, as the user who receives the push: install it where everybody
    who may push may also run code.
    """
    written = hook.install(session.directory / path, enforce=enforce)
    session.result(f"{written}: every push is judged" + (" and refused when it fails" if enforce else ""))
    session.hint(f"git push {path} main")


@command.command(hidden=True)
@click.argument("ref")
@click.argument("old")
@click.argument("new")
@click.option("--enforce", is_flag=True)
@click.pass_obj
def update(session: Session, *, ref: str, old: str, new: str, enforce: bool) -> int:
    """What Git's update hook calls."""
    outside = hook.Outside(environ=session.environ, clock=session.clock, say=session.say)
    allowed = hook.update(session.directory, hook.Push(ref, old, new), outside, enforce=enforce)
    return 0 if allowed else 1
