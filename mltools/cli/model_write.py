"""`mltools model promote`, `unassign`, `deprecate` and `rollback`: the registry changed, a tag each."""

import click

from mltools import registry
from mltools.cli.model_names import complete_names, complete_stages
from mltools.cli.model_place import FORCE, show, wish_of
from mltools.cli.session import Session
from mltools.errors import UsageError
from mltools.models import promoting

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
_STAGE = click.option(
    "-s",
    "--stage",
    required=True,
    metavar="STAGE",
    help="The stage, such as staging or prod.",
    shell_complete=complete_stages,
)
_DRY_RUN = click.option(
    "-n", "--dry-run", is_flag=True, help="Say which tag would be written, and write none."
)
_REASON = click.option("-r", "--reason", default="", metavar="TEXT", help="Why; it stands in the tag.")


@click.command(
    "promote",
    epilog="\b\nExamples:\n  mltools model promote tumour --stage staging\n"
    "  mltools model promote tumour@v1.2.0 --stage prod --reason 'a week without alarms'\n"
    "  mltools model promote 'tumour#staging' --stage prod\n"
    "  mltools model promote tumour --stage prod --canary 10% --canary 50% --pause 30m",
)
@click.argument("reference", metavar="NAME[@VERSION|#STAGE]", shell_complete=complete_names)
@_STAGE
@_REASON
@click.option(
    "-f", "--force", is_flag=True, help="In spite of unmet needs; needs a --reason, and is recorded."
)
@click.option(
    "--canary",
    "shares",
    multiple=True,
    metavar="SHARE",
    help="Try it on this share of the requests first, such as 10%; again for each step.",
)
@click.option("--shadow", is_flag=True, help="Let it first answer beside, to nobody.")
@click.option(
    "--pause", metavar="TIME", help="With --canary or --shadow: least time of each step  [default: 10m]"
)
@_DRY_RUN
@_JSON
@click.pass_obj
def promote_command(  # noqa: PLR0913 - the options of one command
    session: Session,
    reference: str,
    *,
    stage: str,
    reason: str,
    force: bool,
    shares: tuple[str, ...],
    shadow: bool,
    pause: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Put a version, without one the latest, into a stage: an annotated tag NAME#STAGE#N on the version's commit.

    What `release.stages` of the base branch's mltools.yaml asks for is checked first; every unmet need is named, and the
    command ends with 1. With --canary or --shadow the tag moves only when the service that follows the stage has shown the
    version to be no worse, and the policy is asked once more then; `mltools model canary` has more to set.
    """
    if shares or shadow:
        if dry_run or as_json:
            raise UsageError("--canary and --shadow begin a trial: without --dry-run and --json")
        # Loads what trials need, which a tag has no use for.
        from mltools.cli import model_canary  # noqa: PLC0415
        from mltools.core.rollout import Trial, seconds_of, steps_of  # noqa: PLC0415

        least = seconds_of(pause or "10m")
        steps = steps_of(shares, shadow=shadow)
        trial = Trial(steps=steps, pause=least, longest=max(least, Trial().longest))
        return model_canary.begin(session, reference, stage, trial, reason=reason, force=force)
    if pause is not None:
        raise UsageError("--pause is for the steps of a trial; name them with --canary or --shadow")
    outcome = promoting.promote(wish_of(session, reference, stage, reason, force=force, dry_run=dry_run))
    if outcome.refused is not None:
        session.hint(FORCE)
    return show(session, outcome, as_json=as_json)


@click.command(
    "unassign",
    epilog="\b\nExamples:\n  mltools model unassign tumour --stage prod --reason 'out of service'\n"
    "  mltools model unassign tumour@v1.2.0 --stage staging",
)
@click.argument("reference", metavar="NAME[@VERSION]", shell_complete=complete_names)
@_STAGE
@_REASON
@_DRY_RUN
@_JSON
@click.pass_obj
def unassign_command(
    session: Session, reference: str, *, stage: str, reason: str, dry_run: bool, as_json: bool
) -> int:
    """Take a version, without one what the stage holds, out of a stage: a tag NAME#STAGE!#N.

    As in GTO the stage then holds the version that was put there before, if one is still in it.
    """
    return show(
        session,
        promoting.unassign(wish_of(session, reference, stage, reason, dry_run=dry_run)),
        as_json=as_json,
    )


@click.command(
    "deprecate",
    epilog="\b\nExamples:\n  mltools model deprecate tumour@v1.2.0 --reason 'trained on a leaked column'\n"
    "  mltools model deprecate tumour --reason 'replaced by lesion'",
)
@click.argument("reference", metavar="NAME[@VERSION]", shell_complete=complete_names)
@_REASON
@_DRY_RUN
@_JSON
@click.pass_obj
def deprecate_command(session: Session, reference: str, *, reason: str, dry_run: bool, as_json: bool) -> int:
    """Take a version back (a tag NAME@VERSION!#N), or retire a model (NAME@deprecated#N).

    Nothing is deleted. A version that was taken back is in no stage any more, and its number is not given away again.
    """
    return show(
        session,
        promoting.deprecate(wish_of(session, reference, "", reason, dry_run=dry_run)),
        as_json=as_json,
    )


@click.command(
    "rollback",
    epilog="\b\nExamples:\n  mltools model rollback tumour --stage prod --reason 'errors since 10:40'\n"
    "  mltools model rollback tumour --stage prod --to v1.1.0\n"
    "  mltools model rollback tumour --stage prod --from v1.2.0",
)
@click.argument("name", metavar="NAME", shell_complete=complete_names)
@_STAGE
@click.option("--to", metavar="VERSION", help="This version instead of the one that was well there before.")
@click.option(
    "--from",
    "instead_of",
    metavar="VERSION",
    help="Only where the stage holds this version; else nothing is done.",
)
@_REASON
@_DRY_RUN
@_JSON
@click.pass_obj
def rollback_command(
    session: Session,
    name: str,
    *,
    stage: str,
    to: str | None,
    instead_of: str | None,
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Put a stage back to the version that was well there before what it holds now; a new tag NAME#STAGE#N.

    Passed over are versions that were taken back, that were rolled back from themselves, and those of which the newest
    monitoring or deployment says that they were broken. No policy, data or run is asked: it works while those are broken.
    """
    wish = wish_of(session, name, stage, reason, dry_run=dry_run)
    if wish.reference.version or wish.reference.stage or wish.reference.latest:
        raise UsageError(f"{name!r} names a version or a stage", hint="name the model, and --to VERSION")
    for option, version in (("--to", to), ("--from", instead_of)):
        if version is not None and registry.reference(f"{wish.reference.model}@{version}").version is None:
            raise UsageError(f"{option} {version!r} is no version", hint="such as v1.2.0")
    from mltools.models import rolling  # noqa: PLC0415 - loads the journal, which the other commands here have no use for

    outcome = rolling.roll_back(wish, to=to, instead_of=instead_of)
    if outcome.refused is not None:
        session.hint("--to VERSION names one all the same")
    return show(session, outcome, as_json=as_json)
