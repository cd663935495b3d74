"""A plan carried out: everything, or nothing that stays."""

import hashlib
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from mltools import datastore
from mltools.edges import dvc, files, process
from mltools.edges.git import start
from mltools.edges.git.write import Writer
from mltools.errors import MltoolsError
from mltools.project import open_project
from mltools.scaffold.plan import Action, Plan, Step

DVC_FILES = (".dvc/.gitignore", ".dvc/config", ".dvcignore")


def apply(plan: Plan, *, environ: Mapping[str, str], when: datetime) -> None:
    """Do what the plan says. Whatever goes wrong, what was made until then is taken away again."""
    with _undone_on_failure() as trail:
        trail.directory(plan.root)
        if plan.git_init:
            trail.made(plan.root / ".git")
            start.init(plan.root, environ=environ)
        for step in plan.steps:
            if step.writes:
                _write(step, trail)
        if plan.dvc_init:
            trail.made(plan.root / ".dvc", plan.root / ".dvcignore")
            dvc.init(plan.root, environ=environ, subdir=plan.subdir)
        _cache(plan, trail)
        if plan.hook is not None:
            _write(Step(Action.CREATE, plan.hook, "", datastore.PRE_PUSH.encode(), executable=True), trail)
        if plan.commit:
            message = f"Start {plan.name} from the {plan.template} template\n"
            start.first_commit(plan.root, _committed(plan), message, environ=environ, when=when)
        if plan.objects:
            project = open_project(plan.root)
            datastore.push(project, Writer(project.repository, environ), None, when=when)
        program = Path(sys.executable).with_name("mltools")
        if plan.hook is not None and process.find("mltools") is None and program.exists():
            # From an environment that is not on the PATH; the hook would find no mltools, and push without the data.
            start.configure(plan.root, "mltools.program", str(program), environ=environ)


@dataclass(slots=True)
class _Trail:
    """What was made, in order, and what files held before."""

    created: list[Path] = field(default_factory=list)
    changed: list[tuple[Path, bytes]] = field(default_factory=list)

    def made(self, *paths: Path) -> None:
        """Note what is about to be made and is not there yet."""
        self.created.extend(path for path in paths if not path.exists())

    def directory(self, path: Path) -> None:
        """Make a directory with its parents."""
        missing = [place for place in (path, *path.parents) if not place.exists()]
        self.made(*reversed(missing))
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MltoolsError(
                f"cannot make {path}: {error.strerror or error}",
                hint="check the permissions of the directory above",
            ) from error

    def undo(self) -> tuple[Path, ...]:
        """Take everything back; what could not be removed."""
        for path, content in reversed(self.changed):
            with suppress(MltoolsError):
                files.write_atomic(path, content)
        for path in reversed(self.created):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with suppress(OSError):
                    path.unlink()
        return tuple(path for path in self.created if path.exists())


@contextmanager
def _undone_on_failure() -> Iterator[_Trail]:
    trail = _Trail()
    try:
        yield trail
    except BaseException as error:
        left = trail.undo()
        if left and isinstance(error, MltoolsError):
            error.hint = f"remove by hand what could not be taken back: {', '.join(map(str, left))}"
        raise


def _write(step: Step, trail: _Trail) -> None:
    trail.directory(step.target.parent)
    if step.action is Action.EXTEND:
        trail.changed.append((step.target, files.read_bytes(step.target)))
    else:
        trail.made(step.target)
    files.write_atomic(step.target, step.content)
    if step.executable:
        step.target.chmod(0o755)


def _cache(plan: Plan, trail: _Trail) -> None:
    """Put data into DVC's cache, as `dvc add` would, under the hash that the `.dvc` file beside it names."""
    dvc_root = dvc.find_root(plan.root)
    if dvc_root is None:
        return
    for name in plan.data:
        content = files.read_bytes(plan.root / name)
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        target = dvc_root / ".dvc" / "cache" / "files" / "md5" / digest[:2] / digest[2:]
        if not target.exists():
            _write(Step(Action.CREATE, target, "", content), trail)
            target.chmod(0o444)


def _committed(plan: Plan) -> Iterator[str]:
    """The paths of the first commit: all that was made, but for the data, which DVC keeps."""
    for step in plan.steps:
        if step.shown not in plan.data and step.target.exists():
            yield step.target.relative_to(plan.root).as_posix()
    yield from (name for name in DVC_FILES if (plan.root / name).exists())
