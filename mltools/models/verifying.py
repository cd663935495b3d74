"""Whether a version is what its tag says: the tag and who signed it, the commit, its dvc.lock, the bytes, the run."""

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mltools import registry
from mltools.core.pipeline import FILE as PIPELINE_FILE
from mltools.core.pipeline import LOCK_FILE, outputs
from mltools.core.registry import Version
from mltools.core.release_record import Unreadable
from mltools.core.tags import parse_tag
from mltools.core.verdict import Outcome
from mltools.edges import dvcfiles
from mltools.errors import ConfigError, RepositoryError, StoreError
from mltools.models import vouching
from mltools.models.finding import OddTagError, Place, Released, find
from mltools.models.obtaining import AbsentError, obtain
from mltools.models.vouching import Check


def verify(place: Place, text: str, *, allowed_signers: Path | None = None) -> tuple[str, tuple[Check, ...]]:
    """The tag of the version that is named, and every check of it; without a record there is nothing to check by.

    With `allowed_signers` one of the SSH keys in that file must have signed the tag. Raises UsageError when there is no such version.
    """
    try:
        version = find(place, text)[1]
    except OddTagError as error:
        return text, (_failed("tag", error.message),)
    return version.tag, tuple(_checks(place, version, allowed_signers))


def _checks(place: Place, version: Version, allowed: Path | None) -> Iterator[Check]:
    yield _check("tag", f"{version.tag} is annotated", holds=version.registered)
    if version.registered:
        yield vouching.signature(place, version.tag, allowed)
    record = registry.record_of(version)
    if isinstance(record, Unreadable):
        yield _failed("record", record.reason)
        return
    found = Released(version, record)
    yield _names(found)
    yield _commit(place, found)
    yield from _lock(place, found)
    yield from _files(place, found)
    yield _bytes(place, found)
    yield from vouching.chain(place, found)


def _names(found: Released) -> Check:
    record, said = found.record, parse_tag(found.tag)
    if said is not None and (said.model, said.version) == (record.model, record.version):
        return _check("record", f"speaks of {record.model} {record.version}", holds=True)
    return _failed("record", f"speaks of {record.model} {record.version}, not of {found.tag}")


def _commit(place: Place, found: Released) -> Check:
    """The tag stands on the commit that was run, or on one commit on top of it."""
    on, source = found.version.commit, found.record.commit
    try:
        parents = place.repository.parents(on)
    except RepositoryError as error:
        return Check("commit", Outcome.UNDECIDED, error.message)
    if on == source:
        return _check("commit", f"{on[:10]} is the one that was run", holds=True)
    if parents == (source,):
        return _check("commit", f"{on[:10]} holds what the run of {source[:10]} left", holds=True)
    return _failed("commit", f"{on[:10]} is neither {source[:10]}, which was run, nor a commit on top of it")


def _lock(place: Place, found: Released) -> Iterator[Check]:
    """The commit holds the dvc.lock of the run, and that names the model by its hash."""
    commit, prefix, record = found.version.commit, found.prefix, found.record
    paths = (f"{prefix}{LOCK_FILE}", f"{prefix}{PIPELINE_FILE}")
    lock, pipeline = place.repository.read_many(commit, paths).values()
    if lock is None or pipeline is None:
        yield _failed(LOCK_FILE, f"commit {commit[:10]} holds no {paths[0] if lock is None else paths[1]}")
        return
    md5 = hashlib.md5(lock, usedforsecurity=False).hexdigest()
    yield _check(
        LOCK_FILE,
        f"has MD5 {md5}",
        f"has MD5 {md5}, released was {record.lock_md5}",
        holds=md5 == record.lock_md5,
    )
    try:
        known = outputs(dvcfiles.pipeline_from(pipeline, PIPELINE_FILE), dvcfiles.lock_from(lock))
    except ConfigError as error:
        yield _failed("model", error.message.splitlines()[0])
        return
    named = known[record.file.path].md5 if record.file.path in known else None
    yield _check(
        "model",
        f"{record.file.path} has MD5 {record.file.md5} in {LOCK_FILE}",
        f"{record.file.path} has MD5 {named or 'none'} in {LOCK_FILE}, released was {record.file.md5}",
        holds=named == record.file.md5,
    )


def _files(place: Place, found: Released) -> Iterator[Check]:
    """What the commit holds of all that the release names by SHA-256: policy, contracts, params, results, data in Git."""
    named = {f"{found.prefix}{name}": sha256 for name, sha256 in found.record.sha256.items()}
    contents = place.repository.read_many(found.version.commit, named) if named else {}
    here = {path: content for path, content in contents.items() if content is not None}
    other = [path for path, content in here.items() if hashlib.sha256(content).hexdigest() != named[path]]
    if here:
        yield _check(
            "files",
            f"{len(here):,} in the commit have their SHA-256",
            f"{', '.join(other[:3])}: not the SHA-256 of the release",
            holds=not other,
        )


def _bytes(place: Place, found: Released) -> Check:
    file = found.record.file
    with tempfile.TemporaryDirectory(prefix="mltools-verify-") as scratch:
        try:
            obtain(place, found, Path(scratch))
        except AbsentError as error:
            return Check("bytes", Outcome.UNDECIDED, error.message)
        except StoreError as error:
            return _failed("bytes", error.message)
    return _check("bytes", f"{file.size:,} bytes with SHA-256 {file.sha256}", holds=True)


def _check(name: str, good: str, bad: str | None = None, *, holds: bool) -> Check:
    return Check(name, Outcome.PASSED, good) if holds else _failed(name, bad or f"not: {good}")


def _failed(name: str, reason: str) -> Check:
    return Check(name, Outcome.FAILED, reason)
