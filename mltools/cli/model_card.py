"""`mltools model card`: what a version is for, made from and good at, as a file that hubs and people read."""

from pathlib import Path

import click

from mltools import cards, journal, models, registry
from mltools.cli.model_names import complete_names
from mltools.cli.model_place import named, place_of
from mltools.cli.session import Session
from mltools.edges import files
from mltools.errors import RepositoryError
from mltools.models import Place


@click.command(
    "card",
    epilog="\b\nExamples:\n  mltools model card tumour@v1.2.0\n  mltools model card tumour@latest -o MODEL_CARD.md",
)
@click.argument("reference", metavar="NAME[@VERSION|#STAGE]", shell_complete=complete_names)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it there instead of to stdout.",
)
@click.pass_obj
def card_command(session: Session, reference: str, *, output: Path | None) -> None:
    """A version's model card: intended use, data, metrics, gates, limits, lineage and what changed, with front matter.

    What only people know comes from `model_card` in the version's mltools.yaml, the rest from its tag and the journal.
    """
    place = place_of(session)
    found = models.released(named(place, reference))
    if journal.load(place.repository, found.record.run) is None:
        _fetch(place)
    text = cards.model_card(place.repository, found.record, found.version.commit)
    _hand_out(session, text, output, f"{found.tag}: its model card")


@click.command(
    "provenance",
    epilog="\b\nExamples:\n  mltools model provenance tumour@v1.2.0\n"
    "  mltools model provenance tumour@v1.2.0 --predicate -o predicate.json",
)
@click.argument("reference", metavar="NAME[@VERSION|#STAGE]", shell_complete=complete_names)
@click.option(
    "--predicate", is_flag=True, help="Only the predicate, for a tool that names and signs the subjects."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it there instead of to stdout.",
)
@click.pass_obj
def provenance_command(session: Session, reference: str, *, predicate: bool, output: Path | None) -> None:
    """A version's in-toto statement (JSON) with SLSA's provenance: source, data and params by their hashes, run, builder.

    It says what the records say and is not signed.
    """
    place = place_of(session)
    found = models.released(named(place, reference))
    if journal.load(place.repository, found.record.run) is None:
        _fetch(place)
    if predicate:
        text = cards.predicate(place.repository, found.record)
    else:
        text = cards.provenance(place.repository, found.record, texts={})
    _hand_out(session, text, output, f"{found.tag}: its provenance")


def _hand_out(session: Session, text: str, output: Path | None, what: str) -> None:
    if output is None:
        session.result(text, newline=False)
        return
    files.write_atomic(session.directory / output, text)
    session.say(f"{what} is in {output}")


def _fetch(place: Place) -> None:
    """The run's record from the remote; without it the card says less."""
    try:
        remote = registry.remote_of(place.repository)
        if remote is not None:
            journal.fetch(place.writer, remote)
    except RepositoryError as error:
        place.warn(f"{error.message.splitlines()[0]}; the card says what is known here")
