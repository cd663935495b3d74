"""A check as text for a terminal and as Markdown for an issue, a summary or a comment."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from mltools.core.markdown import clean, code, details, escape, table
from mltools.core.monitor.findings import Assessment, Finding, Level, Measured, Shift, Verdict, worst
from mltools.core.report.text import columns

MOST = 20
LONGEST = 300
WIDEST = 40
COLOURS: Mapping[str, str] = {
    "healthy": "green",
    "ok": "green",
    "watch": "yellow",
    "untold": "bright_black",
    "drifted": "red",
    "broken": "red",
}
ADVICE = {
    "none": "nothing to do",
    "wait": "wait and look again",
    "investigate": "investigate",
    "retrain": "retrain",
}
HEADER = ("column", "", "PSI", "chance", "q", "no value", "weight")
# Shifts are told the gravest first, and of those alike the ones that moved most.
ORDER = {Level.BROKEN: 0, Level.DRIFTED: 1, Level.WATCH: 2, Level.OK: 3, Level.UNTOLD: 4}

Paint = Callable[[str, str], str]


def plain(text: str, colour: str) -> str:  # noqa: ARG001 - the paint that paints nothing
    """The paint for a terminal without colours."""
    return text


def as_text(found: Assessment, paint: Paint = plain) -> str:
    """The verdict, what it rests on, the columns that moved most, and what to do."""
    verdict = paint(found.verdict.value, COLOURS[found.verdict.value])
    lines = [f"{subject(found)}: {verdict}: {clean(found.summary, limit=LONGEST)}", *_counts(found)]
    told = [finding for finding in worst(found.findings) if finding.level.weight >= Level.WATCH.weight]
    lines += [_line(finding, paint) for finding in told[:MOST]]
    if len(told) > MOST:
        lines.append(f"... and {len(told) - MOST:,} more findings, in --json")
    lines += _columns(found.shifts, paint)
    lines += [f"{clean(item.metric)}: {quality_text(item)}" for item in found.quality]
    lines += [f"note: {clean(note, limit=LONGEST)}" for note in found.notes]
    lines.append(f"advice: {ADVICE[found.advice]}: {clean(found.because, limit=LONGEST)}")
    return "\n".join(lines) + "\n"


def as_markdown(found: Assessment) -> str:
    """The same for a forge; nothing that came out of data or a log is markup."""
    mark = {Verdict.HEALTHY: "✅", Verdict.WATCH: "👀", Verdict.DRIFTED: "⚠️", Verdict.BROKEN: "❌"}[
        found.verdict
    ]
    parts = [
        f"### {mark} {found.verdict.value}: {escape(subject(found))}",
        escape(found.summary, limit=LONGEST),
        f"**{ADVICE[found.advice].capitalize()}**: {escape(found.because, limit=LONGEST)}.",
    ]
    told = [finding for finding in worst(found.findings) if finding.level.weight >= Level.WATCH.weight]
    if told:
        rows = [(finding.level.value, escape(finding.sentence, limit=LONGEST)) for finding in told[:MOST]]
        parts.append(table(("", "finding"), rows))
    if len(told) > MOST:
        parts.append(f"and {len(told) - MOST:,} more")
    shifts = ordered(found.shifts)
    if shifts:
        lines = [(code(shift.name), *map(escape, cells(shift)[1:])) for shift in shifts[:MOST]]
        more = f"\n\nand {len(shifts) - MOST:,} more columns" if len(shifts) > MOST else ""
        body = table(HEADER, lines, right=(2, 3, 4, 5, 6)) + more
        parts.append(details(f"{len(shifts):,} columns against the release", body))
    if found.quality:
        parts.append(
            table(
                ("metric", "on labelled rows"),
                [(code(item.metric), escape(quality_text(item))) for item in found.quality],
            )
        )
    parts += [f"- {escape(note, limit=LONGEST)}" for note in found.notes]
    parts.append(f"<sub>{escape('; '.join(_counts(found)), limit=LONGEST * 2)}</sub>")
    return "\n\n".join(parts) + "\n"


def subject(found: Assessment) -> str:
    """What was checked: `tumour v1.2.0 in prod`."""
    return f"{found.model} {found.version}" + (f" in {found.stage}" if found.stage else "")


def ordered(found: Sequence[Shift]) -> list[Shift]:
    """The shifts, the gravest first."""
    return sorted(found, key=lambda shift: (ORDER[shift.level], -(shift.psi or 0.0), shift.name))


def cells(shift: Shift) -> tuple[str, ...]:
    """A shift as the cells under HEADER."""
    gaps = (
        "" if not (shift.missing or shift.base_missing) else f"{shift.base_missing:.1%} → {shift.missing:.1%}"
    )
    return (
        clean(shift.name, limit=WIDEST),
        shift.level.value if not shift.reason else f"{shift.level.value}: {clean(shift.reason, limit=60)}",
        "" if shift.psi is None else f"{shift.psi:.3f}",
        "" if shift.psi is None else f"{shift.noise:.3f}",
        "" if shift.q_value is None else f"{shift.q_value:.2g}",
        gaps,
        "" if shift.weight is None else f"{shift.weight:.0%}",
    )


def quality_text(found: Measured) -> str:
    """A metric of the labelled rows in words."""
    if found.value is None or found.low is None or found.high is None:
        return f"not told: {found.reason}"
    base = "" if found.base is None else f", {found.base:.4g} at the release: {found.decision}"
    return f"{found.value:.4g} ({found.low:.4g} to {found.high:.4g}) on {found.rows:,} rows{base}"


def _counts(found: Assessment) -> Iterator[str]:
    traffic = found.traffic
    yield f"{found.window.start} to {found.window.end}, {found.windows:,} window{'s' * (found.windows != 1)} known"
    counts = [f"{traffic.rows:,} requests", f"{traffic.answered:,} answered", f"{traffic.failed:,} failed"]
    counts += [f"{traffic.refused:,} refused"] if traffic.refused else []
    counts += [f"{found.labelled:,} labelled"]
    counts += [f"{name} {value:.3g} ms" for name, value in traffic.latency.items()]
    yield ", ".join(counts)


def _line(finding: Finding, paint: Paint) -> str:
    word = paint(finding.level.value, COLOURS[finding.level.value])
    return f"  {word}: {clean(finding.sentence, limit=LONGEST)}"


def _columns(found: Sequence[Shift], paint: Paint) -> Iterator[str]:
    told = [shift for shift in ordered(found) if shift.level is not Level.UNTOLD]
    if not told:
        return
    rows = [HEADER, *map(cells, told[:MOST])]
    used = [place for place in range(len(HEADER)) if any(row[place] for row in rows[1:])]
    lines = columns(
        [[row[place] for place in used] for row in rows],
        right=[used.index(place) for place in (2, 3, 4, 5, 6) if place in used],
    )
    yield lines[0]
    for line, shift in zip(lines[1:], told, strict=False):
        word = shift.level.value
        yield line.replace(f" {word}", f" {paint(word, COLOURS[word])}", 1)
    if len(told) > MOST:
        yield f"... and {len(told) - MOST:,} more columns, in --json"
