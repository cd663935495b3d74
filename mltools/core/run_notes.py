"""Runs as Git's own notes: what `git log --notes=mltools` shows beside a commit."""

from collections.abc import Iterable

from mltools.core.history import Row
from mltools.core.markdown import clean

LONGEST = 200


def notes(rows: Iterable[Row]) -> dict[str, str]:
    """The note of each commit that has a run: a line for each, in the order given."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.commit, []).append(_line(row))
    return {commit: "".join(lines) for commit, lines in found.items()}


def _line(row: Row) -> str:
    where = "" if row.project == "." else f"{clean(row.project, limit=60)}: "
    changes = ", with uncommitted changes" if row.dirty else ""
    said = clean(row.summary or row.verdict, limit=LONGEST)
    return f"{where}{said} (run {row.id} by {clean(row.trigger, limit=40)}{changes})\n"
