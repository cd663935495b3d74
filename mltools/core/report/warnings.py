"""What a reviewer must know before trusting the table: at most three lines, the rest folded."""

from mltools.core.markdown import details, escape
from mltools.core.records import Record

SHOWN = 3


def render(record: Record) -> str | None:
    lines = [*_policy(record), *(escape(text, limit=500) for text in record.warnings)]
    if not lines:
        return None
    first = "\n".join(f"> **Note:** {line}\n>" for line in lines[:SHOWN]).removesuffix("\n>")
    rest = lines[SHOWN:]
    return first + (
        "\n\n" + details(f"{len(rest)} more notes", "\n".join(f"- {line}" for line in rest)) if rest else ""
    )


def _policy(record: Record) -> list[str]:
    if record.gates_changed and record.base is not None:
        return [
            (
                "This change edits gates in `mltools.yaml`. One that is edited or removed counted as the base, "
                f"{record.base.commit[:8]}, has it; the edits hold once they are merged."
            )
        ]
    return []
