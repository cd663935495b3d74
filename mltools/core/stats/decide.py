"""From estimates to words: better, worse, equivalent, or that nobody can tell, and how many rows would tell.

- `equivalent`: the whole interval lies within the margin, whatever side of zero it is on.
- `better`, `worse`: beyond noise (the interval leaves zero out, and the p value, corrected for the number of metrics, is
  at most 1 - level) and beyond the margin (the observed difference is larger). So a model that is no different is called
  better or worse once in twenty families of comparisons at most.
- `cannot tell`: everything else.

Only `better` and `worse` are corrected (Holm). A change passes when each of its gates finds no harm, which is an
intersection-union test and needs no correction (R. L. Berger, Technometrics 24, 1982, 295-300).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mltools.core.stats import holm, power
from mltools.core.stats.values import Better, Estimate, Undecided

# What rounding may add to the difference of two metrics: a change of exactly the margin is within it.
ROUNDING = 1e-12


class Call(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    EQUIVALENT = "equivalent"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Question:
    """One metric's difference, which direction is good, and the size of a change that matters, in its unit."""

    estimate: Estimate | Undecided
    better: Better
    margin: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.margin < float("inf"):
            raise ValueError(f"a margin is a size: {self.margin}")


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer. `not_worse` says whether the interval rules out a loss beyond the margin.

    `needed` is about how many rows (or groups) would have told, for `cannot tell` and a difference as large as the one
    observed; None where the answer is clear, or no number would tell. `p_adjusted` is None where there is no estimate.
    """

    call: Call
    reason: str
    estimate: Estimate | None
    margin: float
    not_worse: bool = False
    p_adjusted: float | None = None
    needed: int | None = None


def decide(question: Question) -> Decision:
    """The answer to a question asked alone."""
    return decide_all({"": question})[""]


def decide_all(questions: Mapping[str, Question]) -> dict[str, Decision]:
    """The answers to questions asked together. What has no estimate takes no part in the correction."""
    p_values = {
        name: question.estimate.p_value
        for name, question in questions.items()
        if isinstance(question.estimate, Estimate)
    }
    adjusted = holm.by_name(p_values)
    return {
        name: Decision(Call.CANNOT_TELL, question.estimate.reason, None, question.margin)
        if isinstance(question.estimate, Undecided)
        else _decision(question.estimate, question, adjusted[name])
        for name, question in questions.items()
    }


def _decision(estimate: Estimate, question: Question, p_adjusted: float) -> Decision:
    margin = question.margin
    # Towards better is up from here on.
    up = 1 if question.better == "higher" else -1
    low, high = sorted((up * estimate.low, up * estimate.high))
    gain = up * estimate.value
    alpha = 1 - estimate.level
    beyond_noise = not low <= 0 <= high
    if -margin <= low and high <= margin:
        call = Call.EQUIVALENT
        reason = f"the interval lies within ±{margin:g}" if margin else "no difference on any row"
    elif beyond_noise and p_adjusted <= alpha and _beyond(gain, margin):
        call = Call.BETTER if gain > 0 else Call.WORSE
        reason = f"beyond noise and beyond {margin:g}" if margin else "beyond noise"
    else:
        call = Call.CANNOT_TELL
        reason = _doubt(beyond_noise=beyond_noise, significant=p_adjusted <= alpha, margin=margin)
    return Decision(
        call=call,
        reason=reason,
        estimate=estimate,
        margin=margin,
        not_worse=call in {Call.BETTER, Call.EQUIVALENT} or low >= -margin,
        p_adjusted=p_adjusted,
        needed=_needed(estimate, margin, p_adjusted) if call is Call.CANNOT_TELL else None,
    )


def _beyond(difference: float, margin: float) -> bool:
    return abs(difference) > margin + ROUNDING * max(1.0, margin)


def _doubt(*, beyond_noise: bool, significant: bool, margin: float) -> str:
    if beyond_noise and significant:
        return f"beyond noise, but not known to be beyond {margin:g} or within it"
    if beyond_noise:
        return "beyond noise if it were the only question, but not among all that are asked"
    return "no more than noise, and not shown to be within the margin" if margin else "no more than noise"


def _needed(estimate: Estimate, margin: float, p_adjusted: float) -> int | None:
    """Rows to show the observed difference, or that it is within the margin, whichever the observation suggests."""
    # The level at which this question was asked, once the others were counted.
    alpha = (1 - estimate.level) * (estimate.p_value / p_adjusted if p_adjusted > 0 else 1)
    if _beyond(estimate.value, margin):
        found = power.rows_to_differ(estimate.std_error, estimate.units, estimate.value, alpha=alpha)
    else:
        found = power.rows_to_agree(
            estimate.std_error, estimate.units, estimate.value, margin, alpha=1 - estimate.level
        )
    return None if found is None else max(found, estimate.units + 1)
