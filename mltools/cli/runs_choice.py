"""Which run a person means: by its id, or by a revision that has one."""

from mltools import journal
from mltools.core import history
from mltools.core.records import Record
from mltools.edges.git.read import Repository
from mltools.errors import RepositoryError, UsageError

ELSEWHERE = "`mltools run` records one; `mltools runs sync` brings those of others"


def chosen(repository: Repository, which: str) -> Record:
    """The run of this id, or the newest of this revision. Raises UsageError or RepositoryError when there is none."""
    record = journal.load(repository, which)
    if record is not None:
        return record
    commit = repository.resolve(which)
    if commit is None and which == "HEAD":
        raise RepositoryError("this repository has no commit yet", hint="commit, then `mltools run`")
    if commit is None:
        raise UsageError(
            f"no run is recorded of {which!r}, which is neither a run's id nor a revision", hint=ELSEWHERE
        )
    record = next(journal.of_commit(repository, commit), None)
    if record is None:
        raise RepositoryError(
            f"no run is recorded of commit {commit[: history.SHORT]} ({which})", hint=ELSEWHERE
        )
    return record
