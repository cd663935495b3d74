"""A check as one job hands it to another that may write: read back from the JSON that `--json` prints, trusting nothing."""

from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from mltools.core.monitor.findings import SCHEMA, Assessment
from mltools.errors import DataError

HINT = "`mltools monitor check ... --json --output FILE` writes one, and the same mltools reads it"


def parse_assessment(tree: Any, name: str) -> Assessment:
    """The check in a JSON tree. Raises DataError naming the first field that is wrong."""
    if not isinstance(tree, dict) or tree.get("schema") != SCHEMA:
        raise DataError(f'{name}: holds no check with "schema": {SCHEMA}', hint=HINT)
    try:
        return _adapter().validate_python(tree)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise DataError(f"{name}: not a check: {where}: {first['msg']}", hint=HINT) from error


@cache
def _adapter() -> TypeAdapter[Assessment]:
    return TypeAdapter(Assessment)
