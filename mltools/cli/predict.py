"""`mltools predict`: a file scored by a released model."""

from pathlib import Path

import click

from mltools import models, predicting
from mltools.cli import progress
from mltools.cli.model_names import complete_names
from mltools.cli.model_place import place_of
from mltools.cli.session import Session
from mltools.core.scoring import OF_THE_FILE, OnBad
from mltools.edges import documents
from mltools.predicting import Scored, Task

EPILOG = """\b
Examples:
  mltools predict tumour@v1.2.0 new.csv scores.csv
  mltools predict 'tumour#prod' new.parquet scores.parquet --proba
  mltools predict tumour new.csv scores.csv --on-bad flag --id patient
"""


@click.command("predict", epilog=EPILOG)
@click.argument("reference", metavar="NAME[@VERSION|#STAGE]", shell_complete=complete_names)
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--on-bad",
    type=click.Choice(["refuse", "skip", "flag"]),
    default="refuse",
    show_default=True,
    help="Rows that break the release's contract: score nothing, leave them out, or name what they break.",
)
@click.option("--proba", is_flag=True, help="Also the probability of each class.")
@click.option(
    "--id",
    "ids",
    multiple=True,
    metavar="COLUMN",
    help="Carry a column through; may be given again  [default: columns of role id, else the row's number]",
)
@click.option("-f", "--force", is_flag=True, help="Replace an output that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.pass_obj
def command(  # noqa: PLR0913 - an option each
    session: Session,
    *,
    reference: str,
    source: Path,
    target: Path,
    on_bad: OnBad,
    proba: bool,
    ids: tuple[str, ...],
    force: bool,
    as_json: bool,
) -> int:
    """Score a CSV, TSV, JSON lines or Parquet file, or a directory of them, by a released model.

    Without version and stage, by the latest. The output's ending says its format. A run that was killed is taken up
    where it stopped by the same command. Ends with 1 when rows break the contract and nothing was written for it.
    """
    place = place_of(session)
    found = models.released(models.find(place, reference)[1])
    task = Task(
        session.path(source),
        session.path(target),
        on_bad,
        proba,
        ids,
        force,
    )
    with progress.bar(session, f"scoring by {found.tag}", wanted=not as_json) as told:
        done = predicting.predict(place, found, task, now=session.clock(), progress=told)
    if as_json:
        session.result(documents.write_json(predicting.as_json(found, task, done)), newline=False)
    else:
        _show(session, task, done)
    return 1 if done.refused else 0


def _show(session: Session, task: Task, done: Scored) -> None:
    """What came of it: the faults on stdout where they are the answer, beside it otherwise."""
    tell = session.result if done.refused else session.warn
    for item in done.violations:
        shown = f" ({item.examples[0]})" if item.examples else ""
        tell(f"{item.message}{shown}")
    if done.refused:
        if not any(item.rule in OF_THE_FILE for item in done.violations):
            session.hint("--on-bad skip leaves such rows out, --on-bad flag names what they break")
        return
    if done.resumed:
        session.say(f"went on behind {done.resumed:,} rows that an earlier run had scored")
    bad = ""
    if done.bad:
        bad = f", {done.bad:,} bad {'rows' if done.bad != 1 else 'row'} {'left out' if task.on_bad == 'skip' else 'flagged'}"
    session.say(f"{done.scored:,} of {done.rows:,} rows scored{bad}")
    session.result(str(task.target))
