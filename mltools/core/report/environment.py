"""Where the run took place, and the one command that makes it again."""

import shlex

from mltools.core.markdown import clean, code, details, fence, table
from mltools.core.records import Record


def render(record: Record) -> str:
    body = table(("Environment", ""), ((name, code(value)) for name, value in facts(record)))
    return details("Reproduce this", f"{fence(command(record), 'sh')}\n\n{body}")


def facts(record: Record) -> tuple[tuple[str, str], ...]:
    """What the run was made with, as far as it is known."""
    environment = record.environment
    known = (
        ("Python", environment.python),
        ("mltools", environment.mltools),
        ("DVC", environment.dvc),
        ("Platform", environment.platform),
        ("Runner", environment.runner),
    )
    return tuple((name, value) for name, value in known if value)


def command(record: Record) -> str:
    """One line that gives the same verdict and report in a clone of the repository."""
    base = f" --base {record.base.commit}" if record.base else ""
    place = "" if record.project == "." else f" -C {shlex.quote(clean(record.project, limit=500))}"
    return f"git checkout {record.commit} && mltools{place} run{base}"
