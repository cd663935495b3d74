"""What a push's machine-readable answer says: which refs were refused, and whether trying again can help."""

from collections.abc import Sequence
from dataclasses import dataclass

from mltools.edges.git.plumbing import without_credentials
from mltools.errors import RepositoryError

# Somebody else was faster: their push stands where ours was to go, or holds the remote's lock just now.
_RACES = (
    "fetch first",
    "non-fast-forward",
    "stale info",
    "already exists",
    "cannot lock ref",
    "failed to update ref",
    "incorrect old value",
    "reference already exists",
    "atomic push fail",
    "atomic transaction failed",
)
_HINTS = (
    (
        ("GH013", "GH006", "rule violations", "protected branch", "protected ref"),
        "a rule of the forge protects this ref: allow the account that pushes here, or except the ref from the rule",
    ),
    (("hook declined",), "a hook of the remote refused it; its words are above"),
    (
        (
            "could not read Username",
            "could not read Password",
            "Authentication failed",
            "Permission denied (publickey",
        ),
        "Git has no login for this remote: set up a credential helper or an SSH key, or set GIT_TERMINAL_PROMPT=1",
    ),
    (
        ("Permission to", "403", "denied to", "Write access", "insufficient permission", "unpacker error"),
        "this account may not write there; in a workflow the job needs `contents: write`",
    ),
    (
        (
            "does not appear to be a git repository",
            "not found",
            "Could not resolve",
            "Could not read from remote",
        ),
        "check the address with `git remote -v`, and that the remote is there",
    ),
)


class PushError(RepositoryError):
    """A remote did not take a push; `race` is true when somebody else's push came first."""

    def __init__(self, message: str, *, race: bool, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.race = race


@dataclass(frozen=True, slots=True)
class Refusal:
    """One ref that the remote did not take."""

    ref: str
    reason: str

    @property
    def race(self) -> bool:
        return any(word in self.reason for word in _RACES)


def refusals(report: str) -> tuple[Refusal, ...]:
    """The refused refs in the output of `git push --porcelain`."""
    found = []
    for line in report.split("\n"):
        flag, _, rest = line.partition("\t")
        if flag != "!":
            continue
        refs, _, summary = rest.partition("\t")
        found.append(Refusal(ref=refs.rpartition(":")[2], reason=summary))
    return tuple(found)


def refused(remote: str, refused_refs: Sequence[Refusal], said: str) -> PushError:
    """The error for a push that was not taken, in the remote's own words."""
    # The sibling refs of an atomic push are named "atomic push failed"; the cause stands at the others.
    causes = [one for one in refused_refs if "atomic push fail" not in one.reason] or list(refused_refs)
    remote = without_credentials(remote)
    named = "; ".join(f"{one.ref}: {one.reason}" for one in causes)
    text = f"{remote} refused the push: {named}" if named else f"cannot push to {remote}"
    race = bool(causes) and all(one.race for one in causes)
    return PushError(
        f"{text}\n{said}" if said and not race else text, race=race, hint=hint_for(f"{named}\n{said}")
    )


def hint_for(said: str) -> str | None:
    """What to do about a remote's refusal or silence."""
    return next((hint for marks, hint in _HINTS if any(mark in said for mark in marks)), None)
