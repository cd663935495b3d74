"""Whether a run becomes a version, which one, and why, as a plan; nothing is written here."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mltools.core.contract_changes import Change
from mltools.core.metrics import Scalar
from mltools.core.records import Record
from mltools.core.release_reasons import LEVELS, Direction, Latest, Reason, reasons
from mltools.core.release_record import (
    MAX_VALUES,
    DataFile,
    Digests,
    ModelFile,
    Overridden,
    ReleaseRecord,
    Unreadable,
)
from mltools.core.release_terms import DataContract
from mltools.core.stages import Lock
from mltools.core.verdict import Outcome
from mltools.core.versions import Bump, highest, is_version, next_version, precedence
from mltools.errors import UsageError

Policy = Literal["contract", "patch", "minor", "major"]

_PRE = re.compile(r"[A-Za-z][0-9A-Za-z-]*", re.ASCII)
MOST_OF_A_REASON = 500


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks of the next version's number: the number itself, or that it be a pre-release `pre`.

    `why` is their reason; a number that is not above all others needs one.
    """

    version: str | None = None
    pre: str | None = None
    why: str | None = None


NO_WISH = Wish()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a release knows besides the run's record.

    `taken` are the version numbers that were ever used, also those taken back; `changes` are those of the data
    contract since the latest version, or why they cannot be told; `contracts` are those of this run; `journal` is the
    journal's tip, None where there is none.
    """

    model: str
    file: ModelFile
    lock_md5: str
    digests: Digests
    policy: Policy = "contract"
    taken: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    contracts: tuple[DataContract, ...] = ()
    directions: tuple[Direction, ...] = ()
    journal: str | None = None
    wish: Wish = NO_WISH


@dataclass(frozen=True, slots=True)
class Plan:
    """A version to release; `record` is what its tag will say, `reasons` are all that led to its number."""

    bump: Bump | None
    record: ReleaseRecord
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class NothingToRelease:
    """There is nothing new since `version`; `here` is true when the run's own commit is that version."""

    version: str
    reason: str
    here: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The run may not become a version."""

    reason: str


Decision = Plan | NothingToRelease | Refused


def decide(record: Record, latest: Latest | None, facts: Facts) -> Decision:
    """Whether to release the model of a run, as which version, and the sentence that explains it."""
    if (refused := refusal(record)) is not None:
        return refused
    if latest is None and not facts.taken:
        return _plan(record, facts, None, None, f"The first release of {facts.model}.")
    if latest is None:
        # Every version was taken back; its number stays used.
        return _plan(record, facts, None, "minor", "No earlier version stands.")
    # Who asks for a number wants a version: a candidate's model becomes the final one.
    if facts.wish.version is None and (unchanged := _unchanged(record, latest, facts)) is not None:
        return unchanged
    found = reasons(record, latest, changes=facts.changes, digests=facts.digests, directions=facts.directions)
    bump, reason = _bump(latest, facts, found)
    return _plan(record, facts, latest.version, bump, reason, found=found)


def wish(version: str | None, pre: str | None, why: str | None) -> Wish:
    """What a person asked for. Raises UsageError for a number that is none, or words that cannot be together."""
    if version is not None and pre is not None:
        raise UsageError(
            "a version's number says itself whether it is a pre-release: give --version or --pre",
            hint=f"such as --version {version.partition('-')[0]}-{pre}.1",
        )
    if pre is not None and not _PRE.fullmatch(pre):
        raise UsageError(f"{pre!r} names no pre-release", hint="letters and digits, such as --pre rc")
    if why is not None and (version is None or not why.strip()):
        raise UsageError(
            "a reason belongs to a number that is asked for" if version is None else "the reason is empty",
            hint="such as --version 1.2.4 --reason 'a fix for those who stay with 1.2'",
        )
    named = None
    if version is not None:
        named = version if version.startswith("v") else f"v{version}"
        if not is_version(named) or "+" in named:
            raise UsageError(
                f"{version!r} is no version", hint="three numbers, as in --version 2.0.0 or 2.0.0-rc.1"
            )
    return Wish(named, pre, None if why is None else " ".join(why.split())[:MOST_OF_A_REASON])


def refusal(record: Record) -> Refused | None:
    """Why a run may not become a version, before anything else is looked at; None when it may."""
    if record.verdict is not Outcome.FAILED:
        return None
    reason = record.summary.removeprefix(f"{record.verdict}: ")
    why = f": {reason}" if reason else ""
    return Refused(f"the verdict of run {record.id} is failed{why}")


def digests(record: Record, lock: Lock) -> Digests:
    """The fingerprints of what a run was made from."""
    return Digests(
        data=_digest(sorted((data.path, data.md5) for data in record.data)),
        contract=_digest(sorted((data.path, data.contract, data.contract_md5) for data in record.data)),
        params=_digest(record.params),
        pipeline=_digest({name: stage.cmd for name, stage in lock.stages.items()}),
    )


def _plan(
    record: Record,
    facts: Facts,
    previous: str | None,
    bump: Bump | None,
    reason: str,
    *,
    found: tuple[Reason, ...] = (),
) -> Plan:
    version = _number(facts, previous, bump)
    if facts.wish.version is not None:
        why = f" ({facts.wish.why})" if facts.wish.why else ""
        reason = f"{version} was asked for{why}. {reason}"
    said = ReleaseRecord(
        model=facts.model,
        version=version,
        previous=previous,
        reason=reason,
        commit=record.commit,
        run=record.id,
        time=record.time,
        verdict=record.verdict.value,
        file=facts.file,
        lock_md5=facts.lock_md5,
        digests=facts.digests,
        mltools=record.environment.mltools,
        project=record.project,
        metrics=_first(_judged_first(record)),
        params=_first(record.params),
        data=tuple(
            DataFile(data.path, data.md5, data.contract, data.contract_md5, data.profile)
            for data in record.data
        ),
        contracts=facts.contracts,
        overrides=tuple(
            Overridden(gate.name, gate.override.by, gate.override.reason, gate.override.commit)
            for gate in record.gates
            if gate.override is not None
        ),
        journal=facts.journal,
    )
    return Plan(bump, said, found)


def _unchanged(record: Record, latest: Latest, facts: Facts) -> NothingToRelease | None:
    before = latest.record
    here = NothingToRelease(latest.version, "this commit is that version", here=True)
    if isinstance(before, Unreadable):
        return here if latest.commit == record.commit else None
    if before.file.md5 != facts.file.md5 or before.digests.contract != facts.digests.contract:
        return None
    same = NothingToRelease(latest.version, "the model and the data contract are the same")
    return here if before.commit == record.commit else same


def _number(facts: Facts, previous: str | None, bump: Bump | None) -> str:
    """The number of the next version. Raises UsageError for one that was asked for and cannot be had."""
    known = tuple({*facts.taken, previous} - {None}) if previous is not None else facts.taken
    top, asked, pre = highest(known), facts.wish.version, facts.wish.pre
    if asked is not None:
        if asked in known:
            raise UsageError(
                f"{facts.model} {asked} is another commit's version already, or was once; a number is given once",
                hint=f"the highest so far is {top}",
            )
        if top is not None and precedence(asked) < precedence(top) and facts.wish.why is None:
            raise UsageError(
                f"{asked} is not above {top}, the highest version of {facts.model} so far",
                hint="--reason TEXT says why an older line gets a version",
            )
        return asked
    final = next_version(top, bump or "minor")
    if pre is None:
        return final
    begins = f"{final}-{pre}."
    numbers = [int(end) for one in known if (end := one.removeprefix(begins)) != one and end.isdigit()]
    found = f"{begins}{max(numbers, default=0) + 1}"
    if top is not None and precedence(found) < precedence(top):
        raise UsageError(
            f"{found} would not be above {top}, the highest version of {facts.model} so far",
            hint="a pre-release of a later name in the alphabet, or --version NUMBER",
        )
    return found


def _bump(latest: Latest, facts: Facts, found: tuple[Reason, ...]) -> tuple[Bump, str]:
    """The part of the version to raise, and the sentence that says why: the weightiest reasons, in words."""
    if facts.policy != "contract":
        told = f": {_joined(found)}" if found else ""
        return facts.policy, f"{facts.policy.capitalize()}, as release.bump says{told}."
    level = next((level for level in LEVELS if any(reason.level == level for reason in found)), None)
    weighty = tuple(reason for reason in found if reason.level == level)
    if level is not None:
        return level, f"{level.capitalize()}: {_joined(weighty)}."
    before = latest.record
    if isinstance(before, ReleaseRecord) and before.file.md5 == facts.file.md5:
        return "patch", f"Patch: the same model under the same data contract as {latest.version}."
    return (
        "patch",
        "Patch: another model from the same data, params and pipeline, and not better by its gates.",
    )


def _joined(found: Iterable[Reason]) -> str:
    return "; ".join(reason.text for reason in found)


def _judged_first(record: Record) -> dict[str, Scalar]:
    """The metrics, first those that gates judge: where there is room for a few, these are shown."""
    named = dict.fromkeys(gate.evidence.get("metric") for gate in record.gates)
    judged = [name for name in named if isinstance(name, str) and name in record.metrics]
    return {name: record.metrics[name] for name in (*judged, *record.metrics)}


def _first(values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    return dict(list(values.items())[:MAX_VALUES])


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=list)
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
