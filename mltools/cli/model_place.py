"""Where a command of `mltools model` was called: the repository, and the directory in it."""

from mltools import registry
from mltools.cli.model_read import inside
from mltools.cli.session import Session
from mltools.core.markdown import clean
from mltools.core.registry import Model, Version
from mltools.core.registry_change import told
from mltools.core.tags import Action
from mltools.edges.git.read import Repository
from mltools.models import finding
from mltools.models.changing import Wish
from mltools.models.finding import Place


def place_of(session: Session) -> Place:
    """The place of a command that may write, or fetch."""
    repository = Repository.find(session.directory)
    return Place(
        repository, inside(repository, session.directory), session.environ, session.say, session.warn
    )


def named(place: Place, reference: str) -> Version:
    """The version that is named, with a warning where it was taken back or its model retired."""
    model, version = finding.find(place, reference)
    if not version.active:
        place.warn(f"{model.name} {version.version} was taken back{_because(model, version)}")
    elif not model.active:
        place.warn(f"{model.name} is deprecated{_because(model, None)}")
    return version


def _because(model: Model, version: Version | None) -> str:
    """Why the version, or the whole model, is out of use, as the last tag of those that say so tells."""
    action = Action.DEREGISTER if version is not None else Action.DEPRECATE
    number = version.version if version is not None else None
    last = [one for one in model.events if (one.said.action, one.said.version) == (action, number)][-1:]
    return "".join(
        f": {clean(told(one.message).reason, limit=200)}" for one in last if told(one.message).reason
    )


def wish_of(
    session: Session, reference: str, stage: str, reason: str, *, force: bool = False, dry_run: bool = False
) -> Wish:
    """What a command asks to be changed. Raises UsageError for what names no model."""
    wanted = registry.reference(reference)
    return Wish(place_of(session), wanted, session.clock, stage, reason, force, dry_run)
