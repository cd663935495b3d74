"""`mltools model approve`: somebody's word that a version may go to a stage."""

import click

from mltools.cli.model_names import complete_names, complete_stages
from mltools.cli.model_place import wish_of
from mltools.cli.session import Session
from mltools.core import registry_report
from mltools.errors import UsageError
from mltools.models import approving


@click.command(
    "approve",
    epilog="\b\nExample:\n  mltools model approve tumour@v1.2.0 --stage prod --reason 'reviewed with the clinic'",
)
@click.argument("reference", metavar="NAME@VERSION", shell_complete=complete_names)
@click.option(
    "-s",
    "--stage",
    required=True,
    metavar="STAGE",
    help="The stage that it may go to.",
    shell_complete=complete_stages,
)
@click.option("-r", "--reason", default="", metavar="TEXT", help="Why; it is signed with the rest.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.pass_obj
def approve_command(session: Session, reference: str, *, stage: str, reason: str, as_json: bool) -> None:
    """Say that a version may go to a stage, signed by the key of your Git, and keep it in the journal.

    A promotion whose policy asks for approvals counts it if your signature is by the key that the base branch's
    mltools.yaml lists for you; no other word about who you are counts.
    """
    wish = wish_of(session, reference, stage, reason)
    if wish.reference.version is None and not wish.reference.latest:
        raise UsageError("an approval is for one version", hint=f"{wish.reference.model}@v1.2.0, or @latest")
    done = approving.approve(wish.place, wish.reference, stage, reason, clock=wish.clock)
    if not done.signed:
        session.warn("Git has no key to sign with (user.signingkey), so nothing proves that it was you")
    made = done.event
    if as_json:
        tree = {"schema": 1, "event": made.as_json(), "signed": done.signed, "shared": done.shared}
        session.result(registry_report.json_text(tree), newline=False)
    else:
        session.result(f"approved {made.model} {made.version} for {stage} ({made.id})")
