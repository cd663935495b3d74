"""The report for a terminal: what the Markdown says open, in the same order, and what a person asks next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mltools.core import data_words
from mltools.core.markdown import clean
from mltools.core.records import DataSet, Record
from mltools.core.report import chosen, rows
from mltools.core.report.around import NOTHING, Around
from mltools.core.report.facts import against, changed_params, shown, signed
from mltools.core.report.metrics import beside
from mltools.core.report.notes import notes
from mltools.core.report.rows import Row
from mltools.core.report.series import Series, series
from mltools.core.report.stages import title
from mltools.core.spark import spark
from mltools.core.tabular import COLOURS, Paint, columns, plain
from mltools.core.verdict import Outcome

__all__ = ["COLOURS", "Paint", "columns", "plain", "render"]

ROWS = 40
NOTES = 3
SCREEN = 20


@dataclass(frozen=True, slots=True)
class _Part:
    """A section by the name that mltools.yaml orders and drops it by."""

    name: str
    lines: list[str]


def render(record: Record, paint: Paint = plain, *, around: Around = NOTHING) -> str:
    """The verdict, the metrics with their gates, notes, data, gates that did not pass, params, pipeline, history.

    The verdict stands once more at the end of what fills a screen.
    """
    verdict = _paint_word(clean(record.summary, limit=500), record.verdict.value, paint)
    made = {part.name: part.lines for part in _parts(record, around, paint)}
    wanted = (
        made if around.sections is None else [section.name for section in chosen(around.sections, record)]
    )
    lines = [verdict, *(line for name in wanted for line in made.get(name, ()))]
    if record.base is not None:
        lines.append(f"compared with {against(record.base)}")
    return "\n".join([*lines, verdict] if len(lines) > SCREEN else lines)


def _parts(record: Record, around: Around, paint: Paint) -> Iterator[_Part]:
    main, rest = rows.table(record)
    found = [*main, *rest]
    yield _Part("metrics", _metrics(found, paint) if found else [])
    told = [f"note: {clean(text, limit=500)}" for text in notes(record)]
    hidden = len(told) - NOTES
    more = [f"... and {hidden} more note{'s' * (hidden != 1)}, in the report"] if hidden > 0 else []
    yield _Part("warnings", [*told[:NOTES], *more])
    yield _Part("data", [line for data in record.data for line in _broken(data, paint)])
    yield _Part("data-changes", _changed_data(record, paint))
    yield _Part("gates", _gates(record, paint))
    yield _Part("params", _params(record))
    ran = any(stage.state == "ran" or stage.changed for stage in record.stages)
    yield _Part("stages", [title(record).replace("Pipeline", "pipeline")] if ran else [])
    yield _Part("history", _history(record, around))


def _metrics(found: Sequence[Row], paint: Paint) -> list[str]:
    against_what = any(beside(row) for row in found[:ROWS])
    cells = [("metric", "base", "this change", "change", "", *(("against",) * against_what), "gate", "")]
    cells += [
        (
            clean(row.name, limit=60),
            clean(shown(row.base), limit=24),
            clean(shown(row.now), limit=24),
            "" if row.change is None else signed(row.change),
            row.word,
            *(("; ".join(beside(row)),) * against_what),
            ", ".join(clean(gate.name, limit=40) for gate in row.gates),
            ", ".join(dict.fromkeys(_judged(gate.outcome, gate.override) for gate in row.gates)),
        )
        for row in found[:ROWS]
    ]
    lines = columns(cells, right=(1, 2, 3))
    painted = [
        _paint_word(_paint_word(line, row[-1], paint), row[4], paint)
        for line, row in zip(lines, cells, strict=True)
    ]
    hidden = len(found) - ROWS
    return [*painted, *([f"... and {hidden:,} more metrics, in the report"] if hidden > 0 else [])]


def _judged(outcome: Outcome, override: object | None) -> str:
    return outcome.value if override is None else f"{outcome.value}, overridden"


def _gates(record: Record, paint: Paint) -> list[str]:
    lines = []
    for gate in record.gates:
        if gate.outcome not in {Outcome.FAILED, Outcome.UNDECIDED}:
            continue
        taken = "" if gate.override is None else f" (overridden by {clean(gate.override.by)})"
        line = f"{gate.outcome.value}: {clean(gate.name)}: {clean(gate.reason, limit=400)}{taken}"
        lines.append(_paint_word(line, gate.outcome.value, paint))
    return lines


def _changed_data(record: Record, paint: Paint) -> list[str]:
    changes = record.data_changes[:ROWS]
    lines = [f"data changed: {clean(data_words.line(change), limit=200)}" for change in changes]
    return [
        text.replace("contract breaking", f"contract {paint('breaking', 'red')}")
        if data_words.loud(change)
        else text
        for text, change in zip(lines, changes, strict=True)
    ]


def _params(record: Record) -> list[str]:
    changes = changed_params(record)
    lines = [
        f"param {clean(name)}: {clean(shown(old))} -> {clean(shown(new))}"
        for name, old, new in changes[:ROWS]
    ]
    hidden = len(changes) - ROWS
    return [*lines, *([f"... and {hidden:,} more params, in the report"] if hidden > 0 else [])]


def _history(record: Record, around: Around) -> list[str]:
    found = series(record, around.history) if around.history else ()
    return [f"history {clean(one.name, limit=60)}: {spark(one.values)} {_span(one)}" for one in found]


def _span(one: Series) -> str:
    low, high = shown(min(one.known)), shown(max(one.known))
    return f"{low} throughout" if low == high else f"{low} to {high}"


def _broken(data: DataSet, paint: Paint) -> list[str]:
    if data.outcome is not Outcome.FAILED:
        return []
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
    return lines


def _paint_word(line: str, word: str, paint: Paint) -> str:
    colour = COLOURS.get(word.partition(",")[0])
    if colour is None:
        return line
    before, found, after = line.partition(word) if line.startswith(word) else line.rpartition(word)
    return before + paint(found, colour) + after if found else line
