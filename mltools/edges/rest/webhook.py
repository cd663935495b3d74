"""A message to a webhook, whose address is a secret: it stands in no message, no log and no error."""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

from mltools import __version__
from mltools.edges.rest.addresses import is_loopback, require_safe
from mltools.errors import ProviderError

log = logging.getLogger(__name__)

SECONDS = (10.0, 30.0)
SUCCESSES = range(200, 300)


def send(address: str, message: Mapping[str, Any]) -> None:
    """Send a message as JSON, once. Raises ProviderError, which names the host alone."""
    try:
        require_safe(address)
        host = urlsplit(address).netloc
    except (ProviderError, ValueError):
        raise ProviderError(
            "the webhook's address is refused: it must begin with https://", hint="look at MLTOOLS_WEBHOOK"
        ) from None
    try:
        answer = requests.post(
            address,
            json=message,
            headers={"User-Agent": f"mltools/{__version__}"},
            timeout=SECONDS,
            auth=_as_it_is,
            allow_redirects=False,
            stream=True,
            proxies={"no_proxy": "*"} if is_loopback(address) else None,
        )
        answer.close()
    except requests.RequestException as error:
        # What requests says holds the address.
        raise ProviderError(f"the webhook at {host} cannot be reached: {type(error).__name__}") from None
    log.info("webhook at %s: %s", host, answer.status_code)
    if answer.status_code not in SUCCESSES:
        # Not what it says beside that: some say the address back.
        raise ProviderError(f"the webhook at {host} answered {answer.status_code}", status=answer.status_code)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """No credentials: with an auth object `requests` does not look into ~/.netrc."""
    return request
