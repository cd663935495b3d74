"""JSON files that are whole or not there, and what goes wrong with them."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

LARGEST = 16 << 20


class ServerError(Exception):
    """Something that the service cannot do, in words for whoever runs it."""


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file. Raises ServerError for what is none, FileNotFoundError where there is nothing."""
    try:
        with path.open("rb") as source:
            content = source.read(LARGEST + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ServerError(f"{path.name} cannot be read: {error.strerror or error}") from error
    if len(content) > LARGEST:
        raise ServerError(f"{path.name} has more than {LARGEST:,} bytes")
    try:
        tree = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ServerError(f"{path.name} is no JSON: {error}") from error
    if not isinstance(tree, dict):
        raise ServerError(f"{path.name} holds no object")
    return tree


def write_json(path: Path, tree: dict[str, Any]) -> None:
    """Write beside and rename. Raises OSError when that cannot be done; nothing is half-written then."""
    text = json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as sink:
            sink.write(text)
        Path(scratch).chmod(0o644)
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
