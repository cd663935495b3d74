"""Whether what the journal holds fits together: a record with the dvc.lock and results beside it, and with its commit."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from mltools.core.inputs import lies_in, places_of
from mltools.core.markdown import clean
from mltools.core.metrics import Scalar
from mltools.core.pipeline import LOCK_FILE, metric_files, outputs
from mltools.core.records import Record
from mltools.core.report.text import Paint
from mltools.core.stages import Lock, Pipeline

SCHEMA = 1
SHOWN = 50
SHORT = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was recorded: `kind` is what was looked at, `place` where it stands."""

    kind: str
    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A result beside a record: its hash, and its values where it is a file of values."""

    md5: str
    values: Mapping[str, Scalar] | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What lies beside a record: its dvc.lock, None when there is none, and its small results by path."""

    lock: Lock | None
    kept: Mapping[str, Kept] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """What a record's commit says: the fingerprint of its inputs, its pipeline, and the MD5s of files that Git tracks."""

    inputs: str
    pipeline: Pipeline
    md5s: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Audit:
    """What a verification looked at, found, and could not look at."""

    tip: str | None
    commits: int = 0
    runs: int = 0
    events: int = 0
    tags: int = 0
    findings: tuple[Finding, ...] = ()
    unchecked: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **asdict(self)}


def judge(record: Record, held: Held, source: Source | None, place: str) -> Iterator[Finding]:
    """Whatever of a record does not fit what lies beside it, or its commit where that is known."""
    yield from _stages(record, held, place)
    if source is None or record.dirty:
        return  # of what uncommitted changes did, the commit says nothing
    if record.inputs is not None and record.inputs != source.inputs:
        yield Finding(
            "inputs",
            place,
            f"it speaks of inputs {record.inputs[:SHORT]}; the files of commit {record.commit[:SHORT]} "
            f"give {source.inputs[:SHORT]}",
        )
    if held.lock is not None:
        yield from _outputs(record, held, source.pipeline, held.lock, place)
        yield from _deps(record, source, held.lock, place)
        yield from _metrics(record, held, metric_files(source.pipeline, held.lock), place)


def wanted(record: Record, lock: Lock, pipeline: Pipeline) -> tuple[str, ...]:
    """The files that this run's stages read and that no stage makes: what Git may hold of them must be the same."""
    made = places_of(pipeline)
    found: dict[str, None] = {}
    for stage in record.stages:
        spec, entry = pipeline.stage(stage.name), lock.stages.get(stage.name)
        if spec is not None and entry is not None and stage.state != "skipped" and not spec.frozen:
            places = (spec.place(dep.path) for dep in entry.deps if dep.md5 and not dep.is_dir)
            found.update(dict.fromkeys(path for path in places if not lies_in(path, made)))
    return tuple(found)


def _stages(record: Record, held: Held, place: str) -> Iterator[Finding]:
    locked = {} if held.lock is None else held.lock.stages
    for stage in record.stages:
        if stage.md5 is None:
            continue
        there = locked[stage.name].md5 if stage.name in locked else None
        if there != stage.md5:
            name = clean(stage.name, limit=80)
            yield Finding(
                LOCK_FILE,
                place,
                f"stage {name} was recorded as {stage.md5[:SHORT]}; the {LOCK_FILE} beside it has "
                f"{'no such stage' if there is None else there[:SHORT]}",
            )


def _outputs(record: Record, held: Held, pipeline: Pipeline, lock: Lock, place: str) -> Iterator[Finding]:
    made = outputs(pipeline, lock)
    for out in record.outputs:
        there = made[out.path].md5 if out.path in made else None
        if there != out.md5:
            yield Finding(
                LOCK_FILE,
                place,
                f"{clean(out.path, limit=80)} was recorded with MD5 {out.md5[:SHORT]}; the {LOCK_FILE} beside it "
                f"has {'none' if there is None else there[:SHORT]}",
            )
    for path, kept in held.kept.items():
        there = made[path].md5 if path in made else None
        if there is not None and there != kept.md5:
            yield Finding(
                "result",
                place,
                f"{clean(path, limit=80)} beside it has MD5 {kept.md5[:SHORT]}; its {LOCK_FILE} says {there[:SHORT]}",
            )


def _deps(record: Record, source: Source, lock: Lock, place: str) -> Iterator[Finding]:
    for stage in record.stages:
        spec, entry = source.pipeline.stage(stage.name), lock.stages.get(stage.name)
        if spec is None or entry is None or stage.state == "skipped" or spec.frozen:
            continue
        for dep in entry.deps:
            there = source.md5s.get(spec.place(dep.path))
            if there is not None and dep.md5 is not None and dep.md5 not in there:
                yield Finding(
                    LOCK_FILE,
                    place,
                    f"stage {clean(stage.name, limit=80)} read {clean(dep.path, limit=80)} with MD5 {dep.md5[:SHORT]}, "
                    f"which commit {record.commit[:SHORT]} holds with another content",
                )


def _metrics(record: Record, held: Held, files: tuple[str, ...], place: str) -> Iterator[Finding]:
    """A record has the metrics of the files beside it, one that two files hold as `FILE:key`."""
    if not record.metrics:
        return
    for path in files:
        kept = held.kept.get(path)
        for key, value in ((kept and kept.values) or {}).items():
            name = f"{path}:{key}" if f"{path}:{key}" in record.metrics else key
            if name not in record.metrics or record.metrics[name] != value:
                said = record.metrics.get(name)
                yield Finding(
                    "metrics",
                    place,
                    f"{clean(name, limit=80)} is {clean(str(said), limit=40)} in the record, "
                    f"{clean(str(value), limit=40)} in {clean(path, limit=80)} beside it",
                )


def lines(audit: Audit, paint: Paint) -> list[str]:
    """The findings with their places, and what was looked at."""
    shown = [
        f"{paint('failed', 'red')}: {one.kind}: {clean(one.place, limit=200)}: {one.message}"
        for one in audit.findings[:SHOWN]
    ]
    if (hidden := len(audit.findings) - SHOWN) > 0:
        shown.append(f"... and {hidden:,} more; --json has them all")
    if audit.tip is None and not audit.findings:
        return ["no journal here, and no release names one"]
    counted = ", ".join(
        _count(number, word)
        for number, word in (
            (audit.commits, "commit"), (audit.runs, "run"), (audit.events, "event"), (audit.tags, "release"),
        )
    )  # fmt: skip
    if audit.tip is None:
        return [*shown, f"no journal is here ({counted})"]
    where = f"the journal at {audit.tip[:SHORT]}"
    if audit.findings:
        return [*shown, f"{where} is not what it was: {_count(len(audit.findings), 'finding')} ({counted})"]
    return [f"{paint('passed', 'green')}: {where} is whole ({counted})"]


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' * (number != 1)}"
