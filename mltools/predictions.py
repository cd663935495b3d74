"""What the base's and this run's predictions tell: comparisons beyond chance, groups of rows, fairness.

NumPy, SciPy and pandas are loaded with this module, so it is imported only where a gate asks for it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mltools import comparing, journal
from mltools.baseline import Baseline
from mltools.core.compared import Compared
from mltools.core.config import Predictions as Told
from mltools.core.gates import Fairness, Gate, Significance, Slice
from mltools.core.grouped import Gap, Group, Grouped
from mltools.core.metrics import Scalar, lookup, number
from mltools.core.names import shown
from mltools.core.stats import metrics as statistics
from mltools.core.stats.decide import Call, Decision, Question, decide_all
from mltools.core.stats.difference import difference
from mltools.core.stats.fairness import Gap as Spread
from mltools.core.stats.fairness import fairness
from mltools.core.stats.metrics import Metric
from mltools.core.stats.paired import Paired, Predictions, Unpaired, join
from mltools.core.stats.slices import Slice as Part
from mltools.core.stats.slices import slices
from mltools.core.stats.values import Draws, Estimate, Undecided
from mltools.edges import frames
from mltools.errors import MltoolsError
from mltools.project import Project

# What the metrics file says and what the predictions give may differ by rounding alone.
CLOSE = 1e-6


@dataclass(frozen=True, slots=True)
class Findings:
    """What the gates asked for, by their names; a text says why there is none."""

    compared: Mapping[str, Compared | str]
    grouped: Mapping[str, Grouped | str]
    gaps: Mapping[str, Gap | str]


@dataclass(frozen=True, slots=True)
class _Table:
    """One side's predictions, with their bytes' hash."""

    name: str
    frame: Any
    md5: str


def judge(
    project: Project,
    against: Baseline,
    gates: Sequence[Gate],
    metrics: Mapping[str, Scalar],
    environ: Mapping[str, str],
) -> Findings:
    """What predictions tell to these gates. What cannot be told is a reason, never an error."""
    told = project.config.compare.predictions
    if told is None:
        why = "mltools.yaml names no predictions file (compare.predictions)"
        names = [gate.name for gate in gates]
        return Findings(*(dict.fromkeys(names, why) for _ in range(3)))
    head = _head(project, told, environ)
    base = _base(project, against, told, environ)
    return Findings(
        compared=_compared(
            [gate for gate in gates if isinstance(gate, Significance)], told, head, base, metrics
        ),
        grouped={gate.name: _grouped(gate, told, head, base) for gate in gates if isinstance(gate, Slice)},
        gaps={gate.name: _gap(gate, told, head) for gate in gates if isinstance(gate, Fairness)},
    )


def _head(project: Project, told: Told, environ: Mapping[str, str]) -> _Table | str:
    try:
        content = comparing.content_of(project, told.path, environ=environ)
        return _table(content, told.path)
    except MltoolsError as error:
        return error.message


def _base(project: Project, against: Baseline, told: Told, environ: Mapping[str, str]) -> _Table | str:
    """The base's predictions: as its record kept them, else as its commit or DVC has them."""
    if against.base is None:
        return against.unreadable or "no base yet"
    name = f"{told.path} at {against.base.commit[:8]}"
    record = against.record or (
        journal.load(project.repository, against.base.run) if against.base.run is not None else None
    )
    kept = None if record is None else journal.results(project.repository, record).get(told.path)
    try:
        content = kept or comparing.content_of(project, told.path, rev=against.base.commit, environ=environ)
        return _table(content, name)
    except MltoolsError as error:
        return f"the base's predictions cannot be had: {error.message}"


def _table(content: bytes, name: str) -> _Table:
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return _Table(name, frames.read(content, name), digest)


def _compared(
    gates: Sequence[Significance],
    told: Told,
    head: _Table | str,
    base: _Table | str,
    metrics: Mapping[str, Scalar],
) -> dict[str, Compared | str]:
    """The comparisons, all at once: what is beyond chance depends on how many are asked for."""
    if not gates:
        return {}
    test = _test(told, head, base, told.group)
    questions: dict[str, Question] = {}
    found: dict[str, Compared | str] = {}
    for gate in gates:
        metric = _metric(gate)
        if isinstance(metric, str) or isinstance(test, str):
            found[gate.name] = metric if isinstance(metric, str) else str(test)
            continue
        estimate = difference(
            metric, test, Draws(_seed(head, base)), positive=told.positive, level=gate.level
        )
        questions[gate.name] = Question(estimate, gate.better or metric.better, gate.margin)
    decisions = decide_all(questions)
    if isinstance(test, Paired) and _same(test):
        decisions = {
            name: replace(item, call=Call.EQUIVALENT, not_worse=True, needed=None)
            for name, item in decisions.items()
        }
    for gate in gates:
        if gate.name in decisions:
            note = _notes(gate, decisions[gate.name], test, metrics)
            found[gate.name] = _value(decisions[gate.name], note)
    return found


def _same(test: Paired) -> bool:
    """Whether both models say the same of every row: then they are as good as each other, whatever rows may come."""
    pairs = ((test.base.label, test.head.label), (test.base.score, test.head.score))
    tables = test.base.chances, test.head.chances
    return all(
        one is other or (one is not None and other is not None and np.array_equal(one, other))
        for one, other in pairs
    ) and (
        tables[0] is tables[1]
        or (tables[0] is not None and tables[1] is not None and tables[0].same(tables[1]))
    )


def _test(told: Told, head: _Table | str, base: _Table | str, group: str | None) -> Paired | Unpaired | str:
    if isinstance(head, str) or isinstance(base, str):
        return head if isinstance(head, str) else str(base)
    try:
        test = join(_predictions(told, base, group), _predictions(told, head, group))
    except MltoolsError as error:
        return error.message
    return test.reason if isinstance(test, Undecided) else test


def _predictions(told: Told, side: _Table, group: str | None) -> Predictions:
    wanted = (told.id, told.target, told.prediction, told.score, group, *told.scores.values())
    ids, target, label, score, groups, *scores = frames.columns(side.frame, wanted, side.name)
    return Predictions(ids, target, label, score, groups, dict(zip(told.scores, scores, strict=True)))


def _metric(gate: Significance | Slice) -> Metric | str:
    found = statistics.named(gate.statistic or gate.metric)
    if found is None:
        known = ", ".join(statistics.METRICS)
        return f"{gate.statistic or gate.metric} cannot be computed from predictions; `statistic` names one of {known}"
    return found


def _seed(*sides: _Table | str) -> int:
    """From the predictions themselves: the same ones give the same answer, wherever and whenever."""
    known = "".join(side.md5 for side in sides if isinstance(side, _Table))
    return int(hashlib.sha256(known.encode()).hexdigest()[:12], 16)


def _notes(
    gate: Significance, decision: Decision, test: Paired | Unpaired | str, metrics: Mapping[str, Scalar]
) -> str:
    notes = []
    if isinstance(test, Paired) and _same(test):
        notes.append("the predictions are the same in every row")
    if isinstance(test, Unpaired):
        notes.append(f"not paired: {test.reason}")
    elif isinstance(test, Paired):
        if alone := test.only_base + test.only_head:
            notes.append(f"{alone:,} rows stand on one side only and do not count")
        if test.changed_targets:
            notes.append(f"the truth of {test.changed_targets:,} rows was corrected; it counts for both")
    reported = number(lookup(metrics, gate.metric))
    if (
        decision.estimate is not None
        and reported is not None
        and abs(decision.estimate.head - reported) > CLOSE
    ):
        notes.append(f"the metrics file says {reported:.6g}, the predictions {decision.estimate.head:.6g}")
    return "; ".join(notes)


def _value(decision: Decision, note: str) -> Compared | str:
    estimate = decision.estimate
    if estimate is None:
        return decision.reason
    return Compared(
        statistic=estimate.metric,
        value=estimate.head,
        base=estimate.base,
        low=estimate.low,
        high=estimate.high,
        level=estimate.level,
        margin=decision.margin,
        decision=decision.call.value,
        not_worse=decision.not_worse,
        p_value=estimate.p_value,
        p_adjusted=1.0 if decision.p_adjusted is None else decision.p_adjusted,
        rows=estimate.rows,
        paired=estimate.paired,
        method=estimate.method,
        test=estimate.test,
        needed=decision.needed,
        note=note,
    )


def _grouped(gate: Slice, told: Told, head: _Table | str, base: _Table | str) -> Grouped | str:
    metric = _metric(gate)
    if isinstance(metric, str):
        return metric
    if isinstance(head, str):
        return head
    test = _test(told, head, base, gate.by)
    # Without a base, or on other rows than it had, this run's groups are judged by themselves.
    alone = test if isinstance(test, Paired) else _test(told, head, head, gate.by)
    if not isinstance(alone, Paired):
        return alone if isinstance(alone, str) else alone.reason
    side = alone if alone is test else alone.head
    draws = Draws(_seed(head, base))
    found = slices(metric, side, _groups(alone), draws, positive=told.positive, fewest=gate.min_rows)
    if isinstance(found, Undecided):
        return found.reason
    return Grouped(gate.by, metric.name, gate.better or metric.better, tuple(map(_group, found.groups)))


def _groups(test: Paired) -> Any:
    """The column of groups, row for row; empty without one, which no metric takes for its rows."""
    return () if test.head.group is None else test.head.group


def _group(part: Part) -> Group:
    change = part.difference if isinstance(part.difference, Estimate) else None
    return Group(
        group=shown(part.name, 100),
        rows=part.rows,
        value=None if isinstance(part.value, Undecided) else part.value,
        judged=part.judged,
        base=part.base if isinstance(part.base, float | int) else None,
        low=None if change is None else change.low,
        high=None if change is None else change.high,
    )


def _gap(gate: Fairness, told: Told, head: _Table | str) -> Gap | str:
    test = _test(told, head, head, gate.by)
    if not isinstance(test, Paired):
        return test if isinstance(test, str) else test.reason
    found = fairness(test.head, _groups(test), positive=told.positive, fewest=gate.min_rows)
    if isinstance(found, Undecided):
        return found.reason
    gap = found.gaps[gate.measure]
    if not isinstance(gap, Spread):
        return gap.reason
    groups = tuple(
        Group(shown(rate.group, 100), rate.rows, rate.value, rate.judged)
        for rate in found.rates[gate.measure]
    )
    return Gap(
        gate.by, gate.measure, gap.highest.group, gap.lowest.group, gap.difference, gap.low, gap.high, groups
    )
