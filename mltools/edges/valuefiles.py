"""Metrics and params files (JSON, TOML, YAML) as flat values. A file that cannot be understood is named with its reason."""

import math
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from mltools.core.metrics import Scalar, flatten
from mltools.edges import documents
from mltools.errors import ConfigError, DataError

MOST = 20_000


def metrics_from(content: bytes, path: str, at: str = "") -> dict[str, Scalar]:
    """The metrics in the bytes of a file; `at` says for messages where the bytes come from, as " at main".

    Raises DataError for what is no document of values, and for NaN and Infinity, naming the metric.
    """
    tree = _document(content, path, at)
    if isinstance(tree, int | float | str):
        # DVC takes a file that is one number, too; the metric is called as the file is.
        tree = {PurePosixPath(path).stem: tree}
    values = _flat(tree, path, at)
    for key, value in values.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise DataError(
                f"{path}{at}: {key} is {_word(value)}, which no comparison can use",
                hint="the stage that writes it must write a number, or leave the key out",
            )
    return values


def params_from(content: bytes, path: str, at: str = "", *, keys: Sequence[str] = ()) -> dict[str, Scalar]:
    """The params in the bytes of a file; only those at or below `keys`, if there are any.

    Raises ConfigError where they cannot be understood: the user writes them.
    """
    try:
        values = _flat(_document(content, path, at), path, at)
    except DataError as error:
        raise ConfigError(error.message, hint=error.hint) from error
    return {
        key: _word(value) if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in values.items()
        if not keys or any(key == wanted or key.startswith(f"{wanted}.") for wanted in keys)
    }


def _document(content: bytes, path: str, at: str) -> Any:
    name = f"{path}{at}"
    try:
        match PurePosixPath(path).suffix.lower():
            case ".json":
                return documents.read_json(content, name, constants=True)
            case ".toml":
                return documents.read_toml(content, name)
            case _:
                return documents.read_yaml(content, name)
    except ConfigError as error:
        raise DataError(error.message, hint=error.hint) from error


def _flat(tree: Any, path: str, at: str) -> dict[str, Scalar]:
    if not isinstance(tree, dict | list | None):
        raise DataError(f"{path}{at}: expected keys and values, got {type(tree).__name__}")
    try:
        values = flatten(tree or {})
    except RecursionError as error:
        raise DataError(f"{path}{at}: nested too deeply") from error
    if len(values) > MOST:
        raise DataError(f"{path}{at}: {len(values):,} values; {MOST:,} are the most that are compared")
    return values


def _word(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
