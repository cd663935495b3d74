"""A contract as the text of its file: a line for each column where it fits, and behind it what was seen of the data."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mltools.core.contract_merge import rules
from mltools.core.inference import Inferred
from mltools.edges.yamltext import comment, flow, scalar

WIDTH = 118


def contract_text(inferred: Inferred, head: Sequence[str]) -> str:
    """The whole file, with the lines of `head` as a comment at its top."""
    contract = inferred.contract
    lines = [f"# {comment(line)}" for line in head]
    lines += ["schema: 1", f"rows: {flow(contract.rows.model_dump(exclude_none=True))}"]
    if contract.missing_values != ("",):
        lines.append(f"missing_values: {flow(contract.missing_values)}")
    lines.append("columns:")
    for name, column in contract.columns.items():
        lines += textwrap.indent(entry(name, rules(column), inferred.evidence.get(name)), "  ").split("\n")
    return "\n".join(lines) + "\n"


def tree_text(tree: Mapping[str, Any], head: Sequence[str]) -> str:
    """The file of a contract that is a tree: the table's words, the columns, the checks, under the lines of `head`."""
    lines = [f"# {comment(line)}" for line in head]
    lines += [f"{key}: {flow(value)}" for key, value in tree.items() if key not in {"columns", "checks"}]
    lines.append("columns:")
    for name, column in tree["columns"].items():
        lines += textwrap.indent(entry(name, column), "  ").split("\n")
    if tree.get("checks"):
        lines.append("checks:")
        lines += [f"  - {flow(check)}" for check in tree["checks"]]
    return "\n".join(lines) + "\n"


def entry(name: str, column: Mapping[str, Any], remark: str | None = None) -> str:
    """A column as it stands below `columns:`, at the left margin: on one line, or on a line for each rule."""
    behind = f"  # {comment(remark)}" if remark else ""
    line = f"{scalar(name)}: {flow(column)}"
    if len(line) <= WIDTH:
        return line + behind
    return "\n".join([f"{scalar(name)}:{behind}", *_block(column)])


def _block(column: Mapping[str, Any]) -> Iterator[str]:
    for rule, value in column.items():
        line = f"  {rule}: {flow(value)}"
        if len(line) <= WIDTH or not isinstance(value, list):
            yield line
            continue
        yield f"  {rule}: ["
        yield from _listed(value)
        yield "  ]"


def _listed(values: Sequence[Any]) -> Iterator[str]:
    line = "   "
    for value in values:
        item = f" {flow(value)},"
        if len(line) + len(item) > WIDTH and line.strip():
            yield line
            line = "   "
        line += item
    yield line
