"""A retraining merged without a person, where policy and gates allow it, and the release that follows from it."""

from collections.abc import Mapping
from typing import Any

from mltools import events, journal
from mltools.ci.provider import Forge
from mltools.core.events import Event, Kind, event, place
from mltools.core.retraining import MERGED, PROPOSED, PUSHED
from mltools.edges.git.pushing import PushError
from mltools.errors import ProviderError
from mltools.retraining import knowing, starting
from mltools.retraining.desk import Desk

HEADS = "refs/heads/"
# Rules of the base branch, conflicts, a head that moved: a person has to look, and asking again changes nothing.
REFUSALS = frozenset({405, 409, 422})


def merge(desk: Desk, forge: Forge | None, proposed: Event) -> bool:
    """Merge what an event proposes, start the release, and keep that; False where the forge or Git does not let us.

    Whatever was done already is not done again. Raises ProviderError where the forge does not answer.
    """
    if _merged(desk, proposed):
        return True
    commit = str(proposed.details.get("commit"))
    if forge is None:
        if not _pushed(desk, commit):
            return False
        desk.outside.say(f"{desk.base} holds {commit[:10]}; `mltools release` makes a version of it")
    else:
        number = proposed.details.get("number")
        if not isinstance(number, int):
            return False
        try:
            forge.merge_pull_request(number, commit, f"Retrain {desk.model} (#{number})")
        except ProviderError as error:
            if error.status not in REFUSALS:
                raise
            desk.outside.warn(f"pull request #{number} is not merged: {error.message}; it waits for a person")
            return False
        desk.outside.say(f"merged pull request #{number}")
        if desk.config.ci is None:
            desk.outside.warn(f"no workflow releases it: run `mltools release` on {desk.base}")
        else:
            starting.start(desk, forge, "mltools", "merged, but what releases it")
    _keep(desk, proposed)
    return True


def resume(desk: Desk) -> None:
    """Complete what an earlier retraining was kept from: its event shared, its merge done. Says what it does."""
    done = events.of_model(desk.repository, desk.model, {Kind.RETRAIN})
    if not done:
        return
    if desk.remote is not None and not _shared(desk, done[-1]):
        events.share(desk.writer, desk.remote, done[-1])
    newest = next((one for one in reversed(done) if one.state in {PROPOSED, PUSHED}), None)
    if newest is None or newest.details.get("merge") is not True or desk.policy.merge == "never":
        return
    commit = str(newest.details.get("commit"))
    if _merged(desk, newest) or not _stands(desk, commit):
        return
    if newest.version != knowing.newest_version(desk) and not _is_on_base(desk, commit):
        return  # it was not compared with what is released by now
    forge = starting.connected(desk)
    if (forge is None) == (newest.state == PUSHED):
        merge(desk, forge, newest)


def _is_on_base(desk: Desk, commit: str) -> bool:
    known = desk.repository.resolve(commit)
    return known is not None and desk.repository.is_ancestor(known, desk.tip)


def _stands(desk: Desk, commit: str) -> bool:
    """Whether a proposal is still the branch's newest, or is merged and its branch is gone."""
    if desk.there is not None:
        return desk.there == commit
    return _is_on_base(desk, commit)


def _merged(desk: Desk, proposed: Event) -> bool:
    done = events.of_model(desk.repository, desk.model, {Kind.RETRAIN})
    commit = proposed.details.get("commit")
    return any(one.state == MERGED and one.details.get("commit") == commit for one in done)


def _pushed(desk: Desk, commit: str) -> bool:
    """Move the base branch forward to the commit; False where it went on without it."""
    try:
        if desk.remote is not None:
            desk.writer.push(desk.remote, f"{commit}:{HEADS}{desk.base}")
        elif desk.repository.branch() == desk.base:
            desk.outside.warn(f"{desk.base} is checked out here: merge it by hand, git merge {desk.branch}")
            return False
        else:
            desk.writer.update_ref(f"{HEADS}{desk.base}", commit, desk.tip)
    except PushError as error:
        desk.outside.warn(f"{desk.base} is not moved: {error.message}; {desk.branch} waits for a person")
        return False
    return True


def _keep(desk: Desk, proposed: Event) -> None:
    names = (
        "schema",
        "branch",
        "base",
        "inputs",
        "commit",
        "run",
        "verdict",
        "pull_request",
        "number",
        "project",
    )
    details: Mapping[str, Any] = {name: proposed.details.get(name) for name in names}
    made = event(
        Kind.RETRAIN,
        desk.model,
        when=desk.outside.clock(),
        version=proposed.version,
        by=desk.writer.person,
        reason=str(proposed.details.get("merging") or "merged"),
        details={**details, "state": MERGED},
    )
    events.record(desk.writer, made)
    if desk.remote is not None:
        events.share(desk.writer, desk.remote, made)


def _shared(desk: Desk, made: Event) -> bool:
    """Whether the remote's journal holds an event."""
    assert desk.remote is not None  # noqa: S101 - asked by the caller
    tip = desk.writer.remote_refs(desk.remote, journal.REF).get(journal.REF)
    if tip is None or desk.repository.oid(tip) is None:
        return False
    path = place(made)
    return path in desk.repository.tree(tip, path.rpartition("/")[0])
