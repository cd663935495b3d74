"""Which version a person means. Tags that are not here are fetched."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from mltools import registry
from mltools.core.registry import TAGS, Model, Version
from mltools.core.release_record import ReleaseRecord, Unreadable
from mltools.core.tags import Reference, model_name, version_tag
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from mltools.errors import MltoolsError, RepositoryError, UsageError


class OddTagError(RepositoryError):
    """There is a tag of the version's name, and it is none of the registry's."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where models are asked for: a repository, the directory in it ("" at the top), what may be touched outside."""

    repository: Repository
    inside: str
    environ: Mapping[str, str]
    say: Callable[[str], None]
    warn: Callable[[str], None]

    @property
    def writer(self) -> Writer:
        return Writer(self.repository, self.environ)


@dataclass(frozen=True, slots=True)
class Released:
    """A version with what its tag says of it."""

    version: Version
    record: ReleaseRecord

    @property
    def tag(self) -> str:
        return self.version.tag

    @property
    def prefix(self) -> str:
        """The project's place in the repository."""
        return "" if self.record.project == "." else f"{self.record.project}/"


def find(place: Place, text: str) -> tuple[Model, Version]:
    """The version that is named.

    A version never changes, so the tag that is here is enough. What is the latest, or in a stage, is asked of the
    remote first. Raises UsageError for what there is not, with the nearest name.
    """
    wanted = registry.reference(text)
    if wanted.version is None:
        _fetch(place, wanted)
        return _here(place, wanted)
    try:
        return _here(place, wanted)
    except UsageError:
        if not _fetch(place, wanted):
            raise
        return _here(place, wanted)


def released(version: Version) -> Released:
    """The version with its record. Raises RepositoryError when its tag holds none."""
    record = registry.record_of(version)
    if isinstance(record, Unreadable):
        name = version.tag if version.registered else version.version
        raise RepositoryError(
            f"{name}: {record.reason}",
            hint="what `mltools release` made has one; `dvc get --rev TAG REPOSITORY PATH` fetches what DVC knows of it",
        )
    return Released(version, record)


def _here(place: Place, wanted: Reference) -> tuple[Model, Version]:
    known = registry.load_near(place.repository, wanted.model, near=place.inside)
    try:
        model = registry.find_model(known, wanted.model, near=place.inside)
        return model, registry.find_version(model, wanted)
    except UsageError as error:
        named = (
            {version_tag(name, wanted.version) for name in names_of(place, wanted.model)}
            if wanted.version
            else ()
        )
        for odd in known.odd:
            if odd.tag in named:
                raise OddTagError(f"the tag {odd.tag} is no version: {odd.reason}") from error
        raise


def _fetch(place: Place, wanted: Reference) -> bool:
    """Bring a model's tags here; False when there is no remote, or none that answers."""
    remote = registry.remote_of(place.repository)
    if remote is None:
        return False
    try:
        for name in names_of(place, wanted.model):
            if wanted.version is not None:
                tag = version_tag(name, wanted.version)
                place.writer.fetch(remote, f"{TAGS}{tag}:{TAGS}{tag}")
            else:
                patterns = registry.patterns(name)
                place.writer.fetch(remote, *(f"{TAGS}{one}:{TAGS}{one}" for one in patterns))
    except RepositoryError as error:
        place.warn(f"{in_short(error)}; what is known here counts")
        return False
    return True


def in_short(error: MltoolsError) -> str:
    """What went wrong in one line, for a warning about what is gone on without."""
    return error.message.partition("\n")[0].rstrip(":")


def names_of(place: Place, model: str) -> list[str]:
    """What the model may be called in full: as it is, and as a model of the project here."""
    names = [model]
    if place.inside and ":" not in model:
        with suppress(ValueError):  # a directory that no tag can name has no models
            names.append(model_name(place.inside, model))
    return names
