"""`mltools demo`: the whole story in a temporary directory."""

import sys
import tempfile
from pathlib import Path

import click

from mltools import demo
from mltools.cli.session import Session
from mltools.edges import process


@click.command(
    "demo", epilog="\b\nExamples:\n  mltools demo\n  mltools demo --full\n  mltools demo --directory try-it"
)
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Work in DIR, which must be new or empty  [default: a temporary directory]",
)
@click.option(
    "--full", is_flag=True, help="Go on after the release: serve, try, monitor, retrain, promote, roll back."
)
@click.pass_obj
def command(session: Session, *, directory: Path | None, full: bool) -> None:
    """Init, push, improve, break, worsen, merge, release: on real data, with real Git and DVC, in a minute or two.

    With --full it goes on: a service follows a stage, a version is tried on half of the requests, drift is found and named,
    the model is trained again and proposed, promoted without a lost request, and rolled back. That takes a few minutes.

    Every line that begins with $ is a command that you can type yourself.
    """
    if directory is None:
        place = Path(tempfile.mkdtemp(prefix="mltools-demo-"))
    else:
        place = session.directory / directory
        place.mkdir(parents=True, exist_ok=True)
        if any(place.iterdir()):
            raise click.UsageError(f"{directory} is not empty")
    told = demo.run(
        place,
        session.environ,
        say=session.result,
        heading=lambda text: click.style(text, bold=True),
        clock=session.clock if full else None,
    )
    session.result(f"\nThe project is in {told.project}, its remote beside it. Try there:")
    for line in (
        *([] if process.find("mltools") else [f'export PATH="{Path(sys.executable).parent}:$PATH"']),
        f"cd {told.project}",
        "mltools runs show            # the newest run",
        "mltools compare main~1       # metrics and params of two revisions",
        "mltools model show tumour    # what was released, with its record",
        "git log refs/mltools/journal # every fact is in Git",
    ):
        session.result(f"  {line}")
