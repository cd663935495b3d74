"""The third-party actions that generated workflows use, each pinned to the commit of a version.

The commits were read from the actions' own tags (peeled). Dependabot moves the pins in a project's files; a pin that
stands in a file and is newer than ours is kept, so that generating again never takes an update back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

PIN = re.compile(
    r"(?P<lead>\buses: )(?P<action>[\w.-]+/[\w./-]+)@(?P<sha>[0-9a-f]{40}) # v(?P<version>\d+\.\d+\.\d+)(?=\r?$)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Action:
    """An action at a version; `sha` is the commit that the version's tag points at."""

    name: str
    version: str
    sha: str

    @property
    def pinned(self) -> str:
        """What stands behind `uses:`, with the version as the comment that Dependabot reads and writes."""
        return f"{self.name}@{self.sha} # v{self.version}"

    @property
    def order(self) -> tuple[int, ...]:
        """The version as numbers, to be compared."""
        return tuple(int(part) for part in self.version.split("."))


PINNED: Mapping[str, Action] = {
    action.name: action
    for action in (
        Action("actions/checkout", "7.0.1", "3d3c42e5aac5ba805825da76410c181273ba90b1"),
        Action("actions/setup-python", "7.0.0", "5fda3b95a4ea91299a34e894583c3862153e4b97"),
        Action("actions/cache", "5.0.5", "27d5ce7f107fe9357f9df03efb73ab90386fccae"),
        Action("actions/upload-artifact", "7.0.0", "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f"),
        Action("actions/download-artifact", "8.0.1", "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c"),
        Action("actions/attest", "4.2.2", "1e69f48acb82d1966a394da916b4c1698aa569d6"),
    )
}


def pins(text: str) -> tuple[Action, ...]:
    """The pinned actions in a workflow's text, in the order of their lines."""
    return tuple(Action(m["action"], m["version"], m["sha"]) for m in PIN.finditer(text))


def without_pins(text: str) -> str:
    """The text with every commit and version of an action left out: what Dependabot does not change."""
    return PIN.sub(r"\g<lead>\g<action>", text)


def keep_newer(wanted: str, present: str) -> str:
    """`wanted` with the pins of `present` where those are of a newer version."""
    newer = {
        action.name: action
        for action in pins(present)
        if action.name in PINNED and action.order > PINNED[action.name].order
    }
    return PIN.sub(
        lambda m: m["lead"] + newer[m["action"]].pinned if m["action"] in newer else m[0],
        wanted,
    )


def mismatched(text: str) -> tuple[Action, ...]:
    """Pins whose commit is not the one of the version that their comment names, as far as the table knows."""
    return tuple(
        action
        for action in pins(text)
        if action.name in PINNED
        and (action.version == PINNED[action.name].version) != (action.sha == PINNED[action.name].sha)
    )
