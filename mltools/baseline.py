"""What a run is compared with: which commit, by which gates, and where that commit's metrics come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from mltools import comparing, datachanges, journal, leakage, registry
from mltools.core import config as policy
from mltools.core import tags
from mltools.core.config import Config
from mltools.core.context import Context
from mltools.core.data_changes import DataChange
from mltools.core.data_facts import DataFacts
from mltools.core.gates import Data, Facts, Gate
from mltools.core.gates.base import GateBase
from mltools.core.judging import judge, refuse_unknown
from mltools.core.metrics import Scalar, renamed
from mltools.core.records import Base, DataSet, Record
from mltools.core.release_record import Unreadable
from mltools.core.verdict import Outcome, Verdict
from mltools.edges.git.read import Repository
from mltools.errors import ConfigError, DataError, RepositoryError
from mltools.project import Project, config_from

SHORT = 8


@dataclass(frozen=True, slots=True)
class Chosen:
    """The commit to compare with. `commit` is None on a first run, or when `missing` says why it cannot be had.

    `before` says that it is the one before on the base branch itself, and no choice of the user's.
    """

    ref: str = ""
    commit: str | None = None
    merge_base: str | None = None
    missing: str | None = None
    before: bool = False


@dataclass(frozen=True, slots=True)
class Baseline:
    """The base as gates and reports use it; `unreadable` says why a comparison with it cannot be made.

    `stages` are the hashes of the stages' entries in its dvc.lock, `record` is its record.
    """

    base: Base | None = None
    metrics: Mapping[str, Scalar] = field(default_factory=dict)
    params: Mapping[str, Scalar] = field(default_factory=dict)
    stages: Mapping[str, str | None] = field(default_factory=dict)
    unreadable: str | None = None
    policy: Config | None = None
    warnings: tuple[str, ...] = ()
    record: Record | None = None


def resolve(project: Project, context: Context, head: str, *, requested: str | None, dirty: bool) -> Baseline:
    """The base of a run of commit `head`.

    Raises RepositoryError when `requested` names no commit. Everything else that is missing makes the comparison
    undecided, with the reason, and never an error: a run must be possible on any commit.
    """
    repository = project.repository
    name, notes = base_name(project, context)
    chosen = choose(repository, name, context, head, requested=requested, dirty=dirty)
    if chosen.commit is None:
        if chosen.missing is None:
            return Baseline(warnings=notes)
        return Baseline(
            unreadable=chosen.missing,
            warnings=(*notes, f"{chosen.missing}; {_fetch_hint(repository, name)}"),
        )
    found = _read(project, chosen, chosen.commit)
    if chosen.before:
        found = _not_refused(project, chosen, found)
    names = project.config.compare.renamed
    told = tuple(
        f"this change says that {name} is what the base calls {old} (compare.renamed)"
        for name, old in names.items()
        if old in found.metrics
    )
    return replace(found, metrics=renamed(found.metrics, names), warnings=(*notes, *told, *found.warnings))


def base_name(project: Project, context: Context) -> tuple[str, tuple[str, ...]]:
    """The branch that changes are compared with, as the default branch has it, and what a reader must know.

    A change that could name its own base could name one that is as bad as itself.
    """
    repository, own = project.repository, project.config.compare.base
    usual = next((name for name in ("main", "master") if repository.resolve(f"refs/heads/{name}")), own)
    tip = base_tip(repository, context.default_branch or repository.default_branch() or usual)
    trusted = _policy_at(project, tip[1])[0] if tip is not None else None
    if tip is None or trusted is None or trusted.compare.base == own:
        return own, ()
    return trusted.compare.base, (
        f"this change sets compare.base to {own!r}; it was compared with {trusted.compare.base!r}, as {tip[0]} has it",
    )


def gates_of(project: Project, against: Baseline) -> tuple[Gate, ...]:
    """The gates of a run: the base's and those that this change adds; its own where the base has no policy.

    A gate that is edited or removed counts as the base has it: a change may raise its own bar, never lower it.
    """
    theirs = () if against.policy is None else against.policy.gates
    names = {gate.name for gate in theirs}
    return (*theirs, *(gate for gate in project.config.gates if gate.name not in names))


def judge_by(project: Project, against: Baseline, facts: Facts) -> tuple[Verdict, ...]:
    """The verdicts of the base's gates and of those that this change adds; of its own where the base has no policy.

    A gate that is edited or removed counts as the base has it: a change may raise its own bar, never lower it. Raises
    ConfigError for a gate over a metric that nobody writes, or over data that are nowhere.
    """
    return _judged(project, against, facts, GateBase)


def judge_data(project: Project, against: Baseline, data: DataFacts) -> tuple[Verdict, ...]:
    """The verdicts of the gates over data alone, where nothing was trained and so there are no metrics."""
    return _judged(project, against, Facts({}, data=data), Data)


def data_changes(
    project: Project, against: Baseline, data: Sequence[DataSet]
) -> tuple[DataChange, ...] | str | None:
    """How the data sets differ from the base's; a text where that cannot be told, None on a first run."""
    base, config, record = against.base, against.policy, against.record
    if base is None:
        return against.unreadable
    if base.how == "release":  # another commit than the one whose gates judge
        config = _policy_at(project, base.commit)[0] if project.repository.resolve(base.commit) else None
    if config is None and record is None:
        return f"which data sets the base {base.commit[:SHORT]} had is not known here"
    before = datachanges.of_commit(project.repository, project.prefix, base.commit, config, record)
    return datachanges.between(before, datachanges.of_worktree(project, data))


def data_facts(
    project: Project,
    against: Baseline,
    data: Sequence[DataSet],
    changes: tuple[DataChange, ...] | str | None,
    *,
    unread: str | None = None,
) -> DataFacts:
    """What gates over data judge, this change's and the base's; see `leakage.facts`."""
    theirs = against.policy.gates if against.policy is not None else ()
    return leakage.facts(project, (*project.config.gates, *theirs), data, changes, unread=unread)


def _judged(project: Project, against: Baseline, facts: Facts, kind: type[GateBase]) -> tuple[Verdict, ...]:
    own = tuple(gate for gate in project.config.gates if isinstance(gate, kind))
    refuse_unknown(own, facts, file=policy.FILE)
    if against.policy is None:
        return judge(own, facts, file=policy.FILE)
    theirs = tuple(gate for gate in against.policy.gates if isinstance(gate, kind))
    names = {gate.name for gate in against.policy.gates}
    added = [gate for gate in own if gate.name not in names]
    at = f" of the base {against.base.commit[:SHORT]}" if against.base is not None else ""
    return (*judge(theirs, facts, file=f"{policy.FILE}{at}"), *judge(added, facts, file=policy.FILE))


def choose(
    repository: Repository, base: str, context: Context, head: str, *, requested: str | None, dirty: bool
) -> Chosen:
    """Which commit is the base.

    Asked for by name: that one. On the base branch: the commit before the push, by hand HEAD itself while it has
    uncommitted changes, else its first parent. On any other branch: the tip of the base branch.
    """
    if requested is not None:
        commit = repository.resolve(requested)
        if commit is None:
            raise RepositoryError(f"unknown revision {requested!r}", hint=_unknown_hint(repository))
        return Chosen(requested, commit, repository.merge_base(commit, head))
    if (context.branch or repository.branch()) == base:
        return _on_base_branch(repository, base, context, head, dirty=dirty)
    tip = base_tip(repository, base)
    if tip is None:
        return Chosen(
            base,
            missing=f"there is no branch {base!r} here to compare with",
        )
    ref, commit = tip
    if commit == head and not dirty:
        # A detached checkout of the base branch's tip, as many CI systems make it.
        return _on_base_branch(repository, base, context, head, dirty=dirty)
    return Chosen(ref, commit, repository.merge_base(commit, head))


def base_tip(repository: Repository, base: str) -> tuple[str, str] | None:
    """The newest tip of the base branch that is known here: (short name, commit)."""
    names = [*(f"refs/remotes/{remote}/{base}" for remote in repository.remotes()), f"refs/heads/{base}"]
    tips = {ref.name: ref.commit for ref in repository.refs(*names) if ref.commit is not None}
    best: tuple[str, str] | None = None
    for name in names:
        commit = tips.get(name)
        if commit is not None and (best is None or repository.is_ancestor(best[1], commit)):
            best = name.removeprefix("refs/heads/").removeprefix("refs/remotes/"), commit
    return best


def _on_base_branch(repository: Repository, base: str, context: Context, head: str, *, dirty: bool) -> Chosen:
    if dirty and not context.is_ci:
        return Chosen(f"{base} (HEAD)", head, head, before=True)
    before = context.before
    if before is not None and before != head:
        return Chosen(f"{base} before the push", before, before=True)
    parents = repository.parents(head)
    if not parents:
        return Chosen(base)
    return Chosen(f"{base}~1", parents[0], before=True)


def _not_refused(project: Project, chosen: Chosen, found: Baseline) -> Baseline:
    """A base whose own run failed gives way to the newest that did not, as the records lead back from it.

    Else what was refused would be the measure of what comes next, and nothing would be worse than it. The gates stay those
    of the commit before, so that a policy can be mended on a branch that is red.
    """
    record, passed = found.record, set[str]()
    while record is not None and record.verdict is Outcome.FAILED and record.base is not None:
        passed.add(record.commit)
        commit = record.base.commit
        if commit in passed:
            break
        record = _record_of(project, commit)
    if not passed or record is None or record.verdict is Outcome.FAILED or not record.metrics:
        return found
    earlier = _read(project, replace(chosen, ref=f"{chosen.ref}, not refused"), record.commit)
    told = (
        f"the run of {chosen.ref} ({(chosen.commit or '')[:SHORT]}) failed; compared with {record.commit[:SHORT]}, "
        "the newest before it whose run did not"
    )
    return replace(earlier, policy=found.policy, warnings=(*found.warnings, told))


def _read(project: Project, chosen: Chosen, commit: str) -> Baseline:
    """The base's metrics: from its record, else committed there, else from the latest release's record."""
    repository = project.repository
    here = repository.resolve(commit) is not None
    gates, warnings = _policy_at(project, commit) if here else (None, (_no_policy(commit),))
    record = _record_of(project, commit)
    if record is not None and record.metrics:
        base = Base(commit=commit, ref=chosen.ref, how="record", merge_base=chosen.merge_base, run=record.id)
        stages = {stage.name: stage.md5 for stage in record.stages}
        return Baseline(
            base, record.metrics, record.params, stages, policy=gates, warnings=warnings, record=record
        )
    committed = _committed(project, chosen, commit, here=here)
    if isinstance(committed, Baseline):
        return replace(committed, policy=gates, warnings=(*warnings, *committed.warnings), record=record)
    released = _released(project, chosen)
    if released is not None:
        latest = released.base.ref if released.base else ""
        return replace(released, policy=gates, warnings=(*warnings, f"{committed}; compared with {latest}"))
    named = Base(commit=commit, ref=chosen.ref, how="commit", merge_base=chosen.merge_base) if here else None
    way = f"run mltools on {project.config.compare.base} once" if here else _fetch_hint(repository, commit)
    return Baseline(
        named, unreadable=committed, policy=gates, warnings=(*warnings, f"{committed}; {way}"), record=record
    )


def _record_of(project: Project, commit: str) -> Record | None:
    """The record of a commit. A run with uncommitted changes says what somebody tried on top of it, not what it is."""
    record = journal.find(project.repository, commit, project.name)
    return None if record is None or record.dirty else record


def _committed(project: Project, chosen: Chosen, commit: str, *, here: bool) -> Baseline | str:
    """The metrics that the base's commit holds, or why they cannot be had."""
    if not here:
        return f"the base {commit[:SHORT]} is not in this shallow clone and has no record"
    try:
        snapshot = comparing.snapshot(project.repository, project.prefix, commit)
    except (ConfigError, DataError) as error:
        return f"the metrics of the base {commit[:SHORT]} cannot be read: {error.message}"
    if not snapshot.metrics:
        detail = f" ({snapshot.problems[0]})" if snapshot.problems else ""
        return f"the base {commit[:SHORT]} has neither a record nor committed metrics{detail}"
    base = Base(commit=commit, ref=chosen.ref, how="commit", merge_base=chosen.merge_base)
    return Baseline(
        base, snapshot.metrics, snapshot.params, snapshot.stages, warnings=tuple(snapshot.problems)
    )


def _released(project: Project, chosen: Chosen) -> Baseline | None:
    """The latest release's metrics, None without a release that says them."""
    release = project.config.release
    if release is None:
        return None
    try:
        model = tags.model_name(project.prefix, release.model)
    except ValueError:  # no tag can name it, so nothing was released
        return None
    found = registry.load(project.repository, model).models.get(model)
    if found is None or found.latest is None:
        return None
    record = registry.record_of(found.latest)
    if isinstance(record, Unreadable) or not record.metrics:
        return None
    name = tags.version_tag(model, found.latest.version)
    base = Base(commit=record.commit, ref=name, how="release", merge_base=chosen.merge_base, run=record.run)
    run = journal.load(project.repository, record.run)
    return Baseline(base, dict(record.metrics), dict(record.params), record=run)


def _no_policy(commit: str) -> str:
    return f"the gates of the base {commit[:SHORT]} are not in this shallow clone; judged by the gates of this commit"


def _policy_at(project: Project, commit: str) -> tuple[Config | None, tuple[str, ...]]:
    """The configuration at the base; None where there is none yet, or none that can be read, which is said."""
    name = f"{commit[:SHORT]}:{project.prefix}{policy.FILE}"
    content = project.repository.read(commit, f"{project.prefix}{policy.FILE}")
    if content is None:
        return None, (
            f"the base {commit[:SHORT]} has no {policy.FILE} here; judged by the gates of this commit",
        )
    try:
        return config_from(content, name), ()
    except ConfigError as error:
        # Nobody could repair a broken policy if the repair were judged by it.
        first = error.problems[0] if error.problems else error.message
        return None, (f"the base's gates cannot be read ({first}); judged by the gates of this commit",)


def _fetch_hint(repository: Repository, rev: str) -> str:
    plain = not any(mark in rev for mark in "~^:@")
    if repository.shallow():
        return (
            "this clone is shallow: "
            + (f"git fetch --depth=1 origin {rev}, or " if plain else "")
            + "git fetch --unshallow"
        )
    return f"fetch it with `git fetch origin {rev}`, or set compare.base in {policy.FILE}"


def _unknown_hint(repository: Repository) -> str:
    if repository.shallow():
        return "this clone is shallow: git fetch --unshallow brings the rest of the history"
    return "`git branch -a` and `git tag` list what there is"
