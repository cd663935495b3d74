"""What the journal keeps of a model's changes, and what it tells of a model's versions."""

from mltools import events, journal, registry
from mltools.core.events import Event, Kind
from mltools.errors import MltoolsError, RepositoryError
from mltools.models.finding import Place, in_short
from mltools.models.standing import Standing

_OF_VERSIONS = frozenset({Kind.APPROVAL, Kind.MONITOR, Kind.DEPLOYMENT})


def keep(place: Place, event: Event) -> None:
    """Keep an event that a tag stands for, here and at the remote.

    The tag is what counts and stands already: a journal that cannot be written or pushed is warned of.
    """
    writer = place.writer
    try:
        events.record(writer, event)
        remote = registry.remote_of(place.repository)
        if remote is not None:
            events.share(writer, remote, event)
    except MltoolsError as error:
        place.warn(
            f"the tag {event.details['tag']} is written; the journal at the remote does not tell of it yet: {in_short(error)}; "
            "`mltools runs sync` brings it there"
        )


def events_of(place: Place, now: Standing, *, required: bool = True) -> dict[str, list[Event]]:
    """What the journal tells of each version of a model, the remote's journal with it; the oldest first.

    Where it is not `required`, a journal that is not to be had, there or here, is warned of.
    """
    if now.remote is not None:
        try:
            journal.fetch(place.writer, now.remote)
        except RepositoryError as error:
            if required:
                raise
            place.warn(f"{in_short(error)}; what the journal here tells of {now.model.name} counts")
    try:
        told = events.of_model(place.repository, now.model.name, _OF_VERSIONS)
    except MltoolsError as error:
        if required:
            raise
        place.warn(f"the journal here cannot be read, so nothing that it tells counts: {in_short(error)}")
        told = ()
    found: dict[str, list[Event]] = {}
    for event in told:
        found.setdefault(event.version or "", []).append(event)
    return found
