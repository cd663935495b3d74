"""Which run a person means, by its id or a revision that has one; which remote."""

from mltools import journal, registry
from mltools.core import history
from mltools.core.records import Record
from mltools.edges.git.read import Repository
from mltools.errors import RepositoryError, UsageError


def chosen(repository: Repository, which: str, near: str, *, newest: bool = True) -> Record:
    """The run of this id, or a revision's: the newest, else the one that speaks for it; of the project in `near` first.

    Raises UsageError or RepositoryError when there is none.
    """
    record = journal.load(repository, which)
    if record is not None:
        return record
    commit = repository.resolve(which)
    if commit is None and which == "HEAD":
        raise RepositoryError("this repository has no commit yet", hint="commit, then `mltools run`")
    if commit is None and journal.holds(repository, which):
        raise RepositoryError(f"the record of run {which} cannot be read", hint=history.REPAIR)
    if commit is None:
        raise UsageError(
            f"no run is recorded of {which!r}, which is neither a run's id nor a revision",
            hint=history.ELSEWHERE,
        )
    found = list(journal.of_commit(repository, commit))
    found = [record for record in found if record.project == (near or ".")] or found
    record = next(iter(found), None) if newest else journal.weightiest(found)
    if record is None:
        raise RepositoryError(
            f"no run is recorded of commit {commit[: history.SHORT]} ({which})", hint=history.ELSEWHERE
        )
    return record


def remote_named(repository: Repository, name: str | None) -> str:
    """The remote that was asked for, else the one that releases go to."""
    known = repository.remotes()
    if name is not None and name not in known:
        raise UsageError(f"no remote {name!r} here", hint=f"there is: {', '.join(known) or 'none'}")
    if name is None and not known:
        raise UsageError("this repository has no remote", hint="git remote add origin URL")
    if name is not None:
        return name
    try:
        return registry.remote_of(repository) or known[0]
    except RepositoryError as error:
        raise UsageError(error.message, hint=f"name one with --remote, or {error.hint}") from error
