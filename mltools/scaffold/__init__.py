"""`mltools init`: a new project from a template, or mltools added to a pipeline that is there.

`plan` looks and decides, and returns values; `apply` writes.
"""

from pathlib import Path

from mltools.scaffold import adopted, fresh
from mltools.scaffold.apply import apply
from mltools.scaffold.plan import Action, Plan, Step
from mltools.scaffold.surroundings import Surroundings, Wish, checked_name, enclosing, look

__all__ = [
    "Action",
    "Plan",
    "Step",
    "Surroundings",
    "Wish",
    "apply",
    "checked_name",
    "enclosing",
    "look",
    "plan",
]


def plan(directory: Path, wish: Wish) -> Plan:
    """What making a project at `directory` would do. Raises UsageError where none can be made."""
    place = look(directory, wish)
    return adopted.plan(place, wish) if place.has_pipeline else fresh.plan(place, wish)
