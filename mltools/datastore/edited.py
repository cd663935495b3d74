"""Data that were changed in the workspace and not added again, so that their .dvc files still name what they were."""

from collections.abc import Mapping

from mltools.datastore.place import of_project, of_worktree
from mltools.edges.hashes import HashCache, UnhashableError
from mltools.project import HASHES, Project


def edited(project: Project, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The tracked data, by their paths in the repository, whose content is not what their .dvc files name.

    Data that are not there do not count: they can be fetched. Git sees none of this before DVC rewrites the .dvc file.
    """
    place = of_project(project, environ)
    if place is None:
        return ()
    hashes = HashCache.load(project.root, project.work_dir / HASHES)
    found = []
    for want in of_worktree(place):
        if not want.source or want.legacy:
            continue
        inside = want.path.startswith(project.prefix)
        name = want.path.removeprefix(project.prefix) if inside else str(place.target(want.path))
        try:
            content = hashes.md5(name)
        except UnhashableError:  # DVC itself will say
            continue
        if content is not None and content != want.md5:
            found.append(want.path)
    hashes.save()
    return tuple(found)
