"""`mltools runs verify`: whether the journal is what it was."""

import click

from mltools.cli.session import Session
from mltools.core import audit
from mltools.edges import documents
from mltools.edges.git.read import Repository
from mltools.runs import verifying

EXAMPLES = """\b
Examples:
  mltools runs verify
  mltools runs verify --json | jq '.findings[]'
"""


@click.command("verify", epilog=EXAMPLES)
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.pass_obj
def verify_command(session: Session, *, as_json: bool) -> int:
    """Check the journal: nothing changed or taken out, every record readable and true to its commit.

    Every commit of the journal only adds; every object is what its id says; dvc.lock and metrics beside a record, and
    the files of its commit, have the hashes that the record names; what a release's journal held is still there. What
    this clone does not hold is named as not checked. Exit code 1 when anything is found.
    """
    found = verifying.verify(Repository.find(session.directory))
    if as_json:
        session.result(documents.write_json(found.as_json()), newline=False)
    else:
        session.result("\n".join(audit.lines(found, session.paint)))
        for text in found.unchecked:
            session.warn(f"not checked: {text}")
    return 1 if found.findings else 0
