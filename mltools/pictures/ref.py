"""Pictures behind an append-only ref of the project's own repository, addressed by the commit that holds them.

Whoever may read the repository sees them, nobody else, and no other host learns of it.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from mltools.pictures.backend import Place

if TYPE_CHECKING:
    from mltools.edges.git.write import Writer

REF = "refs/mltools/images"


def put(pictures: Mapping[str, bytes], place: Place, writer: "Writer", *, when: datetime) -> int:
    if not pictures:
        return 0
    remote = "origin" if "origin" in place.project.repository.remotes() else None
    if remote:
        writer.receive(remote, REF)
    named = {_path(digest): content for digest, content in pictures.items()}
    writer.append(REF, named, "Add pictures of a run", when=when)
    if remote:
        writer.publish(remote, REF, when=when)
    return len(named)


def addresses(wanted: Collection[str], place: Place) -> dict[str, str]:
    repository = place.project.repository
    tip = repository.oid(REF) if wanted else None
    if tip is None:
        return {}
    there = repository.tree(tip)
    found = {digest: place.hosts.address(tip, _path(digest)) for digest in wanted if _path(digest) in there}
    return {digest: address for digest, address in found.items() if address is not None}


def _path(digest: str) -> str:
    return f"{digest[:2]}/{digest}.png"
