"""The rows of a plot's file: CSV, TSV, JSON, YAML. What cannot be read is said, and never stops a run."""

import csv
import io
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from mltools.core.plotting import Rows
from mltools.edges import documents
from mltools.errors import ConfigError, DataError

SUFFIXES = (".csv", ".tsv", ".json", ".yaml", ".yml")
MOST_BYTES = 5 << 20
MOST_DEPTH = 4


def rows_from(content: bytes, path: str) -> Rows:
    """The rows in the bytes of a file. Raises DataError with the reason when there are none to be had."""
    suffix = PurePosixPath(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise DataError(f"{suffix or 'a file without a suffix'} is no format of plots that is drawn here")
    if len(content) > MOST_BYTES:
        raise DataError(f"it has {len(content):,} bytes; {MOST_BYTES:,} are the most that are drawn")
    if suffix in {".csv", ".tsv"}:
        return _delimited(content, "\t" if suffix == ".tsv" else ",")
    try:
        # NaN and Infinity are numbers that are not drawn; thresholds of a ROC curve begin with one.
        tree = (
            documents.read_json(content, path, constants=True)
            if suffix == ".json"
            else documents.read_yaml(content, path)
        )
    except ConfigError as error:
        raise DataError(error.message.removeprefix(path).lstrip(":")) from error
    return _first(tree, MOST_DEPTH) or ()


def _delimited(content: bytes, delimiter: str) -> Rows:
    try:
        text = content.decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"it cannot be read: {error}") from error


def _first(tree: Any, depth: int) -> list[Mapping[str, Any]] | None:
    """The first list of rows in a document, as DVC looks for it."""
    if isinstance(tree, list):
        rows: list[Mapping[str, Any]] = [row for row in tree if isinstance(row, Mapping)]
        return rows if rows and len(rows) == len(tree) else None
    if isinstance(tree, Mapping) and depth:
        inside = (_first(value, depth - 1) for value in tree.values())
        return next((found for found in inside if found), None)
    return None
