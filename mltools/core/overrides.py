"""Audited overrides: a person takes a failed gate on themselves, in a commit that proves who they are.

The commit says which gate, why, and for which inputs; it changes no file. What it is worth is decided by who signed it
(the shell proves that) and by the base's list of people who may: neither can be changed by the commit itself.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mltools.core.verdict import Override, Verdict

GATE, INPUTS = "Mltools-Override", "Mltools-Inputs"
LONGEST_REASON = 1_000

_CLAIM = re.compile(
    rf"Override gate [^\n]+\n\n(?P<reason>.+)\n\n{GATE}: (?P<gate>[^\n]+)\n{INPUTS}: (?P<inputs>[0-9a-f]{{32}})\n?(?:\n[^\n:]+: [^\n]+|\n)*",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a commit says; nothing is proved yet."""

    gate: str
    reason: str
    inputs: str
    commit: str


def message(gate: str, reason: str, inputs: str) -> str:
    """The message of the commit that overrides a gate."""
    return f"Override gate {gate}\n\n{reason.strip()}\n\n{GATE}: {gate}\n{INPUTS}: {inputs}\n"


def claim(commit: str, text: str) -> Claim | None:
    """What a commit's message claims; None for every other commit."""
    found = _CLAIM.fullmatch(text)
    if found is None or len(found["reason"]) > LONGEST_REASON:
        return None
    return Claim(found["gate"], found["reason"].strip(), found["inputs"], commit)


def relevant(claims: Iterable[Claim], verdicts: Sequence[Verdict], inputs: str | None) -> tuple[Claim, ...]:
    """The claims that would change something: a gate that fails now, for exactly these inputs."""
    failed = {verdict.gate for verdict in verdicts if verdict.fails}
    return tuple(item for item in claims if item.gate in failed and item.inputs == inputs)


def applied(verdicts: Iterable[Verdict], overrides: Mapping[str, Override]) -> tuple[Verdict, ...]:
    """The verdicts with what was overridden marked: still failed as evidence, no longer as an obstacle."""
    return tuple(
        replace(verdict, override=overrides[verdict.gate])
        if verdict.fails and verdict.gate in overrides
        else verdict
        for verdict in verdicts
    )


def refusal(item: Claim, allowed: Collection[str]) -> str:
    """Why a claim does not hold, for the report's warnings."""
    what = f"the override of gate {item.gate!r} in {item.commit[:8]} does not hold"
    if not allowed:
        return f"{what}: mltools.yaml of the base names nobody who may override (overrides.by)"
    who = ", ".join(sorted(allowed))
    return f"{what}: neither a signature nor the forge proves that one who may ({who}) made it"
