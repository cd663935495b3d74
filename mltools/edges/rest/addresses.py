"""Addresses of a forge's API: which are safe to speak to, which belong together, which page comes next."""

import ipaddress
import re
from urllib.parse import urlsplit

from mltools.core.markdown import clean
from mltools.errors import ProviderError

PORTS = {"https": 443, "http": 80}


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: what decides whether two addresses are the same server."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or PORTS.get(parts.scheme)


def is_loopback(url: str) -> bool:
    """Whether the address is on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def require_safe(url: str) -> None:
    """Refuse an address that would carry a token in the open, or carries one itself."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ProviderError(f"{clean(url)}: not an address: {error}") from error
    if parts.username is not None or parts.password is not None:
        raise ProviderError(f"{clean(parts.hostname)}: an address with a user or a token in it is refused")
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and is_loopback(url):
        return
    raise ProviderError(f"{clean(url)}: only https is spoken, except to this machine itself")


def next_page(link: str) -> str | None:
    """The address of the next page in a `Link` header."""
    for part in re.split(r",\s*(?=<)", link):
        found = re.fullmatch(r"\s*<([^>]+)>\s*;(.*)", part)
        if found and re.search(r"""\brel\s*=\s*"?(?:[^"]*\s)?next\b""", found[2]):
            return found[1]
    return None
