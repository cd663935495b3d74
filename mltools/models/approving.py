"""Somebody's word that a version may go to a stage: signed where they have a key, and kept in the journal."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mltools import events, registry
from mltools.core.approvals import Statement
from mltools.core.events import Event, Kind, event
from mltools.core.tags import Reference
from mltools.edges.git import statements
from mltools.errors import ConfigError, RepositoryError, UsageError
from mltools.models import basefile, changing, judging
from mltools.models.finding import Place
from mltools.models.promoting import check_stage
from mltools.models.standing import Standing, standing


@dataclass(frozen=True, slots=True)
class Approved:
    """The approval as it was kept, and whether it was signed and brought to the remote."""

    event: Event
    signed: bool
    shared: bool


def approve(
    place: Place, reference: Reference, stage: str, reason: str, *, clock: Callable[[], datetime]
) -> Approved:
    """Approve a version for a stage. What it is worth is decided when somebody promotes: by the signature alone.

    Raises UsageError for what there is not, RepositoryError when it cannot be signed or brought to the remote; kept here
    it is all the same then.
    """
    check_stage(stage)
    words = changing.reason_of(reason)
    writer = place.writer
    now = standing(place, writer, reference.model)
    version = registry.find_version(now.model, reference)
    if not version.registered or not version.active:
        raise UsageError(f"{now.model.name} {version.version} is no version that stands")
    _check_policy(place, now, stage)
    said = Statement(now.model.name, version.version, stage, version.commit)
    when = clock()
    text = statements.make(
        place.repository, place.environ, said.message(words), about=version.commit, when=when
    )
    made = event(
        Kind.APPROVAL,
        now.model.name,
        when=when,
        version=version.version,
        stage=stage,
        by=changing.actor(place) or writer.person,
        reason=words,
        details={"tag": version.tag, **({"statement": text} if text is not None else {})},
    )
    events.record(writer, made)
    if now.remote is not None:
        try:
            events.share(writer, now.remote, made)
        except RepositoryError as error:
            raise RepositoryError(
                f"the approval is kept here and not at {now.remote}: {error.message}",
                hint="`mltools runs sync` brings it there",
            ) from error
    return Approved(made, text is not None, now.remote is not None)


def _check_policy(place: Place, now: Standing, stage: str) -> None:
    """Raises UsageError for a stage that the policy does not name; a broken policy is not the approver's business."""
    file = basefile.find(place.writer, now)
    if file is None:
        return
    try:
        judging.policy_in(place.writer, now, file).named(stage, now.model.name)
    except ConfigError as error:
        place.warn(f"the policy cannot be read: {error.message}")
