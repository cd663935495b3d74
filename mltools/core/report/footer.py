"""Which commit, against what, which run: small print."""

import re

from mltools.core.markdown import escape
from mltools.core.records import Record
from mltools.core.report.facts import against

_ADDRESS = re.compile(r"https://[A-Za-z0-9._~:/?#\[\]@!$&'*+,;=%-]+")


def render(record: Record) -> str:
    commit = f"Commit {record.commit[:8]}" + (" with uncommitted changes" if record.dirty else "")
    if record.base is None:
        compared = "no base yet"
    else:
        base = record.base
        compared = f"compared with {escape(against(base))}"
        if base.merge_base is not None and base.merge_base != base.commit:
            compared += f", which has moved on since {base.merge_base[:8]}"
    link = f" - [run]({record.url})" if record.url and safe(record.url) else ""
    return f"<sub>{commit}, {compared} - run {record.id} - mltools {escape(record.environment.mltools)}{link}</sub>"


def safe(url: str) -> bool:
    """Whether an address may be linked: https, and nothing in it that ends the link."""
    return _ADDRESS.fullmatch(url) is not None
