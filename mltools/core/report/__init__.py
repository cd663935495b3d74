"""The report of a run as Markdown. A new section is a module here and a line in SECTIONS.

Sections stand in the order they are read in; each has a rank, and what does not fit the forge's limit is left out by
rank: whole, named, never cut inside. Most sections say what the record holds and are listed as `alone(...)`; others
also show what the shell hands in (`Around`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mltools.core.records import Record
from mltools.core.report import (
    data,
    data_diff,
    environment,
    extra,
    footer,
    gates,
    headline,
    history,
    images,
    metrics,
    params,
    plots,
    slices,
    stages,
    warnings,
)
from mltools.core.report.around import NOTHING, Around, alone
from mltools.core.report.notes import grave

COMMENT_LIMIT = 65_536
WARNINGS = "warnings"

LEFT_OUT = "_Left out, because it would be too long here: {names}. {where}._"


@dataclass(frozen=True, slots=True)
class Section:
    """`rank` says what goes first when there is no room: the highest. Rank 0 always stands."""

    name: str
    render: Callable[[Record, Around], str | None]
    rank: int


SECTIONS = (
    Section("headline", alone(headline.render), 0),
    Section("metrics", alone(metrics.render), 1),
    Section(WARNINGS, alone(warnings.render), 2),
    Section("data", alone(data.render), 3),
    Section("data-changes", alone(data_diff.render), 4),
    Section("gates", alone(gates.render), 4),
    Section("params", alone(params.render), 5),
    Section("slices", alone(slices.render), 8),
    Section("fairness", alone(slices.render_fairness), 9),
    Section("plots", plots.render, 12),
    Section("images", images.render, 10),
    Section("stages", alone(stages.render), 11),
    Section("history", history.render, 13),
    Section("extra", alone(extra.render), 7),
    Section("all-metrics", alone(metrics.render_all), 14),
    Section("environment", alone(environment.render), 6),
    Section("footer", alone(footer.render), 0),
)


def render(
    record: Record,
    *,
    limit: int | None = None,
    size: Callable[[str], int] = len,
    around: Around = NOTHING,
) -> str:
    """The report; at most `limit` when given, as `size` measures it. Sections that do not fit are left out, whole."""
    parts = [
        (section, text)
        for section in chosen(around.sections, record)
        if (text := section.render(record, around))
    ]
    body = _joined(parts, (), record)
    if limit is None or size(body) <= limit:
        return body
    return _fitted(parts, record, limit, size)


def chosen(names: Sequence[str] | None, record: Record) -> tuple[Section, ...]:
    """The sections that a project wants, in its order; the verdict and the footer stand where they belong.

    Overrides and edits of the policy are told whatever it wants.
    """
    if names is None:
        return SECTIONS
    if WARNINGS not in names and grave(record):
        names = (WARNINGS, *names)
    first, *_, last = SECTIONS
    known = {section.name: section for section in SECTIONS if section.rank}
    return (first, *(known[name] for name in names if name in known), last)


def _fitted(
    parts: Sequence[tuple[Section, str]], record: Record, limit: int, size: Callable[[str], int]
) -> str:
    """The sections by rank, each kept if it fits beside those before it."""
    kept = [part for part in parts if not part[0].rank]
    body = _joined(kept, _names(parts, kept), record)
    for part in sorted(parts, key=lambda each: each[0].rank):
        if not part[0].rank:
            continue
        wider = [each for each in parts if each in kept or each is part]
        longer = _joined(wider, _names(parts, wider), record)
        if size(longer) <= limit:
            kept, body = wider, longer
    # Room for less than the verdict is left by a caller's mistake alone.
    return body if size(body) <= limit else body.partition("\n")[0][: max(0, limit - 1)] + "\n"


def _names(parts: Sequence[tuple[Section, str]], kept: Sequence[tuple[Section, str]]) -> tuple[str, ...]:
    return tuple(section.name for section, _ in parts if all(section is not other for other, _ in kept))


def _joined(parts: Sequence[tuple[Section, str]], left_out: Sequence[str], record: Record) -> str:
    texts = [text for _, text in parts]
    if left_out:
        linked = record.url is not None and footer.safe(record.url)
        run = f"[the run]({record.url})" if linked else "the run"
        where = f"The page and the artifact of {run} have everything"
        names = ", ".join(name.replace("-", " ") for name in left_out)
        texts.insert(len(texts) - 1, LEFT_OUT.format(names=names, where=where))
    return "\n\n".join(texts) + "\n"
