"""`mltools model canary`: a version tried on a part of a stage's requests, and promoted or not by what is seen."""

import click

from mltools import registry
from mltools.cli.model_names import complete_names
from mltools.cli.model_place import FORCE, place_of, show
from mltools.cli.session import Session
from mltools.core.rollout import Trial, seconds_of, steps_of
from mltools.models.changing import Outcome
from mltools.serving import trials


@click.command(
    "canary",
    epilog="\b\nExamples:\n  mltools model canary tumour@v1.3.0 --stage prod --share 10% --share 50% --pause 10m\n"
    "  mltools model canary tumour@v1.3.0 --stage prod --shadow --share 10% --milliseconds 50\n"
    "  mltools model canary tumour --stage prod --abort --reason 'a complaint'",
)
@click.argument("reference", metavar="NAME[@VERSION]", shell_complete=complete_names)
@click.option("-s", "--stage", required=True, metavar="STAGE", help="The stage that it is tried in.")
@click.option(
    "--share",
    "shares",
    multiple=True,
    metavar="SHARE",
    help="A step's share of the keys, such as 10%; again for each step  [default: 10%]",
)
@click.option("--shadow", is_flag=True, help="First answer beside, to nobody.")
@click.option("--pause", default="10m", show_default=True, metavar="TIME", help="Least time of each step.")
@click.option(
    "--longest",
    default="1d",
    show_default=True,
    metavar="TIME",
    help="Most time of the last step; then it is aborted.",
)
@click.option(
    "--milliseconds",
    type=click.FloatRange(0, min_open=True),
    help="Requests slower than this are counted, and compared.",
)
@click.option(
    "--errors",
    default=0.01,
    show_default=True,
    help="By how much larger the share of failed requests may be.",
)
@click.option(
    "--slow", default=0.05, show_default=True, help="By how much larger the share of slow requests may be."
)
@click.option(
    "--quality",
    default=0.02,
    show_default=True,
    help="By how much larger the share of wrong answers may be, where labels come.",
)
@click.option("--alpha", default=0.05, show_default=True, help="Chance of a wrong decision.")
@click.option("-r", "--reason", default="", metavar="TEXT", help="Why; it stands in the journal.")
@click.option(
    "-f", "--force", is_flag=True, help="In spite of unmet needs; needs a --reason, and is recorded."
)
@click.option("--abort", is_flag=True, help="End the trial that goes on.")
@click.pass_obj
def canary_command(  # noqa: PLR0913 - the options of one command
    session: Session,
    reference: str,
    *,
    stage: str,
    shares: tuple[str, ...],
    shadow: bool,
    pause: str,
    longest: str,
    milliseconds: float | None,
    errors: float,
    slow: float,
    quality: float,
    alpha: float,
    reason: str,
    force: bool,
    abort: bool,
) -> int:
    """Try a version beside the one that a stage holds, where `mltools serve --follow` serves that stage.

    A part of the keys is answered by it, in steps. Errors, latency and, where labels come, quality are compared by intervals
    that hold however often one looks. As soon as it is shown to be worse it is taken out; when it is shown to be no worse,
    the stage's tag moves. Either is kept in the journal with its evidence. It needs what a promotion to the stage needs;
    where something is unmet, the command ends with 1.
    """
    if abort:
        place, wanted = place_of(session), registry.reference(reference)
        made = trials.stop(place, wanted, stage, reason=reason, when=session.clock())
        session.result(f"{made.model} {made.version} is tried in {stage} no more ({made.id})")
        return 0
    trial = Trial(
        steps=steps_of(shares, shadow=shadow),
        pause=seconds_of(pause),
        longest=seconds_of(longest),
        errors=errors,
        slow=slow,
        milliseconds=milliseconds,
        quality=quality,
        alpha=alpha,
    )
    return begin(session, reference, stage, trial, reason=reason, force=force)


def begin(
    session: Session, reference: str, stage: str, trial: Trial, *, reason: str, force: bool = False
) -> int:
    """Ask for a trial, and say which, or what the policy lacks; what the command ends with."""
    place, wanted = place_of(session), registry.reference(reference)
    made = trials.begin(place, wanted, stage, trial, reason=reason, when=session.clock(), force=force)
    if isinstance(made, Outcome):
        session.hint(FORCE)
        return show(session, made)
    session.result(
        f"{made.model} {made.version} is tried in {stage} beside {made.details['against']} ({made.id})"
    )
    return 0
