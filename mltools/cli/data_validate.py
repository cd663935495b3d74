"""`mltools data validate`: the data sets of mltools.yaml against their contracts."""

from collections.abc import Sequence
from pathlib import Path

import click

from mltools import checking
from mltools.cli import data_output, data_sets, progress
from mltools.cli.data_output import Form
from mltools.cli.session import Session
from mltools.core.config import FILE, DataSource
from mltools.core.validation import MOST_EXAMPLES, unreadable
from mltools.core.validation_report import Checked
from mltools.core.verdict import Outcome
from mltools.errors import ConfigError, DataError
from mltools.project import Project, open_project

EPILOG = """\b
Examples:
  mltools data validate                 every data set of mltools.yaml
  mltools data validate data/raw.csv
  mltools data validate --json | jq '.data[].violations'
  mltools data validate --format junit --output report.xml
"""
UNREADABLE = 3


@click.command("validate", epilog=EPILOG)
@click.argument("path", required=False)
@click.option(
    "--examples",
    type=click.IntRange(0, MOST_EXAMPLES),
    default=5,
    show_default=True,
    metavar="N",
    help="Show up to N rows for each broken rule.",
)
@data_output.options
@click.pass_obj
def validate(
    session: Session,
    *,
    path: str | None,
    examples: int,
    form: Form | None,
    as_json: bool,
    output: Path | None,
) -> int:
    """Check data against their contracts: every broken rule, with exact counts and example rows.

    Ends with 1 when data break a rule of severity error, with 2 for a contract that cannot be right, with 3 when data
    cannot be read.
    """
    shown = data_output.chosen(form, output, as_json=as_json, directory=session.directory)
    project = open_project(session.directory)
    sources = data_sets.chosen(project, session.directory, path)
    checked, errors = _checked(session, project, sources, examples, watched=not as_json and form != "json")
    data_output.show(session, checked, shown, folder=project.prefix)
    if not checked:
        session.hint(f"list them in {FILE} under `data`, each with its path and its schema")
    for error in errors:
        if error.hint:
            session.hint(error.hint)
    if errors:
        return UNREADABLE
    return 1 if any(item.data.outcome is Outcome.FAILED for item in checked) else 0


def _checked(
    session: Session, project: Project, sources: Sequence[DataSource], examples: int, *, watched: bool
) -> tuple[list[Checked], list[DataError]]:
    """Every data set, those that cannot be read among them; then every contract that is wrong, at once."""
    checked: list[Checked] = []
    errors: list[DataError] = []
    wrong: list[ConfigError] = []
    for source in sources:
        began = session.clock()
        try:
            contract, _ = checking.contract_of(project, source)
            with progress.bar(session, source.path, wanted=watched) as told:
                data = checking.validate_one(
                    project, source, now=session.clock(), examples=examples, progress=told
                )
            checked.append(Checked(data, contract, (session.clock() - began).total_seconds()))
        except DataError as error:
            errors.append(error)
            data = unreadable(source.path, error.message).model_copy(update={"contract": source.contract})
            checked.append(Checked(data))
        except ConfigError as error:
            wrong.append(error)
    checking.refuse(wrong)
    return checked, errors
