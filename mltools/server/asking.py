"""What a client asks for, read out of the bytes that came: strictly, so that nothing can be read in two ways."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from .contract import Fault

LONGEST_ID = 128


class Refused(Exception):  # noqa: N818 - it ends a request, and is no error of ours
    """The client's fault, in words for them."""

    def __init__(self, status: int, message: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Asked:
    """Rows with an id each, and what decides which arm answers them."""

    id: str
    rows: list[dict[str, Any]]
    ids: list[str]
    key: str


def parsed(body: bytes) -> Any:
    """The JSON of a body. Raises Refused for what is none, or could be read in two ways."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Refused(400, f"the body is no JSON: byte {error.start} is no UTF-8") from error
    if not text.strip():
        raise Refused(400, "the body is empty; it is to be JSON")
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_once)
    except RecursionError as error:
        raise Refused(400, "the body is nested too deeply") from error
    except ValueError as error:
        raise Refused(400, f"the body is no JSON: {str(error)[:200]}") from error


def asked_of(tree: Any, request_id: str, key: str | None, most_rows: int) -> Asked:
    """The rows of a `/predict` request. Raises Refused."""
    if isinstance(tree, list):
        tree = {"rows": tree}
    if not isinstance(tree, dict) or "rows" not in tree:
        raise Refused(400, 'the body is no object with "rows", a list of objects')
    for name in tree:
        if name not in {"rows", "ids", "key"}:
            raise Refused(400, f"unknown key {name[:100]!r}; there are: rows, ids, key")
    rows = tree["rows"]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Refused(400, "rows is no list of objects")
    check_count(len(rows), most_rows)
    key = key or tree.get("key")
    if key is not None and not (isinstance(key, str) and 0 < len(key) <= LONGEST_ID):
        raise Refused(400, f"key is no text of at most {LONGEST_ID} characters")
    ids = tree.get("ids")
    if ids is None:
        ids = ids_of(request_id, len(rows))
    elif (
        not isinstance(ids, list)
        or len(ids) != len(rows)
        or len(set(map(str, ids))) != len(ids)
        or not all(isinstance(one, str) and 0 < len(one) <= LONGEST_ID for one in ids)
    ):
        raise Refused(
            400, f"ids is no list of {len(rows)} different texts of at most {LONGEST_ID} characters"
        )
    return Asked(request_id, rows, ids, key or request_id)


def check_count(count: int, most: int) -> None:
    """Raises Refused for no rows, or more than there may be."""
    if count == 0:
        raise Refused(400, "there are no rows")
    if count > most:
        raise Refused(413, f"{count:,} rows are more than the {most:,} of one request")


def ids_of(request_id: str, count: int) -> list[str]:
    """The ids of a request's rows: its own where there is only one."""
    return [request_id] if count == 1 else [f"{request_id}-{at}" for at in range(count)]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")
