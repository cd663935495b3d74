"""Runs as a table for a spreadsheet, and as JSON lines."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mltools.core.history import Row
from mltools.core.metrics import Scalar
from mltools.core.records import Record

HEAD = ("id", "time", "commit", "branch", "project", "model", "dirty", "trigger", "verdict", "summary")
# A spreadsheet runs a cell that begins so as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(rows: Sequence[Row]) -> Iterator[str]:
    """A header, and a line for each run: what it was, then `metrics.NAME` and `params.NAME` of all that any run has.

    Text that a spreadsheet would run as a formula gets an apostrophe before it. What a run lacks is an empty cell.
    """
    metrics = list(dict.fromkeys(name for row in rows for name in row.metrics))
    params = list(dict.fromkeys(name for row in rows for name in row.params))
    names = [*(f"metrics.{name}" for name in metrics), *(f"params.{name}" for name in params)]
    yield _line([*HEAD, *map(_cell, names)])
    for row in rows:
        values = [row.metrics.get(name) for name in metrics] + [row.params.get(name) for name in params]
        yield _line([*(_cell(getattr(row, name)) for name in HEAD), *map(_cell, values)])


def json_line(record: Record) -> str:
    """The whole record on one line."""
    return json.dumps(record.as_json(), ensure_ascii=False, allow_nan=False) + "\n"


def _cell(value: Scalar) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def _line(cells: Iterable[Any]) -> str:
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\n").writerow(cells)
    return sink.getvalue()
