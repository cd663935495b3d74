"""Params that differ from the base."""

from mltools.core.markdown import code, details, escape, table
from mltools.core.records import Record
from mltools.core.report.facts import changed_params, shown


def render(record: Record) -> str | None:
    changes = changed_params(record)
    if not changes:
        return None
    rows = ((code(name), escape(shown(before)), escape(shown(now))) for name, before, now in changes)
    body = table(("Param", "Base", "This change"), rows)
    return details(f"Params: {len(changes)} changed", body)
