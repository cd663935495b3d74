"""HTTP to a forge, the only place that knows `requests`: JSON in and out, within a deadline."""

from mltools.edges.rest.addresses import is_loopback
from mltools.edges.rest.client import Client

__all__ = ["Client", "is_loopback"]
