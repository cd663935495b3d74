"""From the bytes of a request to its answer: routed, checked, predicted, counted, logged. Knows nothing of HTTP but statuses."""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from . import protocol
from .asking import LONGEST_ID, Asked, Refused, asked_of, check_count, ids_of, parsed
from .comparing import EXACT, alike
from .contract import Fault
from .files import ServerError
from .holder import Holder, Serving
from .metrics import MOST_LABELS, SHARES, Metrics
from .models import Answers, Loaded
from .protocol import ProtocolError
from .requestlog import Hiding, RequestLog, now
from .settings import Settings

log = logging.getLogger(__name__)
MOST_FAULTS = 100
MOST_LOGGED = 20
SHADOW_QUEUE = 64


@dataclass(frozen=True, slots=True)
class Reply:
    """What the client is told."""

    status: int
    tree: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """One arm's turn at a request. A `replaceable` one may be taken by the stable arm, which then is not `tried` itself."""

    arm: str
    loaded: Loaded
    asked: Asked
    begun: float
    replaceable: bool = True
    tried: bool = True

    @property
    def milliseconds(self) -> float:
        """Since it began."""
        return (time.perf_counter() - self.begun) * 1000


class Answering:
    """Answers requests, from several threads at once."""

    def __init__(
        self, settings: Settings, holder: Holder, metrics: Metrics, requests: RequestLog | None
    ) -> None:
        self._settings = settings
        self._holder = holder
        self._metrics = metrics
        self._log = requests
        self._hiding = None if requests is None else Hiding(requests.directory)
        self._shadow = ThreadPoolExecutor(1, "shadow")
        self._room = threading.Semaphore(SHADOW_QUEUE)

    def close(self) -> None:
        """Wait for what the shadow still has to answer."""
        self._shadow.shutdown(wait=True)

    def predict(self, body: bytes, request_id: str, key: str | None) -> Reply:
        """The answer to `/predict`."""
        return self._guarded(request_id, lambda: self._predict(body, request_id, key))

    def infer(self, body: bytes, request_id: str, key: str | None, name: str, version: str | None) -> Reply:
        """The answer to an inference request of the Open Inference Protocol."""
        reply = self._guarded(request_id, lambda: self._infer(body, request_id, key, name, version))
        if reply.status == 422:  # noqa: PLR2004 - the protocol knows no 422
            faults = reply.tree.get("faults") or [{}]
            first = "row {row}, {column}: {message}".format_map(faults[0])
            return Reply(400, {"error": f"{reply.tree['error']}: {first}", "id": request_id})
        return reply

    def serving(self) -> Serving:
        """What is served. Raises Refused where nothing is."""
        found = self._holder.serving
        if found is None:
            raise Refused(503, "no model is loaded yet; /health/ready tells why")
        return found

    def named(self, name: str, version: str | None) -> tuple[Serving, str | None]:
        """What is served under a name, and the arm of a version. Raises Refused for what is not."""
        serving = self.serving()
        if name != serving.plan.model:
            raise Refused(404, f"there is no model {name[:100]!r} here; there is {serving.plan.model!r}")
        if version is None:
            return serving, None
        arm = serving.version(version)
        if arm is None:
            there = ", ".join(sorted({serving.arms[one].version for one in serving.answering}))
            raise Refused(404, f"{name} {version[:40]!r} is not loaded here; there is: {there}")
        return serving, arm

    def _guarded(self, request_id: str, answer: Any) -> Reply:
        """The answer; what goes wrong is told without its inside, which goes to our own log under the request's id."""
        try:
            return answer()  # type: ignore[no-any-return]
        except Refused as refused:
            tree: dict[str, Any] = {"error": str(refused), "id": request_id}
            if refused.faults:
                tree["faults"] = [fault.as_json() for fault in refused.faults[:MOST_FAULTS]]
                tree["more"] = max(0, len(refused.faults) - MOST_FAULTS)
            headers = {"Retry-After": "1"} if refused.status == 503 else {}  # noqa: PLR2004 - what to come back for
            return Reply(refused.status, tree, headers)
        except ProtocolError as error:
            return Reply(400, {"error": str(error), "id": request_id})
        except Exception:
            log.exception("request %s failed", request_id)
            self._metrics.add("mltools_errors_total")
            told = "the model could not answer; the service's log has the reason under this id"
            return Reply(500, {"error": told, "id": request_id})

    def _predict(self, body: bytes, request_id: str, key: str | None) -> Reply:
        begun = time.perf_counter()
        serving = self.serving()
        asked = asked_of(parsed(body), request_id, key, self._settings.most_rows)
        arm = serving.plan.arm_of(asked.key)
        loaded, answers, warned = self._answer(serving, Turn(arm, serving.arms[arm], asked, begun))
        tree: dict[str, Any] = {
            "model": loaded.name,
            "version": loaded.version,
            "id": request_id,
            "ids": asked.ids,
            "predictions": answers.predictions,
            "scores": answers.scores,
        }
        if warned:
            tree["warnings"] = [fault.as_json() for fault in warned[:MOST_FAULTS]]
        return Reply(200, tree)

    def _infer(self, body: bytes, request_id: str, key: str | None, name: str, version: str | None) -> Reply:
        begun = time.perf_counter()
        serving, pinned = self.named(name, version)
        tree = parsed(body)
        told = tree.get("id") if isinstance(tree, dict) else None
        if told is not None and not (isinstance(told, str) and 0 < len(told) <= LONGEST_ID):
            raise Refused(400, f"id is no text of at most {LONGEST_ID} characters")
        request_id = told or request_id
        arm = pinned or serving.plan.arm_of(key or request_id)
        rows = protocol.rows_of(tree, serving.arms[arm])
        wanted = protocol.check_outputs(tree, serving.arms[arm])
        check_count(len(rows), self._settings.most_rows)
        asked = Asked(request_id, rows, ids_of(request_id, len(rows)), request_id)
        turn = Turn(arm, serving.arms[arm], asked, begun, replaceable=pinned is None)
        loaded, answers, _ = self._answer(serving, turn)
        return Reply(200, protocol.response(loaded, answers, wanted, request_id))

    def _answer(self, serving: Serving, turn: Turn) -> tuple[Loaded, Answers, list[Fault]]:
        """The answer of an arm; that of the stable one where the canary fails: nobody is harmed by a trial."""
        loaded, asked, stable = turn.loaded, turn.asked, serving.arms["stable"]
        backed = turn.arm == "canary" and turn.replaceable
        clean, refused, warned = loaded.contract.check(asked.rows)
        if refused and not (backed and not stable.contract.check(asked.rows)[1]):
            self._refuse(turn, clean, refused)
        try:
            if refused:
                raise ServerError(f"{refused[0].column}: {refused[0].rule}, which the stable version takes")  # noqa: TRY301 - fails like the model itself
            answers = loaded.predict(clean)
        except Exception as error:
            taken = turn.milliseconds
            self._tally(serving, turn, taken, error=True)
            self._write(turn, clean, Outcome(500, taken, [type(error).__name__] * len(clean)))
            if not backed:
                raise
            log.exception("request %s: the canary %s failed; stable answers", asked.id, loaded.version)
            self._metrics.add("mltools_errors_total")
            return self._answer(serving, Turn("stable", stable, asked, time.perf_counter(), tried=False))
        taken = turn.milliseconds
        self._tally(serving, turn, taken)
        self._count(turn, answers, taken)
        self._write(turn, clean, Outcome(200, taken, [None] * len(clean), answers))
        if "shadow" in serving.arms and self._room.acquire(blocking=False):
            self._shadow.submit(self._compare, serving, asked, answers)
        return loaded, answers, warned

    def _tally(self, serving: Serving, turn: Turn, taken: float, *, error: bool = False) -> None:
        """Count a turn for the trial, but not the stable arm's at what the canary failed: those are no sample of requests."""
        if turn.tried:
            rows = len(turn.asked.rows)
            serving.tallies[turn.arm].answered(rows, taken, serving.plan.slow, error=error)

    def _refuse(self, turn: Turn, clean: list[dict[str, Any]], faults: list[Fault]) -> NoReturn:
        """Log and count the wrong rows, and turn the request away."""
        asked, first = turn.asked, {fault.row: fault for fault in reversed(faults)}
        for fault in first.values():
            self._metrics.add("mltools_refused_rows_total", rule=fault.rule)
        wrong = sorted(first)[:MOST_LOGGED]
        part = Asked(asked.id, [asked.rows[at] for at in wrong], [asked.ids[at] for at in wrong], asked.key)
        reasons = [f"{first[at].column}: {first[at].rule}" for at in wrong]
        outcome = Outcome(422, turn.milliseconds, reasons)
        self._write(replace(turn, asked=part), [clean[at] for at in wrong], outcome)
        of = f"the input contract of {turn.loaded.name} {turn.loaded.version}"
        raise Refused(422, f"{len(first)} row{'s break' if len(first) > 1 else ' breaks'} {of}", faults)

    def _compare(self, serving: Serving, asked: Asked, given: Answers) -> None:
        """Let the shadow answer, and hold that against what was given. Nobody waits for it."""
        try:
            turn = Turn("shadow", serving.arms["shadow"], asked, time.perf_counter())
            clean, refused, _ = turn.loaded.contract.check(asked.rows)
            answers = None
            try:
                answers = None if refused else turn.loaded.predict(clean)
            except Exception:
                log.exception("request %s: the shadow %s failed", asked.id, turn.loaded.version)
            self._matched(serving, turn, clean, answers, given)
        except Exception:  # nobody would ever see it
            log.exception("request %s: the shadow's answer is lost", asked.id)
        finally:
            self._room.release()

    def _matched(
        self,
        serving: Serving,
        turn: Turn,
        clean: list[dict[str, Any]],
        answers: Answers | None,
        given: Answers,
    ) -> None:
        taken, tally = turn.milliseconds, serving.tallies["shadow"]
        tally.answered(len(clean), taken, serving.plan.slow, error=answers is None)
        reason = None if answers is not None else "the shadow could not answer"
        status = 500 if answers is None else 200
        self._write(turn, clean, Outcome(status, taken, [reason] * len(clean), answers))
        if answers is None:
            return
        pairs = zip(answers.predictions, given.predictions, strict=True)
        agreed = sum(alike(one, other, tolerance=EXACT) for one, other in pairs)
        tally.matched(len(clean), agreed)
        self._metrics.add("mltools_shadow_rows_total", agreed, outcome="agreed")
        self._metrics.add("mltools_shadow_rows_total", len(clean) - agreed, outcome="differed")

    def _count(self, turn: Turn, answers: Answers, taken: float) -> None:
        loaded, metrics = turn.loaded, self._metrics
        arm, version = turn.arm, turn.loaded.version
        metrics.add("mltools_rows_total", len(answers.predictions), arm=arm, version=version)
        metrics.observe("mltools_predict_seconds", [taken / 1000], arm=arm, version=version)
        if loaded.classes is None:
            bounds = _bounds(loaded)
            numbers = [value for value in answers.predictions if not isinstance(value, str)]
            metrics.observe("mltools_prediction", numbers, bounds, arm=arm, version=version)
            return
        known = {str(label) for label in loaded.classes[:MOST_LABELS]}
        for value in answers.predictions:
            label = str(value) if str(value) in known else "other"
            metrics.add("mltools_predictions_total", value=label, arm=arm, version=version)
        if answers.scores is not None:
            best = [max(row.values()) for row in answers.scores]
            metrics.observe("mltools_score", best, SHARES, arm=arm, version=version)

    def _write(self, turn: Turn, clean: list[dict[str, Any]], outcome: "Outcome") -> None:
        """Into the request log, one line for each row."""
        if self._log is None or self._hiding is None:
            return
        loaded, answers = turn.loaded, outcome.answers
        hashed = loaded.info.get("sensitive") == "hash"
        moment, hidden = now(), loaded.hidden
        lines = [
            {
                "id": row_id,
                "time": moment,
                "model": loaded.name,
                "version": loaded.version,
                "arm": turn.arm,
                "features": self._hiding.features(row, hidden, hashed=hashed),
                "prediction": None if answers is None else answers.predictions[at],
                "score": None if answers is None or answers.scores is None else answers.scores[at],
                "milliseconds": round(outcome.milliseconds, 3),
                "status": outcome.status,
                "error": outcome.reasons[at],
            }
            for at, (row_id, row) in enumerate(zip(turn.asked.ids, clean, strict=True))
        ]
        self._log.append(lines)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a turn ended; `reasons` are one for each row."""

    status: int
    milliseconds: float
    reasons: Sequence[str | None]
    answers: Answers | None = None


def _bounds(loaded: Loaded) -> tuple[float, ...]:
    """Bounds for the histogram of a number: ten parts of the range that the output's contract allows, else decades."""
    for terms in (loaded.info.get("output") or {}).values():
        low, high = terms.get("minimum"), terms.get("maximum")
        if isinstance(low, int | float) and isinstance(high, int | float) and low < high:
            return tuple(low + (high - low) * step / 10 for step in range(1, 11))
    decades = tuple(10.0**power for power in range(-3, 7))
    return (*(-bound for bound in reversed(decades)), 0.0, *decades)
