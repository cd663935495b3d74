"""`mltools data validate`: the data sets of mltools.yaml against their contracts."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

import click

from mltools import checking
from mltools.cli.session import Session
from mltools.core.config import FILE, DataSource
from mltools.core.records import DataSet, Violation
from mltools.core.report.text import COLOURS, columns
from mltools.core.validation import MOST_EXAMPLES, unreadable
from mltools.core.verdict import Outcome
from mltools.edges import documents
from mltools.errors import ConfigError, DataError, UsageError
from mltools.project import Project, open_project

EPILOG = """\b
Examples:
  mltools data validate                 every data set of mltools.yaml
  mltools data validate data/raw.csv
  mltools data validate --json | jq '.data[].violations'
"""
UNREADABLE = 3
KILO = 1000


@click.command("validate", epilog=EPILOG)
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option(
    "--examples",
    type=click.IntRange(0, MOST_EXAMPLES),
    default=5,
    show_default=True,
    metavar="N",
    help="Show up to N rows for each broken rule.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.pass_obj
def validate(session: Session, *, path: Path | None, examples: int, as_json: bool) -> int:
    """Check data against their contracts: every broken rule, with exact counts and example rows.

    Ends with 1 when data break a rule of severity error, with 2 for a contract that cannot be right, with 3 when data
    cannot be read.
    """
    project = open_project(session.directory)
    sources = _chosen(project, session.directory, path)
    data, errors = _checked(project, sources, examples)
    if as_json:
        trees = [item.model_dump(mode="json") for item in data]
        session.result(documents.write_json({"schema": 1, "data": trees}), newline=False)
    elif data:
        session.result(_table(session, data))
        for item in data:
            for line in _details(session, item):
                session.result(line)
    else:
        session.result("no data sets")
        session.hint(f"list them in {FILE} under `data`, each with its path and its schema")
    for error in errors:
        if error.hint:
            session.hint(error.hint)
    if errors:
        return UNREADABLE
    return 1 if any(item.outcome is Outcome.FAILED for item in data) else 0


def _chosen(project: Project, directory: Path, path: Path | None) -> tuple[DataSource, ...]:
    if path is None:
        return project.config.data
    found = _named(project, directory / path) or _named(project, project.root / path)
    if not found:
        listed = [source.path for source in project.config.data]
        close = get_close_matches(path.as_posix(), listed, n=1)
        raise UsageError(
            f"{path} is no data set of {FILE}" + (f"; did you mean {close[0]}?" if close else ""),
            hint=f"it lists {', '.join(listed)}" if listed else f"list it in {FILE} under `data`",
        )
    return found


def _named(project: Project, path: Path) -> tuple[DataSource, ...]:
    wanted = path.resolve()
    return tuple(source for source in project.config.data if (project.root / source.path).resolve() == wanted)


def _checked(
    project: Project, sources: Sequence[DataSource], examples: int
) -> tuple[list[DataSet], list[DataError]]:
    """Every data set, those that cannot be read among them; then every contract that is wrong, at once."""
    data: list[DataSet] = []
    errors: list[DataError] = []
    wrong: list[ConfigError] = []
    for source in sources:
        try:
            data.append(checking.validate_one(project, source, examples=examples))
        except DataError as error:
            errors.append(error)
            data.append(
                unreadable(source.path, error.message).model_copy(update={"contract": source.contract})
            )
        except ConfigError as error:
            wrong.append(error)
    if wrong:
        problems = [line for error in wrong for line in error.problems or (error.message,)]
        raise ConfigError("\n".join(problems), problems=problems, hint=wrong[0].hint)
    return data, errors


def _table(session: Session, data: Sequence[DataSet]) -> str:
    rows = [("data", "rows", "size", "contract", "verdict"), *(_row(item) for item in data)]
    lines = columns(rows, right=(1, 2))
    words = [None, *(row[-1] for row in rows[1:])]
    return "\n".join(
        line if word is None else line.removesuffix(word) + session.paint(word, _colour(word))
        for line, word in zip(lines, words, strict=True)
    )


def _row(data: DataSet) -> tuple[str, ...]:
    rows = "" if data.rows is None else f"{data.rows:,}"
    return data.path, rows, _size(data.bytes), data.contract or "", _word(data)


def _word(data: DataSet) -> str:
    if data.error is not None:
        return "unreadable"
    warned = data.outcome is Outcome.PASSED and data.violations
    return f"{data.outcome.value}, with warnings" if warned else data.outcome.value


def _colour(word: str) -> str:
    return COLOURS.get(word, "red" if word == "unreadable" else "yellow")


def _details(session: Session, data: DataSet) -> Iterator[str]:
    if data.error is not None:
        yield f"{session.paint('error', 'red')}: {data.error}"
    for violation in data.violations:
        yield _sentence(session, data, violation)
        if violation.examples:
            yield f"    {'; '.join(violation.examples)}"


def _sentence(session: Session, data: DataSet, violation: Violation) -> str:
    where = f"{data.contract}:{violation.line}" if violation.line else data.contract
    word = (
        session.paint("error", "red") if violation.severity == "error" else session.paint("warning", "yellow")
    )
    return f"{where}: {word}: {violation.message}"


def _size(count: int | None) -> str:
    if count is None:
        return ""
    if count < KILO:
        return f"{count} B"
    amount = count / KILO
    for unit in ("kB", "MB"):
        if amount < KILO:
            return f"{amount:.1f} {unit}"
        amount /= KILO
    return f"{amount:,.1f} GB"
