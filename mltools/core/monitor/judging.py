"""From what was measured to a verdict: findings, the rule of persistence, and what to do about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from mltools.core.monitor import service
from mltools.core.monitor.findings import (
    Advice,
    Assessment,
    Broken,
    Finding,
    Level,
    Measured,
    Shift,
    Traffic,
    Verdict,
    Window,
)
from mltools.core.monitor.policy import Monitor, Quality
from mltools.core.monitor.shifts import GONE, light
from mltools.core.names import title

NAMED = 5


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked."""

    model: str
    version: str
    stage: str | None
    window: Window


@dataclass(frozen=True, slots=True)
class Seen:
    """What a window showed: counts, shifts, quality. `notes` are what a reader must know about how it was looked at."""

    traffic: Traffic
    broken: Broken = field(default_factory=Broken)
    shifts: tuple[Shift, ...] = ()
    quality: tuple[Measured, ...] = ()
    labelled: int = 0
    model: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()


def assess(
    subject: Subject, seen: Seen, policy: Monitor, before: Sequence[frozenset[str]] = ()
) -> Assessment:
    """The whole check; `before` is what earlier windows showed, the last one first, without those of too few rows."""
    found = [
        *_traffic(seen.traffic, policy),
        *service.findings(seen.traffic, seen.broken, policy),
        *_shifts(seen.shifts, policy),
        *(_quality(item, _wanted(policy, item.metric)) for item in seen.quality),
        *seen.model,
    ]
    earlier = tuple(before[: policy.persistence.of - 1])
    found = [_persistent(finding, earlier, policy) for finding in found]
    verdict = _verdict(found)
    advice, because = advise(found, seen.quality)
    return Assessment(
        model=subject.model,
        version=subject.version,
        stage=subject.stage,
        window=subject.window,
        verdict=verdict,
        summary=_summary(verdict, found, seen, policy),
        advice=advice,
        because=because,
        traffic=seen.traffic,
        labelled=seen.labelled,
        findings=tuple(found),
        shifts=seen.shifts,
        quality=seen.quality,
        windows=1 + len(earlier),
        notes=seen.notes,
    )


def advise(found: Sequence[Finding], quality: Sequence[Measured]) -> tuple[Advice, str]:
    """What to do, and why that and nothing else."""
    levels = {finding.key: finding.level for finding in found}
    kinds = {key.partition(":")[0] for key, level in levels.items() if level is Level.DRIFTED}
    if Level.BROKEN in levels.values():
        return "investigate", "something is broken on the way to the model; new training would not mend it"
    if "quality" in kinds:
        return "retrain", "the model is worse on labelled rows than it was at its release"
    if kinds and _holds(quality):
        return (
            "wait",
            "what comes in has changed, but the model is as good on labelled rows as at its release",
        )
    if kinds & {"prediction", "score"} and "feature" in kinds:
        measured = any(item.decision is not None for item in quality)
        labels = "the labels do not say yet" if measured else "labels would say"
        return "retrain", f"what comes in has changed and the model's answers with it; {labels} how bad it is"
    if kinds:
        return "investigate", "something has changed; whether the model suffers, only labels can tell"
    if any(finding.signal for finding in found):
        return "wait", "this window differs, but not yet often enough to count"
    if Level.WATCH in levels.values():
        return "wait", "nothing is beyond the limits yet"
    return "none", "nothing has changed that could be told from chance"


def _traffic(traffic: Traffic, policy: Monitor) -> Iterator[Finding]:
    if not traffic.rows:
        other = f"; {traffic.other_versions:,} of other versions" if traffic.other_versions else ""
        yield Finding("traffic", Level.WATCH, f"no request of this version in the window{other}")
    elif traffic.answered < policy.min_rows:
        rows = f"{traffic.answered:,} answered row{'s are' if traffic.answered != 1 else ' is'}"
        told = f"too few rows: {rows} not enough to tell drift from chance; {policy.min_rows:,} are needed"
        yield Finding("traffic", Level.WATCH, told, {"rows": traffic.answered, "needed": policy.min_rows})


def _shifts(found: Sequence[Shift], policy: Monitor) -> Iterator[Finding]:
    unimportant = light(found, policy.drift)
    for shift in found:
        signal = shift.level is Level.DRIFTED and not (unimportant and shift.is_feature)
        level = Level.WATCH if shift.level is Level.DRIFTED and not signal else shift.level
        yield Finding(
            shift.key, level, _sentence(shift, light=shift.level is not level), _evidence(shift), signal
        )


def _sentence(shift: Shift, *, light: bool) -> str:
    name = title(shift.name)
    if shift.reason == GONE:
        return f"{name}: {GONE}; {1 - shift.base_missing:.1%} of the rows had it when the model was made"
    parts = [moved] if (moved := _moved(shift)) else []
    if shift.psi is not None and shift.q_value is not None:
        chance = "within chance" if shift.psi <= shift.noise else f"chance explains {shift.noise:.2g}"
        parts.append(f"PSI {shift.psi:.2f} ({chance}), {shift.test} q = {shift.q_value:.2g}")
    if shift.missing_q is not None and shift.missing != shift.base_missing:
        parts.append(f"no value in {shift.missing:.1%} of the rows, {shift.base_missing:.1%} at the release")
    if shift.reason:
        parts.append(shift.reason)
    if light:
        parts.append("it matters little to the model")
    elif shift.weight is not None and shift.level in {Level.WATCH, Level.DRIFTED}:
        parts.append(f"{shift.weight:.0%} of the model's importance")
    return f"{name}: {'; '.join(parts) or 'as at the release'}"


def _moved(shift: Shift) -> str:
    """Whither, for a person: the medians of numbers, the category whose share changed most."""
    if shift.median is not None and shift.base_median is not None:
        if shift.median == shift.base_median:
            return ""
        return f"median {shift.median:.4g}, {shift.base_median:.4g} at the release"
    most = max(shift.shares, key=lambda share: abs(share.head - share.base), default=None)
    if most is None or shift.test != "chi-square":
        return ""
    return f"{most.head:.0%} of the rows are {title(most.name)}, {most.base:.0%} at the release"


def _evidence(shift: Shift) -> dict[str, float | str | None]:
    names = ("psi", "noise", "test", "statistic", "p_value", "q_value", "missing", "base_missing", "weight")
    return {name: getattr(shift, name) for name in names}


def _quality(found: Measured, wanted: Quality | None) -> Finding:
    key = f"quality:{found.metric}"
    if found.value is None or found.low is None or found.high is None:
        return Finding(key, Level.UNTOLD, f"{found.metric}: {found.reason}")
    told = f"{found.metric} {found.value:.4g} ({found.low:.4g} to {found.high:.4g}) on {found.rows:,} labelled rows"
    evidence = {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "rows": found.rows,
        "base": found.base,
    }
    if found.base is not None:
        told += f", {found.base:.4g} at the release"
    level = Level.DRIFTED if found.decision == "worse" else Level.OK
    if level is Level.DRIFTED:
        told += ": worse beyond chance"
    floor, ceiling = (None, None) if wanted is None else (wanted.min, wanted.max)
    if floor is not None and found.value < floor:
        level = Level.DRIFTED if found.high < floor or level is Level.DRIFTED else Level.WATCH
        told += f"; it should be {floor:g} at least"
    if ceiling is not None and found.value > ceiling:
        level = Level.DRIFTED if found.low > ceiling or level is Level.DRIFTED else Level.WATCH
        told += f"; it should be {ceiling:g} at most"
    return Finding(key, level, told, evidence, signal=level is Level.DRIFTED)


def _wanted(policy: Monitor, metric: str) -> Quality | None:
    return next((quality for quality in policy.quality if quality.metric == metric), None)


def _persistent(finding: Finding, before: Sequence[frozenset[str]], policy: Monitor) -> Finding:
    """Drift that was not yet seen often enough is watched."""
    if not finding.signal:
        return finding
    times = 1 + sum(finding.key in signals for signals in before)
    rule = policy.persistence
    if times >= rule.windows:
        return finding
    seen = f"in {times} of {1 + len(before)} windows" if before else "in this window, the first that is known"
    told = f"{finding.sentence}; seen {seen}, and counts from {rule.windows} of {rule.of}"
    return replace(finding, level=Level.WATCH, sentence=told)


def _verdict(found: Sequence[Finding]) -> Verdict:
    reached = max((finding.level for finding in found), key=lambda level: level.weight, default=Level.OK)
    match reached:
        case Level.BROKEN:
            return Verdict.BROKEN
        case Level.DRIFTED:
            return Verdict.DRIFTED
        case Level.WATCH:
            return Verdict.WATCH
        case _:
            return Verdict.HEALTHY


def _summary(verdict: Verdict, found: Sequence[Finding], seen: Seen, policy: Monitor) -> str:
    rows = f"{seen.traffic.rows:,} request{'s' * (seen.traffic.rows != 1)}"
    match verdict:
        case Verdict.HEALTHY:
            return f"nothing to tell of {rows}"
        case Verdict.BROKEN:
            return _first(finding for finding in found if finding.level is Level.BROKEN)
        case Verdict.DRIFTED:
            drifted = [finding for finding in found if finding.level is Level.DRIFTED]
            return f"{_named(drifted)} drifted in {rows}"
        case _ if signals := [finding for finding in found if finding.signal]:
            rule = policy.persistence
            differ = "differs" if len(signals) == 1 else "differ"
            return f"{_named(signals)} {differ} in {rows}; it counts from {rule.windows} of {rule.of} windows"
        case _:
            return _first(finding for finding in found if finding.level is Level.WATCH)


def _named(found: Sequence[Finding]) -> str:
    names = [finding.key.partition(":")[2] or finding.key for finding in found]
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return f"{', '.join(map(title, names[:NAMED]))}{more}"


def _first(found: Iterator[Finding]) -> str:
    first, *rest = [finding.sentence for finding in found]
    return f"{first} (and {len(rest):,} more)" if rest else first


def _holds(quality: Sequence[Measured]) -> bool:
    """Whether the model was measured, and nothing shows that it got worse: at least once surely not."""
    decisions = [item.decision for item in quality if item.decision is not None]
    return bool(decisions) and "worse" not in decisions and bool({"equivalent", "better"} & set(decisions))
