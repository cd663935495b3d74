"""The report of a run as Markdown. A new section is a module here and a line in SECTIONS.

Most sections say what the record holds and are listed as `alone(...)`; others also show what the shell hands in (`Around`).

Sections stand in the order they are read in; each has a rank, and when the whole does not fit the forge's limit the
sections of the highest rank are left out, whole, until it does.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mltools.core.records import Record
from mltools.core.report import (
    data,
    environment,
    footer,
    gates,
    headline,
    metrics,
    params,
    stages,
    warnings,
)
from mltools.core.report.around import NOTHING, Around, alone

COMMENT_LIMIT = 65_536

LEFT_OUT = "_Left out, because the comment would be too long: {names}. The run's report file has everything._"


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    render: Callable[[Record, Around], str | None]
    rank: int


SECTIONS = (
    Section("headline", alone(headline.render), 0),
    Section("metrics", alone(metrics.render), 1),
    Section("warnings", alone(warnings.render), 2),
    Section("data", alone(data.render), 3),
    Section("gates", alone(gates.render), 4),
    Section("params", alone(params.render), 5),
    Section("stages", alone(stages.render), 6),
    Section("all-metrics", alone(metrics.render_all), 8),
    Section("environment", alone(environment.render), 7),
    Section("footer", alone(footer.render), 0),
)


def render(record: Record, *, limit: int | None = None, around: Around = NOTHING) -> str:
    """The report; at most `limit` characters when given, cut between sections and never inside one."""
    parts = [(section, text) for section in SECTIONS if (text := section.render(record, around))]
    left_out: list[str] = []
    while True:
        body = _join(parts, left_out)
        if limit is None or len(body) <= limit:
            return body
        worst = max((section.rank for section, _ in parts), default=0)
        if worst == 0:
            return body[:limit]
        left_out = [*left_out, *(section.name for section, _ in parts if section.rank == worst)]
        parts = [part for part in parts if part[0].rank != worst]


def _join(parts: list[tuple[Section, str]], left_out: list[str]) -> str:
    texts = [text for _, text in parts]
    if left_out:
        texts.insert(len(texts) - 1, LEFT_OUT.format(names=", ".join(left_out)))
    return "\n\n".join(texts) + "\n"
