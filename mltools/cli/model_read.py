"""`mltools model list` and `show`: the registry as Git tags hold it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mltools import registry
from mltools.cli.model_names import complete_names
from mltools.cli.session import Session
from mltools.core import registry_report
from mltools.core.registry import Model, Registry
from mltools.edges.git.read import Repository

if TYPE_CHECKING:
    from mltools.core.events import Event

JOURNAL = "refs/mltools/journal"


@click.command(
    "list", epilog="\b\nExamples:\n  mltools model list\n  mltools model list --json | jq '.models[].version'"
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.pass_obj
def list_command(session: Session, *, as_json: bool) -> None:
    """All models: the latest version, the stages, the verdict and the first metrics of each."""
    repository = Repository.find(session.directory)
    known = registry.overview(repository)
    _warn(session, known)
    if as_json:
        session.result(registry_report.json_text(registry_report.registry_tree(known)), newline=False)
        return
    if known.models:
        session.result("\n".join(registry_report.registry_lines(known)))
        _hint_at_tags(session, repository, *known.models.values())
    else:
        session.say("no model has been released here")
        session.hint(registry.BEGINNINGS["model"])


@click.command(
    "show",
    epilog="\b\nExamples:\n  mltools model show tumour\n  mltools model show tumour@v1.2.0 --json\n"
    "  mltools model show 'tumour#prod'",
)
@click.argument("reference", metavar="NAME[@VERSION|#STAGE]", shell_complete=complete_names)
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.pass_obj
def show_command(session: Session, reference: str, *, as_json: bool) -> None:
    """One version: metrics, verdict, model, data, params, who and when; where it is, and how it behaves there.

    Of a model, its latest version and a list of all.
    """
    repository = Repository.find(session.directory)
    wanted = registry.reference(reference)
    known, model = registry.look_up(repository, wanted.model, near=inside(repository, session.directory))
    version = registry.find_version(model, wanted)
    _warn(session, known, model.name)
    from mltools.core import registry_now  # noqa: PLC0415 - `list`, which is asked most, has no use for events

    now = registry_now.now_tree(model, version, happened(session, repository, model.name))
    if as_json:
        tree = {**registry_report.version_tree(model, version), **now}
        session.result(registry_report.json_text(tree), newline=False)
        return
    lines = [*registry_report.version_lines(model, version), *registry_now.now_lines(now)]
    if wanted.version is None and wanted.stage is None and not wanted.latest:
        lines += ["versions:", *(f"  {line}" for line in registry_report.history_lines(model))]
    session.result("\n".join(lines))
    _hint_at_tags(session, repository, model)


def happened(session: Session, repository: Repository, model: str) -> "tuple[Event, ...]":
    """The journal's events of a model, as far as they are here."""
    from mltools.core.events import directory  # noqa: PLC0415 - as below

    if repository.oid(JOURNAL) is None and repository.remotes():
        session.hint(
            "no journal is here: `mltools runs sync` brings approvals, deployments and what monitoring said"
        )
    if repository.oid(f"{JOURNAL}:{directory(model)}") is None:
        return ()
    from mltools import events  # noqa: PLC0415 - loads the journal, which most models have no use for

    return events.of_model(repository, model)


def inside(repository: Repository, directory: Path) -> str:
    """The directory's place in the repository, "" at the top: models of a project there carry it in their name."""
    if repository.root is None:
        return ""
    place = directory.resolve().relative_to(repository.root.resolve()).as_posix()
    return "" if place == "." else place


def _hint_at_tags(session: Session, repository: Repository, *models: Model) -> None:
    """A shallow clone holds the tags of the commits that it fetched, and says so nowhere."""
    lacking = [model.name for model in models if registry_report.lacks_tags(model)]
    if lacking and repository.shallow():
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        session.hint(
            f"this clone is shallow and seems to lack tags of {lacking[0]}{more}: `git fetch --tags` brings them"
        )


def _warn(session: Session, known: Registry, model: str | None = None) -> None:
    for odd in known.odd:
        if model is None or odd.tag.startswith(
            (f"{model.replace(':', '=')}@", f"{model.replace(':', '=')}#")
        ):
            session.warn(f"tag {odd.tag}: {odd.reason}")
