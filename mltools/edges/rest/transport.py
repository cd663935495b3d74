"""One request and its answer: redirects followed by rule, the token kept to its host, sizes and times bounded."""

import contextlib
import logging
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any
from urllib.parse import urljoin

import requests
from requests.auth import AuthBase
from urllib3.exceptions import NewConnectionError

from mltools import __version__
from mltools.core.markdown import clean
from mltools.edges import documents
from mltools.edges.rest.addresses import is_loopback, origin, require_safe
from mltools.errors import ConfigError, DataError, ProviderError

log = logging.getLogger(__name__)

CONNECT_SECONDS, READ_SECONDS = 10.0, 30.0
MAX_ANSWER = documents.MAX_BYTES
MAX_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 307, 308})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names in lower case."""

    endpoint: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's value, None when there is none. Raises ProviderError when it is something else than JSON."""
        if not self.body:
            return None
        try:
            return documents.read_json(self.body, self.endpoint)
        except ConfigError as error:
            kind = self.headers.get("content-type", "nothing known").split(";")[0]
            raise ProviderError(
                f"{self.endpoint}: {self.status}: the answer cannot be read as JSON ({clean(kind)})",
                status=self.status,
                hint="is there a proxy or a sign-in page between this machine and the forge?",
            ) from error

    def said(self) -> str:
        """What an error answer says in words, on one line."""
        try:
            tree = self.json()
        except ProviderError:
            return "an answer that is no JSON" if self.body else "no explanation"
        if not isinstance(tree, dict):
            return "no explanation"
        errors = tree.get("errors")
        details = [_detail(item) for item in errors if item] if isinstance(errors, list) else []
        return clean("; ".join([str(tree.get("message") or "no explanation"), *details]), limit=300)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked; `repeatable` says that twice does no more than once.

    With a `sink` a good answer is a file of at most `most` bytes, and goes there.
    """

    method: str
    url: str
    json: Mapping[str, Any] | None = None
    content: Path | None = None
    content_type: str | None = None
    repeatable: bool = False
    sink: Path | None = None
    most: int = MAX_ANSWER

    @property
    def endpoint(self) -> str:
        return f"{self.method} {self.url.partition('?')[0]}"

    def at(self, url: str) -> "Request":
        return replace(self, url=url)


class Lost(Exception):  # noqa: N818 - not an error yet: the loop decides
    """No whole answer came; `sent` says whether the request may have arrived."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


class _Auth(AuthBase):
    """The token, or pointedly none: with an auth object `requests` does not look into ~/.netrc."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclass(frozen=True, slots=True)
class Transport:
    """Sends requests to one forge; `trusted` are all the addresses that its token may go to."""

    token: str | None = field(repr=False)
    headers: Mapping[str, str]
    trusted: tuple[str, ...]
    clock: Callable[[], float]
    _session: requests.Session = field(default_factory=requests.Session, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuses a token that is no header value: it would break the request or end up in an error message."""
        if self.token is not None and not (self.token.isascii() and self.token.isprintable() and self.token):
            raise ProviderError(
                "the token is empty or holds a line break or other characters that no token has",
                hint="store the secret again without a line break at its end",
            )

    def send(self, request: Request, until: float) -> Answer:
        """One try, over by `until` on the clock; Lost when no whole answer came.

        What is written goes to no other host than the one it was meant for.
        """
        meant_for = origin(request.url)
        for _ in range(MAX_REDIRECTS):
            answer = self._once(request, until)
            target = answer.headers.get("location")
            if answer.status not in REDIRECTS or target is None:
                return answer
            request = request.at(urljoin(request.url, target))
            require_safe(request.url)
            if request.method != "GET" and origin(request.url) != meant_for:
                raise ProviderError(
                    f"{answer.endpoint}: {answer.status}: sent on to another host", status=answer.status
                )
        raise ProviderError(f"{request.endpoint}: more than {MAX_REDIRECTS} redirects")

    def _once(self, request: Request, until: float) -> Answer:
        left = until - self.clock()
        if left <= 0:
            raise ProviderError(f"{request.endpoint}: the time for all calls together is over")
        headers = {"User-Agent": f"mltools/{__version__}", **self.headers}
        if request.content_type is not None:
            headers["Content-Type"] = request.content_type
        if request.sink is not None:
            headers["Accept"] = "application/octet-stream"
        started = self.clock()
        try:
            with (
                _opened(request.content) as data,
                self._session.request(
                    request.method,
                    request.url,
                    headers=headers,
                    json=request.json,
                    data=data,
                    auth=_Auth(self.token if self.trusts(request.url) else None),
                    timeout=(min(CONNECT_SECONDS, left), min(READ_SECONDS, left)),
                    proxies={"no_proxy": "*"} if is_loopback(request.url) else None,
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                body = self._body(response, request, until)
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
        ) as error:
            raise self._unanswered(request, error) from error
        except requests.RequestException as error:
            raise ProviderError(f"{request.endpoint}: {self.masked(clean(error, limit=300))}") from error
        log.debug("%s -> %s in %.2f s", request.endpoint, response.status_code, self.clock() - started)
        lower = {name.lower(): value for name, value in response.headers.items()}
        return Answer(request.endpoint, response.status_code, lower, body)

    def _body(self, response: requests.Response, request: Request, until: float) -> bytes:
        if request.sink is None or not response.ok or response.status_code in REDIRECTS:
            return b"".join(self._chunks(response, request.endpoint, until, MAX_ANSWER))
        try:
            with request.sink.open("wb") as sink:
                sink.writelines(self._chunks(response, request.endpoint, until, request.most))
        except requests.RequestException:
            raise  # it is an OSError too
        except OSError as error:
            raise DataError(f"{request.sink}: {error.strerror or error}") from error
        return b""

    def _chunks(self, response: requests.Response, endpoint: str, until: float, most: int) -> Iterator[bytes]:
        size = 0
        for chunk in response.iter_content(1 << 16):
            size += len(chunk)
            if size > most:
                raise ProviderError(
                    f"{endpoint}: an answer of more than {most:,} bytes", status=response.status_code
                )
            if self.clock() > until:
                raise ProviderError(f"{endpoint}: the answer was still coming in when the time was over")
            yield chunk

    def _unanswered(self, request: Request, error: requests.RequestException) -> Exception:
        causes = list(_causes(error))
        reason = clean(causes[-1], limit=200)
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            return ProviderError(
                f"{request.endpoint}: the server's certificate is not trusted: {reason}",
                hint="name your organisation's certificates in REQUESTS_CA_BUNDLE",
            )
        if isinstance(error, requests.Timeout):
            reason = "timed out"
        unsent = isinstance(error, requests.ConnectTimeout) or any(
            isinstance(cause, NewConnectionError) for cause in causes
        )
        return Lost(f"{'cannot be reached' if unsent else 'no whole answer'}: {reason}", sent=not unsent)

    def trusts(self, url: str) -> bool:
        """Whether the token may go to an address."""
        return origin(url) in {origin(address) for address in self.trusted}

    def masked(self, text: str) -> str:
        """The text without the token, should a server have said it back."""
        return text.replace(self.token, "***") if self.token else text


@contextlib.contextmanager
def _opened(path: Path | None) -> Iterator[IO[bytes] | None]:
    """The file to be sent, as a stream; None for no file and for an empty one, which has no body to stream."""
    if path is None:
        yield None
        return
    try:
        stream = path.open("rb")
        size = path.stat().st_size
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    with stream:
        yield stream if size else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What lies behind an error, the innermost last."""
    seen: set[int] = set()
    inner: BaseException | None = error
    while inner is not None and id(inner) not in seen:
        seen.add(id(inner))
        yield inner
        reason = getattr(inner, "reason", None)
        inner = reason if isinstance(reason, BaseException) else inner.__cause__ or inner.__context__


def _detail(item: Any) -> str:
    """One of the reasons that GitHub lists beside a 422."""
    if not isinstance(item, dict):
        return str(item)
    if item.get("message"):
        return str(item["message"])
    return " ".join(str(item[key]) for key in ("field", "code") if item.get(key))
