"""`mltools model get` and `verify`: a released model here, and whether it is what was released."""

from pathlib import Path

import click

from mltools import models
from mltools.cli.model_names import complete_names
from mltools.cli.model_place import named, place_of
from mltools.cli.session import Session
from mltools.core.verdict import Outcome
from mltools.edges import documents
from mltools.errors import StoreError, UsageError

COLOURS = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "red",
    Outcome.UNDECIDED: "yellow",
    Outcome.SKIPPED: "yellow",
}


@click.command(
    "get",
    epilog="\b\nExamples:\n  mltools model get tumour@v1.2.0\n  mltools model get tumour@latest -o served/\n"
    "  mltools model get 'tumour#prod' -o model.skops",
)
@click.argument("reference", metavar="NAME@VERSION", shell_complete=complete_names)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A directory, which also gets release.json, or a file when PATH has a suffix  [default: the model's file here]",
)
@click.option("-f", "--force", is_flag=True, help="Replace what is there.")
@click.pass_obj
def get_command(session: Session, reference: str, *, output: Path | None, force: bool) -> None:
    """Fetch a released model: from the cache, the project's store, the DVC remote or the forge; checked, or not at all.

    Prints the path that was written.
    """
    place = place_of(session)
    found = models.released(named(place, reference))
    target, beside = models.target_of(found, output, session.directory)
    new = models.get(place, found, target, force=force)
    if beside is not None:
        models.write_record(found, beside)
    session.say(f"{found.tag}{'' if new else ' is there already'}: SHA-256 {found.record.file.sha256}")
    session.result(str(target))


@click.command(
    "verify",
    epilog="\b\nExamples:\n  mltools model verify tumour@v1.2.0\n  mltools model verify tumour@latest --json\n"
    "  mltools model verify tumour@v1.2.0 --allowed-signers .github/allowed_signers",
)
@click.argument("reference", metavar="NAME@VERSION", shell_complete=complete_names)
@click.option(
    "--allowed-signers",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="One of the SSH keys in FILE must have signed the tag (see ssh-keygen, ALLOWED SIGNERS).",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.pass_obj
def verify_command(session: Session, reference: str, *, allowed_signers: Path | None, as_json: bool) -> int:
    """Check a version: its tag and who signed it, its record, commit and dvc.lock, the model's bytes, the journal.

    What is here is enough where it is here. Ends with 1 when something is not as it was released, with 3 when the bytes
    or the journal are not to be had.
    """
    allowed = None if allowed_signers is None else (session.directory / allowed_signers).resolve()
    if allowed is not None and not allowed.is_file():
        raise UsageError(
            f"{allowed_signers} is no file", hint="lines such as: ada@example.org ssh-ed25519 AAAA..."
        )
    tag, checks = models.verify(place_of(session), reference, allowed_signers=allowed)
    if as_json:
        tree = {
            "schema": 1,
            "tag": tag,
            "checks": [
                {"name": one.name, "outcome": one.outcome.value, "reason": one.reason} for one in checks
            ],
        }
        session.result(documents.write_json(tree), newline=False)
    else:
        for check in checks:
            word = session.paint(f"{check.outcome.value:<9}", COLOURS[check.outcome])
            session.result(f"{word} {check.name}: {check.reason}")
    outcomes = {check.outcome for check in checks}
    if Outcome.FAILED in outcomes:
        return 1
    if Outcome.UNDECIDED in outcomes:
        raise StoreError(f"{tag} could not be verified in full")
    return 0
