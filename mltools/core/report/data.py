"""Data sets against their contracts: open when a rule is broken, folded when all hold."""

from mltools.core.markdown import code, details, escape, table
from mltools.core.records import DataSet, Record
from mltools.core.report.facts import marked


def render(record: Record) -> str | None:
    if not record.data:
        return None
    overview = table(
        ("Data", "Rows", "Contract", "Verdict"),
        (
            (code(data.path), _rows(data), code(data.contract) if data.contract else "", marked(data.outcome))
            for data in record.data
        ),
        right=(1,),
    )
    broken = [text for data in record.data if (text := _violations(data))]
    if broken:
        return "\n\n".join(["#### Data", overview, *broken])
    return details(f"Data: {len(record.data)} of {len(record.data)} contracts hold", overview)


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
