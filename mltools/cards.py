"""A version's model card and provenance, gathered from Git: tag, commit, journal. Nothing is fetched or checked out."""

import hashlib
import re
from collections.abc import Mapping

from mltools import journal, profiles, registry
from mltools.core import config as policy
from mltools.core import provenance as statements
from mltools.core.card_policy import NOTHING_SAID, ModelCard
from mltools.core.lineage import lineage, lineage_mermaid
from mltools.core.model_card import Card, Change, render
from mltools.core.pipeline import FILE as PIPELINE_FILE
from mltools.core.pipeline import LOCK_FILE
from mltools.core.profile import Profile
from mltools.core.records import Record
from mltools.core.registry import TAGS
from mltools.core.release_record import ReleaseRecord, release_record
from mltools.core.tags import version_tag
from mltools.edges import documents, dvcfiles
from mltools.edges.git import subjects
from mltools.edges.git.read import Repository
from mltools.errors import ConfigError, RepositoryError
from mltools.project import config_from

MOST_COMMITS = 50


def model_card(
    repository: Repository, record: ReleaseRecord, commit: str, *, run: Record | None = None
) -> str:
    """The card of a version that stands on `commit`, as Markdown; what this clone does not hold is left out or said.

    `run` is the released run's record where the journal does not hold it.
    """
    known = journal.load(repository, record.run) or run
    before = _before(repository, record)
    found = None
    if before is not None:
        found = subjects.between(
            repository, before.commit, record.commit, prefix=_prefix(record), most=MOST_COMMITS
        )
    return render(
        Card(
            record=record,
            policy=_policy(repository, record, commit),
            run=known,
            before=before,
            profiles=_profiles(repository, known),
            commits=tuple(Change(*one) for one in found[0]) if found is not None else (),
            total=None if found is None else found[1],
            lineage=_lineage(repository, record, commit),
        )
    )


def provenance(
    repository: Repository, record: ReleaseRecord, *, run: Record | None = None, texts: Mapping[str, str]
) -> str:
    """The in-toto statement of a version as JSON; `texts` are files beside the model, which it names by their hashes."""
    known = journal.load(repository, record.run) or run
    sums = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    tree = statements.statement(record, run=known, repository=_address(repository), files=sums)
    return documents.write_json(tree)


def predicate(repository: Repository, record: ReleaseRecord) -> str:
    """What such a statement says of its subjects, without them: for a forge that names and signs these itself."""
    known = journal.load(repository, record.run)
    return documents.write_json(statements.predicate(record, run=known, repository=_address(repository)))


def _address(repository: Repository) -> str | None:
    """Where everybody finds the repository; None for an address that holds a login or leads nowhere from outside."""
    remote = registry.remote_of(repository)
    url = repository.config(f"remote.{remote}.url") if remote is not None else None
    return url if url is not None and re.fullmatch(r"https://[^@\s]+", url) else None


def _policy(repository: Repository, record: ReleaseRecord, commit: str) -> ModelCard:
    """What mltools.yaml says at the version's commit; nothing where that cannot be read."""
    try:
        content = repository.read(commit, f"{_prefix(record)}{policy.FILE}")
        return NOTHING_SAID if content is None else config_from(content, policy.FILE).model_card
    except (ConfigError, RepositoryError):
        return NOTHING_SAID


def _before(repository: Repository, record: ReleaseRecord) -> ReleaseRecord | None:
    if record.previous is None:
        return None
    tag = next(iter(repository.refs(f"{TAGS}{version_tag(record.model, record.previous)}")), None)
    found = None if tag is None else release_record(tag.message)
    return found if isinstance(found, ReleaseRecord) else None


def _profiles(repository: Repository, run: Record | None) -> Mapping[str, Profile]:
    """The profiles of the run's data sets that lie beside its record."""
    found: dict[str, Profile] = {}
    for data in run.data if run is not None else ():
        name = f"profiles/{data.profile}.json"
        content = journal.attachment(repository, run, name) if run is not None and data.profile else None
        try:
            if content is not None and data.profile is not None:
                found[data.path] = profiles.read(content, data.profile)
        except ConfigError:
            continue  # damaged: `mltools runs verify` says so
    return found


def _lineage(repository: Repository, record: ReleaseRecord, commit: str) -> str | None:
    """Where the model comes from, as a diagram; None where its commit does not tell."""
    model = registry.load(repository, record.model).models.get(record.model)
    version = model.find(record.version) if model is not None else None
    names = [f"{_prefix(record)}{name}" for name in (PIPELINE_FILE, LOCK_FILE)]
    try:
        pipeline, lock = repository.read_many(commit, names).values()
        if model is None or version is None or pipeline is None or lock is None:
            return None
        parsed = dvcfiles.pipeline_from(pipeline, names[0]), dvcfiles.lock_from(lock, names[1])
        return lineage_mermaid(lineage(model, version, record, *parsed))
    except (ConfigError, RepositoryError):
        return None


def _prefix(record: ReleaseRecord) -> str:
    return "" if record.project == "." else f"{record.project}/"
