"""The pipeline run on the base branch's tip, in a clone beside the working tree, and judged as the commit that it becomes."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from mltools import bundle, checking, loop, reproducing, rerunning, reusing
from mltools.ci.fitting import byte_size
from mltools.core import report
from mltools.core.pipeline import outputs
from mltools.core.records import Record, Stage
from mltools.core.retrain_handover import Handover, Why
from mltools.core.retraining import LONGEST, Decision, Released, Wish, same_result
from mltools.core.tags import version_tag
from mltools.core.verdict import Outcome as Verdict
from mltools.edges import files
from mltools.edges.git.checkout import point, settle
from mltools.errors import DataError, MltoolsError
from mltools.loop import Finished
from mltools.project import LOCK_FILE, Project, load_lock, read_lock
from mltools.retraining import branching, knowing
from mltools.retraining.desk import Desk

RUN = "run"
MOST_SAID = 3


def train(
    desk: Desk, decision: Decision, wish: Wish, directory: Path, keep: Callable[[Handover], None]
) -> Handover:
    """Train, and hand over what came of it: a run in `directory` and what `keep` is told.

    Raises what went wrong after `keep` was told of it.
    """
    released = knowing.situation(desk, wish, desk.outside.clock()).released
    # Before an hour of training, not after it: whether somebody works on that branch.
    branching.refuse_foreign(desk)
    begun = Handover(
        model=desk.model,
        base=desk.tip,
        state="failed",
        why="it did not come to its end",
        reasons=tuple(Why(**reason.as_json()) for reason in decision.reasons),
        notes=decision.notes,
        inputs=knowing.inputs_of(desk),
        released=None if released is None else released.version,
    )
    try:
        handed = _train(desk, begun, released, directory, force=wish.force)
    except MltoolsError as error:
        keep(begun.model_copy(update={"why": error.message[:LONGEST]}))
        raise
    keep(handed)
    return handed


def _train(
    desk: Desk, begun: Handover, released: Released | None, directory: Path, *, force: bool
) -> Handover:
    started = time.monotonic()
    outside = desk.outside
    with rerunning.beside(desk.project, desk.tip, outside.environ, say=outside.say) as clone:
        # What mltools remembers there is nobody's change.
        files.write_atomic(clone.work_dir / ".gitignore", "*\n")
        broken = _broken(clone, desk)
        if broken is not None:
            return begun.model_copy(update={"why": broken})
        made = _reproduced(clone, desk, begun.inputs, force=force)
        left = _left(clone, desk)
        model = outputs(clone.pipeline, load_lock(clone)).get(_model_path(clone))
        md5 = None if model is None else model.md5
        same = same_result(tuple(left), released, md5, desk.tip)
        if same is not None:
            return begun.model_copy(update={"state": "unchanged", "why": same})
        commit = branching.candidate(desk, desk.tip, left)
        record = _judged(
            clone,
            desk,
            commit,
            made,
            directory / RUN,
            against=_against(desk, released),
            seconds=lambda: time.monotonic() - started,
        )
    why = record.summary[:LONGEST]
    return begun.model_copy(
        update={"state": "trained", "why": why, "commit": commit, "files": tuple(sorted(left))}
    )


def _broken(clone: Project, desk: Desk) -> str | None:
    """How the data break their contract, before anything is trained on them; None when they hold."""
    doing = _doing(desk)
    reproducing.sources(clone, doing)
    found = checking.validate(clone, now=desk.outside.clock(), say=desk.outside.say)
    wrong = [item for item in found if item.outcome is Verdict.FAILED]
    if not wrong:
        return None
    first = wrong[0]
    said = [violation.message for violation in first.violations if violation.severity == "error"]
    return f"{first.path} breaks its contract, so nothing was trained: {'; '.join(said[:MOST_SAID])}"[
        :LONGEST
    ]


def _reproduced(clone: Project, desk: Desk, inputs: str, *, force: bool) -> tuple[Stage, ...]:
    if not force:
        # A run of the same inputs elsewhere need not be computed again.
        reusing.prime(clone, inputs, say=desk.outside.say)
    return reproducing.reproduce(clone, _doing(desk), fresh=force)


def _doing(desk: Desk) -> reproducing.Doing:
    outside = desk.outside
    return reproducing.Doing(outside.environ, outside.say, clean_locks=True, detail=outside.detail)


def _left(clone: Project, desk: Desk) -> dict[str, bytes]:
    """What the run left that Git keeps and the base has not so, by its path in the repository."""
    ours = {LOCK_FILE, *bundle.results(clone, load_lock(clone))}
    found = {}
    for path in loop.results_changed(clone):
        name = path.removeprefix(clone.prefix)
        if name in ours and (clone.root / name).is_file():
            found[path] = files.read_bytes(clone.root / name)
        else:
            desk.outside.warn(f"{path} is left out of the commit: it is no small result that Git keeps")
    return found


def _model_path(clone: Project) -> str:
    name = clone.config.release.model if clone.config.release is not None else ""
    artifact = clone.pipeline.artifacts.get(name)
    return artifact.path if artifact is not None else ""


def _against(desk: Desk, released: Released | None) -> str | None:
    """What the result is compared with: the newest release. None, for the base's tip, where nothing is released.

    The base's tip may have been run with these very data, by a workflow or a hook, and refused: compared with that run, a
    model that is worse than the one that serves would be no worse at all.
    """
    if released is None:
        return None
    tag = version_tag(desk.model, released.version)
    if desk.repository.resolve(f"refs/tags/{tag}") is None:
        desk.outside.warn(f"{tag} is not in this clone; the result is compared with {desk.base}")
        return None
    return f"refs/tags/{tag}"


def _judged(
    clone: Project,
    desk: Desk,
    commit: str,
    made: tuple[Stage, ...],
    directory: Path,
    *,
    against: str | None,
    seconds: Callable[[], float],
) -> Record:
    """The loop on the commit, whose results lie in the clone already; its run handed over in `directory`."""
    outside = desk.outside
    top = clone.repository.cwd
    settle(top, commit)
    for ref in (f"refs/remotes/origin/{desk.base}", f"refs/heads/{desk.base}"):
        point(top, ref, desk.tip)
    context = replace(outside.context, branch=desk.branch, before=None, head=None, pull_request=None)
    request = loop.Request(
        context=context,
        environ=outside.environ,
        clock=outside.clock,
        say=outside.say,
        base=against,
        keep=False,
    )
    finished = loop.run(clone, request)
    if finished.earlier is None:  # a record that is there already never changes
        finished = _with_stages(finished, made, seconds())
    record = finished.record
    if record.dirty:
        changed = loop.inputs_changed(clone)[:5]
        raise DataError(
            f"the run changed files that are no results of its pipeline: {', '.join(changed)}",
            hint="a stage writes only what dvc.yaml names as its outs, metrics or plots",
        )
    bundle.write(
        clone,
        record,
        loop.shown(clone, finished),
        directory,
        lock=read_lock(clone),
        data=loop.data_of(clone, record),
        environ=outside.environ,
    )
    return record


def _with_stages(finished: Finished, made: tuple[Stage, ...], seconds: float) -> Finished:
    """The same with what the stages did before their results became a commit: they ran, and took their time."""
    ran: Mapping[str, Stage] = {stage.name: stage for stage in made if stage.state != "skipped"}
    stages = tuple(
        stage.model_copy(update={"state": ran[stage.name].state, "seconds": ran[stage.name].seconds})
        if stage.name in ran
        else stage
        for stage in finished.record.stages
    )
    record = finished.record.model_copy(update={"stages": stages, "seconds": round(seconds, 3)})
    text = report.render(record, limit=bundle.MAX_REPORT, size=byte_size, around=finished.around)
    return replace(finished, record=record, report=text)
