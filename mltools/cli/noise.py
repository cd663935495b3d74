"""`mltools noise`: how far metrics move when nothing but the seed does."""

import click

from mltools import baseline, ci, noise
from mltools.cli.session import Session
from mltools.core.noise import FEWEST, Noise
from mltools.core.report.facts import shown
from mltools.core.report.text import columns
from mltools.edges import documents
from mltools.errors import RepositoryError
from mltools.project import open_project

EPILOG = """\b
Examples:
  mltools noise --repeats 5
  mltools noise --repeats 10 --seed train.random_state --rev HEAD
"""


@click.command("noise", epilog=EPILOG)
@click.option("--repeats", type=click.IntRange(FEWEST, 1_000), default=5, show_default=True, metavar="N", help="How many other seeds to train with.")  # fmt: skip
@click.option("--seed", "param", default="train.seed", show_default=True, metavar="PARAM", help="The param that seeds the training: its dotted key in params.yaml, or FILE:key.")  # fmt: skip
@click.option("--rev", metavar="REV", help="The commit to train  [default: the base branch]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.pass_obj
def command(session: Session, *, repeats: int, param: str, rev: str | None, as_json: bool) -> None:
    """Train the base with other seeds and keep the spread of each metric in the journal.

    The working tree is not touched. Gates may then say their margin in multiples of it (`noise: 2`), and reports show
    a change against it.
    """
    project = open_project(session.directory)
    found = noise.measure(
        project,
        _commit(session, rev),
        param=param,
        repeats=repeats,
        environ=session.environ,
        clock=session.clock,
        say=session.say,
    )
    if as_json:
        session.result(documents.write_json(found.as_json()), newline=False)
    else:
        session.result(_table(found))


def _commit(session: Session, rev: str | None) -> str:
    project = open_project(session.directory)
    repository = project.repository
    if rev is not None:
        return repository.commit(rev)
    name, _ = baseline.base_name(project, ci.context(session.environ))
    tip = baseline.base_tip(repository, name)
    head = tip[1] if tip is not None else repository.head()
    if head is None:
        raise RepositoryError("this repository has no commit yet", hint="git add -A && git commit -m 'Start'")
    return head


def _table(found: Noise) -> str:
    rows = [("metric", "mean", "sd", "lowest", "highest")]
    rows += [
        (name, shown(spread.mean), f"{spread.sd:.3g}", shown(spread.minimum), shown(spread.maximum))
        for name, spread in found.metrics.items()
    ]
    head = f"{len(found.seeds)} seeds at {found.commit[:8]}"
    return "\n".join([head, *columns(rows, right=(1, 2, 3, 4))])
