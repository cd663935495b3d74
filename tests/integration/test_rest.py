"""The HTTP client against a real server that fails in every way a forge can."""

import logging
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest

from mltools.edges.rest import Client
from mltools.errors import DataError, ProviderError
from tests.certificates import make_certificate
from tests.github_server import HTML, Fault, GitHubServer
from tests.timing import EPOCH, Clock

REPO = "repos/octo/iris"
TOKEN = "secret"


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


def client(github: GitHubServer, clock: Clock, **changes: Any) -> Client:
    settings: dict[str, Any] = {
        "base": github.url,
        "token": TOKEN,
        "clock": clock.monotonic,
        "now": clock.epoch,
        "sleep": clock.sleep,
        "jitter": lambda: 0.0,
    }
    return Client(**{**settings, **changes})


def test_an_answer_is_json(github: GitHubServer, clock: Clock) -> None:
    assert client(github, clock).get(REPO)["full_name"] == "octo/iris"
    assert clock.slept == []


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_failing_server_is_asked_again(github: GitHubServer, clock: Clock, status: int) -> None:
    github.faults.append(Fault("GET", "iris$", times=3, status=status))
    assert client(github, clock).get(REPO)["full_name"] == "octo/iris"
    assert clock.slept == [0.5, 1.0, 2.0]


def test_a_server_that_stays_broken_is_given_up(github: GitHubServer, clock: Clock) -> None:
    github.faults.append(Fault("GET", "iris$", times=99, status=502, body=HTML))
    with pytest.raises(ProviderError) as caught:
        client(github, clock).get(REPO, {"page": 2})
    assert caught.value.status == 502
    assert caught.value.message == f"GET {github.url}/{REPO}: 502: an answer that is no JSON"
    assert len(github.requests) == 5


@pytest.mark.parametrize(
    ("status", "said", "hint"),
    [
        (401, "Bad credentials", "expired"),
        (403, "Resource not accessible by integration", "permissions:"),
        (404, "Not Found", "may not see it"),
        (410, "Gone", None),
        (422, "Validation Failed", None),
    ],
)
def test_a_clear_no_is_said_at_once(
    github: GitHubServer, clock: Clock, status: int, said: str, hint: str | None
) -> None:
    github.faults.append(Fault("GET", "iris$", status=status, body={"message": said}))
    with pytest.raises(ProviderError, match=f"{status}: {said}") as caught:
        client(github, clock).get(REPO)
    assert caught.value.status == status
    assert (hint or "") in (caught.value.hint or "")
    assert clock.slept == []


def test_the_reasons_beside_a_422_are_said(github: GitHubServer, clock: Clock) -> None:
    errors = [{"message": "Body is too long"}, {"field": "tag_name", "code": "already_exists"}, "odd", {}]
    body = {"message": "Validation Failed", "errors": errors}
    github.faults.append(Fault("GET", "iris$", status=422, body=body))
    with pytest.raises(ProviderError, match="Failed; Body is too long; tag_name already_exists; odd"):
        client(github, clock).get(REPO)


@pytest.mark.parametrize("status", [403, 429])
def test_a_limit_is_waited_for_even_for_what_creates(github: GitHubServer, clock: Clock, status: int) -> None:
    pull = github.forge.open_pull("a" * 40)
    body = {"message": "You have exceeded a secondary rate limit"}
    github.faults.append(Fault("POST", "comments", status=status, body=body, headers={"Retry-After": "9"}))
    client(github, clock).post(f"{REPO}/issues/{pull.number}/comments", {"body": "hello"})
    assert clock.slept == [9.0]
    assert github.forge.texts(pull.number) == ["hello"]


def test_a_primary_limit_is_waited_for_until_its_reset(github: GitHubServer, clock: Clock) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(EPOCH) + 40)}
    github.faults.append(Fault("GET", "iris$", status=403, body={"message": "limit"}, headers=headers))
    client(github, clock).get(REPO)
    assert clock.slept == [40.0]


def test_a_wait_beyond_the_deadline_is_not_begun(github: GitHubServer, clock: Clock) -> None:
    github.faults.append(Fault("GET", "iris$", status=429, headers={"Retry-After": "86400"}))
    with pytest.raises(ProviderError, match="next try would be in 86400 s, 600 s are left") as caught:
        client(github, clock).get(REPO)
    assert caught.value.status == 429
    assert clock.slept == []


def test_all_calls_share_one_deadline(github: GitHubServer, clock: Clock) -> None:
    rest = client(github, clock, seconds=10)
    rest.get(REPO)
    clock.seconds = 10.5
    with pytest.raises(ProviderError, match="time for all calls together is over"):
        rest.get(REPO)


def test_waits_are_spread_so_that_many_callers_do_not_come_back_together(
    github: GitHubServer, clock: Clock
) -> None:
    github.faults.append(Fault("GET", "iris$", status=500))
    client(github, clock, jitter=lambda: 1.0).get(REPO)
    assert clock.slept == [0.625]


@pytest.mark.parametrize("drop", ["before", "after", "within"])
def test_a_broken_connection_is_tried_again_for_what_may_be_repeated(
    github: GitHubServer, clock: Clock, drop: Any
) -> None:
    github.faults.append(Fault("GET", "iris$", drop=drop))
    assert client(github, clock).get(REPO)["full_name"] == "octo/iris"
    assert clock.slept == [0.5]


@pytest.mark.parametrize("drop", ["before", "after", "within"])
def test_what_creates_is_not_repeated_blindly(github: GitHubServer, clock: Clock, drop: Any) -> None:
    pull = github.forge.open_pull("a" * 40)
    github.faults.append(Fault("POST", "comments", drop=drop))
    with pytest.raises(ProviderError, match="no whole answer") as caught:
        client(github, clock).post(f"{REPO}/issues/{pull.number}/comments", {"body": "hello"})
    assert caught.value.status == 0
    assert len(github.forge.texts(pull.number)) == (0 if drop == "before" else 1)
    assert len(github.requests) == 1


def test_a_server_that_is_not_there_is_named(clock: Clock) -> None:
    with GitHubServer() as gone:
        pass
    with pytest.raises(ProviderError, match="cannot be reached") as caught:
        client(gone, clock).post(REPO, {})
    assert caught.value.status == 0
    assert len(clock.slept) == 4  # nothing was sent, so even a POST is tried again


def test_a_server_that_says_nothing_is_left_at_the_deadline(github: GitHubServer, clock: Clock) -> None:
    github.faults.append(Fault("GET", "iris$", times=9, hang=True))
    with pytest.raises(ProviderError, match="timed out"):
        client(github, clock, seconds=0.2).get(REPO)


def test_html_in_the_place_of_an_answer_is_not_taken_for_one(github: GitHubServer, clock: Clock) -> None:
    headers = {"Content-Type": "text/html; charset=utf-8"}
    github.faults.append(Fault("GET", "iris$", status=200, body=HTML, headers=headers))
    with pytest.raises(
        ProviderError, match=r"200: the answer cannot be read as JSON \(text/html\)"
    ) as caught:
        client(github, clock).get(REPO)
    assert "proxy" in (caught.value.hint or "")


def test_json_that_ends_early_is_no_answer(github: GitHubServer, clock: Clock) -> None:
    github.faults.append(Fault("GET", "iris$", cut=True))
    with pytest.raises(ProviderError, match="cannot be read as JSON"):
        client(github, clock).get(REPO)


def test_an_endless_answer_is_cut_off(github: GitHubServer, clock: Clock) -> None:
    github.faults.append(Fault("GET", "iris$", status=200, body=b" " * (17 << 20)))
    with pytest.raises(ProviderError, match="more than 16,777,216 bytes"):
        client(github, clock).get(REPO)


def test_all_pages_are_read_and_the_links_keep_the_question(github: GitHubServer, clock: Clock) -> None:
    for number in range(250):
        github.forge.open_pull("a" * 40, branch=f"b{number}")
    found = list(client(github, clock).pages(f"{REPO}/pulls", {"state": "all"}))
    assert len({pull["number"] for pull in found}) == 250
    assert [request["query"] for request in github.requests] == [
        {"per_page": "100", "state": "all"},
        {"per_page": "100", "state": "all", "page": "2"},
        {"per_page": "100", "state": "all", "page": "3"},
    ]


def test_a_next_page_on_another_host_is_not_followed(github: GitHubServer, clock: Clock) -> None:
    headers = {"Link": '<https://evil.example/x?page=2>; rel="next"'}
    github.faults.append(Fault("GET", "pulls$", status=200, body=[], headers=headers))
    with pytest.raises(ProviderError, match="another host"):
        list(client(github, clock).pages(f"{REPO}/pulls"))


def test_a_page_that_is_no_list_is_refused(github: GitHubServer, clock: Clock) -> None:
    github.faults.append(Fault("GET", "pulls$", status=200, body={"items": []}))
    with pytest.raises(ProviderError, match="expected a list, got dict"):
        list(client(github, clock).pages(f"{REPO}/pulls"))


def test_pages_without_end_are_given_up(github: GitHubServer, clock: Clock) -> None:
    headers = {"Link": f'<{github.url}/{REPO}/pulls>; rel="next"'}
    github.faults.append(Fault("GET", "pulls$", times=5_000, status=200, body=[], headers=headers))
    with pytest.raises(ProviderError, match="more than 1000 pages"):
        list(client(github, clock).pages(f"{REPO}/pulls"))


def test_what_is_not_there_can_be_looked_for(github: GitHubServer, clock: Clock) -> None:
    rest = client(github, clock)
    assert rest.find(f"{REPO}/releases/tags/none") is None
    rest.delete(f"{REPO}/issues/comments/1")
    github.faults.append(Fault("DELETE", "comments", status=403))
    with pytest.raises(ProviderError):
        rest.delete(f"{REPO}/issues/comments/1")
    github.faults.append(Fault("GET", "tags", status=403))
    with pytest.raises(ProviderError):
        rest.find(f"{REPO}/releases/tags/none")


def test_writes_keep_their_distance_and_reads_do_not(github: GitHubServer, clock: Clock) -> None:
    pull = github.forge.open_pull("a" * 40)
    rest = client(github, clock, between_writes=1.0)
    path = f"{REPO}/issues/{pull.number}/comments"
    rest.post(path, {"body": "one"})
    rest.get(path)
    clock.seconds += 0.25
    rest.post(path, {"body": "two"})
    assert clock.slept == [0.75]


def create(rest: Client, number: int, text: str) -> Any:
    path = f"{REPO}/issues/{number}/comments"

    def find() -> Any | None:
        return next((item for item in rest.pages(path) if item["body"] == text), None)

    return rest.create(lambda: rest.post(path, {"body": text}), find)


FAULTS = [
    {"drop": "before"},
    {"drop": "after"},
    {"drop": "within"},
    {"cut": True},
    {"status": 500},
    {"status": 502, "body": HTML},
    {"status": 408},
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_what_is_made_is_made_once_however_the_answer_is_lost(
    github: GitHubServer, clock: Clock, fault: dict[str, Any]
) -> None:
    pull = github.forge.open_pull("a" * 40)
    github.faults.append(Fault("POST", "comments", **fault))
    made = create(client(github, clock), pull.number, "hello")
    assert made["body"] == "hello"
    assert github.forge.texts(pull.number) == ["hello"]


def test_what_is_refused_is_neither_looked_for_nor_made_again(github: GitHubServer, clock: Clock) -> None:
    pull = github.forge.open_pull("a" * 40)
    github.faults.append(Fault("POST", "comments", status=422, body={"message": "too long"}))
    with pytest.raises(ProviderError, match="too long"):
        create(client(github, clock), pull.number, "hello")
    assert len(github.requests) == 1


def test_what_cannot_be_made_is_given_up_after_looking(github: GitHubServer, clock: Clock) -> None:
    pull = github.forge.open_pull("a" * 40)
    github.faults.append(Fault("POST", "comments", times=99, status=500))
    with pytest.raises(ProviderError, match="500"):
        create(client(github, clock), pull.number, "hello")
    assert github.calls()[-1].startswith("GET")


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers that hang up are what the tests are about."""


class _Listener:
    """A server of somebody else's, which writes down the headers that it is sent."""

    def __init__(
        self,
        location: str | None = None,
        status: int = 302,
        echo: str | None = None,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self.headers: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.headers.append({name.lower(): value for name, value in self.headers.items()})
                body = (echo or '{"ok": true}').encode()
                self.send_response(status if location or echo else 200)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_PATCH = do_GET  # noqa: N815 - http.server's names

            def log_message(self, *args: Any) -> None:
                """Silence."""

        self._http = _Quiet(("127.0.0.1", 0), Handler)
        if certificate is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(*certificate)
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        scheme = "http" if certificate is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


def test_the_token_goes_into_the_header_of_the_forge_alone(clock: Clock) -> None:
    with _Listener() as other, _Listener(location=f"{other.url}/artifact") as forge:
        assert Client(forge.url, "tok-123", sleep=clock.sleep).get("x") == {"ok": True}
    assert forge.headers[0]["authorization"] == "Bearer tok-123"
    assert "authorization" not in other.headers[0]


def test_a_netrc_file_does_not_speak_for_us(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with _Listener() as other, _Listener(location=f"{other.url}/x") as forge:
        Client(forge.url, "tok-123", sleep=clock.sleep).get("x")
        Client(forge.url, None, sleep=clock.sleep).get("x")
    assert [headers.get("authorization") for headers in forge.headers] == ["Bearer tok-123", None]
    assert [headers.get("authorization") for headers in other.headers] == [None, None]


def test_a_trusted_sister_host_gets_the_token(clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"\0\1")
    with _Listener() as uploads, _Listener() as forge:
        rest = Client(forge.url, "tok-123", trusted=(uploads.url,), sleep=clock.sleep)
        rest.upload(
            f"{uploads.url}/x?y=1", tmp_path / "model.bin", "application/octet-stream", {"name": "a b"}
        )
    assert uploads.headers[0]["authorization"] == "Bearer tok-123"
    assert uploads.headers[0]["content-length"] == "2"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_renamed_repository_is_followed_also_by_what_is_written(
    github: GitHubServer, clock: Clock, status: int
) -> None:
    comment = github.forge.say(github.forge.open_pull("a" * 40).number, "github-actions[bot]", "old")
    target = f"{github.url}/{REPO}/issues/comments/{comment['id']}"
    github.faults.append(Fault("PATCH", "octo/old", status=status, headers={"Location": target}))
    client(github, clock).patch(f"repos/octo/old/issues/comments/{comment['id']}", {"body": "new"})
    assert comment["body"] == "new"


def test_what_is_written_is_not_carried_to_another_host(clock: Clock) -> None:
    with (
        _Listener() as other,
        _Listener(location=f"{other.url}/x", status=307) as forge,
        pytest.raises(ProviderError, match="sent on to another host"),
    ):
        Client(forge.url, "tok-123", sleep=clock.sleep).patch("x", {"a": 1})
    assert other.headers == []


@pytest.mark.parametrize(
    "target", ["http://example.com/x", "ftp://127.0.0.1/x", "https://me:pw@example.com/"]
)
def test_a_redirect_into_the_open_is_not_followed(clock: Clock, target: str) -> None:
    with _Listener(location=target) as forge, pytest.raises(ProviderError):
        Client(forge.url, "tok-123", sleep=clock.sleep).get("x")


def test_redirects_in_a_circle_are_given_up(github: GitHubServer, clock: Clock) -> None:
    headers = {"Location": f"/{REPO}"}
    github.faults.append(Fault("GET", "iris$", times=99, status=302, headers=headers))
    with pytest.raises(ProviderError, match="more than 5 redirects"):
        client(github, clock).get(REPO)
    assert len(github.requests) == 5


@pytest.mark.parametrize("token", ["", "abc\n", "a\r\nX: y", "ü", "a\tb", "\0"])
def test_a_token_that_no_header_can_hold_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ProviderError) as caught:
        Client("https://api.github.com", token)
    assert "line break" in caught.value.message
    assert "abc" not in caught.value.message


def test_plain_http_is_spoken_to_this_machine_only() -> None:
    with pytest.raises(ProviderError, match="only https"):
        Client("http://api.github.com", TOKEN)
    with pytest.raises(ProviderError, match="only https"):
        Client("https://api.github.com", TOKEN).get("http://api.github.com/x")


def test_the_token_is_in_no_message_no_log_and_no_repr(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = '{"message": "your token tok-123 is bad"}'
    with _Listener(status=401, echo=echo) as forge:
        rest = Client(forge.url, "tok-123", sleep=clock.sleep)
        with pytest.raises(ProviderError) as caught:
            rest.get("x")
    assert "your token *** is bad" in caught.value.message
    for text in (repr(rest), str(rest), caplog.text, repr(caught.value), str(caught.value.hint)):
        assert "tok-123" not in text
    assert "-> 401" in caplog.text


def test_a_proxy_is_not_asked_for_this_machine(
    github: GitHubServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert client(github, clock).get(REPO)["full_name"] == "octo/iris"


def test_a_proxy_is_asked_for_other_hosts(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    with _Listener() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with pytest.raises(ProviderError, match=r"api\.example\.com"):
            Client("https://api.example.com", TOKEN, sleep=clock.sleep).get("x")
    assert clock.slept  # the listener speaks no CONNECT, and nothing went past it


def test_a_server_with_a_certificate_of_its_own_is_not_trusted_until_it_is_named(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path)
    with _Listener(certificate=certificate) as forge:
        with pytest.raises(ProviderError, match="certificate is not trusted") as caught:
            Client(forge.url, TOKEN, sleep=clock.sleep).get("x")
        assert "REQUESTS_CA_BUNDLE" in (caught.value.hint or "")
        assert clock.slept == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
        assert Client(forge.url, TOKEN, sleep=clock.sleep).get("x") == {"ok": True}


def test_an_answer_that_is_still_coming_in_at_the_deadline_is_left(
    github: GitHubServer, clock: Clock
) -> None:
    github.faults.append(Fault("GET", "iris$", status=200, body=b" " * (1 << 20)))
    ticks = iter([0.0, 0.0, 0.0, 1.0, 700.0])
    with pytest.raises(ProviderError, match="still coming in when the time was over"):
        Client(github.url, TOKEN, clock=lambda: next(ticks, 700.0), sleep=clock.sleep).get(REPO)


@pytest.mark.parametrize("body", [["a list"], {"errors": "odd"}, None], ids=str)
def test_a_refusal_without_words_is_still_a_refusal(github: GitHubServer, clock: Clock, body: Any) -> None:
    github.faults.append(Fault("GET", "iris$", status=418, body=body))
    with pytest.raises(ProviderError, match=r"418: no explanation$"):
        client(github, clock).get(REPO)


def test_an_empty_file_is_uploaded_as_nothing(clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    with _Listener() as forge:
        Client(forge.url, TOKEN, sleep=clock.sleep).upload("x", tmp_path / "empty", "text/plain", {})
    assert forge.headers[0]["content-length"] == "0"


def test_a_file_that_is_not_there_is_named(github: GitHubServer, clock: Clock, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="gone"):
        client(github, clock).upload("x", tmp_path / "gone", "text/plain", {})
