"""`mltools init`: make a project that runs at once, or add what is missing to a pipeline that is there."""

import shlex
from dataclasses import replace
from pathlib import Path

import click

from mltools import scaffold
from mltools.cli.session import Session
from mltools.edges import installed, templates
from mltools.errors import UsageError
from mltools.scaffold import Action, Plan, Wish
from mltools.scaffold import template as project_templates
from mltools.scaffold.fresh import DEFAULT

PROVIDERS = ("github", "none")


@click.command()
@click.argument("directory", default=".", metavar="[DIR]")
@click.option("-t", "--template", metavar="T", help=f"What a new project starts from (default: {DEFAULT}).")
@click.option("--name", metavar="NAME", help="How the project is called (default: as its directory).")
@click.option("--ci", type=click.Choice(PROVIDERS), help="Whose workflows to write (default: github).")
@click.option("--no-input", is_flag=True, help="Ask nothing; take the defaults.")
@click.option("--no-git", is_flag=True, help="Write the files; leave Git and DVC alone.")
@click.option("-n", "--dry-run", is_flag=True, help="Show what would be done; do nothing.")
@click.pass_obj
def command(
    session: Session,
    *,
    directory: str,
    template: str | None,
    name: str | None,
    ci: str | None,
    no_input: bool,
    no_git: bool,
    dry_run: bool,
) -> None:
    """Make a project in DIR, complete with data, pipeline, tests, gates, workflows and a first commit.

    Where DIR holds a DVC pipeline already, only what is missing is added. Nothing is ever overwritten.

    \b
    Examples:
      mltools init my-project
      mltools init my-project --template tabular-regression --no-input
      mltools init . --dry-run
    """  # noqa: D301 - click wants the real character
    place = session.directory / directory
    install, warning = installed.requirement()
    wish = Wish(template, name, ci, git=not no_git, install=install, install_warning=warning)
    asking = session.interactive and not no_input
    _beware_of_nesting(session, place, asking=asking)
    if asking:
        wish = _ask(place, wish)
    wish = replace(wish, ci=None if wish.ci == "none" else wish.ci or "github")
    plan = scaffold.plan(place, wish)
    if dry_run:
        _list(session, plan, "would ")
        return
    if not plan.changes:
        session.say("Nothing to do: all that `mltools init` makes is there.")
        return
    scaffold.apply(plan, environ=session.environ, when=session.clock())
    if plan.template is None:
        _list(session, plan)
        if not any(step.writes for step in plan.steps):
            session.say("No file is missing.")
    else:
        written = sum(step.writes for step in plan.steps)
        session.result(f"Made {place}: {written} files from the template {plan.template}.")
    for note in plan.notes:
        session.warn(note)
    for line in _next(session, plan):
        session.hint(line)


def _beware_of_nesting(session: Session, place: Path, *, asking: bool) -> None:
    """A project inside another is seldom meant. Raises UsageError unless somebody says that it is."""
    outer = scaffold.enclosing(place)
    if outer is None:
        return
    problem = f"{place.resolve()} lies inside the project at {outer}"
    advice = f"to add to that project, work in it; another one goes beside it, not below {outer}"
    if not asking:
        raise UsageError(problem, hint=f"{advice}; on a terminal, `mltools init` asks whether it is meant")
    session.warn(problem)
    if not click.confirm("Make a project of its own there all the same?", default=False, err=True):
        raise UsageError("nothing was made", hint=advice)


def _ask(place: Path, wish: Wish) -> Wish:
    """The questions that matter and were not answered by an option. In an existing pipeline only the last is left."""
    found = scaffold.look(place, wish)
    if not found.has_pipeline:
        if wish.name is None:
            wish = replace(wish, name=click.prompt("Name of the project", default=found.name, err=True))
        if wish.template is None:
            names = templates.projects()
            for name in names:
                click.echo(f"  {name}: {project_templates.load(name).manifest.description}", err=True)
            chosen = click.prompt("Template", type=click.Choice(names), default=DEFAULT, err=True)
            wish = replace(wish, template=chosen)
    if wish.ci is None:
        wish = replace(
            wish, ci=click.prompt("Workflows for", type=click.Choice(PROVIDERS), default="github", err=True)
        )
    return wish


def _list(session: Session, plan: Plan, would: str = "") -> None:
    """Each file and act of the plan, a line each."""
    for step in plan.steps:
        why = {Action.DIFFERS: " (yours; left as it is)", Action.EXTEND: " (lines added at its end)"}
        session.result(f"{step.action:<8}{step.shown}{why.get(step.action, '')}")
    if plan.git_init:
        session.result(f"{would}run git init")
    if plan.dvc_init:
        session.result(f"{would}run dvc init{' --subdir' if plan.subdir else ''}")
    if plan.hook is not None:
        shown = plan.hook.relative_to(plan.root) if plan.hook.is_relative_to(plan.root) else plan.hook
        session.result(f"{would}install the pre-push hook {shown}")
    if plan.objects:
        session.result(f"{would}keep the data of {', '.join(plan.data)} in refs/mltools/objects")
    if plan.commit:
        session.result(f"{would}commit all of it")


def _next(session: Session, plan: Plan) -> tuple[str, ...]:
    """What to type now."""
    where = shlex.quote(str(plan.root))
    move = () if plan.root == session.directory.resolve() else (f"cd {where}",)
    if plan.template is not None and not plan.objects:
        return (*move, "git init && mltools init .    # then: mltools run")
    if plan.template is None:
        written = [step.shown for step in plan.steps if step.writes]
        written += [".dvc", ".dvcignore"] if plan.dvc_init else []
        keep = (f"git add {shlex.join(written)} && git commit -m 'Add mltools'",) if written else ()
        return (*move, *keep, "mltools run")
    if not plan.commit:
        move = (*move, "git add . && git commit -m 'Start the project'")
    return (
        *move,
        "mltools run",
        "git add . && git commit -m 'First run'    # keeps dvc.lock, metrics and reports",
    )
