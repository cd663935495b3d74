"""A new project from a template: in a new or empty directory, or beside what a Git repository holds already."""

from mltools.core.config import CI
from mltools.core.config import FILE as CONFIG_FILE
from mltools.edges.templates import RenderedFile
from mltools.errors import UsageError
from mltools.project import config_from
from mltools.scaffold import template as templates
from mltools.scaffold.plan import Plan, in_the_way, steps
from mltools.scaffold.surroundings import Surroundings, Wish, workflows

DEFAULT = "tabular-classification"

# Files that say something of their own in a repository that exists; the project works with the user's as well.
MAY_DIFFER = frozenset({"README.md", "pyproject.toml", "requirements.txt"})


def plan(place: Surroundings, wish: Wish) -> Plan:
    """The plan for a new project. Raises UsageError when something is in its way."""
    if not place.empty and place.repository is None:
        raise UsageError(
            f"{place.root} is not empty, and not in a Git repository",
            hint="name a new directory; or run `git init` there first, to add a project to what it holds",
        )
    template = templates.load(DEFAULT if wish.template is None else wish.template)
    wanted = templates.files(template, name=place.name, ci=ci_values(wish))
    config = config_from(_content(wanted, CONFIG_FILE), CONFIG_FILE)
    planned = (
        *steps(wanted, place.root, shown_from=place.root),
        *steps(workflows(config, place), place.top, shown_from=place.root),
    )
    blocked = in_the_way(planned, MAY_DIFFER)
    if blocked:
        raise UsageError(
            f"{place.root}: in the way of a new project, and not overwritten: {', '.join(blocked)}",
            hint="name another directory, such as a new one in this repository",
        )
    return Plan(
        root=place.root,
        top=place.top,
        name=place.name,
        template=template.name,
        steps=planned,
        data=template.manifest.data,
        git_init=wish.git and place.repository is None,
        dvc_init=wish.git and place.dvc_root is None,
        hook=place.hook if wish.git else None,
        commit=wish.git and place.empty and place.unborn,
        objects=wish.git,
        notes=(*((wish.install_warning,) if wish.ci and wish.install_warning else ()), *place.notes(wish)),
    )


def ci_values(wish: Wish) -> dict[str, str] | None:
    """What the `ci` section of mltools.yaml begins with; None for no section."""
    if wish.ci is None:
        return None
    return {"provider": wish.ci, "python": CI.model_fields["python"].default, "install": wish.install}


def _content(wanted: tuple[RenderedFile, ...], path: str) -> bytes:
    return next(file.content for file in wanted if file.path == path)
