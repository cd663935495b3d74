"""The journal as a person reads it: a row per run, gated metrics as columns."""

from collections.abc import Sequence
from typing import Any

from mltools.core.markdown import clean
from mltools.core.metrics import lookup
from mltools.core.records import Record
from mltools.core.report.facts import shown
from mltools.core.report.text import COLOURS, Paint, columns, plain

SHORT = 8
METRICS = 6


def lines(records: Sequence[Record], paint: Paint = plain) -> list[str]:
    """A header and a line per record."""
    metrics = gated(records)[:METRICS]
    several = len({record.project for record in records}) > 1
    header = ["run", "time", "commit", "branch", *(["project"] if several else []), "verdict"]
    head = [*header, *(clean(name, limit=30) for name in metrics)]
    rows = [_row(record, metrics, several=several) for record in records]
    made = columns([head, *rows], right=range(len(head) - len(metrics), len(head)))
    # Painted after aligning, since colours take no room; by position, as a branch may be called "failed".
    at = made[0].index("verdict")
    painted = [
        line[:at] + line[at:].replace(word, paint(word, COLOURS[word]), 1)
        for line, word in zip(made[1:], (record.verdict.value for record in records), strict=True)
    ]
    return [made[0], *painted]


def _row(record: Record, metrics: Sequence[str], *, several: bool) -> list[str]:
    return [
        record.id,
        record.time.replace("T", " ").removesuffix("Z"),
        record.commit[:SHORT] + ("+" if record.dirty else ""),
        clean(record.branch or "-", limit=30),
        *([clean(record.project, limit=30)] if several else []),
        record.verdict.value,
        *(clean(shown(lookup(record.metrics, name)), limit=20) for name in metrics),
    ]


def gated(records: Sequence[Record]) -> list[str]:
    """The metrics that gates of these runs judge, in the order in which they come up."""
    names = (gate.evidence.get("metric") for record in records for gate in record.gates)
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))


def tree(records: Sequence[Record]) -> dict[str, Any]:
    """The list as JSON: what a run was of, how it ended, its metrics."""
    keys = (
        "id",
        "time",
        "commit",
        "branch",
        "project",
        "dirty",
        "trigger",
        "verdict",
        "summary",
        "metrics",
        "params",
    )
    return {
        "schema": 1,
        "runs": [{key: value[key] for key in keys} for value in (one.as_json() for one in records)],
    }
