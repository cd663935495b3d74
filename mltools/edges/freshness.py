"""Is the pipeline clean? Read from dvc.yaml, dvc.lock, .dvc files and hashes, without starting DVC."""

import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from posixpath import dirname, join, relpath
from typing import Any

from mltools.core.freshness import Changed, Clean, DataFile, Freshness, Unsure, UnsureError, freshness
from mltools.core.pipeline import FILE, LOCK_FILE
from mltools.core.stages import Lock, LockedFile, Pipeline
from mltools.edges import documents, dvcfiles, dvclocks
from mltools.edges.git.read import Repository
from mltools.edges.hashes import HashCache, UnhashableError
from mltools.errors import ConfigError

__all__ = ["Changed", "Clean", "Freshness", "Unsure", "changed"]

PROTECTED = 0o444


def changed(
    root: Path,
    *,
    repository: Repository,
    prefix: str,
    pipeline: Pipeline,
    lock: Lock,
    environ: Mapping[str, str],
    store: Path,
) -> Freshness:
    """What DVC would find changed in the project at `root`, whose place in the repository is `prefix`.

    The answer equals `dvc status` and a `dvc repro` that has nothing to do; `Unsure` where only DVC can tell.
    `store` is the file that hashes are remembered in.
    """
    if pipeline.unsure:
        return Unsure(pipeline.unsure)
    hashes = HashCache.load(root, store)
    try:
        dvc_prefix = _dvc_prefix(repository, prefix)
        dvc_dir = _top(repository) / dvc_prefix / ".dvc"
        if any(holder.alive for holder in dvclocks.holders(dvc_dir)):
            return Unsure("another DVC is at work")
        data = _data_files(repository, prefix, dvc_prefix, pipeline)
        disk = _Disk(root, hashes, dvcfiles.cache_dir(dvc_dir, environ))
        return freshness(pipeline, lock, data, disk)
    except (UnsureError, UnhashableError, ConfigError) as error:
        return Unsure(str(error))
    finally:
        hashes.save()


class _Disk:
    """The workspace and DVC's cache, looked at when asked."""

    def __init__(self, root: Path, hashes: HashCache, cache: Path) -> None:
        self._root = root
        self._hashes = hashes
        self._cache = str(cache)
        self._params: dict[str, Mapping[str, Any] | None] = {}

    def md5(self, path: str, locked: LockedFile) -> str | None:
        if locked.size is not None and not locked.is_dir:
            try:
                info = (self._root / path).stat()
            except OSError:
                info = None
            if info and stat.S_ISREG(info.st_mode) and info.st_size != locked.size:
                return f"size {info.st_size}"
        return self._hashes.md5(path)

    def params(self, path: str) -> Mapping[str, Any] | None:
        if path not in self._params:
            self._params[path] = _read_params(self._root / path, path)
        return self._params[path]

    def cached(self, md5: str) -> bool:
        if not self._object(md5):
            return False
        if not md5.endswith(".dir"):
            return True
        try:
            listing = json.loads(Path(self._place(md5)).read_bytes())
            return all(self._object(held) for held in {entry["md5"] for entry in listing})
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def _object(self, md5: str) -> bool:
        """DVC trusts an object that is write-protected, and hashes any other."""
        place = self._place(md5)
        try:
            info = os.stat(place)  # noqa: PTH116 - asked of every file of a directory; a Path costs more than the answer
        except OSError:
            return False
        return stat.S_IMODE(info.st_mode) == PROTECTED or self._hashes.md5(place) == md5.removesuffix(".dir")

    def _place(self, md5: str) -> str:
        return f"{self._cache}/{md5[:2]}/{md5[2:]}"


def _read_params(path: Path, name: str) -> Mapping[str, Any] | None:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UnsureError(f"{name}: {error.strerror}") from error
    match path.suffix.lower():
        case ".py":
            raise UnsureError(f"{name} holds params as Python")
        case ".toml":
            tree: Any = documents.read_toml(content, name)
        case ".json":
            tree = documents.read_json(content, name)
        case _:
            if content.lstrip().startswith(b"%"):
                raise UnsureError(f"{name} chooses its version of YAML")
            tree = documents.read_yaml(content, name) or {}
    if not isinstance(tree, dict):
        raise UnsureError(f"{name} holds no keys")
    return tree


def _top(repository: Repository) -> Path:
    if repository.root is None:
        raise UnsureError("a bare repository has no pipeline to run")
    return repository.root


def _dvc_prefix(repository: Repository, prefix: str) -> str:
    """Where in the Git repository the DVC repository begins, "" or "sub/"."""
    top, place = _top(repository), prefix
    while not (top / place / ".dvc").is_dir():
        if not place:
            raise UnsureError("there is no DVC repository")
        place = dirname(place.rstrip("/"))
        place = f"{place}/" if place else ""
    return place


def _data_files(repository: Repository, prefix: str, dvc_prefix: str, pipeline: Pipeline) -> list[DataFile]:
    """The .dvc files that DVC checks with this pipeline. Raises UnsureError where other files decide, too."""
    top = _top(repository)
    if (top / ".gitmodules").exists():
        # Git lists no files of submodules; DVC looks into them.
        raise UnsureError("the repository has submodules")
    listed = repository.files(dvc_prefix, ".dvc", FILE, LOCK_FILE, ".dvcignore")
    for own in (f"{prefix}{FILE}", f"{prefix}{LOCK_FILE}", f"{dvc_prefix}.dvcignore"):
        if own not in listed and (top / own).exists():
            raise UnsureError(f"{own} is ignored by Git")
    nested: dict[str, bool] = {}
    found = []
    for path in listed:
        if path == f"{prefix}{FILE}" or _in_nested(path, top, dvc_prefix, nested):
            continue
        name = path.rpartition("/")[2]
        content = _content(top / path)
        if content is None or name == LOCK_FILE:
            continue
        place = relpath(path, prefix or ".")
        if name == ".dvcignore":
            if any(line.strip() and not line.strip().startswith(b"#") for line in content.splitlines()):
                raise UnsureError(f"{place} has patterns")
        elif name == FILE:
            _refuse_overlap(path, prefix, dvcfiles.pipeline_from(content, place), pipeline)
        elif name.endswith(".dvc") and name != ".dvc":
            outs = dvcfiles.data_file_from(content, path).outs
            placed = [replace(out, path=relpath(out.path, prefix or ".")) for out in outs]
            inside = tuple(out for out in placed if not out.path.startswith("../"))
            if inside or not place.startswith("../"):
                found.append(DataFile(place, inside))
    return found


def _in_nested(path: str, top: Path, dvc_prefix: str, nested: dict[str, bool]) -> bool:
    """Whether a path belongs to a DVC repository of its own below this one, or to DVC's own directory."""
    place = dirname(path)
    while len(place) > len(dvc_prefix.rstrip("/")):
        if place.rpartition("/")[2] == ".dvc":
            return True
        if place not in nested:
            nested[place] = (top / place / ".dvc").is_dir()
        if nested[place]:
            return True
        place = dirname(place)
    return False


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnsureError(f"{path.name}: {error.strerror}") from error


def _refuse_overlap(path: str, prefix: str, other: Pipeline, pipeline: Pipeline) -> None:
    """Raise UnsureError when another dvc.yaml writes what this pipeline reads or writes."""
    place = relpath(path, prefix or ".")
    made = {
        relpath(join(dirname(path), stage.place(out.path)), prefix or ".")
        for stage in other.stages
        for out in stage.outs
    }
    ours = {
        stage.place(path)
        for stage in pipeline.stages
        for path in (*stage.deps, *(p.path for p in stage.params), *(o.path for o in stage.outs))
    }
    if other.unsure and any("${" in path for path in made):
        raise UnsureError(f"{place} uses templating for its outputs")
    if any(near in ours for path in made for near in _chain(path)) or any(
        near in made for path in ours for near in _chain(path)
    ):
        raise UnsureError(f"{place} writes what this pipeline uses")


def _chain(path: str) -> Iterator[str]:
    """A path and the directories above it."""
    while path and path not in {".", ".."}:
        yield path
        path = dirname(path)
