"""`mltools gate`: the gates, applied to the metrics that are there."""

import click

from mltools import baseline, checking, ci, comparing, evidence, loop, overriding, reproducing, reusing
from mltools.baseline import Baseline
from mltools.cli.session import Session
from mltools.core import overrides
from mltools.core.data_facts import DataFacts
from mltools.core.gates import Data
from mltools.core.records import GateResult
from mltools.core.report.text import COLOURS, columns
from mltools.core.verdict import Outcome, Verdict, overall
from mltools.edges import documents
from mltools.edges.git import signing
from mltools.errors import RepositoryError, UsageError
from mltools.project import Project, open_project


@click.group("gate", epilog="\b\nExample:\n  mltools gate check --base main")
def command() -> None:
    """The rules that a run must meet."""


@command.command(epilog="\b\nExamples:\n  mltools gate check\n  mltools gate check --base HEAD~3 --json")
@click.option("--base", metavar="REV", help="Compare with REV instead of the base branch.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.pass_obj
def check(session: Session, *, base: str | None, as_json: bool) -> int:
    """Judge the metrics and data of the working tree by the gates; nothing is run and nothing recorded.

    The gates are the base's where it has any, as in `mltools run`. Ends with 1 when one fails.
    """
    project = open_project(session.directory)
    head = project.repository.head()
    if head is None:
        raise RepositoryError("this repository has no commit yet", hint="git add -A && git commit -m 'Start'")
    dirty = bool(loop.inputs_changed(project))
    against = baseline.resolve(project, ci.context(session.environ), head, requested=base, dirty=dirty)
    inputs = None if dirty else reusing.inputs_of(project, head)
    metrics = comparing.snapshot_worktree(project).metrics
    stages, data = reproducing.standing(project), _data(session, project, against)
    asked = evidence.Run(session.environ, session.say, head, inputs, stages, data)
    found = evidence.gather(project, against, baseline.gates_of(project, against), metrics, asked)
    verdicts = baseline.judge_by(project, against, found.facts)
    verdicts, refused = overriding.apply(project, verdicts, against, inputs, session.environ)
    for warning in (*found.problems, *refused):
        session.warn(warning)
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
            columns([(each.outcome.value, each.gate, _reason(each)) for each in verdicts])
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


@command.command(
    epilog="\b\nExample:\n  mltools gate override auc-kept --reason 'the old test rows held duplicates (#41)'"
)
@click.argument("gate")
@click.option("--reason", required=True, help="Why the failure is acceptable; it is kept with the record.")
@click.pass_obj
def override(session: Session, *, gate: str, reason: str) -> None:
    """Take a failed gate on yourself, in a signed commit without changes on the current branch.

    Push it: the next run passes that gate, for exactly these inputs, if the base's mltools.yaml lists you under
    `overrides.by` and your signature, or the forge, proves that it was you. The report, the journal and the release
    record say so.
    """
    project = open_project(session.directory)
    against = _against(session, project)
    names = [item.name for item in baseline.gates_of(project, against)]
    if gate not in names:
        raise UsageError(
            f"{gate!r} is no gate of mltools.yaml", hint=f"it has {', '.join(names)}" if names else None
        )
    if not reason.strip() or len(reason) > overrides.LONGEST_REASON:
        raise UsageError(f"a reason has 1 to {overrides.LONGEST_REASON} characters")
    inputs = _committed_inputs(project)
    oid = signing.commit(
        project.repository,
        session.environ,
        overrides.message(gate, reason, inputs),
        when=session.clock(),
        branch=project.repository.branch(),
    )
    session.result(f"committed {oid[:10]}: override of gate {gate}")
    if not signing.can_sign(project.repository):
        session.warn(
            "Git has no key to sign with (user.signingkey), so only the forge can prove that it was you"
        )
    if against.policy is None or not against.policy.overrides.by:
        session.warn(
            "mltools.yaml of the base names nobody who may override (overrides.by), so it counts for nothing"
        )
    session.hint("the next run takes it into account: `git push`, or `mltools run` here")


@command.command(hidden=True)
@click.option("--base", metavar="REV", help="Compare with REV instead of the base branch.")
@click.pass_obj
def prove(session: Session, *, base: str | None) -> None:
    """Ask the forge who made the commits that override gates; for the workflow, before it runs the project's code."""
    project = open_project(session.directory)
    head = project.repository.head()
    if head is None:
        return
    against = baseline.resolve(project, ci.context(session.environ), head, requested=base, dirty=False)
    found = overriding.ask_forge(project, against, session.environ)
    for commit, login in found.items():
        session.say(
            f"the override in {commit[:8]} was made by {login or 'nobody that the forge vouches for'}"
        )


def _against(session: Session, project: Project) -> Baseline:
    """The base of a run of what is committed."""
    head = project.repository.head()
    if head is None:
        return Baseline()
    return baseline.resolve(project, ci.context(session.environ), head, requested=None, dirty=False)


def _committed_inputs(project: Project) -> str:
    head = project.repository.head()
    if head is None or loop.inputs_changed(project):
        raise RepositoryError(
            "an override speaks of a commit, and here are changes without one", hint="commit first"
        )
    return reusing.inputs_of(project, head)


def _data(session: Session, project: Project, against: Baseline) -> DataFacts:
    """What gates over data judge; nothing is read where there is no such gate."""
    if not any(isinstance(gate, Data) for gate in baseline.gates_of(project, against)):
        return DataFacts()
    sets = checking.standing(project, now=session.clock())
    return baseline.data_facts(project, against, sets, baseline.data_changes(project, against, sets))


def _reason(verdict: Verdict) -> str:
    if verdict.override is None:
        return verdict.reason
    return f"{verdict.reason} (overridden by {verdict.override.by}: {verdict.override.reason})"
