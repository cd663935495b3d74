"""Bootstrap intervals for the difference of two models: of row scores, of whole-set metrics, of rows that come in groups.

Rows (or groups of rows) are drawn with replacement, and both models are judged on each draw.
"""

from dataclasses import dataclass, replace

import numpy as np

from mltools.core.stats import redraws
from mltools.core.stats.cases import Case
from mltools.core.stats.intervals import p_value, percentile
from mltools.core.stats.metrics import Metric, undefined, value
from mltools.core.stats.tables import Groups, grouped
from mltools.core.stats.values import FEWEST, LEVEL, Array, Draws, Estimate, Floats, Interval, Undecided

# A metric that is undefined in more of the resamples than this has no interval.
MOST_UNDEFINED = 0.05
BASE, HEAD = 1, 2


@dataclass(frozen=True, slots=True)
class _Design:
    """What was resampled, and how."""

    rows: int
    units: int
    method: str
    paired: bool = True
    unchanged: bool = False


def paired(
    metric: Metric,
    base: Case,
    head: Case,
    draws: Draws,
    *,
    groups: Array | None = None,
    level: float = LEVEL,
) -> Estimate | Undecided:
    """The difference of a metric on rows that both models judged; `groups` names the group of each row."""
    known = None if groups is None else grouped(groups)
    values = _values(metric, base, head)
    if isinstance(values, Undecided):
        return values
    units = base.rows if known is None else known.count
    refused = _too_few(units, known)
    if refused is not None:
        return refused
    design = _Design(
        rows=base.rows,
        units=units,
        method="paired bootstrap" if known is None else "paired bootstrap of groups",
        unchanged=not base.classes and np.array_equal(base.prediction, head.prediction),
    )
    drawn = redraws.of_pair(metric, base, head, known, draws)
    return _estimate(metric.name, values, drawn, design, draws, level)


def means(
    base: Floats, head: Floats, draws: Draws, *, name: str = "mean", level: float = LEVEL
) -> Estimate | Undecided:
    """The difference of the means of two scores of the same rows, such as 0 and 1 for wrong and right."""
    if len(base) != len(head):
        raise ValueError(f"paired scores differ in length: {len(base)} and {len(head)}")
    if not (np.isfinite(base).all() and np.isfinite(head).all()):
        return Undecided(f"{name} has row scores that are no finite numbers")
    refused = _too_few(len(base), None)
    if refused is not None:
        return refused
    design = _Design(len(base), len(base), "paired bootstrap", unchanged=np.array_equal(base, head))
    drawn = redraws.of_scores(base, head, draws)
    return _estimate(name, (float(base.mean()), float(head.mean())), drawn, design, draws, level)


def unpaired(
    metric: Metric,
    base: Case,
    head: Case,
    draws: Draws,
    *,
    groups: tuple[Array, Array] | None = None,
    level: float = LEVEL,
) -> Estimate | Undecided:
    """The difference of a metric between two test sets that share no rows: each is resampled by itself."""
    values = _values(metric, base, head)
    if isinstance(values, Undecided):
        return values
    old, new = (None, None) if groups is None else (grouped(groups[0]), grouped(groups[1]))
    units = min(
        base.rows if old is None else old.count,
        head.rows if new is None else new.count,
    )
    refused = _too_few(units, old)
    if refused is not None:
        return refused
    design = _Design(
        rows=base.rows + head.rows,
        units=units,
        method="bootstrap of each test set" if old is None else "bootstrap of the groups of each test set",
        paired=False,
    )
    drawn = redraws.of_one(metric, head, new, replace(draws, side=HEAD)) - redraws.of_one(
        metric, base, old, replace(draws, side=BASE)
    )
    return _estimate(metric.name, values, drawn, design, draws, level)


def single(metric: Metric, case: Case, draws: Draws, *, level: float = LEVEL) -> Interval | Undecided:
    """The metric of one model, with its interval."""
    found = value(metric, case)
    if isinstance(found, Undecided):
        return found
    refused = _too_few(case.rows, None)
    if refused is not None:
        return refused
    drawn = _defined(redraws.of_one(metric, case, None, draws))
    if drawn is None:
        return Undecided(f"{undefined(metric)} in too many resamples")
    low, high = percentile(drawn, case.rows, level)
    return Interval(found, min(low, found), max(high, found), case.rows, "bootstrap")


def _values(metric: Metric, base: Case, head: Case) -> tuple[float, float] | Undecided:
    old, new = value(metric, base), value(metric, head)
    if isinstance(old, Undecided):
        return Undecided(f"in base {old.reason}")
    if isinstance(new, Undecided):
        return Undecided(f"in head {new.reason}")
    return old, new


def _too_few(units: int, groups: Groups | None) -> Undecided | None:
    if units >= FEWEST:
        return None
    what = "row" if groups is None else "group"
    return Undecided(
        f"{units:,} {what}{'' if units == 1 else 's'} cannot carry an interval: at least {FEWEST} are needed"
    )


def _defined(drawn: Floats) -> Floats | None:
    """The resamples in which the metric has a value, if they are nearly all."""
    kept = drawn[np.isfinite(drawn)]
    return kept if len(kept) >= (1 - MOST_UNDEFINED) * len(drawn) else None


def _estimate(  # noqa: PLR0917 - each is a part of the answer
    name: str, values: tuple[float, float], drawn: Floats, design: _Design, draws: Draws, level: float
) -> Estimate | Undecided:
    base, head = values
    kept = _defined(drawn)
    if kept is None:
        return Undecided(f"{name} is undefined in too many resamples: a class is too rare")
    spread = float(kept.std(ddof=1))
    if spread == 0 and head == base and not design.unchanged:
        return Undecided(f"{name} is the same in every resample though the predictions differ")
    low, high = percentile(kept, design.units, level)
    return Estimate(
        metric=name,
        base=base,
        head=head,
        # With the smoothing of sparse tables the interval may lie beside the observed difference, never here.
        low=min(low, head - base),
        high=max(high, head - base),
        std_error=spread,
        p_value=p_value(kept, design.units),
        rows=design.rows,
        units=design.units,
        method=design.method,
        test="bootstrap",
        paired=design.paired,
        level=level,
        resamples=draws.resamples,
        seed=draws.seed,
    )
