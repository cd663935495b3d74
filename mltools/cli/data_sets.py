"""The data sets of mltools.yaml that an argument names."""

import os
from difflib import get_close_matches
from pathlib import Path

from mltools.core.config import FILE, DataSource
from mltools.core.urls import is_url
from mltools.errors import UsageError
from mltools.project import Project


def chosen(project: Project, directory: Path, name: str | None) -> tuple[DataSource, ...]:
    """The data sets with this path, as it is written in mltools.yaml or seen from `directory`; all when it is None.

    Raises UsageError when there is none.
    """
    sources = project.config.data
    if name is None:
        return sources
    found = tuple(source for source in sources if source.path == name)
    if not found and not is_url(name):
        found = _at(project, directory / name) or _at(project, project.root / name)
    if not found:
        listed = [source.path for source in sources]
        close = get_close_matches(name if is_url(name) else os.path.normpath(name), listed, n=1)
        raise UsageError(
            f"{name} is no data set of {FILE}" + (f"; did you mean {close[0]}?" if close else ""),
            hint=f"it lists {', '.join(listed)}" if listed else f"list it in {FILE} under `data`",
        )
    return found


def _at(project: Project, path: Path) -> tuple[DataSource, ...]:
    wanted = path.resolve()
    return tuple(
        source
        for source in project.config.data
        if not is_url(source.path) and (project.root / source.path).resolve() == wanted
    )
