"""The pre-push hook: what the pushed commits name travels with them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from posixpath import dirname
from typing import TYPE_CHECKING

from mltools.datastore import place as places
from mltools.datastore.moving import DVC_REMOTE, Moved, push_wants
from mltools.edges import dvc, dvcconfig, dvcwants

if TYPE_CHECKING:  # as in moving
    from mltools.edges.git.write import Writer

PRE_PUSH = """\
#!/bin/sh
# mltools: data objects travel with the commits that name them. `git push --no-verify` pushes without them.
# Where mltools is not on the PATH: git config mltools.program /path/to/mltools
mltools=$(git config --get mltools.program || echo mltools)
if ! command -v "$mltools" >/dev/null 2>&1; then
    echo "mltools: not found, so data objects are not pushed; run 'mltools data push' where it is" >&2
    exit 0
fi
exec "$mltools" data push --hook "$@"
"""

_OURS = "refs/mltools/"


def push_hook(writer: "Writer", remote: str, lines: Iterable[str], *, when: datetime) -> Moved:
    """Push the objects that the commits in a pre-push hook's input name; nothing where none is pushed."""
    moved = Moved()
    repository = writer.repository
    for commit in dict.fromkeys(_commits(writer, lines)):
        listed = repository.tree(commit)
        names = [name for name in listed if dvcwants.is_named(name)]
        contents = {
            name: text for name, text in repository.read_many(commit, names).items() if text is not None
        }
        roots = [
            dirname(dirname(name))
            for name in listed
            if name == ".dvc/config" or name.endswith("/.dvc/config")
        ]
        for root in roots:
            prefix = f"{root}/" if root else ""
            place = places.at(repository, prefix, writer.environ)
            if place is None or place.prefix != prefix:
                continue  # not in the working tree: there is no cache to push from
            if dvcconfig.remote_url(place.root) is not None:
                dvc.push(place.root, environ=writer.environ)
                moved = Moved(moved.objects, moved.bytes, DVC_REMOTE, moved.missing)
                continue
            below = [other for other in roots if other.startswith(prefix) and other != root]
            own = {
                name: text
                for name, text in contents.items()
                if name.startswith(prefix) and not any(name.startswith(f"{other}/") for other in below)
            }
            more = push_wants(place, writer, dvcwants.wants(own), remote, when=when)
            moved = Moved(
                moved.objects + more.objects,
                moved.bytes + more.bytes,
                moved.store,
                moved.missing + more.missing,
            )
    return moved


def _commits(writer: "Writer", lines: Iterable[str]) -> Iterator[str]:
    """The commits that are pushed. Each line: local ref, local id, remote ref, remote id; zeros delete."""
    for line in lines:
        words = line.split()
        if len(words) != 4 or not words[1].strip("0") or words[2].startswith(_OURS):  # noqa: PLR2004 - githooks(5)
            continue
        commit = writer.repository.resolve(words[1])
        if commit is not None:
            yield commit
