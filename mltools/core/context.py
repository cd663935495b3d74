"""Where a run takes place: by hand, behind a Git hook, or in a forge's workflow."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Context:
    """What started the run.

    `before` is the commit that the pushed branch pointed at before the push, `repository` the forge's OWNER/NAME,
    `head` the commit that a pull request event speaks of (its checkout may be a merge commit).
    """

    trigger: str = "local"
    branch: str | None = None
    before: str | None = None
    head: str | None = None
    url: str | None = None
    runner: str = "local"
    repository: str | None = None
    pull_request: int | None = None
    default_branch: str | None = None
    fork: bool = False

    @property
    def is_ci(self) -> bool:
        return self.trigger not in {"local", "hook"}
