"""Whether a service keeps its objectives: errors, latency, rows that break the contract. Judged with intervals.

A share is broken where its whole interval lies beyond the objective, and watched where only the share itself does: so
one failed request of ten is no proof of anything, where one of a hundred may fail, and three of ten are. The intervals
are exact: what is broken waits for no second window, and of few requests chance must not look like that.
"""

from collections.abc import Iterator

from mltools.core.monitor.findings import Broken, Finding, Level, Traffic
from mltools.core.monitor.policy import Latency, Monitor
from mltools.core.stats.proportions import exact_interval

NAMED = 3


def findings(traffic: Traffic, broken: Broken, policy: Monitor) -> Iterator[Finding]:
    """What is to be said of each objective."""
    if policy.errors is not None and traffic.rows:
        level, evidence = _above(traffic.failed, traffic.rows, policy.errors, policy.alpha)
        told = f"{_share(traffic.failed, traffic.rows)} of the requests failed; {_percent(policy.errors)} may"
        yield Finding("errors", level, told, evidence)
    if policy.invalid is not None and broken.checked:
        level, evidence = _above(broken.rows, broken.checked, policy.invalid, policy.alpha)
        rules = f": {'; '.join(broken.rules[:NAMED])}" if broken.rules else ""
        told = f"{_share(broken.rows, broken.checked)} of the rows break the input contract; {_percent(policy.invalid)} may"
        yield Finding("contract", level, told + rules, {**evidence, "rules": list(broken.rules)})
    if policy.latency is not None and traffic.timed and traffic.within is not None:
        yield _latency(traffic.within, traffic.timed, policy.latency, policy.alpha)
    if traffic.unreadable:
        lines = f"{traffic.unreadable:,} line{'s' * (traffic.unreadable != 1)}"
        yield Finding(
            "log", Level.WATCH, f"{lines} of the request log cannot be read", {"lines": traffic.unreadable}
        )
    if traffic.ahead:
        told = f"{traffic.ahead:,} requests are dated after this check: a clock is wrong"
        yield Finding("clock", Level.WATCH, told, {"requests": traffic.ahead})


def _latency(within: int, timed: int, wanted: Latency, alpha: float) -> Finding:
    level, evidence = _above(timed - within, timed, 1 - wanted.share, alpha)
    told = (
        f"{_share(within, timed)} of the requests were answered within {wanted.milliseconds:g} ms; "
        f"{_percent(wanted.share)} should be"
    )
    return Finding("latency", level, told, evidence)


def _above(hits: int, rows: int, limit: float, alpha: float) -> tuple[Level, dict[str, float]]:
    low, high = exact_interval(hits, rows, level=1 - alpha)
    evidence = {"hits": hits, "rows": rows, "low": low, "high": high, "limit": limit}
    if hits / rows <= limit:
        return Level.OK, evidence
    return Level.BROKEN if low > limit else Level.WATCH, evidence


def _share(hits: int, rows: int) -> str:
    return f"{hits:,} of {rows:,} ({hits / rows:.2%})"


def _percent(share: float) -> str:
    return f"{100 * share:.6g}%"
