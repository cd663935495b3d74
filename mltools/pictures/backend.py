"""What every backend for pictures offers, and what it is told."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Protocol

from mltools import ci
from mltools.project import Project

if TYPE_CHECKING:  # who only asks for addresses does not pay for GitPython
    from mltools.ci.provider import Forge
    from mltools.edges.git.write import Writer

Address = Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True)
class Hosts:
    """Who may hold pictures besides the repository: how its forge addresses a file of a commit, and its API.

    Either answers None where there is none, the API without a token.
    """

    address: Address = lambda commit, path: None  # noqa: ARG005
    connect: "Callable[[], Forge | None]" = lambda: None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Hosts":
        """The forge that started this process; by hand the one whose variables are set."""
        provider = ci.detect(environ) or ci.PROVIDERS["github"]
        return cls(partial(provider.file_address, environ), partial(provider.connect, environ))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run's pictures may lie; `recorded` is when the run was, as its record says."""

    project: Project
    hosts: Hosts
    recorded: str


class Backend(Protocol):
    """Pictures are PNGs by the SHA-256 of their bytes; putting one twice changes nothing."""

    def put(self, pictures: Mapping[str, bytes], place: Place, writer: "Writer", *, when: datetime) -> int:
        """Put pictures where their readers find them; how many are there now. Raises MltoolsError."""

    def addresses(self, wanted: Collection[str], place: Place) -> dict[str, str]:
        """Where the wanted pictures are, those that were put. Raises MltoolsError."""
