"""The gates there are. A new kind is a module here and a name in this union."""

from typing import Annotated

from pydantic import Field

from mltools.core.gates.base import Facts
from mltools.core.gates.data import Data
from mltools.core.gates.regression import Regression
from mltools.core.gates.threshold import Threshold

Gate = Annotated[Threshold | Regression | Data, Field(discriminator="kind")]

__all__ = ["Data", "Facts", "Gate", "Regression", "Threshold"]
