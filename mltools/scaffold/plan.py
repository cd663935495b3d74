"""What making a project would do, as values: the files with how each stands to what is there, and the acts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mltools.edges import files
from mltools.edges.templates import RenderedFile
from mltools.errors import UsageError

IGNORE_FILE = ".gitignore"


class Action(StrEnum):
    """How a wanted file stands to the disk. What is there is never overwritten; `.gitignore` gets lines added."""

    CREATE = "create"
    KEEP = "keep"
    DIFFERS = "differs"
    EXTEND = "extend"


@dataclass(frozen=True, slots=True)
class Step:
    """One file: where it goes, how it is called to the user, and what would be written there."""

    action: Action
    target: Path
    shown: str
    content: bytes
    executable: bool = False

    @property
    def writes(self) -> bool:
        return self.action in {Action.CREATE, Action.EXTEND}


@dataclass(frozen=True, slots=True)
class Plan:
    """All that `apply` will do.

    `root` is the project's directory, `top` the repository's. `template` is None where a pipeline is there already.
    `data` are files to be put into DVC's cache, `hook` is where the pre-push hook goes, None where it is not ours.
    """

    root: Path
    top: Path
    name: str
    template: str | None
    steps: tuple[Step, ...]
    data: tuple[str, ...] = ()
    git_init: bool = False
    dvc_init: bool = False
    hook: Path | None = None
    commit: bool = False
    objects: bool = False
    notes: tuple[str, ...] = ()

    @property
    def subdir(self) -> bool:
        return self.root != self.top

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return any(step.writes for step in self.steps) or self.git_init or self.dvc_init or bool(self.hook)


def steps(wanted: Iterable[RenderedFile], directory: Path, *, shown_from: Path) -> tuple[Step, ...]:
    """Each wanted file, with its path from `directory`, as a step. Raises UsageError for a link that leads outside."""
    return tuple(_step(file, directory, shown_from) for file in wanted)


def in_the_way(planned: Sequence[Step], may_differ: frozenset[str]) -> tuple[str, ...]:
    """The files that are there with other content and without which a new project would not work.

    A workflow or a forge's file that somebody wrote works as well as ours.
    """
    differing = (step.shown for step in planned if step.action is Action.DIFFERS)
    return tuple(path for path in differing if path not in may_differ and ".github/" not in path)


def extended(present: bytes, wanted: bytes) -> bytes:
    """An ignore file with the wanted patterns that it lacks at its end; unchanged where it lacks none."""
    known = {line.strip() for line in present.splitlines()}
    missing = [
        line for line in wanted.splitlines() if line and not line.startswith(b"#") and line not in known
    ]
    if not missing:
        return present
    gap = b"" if not present or present.endswith(b"\n") else b"\n"
    return present + gap + b"\n".join(missing) + b"\n"


def _step(file: RenderedFile, directory: Path, shown_from: Path) -> Step:
    target = directory / file.path
    if not target.parent.resolve().is_relative_to(directory.resolve()):
        raise UsageError(f"{target.parent} leads out of {directory}; nothing is written through such a link")
    try:
        shown = target.relative_to(shown_from).as_posix()
    except ValueError:  # a workflow of a project below the repository's top
        shown = f"{'../' * len(shown_from.relative_to(directory).parts)}{file.path}"
    action, content = _stand(file, target)
    return Step(action, target, shown, content, file.executable)


def _stand(file: RenderedFile, target: Path) -> tuple[Action, bytes]:
    if not target.exists() and not target.is_symlink():
        blocked = any(parent.exists() and not parent.is_dir() for parent in target.parents)
        return (Action.DIFFERS if blocked else Action.CREATE), file.content
    if not target.is_file():
        return Action.DIFFERS, file.content
    present = files.read_bytes(target)
    if target.name == IGNORE_FILE:
        content = extended(present, file.content)
        return (Action.KEEP if content == present else Action.EXTEND), content
    return (Action.KEEP if present == file.content else Action.DIFFERS), file.content
