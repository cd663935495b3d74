"""`mltools monitor tell`: a check that was made elsewhere, kept and told where there is a right to write."""

from pathlib import Path

import click

from mltools import models, monitoring
from mltools.cli.model_place import place_of
from mltools.cli.monitor_check import conclude, monitor_of
from mltools.cli.session import Session

EPILOG = """\b
Examples:
  mltools monitor check 'tumour#prod' --log log --no-record --json --output check.json
  mltools monitor tell check.json
"""


@click.command("tell", epilog=EPILOG)
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def command(session: Session, *, file: Path) -> int:
    """Keep a check in the journal and tell people of it, as `check --alert` does; FILE is what its --json wrote.

    So the job that reads the log and loads the model needs no right to write. Ends with 1 when the model is drifted or
    broken.
    """
    place = place_of(session)
    found = monitoring.handed_over(session.path(file), str(file))
    released = models.released(models.find(place, f"{found.model}@{found.version}")[1])
    policy = monitor_of(place, released)
    return conclude(session, place, monitoring.judged(found, policy), policy, record=True, alert=True)
