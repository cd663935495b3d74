"""The whole story on real data, told by the commands that a user would type, run for real in a temporary directory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mltools.demo import story
from mltools.demo.teller import Teller, environment

__all__ = ["Told", "run"]


@dataclass(frozen=True, slots=True)
class Told:
    """Where the demonstration left its project."""

    project: Path
    remote: Path


def run(
    place: Path,
    environ: Mapping[str, str],
    *,
    say: Callable[[str], None],
    heading: Callable[[str], str],
    clock: Callable[[], datetime] | None = None,
) -> Told:
    """Tell the story in the empty directory `place`; with a `clock` all of it, to what happens after a release.

    Raises CommandError when a command ends otherwise than the story says, or what it shows is not so.
    """
    teller = Teller(environment(environ), say, heading)
    story.tell(teller, place)
    if clock is not None:
        from mltools.demo import life  # noqa: PLC0415 - its traffic needs more than the first part

        life.tell(teller, place, clock)
    return Told(place / story.PROJECT, place / story.REMOTE)
