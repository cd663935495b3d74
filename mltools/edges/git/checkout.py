"""A throw-away working tree of one commit, beside the repository and never in it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mltools.edges.git import plumbing
from mltools.edges.git.read import Repository


@contextmanager
def checkout(source: Repository, commit: str, refs: str) -> Iterator[Path]:
    """A clone of `source` with `commit` checked out (detached) and the refs below `refs` under their own names.

    Objects are borrowed, not copied. `origin` is the source. The directory is gone when the block is left.
    """
    place = Path(tempfile.mkdtemp(prefix="mltools-"))
    try:
        clone = place / "tree"
        # --shared: a commit that is being pushed hangs on no ref yet, and is found through the source's objects.
        plumbing.git(
            place, "clone", "--quiet", "--shared", "--no-checkout", "--", str(source.cwd), str(clone)
        )
        plumbing.git(clone, "fetch", "--quiet", "--no-tags", "origin", f"+{refs}/*:{refs}/*")
        plumbing.git(clone, "checkout", "--quiet", "--detach", commit, "--")
        yield clone
    finally:
        shutil.rmtree(place, ignore_errors=True)


def point(tree: Path, ref: str, commit: str) -> None:
    """Let a ref of such a throw-away clone name a commit."""
    plumbing.git(tree, "update-ref", ref, commit)


def settle(tree: Path, commit: str) -> None:
    """Make `commit` the one that such a clone stands on, without touching a file: its results lie there already."""
    plumbing.git(tree, "reset", "--quiet", "--mixed", commit, "--")
