"""`mltools data infer`: a contract out of data, and again after data and people have changed."""

from pathlib import Path

import click

from mltools import inferring
from mltools.cli import progress
from mltools.cli.session import Session
from mltools.core.config import FILE
from mltools.core.names import shown
from mltools.edges import documents
from mltools.edges.yamltext import scalar
from mltools.errors import UsageError
from mltools.inferring import Proposal
from mltools.project import open_project

EPILOG = """\b
Examples:
  mltools data infer data/raw.csv                  writes schemas/raw.yaml
  mltools data infer data/raw.csv --add            and lists it in mltools.yaml
  mltools data infer data/events/ --name events    a directory of part files
  mltools data infer data/raw.csv --dry-run        after a change of the data: what would change
"""


@click.command("infer", epilog=EPILOG)
@click.argument("path")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the contract to FILE, inside the project  [default: the one of mltools.yaml, or schemas/NAME.yaml]",
)
@click.option("--name", metavar="NAME", help="Write it to schemas/NAME.yaml  [default: the name of the data]")
@click.option("--add", is_flag=True, help="List the data set in mltools.yaml if it is not listed.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.pass_obj
def infer(
    session: Session,
    *,
    path: str,
    output: Path | None,
    name: str | None,
    add: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write a contract for data: CSV, TSV, JSON lines, Parquet, a directory of these, or an address such as s3://.

    Ranges get a margin, identifiers none; comments say what was seen. Where the contract is there already, edits made to
    it since it was inferred are kept; what the data changed is shown.
    """
    if output is not None and name is not None:
        raise UsageError("--output and --name say the same", hint="give one of them")
    project = open_project(session.directory)
    where = inferring.target(project, session.directory, path, output=output, name=name)
    if add and not where.listed and not inferring.listable(where):
        raise UsageError(
            f"{shown(path)} is no path inside the project, so {FILE} cannot list it",
            hint="put the data into the project, for example with `dvc import-url`",
        )
    with progress.bar(session, where.data, wanted=not as_json) as told:
        proposal = inferring.propose(project, where, told)
    if not dry_run:
        inferring.write(proposal)
        if add and not where.listed:
            inferring.add(where)
    if as_json:
        session.result(documents.write_json(_tree(proposal, written=not dry_run)), newline=False)
        return
    _show(session, proposal, dry_run=dry_run)
    if not where.listed:
        _tell_listing(session, proposal, added=add and not dry_run)


def _show(session: Session, proposal: Proposal, *, dry_run: bool) -> None:
    where = proposal.target
    rows = f"{proposal.rows:,} row{'s' * (proposal.rows != 1)}"
    if proposal.merged is None:
        if dry_run:
            session.result(proposal.text.decode(), newline=False)
            return
        count = len(proposal.inferred.contract.columns)
        session.result(
            f"{where.contract}: {count:,} column{'s' * (count != 1)} inferred from {rows} of {where.data}"
        )
        for note in proposal.inferred.notes:
            session.say(f"note: {note}")
        session.hint(f"review it, then commit it with {where.remembered}")
        return
    would = "would be " if dry_run else ""
    edits, kept = proposal.merged.edits, proposal.merged.kept
    what = f"{len(edits)} change{'s' * (len(edits) != 1)}" if edits else "nothing changed"
    session.result(f"{where.contract}: {would}inferred again from {rows} of {where.data}: {what}")
    for edit in edits:
        session.result(f"  {inferring.sentence(edit)}")
    for text in kept:
        session.result(f"  kept yours: {text}")
    for note in proposal.inferred.notes:
        session.say(f"note: {note}")


def _tell_listing(session: Session, proposal: Proposal, *, added: bool) -> None:
    if added:
        session.say(f"{FILE}: lists {proposal.target.data} now")
        return
    if not inferring.listable(proposal.target):
        return
    lines = [f"{key}: {scalar(value)}" for key, value in inferring.entry(proposal.target).items()]
    session.hint(
        f"{FILE} does not list it yet; `--add` does, or add under `data`:\n  - {lines[0]}\n    {lines[1]}"
    )


def _tree(proposal: Proposal, *, written: bool) -> dict[str, object]:
    merged = proposal.merged
    return {
        "schema": 1,
        "data": proposal.target.data,
        "contract": proposal.target.contract,
        "rows": proposal.rows,
        "new": merged is None,
        "written": written,
        "changes": [inferring.sentence(edit) for edit in merged.edits] if merged else [],
        "kept": list(merged.kept) if merged else [],
        "notes": list(proposal.inferred.notes),
        "text": proposal.text.decode(),
    }
