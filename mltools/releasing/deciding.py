"""Whether there is something to release: the run against the versions that there are."""

import hashlib
from collections.abc import Iterator, Mapping

from mltools import journal, registry
from mltools.core import config as policy
from mltools.core.contract import Contract, parse_contract
from mltools.core.contract_changes import Change
from mltools.core.data_sides import Held, paired
from mltools.core.registry import TAGS
from mltools.core.release import Decision, Facts, NothingToRelease, Wish, decide, digests
from mltools.core.release_contracts import changes_of, contract_of, terms_of
from mltools.core.release_reasons import Latest, directions
from mltools.core.release_record import ModelFile, ReleaseRecord, Unreadable, release_record
from mltools.core.tags import Action, parse_tag
from mltools.core.versions import highest
from mltools.edges import documents
from mltools.errors import ConfigError, RepositoryError
from mltools.project import Project, config_from
from mltools.registry import Known
from mltools.releasing.desk import Desk
from mltools.releasing.material import Material


def decision(desk: Desk, file: ModelFile, known: Known, target: str, wish: Wish) -> Decision:
    """What is to be done about a run whose release would stand on the commit `target`.

    Raises UsageError for a number that was asked for and cannot be had.
    """
    project, material = desk.project, desk.material
    before = made_before(known, material, target, wish.version)
    if before is not None:
        return before
    latest = None
    if known.latest is not None:
        latest = Latest(known.latest.version, known.latest.commit, registry.record_of(known.latest))
    contracts = _contracts(project, material)
    readable = {path: item for path, item in contracts.items() if isinstance(item, Contract)}
    facts = Facts(
        model=material.model,
        file=file,
        lock_md5=hashlib.md5(material.run.lock, usedforsecurity=False).hexdigest(),
        digests=digests(material.record, material.lock),
        policy=material.bump,
        taken=known.used,
        changes=tuple(_changes(project, material, latest, contracts)) if latest else (),
        contracts=terms_of(readable),
        directions=directions(material.config.gates),
        journal=project.repository.oid(journal.REF),
        wish=wish,
    )
    return decide(material.record, latest, facts)


def made_before(
    known: Known, material: Material, target: str, asked: str | None = None
) -> NothingToRelease | None:
    """The version that this very run was released as, also one that is no longer the latest; the one `asked` for.

    So that a job which is run again never releases an old model as a new version.
    """
    taken_back = set()
    every = set()
    for name, commit in known.there.items():
        said = parse_tag(name)
        here = known.here.get(name)
        if said is None or said.version is None or (here is not None and here.kind != "tag"):
            continue  # a lightweight tag is no version
        if said.action is Action.DEREGISTER:
            taken_back.add(said.version)
        elif asked not in {None, said.version}:
            continue
        elif commit == target or _is_of_run(known, name, material):
            every.add(said.version)
    # One that stands tells more than one that was taken back.
    made = highest(every - taken_back) or highest(every)
    if made is None:
        return None
    if made in taken_back:
        return NothingToRelease(made, "this run was released before, and that version was taken back")
    return NothingToRelease(made, "this commit is that version", here=True)


def unpushed(known: Known, material: Material, asked: str | None = None) -> tuple[str, ReleaseRecord] | None:
    """The tag in which this run was released here, without the remote's knowledge; that of the version `asked` for."""
    for ref in known.only_here:
        name = ref.name.removeprefix(TAGS)
        said = parse_tag(name)
        record = release_record(ref.message)
        if (
            said is not None
            and said.action is Action.REGISTER
            and asked in {None, said.version}
            and isinstance(record, ReleaseRecord)
            and _same(record, material)
        ):
            return name, record
    return None


def _is_of_run(known: Known, name: str, material: Material) -> bool:
    ref = known.here.get(name)
    # Most tags are of other commits: their records need not be parsed.
    if ref is None or material.record.commit not in ref.message:
        return False
    record = release_record(ref.message)
    return isinstance(record, ReleaseRecord) and _same(record, material)


def _same(record: ReleaseRecord, material: Material) -> bool:
    return (
        record.commit == material.record.commit
        and record.file.md5 == material.md5
        and record.digests == digests(material.record, material.lock)
    )


def _changes(
    project: Project, material: Material, latest: Latest, new: Mapping[str, Contract | str]
) -> Iterator[Change]:
    """What the data contracts refuse or take that those of the latest version did not."""
    before, after = _held_before(project, latest), tuple(map(Held.of, material.record.data))
    others = {
        name: column
        for contract in new.values()
        if isinstance(contract, Contract)
        for name, column in contract.columns.items()
    }
    for was, now in paired(before, after):
        if was is None:
            yield Change(f"the data set {now.path if now else ''} is new", "additive")
            continue
        if now is not None and was.contract_md5 is not None and was.contract_md5 == now.contract_md5:
            continue
        old = _contract_before(project, latest, was)
        current = new.get(now.path, "is not listed") if now is not None else None
        for told in (old, current):
            if isinstance(told, str):
                yield Change(f"{was.contract or was.path} cannot be compared ({told})", "additive")
                break
        else:
            assert not isinstance(old, str)  # noqa: S101 - the loop above has seen it
            assert not isinstance(current, str)  # noqa: S101 - as above
            yield from changes_of(old, current, others)


def _held_before(project: Project, latest: Latest) -> tuple[Held, ...]:
    """The data sets of the latest version: those of its record, else those that its commit lists."""
    if not isinstance(latest.record, Unreadable):
        return tuple(
            Held(data.path, data.contract, data.md5, data.contract_md5) for data in latest.record.data
        )
    try:
        content = project.repository.read(latest.commit, f"{project.prefix}{policy.FILE}")
        listed = () if content is None else config_from(content, policy.FILE).data
    except (ConfigError, RepositoryError):
        return ()
    return tuple(Held(source.path, source.contract) for source in listed)


def _contract_before(project: Project, latest: Latest, was: Held) -> Contract | str:
    """A contract of the latest version, from its commit or, where that is not here, from its record; else why not."""
    reason = f"{latest.version} does not tell it"
    try:
        content = project.repository.read(latest.commit, f"{project.prefix}{was.contract}")
        if content is not None:
            return _contract(content, f"{latest.version}:{was.contract}")
    except (ConfigError, RepositoryError) as error:
        reason = error.message.splitlines()[0]
    known = () if isinstance(latest.record, Unreadable) else latest.record.contracts
    terms = next((one for one in known if one.data == was.path), None)
    if terms is None or terms.more:
        return reason
    try:
        return contract_of(terms)
    except ConfigError as error:
        return error.message.splitlines()[0]


def _contracts(project: Project, material: Material) -> dict[str, Contract | str]:
    """The contracts of the run's commit by the paths of their data sets; a text says why one cannot be had."""
    paths = {source.path: f"{project.prefix}{source.contract}" for source in material.config.data}
    contents = project.repository.read_many(material.record.commit, paths.values()) if paths else {}
    found: dict[str, Contract | str] = {}
    for path, place in paths.items():
        content = contents[place]
        try:
            found[path] = f"is not in commit {material.record.commit[:8]}"
            if content is not None:
                found[path] = _contract(content, place)
        except ConfigError as error:
            found[path] = error.message.splitlines()[0]
    return found


def _contract(content: bytes, name: str) -> Contract:
    return parse_contract(documents.read_yaml(content, name), name, documents.locator(content, name))
