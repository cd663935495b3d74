"""`mltools gate`: the gates, applied to the metrics that are there."""

import click

from mltools import baseline, ci, comparing, loop, reproducing
from mltools.cli.session import Session
from mltools.core.records import GateResult
from mltools.core.report.text import COLOURS, columns
from mltools.core.verdict import Outcome, overall
from mltools.edges import documents
from mltools.errors import RepositoryError
from mltools.project import open_project


@click.group("gate", epilog="\b\nExample:\n  mltools gate check --base main")
def command() -> None:
    """The rules that a run must meet."""


@command.command(epilog="\b\nExamples:\n  mltools gate check\n  mltools gate check --base HEAD~3 --json")
@click.option("--base", metavar="REV", help="Compare with REV instead of the base branch.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.pass_obj
def check(session: Session, *, base: str | None, as_json: bool) -> int:
    """Judge the metrics of the working tree by the gates; nothing is run and nothing recorded.

    The gates are the base's where it has any, as in `mltools run`. Ends with 1 when one fails.
    """
    project = open_project(session.directory)
    head = project.repository.head()
    if head is None:
        raise RepositoryError("this repository has no commit yet", hint="git add -A && git commit -m 'Start'")
    against = baseline.resolve(
        project,
        ci.context(session.environ),
        head,
        requested=base,
        dirty=bool(loop.inputs_changed(project)),
    )
    verdicts = baseline.judge_by(project, against, comparing.snapshot_worktree(project).metrics)
    if reason := reproducing.stale(project, session.environ):
        session.warn(
            f"these are the metrics of an earlier state: {reason}; `mltools run` brings them up to date"
        )
    verdict = overall(verdicts)
    if as_json:
        gates = [GateResult.of(each).model_dump(mode="json") for each in verdicts]
        session.result(
            documents.write_json({"schema": 1, "verdict": verdict.value, "gates": gates}), newline=False
        )
    else:
        lines = (
            columns([(each.outcome.value, each.gate, each.reason) for each in verdicts])
            if verdicts
            else ["no gates"]
        )
        for line, each in zip(lines, verdicts, strict=False):
            word = each.outcome.value
            session.result(session.paint(word, COLOURS[word]) + line.removeprefix(word))
        if not verdicts:
            session.result(lines[0])
        session.result(session.paint(verdict.value, COLOURS[verdict.value]))
    return 1 if verdict is Outcome.FAILED else 0
