"""What an exchange gives besides its result: what the other side has no words for, and where it stood."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]
Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that was left out or is said otherwise; `path` is its place in the document that was read."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Exported:
    """A contract in the words of another tool, as a tree of plain values (dates among them)."""

    tree: Tree
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """Another tool's schema as the tree of a contract; `places` leads from its paths to those that they come from."""

    tree: Tree
    losses: tuple[Loss, ...] = ()
    places: dict[Path, Path] = field(default_factory=dict)

    def origin(self, path: Sequence[str | int]) -> Path:
        """Where in the document that was read a key of the contract comes from, or else its nearest parent."""
        for length in range(len(path), 0, -1):
            found = self.places.get(tuple(path[:length]))
            if found is not None:
                return found
        return ()


def dotted(path: Iterable[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def grouped(losses: Iterable[Loss]) -> Iterator[tuple[Loss, int]]:
    """The first loss of each kind, and how many more there are: the same key left out for the same reason."""
    kinds: dict[tuple[str | int, str], list[Loss]] = {}
    for loss in losses:
        kinds.setdefault((loss.path[-1] if loss.path else "", loss.reason), []).append(loss)
    for first, *others in kinds.values():
        yield first, len(others)
