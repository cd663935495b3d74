"""`mltools model history`, `diff` and `lineage`: what was, what differs, and where a version comes from."""

from datetime import UTC, datetime, time

import click

from mltools import models, registry
from mltools.cli.model_names import complete_names, complete_stages
from mltools.cli.model_read import happened, inside
from mltools.cli.session import Session
from mltools.core import registry_history
from mltools.core.registry import Model
from mltools.core.registry_report import json_text
from mltools.core.tags import Reference
from mltools.edges.git.read import Repository
from mltools.errors import UsageError

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")


@click.command(
    "history",
    epilog="\b\nExamples:\n  mltools model history tumour\n  mltools model history tumour --stage prod\n"
    "  mltools model history tumour --at 2026-01-31",
)
@click.argument("reference", metavar="NAME[@VERSION]", shell_complete=complete_names)
@click.option(
    "-s", "--stage", metavar="STAGE", help="Only what concerns this stage.", shell_complete=complete_stages
)
@click.option(
    "--at", metavar="DATE", help="What stood then instead: a time in ISO 8601, or a date for its end; UTC."
)
@_JSON
@click.pass_obj
def history_command(
    session: Session, reference: str, *, stage: str | None, at: str | None, as_json: bool
) -> None:
    """What happened to a model, the newest first: releases, promotions, approvals, deployments, monitoring.

    Out of the tags and the journal that are here; `git fetch --tags` and `mltools runs sync` bring those of others.
    """
    repository, wanted, model = _model(session, reference)
    if wanted.stage is not None or wanted.latest:
        raise UsageError(
            f"{reference!r} names more than a model or a version", hint="a stage goes with --stage"
        )
    if at is not None:
        tree = registry_history.then_tree(model, _moment(at))
        if as_json:
            session.result(json_text(tree), newline=False)
        else:
            session.result("\n".join(registry_history.then_lines(tree, stage)))
        return
    found = registry_history.about(
        registry_history.entries(model, happened(session, repository, model.name)),
        version=wanted.version,
        stage=stage,
    )
    if as_json:
        session.result(json_text(registry_history.history_tree(model, found)), newline=False)
    else:
        session.result("\n".join(registry_history.history_lines(found)))


@click.command(
    "diff",
    epilog="\b\nExamples:\n  mltools model diff tumour@v1.1.0 tumour@v1.2.0\n"
    "  mltools model diff 'tumour#prod' tumour@latest",
)
@click.argument("old", metavar="NAME@A", shell_complete=complete_names)
@click.argument("new", metavar="NAME@B", shell_complete=complete_names)
@_JSON
@click.pass_obj
def diff_command(session: Session, old: str, new: str, *, as_json: bool) -> None:
    """Two versions side by side by their release records: metrics, params, data, and what the contract changed."""
    from mltools.core import registry_diff  # noqa: PLC0415 - reads contracts, which history has no use for

    named = [_model(session, text)[1:] for text in (old, new)]
    found = [(model, registry.find_version(model, wanted)) for wanted, model in named]
    (model, _), _ = found
    before, after = (models.released(version) for _, version in found)
    comparison = registry_diff.compared(before.record, after.record)
    changes = registry_diff.contract_changes(before.record, after.record)
    if as_json:
        versions = (before.version.version, after.version.version)
        session.result(
            json_text(registry_diff.diff_tree(model.name, versions, comparison, changes)), newline=False
        )
    else:
        session.result("\n".join(registry_diff.diff_lines(comparison, changes, session.paint)))


@click.command(
    "lineage",
    epilog="\b\nExamples:\n  mltools model lineage tumour@v1.2.0\n"
    "  mltools model lineage 'tumour#prod' --mermaid > lineage.md",
)
@click.argument("reference", metavar="NAME@VERSION", shell_complete=complete_names)
@click.option("--mermaid", "as_mermaid", is_flag=True, help="Print a Mermaid diagram for Markdown.")
@_JSON
@click.pass_obj
def lineage_command(session: Session, reference: str, *, as_mermaid: bool, as_json: bool) -> None:
    """Where a version comes from and where it is: data, params, code, stages, run, version, stages of the registry."""
    from mltools.core.lineage import lineage_lines, lineage_mermaid, lineage_tree  # noqa: PLC0415 - as above
    from mltools.models import lineage  # noqa: PLC0415 - as above

    if as_json and as_mermaid:
        raise UsageError("--json and --mermaid are two answers", hint="ask for one of them")
    repository, wanted, model = _model(session, reference)
    version = registry.find_version(model, wanted)
    found = lineage.of_version(repository, model, models.released(version))
    for problem in found.problems:
        session.warn(problem)
    if as_json:
        session.result(json_text(lineage_tree(model.name, version.version, found)), newline=False)
    elif as_mermaid:
        session.result(lineage_mermaid(found))
    else:
        session.result("\n".join(lineage_lines(found)))


def _model(session: Session, text: str) -> tuple[Repository, Reference, Model]:
    repository = Repository.find(session.directory)
    wanted = registry.reference(text)
    _, model = registry.look_up(repository, wanted.model, near=inside(repository, session.directory))
    return repository, wanted, model


def _moment(text: str) -> datetime:
    """A time in UTC; of a date its last second. Raises UsageError."""
    try:
        if len(text) <= len("2026-01-31"):
            return datetime.combine(datetime.fromisoformat(text).date(), time(23, 59, 59), UTC)
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--at {text!r} is no date", hint="such as 2026-01-31, or 2026-01-31T12:00:00Z"
        ) from error
