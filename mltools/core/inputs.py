"""The fingerprint of what a run starts from: every tracked file of the project but its pipeline's results."""

import hashlib
from collections.abc import Mapping

from mltools.core.pipeline import LOCK_FILE
from mltools.core.stages import Pipeline


def fingerprint(files: Mapping[str, str], prefix: str, pipeline: Pipeline) -> str:
    """The MD5 of a revision's files, given with their blobs' ids; those below `prefix` are the project's."""
    places = places_of(pipeline)
    digest = hashlib.md5(usedforsecurity=False)
    for path, oid in sorted(files.items()):
        name = path.removeprefix(prefix)
        if name != LOCK_FILE and not lies_in(name, places):
            digest.update(f"{name}\0{oid}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def places_of(pipeline: Pipeline) -> frozenset[str]:
    """The outputs of all stages, by their paths in the project."""
    return frozenset(stage.place(out.path) for stage in pipeline.stages for out in stage.outs)


def lies_in(name: str, places: frozenset[str]) -> bool:
    """Whether a path is one of the places or lies below one."""
    while name:
        if name in places:
            return True
        name = name.rpartition("/")[0]
    return False
