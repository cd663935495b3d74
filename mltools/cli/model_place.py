"""What the commands of `mltools model` share: where they were called, what is asked, and how an outcome is shown."""

from typing import Any

from mltools import registry
from mltools.cli.model_read import inside
from mltools.cli.session import Session
from mltools.core import registry_report
from mltools.core.markdown import clean
from mltools.core.registry import Model, Version
from mltools.core.registry_change import told
from mltools.core.tags import Action
from mltools.edges.git.read import Repository
from mltools.models import finding
from mltools.models.changing import Outcome, Wish
from mltools.models.finding import Place

FORCE = "--force --reason TEXT goes on in spite of it, and is recorded"


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


def show(session: Session, outcome: Outcome, *, as_json: bool = False) -> int:
    """The outcome in words or as JSON; 1 when it was refused."""
    if as_json:
        session.result(registry_report.json_text(_tree(outcome)), newline=False)
    elif outcome.refused is not None:
        session.result("\n".join((outcome.refused, *(f"  {note}" for note in outcome.notes))))
    else:
        tag = f" ({outcome.tag})" if outcome.tag else ""
        session.result("\n".join((f"{outcome.said}{tag}", *(f"  {note}" for note in outcome.notes))))
    return 1 if outcome.refused is not None else 0


def _tree(outcome: Outcome) -> dict[str, Any]:
    return {
        "schema": 1,
        "model": outcome.model,
        "version": outcome.version,
        "stage": outcome.stage,
        "tag": outcome.tag,
        "new": outcome.new,
        "refused": outcome.refused is not None,
        "reason": outcome.refused or outcome.said,
        "notes": list(outcome.notes),
    }
