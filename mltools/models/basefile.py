"""mltools.yaml as the base branch has it, for a model's directory: the place where policy comes from.

Only its bytes: whoever finds one loads what reads it.
"""

from dataclasses import dataclass

from mltools.edges.git.write import Writer
from mltools.errors import RepositoryError
from mltools.models.standing import BRANCHES, Standing

FILE = "mltools.yaml"
SHORT = 8


@dataclass(frozen=True, slots=True)
class BaseFile:
    """The bytes of mltools.yaml at the tip of a branch; `where` names all of that for people."""

    content: bytes
    ref: str
    where: str


def find(writer: Writer, now: Standing) -> BaseFile | None:
    """The default branch's file, the remote's where there is one; None where it has none, or there is no branch."""
    if now.remote is not None:
        ref = next((ref for ref in BRANCHES if ref in now.branches), None)
        return None if ref is None else at(writer, now, ref)
    # Without a remote nothing says which branch is the default one: HEAD may be any.
    ref = next((ref for ref in (*BRANCHES[1:], BRANCHES[0]) if writer.repository.resolve(ref)), None)
    return None if ref is None else at(writer, now, ref)


def at(writer: Writer, now: Standing, ref: str) -> BaseFile | None:
    """The file at a branch's tip, fetched where it is not here; None where there is none, or no such branch.

    Raises RepositoryError when the remote does not answer.
    """
    repository, remote = writer.repository, now.remote
    tip = repository.resolve(ref) if remote is None else _tip(writer, now, remote, ref)
    if tip is None:
        return None
    if repository.resolve(tip) is None and (remote is None or not writer.fetch(remote, ref)):
        raise RepositoryError(f"{ref} went away at {remote} meanwhile", hint="try again")
    directory, _, _ = now.model.name.rpartition(":")
    path = f"{directory}/{FILE}" if directory else FILE
    content = repository.read(tip, path)
    branch = ref.removeprefix("refs/heads/")
    named = f"{remote}/{branch}" if remote else branch
    return None if content is None else BaseFile(content, ref, f"{named}@{tip[:SHORT]}:{path}")


def _tip(writer: Writer, now: Standing, remote: str, ref: str) -> str | None:
    return now.branches.get(ref) or writer.remote_refs(remote, ref).get(ref)
