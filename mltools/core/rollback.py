"""To which version a stage goes back: the one that was well there last, before what is there now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mltools.core.events import Event
from mltools.core.promotion import unhealthy
from mltools.core.registry import Model, Version
from mltools.core.registry_change import told
from mltools.core.registry_time import periods


@dataclass(frozen=True, slots=True)
class Back:
    """What to go back to (None: nothing is left), and why others were passed over."""

    version: Version | None
    passed_over: tuple[str, ...] = ()


def back(model: Model, stage: str, events: Mapping[str, Sequence[Event]]) -> Back:
    """The version that a stage goes back to.

    Only what was there before the present one first came is looked at, what left last first: so going back twice goes
    further back, and not to where it came from. `events` are those of each version, the oldest first.
    """
    passed_over: list[str] = []
    for version in _earlier(model, stage):
        why = why_not(model, stage, version, events.get(version.version, ()))
        if why is None:
            return Back(version, tuple(passed_over))
        passed_over.append(f"{version.version}: {why}")
    return Back(None, tuple(passed_over))


def why_not(model: Model, stage: str, version: Version, events: Sequence[Event]) -> str | None:
    """What speaks against going back to a version; None when nothing does."""
    if not version.active:
        return "was taken back"
    if sum(one.commit == version.commit for one in model.versions) > 1:
        return "its commit holds several versions"
    left = _rolled_back_from(model, stage).get(version.version)
    if left is not None:
        return f"was rolled back from there itself ({left})"
    return unhealthy(events, stage)


def _earlier(model: Model, stage: str) -> Iterator[Version]:
    past = periods(model, stage)
    now = past[-1] if past and past[-1].until is None else None
    first = next(
        (at for at, one in enumerate(past) if now is not None and one.version == now.version), len(past)
    )
    before = {one.version.commit for one in past[:first]}
    seen = set() if now is None else {now.version.commit}
    for one in reversed(past):
        if one.version.commit in before and one.version.commit not in seen:
            seen.add(one.version.commit)
            yield one.version


def _rolled_back_from(model: Model, stage: str) -> dict[str, str]:
    """Versions that a rollback took out of the stage, with its tag; not those that were promoted there again."""
    found: dict[str, str] = {}
    numbers = {version.commit: version.version for version in model.versions}
    for event in model.events:
        if event.said.stage != stage:
            continue
        found.pop(numbers.get(event.commit, ""), None)
        if from_ := told(event.message).instead_of:
            found[from_] = event.tag
    return found
