"""Data sets against their contracts: open when a rule is broken, folded when all hold."""

from collections.abc import Sequence

from mltools.core.markdown import code, details, escape, table
from mltools.core.records import DataSet, Record
from mltools.core.report.facts import marked


def render(record: Record) -> str | None:
    if not record.data:
        return None
    if any(data.violations or data.error for data in record.data):
        return unfolded(record.data)
    return details(f"Data: {len(record.data)} of {len(record.data)} contracts hold", _overview(record.data))


def unfolded(data: Sequence[DataSet]) -> str:
    """The section with every data set and every broken rule in sight, as `mltools data validate` shows it too."""
    broken = [text for item in data if (text := _violations(item))]
    return "\n\n".join(["#### Data", _overview(data), *broken])


def _overview(data: Sequence[DataSet]) -> str:
    return table(
        ("Data", "Rows", "Contract", "Verdict"),
        (
            (code(item.path), _rows(item), code(item.contract) if item.contract else "", marked(item.outcome))
            for item in data
        ),
        right=(1,),
    )


def _rows(data: DataSet) -> str:
    return "" if data.rows is None else f"{data.rows:,}"


def _violations(data: DataSet) -> str | None:
    if data.error:
        return f"{code(data.path)}: {escape(data.error, limit=500)}"
    if not data.violations:
        return None
    return table(
        ("Where", "Column", "Rule", "Rows", "What", "Examples"),
        (
            (
                code(f"{data.contract}:{violation.line}")
                if violation.line
                else code(data.contract or data.path),
                code(violation.column) if violation.column else "",
                escape(violation.rule),
                f"{violation.count:,}",
                escape(violation.message, limit=400),
                ", ".join(code(example, limit=60) for example in violation.examples),
            )
            for violation in data.violations
        ),
        right=(3,),
    )
