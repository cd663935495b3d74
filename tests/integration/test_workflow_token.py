"""How a workflow's steps give Git the token: tried against a server that asks for one."""

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support import commit, git, make_repo
from tests.workflow_cases import PLAIN, jobs, rendered

TOKEN = "ghs_" + "0123456789abcdef" * 2


class Forge(BaseHTTPRequestHandler):
    """Git over HTTP, by Git's own program, for those who know the token."""

    repositories: Path
    seen: list[str]

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of the base class
        pass

    def _serve(self, body: bytes) -> None:
        given = self.headers.get("Authorization", "")
        self.seen.append(given)
        wanted = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
        if given != f"Basic {wanted}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="forge"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        environ = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(self.repositories),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "bot",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "CONTENT_LENGTH": str(len(body)),
        }
        done = subprocess.run(
            ["git", "http-backend"], input=body, capture_output=True, env=environ, check=True
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[str]:
    """The URL of a server with one private repository, `private.git`."""
    Forge.repositories, Forge.seen = tmp_path / "served", []
    work = make_repo(tmp_path / "work", {"README.md": "private\n"})
    bare = make_repo(Forge.repositories / "private.git", bare=True)
    git(work, "push", "-q", str(bare), "main", "main:refs/mltools/journal")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Forge)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def step_environment(server: str, token: str) -> dict[str, str]:
    """The environment of the step that fetches the journal, its expressions filled in as GitHub does."""
    (step,) = [
        step
        for job in jobs(rendered(**PLAIN))
        if job.name == "train"
        for step in job.steps
        if "git fetch" in step.get("run", "")
    ]
    values = {"${{ github.token }}": token, "${{ github.server_url }}": server}
    environ = dict(step["env"])
    for expression, value in values.items():
        environ = {name: text.replace(expression, value) for name, text in environ.items()}
    assert not any("${{" in text for text in environ.values())
    return environ


@pytest.fixture
def checkout(tmp_path: Path, forge: str) -> Path:
    """A repository without credentials, as the checkout action leaves it."""
    repo = make_repo(tmp_path / "checkout")
    git(repo, "remote", "add", "origin", f"{forge}/private.git")
    return repo


REFSPEC = "+refs/mltools/*:refs/mltools/*"


def test_without_it_the_repository_is_closed(checkout: Path) -> None:
    with pytest.raises(AssertionError, match="could not read Username"):
        git(checkout, "fetch", "-q", "origin", REFSPEC)


def test_with_it_git_can_fetch_and_push(checkout: Path, forge: str) -> None:
    environ = step_environment(forge, TOKEN)
    git(checkout, "fetch", "-q", "origin", REFSPEC, env=environ)
    assert git(checkout, "rev-parse", "refs/mltools/journal")
    commit(checkout, {"a": "b"})
    git(checkout, "push", "-q", "origin", "HEAD:refs/mltools/objects", env=environ)
    assert git(checkout, "ls-remote", "origin", "refs/mltools/objects", env=environ)


def test_it_stands_in_no_file_and_no_argument(checkout: Path, forge: str) -> None:
    environ = {**step_environment(forge, TOKEN), "GIT_TRACE": "1", "GIT_TRACE_CURL": "0"}
    done = subprocess.run(
        ["git", "fetch", "origin", REFSPEC],
        cwd=checkout,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "git-remote-http" in done.stderr
    assert TOKEN not in done.stdout + done.stderr
    held = [path for path in checkout.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert held == []


@pytest.mark.usefixtures("forge")
def test_no_other_host_gets_it(checkout: Path) -> None:
    environ = step_environment("https://forge.example.com", TOKEN)
    with pytest.raises(AssertionError, match="could not read Username"):
        git(checkout, "fetch", "-q", "origin", REFSPEC, env=environ)
    assert set(Forge.seen) == {""}


def test_a_helper_of_the_machines_own_is_not_asked(checkout: Path, forge: str, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    git(checkout, "config", "credential.helper", f"!touch {asked}; echo username=else; echo password=else #")
    git(checkout, "fetch", "-q", "origin", REFSPEC, env=step_environment(forge, TOKEN))
    assert not asked.exists()
