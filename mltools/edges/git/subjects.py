"""Commits between two others, as a list of changes names them."""

from mltools.edges.git import plumbing
from mltools.edges.git.read import Repository


def between(
    repository: Repository, since: str, until: str, *, prefix: str = "", most: int = 50
) -> tuple[tuple[tuple[str, str], ...], int] | None:
    """The commits of `until` that `since` has not and that touch `prefix`, the newest first, with their first lines.

    Also how many there are. None where this clone cannot tell: one of the two is not here, or history was cut off.
    """
    if repository.resolve(since) is None or repository.resolve(until) is None or repository.shallow():
        return None
    place = ("--", f":(top,literal){prefix}") if prefix else ()
    span = (f"{since}..{until}", *place)
    counted = plumbing.git(repository.cwd, "rev-list", "--count", *span, check=False)
    listed = plumbing.git(
        repository.cwd, "log", "-z", f"--max-count={most}", "--format=%H%x00%s", *span, check=False
    )
    if counted.returncode or listed.returncode:
        return None
    fields = listed.text.split("\0")
    return tuple(zip(fields[::2], fields[1::2], strict=False)), int(counted.text)
