"""A file scored by a released model: out of core, held to the release's contract, resumable, written whole or not at all.

Answers are kept in parts beside the output, in a directory whose name tells the input, the version and the options. A
run that was killed leaves them; the same command goes on behind the last whole part.
"""

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mltools import __version__
from mltools.core import scoring, serving
from mltools.core.contract import Contract
from mltools.core.names import shown, title
from mltools.core.records import Violation
from mltools.core.release_record import ReleaseRecord
from mltools.core.scoring import OnBad, Terms
from mltools.core.validation import Measured, judge, plan
from mltools.edges import files
from mltools.errors import DataError, MltoolsError, StoreError, UsageError
from mltools.models.finding import Place, Released
from mltools.serving.handing import hand

if TYPE_CHECKING:
    from mltools.edges.tables.scoring import Parts, Source
    from mltools.predicting.answering import Answering
    from mltools.server.models import Loaded

FORMS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".parquet": "parquet"}
SUFFIX = ".skops"
BATCH = 20_480
EXAMPLES = 5
# The part of the progress that counting takes; scoring takes the rest.
COUNTING = 0.1
_PART = re.compile(r"part-(\d{12})-(\d{12})\.parquet")

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be scored and how. `ids` are columns to carry through; `batch` is about how many rows a part holds."""

    source: Path
    target: Path
    on_bad: OnBad = "refuse"
    probabilities: bool = False
    ids: tuple[str, ...] = ()
    force: bool = False
    batch: int = BATCH


@dataclass(frozen=True, slots=True)
class Scored:
    """What came of it. `refused` says that nothing was written; `resumed` rows were scored by an earlier run.

    `violations` are the rules of the contract that the file breaks, `bad` the rows that were not scored for it.
    """

    rows: int
    violations: tuple[Violation, ...]
    refused: bool = False
    scored: int = 0
    bad: int = 0
    resumed: int = 0


def predict(
    place: Place, found: Released, task: Task, *, now: datetime, progress: Progress | None = None
) -> Scored:
    """Score a file by a released version.

    Raises UsageError for an output that cannot be meant, DataError for an input that cannot be read and for a model that
    gives no answer, StoreError for a model that is not what was released or cannot be loaded.
    """
    form = check(found, task)
    with _parts_beside(found.record, task) as directory:
        loaded = _loaded(place, found, directory / "model")
        return _Scoring(found, loaded, task, directory, progress).run(form, now)


def check(found: Released, task: Task) -> str:
    """The format of the output. Raises UsageError for a task that cannot be meant."""
    form = FORMS.get(task.target.suffix.lower())
    if form is None:
        raise UsageError(f"{task.target}: an output is called {', '.join(f'*{end}' for end in FORMS)}")
    if not found.record.file.path.endswith(SUFFIX):
        raise UsageError(
            f"{found.tag}: the model {found.record.file.path} is no {SUFFIX} file, which can be loaded safely",
            hint="save it with skops, and release again",
        )
    if not task.source.exists():
        raise UsageError(f"{task.source}: no such file or directory")
    source, target = task.source.resolve(), task.target.resolve()
    if source == target or source in target.parents:
        raise UsageError(f"{task.target}: the output cannot be the input, nor lie in it")
    if target.is_dir():
        raise UsageError(f"{task.target}: is a directory", hint="name the file to write")
    if target.exists() and not task.force:
        raise UsageError(f"{task.target} is there already", hint="--force replaces it")
    return form


class _Scoring:
    """One run over one file."""

    def __init__(
        self, found: Released, loaded: "Loaded", task: Task, directory: Path, progress: Progress | None
    ) -> None:
        self._found = found
        self._loaded = loaded
        self._task = task
        self._directory = directory
        self._progress = progress

    def run(self, form: str, now: datetime) -> Scored:
        from mltools.edges.tables import scoring as tables  # noqa: PLC0415 - DuckDB is loaded where data are read

        record, features = self._found.record, self._loaded.features
        watched = None if self._progress is None else lambda share: self._tell(share, 1, of=COUNTING)
        with tables.opened_source(
            self._task.source,
            str(self._task.source),
            wanted=features,
            missing=scoring.missing_of(record),
            progress=watched,
        ) as source:
            terms = scoring.terms_of(record, features, tuple(source.header), self._task.ids)
            _check_carried(terms, source, self._task)
            contract = scoring.completed(terms, source.types(terms.unruled))
            measured = source.measured(contract, examples=EXAMPLES)
            violations = _judged(contract, measured, terms, now)
            if self._refuses(violations):
                return Scored(measured.rows, violations, refused=True)
            return self._written(source, terms, contract, Scored(measured.rows, violations), form)

    def _refuses(self, violations: tuple[Violation, ...]) -> bool:
        bad = self._task.on_bad == "refuse" and scoring.broken_rows(violations)
        return bool(bad or scoring.refusing(violations, self._loaded.features))

    def _written(
        self, source: "Source", terms: Terms, contract: Contract, so_far: Scored, form: str
    ) -> Scored:
        from mltools.edges.tables.scoring import Asked, Parts  # noqa: PLC0415 - DuckDB
        from mltools.predicting.answering import Answering  # noqa: PLC0415 - loads pandas

        whole = scoring.carrying(contract, terms)
        asked = Asked(
            whole, terms.features, terms.carried, scoring.hard(contract, plan(contract, source.header))
        )
        answering = Answering(self._loaded, terms, self._task.on_bad, probabilities=self._task.probabilities)
        carried = source.kept_types(terms.carried, contract)
        columns = scoring.layout(
            carried, answering.prediction, answering.told_classes, on_bad=self._task.on_bad
        )
        with Parts(self._directory, columns) as parts:
            resumed = self._resume(parts)
            done = resumed
            for frame in source.chunks(asked, after=done, rows=self._task.batch):
                done = self._one(answering, parts, frame, done)
                self._tell(done, so_far.rows, begun=COUNTING)
            if done != so_far.rows:
                raise DataError(f"{self._task.source}: {done:,} rows were read, and {so_far.rows:,} before")
            ready = self._directory / f"whole.{form}"
            kept = self._parts()
            parts.join(kept, ready, form)
            written, problems = parts.count(kept)
        _replace(ready, self._task.target)
        bad = problems if self._task.on_bad == "flag" else done - written
        return replace(so_far, scored=done - bad, bad=bad, resumed=resumed)

    def _one(self, answering: "Answering", parts: "Parts", frame: object, done: int) -> int:
        """Score a chunk and keep it as a part; the number of rows that are done now."""
        answers, count = answering.answers(frame, done)
        parts.write(answers, self._directory / f"part-{done:012d}-{done + count:012d}.parquet")
        return done + count

    def _parts(self) -> list[Path]:
        return sorted(path for path in self._directory.iterdir() if _PART.fullmatch(path.name))

    def _resume(self, parts: "Parts") -> int:
        """How many rows earlier runs have scored; what does not join on to the rows before is taken away."""
        done = 0
        for path in self._parts():
            first, last = (int(text) for text in _PART.fullmatch(path.name).groups())  # type: ignore[union-attr]
            if first == done < last and parts.fits(path):
                done = last
            else:
                path.unlink()
        return done

    def _tell(self, done: float, total: float, *, begun: float = 0.0, of: float = 1.0) -> None:
        if self._progress is not None and total:
            self._progress(begun + (of - begun) * done / total)


def _judged(contract: Contract, measured: Measured, terms: Terms, now: datetime) -> tuple[Violation, ...]:
    """What the counts mean; a column that the release knows, such as the target, is none too many."""
    header = {
        name: kept
        for name, kept in measured.header.items()
        if name in contract.columns or name not in terms.known
    }
    return judge(contract, replace(measured, header=header), now=now, examples=EXAMPLES)


def _check_carried(terms: Terms, source: "Source", task: Task) -> None:
    for name in terms.carried:
        if name not in source.header:
            there = ", ".join(title(column) for column in list(source.header)[:8])
            raise UsageError(f"--id {shown(name)}: {task.source} has no such column", hint=f"it has {there}")


def _loaded(place: Place, found: Released, models: Path) -> "Loaded":
    """The version fetched, checked and loaded. Raises StoreError for one that cannot be loaded."""
    from mltools.server.files import ServerError  # noqa: PLC0415 - the model's libraries load for a second
    from mltools.server.models import load  # noqa: PLC0415 - as above

    hand(place, found, models, model=found.record.model)
    try:
        return load(models, found.record.model, serving.plain(found.record.version))
    except ServerError as error:
        raise StoreError(
            f"{found.tag}: {error}", hint="`mltools model verify` tells whether it is what was released"
        ) from error


@contextmanager
def _parts_beside(record: ReleaseRecord, task: Task) -> Iterator[Path]:
    """The directory of this task's parts, held alone; gone afterwards unless it holds parts of an unfinished run."""
    directory = task.target.parent / f".{task.target.name}.{_key(record, task)}.parts"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handle = (directory / "lock").open("w")
    except OSError as error:
        raise files.unwritable(task.target, error) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise MltoolsError(
                f"{task.target}: another mltools writes it now", hint="wait for it, or name another output"
            ) from error
        done = False
        try:
            yield directory
            done = True
        finally:
            if done or not any(_PART.fullmatch(path.name) for path in directory.iterdir()):
                shutil.rmtree(directory, ignore_errors=True)


def _key(record: ReleaseRecord, task: Task) -> str:
    """What the parts depend on: the bytes of the input, the model's, how it is asked, and by which mltools."""
    from mltools.edges.tables.parts import listed  # noqa: PLC0415 - DuckDB is loaded where data are read

    inputs = [
        f"{part.name} {files.sha256(part.path)}" for part in listed(task.source, task.source.name).files
    ]
    facts = [
        __version__,
        record.model,
        record.version,
        record.file.sha256,
        task.on_bad,
        str(task.probabilities),
        *task.ids,
        *inputs,
    ]
    return hashlib.sha256("\0".join(facts).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _replace(ready: Path, target: Path) -> None:
    try:
        with ready.open("rb") as stream:
            os.fsync(stream.fileno())
        ready.replace(target)
    except OSError as error:
        raise files.unwritable(target, error) from error


def as_json(found: Released, task: Task, done: Scored) -> Mapping[str, object]:
    """The outcome as a JSON tree."""
    return {
        "schema": 1,
        "model": found.record.model,
        "version": found.record.version,
        "input": str(task.source),
        "output": None if done.refused else str(task.target),
        "refused": done.refused,
        "on_bad": task.on_bad,
        "rows": done.rows,
        "scored": done.scored,
        "bad": done.bad,
        "resumed": done.resumed,
        "violations": [item.model_dump(mode="json") for item in done.violations],
    }
