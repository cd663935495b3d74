"""Alerts: one issue per model and stage however often it is checked, closed by itself; a webhook told of changes only."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests import monitored
from tests.github_server import Fault, GitHubServer, serving
from tests.monitored import Chance, Row, requests, write_log
from tests.releases import command
from tests.support import Result

SECRET = "/services/T000/B000/secretsecret"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared: what a test leaves in the journal are checks of its own days."""
    return monitored.released(tmp_path_factory.mktemp("source") / "project")


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with serving() as server:
        yield server


@pytest.fixture
def log(tmp_path: Path) -> Path:
    write_log(tmp_path / "log", requests(200, change=larger), name="20260201T000000Z-7-0")
    write_log(tmp_path / "log", requests(200, day=1), name="20260202T000000Z-7-0")
    write_log(tmp_path / "log", requests(200, day=2, status=500), name="20260203T000000Z-7-0")
    write_log(tmp_path / "log", requests(30, day=3), name="20260204T000000Z-7-0")
    return tmp_path / "log"


def larger(features: Row, _: Chance) -> Row:
    return {**features, "size": features["size"] + 1}


def check(project: Path, log: Path, day: int, env: dict[str, str], *args: str) -> Result:
    until = (monitored.START + (day + 1) * monitored.DAY).isoformat()
    return command(
        project,
        "monitor",
        "check",
        "toy@v0.1.0",
        "--log",
        str(log),
        "--until",
        until,
        "--alert",
        *args,
        env=env,
    )


def told(server: GitHubServer) -> list[tuple[str, str]]:
    return [(issue["state"], issue["title"]) for issue in server.forge.issues.values()]


def test_an_alarm_opens_one_issue_and_keeps_it_up_to_date(
    project: Path, log: Path, github: GitHubServer
) -> None:
    env = github.environ()
    assert check(project, log, 0, env).code == 1
    (number,) = github.forge.issues
    issue = github.forge.issues[number]
    assert told(github) == [
        ("open", "toy v0.1.0 is drifted: size, prediction, score drifted in 200 requests")
    ]
    assert issue["body"].startswith("<!-- mltools:monitor:v1:toy drifted -->\n### ⚠️ drifted: toy v0.1.0\n")
    assert [label["name"] for label in issue["labels"]] == ["mltools"]
    assert check(project, log, 0, env).code == 1
    assert len(github.forge.issues) == 1
    assert github.forge.texts(number) == [], "the same verdict again is no news"


def test_a_verdict_that_changes_is_said_and_health_closes_the_issue(
    project: Path, log: Path, github: GitHubServer
) -> None:
    env = github.environ()
    for day in (0, 2, 3, 1):
        check(project, log, day, env)
    (number,) = github.forge.issues
    assert github.forge.issues[number]["state"] == "closed"
    assert [text.split(":")[0] for text in github.forge.texts(number)] == [
        "Now **broken**",
        "Now **watch**",
        "toy v0.1.0 is healthy",
    ]
    check(project, log, 0, env)
    assert [state for state, _ in told(github)] == ["closed", "open"]


def test_a_healthy_model_opens_nothing(project: Path, log: Path, github: GitHubServer) -> None:
    assert check(project, log, 1, github.environ()).code == 0
    assert github.writes() == []


def test_what_a_stranger_wrote_is_no_issue_of_ours(project: Path, log: Path, github: GitHubServer) -> None:
    marker = "<!-- mltools:monitor:v1:toy drifted -->\nmine"
    github.forge.open_issue("mallory", "mine", marker, ["mltools"])
    check(project, log, 1, github.environ())
    assert told(github) == [("open", "mine")]
    check(project, log, 0, github.environ())
    assert told(github)[0] == ("open", "mine")
    assert len(github.forge.issues) == 2


def test_of_two_issues_the_older_is_kept(project: Path, log: Path, github: GitHubServer) -> None:
    for _ in range(2):
        github.forge.open_issue(
            "github-actions[bot]", "x", "<!-- mltools:monitor:v1:toy drifted -->\n", ["mltools"]
        )
    check(project, log, 0, github.environ())
    assert [state for state, _ in told(github)] == ["open", "closed"]


def test_an_issue_whose_answer_was_lost_is_not_opened_twice(
    project: Path, log: Path, github: GitHubServer
) -> None:
    github.faults.append(Fault("POST", "/issues$", drop="after"))
    check(project, log, 0, github.environ())
    assert len(github.forge.issues) == 1


def test_a_forge_that_refuses_changes_no_verdict(project: Path, log: Path, github: GitHubServer) -> None:
    github.faults.append(
        Fault(
            "GET", "/issues$", times=9, status=403, body={"message": "Resource not accessible by integration"}
        )
    )
    done = check(project, log, 1, github.environ())
    assert done.code == 0
    assert "warning: the forge was not told" in done.err


def test_the_job_shows_the_check_on_its_page(
    project: Path, log: Path, github: GitHubServer, tmp_path: Path
) -> None:
    page = tmp_path / "summary.md"
    page.touch()
    check(project, log, 1, github.environ(GITHUB_STEP_SUMMARY=str(page)))
    assert "healthy: toy v0.1.0" in page.read_text()


class Hook:
    """A webhook as Slack has it: it answers `ok`, or with the status that it is told."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.status = 200
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                hook.messages.append((self.path, self.headers["Content-Type"], json.loads(content)))
                self.send_response(hook.status)
                self.end_headers()
                self.wfile.write(b"ok" if hook.status == 200 else f"no_service {SECRET}".encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's signature
                """Silence."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}{SECRET}"


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_the_webhook_is_told_of_changes_alone(tmp_path: Path, log: Path, hook: Hook) -> None:
    project = monitored.released(tmp_path / "project")
    env = {"MLTOOLS_WEBHOOK": hook.address}
    for day in (1, 0, 0, 3, 1, 1):
        check(project, log, day, env)
    assert [message["text"].partition(":")[0] for _, _, message in hook.messages] == ["toy v0.1.0 is drifted"]
    path, kind, message = hook.messages[0]
    assert (path, kind) == (SECRET, "application/json")
    (block,) = message["blocks"]
    assert block["text"]["type"] == "mrkdwn"
    assert "• size: median 1.02, -0.08529 at the release; PSI" in block["text"]["text"]


@pytest.mark.parametrize("days", [(2, 1), (2, 3, 4, 4), (1, 2, 3, 2, 4)])
def test_the_end_of_an_alarm_is_told_though_it_was_watched_for_a_while(
    tmp_path: Path, log: Path, hook: Hook, days: tuple[int, ...]
) -> None:
    """Of day 3 there are too few rows to say that it is over, or that it goes on."""
    project = monitored.released(tmp_path / "project")
    write_log(log, requests(200, day=4), name="20260205T000000Z-7-0")
    for day in days:
        check(project, log, day, {"MLTOOLS_WEBHOOK": hook.address})
    assert [message["text"].partition(":")[0] for _, _, message in hook.messages] == [
        "toy v0.1.0 is broken",
        "toy v0.1.0 is healthy",
    ]


@pytest.mark.parametrize("status", [404, 302])
def test_a_webhook_that_refuses_is_told_of_without_its_address(
    tmp_path: Path, log: Path, hook: Hook, status: int
) -> None:
    project = monitored.released(tmp_path / "project")
    hook.status = status
    done = check(project, log, 0, {"MLTOOLS_WEBHOOK": hook.address}, "--no-record")
    assert done.code == 1
    assert f"answered {status}" in done.err
    assert "secretsecret" not in done.err


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:9/services/secretsecret", "cannot be reached"),
        ("http://example.com/services/secretsecret", "must begin with https"),
        ("https://user:secretsecret@example.com/", "must begin with https"),
        ("secretsecret", "must begin with https"),
    ],
)
def test_an_address_that_is_wrong_is_a_warning(tmp_path: Path, log: Path, address: str, words: str) -> None:
    project = monitored.released(tmp_path / "project")
    done = check(project, log, 0, {"MLTOOLS_WEBHOOK": address})
    assert done.code == 1
    assert words in done.err
    assert "secretsecret" not in done.err + done.out
