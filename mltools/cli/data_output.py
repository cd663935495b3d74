"""How `mltools data` shows what a validation found: on the terminal, as JSON, Markdown, annotations or JUnit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click

from mltools.ci.github_job import annotate
from mltools.ci.provider import Annotation
from mltools.cli.session import Session
from mltools.core.junit import junit
from mltools.core.records import DataSet, Violation
from mltools.core.report.text import COLOURS, columns
from mltools.core.validation_report import Checked, markdown, remarks
from mltools.core.verdict import Outcome
from mltools.edges import documents, files

Form = Literal["table", "json", "markdown", "github", "junit"]
FORMS: tuple[Form, ...] = ("table", "json", "markdown", "github", "junit")
KILO = 1000


@dataclass(frozen=True, slots=True)
class Output:
    """In which form, and into which file when not on stdout."""

    form: Form
    file: Path | None = None


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--format`, `--json` and `--output`, for every command that shows what a validation found."""
    for option in (
        click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it to FILE."),
        click.option("--json", "as_json", is_flag=True, help="Short for --format json."),
        click.option(
            "--format",
            "form",
            type=click.Choice(FORMS),
            help="github: annotations for the log of a job.  [default: table]",
        ),
    ):
        command = option(command)
    return command


def chosen(form: Form | None, output: Path | None, *, as_json: bool, directory: Path) -> Output:
    """What `options` were given. Raises a usage error when they contradict each other."""
    if as_json and form not in {None, "json"}:
        raise click.UsageError(f"--json and --format {form} are two forms; ask for one.")
    return Output("json" if as_json else form or "table", None if output is None else directory / output)


def show(session: Session, checked: Sequence[Checked], output: Output, *, folder: str = "") -> None:
    """Show it; `folder` is where the project lies in its repository ("" at the top, else it ends with a slash).

    Where the report goes to a file, stdout has the table, so that one run serves a person and a program.
    """
    text = RENDER[output.form](session, checked, folder)
    if output.file is None:
        session.result(text, newline=False)
        return
    files.write_atomic(output.file, click.unstyle(text))
    if output.form != "table":
        session.result(_table(session, checked, folder), newline=False)
    session.say(f"wrote {output.file}")


def _json(session: Session, checked: Sequence[Checked], folder: str) -> str:  # noqa: ARG001 - as the others
    trees = [item.data.model_dump(mode="json") for item in checked]
    return documents.write_json({"schema": 1, "data": trees})


def _markdown(session: Session, checked: Sequence[Checked], folder: str) -> str:  # noqa: ARG001 - as the others
    return markdown([item.data for item in checked])


def _github(session: Session, checked: Sequence[Checked], folder: str) -> str:  # noqa: ARG001 - as the others
    found = remarks((item.data for item in checked), folder)
    lines = (annotate(Annotation(item.level, item.text, file=item.file, line=item.line)) for item in found)
    return "".join(f"{line}\n" for line in lines)


def _junit(session: Session, checked: Sequence[Checked], folder: str) -> str:  # noqa: ARG001 - as the others
    return junit(checked)


def _table(session: Session, checked: Sequence[Checked], folder: str) -> str:  # noqa: ARG001 - as the others
    data = [item.data for item in checked]
    if not data:
        return "no data sets\n"
    rows = [("data", "rows", "size", "contract", "verdict"), *(_row(item) for item in data)]
    words = [None, *(row[-1] for row in rows[1:])]
    lines = [
        line if word is None else line.removesuffix(word) + session.paint(word, _colour(word))
        for line, word in zip(columns(rows, right=(1, 2)), words, strict=True)
    ]
    lines += [line for item in data for line in _details(session, item)]
    return "".join(f"{line}\n" for line in lines)


RENDER: Mapping[Form, Callable[[Session, Sequence[Checked], str], str]] = {
    "table": _table,
    "json": _json,
    "markdown": _markdown,
    "github": _github,
    "junit": _junit,
}


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
