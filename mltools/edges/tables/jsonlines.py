"""JSON lines: an object in each line, its keys the columns, its values kept as the text of JSON.

A missing key and `null` are no values. A value keeps its JSON type: "5" in quotes is text and no number. NaN and 1e400,
which some writers emit, are values that no number can be.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from mltools.core.names import shown, title
from mltools.core.wording import JSON
from mltools.edges.tables import streams, text
from mltools.edges.tables.cells import literal
from mltools.edges.tables.engine import Engine, RowTooLongError, UnreadableError
from mltools.edges.tables.parts import Parts
from mltools.errors import DataError

# Columns come in the order in which their keys are first seen within so much of the first file, then by name.
WINDOW = 1 << 20
# DuckDB's reader keeps several buffers of this size: the large one only for a file that needs it.
LONGEST = (None, streams.LONGEST)
# As many as a contract may have. Keys that are data (people, days) are no columns.
MOST_KEYS = 20_000
KINDS = {list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
BOM = "\ufeff"


def read_head(engine: Engine, files: Parts) -> tuple[dict[str, str], int | None]:
    """The keys of all objects, and the buffer that the longest line needs.

    Every line is read, because a key may come as late as it likes. Raises DataError for a line that is no object, or
    that holds a key twice.
    """
    first = files.files[0]
    content = streams.head(first, files.what, WINDOW)
    text.refuse_signature(content, first, files.what)
    (wrong, found), longest = _keys(engine, files)
    if wrong:
        raise fault(engine, files) or DataError(f"{first.name}: holds lines that are no objects")
    if not found:
        raise DataError(f"{first.name}: holds no object with a key, so it has no columns")
    if len(found) > MOST_KEYS:
        raise DataError(
            f"{first.name}: its objects have more than {MOST_KEYS:,} different keys",
            hint="a key is the name of a column; what differs from row to row is a value",
        )
    return dict.fromkeys([*_first_seen(content), *sorted(found)], JSON), longest


def scan(files: Parts, names: Sequence[str], missing: Sequence[str], longest: int | None) -> str:
    """The files as a relation of c0, c1, ..., values as JSON text, missing values as NULL."""
    gaps = [form for gap in missing for form in (gap, json.dumps(gap, ensure_ascii=False))]
    listed = ", ".join(literal(form) for form in ("null", *gaps))
    cells = ", ".join(
        f"CASE WHEN j{index} NOT IN ({listed}) THEN j{index} END AS c{index}" for index in range(len(names))
    )
    return f"SELECT {cells}, p FROM ({_cells(files, names, longest)})"


def fault(engine: Engine, files: Parts) -> DataError | None:
    """The first line that is no JSON object, looked for only when DuckDB, which counts otherwise, found one."""
    for part in files.files:
        with streams.opened(part, files.what) as stream:
            for number, line in enumerate(stream, start=1):
                reason = _reason(engine, line, first=number == 1)
                if reason:
                    return DataError(
                        f"{part.name}:{number}: {reason}", hint="JSON lines are one whole object in each line"
                    )
    return None


def _reason(engine: Engine, line: bytes, *, first: bool) -> str | None:
    """Why a line is no object, None when it is one or is blank."""
    try:
        content = line.decode().strip()
    except UnicodeDecodeError:
        return "not UTF-8 text"
    if first and content.startswith(BOM):
        return "begins with a byte order mark, which JSON does not allow"
    try:
        tree = (
            json.loads(content, object_pairs_hook=_Object, parse_int=len, parse_float=len)
            if content
            else None
        )
    except RecursionError:
        return None
    except ValueError as error:
        # Python is the stricter one, about a comma after the last value.
        return None if _accepted(engine, content) else f"no JSON: {shown(getattr(error, 'msg', str(error)))}"
    if not content:
        return None
    if not isinstance(tree, _Object):
        return f"is {KINDS.get(type(tree), 'a number')}, no object"
    if twice := next((key for key, count in Counter(tree.keys).items() if count > 1), None):
        return f"the key {title(twice)} stands twice"
    # DuckDB is the stricter one about halves of characters.
    return (
        None if "\\u" not in content or _accepted(engine, content) else "no JSON: half a character (\\u...)"
    )


def _accepted(engine: Engine, content: str) -> bool:
    return bool(engine.row(f"SELECT json_valid({literal(content)})")[0])


class _Object:
    """The keys of an object as they stand in the line."""

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        self.keys = [key for key, _ in pairs]


def _keys(engine: Engine, files: Parts) -> tuple[tuple[int, list[str] | None], int | None]:
    """How many kinds of lines are wrong, and all keys."""
    for longest in LONGEST:
        lines = f"read_json_objects({files.listing}, {_options(files, longest)})"
        try:
            return engine.row(
                "WITH sets AS MATERIALIZED (SELECT json_keys(json) AS keys, json_type(json) AS kind "
                f"FROM {lines} GROUP BY ALL) SELECT "
                "(SELECT count_if(kind <> 'OBJECT' OR len(keys) <> len(list_distinct(keys))) FROM sets), "
                f"(SELECT list(key) FROM (SELECT DISTINCT unnest(keys) AS key FROM sets LIMIT {MOST_KEYS + 1}))"
            ), longest
        except RowTooLongError as error:
            too_long = error
        except UnreadableError as error:
            raise fault(engine, files) or error from error
    raise too_long


def _first_seen(content: bytes) -> Iterator[str]:
    for line in content.splitlines():
        try:
            tree = json.loads(line, object_pairs_hook=_Object)
        except (ValueError, RecursionError):  # the last line may be cut off
            continue
        yield from tree.keys if isinstance(tree, _Object) else ()


def _cells(files: Parts, names: Sequence[str], longest: int | None) -> str:
    """The values as j0, j1, ... by the reader, or out of each object where the reader's columns will not do."""
    # Those know no case, and neither an empty name nor a NUL in one.
    plain = len({name.lower() for name in names}) == len(names) and not any(
        name == "" or "\0" in name for name in names
    )
    options = _options(files, longest)
    if plain:
        columns = ", ".join(f"{literal(name)}: 'JSON'" for name in names)
        cells = ", ".join(f"CAST(x{index} AS VARCHAR) AS j{index}" for index in range(len(names)))
        aliases = ", ".join(f"x{index}" for index in range(len(names)))
        table = (
            f"read_json({files.listing}, {options}, records = true, columns = {{{columns}}}) AS t({aliases})"
        )
        return f"SELECT {cells}, file_index AS p FROM {table}"
    pointers = ", ".join(literal("/" + name.replace("~", "~0").replace("/", "~1")) for name in names)
    cells = ", ".join(f"CAST(x[{index + 1}] AS VARCHAR) AS j{index}" for index in range(len(names)))
    table = f"read_json_objects({files.listing}, {options})"
    return (
        f"SELECT {cells}, p FROM (SELECT json_extract(json, [{pointers}]) AS x, file_index AS p FROM {table})"
    )


def _options(files: Parts, longest: int | None) -> str:
    options = [
        "format = 'newline_delimited'",
        f"compression = '{'gzip' if files.what.gzipped else 'uncompressed'}'",
        "hive_partitioning = false",
        *([] if longest is None else [f"maximum_object_size = {longest}"]),
    ]
    return ", ".join(options)
