"""The gates there are. A new kind is a module here and a name in this union."""

from typing import Annotated

from pydantic import Field

from mltools.core.gates.base import Facts
from mltools.core.gates.cost import Cost
from mltools.core.gates.data import Data
from mltools.core.gates.fairness import Fairness
from mltools.core.gates.improvement import Improvement
from mltools.core.gates.regression import Regression
from mltools.core.gates.reproducible import Reproducible
from mltools.core.gates.significance import Significance
from mltools.core.gates.slice import Slice
from mltools.core.gates.threshold import Threshold

Gate = Annotated[
    Threshold | Regression | Improvement | Data | Cost | Reproducible | Significance | Slice | Fairness,
    Field(discriminator="kind"),
]

__all__ = [
    "Cost",
    "Data",
    "Facts",
    "Fairness",
    "Gate",
    "Improvement",
    "Regression",
    "Reproducible",
    "Significance",
    "Slice",
    "Threshold",
]
