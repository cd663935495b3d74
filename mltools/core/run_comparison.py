"""Two runs of the journal side by side: verdicts, gates, metrics, params, data and stages, from their records alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mltools.core import comparison_view
from mltools.core.comparison import Comparison, Kind, Snapshot, TrackedFile, compare
from mltools.core.comparison_view import ARROW, COLOURS, Paint
from mltools.core.markdown import clean
from mltools.core.records import Record
from mltools.core.report.text import columns
from mltools.core.stages import LockedFile

_SHOWN = 60
# One name for both sides: a record's metrics and params stand under the names that tell files apart already.
_VALUES = "run.json"


@dataclass(frozen=True, slots=True)
class GateChange:
    """A gate's outcome in both runs, None where a run does not have the gate."""

    name: str
    kind: Kind
    base: str | None
    head: str | None


@dataclass(frozen=True, slots=True)
class Runs:
    """Two runs, and all that differs or is the same."""

    base: Record
    head: Record
    gates: tuple[GateChange, ...]
    comparison: Comparison


def compare_runs(base: Record, head: Record) -> Runs:
    """Set two runs side by side."""
    return Runs(base, head, tuple(_gates(base, head)), compare(_snapshot(base), _snapshot(head)))


def as_text(runs: Runs, paint: Paint, *, everything: bool = False) -> str:
    """Both verdicts, the gates that were judged otherwise, and what changed; with `everything`, what is the same."""
    sides = [("base", runs.base), ("head", runs.head)]
    head = columns([(word, *_side(record)) for word, record in sides])
    shown = [gate for gate in runs.gates if everything or gate.kind != "same"]
    rows = [(clean(gate.name, limit=_SHOWN), gate.base or "-", ARROW, gate.head or "-") for gate in shown]
    gates = [
        paint(f"  {line}", COLOURS[gate.kind])
        for line, gate in zip(columns(rows) if rows else (), shown, strict=True)
    ]
    parts = ["\n".join(head), *(["\n".join(["gates", *gates])] if gates else [])]
    # The names of both sides stand above.
    _, _, rest = comparison_view.as_text(runs.comparison, paint, everything=everything).partition("\n\n")
    return "\n\n".join([*parts, *([rest] if rest else [])])


def as_json(runs: Runs) -> dict[str, Any]:
    """Everything, what is the same included."""
    tree = comparison_view.as_json(runs.comparison)
    tree["base"], tree["head"] = _tree(runs.base), _tree(runs.head)
    tree["gates"] = [
        {"name": gate.name, "kind": gate.kind, "base": gate.base, "head": gate.head} for gate in runs.gates
    ]
    return tree


def _snapshot(record: Record) -> Snapshot:
    files = {
        data.path: TrackedFile(LockedFile(data.path, data.md5, data.bytes), "input") for data in record.data
    }
    files |= {
        out.path: TrackedFile(LockedFile(out.path, out.md5, out.size), "output") for out in record.outputs
    }
    return Snapshot(
        name=record.id,
        commit=record.commit,
        metrics_by_file={_VALUES: record.metrics},
        params_by_file={_VALUES: record.params},
        stages={stage.name: stage.md5 or "" for stage in record.stages},
        files=files,
    )


def _gates(base: Record, head: Record) -> Sequence[GateChange]:
    before = {gate.name: gate.outcome.value for gate in base.gates}
    after = {gate.name: gate.outcome.value for gate in head.gates}
    return [
        GateChange(name, _kind(before.get(name), after.get(name)), before.get(name), after.get(name))
        for name in dict.fromkeys([*after, *before])
    ]


def _kind(old: str | None, new: str | None) -> Kind:
    if old == new:
        return "same"
    return "added" if old is None else "removed" if new is None else "changed"


def _side(record: Record) -> tuple[str, ...]:
    return (
        record.id,
        record.time.replace("T", " ").removesuffix("Z"),
        record.commit[:8] + ("+" if record.dirty else ""),
        clean(record.branch or "-", limit=30),
        clean(record.summary or record.verdict.value, limit=100),
    )


def _tree(record: Record) -> dict[str, Any]:
    return {
        "run": record.id,
        "time": record.time,
        "commit": record.commit,
        "branch": record.branch,
        "project": record.project,
        "dirty": record.dirty,
        "verdict": record.verdict.value,
        "summary": record.summary,
    }
