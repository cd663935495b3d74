"""What gates found, whatever kind they are: their evidence as short words and as tables of groups."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mltools.core.metrics import number
from mltools.core.report.facts import shown

MOST_FACTS = 12
MOST_ROWS = 50
MOST_COLUMNS = 8
# Told elsewhere in the same line of the report.
_SAID = {"metric", "better", "kind"}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of plain text, `more` of which are not shown; `numeric` are the columns of numbers."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int]
    more: int = 0


def facts(evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The single values of the evidence, as words; groups and other nested things are left to `groups`."""
    count = 0
    for name, value in evidence.items():
        text = _text(value)
        if text is None or name in _SAID or count == MOST_FACTS:
            continue
        count += 1
        yield name.replace("_", " "), text


def groups(evidence: Mapping[str, Any]) -> Table | None:
    """The first list of groups in the evidence: a list of mappings, or a mapping from group to mapping or number."""
    for name, value in evidence.items():
        if isinstance(value, list | tuple) and value and all(isinstance(item, Mapping) for item in value):
            return _table(value)
        if isinstance(value, Mapping) and value:
            found = [
                {_singular(name): key, **(item if isinstance(item, Mapping) else {"value": item})}
                for key, item in value.items()
            ]
            return _table(found)
    return None


def _table(items: Sequence[Mapping[str, Any]]) -> Table:
    names: list[str] = []
    for item in items[:MOST_ROWS]:
        names.extend(str(name) for name in item if name not in names)
    names = names[:MOST_COLUMNS]
    kept = [[item.get(name) for name in names] for item in items[:MOST_ROWS]]
    numeric = frozenset(
        index
        for index in range(len(names))
        if all(row[index] is None or number(row[index]) is not None for row in kept)
    )
    return Table(
        header=tuple(name.replace("_", " ") for name in names),
        rows=tuple(tuple(_text(value) or "" for value in row) for row in kept),
        numeric=numeric,
        more=max(0, len(items) - MOST_ROWS),
    )


def _text(value: Any) -> str | None:
    """A value, or a short list of values, as people read it; None for anything else."""
    if value is None:
        return None
    if isinstance(value, bool | int | float | str):
        return shown(value)
    if isinstance(value, list | tuple) and 0 < len(value) <= 4:  # noqa: PLR2004 - an interval, a pair of counts
        words = [shown(item) for item in value if isinstance(item, bool | int | float | str)]
        return f"[{', '.join(words)}]" if len(words) == len(value) else None
    return None


def _singular(name: str) -> str:
    return name[:-1] if name.endswith("s") and len(name) > 1 else name
