"""The verbs of an API: asked again where that is safe, pages followed, waits within one deadline.

Asking again is a loop of ours and not urllib3's: a forge says "not now" in the text of a 403 too, all waiting must
end at one deadline, and a request that creates something must be looked for before it is sent again.
"""

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from mltools.edges.rest.addresses import next_page, origin, require_safe
from mltools.edges.rest.retry import backoff, is_limit, is_unclear, pause
from mltools.edges.rest.transport import Answer, Lost, Request, Transport
from mltools.errors import ProviderError

log = logging.getLogger(__name__)

TOTAL_SECONDS = 600.0  # less than the quarter of an hour that the jobs have which post and release
TRIES = 5
MAX_PAGES = 1_000
PAGE_SIZE = 100

GONE = frozenset({404, 410})
UNSEEN = GONE | {401, 403}
SUCCESSES = range(200, 300)
HINTS = {
    401: "the token is wrong or has expired",
    403: "the token may not do this; a workflow's job states what it may under `permissions:`",
    404: "it is not there, or the token may not see it",
}


@dataclass(slots=True)
class _Pace:
    last_write: float = float("-inf")


@dataclass(frozen=True, slots=True)
class Client:
    """One forge's API.

    `trusted` are further addresses that the token may go to, `seconds` bounds all calls together, `between_writes` is
    how many seconds lie between two calls that change something.
    """

    base: str
    token: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    trusted: tuple[str, ...] = ()
    seconds: float = TOTAL_SECONDS
    between_writes: float = 0.0
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    _until: float = field(default=0.0, init=False, repr=False)
    _transport: Transport = field(init=False, repr=False)
    _pace: _Pace = field(default_factory=_Pace, repr=False, compare=False)

    def __post_init__(self) -> None:
        """The deadline counts from here."""
        require_safe(self.base)
        transport = Transport(self.token, self.headers, (self.base, *self.trusted), self.clock)
        object.__setattr__(self, "_transport", transport)
        object.__setattr__(self, "_until", self.clock() + self.seconds)

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        return self._json(Request("GET", self._url(path, params), repeatable=True))

    def find(self, path: str, params: Mapping[str, str | int] | None = None) -> Any | None:
        """As `get`, but None for what is not there."""
        try:
            return self.get(path, params)
        except ProviderError as error:
            if error.status in GONE:
                return None
            raise

    def has(self, path: str) -> bool:
        """Whether something is there that may be read with this token, or without one."""
        try:
            self._ask(Request("HEAD", self._url(path, None), repeatable=True))
        except ProviderError as error:
            if error.status in UNSEEN:
                return False
            raise
        return True

    def pages(self, path: str, params: Mapping[str, str | int] | None = None) -> Iterator[Any]:
        """The items of all pages of a list, following the `Link` headers."""
        url: str | None = self._url(path, {"per_page": PAGE_SIZE, **(params or {})})
        for _ in range(MAX_PAGES):
            if url is None:
                return
            answer = self._ask(Request("GET", url, repeatable=True))
            items = answer.json()
            if not isinstance(items, list):
                raise ProviderError(
                    f"{answer.endpoint}: expected a list, got {type(items).__name__}", status=answer.status
                )
            yield from items
            url = next_page(answer.headers.get("link", ""))
            if url is not None and origin(url) != origin(self.base):
                raise ProviderError(f"{answer.endpoint}: the next page is said to be on another host")
        raise ProviderError(f"GET {path}: more than {MAX_PAGES} pages")

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._json(Request("PATCH", self._url(path), json=body, repeatable=True))

    def post(self, path: str, body: Mapping[str, Any], *, repeatable: bool = False) -> Any:
        """Sent again only if it certainly was not carried out, or is `repeatable`. What must not be made twice: `create`."""
        return self._json(Request("POST", self._url(path), json=body, repeatable=repeatable))

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """Sent again only if it certainly was not carried out."""
        return self._json(Request("PUT", self._url(path), json=body))

    def delete(self, path: str) -> None:
        """Gone already counts as deleted."""
        try:
            self._ask(Request("DELETE", self._url(path), repeatable=True))
        except ProviderError as error:
            if error.status not in GONE:
                raise

    def upload(self, url: str, path: Path, content_type: str, params: Mapping[str, str | int]) -> Any:
        """POST a file as it is, to the forge or a trusted sister of it."""
        target = self._url(url, params)
        if not self._transport.trusts(target):
            raise ProviderError(
                f"{origin(url)[1]}: files are not sent there, it is not a host of {self.base}"
            )
        return self._json(Request("POST", target, content=path, content_type=content_type))

    def download(self, path: str, target: Path, *, size: int) -> None:
        """GET a file as it is, of at most `size` bytes."""
        self._ask(Request("GET", self._url(path), repeatable=True, sink=target, most=size))

    def create(self, make: Callable[[], Any], find: Callable[[], Any | None], *, tries: int = 3) -> Any:
        """Make a thing once: after a lost answer `find` looks whether it was made before `make` is called again."""
        for attempt in range(tries):
            try:
                return make()
            except ProviderError as error:
                if not is_unclear(error.status):
                    raise
                self._wait(backoff(attempt), error)
                if (found := find()) is not None:
                    return found
                if attempt == tries - 1:
                    raise
        raise AssertionError("unreachable: the last try returns or raises")

    def _json(self, request: Request) -> Any:
        return self._ask(request).json()

    def _ask(self, request: Request) -> Answer:
        """The answer, its status 2xx. Raises ProviderError with status and endpoint."""
        if request.method != "GET":
            self._space_writes()
        for attempt in range(TRIES):
            try:
                answer = self._transport.send(request, self._until)
            except Lost as lost:
                error = ProviderError(f"{request.endpoint}: {self._transport.masked(str(lost))}")
                wait = backoff(attempt) if request.repeatable or not lost.sent else None
            else:
                if answer.status in SUCCESSES:
                    return answer
                error = self._error(answer)
                wait = self._pause(request, answer, attempt)
            if wait is None or attempt == TRIES - 1:
                raise error
            self._wait(wait, error)
        raise AssertionError("unreachable: the last try returns or raises")

    def _pause(self, request: Request, answer: Answer, attempt: int) -> float | None:
        said = answer.said()
        if not request.repeatable and not is_limit(answer.status, answer.headers, said):
            return None
        return pause(answer.status, answer.headers, said, attempt=attempt, now=self.now())

    def _error(self, answer: Answer) -> ProviderError:
        return ProviderError(
            f"{answer.endpoint}: {answer.status}: {self._transport.masked(answer.said())}",
            status=answer.status,
            hint=HINTS.get(answer.status),
        )

    def _wait(self, seconds: float, error: ProviderError) -> None:
        """Sleep, a little longer than asked so that many callers do not come back at once. Raises at the deadline."""
        wait = seconds * (1 + 0.25 * self.jitter())
        left = max(self._until - self.clock(), 0)
        if wait > left:
            raise ProviderError(
                f"{error.message}; the next try would be in {wait:.0f} s, {left:.0f} s are left",
                status=error.status,
                hint=error.hint,
            ) from error
        log.info("%s; asking again in %.1f s", error.message, wait)
        self.sleep(wait)

    def _space_writes(self) -> None:
        due = self._pace.last_write + self.between_writes - self.clock()
        if due > 0:
            self.sleep(due)
        self._pace.last_write = self.clock()

    def _url(self, path: str, params: Mapping[str, str | int] | None = None) -> str:
        url = path if "://" in path else f"{self.base.rstrip('/')}/{path.lstrip('/')}"
        require_safe(url)
        return f"{url}{'&' if '?' in url else '?'}{urlencode(params)}" if params else url
