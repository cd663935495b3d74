"""DVC's files on disk: dvc.lock, .dvc files, where its configuration says that the cache is."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from posixpath import dirname, isabs, join, normpath

from mltools.core.freshness import DataFile, UnsureError
from mltools.core.pipeline import LOCK_FILE, conflict_line, parse_files, parse_lock, parse_pipeline
from mltools.core.stages import Lock, LockedFile, Pipeline
from mltools.edges import documents
from mltools.errors import ConfigError

_DATA_KEYS = {"outs", "desc", "meta", "wdir"}
_OUT_KEYS = {
    "path",
    "md5",
    "size",
    "nfiles",
    "hash",
    "isexec",
    "desc",
    "type",
    "labels",
    "meta",
    "push",
    "remote",
}
_CACHE_KEYS = {"dir", "type", "protected", "shared", "slow_link_warning"}


# One command reads the same text several times: before and after the pipeline ran, at the base and here.
@lru_cache(maxsize=8)
def lock_from(content: bytes, name: str = LOCK_FILE) -> Lock:
    """The lock in the bytes of a dvc.lock. Raises ConfigError; a merge conflict is called one."""
    try:
        tree = documents.read_yaml(content, name)
    except ConfigError as error:
        if line := conflict_line(content):
            raise ConfigError(
                f"{name}:{line}: merge conflict",
                hint=f"take one side (`git checkout --ours {LOCK_FILE}`), then `dvc repro` makes it fit the merged files",
            ) from error
        raise
    return parse_lock(tree, name, documents.locator(content, name))


def read_lock(root: Path) -> Lock:
    """dvc.lock of the working tree, empty when there is none."""
    try:
        return lock_from((root / LOCK_FILE).read_bytes())
    except FileNotFoundError:
        return Lock()
    except OSError as error:
        raise ConfigError(f"{LOCK_FILE}: cannot be read: {error.strerror}") from error


@lru_cache(maxsize=8)
def pipeline_from(content: bytes, name: str) -> Pipeline:
    """The pipeline in the bytes of a dvc.yaml. Raises ConfigError."""
    return parse_pipeline(documents.read_yaml(content, name), name, documents.locator(content, name))


def data_file_from(content: bytes, name: str) -> DataFile:
    """What a .dvc file tracks; its outputs' paths are resolved to where its own, `name`, counts from.

    Raises ConfigError when it is malformed, UnsureError when it is more than a file or directory that was added.
    """
    tree = documents.read_yaml(content, name)
    if not isinstance(tree, dict):
        raise ConfigError(f"{name}:1: expected keys and values at the top")
    for key in tree:
        if key not in _DATA_KEYS:
            raise UnsureError(f"{name} holds {key!r}")
    outs = parse_files(tree.get("outs"), name, documents.locator(content, name), ("outs",))
    wdir = join(dirname(name), str(tree.get("wdir") or ""))
    for out, entry in zip(outs, tree.get("outs") or (), strict=True):
        for key in entry:
            if key not in _OUT_KEYS:
                raise UnsureError(f"{name}: {out.path} has {key!r}")
        if isabs(out.path) or "://" in out.path or "\\" in out.path:
            raise UnsureError(f"{name} tracks {out.path}, which lies outside the repository")
    return DataFile(name, tuple(_moved(out, normpath(join(wdir, out.path))) for out in outs))


def cache_dir(dvc_dir: Path, environ: Mapping[str, str]) -> Path:
    """Where DVC keeps objects by their MD5. Raises UnsureError where its configuration leads elsewhere."""
    place = dvc_dir / "cache"
    for config in (*_user_configs(environ), dvc_dir / "config", dvc_dir / "config.local"):
        for key, value in _cache_settings(config):
            if key not in _CACHE_KEYS or (
                key == "dir" and (config.parent != dvc_dir or re.search(r"[$~:%]", value))
            ):
                raise UnsureError(f"{config} sets cache.{key}")
            if key == "dir":
                place = dvc_dir / value
    return place / "files" / "md5"


def _cache_settings(config: Path) -> Iterator[tuple[str, str]]:
    try:
        text = config.read_text("utf-8")
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise UnsureError(f"{config} cannot be read") from error
    section = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("["):
            section = line.strip("[]'\" ").lower()
        elif section == "cache" and line and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            yield key.strip().lower(), value.strip().strip("'\"")


def _user_configs(environ: Mapping[str, str]) -> Iterator[Path]:
    """The system's and the user's configuration of DVC, on Linux and on macOS."""
    home = Path(environ.get("HOME") or "~").expanduser()
    if system := environ.get("DVC_SYSTEM_CONFIG_DIR"):
        yield Path(system, "config")
    else:
        for place in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":"):
            yield Path(place, "dvc", "config")
        yield Path("/Library/Application Support/dvc/config")
    if own := environ.get("DVC_GLOBAL_CONFIG_DIR"):
        yield Path(own, "config")
    else:
        yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config", "dvc", "config")
        yield home / "Library" / "Application Support" / "dvc" / "config"


def _moved(out: LockedFile, place: str) -> LockedFile:
    return replace(out, path=place)
