"""Small tables in memory, by pandas: the predictions of a model. Loaded only where a gate asks for them."""

import io
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Any

import pandas as pd

from mltools.core.names import nearest, shown
from mltools.errors import DataError

# From pandas 3.1 on a number is always read as the double that was written, and asking for it is deprecated.
EXACTLY: dict[str, Any] = (
    {} if tuple(map(int, pd.__version__.split(".")[:2])) >= (3, 1) else {"float_precision": "round_trip"}
)
# pandas would take a class that is called None or NA for a gap.
AS_WRITTEN: dict[str, Any] = EXACTLY | {"keep_default_na": False, "na_values": ["", "nan", "NaN"]}
READERS: dict[str, Callable[[io.BytesIO], pd.DataFrame]] = {
    ".csv": lambda stream: pd.read_csv(stream, **AS_WRITTEN),
    ".tsv": lambda stream: pd.read_csv(stream, sep="\t", **AS_WRITTEN),
    ".jsonl": lambda stream: pd.read_json(stream, lines=True, precise_float=True),
    ".parquet": pd.read_parquet,
}


def read(content: bytes, name: str) -> pd.DataFrame:
    """The table in a file's bytes, by the ending of its name. Raises DataError when there is none."""
    reader = READERS.get(PurePath(name.partition(" at ")[0]).suffix.lower())
    if reader is None:
        raise DataError(f"{name}: predictions are read from {', '.join(READERS)}")
    try:
        return reader(io.BytesIO(content))
    except ImportError as error:
        raise DataError(
            f"{name}: pandas reads Parquet with pyarrow", hint="pip install pyarrow, or write CSV"
        ) from error
    except (ValueError, OSError, OverflowError) as error:  # pandas' parser errors are ValueErrors
        raise DataError(f"{name}: cannot be read: {shown(str(error), 200)}") from error


def columns(table: pd.DataFrame, wanted: Sequence[str | None], name: str) -> list[Any]:
    """These columns as arrays, None where none is asked for. Raises DataError naming a column that is not there."""
    there = [str(column) for column in table.columns]
    missing = [column for column in wanted if column is not None and column not in there]
    if missing:
        close = nearest(missing[0], there)
        hint = f"did you mean {close!r}?" if close else f"it has {', '.join(map(shown, there[:8]))}"
        raise DataError(f"{name}: has no column {shown(missing[0])!r}; {hint}")
    return [None if column is None else table[column].to_numpy() for column in wanted]
