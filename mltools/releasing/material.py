"""What a release is made of: a run's record and dvc.lock, and what the commit that it speaks of says about the model."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from mltools import bundle, journal, reusing
from mltools.core import config as policy
from mltools.core import tags
from mltools.core.config import Config
from mltools.core.pipeline import FILE as PIPELINE_FILE
from mltools.core.pipeline import outputs
from mltools.core.records import Record, parse_record
from mltools.core.release import Policy
from mltools.core.stages import Lock, LockedFile, Pipeline
from mltools.edges import documents, dvcfiles, files
from mltools.errors import ConfigError, DataError, RepositoryError, UsageError
from mltools.project import LOCK_FILE, Project, config_from

if TYPE_CHECKING:
    from mltools.edges.git.write import Writer

RECORD_FILE = "run.json"
SHORT = 8


@dataclass(frozen=True, slots=True)
class Run:
    """A run that may be released, with what it left.

    `files` (of a bundle) and `kept` (in the journal) are what Git tracks, by the path in the project; `objects` are
    directories laid out as DVC's cache; what is nowhere there may lie in the working tree.
    """

    record: Record
    lock: bytes
    tree: Path
    files: Mapping[str, Path] = field(default_factory=dict)
    kept: Mapping[str, bytes] = field(default_factory=dict)
    objects: tuple[Path, ...] = ()

    def left(self, path: str, md5: str) -> Path | bytes | None:
        """What the run left at a path, if it is still to be had as it was."""
        candidate = self.files.get(path) or self.tree / path
        if candidate.is_file() and files.md5(candidate) == md5:
            return candidate
        content = self.kept.get(path)
        same = content is not None and hashlib.md5(content, usedforsecurity=False).hexdigest() == md5
        return content if same else None


@dataclass(frozen=True, slots=True)
class Material:
    """A run with what its commit says: policy, pipeline, and the model among the outputs in dvc.lock."""

    run: Run
    config: Config
    pipeline: Pipeline
    lock: Lock
    model: str
    path: str
    output: LockedFile
    md5: str
    bump: Policy

    @property
    def record(self) -> Record:
        return self.run.record

    @property
    def tracked(self) -> Mapping[str, LockedFile]:
        """The outputs that Git tracks and DVC does not cache, by their path in the project: metrics, mostly."""
        declared = {
            stage.place(out.path) for stage in self.pipeline.stages for out in stage.outs if not out.cache
        }
        return {
            path: out
            for path, out in outputs(self.pipeline, self.lock).items()
            if path in declared and not out.is_dir
        }

    @property
    def in_git(self) -> bool:
        """Whether Git itself tracks the model, so that the release commit holds it."""
        return self.path in self.tracked


def find_run(project: Project, directory: Path | None, writer: "Writer", remote: str | None) -> Run:
    """The run to release: the one in `directory`, a bundle or what `mltools run` left, or the journal's of HEAD.

    Raises RepositoryError when there is none, or when it had uncommitted changes.
    """
    run = _of_head(project, writer, remote) if directory is None else _from_directory(project, directory)
    record = run.record
    if record.dirty:
        raise RepositoryError(
            f"run {record.id} had uncommitted changes, so no commit says what was run",
            hint="`mltools run` names them: commit or ignore them, run it again, then release",
        )
    if record.project != project.name:
        raise UsageError(
            f"run {record.id} is of the project {record.project!r}, this one is {project.name!r}"
        )
    if project.repository.resolve(record.commit) is None:
        raise RepositoryError(
            f"commit {record.commit[:SHORT]} of run {record.id} is not in this clone",
            hint=f"git fetch {remote or 'origin'} {record.commit}",
        )
    if record.commit != (head := project.repository.head()):
        # A record can be made up; the commit that is checked out cannot.
        raise UsageError(
            f"run {record.id} is of commit {record.commit[:SHORT]}, and {(head or 'nothing')[:SHORT]} is checked out",
            hint=f"git checkout {record.commit[:SHORT]}, then release",
        )
    return run


def material(project: Project, run: Run) -> Material:
    """What the run's commit says about its model.

    Raises ConfigError when nothing says which model is released, or when it is no output of the pipeline.
    """
    repository, commit = project.repository, run.record.commit
    config_path, pipeline_path = f"{project.prefix}{policy.FILE}", f"{project.prefix}{PIPELINE_FILE}"
    contents = repository.read_many(commit, (config_path, pipeline_path))
    for path, content in contents.items():
        if content is None:
            raise ConfigError(f"{path}: not in commit {commit[:SHORT]}, which the run speaks of")
    config = config_from(contents[config_path] or b"", policy.FILE)
    pipeline = dvcfiles.pipeline_from(contents[pipeline_path] or b"", PIPELINE_FILE)
    lock = dvcfiles.lock_from(run.lock)
    if config.release is None:
        raise ConfigError(
            f"{policy.FILE}: has no `release` section, so nothing says which model to release",
            hint="name one of the artifacts in dvc.yaml, for example: release: {model: NAME}",
        )
    path = _path_of(config.release.model, pipeline)
    output, md5 = _output(path, pipeline, lock)
    _belongs(run.record, path, md5)
    try:
        name = tags.model_name(project.prefix, config.release.model)
    except ValueError as error:
        raise ConfigError(f"{policy.FILE}: {error}") from error
    if name.startswith("-"):
        raise ConfigError(
            f"the project lies in {project.prefix.rstrip('/')!r}, and no tag of Git begins with a dash",
            hint="call the directory otherwise",
        )
    return Material(run, config, pipeline, lock, name, path, output, md5, config.release.bump)


def _of_head(project: Project, writer: "Writer", remote: str | None) -> Run:
    repository = project.repository
    head = repository.head()
    if head is None:
        raise RepositoryError(
            "this repository has no commit yet", hint="commit, run `mltools run`, then release"
        )
    record = reusing.record_of(project, head)
    if record is None and remote is not None and journal.fetch(writer, remote):
        record = reusing.record_of(project, head)
    record = record or journal.find(repository, head, project.name)
    if record is None:
        raise RepositoryError(
            f"commit {head[:SHORT]} has no run in the journal, so there is nothing to release",
            hint="run `mltools run` first, or name a run with --run DIR",
        )
    lock = journal.attachment(repository, record, LOCK_FILE)
    if lock is None:
        raise RepositoryError(
            f"run {record.id} was recorded without a {LOCK_FILE}, so its model is not known",
            hint="run `mltools run` again",
        )
    kept = journal.results(repository, record)
    # A commit that holds nothing new but a run's results has the run's inputs: it is released as what was run.
    return Run(record.model_copy(update={"commit": head}), lock, project.root, kept=kept)


def _from_directory(project: Project, directory: Path) -> Run:
    if (directory / LOCK_FILE).is_file():
        found = bundle.read(directory)
        if not found.lock:
            raise RepositoryError(
                f"run {found.record.id} left no {LOCK_FILE}, so its model is not known",
                hint="did its pipeline run? its report says",
            )
        return Run(found.record, found.lock, project.root, found.files, objects=(found.objects,))
    path = directory / RECORD_FILE
    try:
        content = files.read_bytes(path)
    except DataError as error:
        kind = RepositoryError if path.exists() else UsageError
        raise kind(
            f"{directory} holds no run: {error.message}", hint="`mltools run` leaves one in .mltools"
        ) from error
    record = parse_record(documents.read_json(content, str(path)), str(path))
    lock = journal.attachment(project.repository, record, LOCK_FILE)
    if lock is None:
        lock = files.read_bytes(project.root / LOCK_FILE)
    return Run(record, lock, project.root, kept=journal.results(project.repository, record))


def _path_of(model: str, pipeline: Pipeline) -> str:
    if model in pipeline.artifacts:
        return pipeline.artifacts[model].path
    close = get_close_matches(model, pipeline.artifacts, n=1)
    raise ConfigError(
        f"{PIPELINE_FILE}: has no artifact {model!r}, which {policy.FILE} releases",
        hint=f"did you mean {close[0]!r}?"
        if close
        else f"say which file it is, in {PIPELINE_FILE}: artifacts: {{{model}: {{path: PATH, type: model}}}}",
    )


def _output(path: str, pipeline: Pipeline, lock: Lock) -> tuple[LockedFile, str]:
    known = outputs(pipeline, lock)
    found = known.get(path)
    if found is not None and found.md5 is not None:
        return found, found.md5
    raise ConfigError(
        f"{LOCK_FILE}: no stage has the output {path!r}, which {PIPELINE_FILE} calls the model",
        hint=_which_output(path, known),
    )


def _which_output(path: str, known: Iterable[str]) -> str:
    names = sorted(known)
    around = next((name for name in names if path.startswith(f"{name}/")), None)
    if around is not None:
        return f"it lies inside the output {around!r}: make that the artifact's path, or the file an output of its own"
    close = get_close_matches(path, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"the outputs are: {', '.join(names[:8]) or 'none'}"


def _belongs(record: Record, path: str, md5: str) -> None:
    """The lock must be the run's own: the record names its outputs by their hashes."""
    recorded = {output.path: output.md5 for output in record.outputs}
    if recorded.get(path) != md5:
        raise RepositoryError(
            f"run {record.id} left another {path} than {LOCK_FILE} names "
            f"({recorded.get(path) or 'none'} and {md5})",
            hint="run `mltools run` again, and release what it leaves",
        )
