"""The events of models, kept in the journal: appended once, never changed, read back whole."""

import logging
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from mltools import journal
from mltools.core import events, history
from mltools.core.events import Event
from mltools.edges.git.read import Repository
from mltools.errors import ConfigError

if TYPE_CHECKING:  # it loads GitPython, which reading has no use for
    from mltools.edges.git.write import Writer

log = logging.getLogger(__name__)


def record(writer: "Writer", event: Event) -> str:
    """Keep an event; the journal's new tip. The same event again changes nothing.

    It stands in this clone; `share` brings it to a remote. Raises RepositoryError when the journal cannot be written.
    """
    about = f"{event.model} {event.version}" if event.version else event.model
    where = f" in {event.stage}" if event.stage else ""
    message = f"{event.kind}: {about}{where}\n\nEvent: {event.id}\n"
    return journal.append_file(
        writer, events.place(event), event.text.encode("utf-8"), message, when=event.when
    )


def share(writer: "Writer", remote: str, event: Event) -> None:
    """Bring the journal with this event to a remote, joined with what others added. Raises RepositoryError."""
    journal.publish(writer, remote, when=event.when)


def of_model(repository: Repository, model: str, kinds: Collection[str] = ()) -> tuple[Event, ...]:
    """A model's events in the order of time, those of the kinds when any are named.

    One that cannot be read is warned of and left out.
    """
    return tuple(event for event in _read(repository, events.directory(model), kinds) if event.model == model)


def of_all(repository: Repository, kinds: Collection[str] = ()) -> tuple[Event, ...]:
    """The events of all models in the order of time, as `of_model`."""
    return tuple(sorted(_read(repository, "events", kinds), key=lambda event: (event.time, event.id)))


def _read(repository: Repository, place: str, kinds: Collection[str]) -> Iterator[Event]:
    for path, content in journal.files_below(repository, place):
        if content is None:
            log.warning("%s: %s is missing or damaged; %s", journal.REF, path, history.REPAIR)
            continue
        try:
            found = events.parse_event(content, path)
        except ConfigError as error:
            log.warning("%s: skipped: %s", journal.REF, error.message)
            continue
        if events.place(found) != path:
            log.warning("%s: skipped: %s speaks of another event", journal.REF, path)
        elif not kinds or found.kind in kinds:
            yield found
