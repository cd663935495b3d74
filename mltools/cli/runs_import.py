"""`mltools runs import`: what other tools tracked, in the journal."""

from pathlib import Path

import click

from mltools import comparing
from mltools.cli.session import Session
from mltools.core.markdown import clean
from mltools.edges.git.write import Writer
from mltools.errors import UsageError
from mltools.runs import importing

EXAMPLES = """\b
Examples:
  mltools runs import --from mlflow mlruns
  mltools runs import --from mlflow mlruns --commit v1.0 --dry-run
  mltools runs import --from dvc-exp
"""
TOLD = 20
LEFT = {
    "mlflow": "tags, artifacts and earlier steps of metrics stay in MLflow",
    "dvc-exp": "experiments stay where they are; `dvc exp push` shares them",
}


@click.command("import", epilog=EXAMPLES)
@click.option(
    "--from",
    "source",
    required=True,
    type=click.Choice(list(LEFT)),
    help="MLflow's file store, or DVC's experiments.",
)
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--commit", metavar="REV", default="HEAD", help="Whose changes runs without a commit are  [default: HEAD]"
)
@click.option("--dry-run", is_flag=True, help="Only say what would be imported.")
@click.pass_obj
def import_command(
    session: Session, *, source: str, directory: Path | None, commit: str, dry_run: bool
) -> None:
    """Keep the runs of another tool as records: metrics, params, time and commit, with the verdict `undecided`.

    DIR is MLflow's file store. A run of MLflow is a base for others only where its commit is here and MLflow says that
    nothing was uncommitted. What could not be carried over is named. Doing it again adds nothing.
    """
    if (directory is None) == (source == "mlflow"):
        raise UsageError(
            "--from mlflow needs the directory of its store"
            if directory is None
            else "--from dvc-exp needs no directory",
            hint=EXAMPLES.splitlines()[2].strip(),
        )
    place = comparing.locate(session.directory)
    if directory is None:
        found = importing.from_experiments(place, session.environ)
    else:
        base = place.repository.commit(commit)
        found = importing.from_mlflow(place, session.directory / directory, base)
    for problem in found.problems[:TOLD]:
        session.warn(clean(problem, limit=500))
    if (more := len(found.problems) - TOLD) > 0:
        session.warn(f"... and {more:,} more like these")
    if dry_run:
        session.result(
            "\n".join(f"{record.id}  {clean(record.summary)}" for record, _ in found.runs) or "no run is new"
        )
        return
    done = importing.keep(Writer(place.repository, session.environ), found, source, when=session.clock())
    there = f", {done.there:,} were here already" if done.there else ""
    session.result(f"{done.new:,} run{'s' * (done.new != 1)} imported{there}")
    session.say(LEFT[source])
