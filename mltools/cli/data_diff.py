"""`mltools data diff`: how data and their contracts differ between two revisions."""

from dataclasses import dataclass
from difflib import get_close_matches

import click

from mltools import checking, comparing, datachanges, journal, project, reusing
from mltools.cli.session import Session
from mltools.core import config as policy
from mltools.core.config import Config
from mltools.core.data_changes import DataChange
from mltools.core.data_diff_view import as_json, as_text
from mltools.core.markdown import clean
from mltools.core.records import Record
from mltools.core.stages import Pipeline
from mltools.datachanges import View
from mltools.edges import documents
from mltools.errors import ConfigError, DataError, UsageError

EPILOG = """\b
Examples:
  mltools data diff                      the working tree against the base branch
  mltools data diff HEAD~1 HEAD          one commit against the one before
  mltools data diff main --data data/raw.csv
  mltools data diff --json | jq '.data[] | select(.contract == "breaking")'
"""
SHORT = 8


@dataclass(frozen=True, slots=True)
class _Side:
    """A side as the user named it, the commit that this is (None for the working tree), and its data."""

    name: str
    commit: str | None
    view: View

    @property
    def tree(self) -> dict[str, str | None]:
        return {"name": self.name, "commit": self.commit}

    @property
    def title(self) -> str:
        known = self.commit is None or self.commit.startswith(self.name)
        return self.name if known else f"{self.name} ({(self.commit or '')[:SHORT]})"


@click.command("diff", epilog=EPILOG)
@click.argument("base", required=False)
@click.argument("head", required=False)
@click.option("--data", "path", metavar="PATH", help="Only this data set, by its path in mltools.yaml.")
@click.option("--json", "as_tree", is_flag=True, help="Print everything as JSON on stdout.")
@click.pass_obj
def diff(session: Session, *, base: str | None, head: str | None, path: str | None, as_tree: bool) -> None:
    """Rows, columns, categories, drift and contracts of HEAD's data against BASE's.

    BASE is the base branch of mltools.yaml unless given, HEAD the working tree; each may be a revision or the id of a
    run. Made from the profiles that runs leave in the journal and from the contracts in Git: nothing is checked out or
    downloaded. Of a contract's change it says whether it is compatible, additive or breaking.

    A change, whatever it is, ends with 0: `mltools gate check` judges. Ends with 3 when nothing can be compared.
    """
    place = comparing.locate(session.directory)
    before = _revision(place, comparing.base_branch(place) if base is None else base)
    after = _worktree(session) if head is None else _revision(place, head)
    changes = _chosen(datachanges.between(before.view, after.view), path)
    _refuse_nothing(changes)
    if as_tree:
        session.result(documents.write_json(as_json(before.tree, after.tree, changes)), newline=False)
    elif changes:
        session.result(as_text(before.title, after.title, changes, session.paint))
    else:
        session.result("no data sets")
        session.hint(f"list them in {policy.FILE} under `data`, each with its path and its schema")


def _worktree(session: Session) -> _Side:
    here = project.open_project(session.directory)
    return _Side(
        comparing.WORKTREE, None, datachanges.of_worktree(here, checking.standing(here, now=session.clock()))
    )


def _revision(place: comparing.Place, rev: str) -> _Side:
    """The data of a revision, or of a run. Raises RepositoryError or ConfigError when neither is known of it."""
    repository = place.repository
    run = journal.load(repository, rev)
    if run is not None:
        return _Side(rev, run.commit, datachanges.of_run(repository, place.prefix, run))
    commit = comparing.commit_of(repository, rev)
    record = reusing.record_of(_located(place), commit)
    config = _config(place, commit, record)
    return _Side(rev, commit, datachanges.of_commit(repository, place.prefix, commit, config, record))


def _located(place: comparing.Place) -> project.Project:
    """The project as far as a revision needs it: a mistake in today's mltools.yaml or dvc.yaml is none in it."""
    try:
        pipeline = project.load_pipeline(place.root)
    except ConfigError:
        pipeline = Pipeline()
    return project.Project(
        place.root, place.repository, place.prefix, policy.parse_config({"schema": 1}), pipeline
    )


def _config(place: comparing.Place, commit: str, record: Record | None) -> Config | None:
    """mltools.yaml at a commit; None where it is not to be had and a record tells what there was."""
    name = f"{place.prefix}{policy.FILE}"
    content = place.repository.read(commit, name)
    if content is None:
        if record is not None:
            return None
        raise DataError(
            f"{commit[:SHORT]} has neither {name} nor a record, so nothing is known of its data",
            hint="name a revision that has one; `mltools runs list` shows what is recorded",
        )
    try:
        return project.config_from(content, f"{commit[:SHORT]}:{name}")
    except ConfigError:
        if record is not None:
            return None
        raise


def _chosen(changes: tuple[DataChange, ...], path: str | None) -> tuple[DataChange, ...]:
    if path is None:
        return changes
    found = tuple(change for change in changes if path in {change.path, change.was})
    if not found:
        names = [name for change in changes for name in (change.path, change.was) if name]
        close = get_close_matches(path, names, n=1)
        raise UsageError(
            f"{path} is a data set of neither side" + (f"; did you mean {close[0]}?" if close else ""),
            hint=f"there is {', '.join(names[:8])}" if names else None,
        )
    return found


def _refuse_nothing(changes: tuple[DataChange, ...]) -> None:
    """Raise DataError when not one data set could be compared in any way."""
    told = [change for change in changes if change.problem is None or change.contract is not None]
    if changes and not told:
        reasons = [reason for change in changes for reason in (*change.reasons, change.problem) if reason]
        lines = [f"  {clean(reason, limit=500)}" for reason in dict.fromkeys(reasons)]
        raise DataError("\n".join(["nothing can be compared:", *lines]))
