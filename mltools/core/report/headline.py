"""The verdict, first and in one line."""

from mltools.core.markdown import escape
from mltools.core.records import Record
from mltools.core.report.facts import MARKS


def render(record: Record) -> str:
    name = "" if record.project == "." else f"{escape(record.project)}: "
    return f"### {MARKS[record.verdict]} {name}{escape(record.summary, limit=300)}"
