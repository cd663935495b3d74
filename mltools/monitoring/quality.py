"""How good the model is on requests whose truth came, with intervals, and against what it was at its release."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mltools.core.monitor.findings import Measured
from mltools.core.monitor.policy import Monitor, Quality
from mltools.core.stats import metrics as statistics
from mltools.core.stats.cases import prepared
from mltools.core.stats.decide import Question, decide_all
from mltools.core.stats.difference import difference, interval
from mltools.core.stats.metrics import Metric
from mltools.core.stats.paired import Paired, Predictions, Unpaired, join
from mltools.core.stats.values import FEWEST, Draws, Undecided
from mltools.edges import frames
from mltools.edges.tables.requests import Labelled
from mltools.errors import MltoolsError
from mltools.monitoring.reference import Reference

NUMBERS, CLASSES = "mae", "accuracy"


def measured(
    rows: Sequence[Labelled], reference: Reference, policy: Monitor, *, coded: bool
) -> tuple[Measured, ...]:
    """Each metric of the labelled rows; none where no label is there. What cannot be told has a reason.

    Intervals and tests are at the policy's `alpha`, as those of the features are.
    """
    if not rows:
        return ()
    asked = policy.quality or (Quality(metric=NUMBERS if reference.numeric else CLASSES),)
    named = {quality.metric: statistics.named(quality.metric) for quality in asked}
    known = {name: metric for name, metric in named.items() if metric is not None}
    margins = {quality.metric: quality.margin for quality in asked}
    unknown = (
        Measured(name, "higher", None, reason=f"it cannot be computed from predictions; known are {_known()}")
        for name, metric in named.items()
        if metric is None
    )
    if len(rows) < FEWEST:
        few = f"{len(rows):,} labelled row{'s are' if len(rows) != 1 else ' is'} too few; {FEWEST} are needed"
        untold = (Measured(name, metric.better, None, reason=few) for name, metric in known.items())
        return (*untold, *unknown)
    head = _now(rows, reference, coded=coded)
    base = _then(reference)
    test = join(head if base is None else base, head)
    if isinstance(test, Undecided):
        return (
            *(Measured(name, metric.better, None, reason=test.reason) for name, metric in known.items()),
            *unknown,
        )
    positive = None if coded or reference.numeric else reference.positive
    draws = Draws(_seed(rows))
    asking = _Asking(known, margins, positive, draws, 1 - policy.alpha)
    return (*_each(test, asking, alone=base is None), *unknown)


@dataclass(frozen=True, slots=True)
class _Asking:
    """What is asked of the rows, and how sure an answer must be."""

    metrics: dict[str, Metric]
    margins: dict[str, float]
    positive: Any
    draws: Draws
    level: float


def _each(test: Paired | Unpaired, asking: _Asking, *, alone: bool) -> Iterator[Measured]:
    positive, draws, level = asking.positive, asking.draws, asking.level
    questions = {
        name: Question(
            difference(metric, test, draws, positive=positive, level=level),
            metric.better,
            asking.margins[name],
        )
        for name, metric in ({} if alone else asking.metrics).items()
    }
    decisions = decide_all(questions)
    for name, metric in asking.metrics.items():
        cases = prepared(metric.uses, (test.head,), positive)
        found = cases if isinstance(cases, Undecided) else interval(metric, cases[0], draws, level=level)
        if isinstance(found, Undecided):
            yield Measured(name, metric.better, None, reason=found.reason)
            continue
        decision = decisions.get(name)
        estimate = None if decision is None else decision.estimate
        yield Measured(
            name,
            metric.better,
            found.value,
            found.low,
            found.high,
            rows=found.rows,
            base=None if estimate is None else estimate.base,
            decision=None if decision is None or estimate is None else decision.call.value,
            change=None if estimate is None else (estimate.low, estimate.high),
        )


def _now(rows: Sequence[Labelled], reference: Reference, *, coded: bool) -> Predictions:
    truth = [_coded(row.label, reference.positive) if coded else row.label for row in rows]
    said = [row.prediction for row in rows]
    scores = [row.score for row in rows]
    ids = [f"request {row.id}" for row in rows]
    if reference.numeric:
        return Predictions(ids, truth, None, said)
    return Predictions(ids, truth, said, None if None in scores else scores)


def _then(reference: Reference) -> Predictions | None:
    """The predictions of the release's test rows; None where they are not known or cannot be read."""
    if reference.predictions is None or reference.told is None:
        return None
    told, (name, content) = reference.told, reference.predictions
    try:
        table = frames.read(content, name)
        target, label, score = frames.columns(table, (told.target, told.prediction, told.score), name)
    except MltoolsError:
        return None
    ids = [f"test row {place}" for place in range(len(target))]
    if reference.numeric:
        return Predictions(ids, target, None, score if score is not None else label)
    return Predictions(ids, target, label, score)


def _coded(label: Any, positive: Any) -> int:
    return int(str(label) == str(positive))


def _seed(rows: Iterable[Labelled]) -> int:
    """From the rows themselves: the same ones give the same answer."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(f"{row.id}\0".encode())
    return int(digest.hexdigest()[:12], 16)


def _known() -> str:
    return ", ".join(statistics.METRICS)
