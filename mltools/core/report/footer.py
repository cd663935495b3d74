"""Which commit, against what, which run: small print."""

from mltools.core.markdown import escape
from mltools.core.records import Record

HOW = {
    "record": "its record in the journal",
    "commit": "the metrics committed there",
    "release": "the latest release's record",
}


def render(record: Record) -> str:
    commit = f"Commit {record.commit[:8]}" + (" with uncommitted changes" if record.dirty else "")
    if record.base is None:
        against = "no base yet"
    else:
        base = record.base
        against = f"compared with {escape(base.ref)} at {base.commit[:8]} ({HOW[base.how]})"
        if base.merge_base is not None and base.merge_base != base.commit:
            against += f", which has moved on since {base.merge_base[:8]}"
    link = f" - [run]({record.url})" if record.url and _safe(record.url) else ""
    return f"<sub>{commit}, {against} - run {record.id} - mltools {escape(record.environment.mltools)}{link}</sub>"


def _safe(url: str) -> bool:
    return url.startswith("https://") and all(
        char.isalnum() or char in "-._~:/?#[]@!$&'*+,;=%" for char in url
    )
