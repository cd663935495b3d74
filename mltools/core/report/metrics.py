"""The one table: what was measured, against the base, with its gates. What is neither gated nor changed is folded."""

from collections.abc import Iterable

from mltools.core import markdown
from mltools.core.markdown import code, details, escape
from mltools.core.records import Record
from mltools.core.report import rows
from mltools.core.report.facts import judged, shown, signed
from mltools.core.report.rows import Interval, Row

HEADER = ("Metric", "Base", "This change", "Change", "Gate", "Verdict")
# More times the noise than this is no number that anybody weighs.
MANY = 100


def render(record: Record) -> str | None:
    """What gates judge and what moved."""
    main, _ = rows.table(record)
    return _table(main) if main else None


def render_all(record: Record) -> str | None:
    """The metrics that the main table leaves out."""
    _, rest = rows.table(record)
    if not rest:
        return None
    return details(f"{len(rest):,} more metric{'s' * (len(rest) != 1)}", _table(rest))


def _table(found: Iterable[Row]) -> str:
    return markdown.table(HEADER, (_row(row) for row in found), right=(1, 2, 3))


def _row(row: Row) -> tuple[str, ...]:
    return (
        code(row.name) if row.measured else escape(row.name),
        escape(shown(row.base)),
        escape(shown(row.now)),
        _change(row),
        "<br>".join(escape(gate.name) for gate in row.gates),
        "<br>".join(judged(gate) for gate in row.gates),
    )


def _change(row: Row) -> str:
    if row.change is None and not row.word:
        return ""
    moved = "" if row.change is None else signed(row.change)
    words = " ".join(filter(None, [moved, row.sign, row.word]))
    return "<br>".join([words, *beside(row)])


def beside(row: Row) -> tuple[str, ...]:
    """What a change is to be seen against: its interval, and how far the metric moves by the seed alone."""
    found = [] if row.interval is None else [span(row.interval)]
    if row.noise is not None and row.change is not None:
        found.append(_against_noise(abs(row.change), row.noise))
    return tuple(found)


def _against_noise(size: float, noise: float) -> str:
    if not noise:
        return "no seed moved it"
    times = size / noise
    count = f"{times:.2g}" if times < MANY else f"over {MANY}"
    return f"{count} times the noise of {noise:.3g}"


def span(interval: Interval) -> str:
    """The interval in words, its level in percent."""
    level = "interval" if interval.level is None else f"{interval.level * 100:.4g} %"
    return f"{level}: {signed(interval.low)} to {signed(interval.high)}"
