"""Columns as they are read from a file, made plain: numbers or text, nothing missing, nothing infinite."""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from mltools.core.stats.values import Array, Floats, Ints, Undecided

NUMBER, TEXT, OTHER = "numbers", "text", "something else"
LONGEST = 200


def kind(values: Array) -> str:
    """What a clean column holds, as a word for a sentence."""
    if values.dtype.kind in "biuf":
        return NUMBER
    return TEXT if values.dtype.kind in "UT" else OTHER


def clean(values: Array | Sequence[Any], what: str) -> Array | Undecided:
    """The column as an array of numbers or of text. Masked, None and NaN count as missing, and missing is refused.

    `what` names the column in the reason, as in "target of base".
    """
    absent = int(np.count_nonzero(missing(values)))
    if absent:
        return Undecided(f"{what} is missing in {rows(absent)}")
    given = np.ma.getdata(values) if isinstance(values, np.ma.MaskedArray) else _array(values)
    found = _plain(given) if given.dtype.kind == "O" else given
    if isinstance(found, Undecided):
        return Undecided(f"{what} {found.reason}")
    if found.ndim != 1 or kind(found) == OTHER:
        return Undecided(f"{what} is neither a column of numbers nor of text")
    if found.dtype.kind == "f":
        infinite = int(np.count_nonzero(np.isinf(found)))
        if infinite:
            return Undecided(f"{what} is infinite in {rows(infinite)}")
    return found


def numbers(values: Array | Sequence[Any], what: str) -> Floats | Undecided:
    """The column as finite doubles."""
    found = clean(values, what)
    if isinstance(found, Undecided):
        return found
    if kind(found) != NUMBER:
        return Undecided(f"{what} holds {kind(found)}, not numbers")
    return found.astype(np.float64)


def coded(values: Array | Sequence[Any], what: str) -> Ints | Undecided:
    """Each value as its place among the different values in their order; for names that are never shown."""
    absent = int(np.count_nonzero(missing(values)))
    if absent:
        return Undecided(f"{what} is missing in {rows(absent)}")
    listed = values.tolist() if isinstance(values, np.ndarray) else list(values)
    try:
        places = {value: place for place, value in enumerate(sorted(set(listed)))}
    except TypeError:
        return Undecided(f"{what} mixes types")
    return np.fromiter((places[value] for value in listed), dtype=np.int64, count=len(listed))


def missing(values: Array | Sequence[Any]) -> Array:
    """Where nothing is given."""
    if isinstance(values, np.ma.MaskedArray):
        return np.ma.getmaskarray(values) | missing(values.filled(_filler(values.dtype)))
    found = _array(values)
    if found.dtype.kind == "f":
        return np.isnan(found)
    if found.dtype.kind == "O":
        return np.fromiter((_is_missing(value) for value in found), dtype=bool, count=len(found))
    return np.zeros(found.shape, dtype=bool)


def rows(count: int) -> str:
    """A number of rows in words."""
    return f"{count:,} row{'' if count == 1 else 's'}"


def _array(values: Array | Sequence[Any]) -> Array:
    """A list keeps its values' types: NumPy would turn [1, "a"] into text."""
    return values if isinstance(values, np.ndarray) else np.array(values, dtype=object)


def _plain(values: Array) -> Array | Undecided:
    """An array of objects as text or doubles where all its values are; else as it is."""
    kinds = set(map(type, values.tolist()))
    if kinds <= {str}:
        # An array of text is as wide as its longest value, in every row.
        if max(map(len, values), default=0) > LONGEST:
            return Undecided(f"holds text of more than {LONGEST} characters")
        return values.astype(str)
    if kinds <= {int, float, bool, Decimal}:
        try:
            return values.astype(np.float64)
        except OverflowError:
            return Undecided("holds a number too large to compute with")
    return values


def _is_missing(value: Any) -> bool:
    return (
        value is None or (isinstance(value, float) and math.isnan(value)) or type(value).__name__ == "NAType"
    )


def _filler(dtype: Any) -> Any:
    """Something to stand at masked places that is not itself missing."""
    return "" if dtype.kind in "OUT" else np.zeros((), dtype=dtype)[()]
