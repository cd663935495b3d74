"""`mltools workflow`: write the forge's workflows from mltools.yaml, or check that they are what it says."""

from pathlib import Path

import click

from mltools import ci
from mltools import project as projects
from mltools.ci.provider import Facts
from mltools.ci.stamp import State
from mltools.ci.workflow_plan import Change, plan
from mltools.cli.session import Session
from mltools.core.config import FILE
from mltools.edges import documents, dvc, dvcconfig, files
from mltools.errors import DataError, RepositoryError
from mltools.project import Project

EPILOG = """\b
Examples:
  mltools workflow generate --dry-run   what would be written
  mltools workflow generate
  mltools workflow check                ends with 1 when a file is not what mltools.yaml says
"""

REDO = "`mltools workflow generate`"


@click.group("workflow", epilog=EPILOG)
def command() -> None:
    """Write the forge's workflows, or check that they are current.

    They are made from mltools.yaml and lie in .github/workflows at the top of the repository.
    """


@command.command(epilog="\b\nExamples:\n  mltools workflow generate\n  mltools workflow generate --force")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be written; write nothing.")
@click.option("--force", is_flag=True, help="Overwrite files that were edited by hand.")
@click.pass_obj
def generate(session: Session, *, dry_run: bool, force: bool) -> int:
    """Write the workflows. A file that was edited by hand is refused, and then nothing is written."""
    top, changes = _changes(session)
    refused = [change for change in changes if change.by_hand and not force]
    for change in refused:
        session.say(f"error: {change.path} {change.why}")
    if refused:
        session.hint(
            f"say it in {FILE} instead, or rename the file and keep it beside ours; --force overwrites it"
        )
        return 1
    for change in changes:
        if change.state is State.CURRENT:
            session.say(f"unchanged {change.path}")
            continue
        session.result(f"{'would ' if dry_run else ''}{_act(change)}")
        if not dry_run:
            _apply(top, change)
    if not dry_run and any(change.state is not State.CURRENT for change in changes):
        session.hint("git add .github && git commit -m 'Generate the workflows'")
    return 0


@command.command(
    epilog="\b\nExamples:\n  mltools workflow check\n  mltools workflow check --json | jq .current"
)
@click.option("--json", "as_json", is_flag=True, help="Print the state of each file as JSON.")
@click.pass_obj
def check(session: Session, *, as_json: bool) -> int:
    """Exit 1 when a workflow is stale, edited by hand, missing or left over."""
    _, changes = _changes(session)
    wrong = [change for change in changes if change.state is not State.CURRENT and not change.own]
    if as_json:
        listed = [{"path": change.path, "state": change.state.value} for change in changes]
        session.result(
            documents.write_json({"schema": 1, "current": not wrong, "files": listed}), newline=False
        )
    else:
        for change in changes:
            session.result(f"{change.path} {change.why}")
    if wrong:
        session.hint(REDO + (", see --force" if any(change.by_hand for change in wrong) else ""))
    return 1 if wrong else 0


def _changes(session: Session) -> tuple[Path, tuple[Change, ...]]:
    project = projects.open_project(session.directory)
    top = project.repository.root
    if top is None:
        raise RepositoryError("a bare repository holds no workflow files", hint="run this in a clone of it")
    forge = ci.forge_of(project.config)
    wanted, once = forge.workflows(project.config, facts(project)), forge.once()
    paths = {*forge.workflow_paths(project.prefix).values(), *(file.path for file in (*wanted, *once))}
    present = {path: _read(top / path) for path in sorted(paths) if (top / path).exists()}
    return top, plan(wanted, present, once=once)


def facts(project: Project) -> Facts:
    """What the workflows need to know of a project beside its configuration."""
    dvc_root = dvc.find_root(project.root)
    remote = dvcconfig.remote_url(dvc_root) if dvc_root is not None else None
    return Facts(prefix=project.prefix, remote=remote)


def _read(path: Path) -> str:
    try:
        return files.read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text", hint="move the file away or save it as UTF-8") from error


def _act(change: Change) -> str:
    if change.content is None:
        return f"remove {change.path}: {change.why}"
    if change.state is State.MISSING:
        return f"create {change.path}"
    return f"{'overwrite' if change.by_hand else 'update'} {change.path}: it {change.why}"


def _apply(top: Path, change: Change) -> None:
    if change.content is None:
        (top / change.path).unlink()
    else:
        files.write_atomic(top / change.path, change.content)
