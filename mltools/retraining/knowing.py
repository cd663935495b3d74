"""What the decision rests on: the base branch, the newest release, what monitoring saw, earlier retrainings."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from posixpath import join, normpath

from mltools import baseline, datastore, events, journal, registry
from mltools.core import config as policy
from mltools.core import tags, urls
from mltools.core.events import Kind
from mltools.core.inputs import fingerprint
from mltools.core.registry import TAGS
from mltools.core.release_record import ReleaseRecord, Unreadable
from mltools.core.retrain_handover import BRANCHES, branch_of
from mltools.core.retraining import DataState, Released, Situation, Wish, attempt_of
from mltools.edges import dvcwants
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from mltools.errors import ConfigError, RepositoryError
from mltools.project import PIPELINE_FILE, Project, config_from, pipeline_from
from mltools.retraining.desk import Desk, Outside

HEADS = "refs/heads/"
SHORT = 8


def desk(project: Project, outside: Outside, *, ask: bool) -> Desk:
    """The base branch's tip and what it says. With `ask` the remote is asked, else what is known here counts.

    Raises RepositoryError without a base branch, ConfigError where its mltools.yaml names no model.
    """
    repository = project.repository
    writer = Writer(repository, outside.environ)
    remote = registry.remote_of(repository)
    base = baseline.base_name(project, outside.context)[0]
    tips = _asked(writer, remote, base) if ask and remote else _known(repository, remote, base)
    tip = tips.get(base)
    if tip is None:
        where = f"{remote} has" if remote else "there is"
        raise RepositoryError(
            f"{where} no branch {base!r} to retrain from",
            hint=f"push it (git push {remote or 'origin'} {base}), or set compare.base in {policy.FILE}",
        )
    config_path, pipeline_path = f"{project.prefix}{policy.FILE}", f"{project.prefix}{PIPELINE_FILE}"
    contents = repository.read_many(tip, (config_path, pipeline_path))
    missing = next((path for path, content in contents.items() if content is None), None)
    if missing is not None:
        raise ConfigError(f"{missing}: not on {base} ({tip[:SHORT]})", hint="commit it there, then retrain")
    config = config_from(contents[config_path] or b"", f"{base}:{config_path}")
    if config.release is None:
        raise ConfigError(
            f"{base}:{config_path}: has no `release` section, so nothing says which model to retrain",
            hint="name one of the artifacts in dvc.yaml, for example: release: {model: NAME}",
        )
    try:
        model = tags.model_name(project.prefix, config.release.model)
    except ValueError as error:
        raise ConfigError(f"{policy.FILE}: {error}") from error
    pipeline = pipeline_from(contents[pipeline_path] or b"", f"{base}:{pipeline_path}")
    there = tips.get(branch_of(model))
    return Desk(project, outside, writer, remote, config, pipeline, model, base, tip, there)


def bring(desk: Desk) -> None:
    """Bring here what others did: the model's tags, and the journal."""
    if desk.remote is None:
        return
    patterns = registry.patterns(desk.model)
    desk.writer.fetch(desk.remote, *(f"{TAGS}{one}:{TAGS}{one}" for one in patterns))
    journal.fetch(desk.writer, desk.remote)


def bring_data(desk: Desk) -> None:
    """Bring here the store that lies in Git: the clone that trains knows this repository alone."""
    if desk.remote is not None and not datastore.has_dvc_remote(desk.project):
        desk.writer.receive(desk.remote, datastore.REF)


def situation(desk: Desk, wish: Wish, now: datetime) -> Situation:
    """All that the decision rests on."""
    repository = desk.repository
    released, record = _released(desk)
    done = events.of_model(repository, desk.model, {Kind.RETRAIN})
    return Situation(
        model=desk.model,
        now=now,
        inputs=inputs_of(desk),
        released=released,
        checks=events.of_model(repository, desk.model, {Kind.MONITOR}),
        data=tuple(_data(desk, record)),
        attempts=tuple(found for one in done if (found := attempt_of(one)) is not None),
        wish=wish,
    )


def newest_version(desk: Desk) -> str | None:
    """The newest version that stands, as a retraining is compared with it."""
    released, _ = _released(desk)
    return None if released is None else released.version


def inputs_of(desk: Desk) -> str:
    """The hash of what a run of the base's tip starts from, as records have it."""
    prefix = desk.project.prefix
    return fingerprint(desk.repository.tree(desk.tip, prefix), prefix, desk.pipeline)


def _asked(writer: Writer, remote: str, base: str) -> dict[str, str]:
    """The tips that matter as the remote has them, by branch; their commits are here afterwards."""
    found = writer.remote_refs(remote, f"{HEADS}{base}", f"{HEADS}{BRANCHES}*")
    missing = [ref for ref, oid in found.items() if writer.repository.resolve(oid) is None]
    if missing and not writer.fetch(remote, *missing):
        raise RepositoryError(f"{missing[0]} went away at {remote} meanwhile", hint="try again")
    return {ref.removeprefix(HEADS): oid for ref, oid in found.items()}


def _known(repository: Repository, remote: str | None, base: str) -> dict[str, str]:
    """The same as this clone knows it."""
    top = f"refs/remotes/{remote}/" if remote else HEADS
    refs = repository.refs(f"{top}{base}", f"{top}{BRANCHES}*")
    return {ref.name.removeprefix(top): ref.commit for ref in refs if ref.commit is not None}


def _released(desk: Desk) -> tuple[Released | None, ReleaseRecord | None]:
    """The newest version that stands and has a readable record."""
    model = registry.load(desk.repository, desk.model).models.get(desk.model)
    newest = None if model is None else model.latest
    if newest is None:
        return None, None
    record = registry.record_of(newest)
    if isinstance(record, Unreadable):
        desk.outside.warn(f"{newest.tag}: {record.reason}; it is passed over")
        return None, None
    run = journal.load(desk.repository, record.run)
    try:
        time = datetime.fromisoformat(record.time).astimezone(UTC)
    except ValueError:
        time = datetime.fromtimestamp(newest.event.when, UTC)
    return Released(record.version, time, record.file.md5, None if run is None else run.inputs), record


def _data(desk: Desk, record: ReleaseRecord | None) -> Iterator[DataState]:
    then = {data.path: data.md5 for data in record.data} if record is not None else {}
    for source in desk.config.data:
        now, before = md5_at(desk, source.path), then.get(source.path)
        known = source.path in then
        # A directory is known by other hashes to DVC than to a run of files that Git holds.
        if known and (before is None or (now or "").endswith(".dir") != before.endswith(".dir")):
            now = None
        yield DataState(source.path, now, before)


def md5_at(desk: Desk, path: str) -> str | None:
    """The MD5 of a data set at the base's tip, from its .dvc file or from Git; None where neither tells it."""
    if urls.is_url(path):
        return None
    full = normpath(join(desk.project.prefix, path))
    found = desk.repository.read_many(desk.tip, (full, f"{full}.dvc"))
    pointer = found[f"{full}.dvc"]
    if pointer is not None:
        wants = dvcwants.wants({f"{full}.dvc": pointer})
        return next((want.md5 for want in wants if want.path == full and not want.legacy), None)
    content = found[full]
    return None if content is None else hashlib.md5(content, usedforsecurity=False).hexdigest()
