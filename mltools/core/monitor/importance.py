"""Whether a model leans on its features as it did at its release: permutation importance now against then."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scipy.special import ndtr

from mltools.core.monitor import benjamini
from mltools.core.monitor.findings import Finding, Level
from mltools.core.names import title

# Shares of all importance: a change of this size is watched, and one of that size is drift.
MODERATE, LARGE = 0.1, 0.25


@dataclass(frozen=True, slots=True)
class Cost:
    """What shuffling a feature costs, as the mean loss of a row, with the standard error of that mean."""

    mean: float
    error: float


def findings(
    then: Mapping[str, float], now: Mapping[str, Cost], *, rows: int, rows_then: int | None, alpha: float
) -> Iterator[Finding]:
    """A finding for each feature, in shares of all importance, since scales of two test sets differ.

    How sure the release's figures were is not known; they are taken to vary as those of today do, by the number of rows.
    """
    names = [name for name in now if name in then]
    total_then = sum(max(0.0, then[name]) for name in names)
    total_now = sum(max(0.0, now[name].mean) for name in names)
    if not total_then or not total_now:
        yield Finding(
            "model", Level.UNTOLD, "model drift cannot be told: no feature matters on the labelled rows"
        )
        return
    widen = math.sqrt(1 + rows / rows_then) if rows_then else math.sqrt(2.0)
    changes = {
        name: max(0.0, now[name].mean) / total_now - max(0.0, then[name]) / total_then for name in names
    }
    errors = {name: now[name].error / total_now * widen for name in names}
    p_values = {
        name: 2 * float(ndtr(-abs(changes[name]) / errors[name]))
        if errors[name]
        else float(not changes[name])
        for name in names
    }
    q_values = benjamini.adjusted(p_values)
    for name in names:
        sure = q_values[name] <= alpha
        size = abs(changes[name])
        level = (
            Level.DRIFTED
            if sure and size >= LARGE
            else Level.WATCH
            if sure and size >= MODERATE
            else Level.OK
        )
        before = max(0.0, then[name]) / total_then
        told = f"{title(name)} has {before + changes[name]:.0%} of the model's importance, {before:.0%} at the release"
        evidence = {"now": before + changes[name], "then": before, "q_value": q_values[name], "rows": rows}
        yield Finding(f"model:{name}", level, told, evidence, signal=level is Level.DRIFTED)
