"""`mltools release`: the model of a run as a version."""

from pathlib import Path
from typing import Any

import click

from mltools import ci, releasing
from mltools.cli.session import Session
from mltools.core.release import wish
from mltools.edges import documents
from mltools.project import open_project
from mltools.releasing import Outcome

EPILOG = """\b
Examples:
  mltools release --dry-run        what would be written, and nothing more
  mltools release                  the run of HEAD in the journal
  mltools release --run .mltools   the run that `mltools run` left there
  mltools release --pre rc         a candidate: v1.3.0-rc.1 in place of v1.3.0
  mltools release --version 2.0.0  this number, such as the final one after a candidate
  mltools release --json | jq -r .tag
"""


@click.command("release", epilog=EPILOG)
@click.option(
    "--run",
    "run_dir",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Release the run in DIR (a bundle, or .mltools) instead of HEAD's in the journal.",
)
@click.option("--version", "number", metavar="NUMBER", help="This number, whatever changed.")
@click.option("--pre", metavar="WORD", help="A pre-release of the next number, such as rc.")
@click.option(
    "--reason", "why", metavar="TEXT", help="Why this number; needed for one that is not the highest."
)
@click.option(
    "-n", "--dry-run", is_flag=True, help="Say which refs, files and calls it would take; write nothing."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.pass_obj
def command(
    session: Session,
    *,
    run_dir: Path | None,
    number: str | None,
    pre: str | None,
    why: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Release the model of a run as the next version: an annotated tag, and a release on the forge where there is one.

    Decides by what changed which part of the version to raise. Ends with 0 also when there is nothing new, with 1
    when the run's verdict is failed. Interrupted or refused, it can be called again.
    """
    request = releasing.Request(
        environ=session.environ,
        clock=session.clock,
        say=session.say,
        warn=session.warn,
        run=None if run_dir is None else session.directory / run_dir,
        wish=wish(number, pre, why),
        dry_run=dry_run,
    )
    outcome = releasing.release(open_project(session.directory), request)
    if as_json:
        session.result(documents.write_json(_tree(outcome, dry_run=dry_run)), newline=False)
    else:
        session.result("\n".join(_lines(outcome, dry_run=dry_run)))
    # What is done is told first: a file that takes no more must not hide it.
    _hand_on(session, outcome, dry_run=dry_run)
    if outcome.problem is not None:
        session.hint("the tag is written; `mltools release` again completes the page on the forge")
        raise outcome.problem
    if not outcome.new and outcome.version is not None and outcome.tag is None:
        session.hint("--version NUMBER releases it once more, such as with other `serve` settings")
    if not outcome.new and outcome.version is not None and "-" in outcome.version:
        session.hint(f"mltools release --version {outcome.version.partition('-')[0]}  makes it final")
    if outcome.new and not dry_run:
        session.hint(f"mltools model get {outcome.tag}")
    return 1 if outcome.refused else 0


def _hand_on(session: Session, outcome: Outcome, *, dry_run: bool) -> None:
    """Tell the steps after this one of a workflow which version there is to deploy."""
    provider = ci.detect(session.environ)
    if provider is not None and outcome.tag is not None and not dry_run:
        provider.output(session.environ, "tag", outcome.tag)


def _lines(outcome: Outcome, *, dry_run: bool) -> list[str]:
    if outcome.refused:
        return [f"not released: {outcome.reason}"]
    if not outcome.new:
        return [outcome.reason]
    word = "would release" if dry_run else "released"
    besides = [f"{each.level}   {each.text}" for each in outcome.reasons if each.text not in outcome.reason]
    shown = [f"{word} {outcome.tag}", outcome.reason, *besides, *outcome.steps]
    return [*shown, outcome.url] if outcome.url else shown


def _tree(outcome: Outcome, *, dry_run: bool) -> dict[str, Any]:
    return {
        "schema": 1,
        "dry_run": dry_run,
        "new": outcome.new,
        "refused": outcome.refused,
        "tag": outcome.tag,
        "version": outcome.version,
        "reason": outcome.reason,
        "reasons": [{"level": each.level, "text": each.text} for each in outcome.reasons],
        "commit": outcome.commit,
        "url": outcome.url,
        "steps": list(outcome.steps),
        "record": None if outcome.record is None else outcome.record.as_json(),
    }
