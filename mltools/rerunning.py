"""The pipeline of a commit run again beside the working tree, with the same params or with others."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mltools import comparing, datastore, reproducing
from mltools.core.metrics import Scalar, flatten
from mltools.core.pipeline import DEFAULT_PARAMS
from mltools.datastore.place import of_project
from mltools.edges import documents, dvcconfig, files
from mltools.edges.git.checkout import checkout
from mltools.edges.git.write import Writer
from mltools.errors import ConfigError
from mltools.project import Project, open_project

REFS = "refs/mltools"
READERS = {".yaml": documents.read_yaml, ".yml": documents.read_yaml, ".json": documents.read_json}


@contextmanager
def beside(
    project: Project, commit: str, environ: Mapping[str, str], *, say: Callable[[str], None]
) -> Iterator[Project]:
    """The project at a commit in a clone of its own, with the data it needs; it shares the project's DVC cache."""
    with checkout(project.repository, commit, REFS) as tree:
        clone = open_project(tree / project.prefix)
        place = of_project(project, environ)
        if place is not None:
            # The project's own settings for this machine (how to reach its remote), then its cache.
            dvc_dir = Path(".dvc") / "config.local"
            own = place.root / dvc_dir
            kept = own.read_text(encoding="utf-8") if own.is_file() else ""
            settings = dvcconfig.elsewhere(place.root, place.cache.root.parent.parent)
            files.write_atomic(tree / place.prefix / dvc_dir, f"{kept.rstrip()}\n{settings}")
        datastore.restore(clone, Writer(clone.repository, environ), say=say)
        yield clone


def metrics(clone: Project, doing: reproducing.Doing, *, fresh: bool = False) -> Mapping[str, Scalar]:
    """Run the clone's pipeline; its metrics. With `fresh` every stage runs, whatever DVC remembers."""
    reproducing.reproduce(clone, doing, fresh=fresh)
    return comparing.snapshot_worktree(clone).metrics


def param(project: Project, name: str) -> Scalar:
    """The value of a param, named by its dotted key in params.yaml or by FILE:key. Raises ConfigError without one."""
    path, key = _place(name)
    tree = _read(project.root, path)
    values = flatten(tree)
    if key not in values:
        raise ConfigError(f"{path}: there is no {key}", hint=f"it has {', '.join(list(values)[:8])}")
    return values[key]


def set_param(project: Project, name: str, value: Scalar) -> None:
    """Change a param of a clone. Raises ConfigError where there is none of this name."""
    param(project, name)
    path, key = _place(name)
    tree = _read(project.root, path)
    _put(tree, key, value)
    text = documents.write_json(tree) if path.endswith(".json") else documents.write_yaml(tree)
    files.write_atomic(project.root / path, text)


def _put(node: dict[str, Any], key: str, value: Scalar) -> bool:
    """Set a dotted key that is there; a key of the file may hold dots itself."""
    if key in node:
        node[key] = value
        return True
    steps = key.split(".")
    for length in range(1, len(steps)):
        inner = node.get(".".join(steps[:length]))
        if isinstance(inner, dict) and _put(inner, ".".join(steps[length:]), value):
            return True
    return False


def _place(name: str) -> tuple[str, str]:
    path, _, key = name.rpartition(":")
    return path or DEFAULT_PARAMS, key


def _read(root: Path, path: str) -> Any:
    read = READERS.get(Path(path).suffix)
    if read is None:
        raise ConfigError(f"{path}: only params in YAML and JSON can be changed for a rerun")
    tree = read(files.read_bytes(root / path), path)
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}:1: holds no keys")
    return tree
