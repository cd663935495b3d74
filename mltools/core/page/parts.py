"""The parts of the page that are tables and words: the verdict, the metrics, gates, params, data, environment."""

from collections.abc import Iterable, Iterator

from mltools.core.page import charts
from mltools.core.page.html import Html, details, join, table, tag
from mltools.core.records import DataSet, GateResult, Record
from mltools.core.report import rows
from mltools.core.report.environment import command, facts
from mltools.core.report.evidence import facts as evidence
from mltools.core.report.evidence import groups
from mltools.core.report.facts import (
    MARKS,
    against,
    changed_params,
    shown,
    signed,
)
from mltools.core.report.footer import safe
from mltools.core.report.metrics import beside
from mltools.core.report.notes import notes
from mltools.core.report.rows import Row
from mltools.core.verdict import Outcome

SHORT = 8
MOST_NOTES = 200


def header(record: Record) -> Html:
    """The verdict, first and in one line; then what was compared with what."""
    word = record.verdict.value
    summary = record.summary.removeprefix(f"{word}: ") if record.summary else ""
    commit = record.commit[:SHORT] + (" with uncommitted changes" if record.dirty else "")
    base = "no base yet" if record.base is None else against(record.base)
    words = (
        ("Project", "" if record.project == "." else record.project),
        ("Branch", record.branch or ""),
        ("Commit", commit),
        ("Compared with", base),
        ("Time", record.time.replace("T", " ").replace("Z", " UTC")),
        ("Took", f"{record.seconds:.1f} s"),
        ("Run", record.id),
    )
    listed = [tag("div", tag("dt", name), tag("dd", value)) for name, value in words if value]
    if record.url and safe(record.url):
        link = tag("a", "the run's page", href=record.url, rel="noreferrer")
        listed.append(tag("div", tag("dt", "Forge"), tag("dd", link)))
    return tag(
        "header",
        tag("h1", tag("span", outcome(record.verdict), class_=f"badge {word}"), " ", tag("span", summary)),
        tag("dl", *listed),
    )


def outcome(value: Outcome) -> Html:
    """A sign and a word, never the sign alone."""
    sign = tag("span", MARKS[value], class_="sign", aria_hidden="true")
    return join([sign, " ", tag("span", value.value)])


def metrics(record: Record) -> Html | None:
    """The one table."""
    main, _ = rows.table(record)
    return _metrics(main, "Metrics against the base, with the gates that judge them") if main else None


def more_metrics(record: Record) -> Html | None:
    """The metrics that neither a gate judges nor this change moved."""
    _, rest = rows.table(record)
    if not rest:
        return None
    title = f"{len(rest):,} metric{'s' * (len(rest) != 1)} that no gate judges and that did not change"
    return details(title, _metrics(rest, title))


def warnings(record: Record) -> Html | None:
    found = notes(record)[:MOST_NOTES]
    return tag("ul", *(tag("li", note) for note in found), class_="notes") if found else None


def gates(record: Record) -> Html | None:
    if not record.gates:
        return None
    source = "the base" if record.gates_from == "base" else "this commit"
    cells = ((gate.name, gate.kind, _judged(gate), _why(gate), _evidence(gate)) for gate in record.gates)
    return table(
        ("Gate", "Kind", "Verdict", "Why", "Evidence"), cells, caption=f"Gates, as {source} has them"
    )


def of_kind(record: Record, kind: str) -> Html | None:
    """The groups that gates of a kind looked at."""
    parts = []
    for gate in record.gates:
        found = groups(gate.evidence) if gate.kind == kind else None
        if found is not None:
            made = table(found.header, found.rows, caption=f"{gate.name}: {gate.reason}", right=found.numeric)
            more = tag("p", f"... and {found.more:,} more") if found.more else Html("")
            parts += [made, more]
    return join(parts) if parts else None


def params(record: Record) -> Html | None:
    changes = changed_params(record)
    if not changes:
        return None
    cells = ((tag("code", name), shown(before), shown(now)) for name, before, now in changes)
    return table(("Param", "Base", "This change"), cells, caption="Params that differ from the base")


def data(record: Record) -> Html | None:
    if not record.data:
        return None
    cells = (
        (
            tag("code", one.path),
            "" if one.rows is None else f"{one.rows:,}",
            tag("code", one.contract) if one.contract else "",
            outcome(one.outcome),
        )
        for one in record.data
    )
    overview = table(("Data", "Rows", "Contract", "Verdict"), cells, caption="Data sets", right=(1,))
    return join([overview, *(part for one in record.data for part in _violations(one))])


def environment(record: Record) -> Html:
    cells = ((name, tag("code", value)) for name, value in facts(record))
    return join(
        [
            tag("p", "The same verdict, in a clone of the repository:"),
            tag("pre", tag("code", command(record)), tabindex=0),
            table(("", "Version"), cells, caption="Where the run took place"),
        ]
    )


def extras(record: Record) -> Html | None:
    """The project's own sections as they were written: Markdown is text here."""
    parts = [
        join([tag("h3", extra.title), tag("pre", extra.text, class_="own", tabindex=0)])
        for extra in record.extras
        if extra.text.strip()
    ]
    return join(parts) if parts else None


def _metrics(found: Iterable[Row], caption: str) -> Html:
    header = ("Metric", "Base", "This change", "Change", "Gate", "Verdict")
    return table(header, (_row(row) for row in found), caption=caption, right=(1, 2, 3))


def _row(row: Row) -> tuple[str, ...]:
    return (
        tag("code", row.name) if row.measured else row.name,
        shown(row.base),
        shown(row.now),
        _change(row),
        join(tag("div", gate.name) for gate in row.gates),
        join(tag("div", _judged(gate)) for gate in row.gates),
    )


def _change(row: Row) -> Html:
    words = " ".join(filter(None, ["" if row.change is None else signed(row.change), row.sign, row.word]))
    css = "good" if row.word == "better" else "bad" if row.word == "worse" else None
    made = tag("span", words, class_=css)
    drawn = Html("") if row.interval is None else charts.interval(row.interval, row.change)
    lines = (tag("div", tag("small", text)) for text in beside(row))
    return join([made, tag("div", drawn) if drawn else "", *lines])


def _judged(gate: GateResult) -> Html:
    made = tag("span", outcome(gate.outcome), class_=f"outcome {gate.outcome.value}")
    return join([made, " ", tag("span", "overridden")]) if gate.override is not None else made


def _why(gate: GateResult) -> Html:
    taken = gate.override
    if taken is None:
        return tag("span", gate.reason)
    said = f"Overridden by {taken.by} ({taken.how}, {taken.commit[:SHORT]}): {taken.reason}"
    return join([tag("div", gate.reason), tag("div", said)])


def _evidence(gate: GateResult) -> Html:
    found = (
        tag("span", f"{name} ", tag("b", value), class_="fact") for name, value in evidence(gate.evidence)
    )
    return join(found, " ")


def _violations(one: DataSet) -> Iterator[Html]:
    if one.error:
        yield tag("p", tag("code", one.path), f": {one.error}")
    elif one.violations:
        cells = (
            (
                f"{one.contract}:{broken.line}" if broken.line else one.contract or one.path,
                broken.column or "",
                broken.rule,
                f"{broken.count:,}",
                broken.message,
                join((tag("code", example) for example in broken.examples), " "),
            )
            for broken in one.violations
        )
        heads = ("Where", "Column", "Rule", "Rows", "What", "Examples")
        yield table(heads, cells, caption=f"Rules that {one.path} breaks", right=(3,))
