"""A project: the directory with `mltools.yaml` and `dvc.yaml`, and the repository it lives in."""

from dataclasses import dataclass
from pathlib import Path

from mltools.core import config as policy
from mltools.core.config import Config
from mltools.core.stages import Lock, Pipeline
from mltools.edges import documents, dvc, dvcfiles, files
from mltools.edges.git.read import Repository
from mltools.errors import ConfigError, DataError, RepositoryError

PIPELINE_FILE = "dvc.yaml"
LOCK_FILE = "dvc.lock"
WORK_DIR = ".mltools"
HASHES = "cache/hashes.json"


@dataclass(frozen=True, slots=True)
class Project:
    """What the working tree says; `prefix` is the project's place in the repository, "" or "sub/dir/"."""

    root: Path
    repository: Repository
    prefix: str
    config: Config
    pipeline: Pipeline

    @property
    def name(self) -> str:
        """How records and comments call the project: its directory in the repository, "." at the top."""
        return self.prefix.rstrip("/") or "."

    @property
    def work_dir(self) -> Path:
        """Where reports and caches go; never tracked."""
        return self.root / WORK_DIR

    @property
    def dvc_dir(self) -> Path | None:
        """Where the settings of the DVC repository lie that the project belongs to; None without one."""
        root = dvc.find_root(self.root)
        return None if root is None else root / ".dvc"


def open_project(directory: Path) -> Project:
    """The project that `directory` lies in.

    Raises ConfigError when there is no mltools.yaml or when it or dvc.yaml is wrong, RepositoryError outside Git.
    """
    root = find_root(directory)
    repository = Repository.find(root)
    if repository.root is None:
        raise RepositoryError(f"{root} is a bare repository", hint="run mltools in a clone of it")
    prefix = root.resolve().relative_to(repository.root.resolve()).as_posix()
    return Project(
        root=root,
        repository=repository,
        prefix="" if prefix == "." else f"{prefix}/",
        config=load_config(root),
        pipeline=load_pipeline(root),
    )


def find_root(directory: Path) -> Path:
    """The nearest directory upwards that holds mltools.yaml. Raises ConfigError when there is none."""
    for candidate in (directory, *directory.parents):
        if (candidate / policy.FILE).is_file():
            return candidate
        if (candidate / ".git").exists():
            break
    raise ConfigError(
        f"no {policy.FILE} in {directory} or above it, up to the repository's top",
        hint="make a project with `mltools init DIR`, or add mltools to this one with `mltools init .`",
    )


def load_config(root: Path) -> Config:
    """mltools.yaml of the working tree."""
    return config_from(files.read_bytes(root / policy.FILE), policy.FILE)


def config_from(content: bytes, name: str) -> Config:
    """A configuration from the bytes of mltools.yaml, in the working tree or at a revision."""
    tree = documents.read_yaml(content, name)
    return policy.parse_config(tree, name, documents.locator(content, name))


def load_pipeline(root: Path) -> Pipeline:
    """dvc.yaml of the working tree."""
    try:
        content = files.read_bytes(root / PIPELINE_FILE)
    except DataError as error:
        raise ConfigError(
            f"{PIPELINE_FILE}: cannot be read: {error.message}",
            hint=f"mltools works on a DVC pipeline; `mltools init` writes one beside {policy.FILE}",
        ) from error
    return pipeline_from(content, PIPELINE_FILE)


def pipeline_from(content: bytes, name: str) -> Pipeline:
    """A pipeline from the bytes of dvc.yaml."""
    return dvcfiles.pipeline_from(content, name)


def read_lock(project: Project) -> bytes | None:
    """The bytes of dvc.lock in the working tree, None before the pipeline has run."""
    path = project.root / LOCK_FILE
    return files.read_bytes(path) if path.is_file() else None


def load_lock(project: Project) -> Lock:
    """dvc.lock of the working tree; an empty one before the pipeline has run."""
    content = read_lock(project)
    if content is None:
        return Lock()
    return dvcfiles.lock_from(content)
