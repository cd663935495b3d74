"""What a released model takes and answers, out of the data contracts, in the few words that decide about it."""

import json
from collections.abc import Iterator, Mapping

from mltools.core.contract import Column, Contract, parse_contract
from mltools.core.contract_changes import Change, compare_contracts
from mltools.core.release_terms import DataContract, Terms

# What the contracts of one release may take up in a tag, in characters of JSON, and one column of it.
MOST = 200_000
MOST_OF_A_COLUMN = 4_000
_WORDLESS = {"description"}
_OF_THE_WHOLE = {"schema", "columns", "description", "rows", "freshness"}
_NOT_ASKED = {"id", "weight"}


def terms_of(contracts: Mapping[str, Contract]) -> tuple[DataContract, ...]:
    """The contracts by the paths of their data sets, as a release record keeps them; what does not fit is counted."""
    room = MOST
    found = []
    for path, contract in contracts.items():
        tree = contract.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        parts: dict[str, list[Terms]] = {"input": [], "output": [], "other": []}
        more = 0
        for name, column in contract.columns.items():
            terms = _terms(name, column)
            size = len(json.dumps(terms, ensure_ascii=False))
            if size > min(room, MOST_OF_A_COLUMN):
                more += 1
                continue
            room -= size
            parts[_part(column)].append(terms)
        rules = {word: value for word, value in tree.items() if word not in _OF_THE_WHOLE}
        fits = not more and len(json.dumps(rules)) <= MOST_OF_A_COLUMN
        found.append(
            DataContract(
                path,
                **{key: tuple(value) for key, value in parts.items()},
                rules=rules if fits else {},
                more=more,
            )
        )
    return tuple(found)


def contract_of(terms: DataContract) -> Contract:
    """The contract again, as far as the record keeps it. Raises ConfigError for a record that was made up."""
    columns = {
        name if isinstance(name := column.get("name"), str) else None: {
            word: value for word, value in column.items() if word != "name"
        }
        for column in (*terms.input, *terms.output, *terms.other)
    }
    tree = {"schema": 1, **terms.rules, "columns": columns}
    return parse_contract(tree, f"the contract of {terms.data}")


def changes_of(old: Contract, new: Contract | None, others: Mapping[str, Column]) -> Iterator[Change]:
    """What changed in a data set's contract; of one that is gone, in its columns as other data sets have them."""
    if new is None:
        kept = {name: others[name] for name in old.columns if name in others}
        new = old.model_copy(update={"columns": kept, "checks": (), "primary_key": ()})
        old = old.model_copy(update={"checks": (), "primary_key": ()})
    yield from compare_contracts(old, new)


def _terms(name: str, column: Column) -> Terms:
    words = column.model_dump(mode="json", exclude_defaults=True, exclude=_WORDLESS)
    return {"name": name, **words}


def _part(column: Column) -> str:
    if column.role == "target":
        return "output"
    return "other" if column.role in _NOT_ASKED else "input"
