"""The agent: looks at the registry, hands what it says to the service, and keeps in the journal what came of it.

It pulls; nothing reaches in. Where the registry does not answer, what serves goes on serving.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mltools import events, models, registry
from mltools.core.events import Event, Kind, State, event
from mltools.core.registry import Version
from mltools.core.serving import plain
from mltools.core.tags import Reference
from mltools.errors import MltoolsError, UsageError
from mltools.models import Place
from mltools.models.changing import actor
from mltools.models.standing import Standing, standing
from mltools.serving import plans, retention
from mltools.serving.handing import hand
from mltools.serving.rollouts import Rollouts

LONGEST_REASON = 500

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Agent:
    """Follows one stage (or the latest version) of a model for the service over `directory`.

    `target` names where that is, in deployment records. Without `record` nothing is written to the journal. `kept` versions
    stay beside those that are served.
    """

    place: Place
    reference: Reference
    directory: Path
    target: str
    clock: Callable[[], datetime]
    record: bool = True
    log: Path | None = None
    kept: int = retention.KEPT
    _handed: Version | None = None
    _again: bool = False
    _serial: int = 0
    _told: tuple[str, str] | None = None
    _since: str | None = None
    _warned: dict[str, str] = field(default_factory=dict)
    _unkept: list[Event] = field(default_factory=list)
    _unshared: list[Event] = field(default_factory=list)
    _trials: Rollouts = field(init=False)

    def __post_init__(self) -> None:
        self._trials = Rollouts(self.place, self.reference, self.directory, self.log, self.clock, self.keep)

    def tick(self, *, serving: bool = True) -> None:
        """Look once, and do what there is to do. What goes wrong is said and tried again; it never ends what serves.

        As long as nothing is `serving`, what the directory says of a service is of one that has ended, and counts for nothing.
        """
        try:
            self._look(serving=serving)
        except Exception as error:
            log.debug("the agent stumbled", exc_info=True)
            self._warn("agent", f"the registry could not be followed: {type(error).__name__}: {error}")
        else:
            self._warned.pop("agent", None)

    def _look(self, *, serving: bool) -> None:
        wanted: Version | None = None
        trouble: str | None = None
        try:
            now = standing(self.place, self.place.writer, self.reference.model)
        except MltoolsError as error:
            self._say(None, error.message, reachable=False)
            return
        try:
            wanted = registry.find_version(now.model, self.reference)
            self._follow(now, wanted)
        except MltoolsError as error:
            trouble = error.message
            if wanted is not None and self._handed != wanted:
                self._tell(wanted, State.FAILED, trouble)
        try:
            if serving and trouble is None:
                self._watch()
        except MltoolsError as error:
            trouble = error.message
        self._share()
        self._say(wanted, trouble or self._trials.trouble, reachable=True)

    def _follow(self, now: Standing, wanted: Version) -> None:
        """Hand what the registry names to the service, and beside it what is tried."""
        if self._handed != wanted:
            if not self._trials.going:
                # Of the version that goes, before it is forgotten.
                self._keep_outcome(plans.state_of(self.directory))
            self._again |= hand(self.place, models.released(wanted), self.directory, model=now.model.name)
            self._handed = wanted
            self.place.say(f"{now.model.name} {wanted.version} is handed to the service")
        self._trials.look(now, wanted)
        plan = self._trials.wanted(now.model.name, wanted)
        self._serial = plans.put_plan(self.directory, plan, again=self._again)
        self._again = False

    def _watch(self) -> None:
        """Keep what the service made of the plan; judge what is tried by what it counted."""
        state = plans.state_of(self.directory)
        if state.failed == self._serial and self._trials.going:
            self._trials.failed(state.error or "no reason is known")
        elif self._keep_outcome(state):
            gone = retention.clear(self.directory, kept=self.kept)
            if gone:
                self.place.say(f"taken away, as they serve no more: {', '.join(gone)}")
            self._trials.judge(state)

    def _keep_outcome(self, state: plans.State) -> bool:
        """Keep whether the version that was handed over last serves; whether it does."""
        if self._handed is None:
            return False
        if state.failed == self._serial:
            self._tell(self._handed, State.FAILED, state.error or "it could not be served")
        elif state.serial == self._serial and state.applied.get("stable") == plain(self._handed.version):
            self._tell(self._handed, State.SERVING, "")
            return True
        return False

    def _tell(self, version: Version, state: State, reason: str) -> None:
        """Keep a deployment in the journal, once; also over a restart of the agent."""
        told = (version.version, state.value)
        if self._told == told:
            return
        model = version.event.said.model
        if self.record and self._newest(model) != told:
            details = {"state": state.value, "target": self.target}
            made = event(
                Kind.DEPLOYMENT,
                model,
                when=self.clock(),
                version=version.version,
                stage=self.reference.stage,
                by=actor(self.place) or self.place.writer.person,
                reason=reason[:LONGEST_REASON],
                details=details,
            )
            self.keep(made)
        self._told = told
        if state is State.FAILED:
            self.place.warn(f"{model} {version.version} does not serve: {reason}; what served before goes on")
        else:
            self.place.say(f"{model} {version.version} serves")

    def keep(self, made: Event) -> None:
        """Record an event here, now or with the next look; it goes to the remote with the next that reaches it."""
        self._unkept.append(made)
        self._keep()

    def _keep(self) -> None:
        """Record what waits for it, in its order."""
        try:
            while self._unkept:
                events.record(self.place.writer, self._unkept[0])
                self._unshared.append(self._unkept.pop(0))
            self._warned.pop("keeping", None)
        except MltoolsError as error:
            self._warn("keeping", f"the journal cannot be written: {error.message}; it is tried again")

    def _newest(self, model: str) -> tuple[str, str] | None:
        """What the journal last says of this place."""
        found = events.of_model(self.place.repository, model, {Kind.DEPLOYMENT})
        mine = [
            one
            for one in found
            if one.details.get("target") == self.target and one.stage == self.reference.stage
        ]
        return (mine[-1].version or "", mine[-1].state or "") if mine else None

    def _share(self) -> None:
        self._keep()
        if not self._unshared:
            return
        try:
            remote = registry.remote_of(self.place.repository)
            if remote is not None:
                events.share(self.place.writer, remote, self._unshared[-1])
            self._unshared.clear()
            self._warned.pop("journal", None)
        except MltoolsError as error:
            self._warn("journal", f"{error.message}; what is recorded here goes there later")

    def _say(self, wanted: Version | None, trouble: str | None, *, reachable: bool) -> None:
        """Tell the service, and whoever reads our words, how the registry is."""
        if trouble is not None:
            self._since = self._since or f"{self.clock():%Y-%m-%dT%H:%M:%SZ}"
            self._warn("version" if reachable else "registry", trouble)
        else:
            self._warned.pop("version", None)
            self._since = None
        if reachable and self._warned.pop("registry", None) is not None:
            self.place.say("the registry answers again")
        tree: dict[str, Any] = {
            "reachable": reachable,
            "error": trouble,
            "since": self._since,
            "reference": _spoken(self.reference),
            "wanted": None if wanted is None else wanted.version,
            "time": f"{self.clock():%Y-%m-%dT%H:%M:%SZ}",
        }
        try:
            plans.put_agent(self.directory, tree)
        except (MltoolsError, OSError) as error:
            self._warn("directory", f"{self.directory} cannot be written: {error}")

    def _warn(self, about: str, text: str) -> None:
        """Warn, once as long as it is the same."""
        if self._warned.get(about) != text:
            self._warned[about] = text
            self.place.warn(text)


def follows(reference: Reference) -> Reference:
    """The reference, where it can be followed. Raises UsageError for one version, which never changes."""
    if reference.version is not None:
        raise UsageError(
            f"{reference.model}@{reference.version} never changes, so there is nothing to follow",
            hint="name a stage, as in NAME#prod, or NAME@latest; or leave --follow out",
        )
    return reference


def _spoken(reference: Reference) -> str:
    return (
        f"{reference.model}#{reference.stage}" if reference.stage is not None else f"{reference.model}@latest"
    )
