"""What a reviewer must know before trusting the table, the gravest first, as plain text."""

from mltools.core.records import Record
from mltools.core.report.facts import culprit
from mltools.core.verdict import Outcome

SHORT = 8


def notes(record: Record) -> tuple[str, ...]:
    """Overrides, edits of the policy, uncommitted changes, undecided gates, warnings on data; then the run's own notes."""
    return (
        *grave(record),
        *_tree(record),
        *_undecided(record),
        *_data(record),
        *record.warnings,
    )


def grave(record: Record) -> tuple[str, ...]:
    """What no configuration leaves out, since the change itself could hide it by that: overrides, edits of the policy."""
    return (*_overrides(record), *_policy(record))


def _overrides(record: Record) -> list[str]:
    return [
        f"gate {gate.name} {gate.outcome.value} and was overridden by {gate.override.by}: {gate.override.reason}"
        for gate in record.gates
        if gate.override is not None
    ]


def _policy(record: Record) -> list[str]:
    if not record.gates_changed or record.base is None:
        return []
    at = record.base.commit[:SHORT]
    return [
        f"This change edits gates in mltools.yaml. One that is edited or removed counted as the base, {at}, has it; the edits hold once they are merged."
    ]


def _tree(record: Record) -> list[str]:
    if not record.dirty or record.trigger == "local":  # by hand that is how one works, and the footer says it
        return []
    return [
        f"the run had uncommitted changes, so commit {record.commit[:SHORT]} alone does not give this result"
    ]


def _undecided(record: Record) -> list[str]:
    named = culprit(record)
    found = [
        gate
        for gate in record.gates
        if gate.outcome is Outcome.UNDECIDED and gate.override is None and gate is not named
    ]
    if not found:
        return []
    more = f"; nor could {len(found) - 1} more" if len(found) > 1 else ""
    return [f"gate {found[0].name} could not decide: {found[0].reason}{more}"]


def _data(record: Record) -> list[str]:
    warned = [
        (data.path, sum(violation.severity == "warn" for violation in data.violations))
        for data in record.data
    ]
    return [
        f"{path} breaks {count} rule{'s' * (count != 1)} of its contract that only warn{'s' * (count == 1)}"
        for path, count in warned
        if count
    ]
