"""Released models handed to a service, once or each time that the registry says otherwise."""

from mltools.serving.agent import Agent
from mltools.serving.handing import hand
from mltools.serving.starting import Started, started

__all__ = ["Agent", "Started", "hand", "started"]
