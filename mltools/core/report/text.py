"""The verdict and the table for a terminal, as plain text."""

from collections.abc import Callable, Sequence

from mltools.core.markdown import clean
from mltools.core.metrics import lookup
from mltools.core.records import DataSet, Record
from mltools.core.report.facts import (
    against,
    change,
    changed_params,
    directions,
    gates_of,
    goodness,
    ordered_metrics,
    shown,
    signed,
)
from mltools.core.verdict import Outcome

Paint = Callable[[str, str], str]

COLOURS = {
    "passed": "green",
    "failed": "red",
    "undecided": "yellow",
    "skipped": "bright_black",
    "better": "green",
    "worse": "red",
}
ROWS = 40


def plain(text: str, colour: str) -> str:  # noqa: ARG001 - the paint that paints nothing
    """The paint for a terminal without colours."""
    return text


def render(record: Record, paint: Paint = plain) -> str:
    """Data that breaks its contract, metrics with their gates, changed params, then the verdict as the last line."""
    parts = [_broken(data, paint) for data in record.data if data.outcome is Outcome.FAILED]
    if record.metrics:
        parts.append(_metrics(record, paint))
    parts.extend(_gates(record, paint))
    if params := changed_params(record):
        parts.append(
            "\n".join(
                f"param {clean(name)}: {shown(old)} -> {shown(new)}" for name, old, new in params[:ROWS]
            )
        )
    parts.extend(f"note: {clean(text, limit=500)}" for text in _notes(record))
    if record.base is not None:
        parts.append(f"compared with {against(record.base)}")
    parts.append(_paint_word(clean(record.summary, limit=500), record.verdict.value, paint))
    return "\n".join(parts)


def columns(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> list[str]:
    """Rows of cells as aligned lines; `right` are the columns of numbers."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _metrics(record: Record, paint: Paint) -> str:
    rows = [("metric", "base", "this run", "change", "", "gate", "")]
    good_ways = directions(record)
    for name in ordered_metrics(record)[:ROWS]:
        delta = change(record, name)
        gates = gates_of(record, name)
        rows.append(
            (
                clean(name, limit=60),
                clean(shown(lookup(record.base_metrics, name)), limit=24),
                clean(shown(record.metrics.get(name)), limit=24),
                "" if delta is None else signed(delta),
                goodness(delta, good_ways.get(name)),
                ", ".join(clean(gate.name, limit=40) for gate in gates),
                ", ".join(dict.fromkeys(gate.outcome.value for gate in gates)),
            )
        )
    lines = columns(rows, right=(1, 2, 3))
    painted = [
        _paint_word(_paint_word(line, row[6], paint), row[4], paint)
        for line, row in zip(lines, rows, strict=True)
    ]
    hidden = len(ordered_metrics(record)) - ROWS
    return "\n".join(painted + ([f"... and {hidden} more metrics, in the report"] if hidden > 0 else []))


def _gates(record: Record, paint: Paint) -> list[str]:
    return [
        _paint_word(
            f"{gate.outcome.value}: {clean(gate.name)}: {clean(gate.reason, limit=400)}",
            gate.outcome.value,
            paint,
        )
        for gate in record.gates
        if gate.outcome in {Outcome.FAILED, Outcome.UNDECIDED}
    ]


def _broken(data: DataSet, paint: Paint) -> str:
    contract = data.contract or data.path
    lines = [f"{paint('failed', 'red')}: {clean(data.path)} breaks its contract"]
    for violation in data.violations[:ROWS]:
        where = f"{contract}:{violation.line}" if violation.line else contract
        examples = (
            f" ({', '.join(clean(example, limit=60) for example in violation.examples[:3])})"
            if violation.examples
            else ""
        )
        lines.append(f"  {clean(where)}: {clean(violation.message, limit=300)}{examples}")
    if data.error:
        lines.append(f"  {clean(data.error, limit=500)}")
    return "\n".join(lines)


def _notes(record: Record) -> list[str]:
    edited = (
        ["this change edits gates; an edited or removed one counted as the base has it"]
        if record.gates_changed
        else []
    )
    return [*edited, *record.warnings]


def _paint_word(line: str, word: str, paint: Paint) -> str:
    colour = COLOURS.get(word)
    if colour is None:
        return line
    before, found, after = line.partition(word) if line.startswith(word) else line.rpartition(word)
    return before + paint(found, colour) + after if found else line
