"""What a released model is held against: the profile of what it learnt from, what it said of its test rows, importance.

The release names the run, and the run's record in the journal keeps all of it: the profile of each data set by its id,
small results such as the predictions and the importance. Nothing is stored twice, and no data is downloaded.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mltools import comparing, journal, profiles, registry
from mltools.comparing import Located
from mltools.core.columns import Column
from mltools.core.config import FILE, Config, Predictions
from mltools.core.contract import Contract, condition
from mltools.core.expressions import used
from mltools.core.metrics import Scalar
from mltools.core.monitor.policy import Monitor
from mltools.core.profile import ColumnProfile
from mltools.core.records import Record
from mltools.core.release_contracts import contract_of
from mltools.core.release_record import DataFile, ReleaseRecord
from mltools.core.release_terms import DataContract
from mltools.edges import documents
from mltools.edges.git.read import Repository
from mltools.errors import ConfigError, DataError, MltoolsError, RepositoryError
from mltools.models import Place, Released
from mltools.project import config_from

POSITIVE = "data.positive"
MOST_IMPORTANCE = 4 << 20


@dataclass(frozen=True, slots=True)
class Reference:
    """A released version with all that is known of it.

    `contract` is that of the input alone, without columns of which no value may be seen; `output` what the model answers.
    `notes` say what could not be had, and so is not compared.
    """

    released: Released
    contract: Contract
    columns: Mapping[str, ColumnProfile]
    output: Column | None
    told: Predictions | None
    predictions: tuple[str, bytes] | None
    importance: Mapping[str, float]
    positive: Scalar
    notes: tuple[str, ...]

    @property
    def record(self) -> ReleaseRecord:
        return self.released.record

    @property
    def numeric(self) -> bool:
        """Whether the model answers numbers, and no classes."""
        return self.output is not None and (
            self.output.type == "number" or (self.output.type == "integer" and not self.output.enum)
        )


def policy_of(place: Place, found: Released) -> Config | None:
    """The policy by which a model is watched: that of the directory here where it is the model's project.

    Else that of the release; None where it cannot be read any more.
    """
    root = place.repository.root
    if root is not None and (here := root / found.prefix / FILE).is_file():
        return config_from(here.read_bytes(), FILE)
    try:
        return _policy_at(place.repository, found)
    except ConfigError:
        return None


def reference_of(place: Place, found: Released, policy: Monitor) -> Reference:
    """All that the release and its run tell. Raises RepositoryError without the run's record, DataError without a profile."""
    notes: list[str] = []
    run = _run(place, found.record)
    terms = {contract.data: contract for contract in found.record.contracts if contract.input}
    if not terms:
        raise DataError(
            f"{found.tag}: the release names no input columns, so nothing can be compared",
            hint="give the data set a contract (`mltools data infer`), and release again",
        )
    columns: dict[str, ColumnProfile] = {}
    for data in found.record.data:
        if data.path in terms:
            columns |= _profile(place.repository, run, data, terms[data.path])
    config = _told(place.repository, found, notes)
    told = None if config is None else config.compare.predictions
    results = journal.results(place.repository, run)
    return Reference(
        released=found,
        contract=_inputs(terms.values()),
        columns=columns,
        output=_output(found.record),
        told=told,
        predictions=_predictions(place, found, told, results, notes),
        importance=_importance(place.repository, found, policy.importance, results, notes),
        positive=_positive(policy, told, found.record),
        notes=tuple(notes),
    )


def _run(place: Place, record: ReleaseRecord) -> Record:
    run = journal.load(place.repository, record.run)
    if run is None and (remote := registry.remote_of(place.repository)) is not None:
        journal.fetch(place.writer, remote)
        run = journal.load(place.repository, record.run)
    if run is None:
        raise RepositoryError(
            f"the journal here has no record of the run {record.run} that made {record.model} {record.version}",
            hint="`mltools runs sync` brings the records of others",
        )
    return run


def _profile(
    repository: Repository, run: Record, data: DataFile, terms: DataContract
) -> Mapping[str, ColumnProfile]:
    """The columns of a data set that the model takes, as they were."""
    content = None
    if data.profile is not None:
        content = journal.attachment(repository, run, f"profiles/{data.profile}.json")
    if content is None:
        raise DataError(
            f"the run {run.id} left no profile of {data.path}",
            hint="a run of this version of mltools leaves one: `mltools run`, then `mltools release`",
        )
    profile = profiles.read(content, str(data.profile))
    taken = {column.get("name") for column in terms.input}
    return {column.name: column for column in profile.columns if column.name in taken}


def _inputs(terms: Any) -> Contract:
    """One contract of all that a request holds: no rule over a whole data set, and none over a column that is hidden."""
    first: Contract | None = None
    columns: dict[str, Column] = {}
    checks = []
    for part in terms:
        whole = contract_of(part)
        first = first or whole
        taken = {str(column.get("name")) for column in part.input}
        kept = {
            name: column.model_copy(update={"unique": False})
            for name, column in whole.columns.items()
            if name in taken and column.role != "sensitive"
        }
        columns |= kept
        checks += [check for check in whole.checks if set(used(condition(whole, check))) <= set(kept)]
    if first is None or not columns:
        raise DataError("all columns that the model takes are sensitive, so none of them is logged")
    return first.model_copy(
        update={
            "columns": columns,
            "checks": tuple(checks),
            "primary_key": (),
            "column_order": "any",
            "extra_columns": "allow",
        }
    )


def _output(record: ReleaseRecord) -> Column | None:
    for part in record.contracts:
        for column in part.output:
            return contract_of(part).columns[str(column["name"])]
    return None


def _told(repository: Repository, found: Released, notes: list[str]) -> Config | None:
    try:
        return _policy_at(repository, found)
    except ConfigError as error:
        notes.append(
            f"{FILE} of the release cannot be read, so its predictions are not known: {error.message.splitlines()[0]}"
        )
    return None


def _policy_at(repository: Repository, found: Released) -> Config | None:
    content = repository.read(found.version.commit, f"{found.prefix}{FILE}")
    return None if content is None else config_from(content, f"{FILE} at {found.tag}")


def _predictions(
    place: Place,
    found: Released,
    told: Predictions | None,
    results: Mapping[str, bytes],
    notes: list[str],
) -> tuple[str, bytes] | None:
    """What the model said of its test rows: from the run's record where it is small, else from Git, DVC or the store."""
    if told is None:
        notes.append(
            "the release names no predictions (compare.predictions), so predictions are not compared"
        )
        return None
    if told.path in results:
        return told.path, results[told.path]
    return _had(lambda: _from_revision(place, found, told.path), told.path, notes)


def _from_revision(place: Place, found: Released, path: str) -> bytes:
    located = Located(place.repository.cwd, place.repository, found.prefix)
    return comparing.content_of(located, path, rev=found.version.commit, environ=place.environ)


def _had(get: Callable[[], bytes], path: str, notes: list[str]) -> tuple[str, bytes] | None:
    try:
        return path, get()
    except MltoolsError as error:
        notes.append(f"{path} of the release cannot be had, so predictions are not compared: {error.message}")
        return None


def _importance(
    repository: Repository, found: Released, path: str, results: Mapping[str, bytes], notes: list[str]
) -> Mapping[str, float]:
    """The permutation importance of each feature; empty where the release has none."""
    content = results.get(path) or repository.read(found.version.commit, f"{found.prefix}{path}")
    if content is None or len(content) > MOST_IMPORTANCE:
        notes.append(f"the release has no {path}, so all features count alike")
        return {}
    try:
        tree = documents.read_json(content, path)
        listed = {str(item["feature"]): float(item["importance"]) for item in tree}
        if all(map(math.isfinite, listed.values())):
            return listed
    except (ConfigError, TypeError, KeyError, ValueError, OverflowError):
        pass
    notes.append(f"{path} of the release is no list of {{feature, importance}}, so all features count alike")
    return {}


def _positive(policy: Monitor, told: Predictions | None, record: ReleaseRecord) -> Scalar:
    """The class that the predictions file calls 1."""
    if policy.positive is not None:
        return policy.positive
    if told is not None and told.positive is not None:
        return told.positive
    return record.params.get(POSITIVE)
