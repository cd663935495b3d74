"""The profiles of the project's data sets, kept below .mltools by their ids, and as they travel: canonical JSON."""

from pathlib import Path

from mltools.core.profile import Profile, parse_profile, profile_id
from mltools.edges import documents, files
from mltools.errors import ConfigError, DataError
from mltools.project import Project

PLACE = "cache/profiles"
# What a bundle takes and a journal should hold: some thousand columns.
MOST_BYTES = 8 << 20


def keep(project: Project, profile: Profile) -> str | None:
    """Keep a profile and return its id; None for one that is larger than a run may leave."""
    content = text(profile)
    if len(content) > MOST_BYTES:
        return None
    name = profile_id(profile)
    files.write_atomic(_path(project, name), content)
    return name


def has(project: Project, name: str) -> bool:
    return _path(project, name).is_file()


def load(project: Project, name: str) -> Profile | None:
    """The profile of an id; None where it is not kept here, or not as it was."""
    try:
        return read(files.read_bytes(_path(project, name)), name)
    except (DataError, ConfigError):
        return None


def text(profile: Profile) -> bytes:
    """The profile as it is kept and handed over: equal profiles are equal bytes."""
    return documents.write_json(profile.as_json(), indent=None).encode()


def read(content: bytes, name: str) -> Profile:
    """The profile in a file that is called by its id. Raises ConfigError for what is none, or another one."""
    if len(content) > MOST_BYTES:
        raise ConfigError(f"profile {name}: {len(content):,} bytes; a run's may have {MOST_BYTES:,}")
    profile = parse_profile(documents.read_json(content, f"profile {name}"), f"profile {name}")
    if profile_id(profile) != name:
        raise ConfigError(f"profile {name}: holds another profile than its name says")
    return profile


def _path(project: Project, name: str) -> Path:
    return project.work_dir / PLACE / f"{name}.json"
