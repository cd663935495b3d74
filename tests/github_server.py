"""A stand-in for GitHub: a real HTTP server on loopback that plays the REST API, its state in memory.

Every request and every answer is checked against GitHub's own description; what is wrong is in `problems`. Faults
can be scripted per call. As a program it prints its port and keeps its state in a file, for tests of other processes:

    python -m tests.github_server --port 0 --state FILE [--git PATH.git] [--read-only]
"""

import argparse
import json
import re
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from tests.github_calls import answer
from tests.github_state import BOT, Call, Forge, Refused, Reply, Viewer

HTML = b"<!DOCTYPE html><html><body><h1>Unicorn!</h1></body></html>"


@dataclass
class Fault:
    """What happens to the next `times` requests of a method whose path matches.

    `drop`: the connection ends before the call is carried out, after it, or in the middle of the answer. `hang`: no
    answer until the server is closed. Otherwise `status`, `headers` and `body` are answered in the call's stead. `then` is
    done before the connection ends.
    """

    method: str
    path: str
    times: int = 1
    status: int = 500
    body: Any = field(default_factory=lambda: {"message": "Server Error"})
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: Literal["before", "after", "within"] | None = None
    hang: bool = False
    then: Callable[[], None] | None = None
    cut: bool = False  # the answer is carried out, announced as whole, and only half of its JSON

    def takes(self, method: str, path: str) -> bool:
        if self.times <= 0 or method != self.method or not re.search(self.path, path):
            return False
        self.times -= 1
        return True


class GitHubServer:
    """The server; `with GitHubServer() as server:`."""

    def __init__(self, *, port: int = 0, state: Path | None = None, git: Path | None = None) -> None:
        self.forge = Forge(git=git)
        self.faults: list[Fault] = []
        self.problems: list[str] = []
        self.requests: list[dict[str, Any]] = []
        self.closing = threading.Event()
        self._state = state
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", port), _Handler)
        self._http.owner = self
        self.port = int(self._http.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.forge.base_url = self.url
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.save()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def environ(self, **more: str) -> dict[str, str]:
        """The variables of a job on this forge."""
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.url,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": self.forge.repository,
            "GITHUB_RUN_ID": "77",
            "GITHUB_TOKEN": "secret",
            **more,
        }

    def calls(self, method: str = "") -> list[str]:
        """The requests that came, as `METHOD /path`; of one method when given."""
        return [
            f"{request['method']} {request['path']}"
            for request in self.requests
            if not method or request["method"] == method
        ]

    def writes(self) -> list[str]:
        return [call for call in self.calls() if not call.startswith("GET ")]

    def save(self) -> None:
        """Write the state to its file, whole or not at all."""
        if self._state is None:
            return
        seen = {**self.forge.seen(), "requests": self.requests, "problems": self.problems}
        with tempfile.NamedTemporaryFile(
            "w", dir=self._state.parent, delete=False, encoding="utf-8"
        ) as stream:
            json.dump(seen, stream, indent=1)
        Path(stream.name).replace(self._state)

    def handle(self, request: "_Handler", method: str, content: bytes) -> None:
        """One request: a fault if one is due, else the call."""
        parts = urlsplit(request.path)
        with self._lock:
            fault = next((fault for fault in self.faults if fault.takes(method, parts.path)), None)
            entry = {"method": method, "path": parts.path, "query": dict(parse_qsl(parts.query)), "status": 0}
            self.requests.append(entry)
            if fault is not None and fault.drop == "before":
                if fault.then is not None:
                    fault.then()
                request.hang_up()
                return
            instead = fault is not None and fault.drop is None and not fault.cut
            if fault is not None and instead:
                reply = Reply(fault.status, fault.body, fault.headers)
            else:
                reply = self._carry_out(request, method, content)
            entry["status"] = reply.status
            self.save()
        if fault is not None and fault.hang:
            self.closing.wait(30)
            request.hang_up()
        elif fault is not None and fault.drop == "after":
            if fault.then is not None:
                fault.then()
            request.hang_up()
        else:
            request.answer(reply, cut=fault.cut if fault else False, drop=bool(fault and fault.drop))

    def _carry_out(self, request: "_Handler", method: str, content: bytes) -> Reply:
        parts = urlsplit(request.path)
        renamed = self.forge.renamed_from
        if renamed is not None and f"/repos/{renamed}/" in request.path:
            target = self.url + request.path.replace(f"/repos/{renamed}/", f"/repos/{self.forge.repository}/")
            return Reply(301, {"message": "Moved Permanently", "url": target}, {"Location": target})
        found = self.forge.description.match(method, parts.path)
        if found is None:
            self.problems.append(f"{method} {parts.path}: not a call that the description knows")
            return Reply(404, {"message": "Not Found"})
        template, path = found
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        kind = request.headers.get("Content-Type", "")
        body: Any = content or None
        if body is not None and kind.startswith("application/json"):
            body = json.loads(content)
        wrong = self.forge.description.request(method, template, query, body)
        if wrong:
            reply = Refused(422, "Validation Failed").reply
        else:
            try:
                viewer = self._viewer(request.headers.get("Authorization"))
                accept = request.headers.get("Accept", "")
                call = Call(template, path, query, body, viewer, f"{self.url}{parts.path}", accept)
                reply = answer(self.forge, method, call)
            except Refused as refused:
                reply = refused.reply
        if not isinstance(reply.body, bytes):  # a file is described by no schema
            wrong += self.forge.description.answer(method, template, reply.status, reply.body)
        self.problems += [f"{method} {parts.path}: {problem}" for problem in wrong]
        return reply

    def _viewer(self, authorization: str | None) -> Viewer | None:
        if authorization is None:
            return None
        kind, _, token = authorization.partition(" ")
        if kind.lower() not in {"bearer", "token"} or token not in self.forge.viewers:
            raise Refused(401, "Bad credentials")
        return self.forge.viewers[token]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    owner: GitHubServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away in the middle is what some tests are about; everything else is a fault of ours."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def _serve(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.owner.handle(self, self.command, content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815 - http.server's names

    def answer(self, reply: Reply, *, cut: bool = False, drop: bool = False) -> None:
        raw = isinstance(reply.body, bytes)
        body = reply.body if raw else b"" if reply.body is None else json.dumps(reply.body).encode()
        if cut:
            body = body[: len(body) // 2]
        self.send_response(reply.status)
        kind = "text/html" if raw else "application/json; charset=utf-8"
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if drop else body)
        self.wfile.flush()
        if drop:
            self.hang_up()

    def hang_up(self) -> None:
        """End the connection at once, as a crash or a broken line would."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's signature
        """Silence: tests read `requests`."""


@contextmanager
def serving(**options: Any) -> Iterator[GitHubServer]:
    """A server for one test, which fails when a request or an answer was not as GitHub describes it."""
    with GitHubServer(**options) as server:
        yield server
    assert server.problems == [], "\n".join(server.problems)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--repository", default="octo/iris")
    parser.add_argument("--git", type=Path, help="bare repository that branches and tags are read from")
    parser.add_argument("--token", default="secret", help="the token of the workflow's own bot")
    parser.add_argument("--user", default="ada", help="a person; the token is USER-token")
    parser.add_argument("--read-only", action="store_true", help="the bot may read only, as for a fork")
    options = parser.parse_args()
    server = GitHubServer(port=options.port, state=options.state, git=options.git)
    server.forge.repository = options.repository
    server.forge.viewers = {
        options.token: Viewer(BOT, write=not options.read_only, installation=True),
        f"{options.user}-token": Viewer(options.user),
    }
    with server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            server.closing.wait()
    sys.exit(0)


if __name__ == "__main__":
    main()
