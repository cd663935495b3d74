"""What a gate, and a whole run, may conclude."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"
    SKIPPED = "skipped"


class OnUndecided(StrEnum):
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Override:
    """Who took a failed gate on themselves and why; `how` says what proves it (signature, or the forge's name)."""

    by: str
    reason: str
    commit: str
    how: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one gate concluded: `reason` is the sentence a person reads, `evidence` the numbers behind it."""

    gate: str
    kind: str
    outcome: Outcome
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    on_undecided: OnUndecided = OnUndecided.WARN
    group: str | None = None
    override: Override | None = None

    @property
    def fails(self) -> bool:
        return fails(self)


class Judged(Protocol):
    """A gate's verdict, as it is made or as it is kept."""

    @property
    def outcome(self) -> Outcome: ...
    @property
    def on_undecided(self) -> OnUndecided: ...
    @property
    def override(self) -> object | None: ...


def fails(verdict: Judged) -> bool:
    """Whether it stands in the way: it says no, or cannot say and must, and nobody has taken that on themselves."""
    no = verdict.outcome is Outcome.FAILED or (
        verdict.outcome is Outcome.UNDECIDED and verdict.on_undecided is OnUndecided.FAIL
    )
    return no and verdict.override is None


def overall(verdicts: Iterable[Judged], *, data_holds: bool = True) -> Outcome:
    """The verdict of a run: failed if data or a gate says no, else undecided if one is, else passed."""
    known = tuple(verdicts)
    if not data_holds or any(map(fails, known)):
        return Outcome.FAILED
    if any(verdict.outcome is Outcome.UNDECIDED and verdict.override is None for verdict in known):
        return Outcome.UNDECIDED
    return Outcome.PASSED
