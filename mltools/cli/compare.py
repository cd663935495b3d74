"""`mltools compare`: two revisions side by side."""

from dataclasses import replace

import click

from mltools import comparing
from mltools.cli.session import Session
from mltools.core import comparison_view
from mltools.core.comparison import Snapshot, compare
from mltools.edges import documents

EPILOG = """\b
Examples:
  mltools compare                     the working tree against the base branch
  mltools compare v1.2~1              against another revision
  mltools compare main feature --all  two revisions, what is the same included
  mltools compare --json | jq '.metrics[] | select(.kind == "changed")'
"""


@click.command("compare", epilog=EPILOG)
@click.argument("base", required=False)
@click.argument("head", required=False)
@click.option("--all", "everything", is_flag=True, help="Show what is the same, too.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON on stdout.")
@click.pass_obj
def command(session: Session, *, base: str | None, head: str | None, everything: bool, as_json: bool) -> None:
    """Metrics, params, stages and files of HEAD against BASE.

    BASE is the base branch of mltools.yaml unless given, HEAD the working tree. Nothing is checked out, run or
    downloaded.
    """
    place = comparing.locate(session.directory)
    if base is None:
        base = comparing.base_branch(place)
    before = _recorded(
        place, comparing.snapshot(place.repository, place.prefix, base, environ=session.environ)
    )
    if head is None:
        after = _recorded(place, comparing.snapshot_worktree(place, environ=session.environ))
    else:
        after = _recorded(
            place, comparing.snapshot(place.repository, place.prefix, head, environ=session.environ)
        )
    result = compare(before, after)
    if as_json:
        session.result(documents.write_json(comparison_view.as_json(result)), newline=False)
    else:
        session.result(comparison_view.as_text(result, session.paint, everything=everything))
    for problem in (*before.problems, *after.problems):
        session.warn(problem)


def _recorded(place: comparing.Place, found: Snapshot) -> Snapshot:
    """The snapshot with the metrics of the commit's record, where the commit itself holds none."""
    if found.metrics_by_file or not found.problems:
        return found
    # Loaded only here: reading records costs more than all the rest of a comparison.
    from mltools import journal  # noqa: PLC0415

    commit = found.commit
    if commit is None and not place.repository.dirty(place.prefix):
        commit = place.repository.head()
    record = journal.find(place.repository, commit, place.prefix.rstrip("/") or ".") if commit else None
    if record is None or not record.metrics:
        return found
    return replace(found, metrics_by_file={f"run {record.id}": record.metrics}, problems=())
