"""The data sets of revisions and of the working tree side by side: from records, stored profiles and Git objects.

Nothing is downloaded or checked out, and of what is the same on both sides nothing is read at all.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mltools import journal, profiles
from mltools.core.config import Config, DataSource
from mltools.core.contract import Contract, parse_contract
from mltools.core.data_changes import DataChange
from mltools.core.data_sides import Held, kind_of, paired, unchanged
from mltools.core.profile import Profile
from mltools.core.records import DataSet, Record
from mltools.edges import documents, files
from mltools.edges.git.read import Repository
from mltools.errors import ConfigError, DataError, RepositoryError
from mltools.project import Project

if TYPE_CHECKING:
    from mltools.core.data_diff import Side

UNREAD = "not read, because it is the same on both sides"
PROFILES, CONTRACTS = "profiles/", "contracts/"
SHORT = 8


@dataclass(frozen=True, slots=True)
class View:
    """The data sets of a revision or of the working tree, and how to read more of one.

    A text instead of a contract or a profile says why it cannot be had.
    """

    name: str
    held: tuple[Held, ...]
    contract: Callable[[Held], Contract | str]
    profile: Callable[[Held], Profile | str]


def between(base: View, head: View) -> tuple[DataChange, ...]:
    """Every data set of either side with how it differs."""
    return tuple(
        unchanged(after)
        if before is not None and after is not None and before.same(after)
        else _compared(base, head, before, after)
        for before, after in paired(base.held, head.held)
    )


def of_commit(
    repository: Repository, prefix: str, commit: str, config: Config | None, record: Record | None
) -> View:
    """The data sets of a commit: those that its mltools.yaml lists, as far as `record` knows them.

    Without a `config` (as where the commit is not in a shallow clone) they are those of the record.
    """
    recorded = {data.path: Held.of(data) for data in (record.data if record else ())}
    listed = tuple(recorded.values())
    if config is not None:
        listed = tuple(
            recorded.get(source.path) or _unrecorded(repository, prefix, commit, source)
            for source in config.data
        )
    return View(
        commit[:SHORT],
        listed,
        contract=lambda held: _contract_at(repository, prefix, commit, record, held),
        profile=lambda held: _profile_of(repository, record, commit, held),
    )


def of_run(repository: Repository, prefix: str, record: Record) -> View:
    """The data sets of one run, with the contracts that it had, also where no commit holds them."""
    return View(
        record.id,
        tuple(Held.of(data) for data in record.data),
        contract=lambda held: _contract_at(repository, prefix, record.commit, record, held),
        profile=lambda held: _profile_of(repository, record, record.commit, held),
    )


def of_worktree(project: Project, data: Sequence[DataSet]) -> View:
    """The data sets as they stand, from what `checking` found."""
    errors = {item.path: item.error for item in data if item.error}

    def profile(held: Held) -> Profile | str:
        found = profiles.load(project, held.profile) if held.profile else None
        return found or errors.get(held.path) or "its profile is too large to be kept"

    def contract(held: Held) -> Contract | str:
        try:
            content = files.read_bytes(project.root / str(held.contract))
        except DataError as error:
            return error.message
        return _parsed(content, str(held.contract))

    return View("working tree", tuple(Held.of(item) for item in data), contract=contract, profile=profile)


def attachments(project: Project, record: Record) -> dict[str, bytes]:
    """What belongs to the data sets of a new run, by its name beside the record.

    Profiles, and the contracts that the commit does not hold as they were.
    """
    found: dict[str, bytes] = {}
    for data in record.data:
        if data.profile is not None and (profile := profiles.load(project, data.profile)) is not None:
            found[f"{PROFILES}{data.profile}.json"] = profiles.text(profile)
    for path, content in _uncommitted(project, record):
        found[f"{CONTRACTS}{path}.yaml"] = content
    return found


def kept_attachments(repository: Repository, record: Record) -> dict[str, bytes]:
    """What the journal holds of an earlier run's data sets, by its name beside the record."""
    names = [f"{PROFILES}{data.profile}.json" for data in record.data if data.profile]
    names += [f"{CONTRACTS}{data.contract_md5}.yaml" for data in record.data if data.contract_md5]
    return journal.attachments(repository, record, names)


def _uncommitted(project: Project, record: Record) -> Iterator[tuple[str, bytes]]:
    """Contracts that the run had and its commit has not, or otherwise, by their hashes."""
    paths = {data.contract: data.contract_md5 for data in record.data if data.contract and data.contract_md5}
    held = project.repository.read_many(record.commit, [f"{project.prefix}{path}" for path in paths])
    for path, md5 in paths.items():
        committed = held[f"{project.prefix}{path}"]
        if committed is not None and _md5(committed) == md5:
            continue
        place = project.root / path
        content = files.read_bytes(place) if place.is_file() else b""
        if _md5(content) == md5:  # not one that was edited while the pipeline ran
            yield md5, content


def _compared(base: View, head: View, before: Held | None, after: Held | None) -> DataChange:
    # Comparing loads what a run without any change does not need.
    from mltools.core.data_diff import Side, compare  # noqa: PLC0415

    contents = kind_of(before, after) == "changed"
    contracts = before is not None and after is not None and not _same_contract(before, after)

    def side(view: View, held: Held | None) -> "Side | None":
        if held is None:
            return None
        contract = view.contract(held) if contracts else UNREAD
        return Side(held, contract, view.profile(held) if contents else UNREAD)

    return compare(side(base, before), side(head, after))


def _same_contract(before: Held, after: Held) -> bool:
    return before.contract_md5 is not None and before.contract_md5 == after.contract_md5


def _unrecorded(repository: Repository, prefix: str, commit: str, source: DataSource) -> Held:
    """A data set of which no run speaks: its contract is in Git all the same."""
    content = repository.read(commit, f"{prefix}{source.contract}")
    return Held(source.path, source.contract, contract_md5=None if content is None else _md5(content))


def _contract_at(
    repository: Repository, prefix: str, commit: str, record: Record | None, held: Held
) -> Contract | str:
    """The contract that was in force: what the commit holds or, where the run had another, what lies beside its record."""
    if held.contract is None:
        return "there is no contract"
    name = f"{commit[:SHORT]}:{held.contract}"
    try:
        content = repository.read(commit, f"{prefix}{held.contract}")
    except RepositoryError as error:
        content, missing = None, error.message
    else:
        missing = f"{commit[:SHORT]} has no {held.contract}"
    if record is None or (content is not None and _md5(content) == held.contract_md5):
        return missing if content is None else _parsed(content, name)
    kept = journal.attachment(repository, record, f"{CONTRACTS}{held.contract_md5}.yaml")
    if kept is None:
        return missing if content is None else f"run {record.id} had another {held.contract} than its commit"
    return _parsed(kept, name)


def _parsed(content: bytes, name: str) -> Contract | str:
    try:
        return parse_contract(documents.read_yaml(content, name), name, documents.locator(content, name))
    except ConfigError as error:
        return (error.problems or (error.message,))[0]


def _profile_of(repository: Repository, record: Record | None, commit: str, held: Held) -> Profile | str:
    """A data set's profile out of the journal."""
    if record is None:
        return f"no run of {commit[:SHORT]} is recorded here; `mltools run` there records one, `mltools runs sync` brings those of others"
    if held.profile is None:
        return f"run {record.id} of {commit[:SHORT]} left no profile of {held.path}; `mltools run` there leaves one"
    content = journal.attachment(repository, record, f"{PROFILES}{held.profile}.json")
    if content is None:
        return f"the journal lacks the profile {held.profile} of run {record.id}"
    try:
        return profiles.read(content, held.profile)
    except ConfigError as error:
        return error.message


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
