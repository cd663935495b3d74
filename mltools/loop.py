"""The loop: validate, reproduce, compare, judge, report, record. `mltools run` and every workflow call it."""

import platform
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from mltools import (
    __version__,
    baseline,
    bundle,
    checking,
    comparing,
    datachanges,
    datastore,
    evidence,
    exhibits,
    journal,
    overriding,
    reproducing,
    reusing,
    surroundings,
)
from mltools.baseline import Baseline
from mltools.ci.fitting import byte_size
from mltools.core import page, report
from mltools.core import pipeline as pipelines
from mltools.core.context import Context
from mltools.core.data_changes import DataChange, compact
from mltools.core.gates import Facts
from mltools.core.metrics import Scalar
from mltools.core.records import DataSet, Environment, GateResult, Output, Record, Stage
from mltools.core.report.around import NOTHING, Around
from mltools.core.report.facts import summarise
from mltools.core.verdict import Outcome, Verdict, overall
from mltools.edges import documents, dvc, files
from mltools.edges.git.write import Writer
from mltools.errors import RepositoryError
from mltools.exhibits import Exhibits
from mltools.project import LOCK_FILE, WORK_DIR, Project, load_lock, read_lock

REPORT_FILE, RECORD_FILE = "report.md", "run.json"
NOT_TRAINED = "nothing was trained, because the data break their contract"


@dataclass(frozen=True, slots=True)
class Request:
    """What a run is asked to do, and the outside it may touch. `detail` is told what the stages print."""

    context: Context
    environ: Mapping[str, str]
    clock: Callable[[], datetime]
    say: Callable[[str], None]
    base: str | None = None
    keep: bool = True
    detail: Callable[[str], None] | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that came to its end.

    `kept` says whether the journal has a new record for it; `earlier` is the record that says the same already.
    `around` is what the report shows beside the record.
    """

    record: Record
    report: str
    lock: bytes | None
    kept: bool
    earlier: str | None = None
    around: Around = NOTHING


def run(project: Project, request: Request) -> Finished:
    """One pass of the loop over the working tree.

    Raises RepositoryError without a commit, DataError for data or metrics that cannot be read, ConfigError for a gate
    over a metric that nobody writes, CommandError when a stage fails. A failed gate is a verdict in the record.
    """
    started = time.monotonic()
    head = project.repository.head()
    if head is None:
        raise RepositoryError(
            "this repository has no commit yet, and a run speaks of a commit",
            hint="git add -A && git commit -m 'Start'",
        )
    dirty = bool(uncommitted(project, request.environ))
    base = baseline.resolve(project, request.context, head, requested=request.base, dirty=dirty)
    start = _Start(head, base, dirty, None if dirty else reusing.inputs_of(project, head))
    if (earlier := _reusable(project, request.context, start)) is not None:
        request.say(f"commit {head[:8]} already has the record {earlier.id}; nothing to compute")
        lock = journal.attachment(project.repository, earlier, LOCK_FILE)
        around = surroundings.around(project, earlier)
        text = _report(earlier, around)
        return Finished(earlier, text, lock, kept=False, earlier=earlier.id, around=around)
    result = _execute(project, request, start)
    record = _record(project, request, start, result, seconds=time.monotonic() - started)
    around = surroundings.around(project, record)
    text = _report(record, around)
    lock = read_lock(project)
    same = _same(project, record) if request.keep else None
    kept = request.keep and same is None
    if kept:
        _keep(project, request, record, text, lock)
    return Finished(record, text, lock, kept=kept, earlier=same, around=around)


def _report(record: Record, around: Around) -> str:
    """The report as Markdown, whole unless it is beyond all measure."""
    return report.render(record, limit=bundle.MAX_REPORT, size=byte_size, around=around)


def shown(project: Project, finished: Finished) -> bundle.Shown:
    """What people look at: the report as Markdown and as a page with its pictures, and those that a comment may show."""
    record = finished.record
    held = exhibits.pictures(project.root, record.images)
    html = page.render(record, around=finished.around, pictures=held)
    return bundle.Shown(finished.report, html, {} if project.config.report.images == "none" else held)


def write_results(finished: Finished, people: bundle.Shown, directory: Path) -> None:
    """`report.md`, `report.html` and `run.json` in a directory, by default the project's own that Git does not see."""
    if directory.name == WORK_DIR and not (directory / ".gitignore").exists():
        files.write_atomic(directory / ".gitignore", "*\n")
    files.write_atomic(directory / REPORT_FILE, people.report)
    files.write_atomic(directory / bundle.PAGE_FILE, people.page)
    files.write_atomic(directory / RECORD_FILE, documents.write_json(finished.record.as_json()))


def data_of(project: Project, record: Record) -> dict[str, bytes]:
    """What belongs to the data sets of a run, by its name beside the record: their profiles, and some contracts."""
    kept = datachanges.kept_attachments(project.repository, record)
    return {**kept, **datachanges.attachments(project, record)}


def uncommitted(project: Project, environ: Mapping[str, str]) -> tuple[str, ...]:
    """What makes a run one of uncommitted changes: files that Git sees, or data that only DVC does."""
    return inputs_changed(project) or datastore.edited(project, environ)


def inputs_changed(project: Project) -> tuple[str, ...]:
    """Changed or new files of the project that are no results of its pipeline: what makes a run's inputs uncommitted.

    dvc.lock and the metrics that a run has just written do not count: they follow from the commit.
    """
    return tuple(path for path, is_result in _changes(project) if not is_result)


def results_changed(project: Project) -> tuple[str, ...]:
    """Results of the pipeline that Git tracks or would track, and that are not committed as they are."""
    return tuple(path for path, is_result in _changes(project) if is_result)


def _changes(project: Project) -> Iterator[tuple[str, bool]]:
    """Each changed file of the project, and whether it is a result."""
    places = reusing.outputs_of(project) | {LOCK_FILE}
    for path in project.repository.changes(project.prefix):
        yield path, reusing.lies_in(path.removeprefix(project.prefix), places)


@dataclass(frozen=True, slots=True)
class _Start:
    """What a run sets out from; `inputs` is the hash of them, None when some are not committed."""

    head: str
    base: Baseline
    dirty: bool
    inputs: str | None


@dataclass(frozen=True, slots=True)
class _Result:
    """What the working tree turned out to be. `changes` of the data are as `baseline.data_changes` tells them."""

    data: tuple[DataSet, ...]
    changes: tuple[DataChange, ...] | str | None
    stages: tuple[Stage, ...] = ()
    metrics: Mapping[str, Scalar] = field(default_factory=dict)
    params: Mapping[str, Scalar] = field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()
    warnings: tuple[str, ...] = ()
    shown: Exhibits = field(default_factory=Exhibits)
    facts: Facts = field(default_factory=lambda: Facts({}))


def _execute(project: Project, request: Request, start: _Start) -> _Result:
    by_hand = request.context.trigger == "local"
    # By hand the workspace may hold results of another branch; DVC sorts that out.
    primed = (
        None if by_hand or start.inputs is None else reusing.prime(project, start.inputs, say=request.say)
    )
    datastore.restore(project, Writer(project.repository, request.environ), say=request.say)
    doing = reproducing.Doing(request.environ, request.say, clean_locks=not by_hand, detail=request.detail)
    made = reproducing.sources(project, doing)
    data = checking.validate(project, now=request.clock(), say=request.say)
    changes = baseline.data_changes(project, start.base, data)
    if any(item.outcome is Outcome.FAILED for item in data):
        request.say("the data breaks its contract: nothing is trained on it")
        facts = baseline.data_facts(project, start.base, data, changes, unread=NOT_TRAINED)
        verdicts = baseline.judge_data(project, start.base, facts)
        params = comparing.snapshot_worktree(project).params
        return _Result(data, changes, stages=made, params=params, verdicts=verdicts)
    stages = reproducing.joined(made, reproducing.reproduce(project, doing))
    if primed is not None:
        stages = tuple(
            stage.model_copy(update={"state": "cached"}) if stage.state == "skipped" else stage
            for stage in stages
        )
    snapshot = comparing.snapshot_worktree(project)
    gates = baseline.gates_of(project, start.base)
    facts = baseline.data_facts(project, start.base, data, changes)
    asked = evidence.Run(request.environ, request.say, start.head, start.inputs, stages, facts)
    found = evidence.gather(project, start.base, gates, snapshot.metrics, asked)
    verdicts, refused = overriding.apply(
        project,
        baseline.judge_by(project, start.base, found.facts),
        start.base,
        start.inputs,
        request.environ,
    )
    shown = exhibits.collect(project)
    warnings = (*snapshot.problems, *found.problems, *refused, *shown.problems)
    return _Result(
        data, changes, stages, snapshot.metrics, snapshot.params, verdicts, warnings, shown, facts=found.facts
    )


def _record(project: Project, request: Request, start: _Start, result: _Result, *, seconds: float) -> Record:
    base = start.base
    now = request.clock()
    holds = all(item.outcome is not Outcome.FAILED for item in result.data)
    record = Record(
        id=f"{now:%Y%m%dT%H%M%SZ}-{start.head[:8]}-{secrets.token_hex(3)}",
        time=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        seconds=round(seconds, 3),
        project=project.name,
        model=None if project.config.release is None else project.config.release.model,
        commit=start.head,
        branch=request.context.branch or project.repository.branch(),
        dirty=start.dirty,
        inputs=start.inputs,
        trigger=request.context.trigger,
        url=request.context.url,
        verdict=overall(result.verdicts, data_holds=holds),
        base=base.base,
        gates_from="head" if base.policy is None else "base",
        gates_changed=base.policy is not None and not set(base.policy.gates) <= set(project.config.gates),
        gates=tuple(GateResult.of(verdict) for verdict in result.verdicts),
        metrics=dict(result.metrics),
        base_metrics=dict(base.metrics),
        params=dict(result.params),
        base_params=dict(base.params),
        data=result.data,
        data_changes=() if isinstance(result.changes, str) else compact(result.changes or ()),
        stages=reproducing.against(result.stages, base.stages),
        outputs=_outputs(project) if holds else (),
        plots=result.shown.plots,
        images=result.shown.images,
        extras=result.shown.extras,
        costs=dict(result.facts.costs),
        noise=dict(result.facts.noise),
        rerun={} if isinstance(result.facts.rerun, str) else dict(result.facts.rerun),
        environment=_environment(project, request.context),
        warnings=(*base.warnings, *result.warnings),
    )
    return record.model_copy(update={"summary": summarise(record)})


def _outputs(project: Project) -> tuple[Output, ...]:
    return tuple(
        Output(path=path, md5=out.md5, size=out.size)
        for path, out in pipelines.outputs(project.pipeline, load_lock(project)).items()
        if out.md5 is not None
    )


def _environment(project: Project, context: Context) -> Environment:
    requirements = project.root / (
        (project.config.ci and project.config.ci.requirements) or "requirements.txt"
    )
    return Environment(
        python=platform.python_version(),
        platform=f"{sys.platform}-{platform.machine()}",
        mltools=__version__,
        dvc=dvc.version(),
        runner=context.runner,
        lock_md5=files.md5(requirements) if requirements.is_file() else None,
    )


def _reusable(project: Project, context: Context, start: _Start) -> Record | None:
    """The record that this commit already has, where computing it again could tell nothing new.

    In CI only: by hand the working tree is what a person wants judged. A pull request event speaks of a commit that
    the push has judged; elsewhere the base must be the same, because another base may give another verdict.
    """
    if start.dirty or context.trigger == "local":
        return None
    earlier = journal.find(project.repository, start.head, project.name)
    if (
        earlier is None
        or earlier.dirty
        or earlier.trigger in journal.BY_HAND
        or earlier.environment.mltools != __version__
    ):
        return None
    same_base = (earlier.base and earlier.base.commit) == (start.base.base and start.base.base.commit)
    return earlier if same_base or context.trigger == "pull_request" else None


def _same(project: Project, record: Record) -> str | None:
    """The record of this commit that says the same already: a second one would say nothing."""
    facts = record.facts()
    earlier = journal.of_commit(project.repository, record.commit)
    return next((each.id for each in earlier if each.facts() == facts), None)


def _keep(project: Project, request: Request, record: Record, text: str, lock: bytes | None) -> None:
    """Append the record to the journal, with what belongs to it."""
    results = {name: project.root / name for name in bundle.results(project, load_lock(project))}
    attachments = {REPORT_FILE: text.encode(), **bundle.kept_results(results), **data_of(project, record)}
    if lock is not None:
        attachments[LOCK_FILE] = lock
    journal.append(Writer(project.repository, request.environ), record, attachments, when=request.clock())
