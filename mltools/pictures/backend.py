"""What every backend for pictures offers, and where it works."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from mltools.edges.git.read import Repository

if TYPE_CHECKING:  # who only asks for addresses does not pay for GitPython
    from mltools.edges.git.write import Writer

Address = Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True)
class Place:
    """The repository, and how the forge addresses a file of it: a function of commit and path, None without a forge."""

    repository: Repository
    address: Address


class Backend(Protocol):
    """Pictures are PNGs by the SHA-256 of their bytes; putting one twice changes nothing."""

    def put(
        self, pictures: Mapping[str, bytes], writer: "Writer", remote: str | None, *, when: datetime
    ) -> int:
        """Put pictures where the forge's readers find them; how many are there now. Raises MltoolsError."""

    def addresses(self, wanted: Collection[str], place: Place) -> dict[str, str]:
        """Where the wanted pictures are, those that were put."""
