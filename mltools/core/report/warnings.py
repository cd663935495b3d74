"""What a reviewer must know before trusting the table: at most three lines, the rest folded."""

from mltools.core.markdown import details, escape
from mltools.core.records import Record
from mltools.core.report.notes import notes

SHOWN = 3


def render(record: Record) -> str | None:
    lines = [escape(text, limit=500) for text in notes(record)]
    if not lines:
        return None
    first = "\n".join(f"> **Note:** {line}\n>" for line in lines[:SHOWN]).removesuffix("\n>")
    rest = lines[SHOWN:]
    if not rest:
        return first
    title = f"{len(rest)} more note{'s' * (len(rest) != 1)}"
    return first + "\n\n" + details(title, "\n".join(f"- {line}" for line in rest))
