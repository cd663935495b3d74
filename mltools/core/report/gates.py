"""Every gate with its sentence, and the numbers behind it."""

from mltools.core.markdown import details, escape, table
from mltools.core.records import GateResult, Record
from mltools.core.report.evidence import facts
from mltools.core.report.facts import judged


def render(record: Record) -> str | None:
    if not record.gates:
        return None
    source = "those of the base" if record.gates_from == "base" else "those of this commit"
    rows = (
        (escape(gate.name), escape(gate.kind), judged(gate), _why(gate), _evidence(gate))
        for gate in record.gates
    )
    body = table(("Gate", "Kind", "Verdict", "Why", "Evidence"), rows)
    return details(f"Gates ({len(record.gates):,}), by {source}", body)


def _why(gate: GateResult) -> str:
    why = escape(gate.reason, limit=500)
    taken = gate.override
    if taken is None:
        return why
    said = escape(taken.reason, limit=500)
    return f"{why}<br>Overridden by {escape(taken.by)} ({escape(taken.how)}, {taken.commit[:8]}): {said}"


def _evidence(gate: GateResult) -> str:
    return "; ".join(
        f"{escape(name, limit=40)} {escape(text, limit=80)}" for name, text in facts(gate.evidence)
    )
