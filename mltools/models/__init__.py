"""Released models: found by version or stage, brought here from wherever their bytes are, checked against their record."""

from mltools.models.finding import Place, Released, find, released
from mltools.models.getting import get, target_of, write_record
from mltools.models.verifying import Check, verify

__all__ = ["Check", "Place", "Released", "find", "get", "released", "target_of", "verify", "write_record"]
