"""What generating does to each workflow file: pure, from what is there and what is wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mltools.ci.actions import keep_newer
from mltools.ci.stamp import State, state
from mltools.core.config import FILE
from mltools.edges.templates import RenderedFile

WHY = {
    State.CURRENT: "is current",
    State.MISSING: "is missing",
    State.STALE: f"is stale: it does not say what {FILE} says now",
    State.EDITED: "was edited by hand",
    State.FOREIGN: "was not written by mltools",
    State.OBSOLETE: f"is not wanted any more: {FILE} switched it off",
}

MINE = frozenset({State.EDITED, State.FOREIGN})


@dataclass(frozen=True, slots=True)
class Change:
    """One file, how it stands, and what should be written there; None takes the file away.

    One that is only ever created (`own`) may be missing: then somebody does without it.
    """

    path: str
    state: State
    content: bytes | None
    own: bool = False

    @property
    def why(self) -> str:
        return WHY[self.state]

    @property
    def by_hand(self) -> bool:
        """Whether a person's work would be lost by writing."""
        return self.state in MINE


def plan(
    wanted: Sequence[RenderedFile], present: Mapping[str, str], *, once: Sequence[RenderedFile] = ()
) -> tuple[Change, ...]:
    """How each file stands, in the order of their paths.

    `present` holds the text of the files that are there, among them those that an earlier configuration had made;
    the files of `once` are only ever created.
    """
    changes = {
        path: Change(path, State.MISSING, content, own=True)
        for path, content in ((file.path, file.content) for file in once)
        if path not in present
    }
    texts = {file.path: file.content.decode() for file in wanted}
    own = {file.path for file in once}
    for path in (*texts, *(path for path in present if path not in texts and path not in own)):
        before, after = present.get(path), texts.get(path)
        found = state(before, after)
        if found is not None:
            kept = after if before is None or after is None else keep_newer(after, before)
            changes[path] = Change(path, found, None if kept is None else kept.encode())
    return tuple(changes[path] for path in sorted(changes))
