"""Where a command of `mltools model` was called: the repository, and the directory in it."""

from mltools import registry
from mltools.cli.model_read import inside
from mltools.cli.session import Session
from mltools.edges.git.read import Repository
from mltools.models.changing import Wish
from mltools.models.finding import Place


def place_of(session: Session) -> Place:
    """The place of a command that may write, or fetch."""
    repository = Repository.find(session.directory)
    return Place(
        repository, inside(repository, session.directory), session.environ, session.say, session.warn
    )


def wish_of(
    session: Session, reference: str, stage: str, reason: str, *, force: bool = False, dry_run: bool = False
) -> Wish:
    """What a command asks to be changed. Raises UsageError for what names no model."""
    wanted = registry.reference(reference)
    return Wish(place_of(session), wanted, session.clock, stage, reason, force, dry_run)
