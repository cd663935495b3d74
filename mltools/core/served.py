"""What serves a released version is told about it, out of its release record: `version.json` of a models directory.

No pydantic here, as in the release record: the words of the contract are handed on as they are.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mltools.core.release_record import ReleaseRecord
from mltools.core.release_terms import Terms

SCHEMA = 1
FILE = "version.json"
VERSIONS = "versions"
SUFFIX = ".skops"

# Types beyond skops' own list that were looked at: data of scikit-learn's models, and nothing that runs what it is
# given. What else a model asks for, `serve.types` of mltools.yaml must name.
REVIEWED = (
    "sklearn._loss._loss.CyHalfMultinomialLoss",
    "sklearn._loss.link.IdentityLink",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn._loss.loss.HalfSquaredError",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)
_TYPE = re.compile(r"[A-Za-z_][\w.]{0,199}", re.ASCII)


def number(version: str) -> str:
    """The version as services name it: `1.2.0`, without the `v` of its tag."""
    return version.removeprefix("v")


def step(model: str) -> str:
    """The model's name as one step of a path."""
    return model.replace("/", "%2F").replace(":", "%3A")


def types_of(policy: Any) -> tuple[str, ...]:
    """The types that a model file may ask for: those of this list, and `serve.types` of a policy's tree.

    Raises ValueError for a list that holds anything but names.
    """
    section = policy.get("serve") if isinstance(policy, Mapping) else None
    named = section.get("types", ()) if isinstance(section, Mapping) else ()
    if not isinstance(named, list | tuple) or not all(
        isinstance(one, str) and _TYPE.fullmatch(one) for one in named
    ):
        raise ValueError("serve.types is no list of names of types, such as package.module.Name")
    return tuple(sorted({*REVIEWED, *named}))


def columns_of(record: ReleaseRecord, part: str) -> dict[str, Terms]:
    """The columns of a part of the contracts (`input`, `output`, `other`) by name; the first data set that has one counts."""
    found: dict[str, Terms] = {}
    for contract in record.contracts:
        columns: Iterable[Terms] = getattr(contract, part)
        for column in columns:
            name = column.get("name")
            if isinstance(name, str) and name:
                found.setdefault(name, {word: value for word, value in column.items() if word != "name"})
    return found


def missing_of(record: ReleaseRecord) -> list[str]:
    """The texts that mean "no value"."""
    for contract in record.contracts:
        texts = contract.rules.get("missing_values")
        if contract.input and isinstance(texts, list | tuple) and all(isinstance(one, str) for one in texts):
            return list(texts)
    return [""]


def version_tree(
    record: ReleaseRecord,
    *,
    types: Sequence[str],
    smoke: Sequence[Mapping[str, Any]] = (),
    expected: Sequence[Any] | None = None,
) -> dict[str, Any]:
    """`version.json`: which bytes, what they may ask for, what rows they take; rows to try, and what they should give."""
    given = columns_of(record, "input")
    tree: dict[str, Any] = {
        "schema": SCHEMA,
        "model": record.model,
        "version": number(record.version),
        "file": record.file.path.rpartition("/")[2],
        "sha256": record.file.sha256,
        "md5": record.file.md5,
        "commit": record.commit,
        "run": record.run,
        "types": list(types),
        "input": given,
        "output": columns_of(record, "output"),
        "other": columns_of(record, "other"),
        "missing_values": missing_of(record),
        "smoke": [dict(row) for row in smoke],
    }
    return tree if expected is None else {**tree, "expected": list(expected)}


def likely_row(columns: Mapping[str, Terms], known: Mapping[str, Any]) -> dict[str, Any] | None:
    """A row that the contract takes, to try a model with: `known` values where they fit, else the middle of what is allowed.

    None where no value can be made up, as for a text with a pattern that must be there.
    """
    row: dict[str, Any] = {}
    for name, terms in columns.items():
        value = known.get(name)
        if value is None:
            value = _middle(terms)
        if value is None and terms.get("required"):
            return None
        row[name] = value
    return row


def _middle(terms: Terms) -> Any:
    """A value that breaks none of a column's rules, None where none is told."""
    kind, allowed = terms.get("type"), terms.get("enum")
    if allowed:
        return allowed[0]
    low, high = terms.get("minimum"), terms.get("maximum")
    if kind in {"integer", "number"}:
        ends = [end for end in (low, high) if end is not None] or [0]
        middle = sum(ends) / len(ends)
        return middle if kind == "number" else math.floor(middle)
    if kind == "boolean":
        return False
    if kind == "date":
        return low or high or "2000-01-01"
    if kind == "datetime":
        return low or high or "2000-01-01T00:00:00Z"
    if kind in {"string", "category"} and terms.get("pattern") is None:
        return "x" * max(1, terms.get("min_length") or 1)
    return None
