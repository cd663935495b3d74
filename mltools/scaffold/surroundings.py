"""Where a project is to be made: what is there already, and what the user wishes."""

from dataclasses import dataclass
from pathlib import Path

from mltools import ci, datastore
from mltools.ci.provider import Facts
from mltools.core.config import FILE as CONFIG_FILE
from mltools.core.config import Config
from mltools.edges import dvc, dvcconfig, files
from mltools.edges.git.read import Repository
from mltools.edges.templates import RenderedFile
from mltools.errors import UsageError
from mltools.project import PIPELINE_FILE

LONGEST_NAME = 80
HOOK = "pre-push"
CHAIN = (
    f'this repository has a {HOOK} hook of its own, or core.hooksPath is set: call `mltools data push --hook "$@"` in '
    "it with the hook's input, so that data goes along with each push"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for. `ci` is None for no workflows; `install` is how they install mltools."""

    template: str | None = None
    name: str | None = None
    ci: str | None = "github"
    git: bool = True
    install: str = ""
    install_warning: str | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is there. `top` is the repository's working tree, or `root` where there is no repository."""

    name: str
    root: Path
    top: Path
    repository: Repository | None
    dvc_root: Path | None
    empty: bool
    hook: Path | None
    hook_taken: bool

    @property
    def prefix(self) -> str:
        """The project's place in the repository, "" or "sub/dir/"."""
        inside = self.root.relative_to(self.top).as_posix()
        return "" if inside == "." else f"{inside}/"

    @property
    def has_pipeline(self) -> bool:
        return (self.root / PIPELINE_FILE).exists()

    @property
    def unborn(self) -> bool:
        """Whether there is no commit yet."""
        return self.repository is None or self.repository.head() is None

    def notes(self, wish: Wish) -> tuple[str, ...]:
        """What the user has to do, because it is not ours to change."""
        return (CHAIN,) if wish.git and self.hook_taken else ()


def look(directory: Path, wish: Wish) -> Surroundings:
    """What is at `directory`, which need not exist. Raises UsageError where no project can be."""
    root = directory.resolve()
    nearest = next(place for place in (root, *root.parents) if place.exists())
    if not nearest.is_dir():
        raise UsageError(f"{nearest} is a file", hint="name a directory that exists, or a new one")
    repository = _repository(root)
    top = repository.root.resolve() if repository and repository.root else root
    held = {path.name for path in root.iterdir()} if root.exists() else set()
    found = dvc.find_root(root)
    hook, taken = _hook(repository, root)
    return Surroundings(
        name=checked_name(root.name if wish.name is None else wish.name),
        root=root,
        top=top,
        repository=repository,
        dvc_root=found if found and found.is_relative_to(top) else None,
        empty=not held - {".git"},
        hook=hook,
        hook_taken=taken,
    )


def enclosing(directory: Path) -> Path | None:
    """The project that a new one at `directory` would lie in; None when there is none, or a project is there already."""
    root = directory.resolve()
    if (root / CONFIG_FILE).exists():
        return None
    for place in (root, *root.parents):
        if (place / CONFIG_FILE).is_file():
            return place
        if (place / ".git").exists():
            return None
    return None


def checked_name(name: str) -> str:
    """The name, when it can stand in a title. Raises UsageError."""
    if name.strip() and name.isprintable() and len(name) <= LONGEST_NAME:
        return name
    raise UsageError(
        f"{name[:LONGEST_NAME]!r} is no name for a project",
        hint=f"give one with --name: up to {LONGEST_NAME} printable characters",
    )


def workflows(config: Config, place: Surroundings) -> tuple[RenderedFile, ...]:
    """The workflow files, with paths from the repository's top; none without a `ci` section."""
    if config.ci is None:
        return ()
    remote = dvcconfig.remote_url(place.dvc_root) if place.dvc_root else None
    forge = ci.forge_of(config)
    return (*forge.workflows(config, Facts(prefix=place.prefix, remote=remote)), *forge.once())


def _repository(root: Path) -> Repository | None:
    start = next(place for place in (root, *root.parents) if place.is_dir())
    if not any((place / ".git").exists() for place in (start, *start.parents)):
        return None
    repository = Repository.find(start)
    if repository.root is None:
        raise UsageError(
            f"{root} lies in a Git directory, not in a working tree", hint="name another directory"
        )
    return repository


def _hook(repository: Repository | None, root: Path) -> tuple[Path | None, bool]:
    """Where our hook goes, None where it does not; and whether another one, or a place for hooks, is in its way."""
    if repository is None:
        return root / ".git" / "hooks" / HOOK, False
    path = repository.common_dir / "hooks" / HOOK
    if repository.config("core.hooksPath"):
        return None, True
    if path.exists():
        return None, files.read_bytes(path) != datastore.PRE_PUSH.encode()
    return path, False
