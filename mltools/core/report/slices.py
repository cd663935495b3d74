"""Metrics group by group: what the gates that look at slices of the rows found."""

from mltools.core.markdown import details, escape, table
from mltools.core.records import GateResult, Record
from mltools.core.report.evidence import groups
from mltools.core.report.facts import judged


def render(record: Record) -> str | None:
    return of_kind(record, "slice", "Slices")


def render_fairness(record: Record) -> str | None:
    """Differences between the groups of a sensitive column."""
    return of_kind(record, "fairness", "Fairness")


def of_kind(record: Record, kind: str, title: str) -> str | None:
    """Each gate of a kind with its table of groups, folded."""
    parts = [part for gate in record.gates if gate.kind == kind and (part := _part(gate))]
    return (
        details(f"{title}: {len(parts)} gate{'s' * (len(parts) != 1)}", "\n\n".join(parts)) if parts else None
    )


def _part(gate: GateResult) -> str | None:
    found = groups(gate.evidence)
    if found is None:
        return None
    cells = (tuple(escape(cell, limit=100) for cell in row) for row in found.rows)
    header = [escape(name, limit=40) for name in found.header]
    body = table(header, cells, right=found.numeric)
    more = f"\n\n... and {found.more:,} more groups" if found.more else ""
    return f"**{escape(gate.name)}**: {judged(gate)}: {escape(gate.reason, limit=500)}\n\n{body}{more}"
