"""Paired tests for the errors of two regression models. The only module here that pays for importing scipy.stats."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtr
from scipy.stats import wilcoxon

from mltools.core.stats.columns import rows
from mltools.core.stats.values import Floats, Undecided

Loss = Literal["absolute", "squared"]


@dataclass(frozen=True, slots=True)
class Errors:
    """Head's error minus base's, row by row: below zero head is better. p values are two-sided.

    `p_t` asks about the mean (paired t test), which is what MAE and MSE report; `p_wilcoxon` about the middle of the
    distribution (signed ranks, rows without a difference left out), which a few huge errors cannot sway.
    """

    loss: Loss
    rows: int
    differing: int
    mean: float
    median: float
    p_t: float
    p_wilcoxon: float


def errors(target: Floats, base: Floats, head: Floats, *, loss: Loss = "absolute") -> Errors | Undecided:
    """Both tests. Undecided for fewer than two rows, or none that differ."""
    columns = [np.asarray(column, dtype=np.float64) for column in (target, base, head)]
    if len({len(column) for column in columns}) > 1:
        raise ValueError("target and predictions differ in length")
    if not all(np.isfinite(column).all() for column in columns):
        return Undecided("a target or prediction is no finite number")
    truth, old, new = columns
    if len(truth) < 2:  # noqa: PLR2004 - one difference has no spread
        return Undecided(f"{rows(len(truth))} cannot be tested: at least two are needed")
    shift = _lost(truth, new, loss) - _lost(truth, old, loss)
    if not np.isfinite(shift).all():
        return Undecided("an error is too large to be squared")
    differing = int(np.count_nonzero(shift))
    if not differing:
        return Undecided("the errors are the same in all rows")
    return Errors(
        loss=loss,
        rows=len(shift),
        differing=differing,
        mean=float(shift.mean()),
        median=float(np.median(shift)),
        p_t=_t_test(shift),
        p_wilcoxon=float(wilcoxon(shift).pvalue),
    )


def _lost(target: Floats, prediction: Floats, loss: Loss) -> Floats:
    error = np.abs(prediction - target)
    if loss == "absolute":
        return error
    with np.errstate(over="ignore"):
        return np.asarray(error**2)


def _t_test(shift: Floats) -> float:
    """Two-sided; a difference that is the same in every row leaves no doubt."""
    error = float(shift.std(ddof=1)) / len(shift) ** 0.5
    if error == 0:
        return 0.0
    return 2 * float(stdtr(len(shift) - 1, -abs(float(shift.mean())) / error))
