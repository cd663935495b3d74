"""`mltools data validate`: the data sets of mltools.yaml against their contracts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mltools import checking, sharding
from mltools.cli import data_output, data_sets, progress
from mltools.cli.data_output import Form
from mltools.cli.session import Session
from mltools.core.config import FILE, DataSource
from mltools.core.partial import MOST_SHARDS
from mltools.core.validation import MOST_EXAMPLES, unreadable
from mltools.core.validation_report import Checked
from mltools.core.verdict import Outcome
from mltools.errors import ConfigError, DataError, UsageError
from mltools.project import Project, open_project

EPILOG = """\b
Examples:
  mltools data validate                 every data set of mltools.yaml
  mltools data validate data/raw.csv
  mltools data validate --json | jq '.data[].violations'
  mltools data validate --format junit --output report.xml
  mltools data validate --shard 2/8 --partial shard-2.json    then: mltools data merge shard-*.json
"""
UNREADABLE = 3


class ShardType(click.ParamType[tuple[int, int]]):
    """Which of how many jobs, as `2/8`."""

    name = "shard"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        index, _, of = str(value).partition("/")
        if not (index.isdecimal() and of.isdecimal() and 1 <= int(index) <= int(of) <= MOST_SHARDS):
            self.fail(
                f"{value!r} is no shard such as 2/8: the number of a job, from 1, and how many there are",
                param,
                ctx,
            )
        return int(index), int(of)


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
@click.option("--shard", type=ShardType(), metavar="I/N", help="Count only as job I of N; with --partial.")
@click.option(
    "--partial",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where this job's counts go, for `mltools data merge`.",
)
@data_output.options
@click.pass_obj
def validate(
    session: Session,
    *,
    path: str | None,
    examples: int,
    shard: tuple[int, int] | None,
    partial: Path | None,
    form: Form | None,
    as_json: bool,
    output: Path | None,
) -> int:
    """Check data against their contracts: every broken rule, with exact counts and example rows.

    Ends with 1 when data break a rule of severity error, with 2 for a contract that cannot be right, with 3 when data
    cannot be read. A job that counts only its shard judges nothing, and ends with 0 or 3.
    """
    shown = data_output.chosen(form, output, as_json=as_json, directory=session.directory)
    if (shard is None) != (partial is None):
        raise UsageError(
            "--shard and --partial go together",
            hint="mltools data validate --shard 2/8 --partial shard-2.json",
        )
    if shard is not None and (as_json or form or output):
        raise UsageError(
            "a shard judges nothing yet; `mltools data merge` takes --format, --json and --output"
        )
    project = open_project(session.directory)
    sources = data_sets.chosen(project, session.directory, path)
    if shard is not None and partial is not None:
        return _counted(session, project, sources, shard, session.directory / partial)
    checked, errors = _checked(session, project, sources, examples, watched=not as_json and form != "json")
    data_output.show(session, checked, shown, folder=project.prefix)
    return ended(session, checked, [error.hint for error in errors])


def ended(session: Session, checked: Sequence[Checked], hints: Sequence[str | None]) -> int:
    """The exit code after all was shown, with a hint for each data set that could not be read."""
    if not checked:
        session.hint(f"list them in {FILE} under `data`, each with its path and its schema")
    for hint in filter(None, hints):
        session.hint(hint)
    if any(item.data.error is not None for item in checked):
        return UNREADABLE
    return 1 if any(item.data.outcome is Outcome.FAILED for item in checked) else 0


def _counted(
    session: Session, project: Project, sources: Sequence[DataSource], shard: tuple[int, int], file: Path
) -> int:
    """Write what one job counts; data that it cannot read are told now, and again by the merge."""
    index, of = shard
    with progress.bar(session, f"shard {index}/{of}") as told:
        found = sharding.measure(project, sources, index, of, told)
    sharding.write(found, file)
    for item in found.data:
        what = f"{item.rows:,} row{'s' * (item.rows != 1)} counted" if item.error is None else item.error
        session.result(f"shard {index}/{of} of {item.path}: {what}")
        if item.hint:
            session.hint(item.hint)
    session.say(f"wrote {file}")
    return UNREADABLE if any(item.error is not None for item in found.data) else 0


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
