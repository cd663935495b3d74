"""`mltools retrain`: whether to train again, and the branch and pull request that come of it."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mltools import ci
from mltools.cli.session import Session
from mltools.core.retraining import Decision, Wish, as_markdown
from mltools.edges import documents
from mltools.errors import MltoolsError, UsageError
from mltools.project import open_project

if TYPE_CHECKING:  # loaded where it is used: reading the help needs no GitPython
    from mltools.retraining import Desk, Outcome, Outside

EPILOG = """\b
Examples:
  mltools retrain --check                    whether it is time, and why
  mltools retrain --start                    where it is time, have the forge do it
  mltools retrain                            retrain where policy says so: one branch, one pull request
  mltools retrain --reason 'a new sensor'    a person's wish is a reason, too
  mltools retrain --force                    whatever speaks against it
  mltools retrain --check --json | jq .retrain
"""


@click.command("retrain", epilog=EPILOG)
@click.option("--check", is_flag=True, help="Only say whether it is time, and why; train nothing.")
@click.option(
    "--start", is_flag=True, help="Where it is time, start the forge's workflow; train nothing here."
)
@click.option("--reason", metavar="TEXT", help="Why a person wants it: a reason by itself.")
@click.option(
    "--force", is_flag=True, help="In spite of cool-down and budget, and although nothing has changed."
)
@click.option(
    "--bundle",
    "bundle_dir",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Train only, asking no remote, and leave in DIR what a later job publishes.",
)
@click.option(
    "--publish",
    "publish_dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Publish what --bundle left in DIR; runs nothing of the project.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.pass_obj
def command(
    session: Session,
    *,
    check: bool,
    start: bool,
    reason: str | None,
    force: bool,
    bundle_dir: Path | None,
    publish_dir: Path | None,
    as_json: bool,
) -> int:
    """Train again where monitoring, new data, age or a person ask for it, and propose the result for review.

    Decides by `retrain` in the base branch's mltools.yaml, with a cool-down and a budget. Trains on the tip of the base
    branch, in a clone beside the working tree; pushes the results to the branch mltools/retrain-MODEL and opens one
    pull request, or brings it up to date. Ends with 0 also when it is not time, with 1 when data or gates say no.
    """
    if sum((check, start, bundle_dir is not None, publish_dir is not None)) > 1:
        raise UsageError("--check, --start, --bundle and --publish are four things to do; ask for one")
    if reason is not None and not reason.strip():
        reason = None  # as a form on a forge's page sends it, left empty
    if (start or publish_dir is not None) and (reason is not None or force):
        option = "--start" if start else "--publish"
        raise UsageError(f"--reason and --force are for the command that trains, not for {option}")
    from mltools import retraining  # noqa: PLC0415 - see above

    project = open_project(session.directory)
    outside = _outside(session)
    wish = Wish(reason, force)
    if publish_dir is not None:
        outcome = retraining.publish(project, outside, session.directory / publish_dir)
        return _tell(session, outcome, as_json=as_json)
    if start:
        return _tell(session, retraining.start(project, outside), as_json=as_json)
    if check:
        _, decision = retraining.check(project, outside, wish)
        return _tell(session, retraining.Outcome.of(decision), as_json=as_json)
    if bundle_dir is not None:
        desk, decision = retraining.check(project, outside, wish, ask=False)
        _on_page(session, desk.model, decision)
        if not decision.retrain:
            return _tell(session, retraining.Outcome.of(decision), as_json=as_json)
        return _train(session, desk, decision, wish, bundle_dir, as_json=as_json)
    return _tell(session, retraining.retrain(project, outside, wish), as_json=as_json)


def _outside(session: Session) -> "Outside":
    from mltools.retraining import Outside  # noqa: PLC0415 - as above

    context = ci.context(session.environ)
    talkative = session.verbosity > 0 or context.is_ci
    return Outside(
        environ=session.environ,
        context=context,
        clock=session.clock,
        say=session.say,
        warn=session.warn,
        # A log is read afterwards, when nobody can ask for more; a terminal shows the stages alone.
        detail=partial(_show, session) if talkative else None,
    )


def _show(session: Session, line: str) -> None:
    """What a stage prints. The bar keeps a forge from taking a line for a command to its runner."""
    if line.strip():
        session.say(f"  | {line}")


def _train(
    session: Session, desk: "Desk", decision: Decision, wish: Wish, directory: Path, *, as_json: bool
) -> int:
    from mltools import retraining  # noqa: PLC0415 - as above

    session.say(decision.sentence)
    handed = retraining.train(desk, decision, wish, session.directory / directory)
    outcome = retraining.Outcome(
        handed.state, handed.why, decision.reasons, decision, desk.branch, handed.commit
    )
    _tell(session, outcome, as_json=as_json)
    session.hint(f"mltools retrain --publish {directory}    # where there is a token that may write")
    # Whether data or gates say no is told by the job that publishes: it has to run first.
    return 0


def _on_page(session: Session, model: str, decision: Decision) -> None:
    """Say it on the page of the job, where there is one; a page that cannot be written is no failure."""
    provider = ci.detect(session.environ)
    if provider is not None:
        try:
            provider.summary(session.environ, as_markdown(model, decision))
        except MltoolsError as error:
            session.warn(error.message)


def _tell(session: Session, outcome: "Outcome", *, as_json: bool) -> int:
    if as_json:
        session.result(documents.write_json(_tree(outcome)), newline=False)
    else:
        session.result("\n".join(_lines(outcome)))
    return 1 if outcome.said_no else 0


def _lines(outcome: "Outcome") -> list[str]:
    lines = [outcome.sentence]
    decision = outcome.decision
    if outcome.state not in {"waiting", "due"}:
        lines = [f"{outcome.state}: {outcome.sentence}"]
        lines += [f"  because {reason.sentence}" for reason in outcome.reasons]
    elif decision is not None and decision.reasons and not decision.retrain:
        lines += [f"  although {reason.sentence}" for reason in decision.reasons]
    if decision is not None and decision.retrain:
        lines += [f"  note: {note}" for note in decision.notes]
    return lines


def _tree(outcome: "Outcome") -> dict[str, Any]:
    decision = outcome.decision
    until = None if decision is None else decision.until
    return {
        "schema": 1,
        "state": outcome.state,
        "retrain": None if decision is None else decision.retrain,
        "sentence": outcome.sentence,
        "reasons": [reason.as_json() for reason in outcome.reasons],
        "against": [] if decision is None else list(decision.against),
        "notes": [] if decision is None else list(decision.notes),
        "until": None if until is None else f"{until:%Y-%m-%dT%H:%M:%SZ}",
        "branch": outcome.branch,
        "commit": outcome.commit,
        "run": outcome.run,
        "verdict": outcome.verdict,
        "pull_request": outcome.pull_request,
        "merged": outcome.merged,
    }
