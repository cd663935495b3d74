"""What a branch holds beyond another: its commits, with who they say they are, and what each changed."""

from dataclasses import dataclass
from datetime import UTC, datetime

from mltools.edges.git import plumbing
from mltools.edges.git.read import Repository
from mltools.errors import RepositoryError

MOST = 1_000


@dataclass(frozen=True, slots=True)
class Step:
    """A commit of a branch."""

    commit: str
    parents: tuple[str, ...]
    message: str
    author: str


def beyond(repository: Repository, tip: str, base: str) -> tuple[Step, ...]:
    """The commits that lead to `tip` and not to `base`, newest first. Raises RepositoryError for more than 1,000."""
    done = plumbing.git(
        repository.cwd, "log", "-z", f"--max-count={MOST + 1}", "--format=%H%x00%P%x00%an%x00%B", tip, f"^{base}", "--"
    )  # fmt: skip
    fields = done.text.split("\0")
    steps = tuple(
        Step(commit, tuple(parents.split()), message, author)
        for commit, parents, author, message in zip(
            fields[::4], fields[1::4], fields[2::4], fields[3::4], strict=False
        )
        if commit
    )
    if len(steps) > MOST:
        raise RepositoryError(f"{tip[:10]} has more than {MOST:,} commits that {base[:10]} has not")
    return steps


def changed(repository: Repository, old: str, new: str) -> dict[str, bytes] | None:
    """The files that `new` adds to `old` or has otherwise, with their bytes; None where it takes one away."""
    before, after = repository.tree(old), repository.tree(new)
    if not before.keys() <= after.keys():
        return None
    paths = [path for path, oid in after.items() if before.get(path) != oid]
    found = repository.read_many(new, paths) if paths else {}
    return {path: content for path, content in found.items() if content is not None}


def committed(repository: Repository, commit: str) -> datetime:
    """When a commit was made, by its own word."""
    done = plumbing.git(repository.cwd, "show", "--no-patch", "--format=%ct", commit, "--")
    return datetime.fromtimestamp(int(done.text.split()[0]), UTC)
