"""Where the run took place, and the one command that makes it again."""

from mltools.core.markdown import code, details, fence, table
from mltools.core.records import Record


def render(record: Record) -> str:
    environment = record.environment
    facts = (
        ("Python", environment.python),
        ("mltools", environment.mltools),
        ("DVC", environment.dvc),
        ("Platform", environment.platform),
        ("Runner", environment.runner),
    )
    body = table(("Environment", ""), ((name, code(value)) for name, value in facts if value))
    return details("Reproduce this", f"{fence(command(record), 'sh')}\n\n{body}")


def command(record: Record) -> str:
    """One line that gives the same verdict and report in a clone of the repository."""
    base = f" --base {record.base.commit}" if record.base else ""
    place = "" if record.project == "." else f" -C '{record.project.replace(chr(39), '')}'"
    return f"git checkout {record.commit} && mltools{place} run{base}"
