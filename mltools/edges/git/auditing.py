"""What an append-only ref's own history says: who changed what was there, and which objects are not what their id says.

Replacements (`git replace`) are looked through: the objects themselves are asked.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mltools.edges import process
from mltools.edges.git import plumbing
from mltools.edges.git.read import Repository
from mltools.errors import RepositoryError

_TRUE = "--no-replace-objects"
_SHA1_DIGITS = 40


@dataclass(frozen=True, slots=True)
class Change:
    """A file that a commit changed or took out (`status` is Git's letter), against one of its parents."""

    commit: str
    status: str
    path: str


@dataclass(frozen=True, slots=True)
class History:
    """A ref's commits, newest first; `cut` are those whose parents this clone does not hold."""

    commits: tuple[str, ...]
    cut: tuple[str, ...]


def history(repository: Repository, tip: str) -> History:
    """The commits that lead to a tip. Raises RepositoryError when Git cannot walk them."""
    lines = [line.split(" ") for line in _ask(repository, "rev-list", "--parents", tip).text.splitlines()]
    # A clone's shallow end looks like a first commit; the commit itself still names its parents.
    ends = [commit for commit, *parents in lines if not parents]
    return History(
        tuple(commit for commit, *_ in lines), tuple(end for end in ends if repository.parents(end))
    )


def changes(repository: Repository, commits: Iterable[str]) -> Iterator[Change]:
    """Whatever these commits did to files that were there before, against each of their parents."""
    asked = "".join(f"{commit}\n" for commit in commits).encode()
    # Lower-case letters leave out: files that were added are what an append-only history consists of.
    how = ("--stdin", "-r", "-m", "-z", "--raw", "--no-renames", "--diff-filter=a")
    fields = iter(_ask(repository, "diff-tree", *how, stdin=asked).stdout.split(b"\0")[:-1])
    commit = ""
    for field in fields:
        text = field.decode()
        if text.startswith(":"):  # ":MODE MODE OID OID STATUS", and behind it the path
            yield Change(commit, text.rpartition(" ")[2][:1], _path(next(fields)))
        else:
            commit = text.strip()


def differing(repository: Repository, old: str, new: str) -> tuple[Change, ...]:
    """The files of `old` that are gone from `new` or are others there."""
    how = ("-r", "-z", "--raw", "--no-renames", "--diff-filter=a", old, new)
    fields = _ask(repository, "diff-tree", *how).stdout.split(b"\0")[:-1]
    return tuple(
        Change(new, meta.decode().rpartition(" ")[2][:1], _path(path))
        for meta, path in zip(fields[::2], fields[1::2], strict=True)
    )


def unsound(repository: Repository, tip: str) -> Iterator[str]:
    """The ids of objects below a tip, history included, that are missing or whose bytes give another id."""
    listed = _ask(repository, "rev-list", "--objects", "--no-object-names", "--missing=print", tip)
    names = [line.removeprefix("?") for line in listed.text.splitlines()]
    for oid, found in plumbing.objects(repository.cwd, names):
        if found is None or _id(*found, digits=len(oid)) != oid:
            yield oid


def present(repository: Repository, oids: Iterable[str]) -> frozenset[str]:
    """Those of the commits that this clone holds."""
    asked = [oid for oid in dict.fromkeys(oids) if plumbing.OID.fullmatch(oid)]
    if not asked:
        return frozenset()
    stdin = "".join(f"{oid}\n" for oid in asked).encode()
    lines = _ask(repository, "cat-file", "--batch-check", stdin=stdin).text.splitlines()
    return frozenset(line.split(" ")[0] for line in lines if line.split(" ")[1:2] == ["commit"])


def _path(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _id(kind: bytes, content: bytes, *, digits: int) -> str:
    digest = hashlib.sha1(usedforsecurity=False) if digits == _SHA1_DIGITS else hashlib.sha256()
    digest.update(b"%s %d\0" % (kind, len(content)) + content)
    return digest.hexdigest()


def _ask(repository: Repository, *args: str, stdin: bytes | None = None) -> process.Completed:
    done = plumbing.git(repository.cwd, _TRUE, *args, stdin=stdin, check=False)
    if done.returncode:
        said = " ".join(
            line.removeprefix("fatal: ").removeprefix("error: ") for line in done.errors.splitlines()
        )
        raise RepositoryError(f"git {args[0]}: {said}", hint="run `git fsck` to see what is damaged")
    return done
