"""The beginning of a repository: made, and its first commit."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from mltools.edges.git.runner import Runner


def init(root: Path, *, environ: Mapping[str, str]) -> None:
    """Make a repository at `root` with the branch main, whatever the user's default branch is called."""
    Runner(root, environ).run("init", "--quiet", "--initial-branch=main")


def configure(root: Path, key: str, value: str, *, environ: Mapping[str, str]) -> None:
    """Set something for this clone alone."""
    Runner(root, environ).run("config", "--local", key, value)


def first_commit(
    root: Path, paths: Iterable[str], message: str, *, environ: Mapping[str, str], when: datetime
) -> None:
    """Commit these files of a new repository. Named one by one, so that no ignore rule of the user's drops one."""
    runner = Runner(root, environ)
    listed = "\0".join(paths).encode("utf-8", "surrogateescape")
    literal = ("--literal-pathspecs", "add", "--force", "--pathspec-from-file=-", "--pathspec-file-nul")
    runner.run(*literal, stdin=listed)
    runner.run(
        "commit",
        "--quiet",
        "--cleanup=verbatim",
        "--file=-",
        stdin=message.encode(),
        env=runner.identity(when),
    )
