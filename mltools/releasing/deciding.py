"""Whether there is something to release: the run against the versions that there are."""

import hashlib
from collections.abc import Iterator

from mltools import registry
from mltools.core.contract import Contract, parse_contract
from mltools.core.contract_changes import Change, compare_contracts
from mltools.core.registry import TAGS
from mltools.core.release import Decision, Facts, Latest, NothingToRelease, decide, digests, directions
from mltools.core.release_record import ModelFile, ReleaseRecord, release_record
from mltools.core.tags import Action, parse_tag
from mltools.edges import documents
from mltools.errors import ConfigError
from mltools.project import Project
from mltools.registry import Known
from mltools.releasing.desk import Desk
from mltools.releasing.material import Material


def decision(desk: Desk, file: ModelFile, known: Known, target: str) -> Decision:
    """What is to be done about a run whose release would stand on the commit `target`."""
    project, material = desk.project, desk.material
    before = made_before(known, material, target)
    if before is not None:
        return before
    latest = None
    if known.latest is not None:
        latest = Latest(known.latest.version, known.latest.commit, registry.record_of(known.latest))
    facts = Facts(
        model=material.model,
        file=file,
        lock_md5=hashlib.md5(material.run.lock, usedforsecurity=False).hexdigest(),
        digests=digests(material.record, material.lock),
        policy=material.bump,
        taken=known.used,
        changes=tuple(_changes(project, material, latest)) if latest else (),
        directions=directions(material.config.gates),
    )
    return decide(material.record, latest, facts)


def made_before(known: Known, material: Material, target: str) -> NothingToRelease | None:
    """The version that this very run was released as, also one that is no longer the latest.

    So that a job which is run again never releases an old model as a new version.
    """
    taken_back = set()
    made = None
    for name, commit in known.there.items():
        said = parse_tag(name)
        here = known.here.get(name)
        if said is None or said.version is None or (here is not None and here.kind != "tag"):
            continue  # a lightweight tag is no version
        if said.action is Action.DEREGISTER:
            taken_back.add(said.version)
        elif commit == target or _is_of_run(known, name, material):
            made = said.version
    if made is None:
        return None
    if made in taken_back:
        return NothingToRelease(made, "this run was released before, and that version was taken back")
    return NothingToRelease(made, "this commit is that version", here=True)


def unpushed(known: Known, material: Material) -> tuple[str, ReleaseRecord] | None:
    """The tag in which this run was released here, without the remote's knowledge."""
    for ref in known.only_here:
        name = ref.name.removeprefix(TAGS)
        said = parse_tag(name)
        record = release_record(ref.message)
        if (
            said is not None
            and said.action is Action.REGISTER
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


def _changes(project: Project, material: Material, latest: Latest) -> Iterator[Change]:
    """What the data contracts refuse or take that those of the latest version did not."""
    for source in material.config.data:
        path = f"{project.prefix}{source.contract}"
        old = project.repository.read(latest.commit, path)
        new = project.repository.read(material.record.commit, path)
        if old is None or new is None or old == new:
            continue
        try:
            before, after = _contract(old, f"{latest.version}:{path}"), _contract(new, path)
        except ConfigError as error:
            yield Change(f"{path} cannot be compared ({error.message.splitlines()[0]})", "additive")
            continue
        yield from compare_contracts(before, after)


def _contract(content: bytes, name: str) -> Contract:
    return parse_contract(documents.read_yaml(content, name), name, documents.locator(content, name))
