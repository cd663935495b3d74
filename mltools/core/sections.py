"""The names of the report's sections, as mltools.yaml orders and drops them. The verdict and the footer always stand."""

from typing import Literal

SectionName = Literal[
    "metrics",
    "warnings",
    "data",
    "data-changes",
    "gates",
    "params",
    "slices",
    "fairness",
    "plots",
    "images",
    "stages",
    "history",
    "extra",
    "all-metrics",
    "environment",
]
