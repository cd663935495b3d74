"""How far columns moved between what the model learnt from and what it is asked now, and which of that is no chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from scipy.special import chdtrc

from mltools.core.drift import homogeneity, ks, psi, shares
from mltools.core.monitor import benjamini
from mltools.core.monitor.findings import Level, Shift
from mltools.core.monitor.policy import Drift, Monitor
from mltools.core.profile import ColumnProfile
from mltools.core.stats.proportions import unpaired_p_value

# A column that most rows of the data had and no request has any more.
HALF = 0.5
LARGE_GAP = 4
GONE = "no request has it any more"
# Time goes on by itself.
MOVING = frozenset({"date", "datetime"})


@dataclass(frozen=True, slots=True)
class Pair:
    """A column as the release knew it, and as it comes now; None where it does not come at all."""

    key: str
    name: str
    base: ColumnProfile
    head: ColumnProfile | None
    weight: float | None = None


def shifts(pairs: Sequence[Pair], rows: int, policy: Monitor) -> tuple[Shift, ...]:
    """Each column's shift. All are judged together, so that many columns make no more false alarms than one.

    A column counts as drifted when it is beyond chance among all columns *and* moved far enough to matter.
    """
    if rows < policy.min_rows:
        few = f"{rows:,} row{'s are' if rows != 1 else ' is'} too few; {policy.min_rows:,} are needed"
        return tuple(_untold(pair, few) for pair in pairs)
    found = {pair.key: _measured(pair) for pair in pairs}
    p_values = {key: shift.p_value for key, shift in found.items() if shift.p_value is not None}
    gaps = {
        f"{pair.key} missing": unpaired_p_value(*_gaps(pair.head), *_gaps(pair.base))
        for pair in pairs
        if pair.head is not None and (pair.head.nulls or pair.base.nulls)
    }
    q_values = benjamini.adjusted({**p_values, **gaps})
    judged = (
        replace(shift, q_value=q_values.get(key), missing_q=q_values.get(f"{key} missing"))
        for key, shift in found.items()
    )
    leveled = (replace(shift, level=level(shift, policy.drift, policy.alpha)) for shift in judged)
    return tuple(_looked_at(shift, pair) for shift, pair in zip(leveled, pairs, strict=True))


def level(shift: Shift, bands: Drift, alpha: float) -> Level:
    """How much a shift means by itself."""
    if shift.reason == GONE:
        return Level.BROKEN
    reached = Level.UNTOLD if shift.reason else Level.OK
    if (
        shift.q_value is not None
        and shift.q_value <= alpha
        and shift.psi is not None
        and shift.psi > shift.noise
    ):
        reached = max(reached, _band(shift.psi, bands.moderate, bands.large), key=lambda one: one.weight)
    if shift.missing_q is not None and shift.missing_q <= alpha:
        rise = shift.missing - shift.base_missing
        gap = _band(rise, bands.missing, LARGE_GAP * bands.missing)
        reached = max(reached, gap, key=lambda one: one.weight)
    return reached


def light(found: Sequence[Shift], bands: Drift) -> bool:
    """Whether the features that drifted matter little to the model, all of them together; False where nobody knows.

    Of many features each has a small share, so half of an even one is never little.
    """
    features = sum(shift.is_feature for shift in found)
    drifted = [shift for shift in found if shift.is_feature and shift.level is Level.DRIFTED]
    weights = [shift.weight for shift in drifted]
    known = [weight for weight in weights if weight is not None]
    return (
        bool(drifted) and len(known) == len(weights) and sum(known) < min(bands.least_weight, HALF / features)
    )


def weights(importance: Mapping[str, float], names: Sequence[str]) -> Mapping[str, float] | None:
    """Each feature's share of the model's permutation importance; None where no feature has any.

    A feature that shuffling does not harm, or helps, has none.
    """
    known = {name: max(0.0, importance[name]) for name in names if name in importance}
    total = sum(known.values())
    if not total:
        return None
    return {name: known.get(name, 0.0) / total for name in names}


def _measured(pair: Pair) -> Shift:
    base, head = pair.base, pair.head
    missing = 1.0 if head is None or not head.rows else head.nulls / head.rows
    before = base.nulls / base.rows if base.rows else 0.0
    shift = Shift(pair.key, pair.name, base.type, missing=missing, base_missing=before, weight=pair.weight)
    if head is None or head.nulls == head.rows:
        if before < HALF:
            return replace(shift, reason=GONE)
        return replace(shift, reason="no request has a value")
    if base.type in MOVING:
        return replace(shift, reason="time goes on; it is not compared")
    drift = psi(base, head)
    if drift.value is None:
        return replace(shift, noise=drift.noise, reason=drift.reason)
    shift = replace(shift, psi=max(0.0, drift.value), noise=drift.noise)
    alike = homogeneity(base, head)
    if alike is not None:
        chance = float(chdtrc(alike.degrees, alike.statistic)) if alike.degrees else 1.0
        return replace(shift, test="chi-square", statistic=alike.statistic, p_value=chance)
    distance = ks(base, head)
    if distance is None:
        return replace(shift, reason="the values of one of them are not kept")
    # By what is certain whatever the bins hold: with many rows their width alone would be significant.
    return replace(shift, test="ks", statistic=distance.distance, p_value=distance.least_p)


def _looked_at(shift: Shift, pair: Pair) -> Shift:
    """What moved, with what a person wants to see of it."""
    if shift.level not in {Level.WATCH, Level.DRIFTED} or pair.head is None:
        return shift
    return replace(
        shift,
        median=_median(pair.head),
        base_median=_median(pair.base),
        shares=shares(pair.base, pair.head),
    )


def _median(column: ColumnProfile) -> float | None:
    found = (column.quantiles or {}).get("0.5")
    return float(found) if isinstance(found, int | float) else None


def _gaps(column: ColumnProfile) -> tuple[int, int]:
    return column.nulls, column.rows


def _untold(pair: Pair, reason: str) -> Shift:
    return Shift(pair.key, pair.name, pair.base.type, weight=pair.weight, reason=reason, level=Level.UNTOLD)


def _band(value: float, moderate: float, large: float) -> Level:
    if value < moderate:
        return Level.OK
    return Level.WATCH if value < large else Level.DRIFTED
