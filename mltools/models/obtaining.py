"""A released model's bytes, from wherever they are: this disk, the project's store, the DVC remote, the forge."""

from collections.abc import Callable, Iterator
from pathlib import Path

from mltools import ci, datastore, modelfiles, registry
from mltools.ci.provider import Forge
from mltools.core.release_record import ModelFile
from mltools.edges import dvc
from mltools.errors import MltoolsError, StoreError
from mltools.modelfiles import Member, Shelf
from mltools.models.finding import Place, Released


class AbsentError(StoreError):
    """The bytes are in none of the places where they could be."""


Bring = Callable[[], tuple[Member, ...] | None]


def obtain(place: Place, found: Released, scratch: Path) -> tuple[Member, ...]:
    """The model's files on this disk. Raises AbsentError naming where they were looked for, StoreError for other bytes."""
    file = found.record.file
    shelf = modelfiles.shelf(
        place.repository,
        found.prefix,
        place.environ,
        scratch=scratch,
        blobs={file.md5: f"{found.version.commit}:{found.prefix}{file.path}"},
    )
    members = shelf.members(file.md5)
    tried = ["DVC's cache", datastore.REF]
    for source, bring in () if members is not None else _sources(place, found, shelf):
        place.say(f"fetching {file.path} from {source}")
        try:
            members = bring()
        except MltoolsError as error:
            tried.append(f"{source} ({error.message.splitlines()[0]})")
            continue
        if members is not None:
            break
        tried.append(source)
    if members is None:
        raise AbsentError(
            f"{found.tag}: the model {file.path} (MD5 {file.md5}) is in none of these: {', '.join(tried)}",
            hint="where it was released: `mltools data push`",
        )
    if not matches(file, members):
        raise StoreError(
            f"{found.tag}: the bytes of {file.path} are not the released ones (SHA-256 {file.sha256})"
        )
    return members


def matches(file: ModelFile, members: tuple[Member, ...]) -> bool:
    """Whether these files are the released ones, by MD5, SHA-256 and size."""
    if not members or (not file.is_dir and not modelfiles.has_md5(members[0].file, file.md5)):
        return False
    return modelfiles.model_file(file.path, file.md5, members) == file


def _sources(place: Place, found: Released, shelf: Shelf) -> Iterator[tuple[str, Bring]]:
    """Where bytes come from that are not here, the nearest first."""
    remote = registry.remote_of(place.repository)
    if remote is not None:
        yield f"{datastore.REF} at {remote}", lambda: _from_store(place, found, shelf, remote)
    if _has_dvc_remote(place, found):
        yield "the DVC remote", lambda: _from_dvc(place, found, shelf.scratch / "dvc")
    forges = (provider.connect(place.environ) for provider in ci.PROVIDERS.values())
    forge = next((forge for forge in forges if forge is not None), None)
    if forge is not None and not found.record.file.is_dir:
        yield f"the release on {forge.repository}", lambda: _from_forge(forge, found, shelf.scratch / "asset")


def _from_store(place: Place, found: Released, shelf: Shelf, remote: str) -> tuple[Member, ...] | None:
    place.writer.receive(remote, datastore.REF)
    return shelf.members(found.record.file.md5)


def _has_dvc_remote(place: Place, found: Released) -> bool:
    """Whether the version's own DVC configuration names a remote; in a bare repository DVC finds nothing."""
    if place.repository.root is None:
        return False
    paths = {f"{found.prefix}.dvc/config", ".dvc/config"}
    configs = place.repository.read_many(found.version.commit, paths).values()
    return any(config is not None and b"remote" in config for config in configs)


def _from_dvc(place: Place, found: Released, target: Path) -> tuple[Member, ...]:
    file = found.record.file
    path = f"{found.prefix}{file.path}"
    dvc.get(place.repository.cwd, path, target, rev=found.version.commit, environ=place.environ)
    return modelfiles.on_disk(target, file.md5)


def _from_forge(forge: Forge, found: Released, target: Path) -> tuple[Member, ...] | None:
    release = forge.release(found.tag)
    wanted = f"sha256:{found.record.file.sha256}"
    for asset in release.assets if release is not None else ():
        if asset.complete and asset.size == found.record.file.size and asset.digest in {None, wanted}:
            forge.download_asset(asset, target)
            if modelfiles.has_md5(target, found.record.file.md5):
                return modelfiles.on_disk(target, found.record.file.md5)
    return None
