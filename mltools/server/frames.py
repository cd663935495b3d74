"""Rows of a request as the table that a model takes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .contract import Contract

_NUMERIC = frozenset({"integer", "number"})


def frame_of(rows: Sequence[Mapping[str, Any]], features: Sequence[str], contract: Contract) -> pd.DataFrame:
    """The features of the rows in the model's order, typed as reading them from a file would have."""
    kinds = [contract.columns[name].type for name in features]
    if all(kind in _NUMERIC for kind in kinds):
        table = np.array([[row[name] for name in features] for row in rows], dtype=float)
        return pd.DataFrame(table.reshape(len(rows), len(features)), columns=list(features), copy=False)
    columns = {
        name: _column([row[name] for row in rows], kind) for name, kind in zip(features, kinds, strict=True)
    }
    return pd.DataFrame(columns)


def _column(values: list[Any], kind: str | None) -> Any:
    if kind in _NUMERIC or (
        kind is None and all(type(value) in {int, float, type(None)} for value in values)
    ):
        return np.array(values, dtype=float)
    if kind == "boolean" and None not in values:
        return np.array(values, dtype=bool)
    # None and not NaN would be another category to some encoders.
    found = np.empty(len(values), dtype=object)
    found[:] = [np.nan if value is None else value for value in values]
    return found
