"""A check as one HTML page that needs nothing else; its looks and its policy are those of a run's report."""

from collections.abc import Iterator

from mltools.core.monitor.findings import Assessment, Level, Shift, Verdict, worst
from mltools.core.monitor.view import ADVICE, HEADER, cells, ordered, quality_text, subject
from mltools.core.page import charts, policy
from mltools.core.page.html import Html, figure, table, tag, void
from mltools.core.page.style import CSS

MOST = 500
MOST_DRAWN = 24
# The page's words for good and bad.
LOOKS = {
    Verdict.HEALTHY: "passed",
    Verdict.WATCH: "undecided",
    Verdict.DRIFTED: "failed",
    Verdict.BROKEN: "failed",
}


def render(found: Assessment, *, made_by: str) -> str:
    """The page."""
    head = tag(
        "head",
        void("meta", charset="utf-8"),
        void("meta", http_equiv="Content-Security-Policy", content=policy()),
        void("meta", name="viewport", content="width=device-width,initial-scale=1"),
        void("meta", name="referrer", content="no-referrer"),
        tag("title", f"{subject(found)}: {found.verdict.value}"),
        tag("style", Html(CSS)),
    )
    body = tag(
        "body", _header(found), tag("main", *_sections(found)), tag("footer", f"Made by mltools {made_by}.")
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _header(found: Assessment) -> Html:
    word = tag("span", found.verdict.value, class_=f"badge {LOOKS[found.verdict]}")
    traffic = found.traffic
    facts = (
        ("Model", subject(found)),
        ("Window", f"{found.window.start} to {found.window.end}"),
        ("Requests", f"{traffic.rows:,}, {traffic.answered:,} answered, {traffic.failed:,} failed"),
        ("Labelled", f"{found.labelled:,}"),
        (
            "Latency",
            ", ".join(f"{name} {value:.3g} ms" for name, value in traffic.latency.items()) or "unknown",
        ),
        ("Advice", f"{ADVICE[found.advice]}: {found.because}"),
    )
    listed = (tag("div", tag("dt", name), tag("dd", value)) for name, value in facts)
    return tag("header", tag("h1", word, " ", found.summary), tag("dl", *listed))


def _sections(found: Assessment) -> Iterator[Html]:
    # What is as it was of the columns stands in their own table.
    quiet = {shift.key for shift in found.shifts if shift.level.weight < Level.WATCH.weight}
    told = [finding for finding in worst(found.findings) if finding.key not in quiet]
    if told:
        rows = [(finding.level.value, finding.sentence) for finding in told[:MOST]]
        yield _section("Findings", table(("Level", "Finding"), rows, caption="What was looked at"))
    if found.shifts:
        lines = [(tag("code", shift.name), *cells(shift)[1:]) for shift in ordered(found.shifts)[:MOST]]
        caption = f"{len(found.shifts):,} columns against the release"
        titles = tuple(title.capitalize() if title != "PSI" else title for title in HEADER)
        yield _section("Columns", table(titles, lines, caption=caption, right=(2, 3, 4, 5, 6)))
    if moved := [shift for shift in ordered(found.shifts) if shift.shares][:MOST_DRAWN]:
        yield _section("Distributions", tag("div", *map(_figure, moved), class_="figures"))
    if found.quality:
        scores = [(tag("code", item.metric), quality_text(item)) for item in found.quality]
        yield _section("Quality", table(("Metric", "On labelled rows"), scores, caption="Where labels came"))
    if found.notes:
        yield _section("Notes", tag("ul", *(tag("li", note) for note in found.notes), class_="notes"))


def _figure(shift: Shift) -> Html:
    """Where the rows of a column lay when the model was made, and where they lie now."""
    names = [share.name for share in shift.shares]
    before, now = ([getattr(share, side) for share in shift.shares] for side in ("base", "head"))
    cells = ((share.name, f"{share.base:.1%}", f"{share.head:.1%}") for share in shift.shares)
    numbers = table(("Values", "At the release", "Now"), cells, caption=shift.name, right=(1, 2))
    return figure(shift.name, charts.shares(f"Distribution of {shift.name}", names, before, now), numbers)


def _section(title: str, body: Html) -> Html:
    name = title.lower()
    return tag("section", tag("h2", title, id=f"{name}-title"), body, aria_labelledby=f"{name}-title")
