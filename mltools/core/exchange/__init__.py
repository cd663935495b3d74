"""Contracts in the words of other tools, and back: pure, from tree to tree.

What the other side cannot say comes with the result as losses. A new tool is a module here and a line below.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from mltools.core.contract import Contract
from mltools.core.exchange import frictionless, frictionless_import, jsonschema, pandera, pandera_import
from mltools.core.exchange.values import Exported, Imported
from mltools.core.strict import LineOf

Target = Literal["pandera", "frictionless", "jsonschema"]
Source = Literal["pandera", "frictionless"]

EXPORTS: Mapping[Target, Callable[[Contract], Exported]] = {
    "pandera": pandera.export,
    "frictionless": frictionless.export,
    "jsonschema": jsonschema.export,
}
IMPORTS: Mapping[Source, Callable[[Any, str, LineOf], Imported]] = {
    "pandera": pandera_import.read,
    "frictionless": frictionless_import.read,
}
