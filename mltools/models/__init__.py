"""Released models: found by version or stage, put into stages, brought here from wherever their bytes are, checked."""

import importlib
from typing import TYPE_CHECKING, Any

from mltools.models.finding import Place, Released, find, released

if TYPE_CHECKING:
    from mltools.models.getting import get, target_of, write_record
    from mltools.models.verifying import verify

__all__ = ["Place", "Released", "find", "get", "released", "target_of", "verify", "write_record"]

# What touches bytes loads forges, stores and DVC's files, which finding and promoting a version have no use for.
_HEAVY = {
    "get": "getting",
    "target_of": "getting",
    "write_record": "getting",
    "verify": "verifying",
}


def __getattr__(name: str) -> Any:
    if name not in _HEAVY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HEAVY[name]}"), name)
