"""The data that a release was made from: it must be where others find it, too, before a tag speaks of it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from posixpath import dirname, join, normpath, relpath

from mltools import datastore
from mltools.edges import documents, dvcwants
from mltools.edges.dvcwants import Want
from mltools.releasing.desk import Desk


def sources(desk: Desk) -> tuple[Want, ...]:
    """The data that somebody added to DVC for this project, as the run's commit names them; no stage can make them again."""
    project, record = desk.project, desk.material.record
    begins = datastore.place.dvc_prefix(project.repository, project.prefix)
    if begins is None:
        return ()
    tree = project.repository.tree(record.commit, begins)
    names = [name for name in tree if name.endswith(".dvc") and _is_ours(name, begins, tree)]
    contents = project.repository.read_many(record.commit, names) if names else {}
    files = {
        name: content
        for name, content in contents.items()
        if content is not None and not _imported(name, content)
    }
    used = set(_used(desk))
    return tuple(
        want
        for want in dvcwants.wants(files)
        if want.source and (want.named_by.startswith(project.prefix) or want.path in used)
    )


def targets(desk: Desk, wants: tuple[Want, ...]) -> list[str]:
    """How DVC is asked for the model and these data in the project's directory."""
    named = (relpath(want.named_by, desk.project.prefix or ".") for want in wants)
    model = () if desk.material.in_git else (desk.material.path,)
    return [*model, *dict.fromkeys(named)]


def at_hand(desk: Desk, wants: tuple[Want, ...]) -> dict[str, Path]:
    """The objects of these data that are here, by their MD5."""
    place = datastore.place.of_project(desk.project, desk.writer.environ) if wants else None
    if place is None:
        return {}
    found = datastore.place.items(place, wants)
    return {item.md5: path for item in found if (path := datastore.place.at_hand(place, item)) is not None}


def _imported(name: str, content: bytes) -> bool:
    """Whether the data come out of another repository (`dvc import`), which keeps them."""
    tree = documents.read_yaml(content, name)
    deps = tree.get("deps") if isinstance(tree, dict) else None
    return isinstance(deps, list) and any(isinstance(dep, dict) and "repo" in dep for dep in deps)


def _used(desk: Desk) -> Iterator[str]:
    """The paths, from the repository's top, that the run read: what its stages depend on, and what it validated."""
    prefix = desk.project.prefix
    for stage in desk.material.lock.stages.values():
        yield from (normpath(join(prefix, dep.path)) for dep in stage.deps)
    yield from (normpath(join(prefix, data.path)) for data in desk.material.record.data)


def _is_ours(name: str, begins: str, tree: Mapping[str, str]) -> bool:
    """Whether a file belongs to this DVC repository and not to one of its own below it, or to DVC's directory."""
    directory = dirname(name)
    while len(directory) > len(begins.rstrip("/")):
        if directory.rpartition("/")[2] == ".dvc" or f"{directory}/.dvc/config" in tree:
            return False
        directory = dirname(directory)
    return dvcwants.is_named(name)
