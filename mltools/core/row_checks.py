"""The conditions between columns of a release's contracts, as trees that a service can follow without reading SQL."""

from collections.abc import Iterable, Mapping
from typing import Any

from mltools.core.contract import condition
from mltools.core.expressions import Node, used
from mltools.core.release_contracts import contract_of
from mltools.core.release_terms import DataContract


def checks_of(contracts: Iterable[DataContract]) -> list[dict[str, Any]]:
    """Each check that asks for nothing but what the model takes: one that needs the target cannot be made of a request.

    Raises ConfigError for a contract that was made up.
    """
    found = []
    for terms in contracts:
        contract = contract_of(terms)
        taken = {column.get("name") for column in terms.input}
        for check in contract.checks:
            tree = condition(contract, check)
            columns = used(tree)
            if set(columns) <= taken:
                found.append(
                    {
                        "name": check.name,
                        "severity": check.severity,
                        "columns": list(columns),
                        "tree": tree_of(tree),
                    }
                )
    return found


def tree_of(node: Node) -> Mapping[str, Any]:
    """A condition as JSON."""
    return {
        "op": node.op,
        "kind": node.kind,
        "text": node.text,
        "parts": [tree_of(part) for part in node.parts],
    }
