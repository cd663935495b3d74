"""The agent's part in a trial: the plan for its present step, what was counted, the decision and what follows from it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mltools import journal, models, registry
from mltools.core import rollout
from mltools.core.events import Event
from mltools.core.registry import Version
from mltools.core.rollout import Arm, Decision, Verdict
from mltools.core.serving import plain
from mltools.core.tags import Reference
from mltools.edges import documents, files
from mltools.errors import ConfigError, DataError, MltoolsError
from mltools.models import Place
from mltools.models.changing import Wish, actor
from mltools.models.promoting import promote
from mltools.models.standing import Standing
from mltools.serving import labels
from mltools.serving.handing import hand
from mltools.serving.plans import State, Wanted
from mltools.serving.trials import Begun, ended, going_on

FILE = "rollout.json"
ARMS = ("stable", "canary")


@dataclass(slots=True)
class _Progress:
    """How far a trial is; kept in a file, so that a restart of the agent or the service loses no count that was seen.

    `last` is what one start of the service has counted under one plan, which `counting` names; `before` all before that.
    """

    start: str
    step: int = 0
    since: float = 0.0
    counting: str | None = None
    before: dict[str, Arm] = field(default_factory=dict)
    last: dict[str, Arm] = field(default_factory=dict)

    def total(self, arm: str) -> Arm:
        return self.before.get(arm, Arm()).plus(self.last.get(arm, Arm()))

    def count(self, state: State) -> None:
        """Add up over plans and starts of the service, each of which begins to count at nothing."""
        tried = "shadow" if "shadow" in state.arms else "canary"
        if tried not in state.arms:
            return  # another plan, before ours was taken
        counting = f"plan {state.serial} since {state.started}"
        if self.counting != counting:
            self.before = {arm: self.total(arm) for arm in ARMS}
            self.counting = counting
        counted = (state.arms.get("stable", {}), state.arms[tried])
        self.last = {arm: rollout.counted(tally) for arm, tally in zip(ARMS, counted, strict=True)}


@dataclass(slots=True)
class Rollouts:
    """Follows the trials of one stage; `trouble` is what kept the journal from being fetched the last time."""

    place: Place
    reference: Reference
    directory: Path
    log: Path | None
    clock: Callable[[], datetime]
    keep: Callable[[Event], None]
    trouble: str | None = None
    _begun: Begun | None = None
    _handed: str | None = None
    _over: set[str] = field(default_factory=set)
    _progress: _Progress | None = None

    def look(self, now: Standing, stable: Version) -> None:
        """See whether a trial began or ended. What it needs is handed to the service. Raises nothing for a broken trial.

        Where the journal does not come, what is known of it here counts: who rolls back must not wait for it.
        """
        if self.reference.stage is None:
            return
        self.trouble = None
        try:
            if now.remote is not None:
                journal.fetch(self.place.writer, now.remote)
        except MltoolsError as error:
            self.trouble = error.message
        begun = going_on(self.place.repository, now.model.name, self.reference.stage)
        if begun is not None and begun.event.id in self._over:
            begun = None  # as decided, also where the journal could not be told yet
        if begun is None or begun.event.id != (self._progress.start if self._progress else None):
            self._progress = None if begun is None else self._kept(begun)
        self._begun = begun
        if begun is None:
            return
        if begun.version == stable.version:
            self._end("promoted", f"{begun.version} is in {self.reference.stage}", ())
            return
        if begun.event.details.get("against") != stable.version:
            self._end("aborted", f"{self.reference.stage} holds {stable.version} meanwhile", ())
            return
        try:
            version = registry.find_version(now.model, Reference(now.model.name, begun.version))
            if self._handed != begun.event.id:  # whose file is hashed, whatever its size
                hand(self.place, models.released(version), self.directory, model=now.model.name)
                self._handed = begun.event.id
        except MltoolsError as error:
            self._end("aborted", f"{begun.version} cannot be tried: {error.message}", ())

    def wanted(self, model: str, stable: Version) -> Wanted:
        """What the service shall do at this moment."""
        if self._begun is None or self._progress is None:
            return Wanted(model, plain(stable.version))
        trial = self._begun.trial
        share, tried = trial.steps[self._progress.step], plain(self._begun.version)
        slow = trial.milliseconds
        if share == 0:
            return Wanted(model, plain(stable.version), shadow=tried, slow=slow)
        return Wanted(model, plain(stable.version), canary=tried, share=share, slow=slow)

    @property
    def going(self) -> bool:
        """Whether a version is being tried."""
        return self._begun is not None

    def failed(self, reason: str) -> None:
        """The service cannot carry the trial out."""
        self._end("aborted", f"the service does not take it: {reason}", ())

    def judge(self, state: State) -> None:
        """Count what the service counted, and decide."""
        begun, progress = self._begun, self._progress
        if begun is None or progress is None:
            return
        progress.count(state)
        stable, canary = (progress.total(arm) for arm in ARMS)
        found = labels.wrong(
            self.log, begun.event, {name: plain(v) for name, v in self._versions(begun).items()}
        )
        stable, canary = (arm.plus(found[name]) for arm, name in ((stable, "stable"), (canary, "canary")))
        seconds = max(0.0, self._now() - progress.since)
        decision = rollout.decide(begun.trial, progress.step, seconds, stable, canary)
        match decision.verdict:
            case Verdict.ADVANCE:
                progress.step, progress.since = progress.step + 1, self._now()
                if begun.trial.steps[progress.step - 1] == 0:
                    progress.before, progress.last, progress.counting = {}, {}, None  # a shadow is no canary
                share = begun.trial.steps[progress.step]
                self.place.say(
                    f"{begun.event.model} {begun.version} answers {100 * share:g}% of the keys now"
                )
            case Verdict.ABORT:
                self._decided(begun, "aborted", decision)
            case Verdict.PROMOTE:
                self._promote(begun, decision)
        self._store()

    def _promote(self, begun: Begun, decision: Decision) -> None:
        """Move the stage's tag; the policy of the stage still has its say."""
        stage = begun.event.stage or ""
        wish = Wish(
            self.place,
            Reference(begun.event.model, begun.version),
            self.clock,
            stage,
            f"tried beside {begun.event.details.get('against')}: {decision.reason}"[:1_000],
        )
        outcome = promote(wish)
        if outcome.refused is not None:
            reason = f"{outcome.refused}: {'; '.join(outcome.notes)}"
            self._decided(begun, "aborted", Decision(Verdict.ABORT, reason, decision.evidence))
            return
        self._decided(begun, "promoted", decision)

    def _decided(self, begun: Begun, state: str, decision: Decision) -> None:
        self._end(state, decision.reason, [one.as_json() for one in decision.evidence])
        self.place.say(f"{begun.event.model} {begun.version} is {state}: {decision.reason}")

    def _end(self, state: str, reason: str, evidence: Any) -> None:
        begun = self._begun
        if begun is None:
            return
        by = actor(self.place) or self.place.writer.person
        step = None if self._progress is None else self._progress.step
        details = {"evidence": list(evidence), "step": step}
        self.keep(ended(begun, state, reason, details, by=by, when=self.clock()))
        self._over.add(begun.event.id)
        self._begun = self._progress = None
        (self.directory / FILE).unlink(missing_ok=True)

    def _versions(self, begun: Begun) -> dict[str, str]:
        return {"stable": str(begun.event.details.get("against")), "canary": begun.version}

    def _now(self) -> float:
        return self.clock().timestamp()

    def _kept(self, begun: Begun) -> _Progress:
        """How far the trial was when the agent last ran; else its beginning."""
        try:
            tree = documents.read_json(files.read_bytes(self.directory / FILE), FILE)
            if tree["start"] == begun.event.id and 0 <= tree["step"] < len(begun.trial.steps):
                arms = {
                    part: {arm: rollout.counted(tree[part][arm]) for arm in tree[part]}
                    for part in ("before", "last")
                }
                return _Progress(
                    begun.event.id,
                    int(tree["step"]),
                    float(tree["since"]),
                    tree["counting"],
                    arms["before"],
                    arms["last"],
                )
        except (DataError, ConfigError, KeyError, TypeError, ValueError, AttributeError):
            pass  # none, or of another trial: it begins anew
        self.place.say(
            f"{begun.event.model} {begun.version} is tried beside {begun.event.details.get('against')}"
        )
        return _Progress(begun.event.id, since=self._now())

    def _store(self) -> None:
        if self._progress is None:
            return
        progress = self._progress
        arms = {
            part: {
                arm: {"requests": one.requests, "errors": one.errors, "slow": one.slow}
                for arm, one in found.items()
            }
            for part, found in (("before", progress.before), ("last", progress.last))
        }
        tree = {"schema": 1, "start": progress.start, "step": progress.step, "since": progress.since}
        files.write_atomic(
            self.directory / FILE, documents.write_json({**tree, "counting": progress.counting, **arms})
        )
