"""Approvals: somebody's word that a version may go to a stage, as the text that they sign."""

import re
from dataclasses import dataclass

from mltools.core.tags import Action, parse_tag, version_tag

LONGEST_REASON = 1_000

_STATEMENT = re.compile(
    r"Approve [^\n]+\n\n(?:(?P<reason>.+)\n\n)?"
    r"Mltools-Approve: (?P<tag>[^\n]+)\nMltools-Stage: (?P<stage>[^\n]+)\nMltools-Commit: (?P<commit>[0-9a-f]{40,64})\n?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """Which version at which commit may go to which stage."""

    model: str
    version: str
    stage: str
    commit: str

    def message(self, reason: str) -> str:
        """The text to be signed. What is read back stands last, so that no reason can be taken for it."""
        tag = version_tag(self.model, self.version)
        words = f"{reason.strip()}\n\n" if reason.strip() else ""
        return (
            f"Approve {self.model} {self.version} for {self.stage}\n\n{words}"
            f"Mltools-Approve: {tag}\nMltools-Stage: {self.stage}\nMltools-Commit: {self.commit}\n"
        )


def statement(message: str) -> Statement | None:
    """What a signed text approves; None when it approves nothing."""
    found = _STATEMENT.fullmatch(message)
    said = parse_tag(found["tag"]) if found is not None else None
    if found is None or said is None or said.action is not Action.REGISTER:
        return None
    assert said.version is not None  # noqa: S101 - it registers one
    return Statement(said.model, said.version, found["stage"], found["commit"])
