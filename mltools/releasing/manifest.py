"""The SHA-256 of all that a release was made from, as far as it is here: files of the commit, dvc.lock, results, data."""

import hashlib
from collections.abc import Iterator
from posixpath import join, normpath

from mltools import modelfiles
from mltools.core import config as policy
from mltools.core.pipeline import FILE as PIPELINE_FILE
from mltools.edges import files
from mltools.project import LOCK_FILE
from mltools.releasing.desk import Desk

MOST = 1_000


def checksums(desk: Desk) -> dict[str, str]:
    """SHA-256 by path in the project; of a directory that of the list of its files, as for a model.

    Data that are not here have none; their MD5 stands in the record all the same.
    """
    found = dict(sorted({**dict(_committed(desk)), **dict(_results(desk)), **dict(_data(desk))}.items()))
    found[LOCK_FILE] = hashlib.sha256(desk.material.run.lock).hexdigest()
    return dict(list(found.items())[:MOST])


def _committed(desk: Desk) -> Iterator[tuple[str, str]]:
    """What the run's commit says about how it was made: policy, pipeline, contracts, params, requirements."""
    material, prefix = desk.material, desk.project.prefix
    config = material.config
    names = {policy.FILE, PIPELINE_FILE, *(source.contract for source in config.data)}
    names |= {name for stage in material.lock.stages.values() for name in stage.params}
    if config.ci is not None and config.ci.requirements is not None:
        names.add(config.ci.requirements)
    places = {name: normpath(join(prefix, name)) for name in names}
    contents = desk.project.repository.read_many(material.record.commit, places.values())
    for name, place in places.items():
        content = contents[place]
        if content is not None:
            yield normpath(name), hashlib.sha256(content).hexdigest()


def _results(desk: Desk) -> Iterator[tuple[str, str]]:
    """The results that Git tracks, as the run left them."""
    material, prefix = desk.material, desk.project.prefix
    places = {path: normpath(join(prefix, path)) for path in material.tracked}
    contents = desk.project.repository.read_many(material.record.commit, places.values()) if places else {}
    for path, out in material.tracked.items():
        content = contents[places[path]]
        same = content is not None and hashlib.md5(content, usedforsecurity=False).hexdigest() == out.md5
        left = content if same else material.run.left(path, out.md5 or "")
        if left is not None:
            yield path, hashlib.sha256(left).hexdigest() if isinstance(left, bytes) else files.sha256(left)


def _data(desk: Desk) -> Iterator[tuple[str, str]]:
    for data in desk.material.record.data:
        members = desk.shelf.members(data.md5) if data.md5 is not None else None
        if members is not None and data.md5 is not None:
            yield data.path, modelfiles.model_file(data.path, data.md5, members).sha256
