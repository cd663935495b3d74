"""Who vouches for a version: the signature of its tag, and the journal that holds its run."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mltools import journal, registry
from mltools.core.markdown import clean
from mltools.core.records import Record
from mltools.core.release_record import ReleaseRecord
from mltools.core.verdict import Outcome
from mltools.edges.git import signing
from mltools.errors import RepositoryError
from mltools.models.finding import Place, Released

SHORT = 10


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    outcome: Outcome
    reason: str


def signature(place: Place, tag: str, allowed: Path | None) -> Check:
    """Whether the tag is signed, and by whom. Failed when it is broken, or not by one of `allowed` where those are named."""
    oid = place.repository.oid(f"refs/tags/{tag}")
    found = (
        signing.tag_signature(place.repository, oid, allowed=allowed) if oid else signing.Signature("none")
    )
    by = f" by {clean(found.by)}" if found.by else ""
    if found.state == "trusted":
        return Check("signature", Outcome.PASSED, f"{found.kind}{by}")
    if found.state == "broken":
        return Check(
            "signature", Outcome.FAILED, f"{found.kind}{by}: it is not of this tag; the tag was changed"
        )
    if found.state == "none":
        reason = f"{tag} is not signed"
    elif allowed is not None:
        reason = f"{found.kind}{by}, which {allowed.name} does not name"
    else:
        reason = (
            f"{found.kind}{by}, for which nothing here vouches: --allowed-signers FILE says whose keys count"
        )
    return Check("signature", Outcome.SKIPPED if allowed is None else Outcome.FAILED, reason)


def chain(place: Place, found: Released) -> Iterator[Check]:
    """Whether the journal still holds what it held at the release, and the run as the release speaks of it."""
    record = found.record
    if record.journal is None:
        yield Check("journal", Outcome.SKIPPED, "there was none at the release")
        return
    problem = _missing(place, record.journal)
    if problem is not None:
        yield problem
        return
    yield Check("journal", Outcome.PASSED, f"holds {record.journal[:SHORT]}, its tip at the release")
    run = journal.load(place.repository, record.run)
    if run is None:
        yield Check("run", Outcome.SKIPPED, f"{record.run} was released without being recorded")
        return
    odd = next(_differences(run, record), None)
    same = f"{record.run} left this model, with these metrics and this verdict"
    yield Check("run", Outcome.PASSED if odd is None else Outcome.FAILED, odd or same)


def _missing(place: Place, tip: str) -> Check | None:
    """Why the journal cannot be seen to hold its earlier tip; the remote is asked when it is not here."""
    if _holds(place, tip):
        return None
    try:
        remote = registry.remote_of(place.repository)
        asked = remote is not None and journal.fetch(place.writer, remote)
    except RepositoryError as error:
        return Check("journal", Outcome.UNDECIDED, f"is not here: {error.message.splitlines()[0]}")
    if _holds(place, tip):
        return None
    if place.repository.oid(journal.REF) is None:
        where = "is neither here nor at the remote" if asked or remote else "is not here"
        return Check("journal", Outcome.UNDECIDED, f"{where}; `mltools runs sync` where the release was made")
    return Check(
        "journal", Outcome.FAILED, f"no longer holds {tip[:SHORT]}, its tip at the release: it was rewritten"
    )


def _holds(place: Place, tip: str) -> bool:
    repository = place.repository
    ours = repository.oid(journal.REF)
    return ours is not None and repository.resolve(tip) is not None and repository.is_ancestor(tip, ours)


def _differences(run: Record, record: ReleaseRecord) -> Iterator[str]:
    """What the journal's record of the run says otherwise than the release."""
    left = {output.path: output.md5 for output in run.outputs}
    if left.get(record.file.path) != record.file.md5:
        yield f"{run.id} left another {clean(record.file.path)}: {left.get(record.file.path) or 'none'}"
    if run.verdict.value != record.verdict:
        yield f"the verdict of {run.id} is {run.verdict.value}, released was {record.verdict}"
    for name, value in record.metrics.items():
        if run.metrics.get(name) != value:
            yield f"{clean(name)} is {run.metrics.get(name)} in {run.id}, released was {value}"
    known = {data.path: data.md5 for data in run.data}
    for data in record.data:
        if known.get(data.path) != data.md5:
            yield f"{clean(data.path)} has MD5 {known.get(data.path)} in {run.id}, released was {data.md5}"
