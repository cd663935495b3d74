"""The embedded default: the loop behind `git push` to a bare repository, through its `update` hook.

`pre-receive` runs while the pushed objects are quarantined and no ref may be written; `post-receive` cannot refuse.
`update` can do both: keep the record, and refuse the branch.
"""

import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from mltools import datastore, journal, loop
from mltools.core.config import FILE
from mltools.core.context import Context
from mltools.core.report import text
from mltools.core.verdict import Outcome
from mltools.edges import files
from mltools.edges.git.checkout import checkout
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from mltools.errors import MltoolsError, RepositoryError
from mltools.project import open_project

MARK = "# mltools: the loop behind git push"
BRANCHES = "refs/heads/"
REFS = "refs/mltools"
NOTHING = "0" * 40


@dataclass(frozen=True, slots=True)
class Push:
    """What Git tells the `update` hook about one ref."""

    ref: str
    old: str
    new: str

    @property
    def branch(self) -> str | None:
        """The branch that gets a new commit; None for other refs and for a branch that is deleted."""
        if not self.ref.startswith(BRANCHES) or not self.new.strip("0"):
            return None
        return self.ref.removeprefix(BRANCHES)

    @property
    def before(self) -> str | None:
        return self.old if self.old.strip("0") else None


@dataclass(frozen=True, slots=True)
class Outside:
    """What the hook may touch beside Git."""

    environ: Mapping[str, str]
    clock: Callable[[], datetime]
    say: Callable[[str], None]


def install(bare: Path, *, enforce: bool) -> Path:
    """Write the `update` hook of a bare repository; the hook's path. Doing it again renews it.

    Raises RepositoryError when `bare` is no bare repository or has an update hook of somebody else's.
    """
    repository = Repository.find(bare)
    # Git calls the .git of a working tree no work tree either, so the setting decides.
    bare_by_name = repository.config("core.bare") == "true"
    if repository.root is not None or not bare_by_name or repository.git_dir.resolve() != bare.resolve():
        raise RepositoryError(
            f"{bare} is not a bare repository",
            hint="the loop runs where people push to: make one with `git init --bare PATH.git`",
        )
    path = repository.git_dir / "hooks" / "update"
    if path.exists() and MARK.encode() not in files.read_bytes(path):
        raise RepositoryError(
            f"{path} is there already and is not ours",
            hint=f"call this from it: {_call(enforce=enforce)}",
        )
    files.write_atomic(path, _script(enforce=enforce))
    path.chmod(0o755)
    return path


def update(bare: Path, push: Push, outside: Outside, *, enforce: bool) -> bool:
    """Judge the pushed commit and keep its record; whether the branch may move.

    Without `enforce` it always may: what is wrong, or cannot be decided, is said to the pusher.
    """
    branch = push.branch
    if branch is None:
        return True
    repository = Repository.find(bare)
    allowed = True
    with checkout(repository, push.new, REFS) as tree:
        places = _projects(repository, push.new)
        gone = _removed(repository, push.new, places)
        for place in gone:
            outside.say(
                f"mltools: this commit removes {place / FILE}, so nothing judges that project any more"
            )
            allowed = False
        if not places and not gone:
            outside.say(f"mltools: no {FILE} in this commit, so nothing is judged")
        for place in sorted(places):
            allowed &= _judge(repository, tree / place, push, branch, outside)
    if not allowed:
        outside.say(
            f"mltools: {branch}: "
            + ("refused" if enforce else "accepted all the same (the hook does not enforce)")
        )
    return allowed or not enforce


def _projects(repository: Repository, commit: str) -> frozenset[PurePosixPath]:
    """Where in a commit the projects are."""
    paths = map(PurePosixPath, repository.tree(commit))
    return frozenset(path.parent for path in paths if path.name == FILE)


def _removed(bare: Repository, commit: str, places: frozenset[PurePosixPath]) -> list[PurePosixPath]:
    """The projects that the default branch has and a commit that goes on from it has not.

    A change that could take its own policy away would be judged by nobody. Histories that share nothing with the
    default branch, such as pages, remove nothing.
    """
    default = bare.branch()
    tip = bare.resolve(f"{BRANCHES}{default}") if default else None
    if tip is None or (base := bare.merge_base(tip, commit)) is None:
        return []
    return sorted(_projects(bare, base) - places)


def _judge(bare: Repository, root: Path, push: Push, branch: str, outside: Outside) -> bool:
    try:
        project = open_project(root)
        datastore.share_cache(project, bare.git_dir / "mltools" / "cache")
        context = Context(trigger="hook", branch=branch, before=push.before, runner="hook")
        request = loop.Request(context=context, environ=outside.environ, clock=outside.clock, say=outside.say)
        finished = loop.run(project, request)
        writer = Writer(project.repository, outside.environ)
        if finished.kept:
            journal.publish(writer, "origin", when=outside.clock())
        if finished.record.verdict is not Outcome.FAILED:
            datastore.push(project, writer, "origin", when=outside.clock())
    except MltoolsError as error:
        outside.say(f"mltools: could not judge this push: {error.message}")
        if error.hint:
            outside.say(f"hint: {error.hint}")
        return False
    outside.say(text.render(finished.record, around=finished.around))
    return finished.record.verdict is not Outcome.FAILED


def _call(*, enforce: bool) -> str:
    words = [sys.executable, "-m", "mltools", "hook", "update", *(["--enforce"] if enforce else [])]
    return f'{shlex.join(words)} "$1" "$2" "$3"'


def _script(*, enforce: bool) -> str:
    missing = 'echo "mltools: not found where the hook was installed; install the hook again" >&2'
    return (
        f"#!/bin/sh\n{MARK}, written by `mltools hook install`\n"
        f"[ -x {shlex.quote(sys.executable)} ] || {{ {missing}; exit {int(enforce)}; }}\n"
        f"exec {_call(enforce=enforce)}\n"
    )
