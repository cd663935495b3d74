"""What is being served at this moment, and how it changes: loaded beside, tried, then swapped in one step.

A request keeps the version that it began with. Where a new version cannot serve, the one before goes on.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from . import SCHEMA, files
from .files import ServerError
from .metrics import Metrics
from .models import Loaded, load
from .places import PLAN, STATE
from .plan import ARMS, Plan, read_plan
from .requestlog import now
from .settings import Settings

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tally:
    """What an arm has answered under the present plan. `agreed` of `compared` rows: the shadow's answers."""

    version: str
    requests: int = 0
    rows: int = 0
    errors: int = 0
    slow: int = 0
    milliseconds_sum: float = 0.0
    milliseconds_max: float = 0.0
    compared: int = 0
    agreed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def answered(self, rows: int, milliseconds: float, slow: float | None, *, error: bool = False) -> None:
        """Count one request."""
        with self._lock:
            self.requests += 1
            self.rows += rows
            self.errors += error
            self.slow += slow is not None and milliseconds > slow
            self.milliseconds_sum += milliseconds
            self.milliseconds_max = max(self.milliseconds_max, milliseconds)

    def matched(self, compared: int, agreed: int) -> None:
        """Count answers of the shadow that were held against those that were given."""
        with self._lock:
            self.compared += compared
            self.agreed += agreed

    def as_json(self) -> dict[str, Any]:
        with self._lock:
            return {
                "version": self.version,
                "requests": self.requests,
                "rows": self.rows,
                "errors": self.errors,
                "slow": self.slow,
                "milliseconds_sum": round(self.milliseconds_sum, 3),
                "milliseconds_max": round(self.milliseconds_max, 3),
                "compared": self.compared,
                "agreed": self.agreed,
            }


@dataclass(frozen=True, slots=True)
class Serving:
    """A plan with its versions, loaded."""

    plan: Plan
    arms: Mapping[str, Loaded]
    tallies: Mapping[str, Tally]

    def version(self, version: str) -> str | None:
        """The arm that answers by this version; the shadow answers nobody."""
        return next((arm for arm in self.answering if self.arms[arm].version == version), None)

    @property
    def answering(self) -> tuple[str, ...]:
        """The arms whose answers are given."""
        return tuple(arm for arm in self.arms if arm != "shadow")


class Holder:
    """Watches the plan in a thread of its own."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.serving: Serving | None = None
        self.error: str | None = None
        self.address: str | None = None
        self._started = now()
        self._settings = settings
        self._metrics = metrics
        self._failed: Plan | None = None
        self._told: dict[str, Any] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, first: Callable[[], None]) -> None:
        """Begin to watch; `first` is called once the plan was looked at for the first time."""
        self._thread = threading.Thread(target=self._watch, args=(first,), name="plan", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the watching; the last state is written."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.tell()

    def step(self) -> None:
        """Look at the plan once, and follow it."""
        try:
            plan = read_plan(self._settings.models)
        except ServerError as error:
            self._refuse(None, str(error))
            return
        if plan is None:
            if self.serving is None:
                self._wait(f"there is no {PLAN} in {self._settings.models}")
            return
        if plan == self._failed:
            return
        if self.serving is not None and plan == self.serving.plan:
            self.error = self._failed = None  # what was wrong meanwhile was taken back
            return
        self._apply(plan)

    def tell(self) -> None:
        """Write `state.json` where it would say something new; a disk that is full changes nothing else."""
        serving = self.serving
        tree = {
            "schema": SCHEMA,
            "started": self._started,
            "serial": None if serving is None else serving.plan.serial,
            "model": None if serving is None else serving.plan.model,
            "applied": {arm: None if serving is None else serving.plan.versions.get(arm) for arm in ARMS},
            "error": self.error,
            "failed": None if self._failed is None else self._failed.serial,
            "address": self.address,
            "arms": {} if serving is None else {arm: one.as_json() for arm, one in serving.tallies.items()},
        }
        if tree == self._told:
            return
        try:
            files.write_json(self._settings.models / STATE, {**tree, "time": now()})
            self._told = tree
        except OSError as error:
            log.warning("%s cannot be written: %s", STATE, error)

    def _watch(self, first: Callable[[], None]) -> None:
        self._look()
        try:
            first()
        except Exception:  # a thread that died would leave the service without anybody to swap
            log.exception("nobody could be told that the service has started")
        while not self._stop.wait(self._settings.poll_seconds):
            self._look()

    def _look(self) -> None:
        try:
            self.step()
            self.tell()
        except Exception as error:  # as above
            log.exception("the plan could not be followed")
            self.error = f"the plan could not be followed: {type(error).__name__}"

    def _apply(self, plan: Plan) -> None:
        try:
            self._swap(plan)
        except ServerError as error:
            self._refuse(plan, str(error))
            self._fall_back(plan)
        except MemoryError:
            self._refuse(plan, "there is not memory enough for the new version beside the old one")

    def _swap(self, plan: Plan) -> None:
        had = {} if self.serving is None or self.serving.plan.model != plan.model else self.serving.arms
        ready = {loaded.version: loaded for loaded in had.values()}
        arms = {
            arm: ready.get(version)
            or load(self._settings.models, plan.model, version, pickle=self._settings.pickle)
            for arm, version in plan.versions.items()
        }
        tallies = {arm: Tally(version) for arm, version in plan.versions.items()}
        self.serving = Serving(plan, arms, tallies)
        self.error, self._failed = None, None
        self._metrics.add("mltools_swaps_total", outcome="applied")
        self._metrics.put(
            "mltools_model_info",
            {
                (("arm", arm), ("model", plan.model), ("version", version)): 1.0
                for arm, version in plan.versions.items()
            },
        )
        log.info("serving %s: %s", plan.model, ", ".join(_spoken(plan)))

    def _wait(self, reason: str) -> None:
        if reason != self.error:
            log.info("waiting: %s", reason)
        self.error = reason

    def _refuse(self, plan: Plan | None, reason: str) -> None:
        if reason != self.error:
            log.error("the plan is not followed: %s", reason)
            self._metrics.add("mltools_swaps_total", outcome="failed")
        self.error = reason
        if plan is not None:
            self._failed = plan

    def _fall_back(self, plan: Plan) -> None:
        """After a start with a plan that cannot be followed: its stable version alone, else what was served before."""
        if self.serving is not None:
            return
        failed, reason = self._failed, self.error
        alone = [plan.stable] if len(plan.versions) > 1 else []
        for stable in (*alone, *self._before(plan)):
            try:
                self._swap(replace(plan, stable=stable, canary=None, share=0.0, shadow=None))
                break
            except ServerError as error:
                log.warning("%s %s cannot be served either: %s", plan.model, stable, error)
        self._failed, self.error = failed, reason

    def _before(self, plan: Plan) -> tuple[str, ...]:
        """The other version that served everybody before, as far as `state.json` tells."""
        try:
            state = files.read_json(self._settings.models / STATE)
        except (FileNotFoundError, ServerError):
            return ()
        applied = state.get("applied")
        stable = applied.get("stable") if isinstance(applied, dict) else None
        known = isinstance(stable, str) and stable != plan.stable and state.get("model") == plan.model
        return (str(stable),) if known else ()


def _spoken(plan: Plan) -> Iterator[str]:
    """Who answers, in words."""
    for arm, version in plan.versions.items():
        yield f"{arm} {version}" + (f" for {100 * plan.share:g}% of the keys" if arm == "canary" else "")
