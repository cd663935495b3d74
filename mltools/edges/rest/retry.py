"""Whether an answer that says no is worth asking again for, and how long to wait before."""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

FIRST_WAIT = 0.5
LIMIT_WAIT = 60.0  # what GitHub asks for when a limit comes without a time
REDIRECTS, FORBIDDEN, REQUEST_TIMEOUT, TOO_MANY, SERVER_ERRORS = 300, 403, 408, 429, 500


def backoff(attempt: int) -> float:
    """Seconds before the next try after the try number `attempt`, counted from 0."""
    return FIRST_WAIT * float(2**attempt)


def is_limit(status: int, headers: Mapping[str, str], message: str) -> bool:
    """Whether the forge says "not so fast": such a request was not carried out, whatever its method."""
    if status == TOO_MANY:
        return True
    if status != FORBIDDEN or "not accessible" in message:
        return False
    said = message.lower()
    return (
        "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
        or "secondary rate limit" in said
        or "abuse detection" in said
    )


def is_unclear(status: int) -> bool:
    """Whether it stays open if the request was carried out: no answer (0), a timeout, a failing server, nonsense."""
    return status < REDIRECTS or status == REQUEST_TIMEOUT or status >= SERVER_ERRORS


def pause(status: int, headers: Mapping[str, str], message: str, *, attempt: int, now: float) -> float | None:
    """Seconds to wait before asking again; None when the same question would get the same answer.

    `now` is in seconds since the epoch, as the reset time in the headers is.
    """
    if is_limit(status, headers, message):
        asked = _retry_after(headers, now)
        if asked is None and headers.get("x-ratelimit-remaining") == "0":
            asked = _until(headers.get("x-ratelimit-reset", ""), now)
        return max(1.0, asked) if asked is not None else LIMIT_WAIT * 2**attempt
    if is_unclear(status):
        asked = _retry_after(headers, now)
        return max(backoff(attempt), asked or 0.0)
    return None


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now


def _until(reset: str, now: float) -> float | None:
    text = reset.strip()
    return float(text[:12]) - now if text.isascii() and text.isdigit() else None
