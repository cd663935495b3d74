"""`mltools data profile`: what the columns of data sets hold, in counts and without rows."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click

from mltools import checking, locating
from mltools.cli import data_sets, progress
from mltools.cli.progress import Progress
from mltools.cli.session import Session, fail
from mltools.core.config import FILE, DataSource
from mltools.core.inference import infer_contract
from mltools.core.names import shown
from mltools.core.profile import Profile, profile_id
from mltools.core.profile_table import table
from mltools.core.urls import is_url
from mltools.edges import documents, files
from mltools.edges.tables import observing, profiling
from mltools.errors import ConfigError, DataError, UsageError
from mltools.project import Project, find_root, open_project

EPILOG = """\b
Examples:
  mltools data profile                  every data set of mltools.yaml
  mltools data profile data/raw.csv
  mltools data profile new.parquet      any data; their types are inferred
  mltools data profile --json --output profile.json
"""
UNREADABLE = 3

Measure = Callable[[Progress | None], Profile]


@click.command("profile", epilog=EPILOG)
@click.argument("path", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the JSON to FILE.")
@click.pass_obj
def profile(session: Session, *, path: str | None, as_json: bool, output: Path | None) -> int:
    """Show what the columns of data hold: gaps, distinct values, bounds, how the values spread.

    The same data give the same JSON to the byte. It holds no rows; of sensitive columns and identifiers it has counts
    alone. Data that mltools.yaml does not list are profiled by the types that they seem to have. Ends with 3 when data
    cannot be read.
    """
    found: list[tuple[str, Profile]] = []
    wrong: list[ConfigError] = []
    errors: list[DataError] = []
    wanted = _wanted(session, path)
    for name, measure in wanted:
        try:
            with progress.bar(session, name, wanted=not as_json) as told:
                found.append((name, measure(told)))
        except ConfigError as error:
            wrong.append(error)
        except DataError as error:
            errors.append(error)
    checking.refuse(wrong)
    _show(session, found, as_json=as_json, output=output)
    if not wanted:
        if not as_json:
            session.result("no data sets")
        session.hint(f"list them in {FILE} under `data`, each with its path and its schema")
    for problem in errors:
        fail(problem, session.environ)
    return UNREADABLE if errors else 0


def _wanted(session: Session, path: str | None) -> Sequence[tuple[str, Measure]]:
    """The data sets to profile, by their names. Raises UsageError for a path where nothing is."""
    place = None if path is None or is_url(path) else session.directory / path
    try:
        project = open_project(session.directory) if path is None or _in_project(session.directory) else None
        sources = () if project is None else data_sets.chosen(project, session.directory, path)
    except UsageError:
        if place is None or not place.exists():
            raise
        sources = ()
    if sources and project is not None:
        return [(source.path, partial(_listed, project, source)) for source in sources]
    if place is None and path is not None:
        raise UsageError(f"{path} is no data set of {FILE}", hint=f"list it in {FILE} under `data`")
    return [] if place is None or path is None else [(path, partial(_unlisted, place, path))]


def _in_project(directory: Path) -> bool:
    try:
        return bool(find_root(directory))
    except ConfigError:
        return False


def _listed(project: Project, source: DataSource, told: Progress | None) -> Profile:
    contract, _ = checking.contract_of(project, source)
    place = locating.bring(project, locating.find(project, source.path), told)
    return profiling.profile(place, contract, name=source.path, progress=told)


def _unlisted(place: Path, name: str, told: Progress | None) -> Profile:
    contract = infer_contract(observing.observe(place, name, progress=told)).contract
    return profiling.profile(place, contract, name=name, progress=told)


def _show(
    session: Session, found: Sequence[tuple[str, Profile]], *, as_json: bool, output: Path | None
) -> None:
    trees = [{"path": name, "id": profile_id(item), **item.as_json()} for name, item in found]
    text = documents.write_json({"schema": 1, "data": trees})
    if output is not None:
        files.write_atomic(session.directory / output, text)
        session.say(f"wrote {output}")
    if as_json:
        session.result(text, newline=False)
        return
    for index, (name, item) in enumerate(found):
        session.result(("\n" if index else "") + _headline(name, item))
        for line in table(item, pictures=_knows_blocks()):
            session.result(line)


def _headline(name: str, item: Profile) -> str:
    counts = ((item.rows, "row"), (len(item.columns), "column"))
    rows, columns = (f"{count:,} {word}{'s' * (count != 1)}" for count, word in counts)
    return f"{shown(name, 200)}: {rows}, {columns}, profile {profile_id(item)}"


def _knows_blocks() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
