"""Every gate with its sentence."""

from mltools.core.markdown import details, escape, table
from mltools.core.records import Record
from mltools.core.report.facts import marked


def render(record: Record) -> str | None:
    if not record.gates:
        return None
    source = "those of the base" if record.gates_from == "base" else "those of this commit"
    rows = (
        (escape(gate.name), escape(gate.kind), marked(gate.outcome), escape(gate.reason, limit=500))
        for gate in record.gates
    )
    body = table(("Gate", "Kind", "Verdict", "Why"), rows)
    return details(f"Gates ({len(record.gates)}), by {source}", body)
