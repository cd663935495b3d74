"""What a released model takes and answers, as its release record keeps it and tells it. No pydantic, as there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mltools.core.markdown import clean

NAMED = 8

# A column in the words of the data contract, and its name.
Terms = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DataContract:
    """What rows of a data set must be: `input` columns are what the model takes, `output` what it answers.

    `other` columns (identifiers, weights) are neither; `rules` are those of the whole contract; of `more` columns there
    was no room to tell.
    """

    data: str
    input: tuple[Terms, ...] = ()
    output: tuple[Terms, ...] = ()
    other: tuple[Terms, ...] = ()
    rules: Terms = field(default_factory=dict)
    more: int = 0


def written(contracts: Sequence[Mapping[str, Any]]) -> str:
    """The contracts as JSON, with a line for each column; two blanks deep."""
    if not contracts:
        return '"contracts": []'
    return '"contracts": [\n' + ",\n".join(map(_contract, contracts)) + "\n  ]"


def sentences(contracts: Sequence[DataContract]) -> list[str]:
    """What the model takes and answers, a line each."""
    lines = []
    for word, columns in (
        ("Takes", [column for one in contracts for column in one.input]),
        ("Answers", [column for one in contracts for column in one.output]),
    ):
        if columns:
            named = ", ".join(
                f"{clean(column.get('name'), limit=40)} ({clean(column.get('type'), limit=20)})"
                for column in columns[:NAMED]
            )
            more = f" and {len(columns) - NAMED:,} more" if len(columns) > NAMED else ""
            lines.append(f"{word} {named}{more}.")
    return lines


def _contract(contract: Mapping[str, Any]) -> str:
    parts = []
    for key, value in contract.items():
        if isinstance(value, tuple) and value:
            columns = ",\n".join(f"        {_dumped(column)}" for column in value)
            parts.append(f'      "{key}": [\n{columns}\n      ]')
        else:
            parts.append(f'      "{key}": {_dumped(value)}')
    return "    {\n" + ",\n".join(parts) + "\n    }"


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
