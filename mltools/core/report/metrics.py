"""Metrics against the base: one row each, gated ones first, the unchanged rest folded."""

from mltools.core.markdown import code, details, escape, table
from mltools.core.metrics import lookup
from mltools.core.records import Record
from mltools.core.report.facts import (
    change,
    directions,
    gates_of,
    goodness,
    marked,
    ordered_metrics,
    shown,
    signed,
)

MAIN_ROWS = 30
HEADER = ("Metric", "Base", "This run", "Change", "Gate", "Verdict")


def render(record: Record) -> str | None:
    """Gated metrics and those that moved."""
    names = _main(record) if record.metrics else ()
    return _table(record, names) if names else None


def render_all(record: Record) -> str | None:
    """The metrics that the main table leaves out."""
    if not record.metrics:  # nothing was measured, so there is nothing to compare
        return None
    main = set(_main(record))
    rest = tuple(name for name in ordered_metrics(record) if name not in main)
    return details(f"{len(rest)} more metrics", _table(record, rest)) if rest else None


def _main(record: Record) -> tuple[str, ...]:
    names = ordered_metrics(record)
    first_run = not record.base_metrics
    return tuple(name for name in names if first_run or gates_of(record, name) or _moved(record, name))[
        :MAIN_ROWS
    ]


def _moved(record: Record, name: str) -> bool:
    return record.metrics.get(name) != lookup(record.base_metrics, name)


def _table(record: Record, names: tuple[str, ...]) -> str:
    return table(HEADER, (_row(record, name) for name in names), right=(1, 2, 3))


def _row(record: Record, name: str) -> tuple[str, ...]:
    delta = change(record, name)
    good = goodness(delta, directions(record).get(name))
    moved = "" if delta is None else signed(delta) + (f" {good}" if good else "")
    gates = gates_of(record, name)
    return (
        code(name),
        escape(shown(lookup(record.base_metrics, name))),
        escape(shown(record.metrics.get(name))),
        moved,
        "<br>".join(escape(gate.name) for gate in gates),
        "<br>".join(marked(gate.outcome) for gate in gates),
    )
