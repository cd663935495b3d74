"""DeLong's test for the difference of two ROC AUCs, in the time of two sorts.

E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44 (1988) 837-845; by ranks instead of all pairs after
X. Sun and W. Xu, IEEE Signal Processing Letters 21 (2014) 1389-1393. Rows that come in groups: N. A. Obuchowski,
Biometrics 53 (1997) 567-578. Coverage at nominal 95 % over 2,000 samples: .951 with 10 + 20 rows, .945 with 20 + 80,
.946 to .952 with 100 + 100; .923 at worst, for AUCs of .98 with 20 + 80 rows.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from mltools.core.stats.cases import Case
from mltools.core.stats.tables import Groups, grouped
from mltools.core.stats.values import LEVEL, Array, Estimate, Floats, Interval, Undecided

# Of each class: the variance of fewer says nothing.
FEWEST_OF_CLASS = 5
NAME = "roc_auc"
TEST = "DeLong"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where each row stands among the rows of the other class: the share it is on the right side of, ties half."""

    positive: Floats
    negative: Floats

    @property
    def auc(self) -> float:
        return float(self.positive.mean())


def placement(target: Array, score: Array) -> Placement:
    """The structural components of the AUC, in the order of the rows."""
    order = np.argsort(score, kind="stable")
    ranked, truth = score[order], target[order] == 1
    first = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    positives = np.add.reduceat(truth.astype(np.float64), first)
    sizes = np.diff(np.append(first, len(ranked)))
    negatives = sizes - positives
    below = np.empty(len(ranked))
    below[order] = np.repeat(np.cumsum(negatives) - negatives / 2, sizes)
    above = np.empty(len(ranked))
    above[order] = np.repeat(positives.sum() - np.cumsum(positives) + positives / 2, sizes)
    is_positive = target == 1
    return Placement(below[is_positive] / negatives.sum(), above[~is_positive] / positives.sum())


def paired(
    base: Case, head: Case, *, groups: Array | None = None, level: float = LEVEL
) -> Estimate | Undecided:
    """The difference of the AUCs of two models on the same rows; `groups` names the group of each row."""
    refused = _one_class(base) or _constant(base, head)
    if refused is not None:
        return refused
    old, new = placement(base.target, base.prediction), placement(head.target, head.prediction)
    shift = Placement(new.positive - old.positive, new.negative - old.negative)
    if not (shift.positive.any() or shift.negative.any()):
        if old.auc == 1 and not np.array_equal(base.prediction, head.prediction):
            return Undecided(
                "both models put all positive rows above all negative ones: AUC cannot tell them apart"
            )
        known, variance = None, 0.0
    else:
        known = None if groups is None else grouped(groups)
        variance = _variance(shift) if known is None else _grouped_variance(shift, base.target == 1, known)
    if variance < 0 or (variance == 0 and shift.auc != 0):
        return Undecided("the AUC's variance cannot be estimated from so few rows or groups")
    return _estimate(
        old.auc,
        new.auc,
        variance,
        rows=base.rows,
        units=base.rows if known is None else known.count,
        level=level,
        method="DeLong's interval" if known is None else "DeLong's interval of groups (Obuchowski)",
    )


def unpaired(base: Case, head: Case, *, level: float = LEVEL) -> Estimate | Undecided:
    """The difference of the AUCs of two models on test sets that share no rows."""
    refused = _one_class(base) or _one_class(head) or _constant(base, head)
    if refused is not None:
        return refused
    old, new = placement(base.target, base.prediction), placement(head.target, head.prediction)
    variance = _variance(old) + _variance(new)
    if variance == 0:
        return Undecided(
            "both models put all positive rows above all negative ones: AUC cannot tell them apart"
        )
    return _estimate(
        old.auc,
        new.auc,
        variance,
        rows=base.rows + head.rows,
        units=min(base.rows, head.rows),
        level=level,
        method="DeLong's interval",
        matched=False,
    )


def single(case: Case, *, level: float = LEVEL) -> Interval | Undecided:
    """One model's AUC with its interval."""
    refused = _one_class(case)
    if refused is not None:
        return refused
    found = placement(case.target, case.prediction)
    half = float(ndtri((1 + level) / 2)) * _variance(found) ** 0.5
    if half == 0:
        return Undecided("the AUC's variance is zero: the rows are separated wholly, or not ordered at all")
    return Interval(
        found.auc, max(0.0, found.auc - half), min(1.0, found.auc + half), case.rows, "DeLong's interval"
    )


def _one_class(case: Case) -> Undecided | None:
    positive = int(np.count_nonzero(case.target == 1))
    fewer = min(positive, case.rows - positive)
    if fewer >= FEWEST_OF_CLASS:
        return None
    which = "positive" if positive == fewer else "negative"
    return Undecided(
        f"{fewer} {which} row{'' if fewer == 1 else 's'}: DeLong's test needs {FEWEST_OF_CLASS} of each class"
    )


def _constant(base: Case, head: Case) -> Undecided | None:
    if np.ptp(base.prediction) == 0 and np.ptp(head.prediction) == 0:
        return Undecided("both models give all rows the same score, so neither orders them")
    return None


def _variance(found: Placement) -> float:
    """Of the mean of the components, each class by itself."""
    return float(
        found.positive.var(ddof=1) / len(found.positive) + found.negative.var(ddof=1) / len(found.negative)
    )


def _grouped_variance(found: Placement, is_positive: Array, groups: Groups) -> float:
    """The same where the components of a group belong together: sums over groups vary, and both classes' together."""
    m, n = len(found.positive), len(found.negative)
    of_positive, of_negative = groups.codes[is_positive], groups.codes[~is_positive]
    count = groups.count
    up = np.bincount(of_positive, weights=found.positive - found.positive.mean(), minlength=count)
    down = np.bincount(of_negative, weights=found.negative - found.negative.mean(), minlength=count)
    with_positive, with_negative = len(np.unique(of_positive)), len(np.unique(of_negative))
    if min(with_positive, with_negative) < FEWEST_OF_CLASS:
        return -1.0
    return float(
        with_positive / (with_positive - 1) * (up @ up) / m**2
        + with_negative / (with_negative - 1) * (down @ down) / n**2
        + 2 * count / (count - 1) * (up @ down) / (m * n)
    )


def _estimate(
    base: float,
    head: float,
    variance: float,
    *,
    rows: int,
    units: int,
    level: float,
    method: str,
    matched: bool = True,
) -> Estimate:
    error = variance**0.5
    half = float(ndtri((1 + level) / 2)) * error
    return Estimate(
        metric=NAME,
        base=base,
        head=head,
        low=max(-1.0, head - base - half),
        high=min(1.0, head - base + half),
        std_error=error,
        p_value=2 * float(ndtr(-abs(head - base) / error)) if error else 1.0,
        rows=rows,
        units=units,
        method=method,
        test=TEST,
        paired=matched,
        level=level,
    )
