"""What several sections of a report say in the same words."""

from collections.abc import Mapping

from mltools.core.markdown import clean
from mltools.core.metrics import Scalar, lookup, number, shown
from mltools.core.records import Base, GateResult, Record
from mltools.core.verdict import Outcome

__all__ = [
    "HOW",
    "HUGE",
    "MARKS",
    "WHOLE",
    "against",
    "change",
    "changed_params",
    "culprit",
    "directions",
    "goodness",
    "judged",
    "marked",
    "ordered_metrics",
    "shown",
    "signed",
    "summarise",
    "way",
]

MARKS = {
    Outcome.PASSED: "\N{WHITE HEAVY CHECK MARK}",
    Outcome.FAILED: "\N{CROSS MARK}",
    Outcome.UNDECIDED: "\N{WARNING SIGN}\ufe0f",
    Outcome.SKIPPED: "\N{EN DASH}",
}


HOW = {
    "record": "its record in the journal",
    "commit": "the metrics committed there",
    "release": "the latest release's record",
}

WHOLE, HUGE = 1e4, 1e15


def against(base: Base) -> str:
    """What a run was compared with, as plain text."""
    return f"{clean(base.ref)} at {base.commit[:8]} ({HOW[base.how]})"


def marked(outcome: Outcome) -> str:
    """The outcome as a sign and a word, never the sign alone."""
    return f"{MARKS[outcome]} {outcome.value}"


def judged(gate: GateResult) -> str:
    """A gate's outcome, and that somebody took it on themselves."""
    return marked(gate.outcome) + (" (overridden)" if gate.override is not None else "")


def signed(value: float) -> str:
    """A change, with its sign; large ones in full, since an exponent says little."""
    if not value:
        return "0"
    return f"{value:+,.0f}" if WHOLE <= abs(value) < HUGE else f"{value:+.4g}"


def change(record: Record, name: str) -> float | None:
    """How far a metric moved from the base, None where one side has no number."""
    now, before = number(record.metrics.get(name)), number(lookup(record.base_metrics, name))
    return None if now is None or before is None else now - before


def directions(record: Record) -> Mapping[str, str]:
    """Which way is good, for the metrics whose gates say so."""
    known: dict[str, str] = {}
    for gate in record.gates:
        metric, said = str(gate.evidence.get("metric", "")), way(gate)
        if said and "better" in gate.evidence:
            known[metric] = said
        elif said:
            known.setdefault(metric, said)
    return known


def way(gate: GateResult) -> str:
    """Which way is good for what a gate judges: `higher` or `lower`, "" where nothing says it."""
    evidence = gate.evidence
    least, most = evidence.get("min") is not None, evidence.get("max") is not None
    if evidence.get("better") in ("higher", "lower"):
        return str(evidence["better"])
    if gate.kind == "cost" or (most and not least):
        return "lower"
    return "higher" if least and not most else ""


def goodness(delta: float | None, better: str | None) -> str:
    """`better` or `worse` for a change whose good direction is known, else nothing."""
    if not delta or better is None:
        return ""
    return "better" if (delta > 0) == (better == "higher") else "worse"


def ordered_metrics(record: Record) -> tuple[str, ...]:
    """Names of all metrics of either side: gated ones first in the order of the gates, then as the files have them."""
    names = dict.fromkeys([*record.metrics, *record.base_metrics])
    gated = dict.fromkeys(str(gate.evidence.get("metric")) for gate in record.gates)
    return tuple(dict.fromkeys([*(name for name in gated if name in names), *names]))


def changed_params(record: Record) -> tuple[tuple[str, Scalar, Scalar], ...]:
    """Params that differ from the base: name, base, now."""
    if record.base is None:
        return ()
    names = dict.fromkeys([*record.base_params, *record.params])
    return tuple(
        (name, record.base_params.get(name), record.params.get(name))
        for name in names
        if record.base_params.get(name) != record.params.get(name)
    )


def culprit(record: Record) -> GateResult | None:
    """The gate that a headline names: the first that failed and that nobody took on themselves, else one undecided."""
    open_ = [gate for gate in record.gates if gate.override is None]
    for outcome in (Outcome.FAILED, Outcome.UNDECIDED):
        if found := next((gate for gate in open_ if gate.outcome is outcome), None):
            return found
    return None


def summarise(record: Record) -> str:
    """The verdict in one plain line, as commit statuses and headlines say it."""
    broken = [data for data in record.data if data.outcome is Outcome.FAILED]
    if broken:
        count = sum(len(data.violations) for data in broken)
        rules = f"{count} rule{'s' * (count != 1)} broken" if count else "cannot be read"
        return f"{record.verdict.value}: data contract: {broken[0].path}: {rules}"
    judged = [gate for gate in record.gates if gate.outcome is not Outcome.SKIPPED]
    passed = sum(gate.outcome is Outcome.PASSED for gate in judged)
    if record.gates and not judged:
        words = "no base yet to compare with"
    elif judged:
        words = f"{passed} of {len(judged)} gate{'s' * (len(judged) != 1)} passed"
        taken = sum(gate.override is not None for gate in judged)
        words += f", {taken} overridden" if taken else ""
    else:
        words = "no gates"
    first = culprit(record)
    if first is not None:
        return f"{record.verdict.value}: {words}; {first.name}: {first.reason}"
    leading = next(
        (name for name in ordered_metrics(record) if number(record.metrics.get(name)) is not None), None
    )
    if leading is None:
        return f"{record.verdict.value}: {words}"
    delta = change(record, leading)
    moved = "" if delta is None else f" ({signed(delta)})" if delta else " (unchanged)"
    return f"{record.verdict.value}: {words}; {leading} {shown(record.metrics[leading])}{moved}"
