"""Sections of the project's own, from files."""

from mltools.core.markdown import details, escape
from mltools.core.own_markdown import own
from mltools.core.records import Record


def render(record: Record) -> str | None:
    parts = [details(escape(extra.title), own(extra.text)) for extra in record.extras if extra.text.strip()]
    return "\n\n".join(parts) or None
