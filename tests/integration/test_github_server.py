"""The stand-in for GitHub, as a server in this process and as a program."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.github_server import GitHubServer, serving
from tests.github_state import Viewer
from tests.support import commit, git

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with serving() as server:
        server.forge.viewers["ada-token"] = Viewer("ada")
        server.forge.viewers["read-only"] = Viewer("github-actions[bot]", write=False, installation=True)
        yield server


def call(github: GitHubServer, method: str, path: str, body: Any = None, token: str = "secret") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.request(method, f"{github.url}{path}", json=body, headers=headers, timeout=10)


def test_tokens_stand_for_people_and_installations(github: GitHubServer) -> None:
    assert call(github, "GET", "/user", token="ada-token").json()["login"] == "ada"
    assert call(github, "GET", "/user").status_code == 403
    assert call(github, "GET", "/user", token="").status_code == 401
    assert call(github, "GET", "/repos/octo/iris", token="wrong").json()["message"] == "Bad credentials"
    assert call(github, "GET", "/repos/octo/other").status_code == 404


def test_a_token_that_may_only_read_is_refused(github: GitHubServer) -> None:
    number = github.forge.open_pull("a" * 40).number
    path = f"/repos/octo/iris/issues/{number}/comments"
    assert call(github, "GET", path, token="read-only").json() == []
    refused = call(github, "POST", path, {"body": "x"}, token="read-only")
    assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")
    assert call(github, "POST", path, {"body": "x"}, token="").status_code == 401


def test_comments_have_limits_and_pages(github: GitHubServer) -> None:
    number = github.forge.open_pull("a" * 40).number
    path = f"/repos/octo/iris/issues/{number}/comments"
    for text in ("x" * 65_537, "  "):
        assert call(github, "POST", path, {"body": text}).status_code == 422
    made = call(github, "POST", path, {"body": "x" * 65_536}).json()
    own = f"/repos/octo/iris/issues/comments/{made['id']}"
    assert call(github, "GET", own).json()["user"]["login"] == "github-actions[bot]"
    for index in range(34):
        github.forge.say(number, "ada", f"{index}")
    first = call(github, "GET", path)
    assert len(first.json()) == 30
    assert 'page=2>; rel="next"' in first.headers["Link"]
    last = call(github, "GET", f"{path}?page=2")
    assert len(last.json()) == 5
    assert 'rel="next"' not in last.headers["Link"]
    assert [call(github, "DELETE", own).status_code for _ in range(2)] == [204, 404]


def test_pull_requests_are_found_by_head_and_by_commit(github: GitHubServer) -> None:
    ours = github.forge.open_pull("a" * 40)
    theirs = github.forge.open_pull("b" * 40, branch="main", repository="stranger/iris")
    gone = github.forge.open_pull("c" * 40, branch="main")
    gone.head_repository = None
    ours.commits.append("d" * 40)
    pulls = "/repos/octo/iris/pulls"

    def numbers(path: str) -> list[int]:
        return [pull["number"] for pull in call(github, "GET", path).json()]

    assert numbers(f"{pulls}?head=stranger:main") == [theirs.number]
    assert numbers(f"{pulls}?head=octo:topic&base=main") == [ours.number]
    assert numbers(f"{pulls}?head=nonsense") == [gone.number, theirs.number, ours.number]
    assert numbers(f"/repos/octo/iris/commits/{'a' * 40}/pulls") == [ours.number]
    assert call(github, "GET", f"/repos/octo/iris/commits/{'e' * 40}/pulls").status_code == 422
    assert call(github, "GET", f"{pulls}/{gone.number}").json()["head"]["repo"] is None
    call(github, "PATCH", f"{pulls}/{ours.number}", {"state": "closed"})
    assert numbers(f"{pulls}?head=octo:topic") == []
    assert numbers(f"{pulls}?head=octo:topic&state=all") == [ours.number]
    assert call(github, "GET", f"{pulls}/99").status_code == 404


def test_a_status_is_kept_for_a_known_commit(github: GitHubServer) -> None:
    github.forge.open_pull("a" * 40)
    path = f"/repos/octo/iris/statuses/{'a' * 40}"
    assert call(github, "POST", path, {"state": "success", "context": "mltools"}).status_code == 201
    assert call(github, "POST", path, {"state": "success", "description": "x" * 141}).status_code == 422
    assert (
        call(github, "POST", f"/repos/octo/iris/statuses/{'b' * 40}", {"state": "success"}).status_code == 422
    )
    listed = call(github, "GET", f"/repos/octo/iris/commits/{'a' * 40}/statuses").json()
    assert [status["context"] for status in listed] == ["mltools"]


def test_a_release_is_a_draft_until_it_is_published(github: GitHubServer) -> None:
    releases = "/repos/octo/iris/releases"
    draft = call(github, "POST", releases, {"tag_name": "m@v1.0.0", "draft": True}).json()
    assert call(github, "GET", f"{releases}/tags/m%40v1.0.0").status_code == 404
    assert [item["id"] for item in call(github, "GET", releases).json()] == [draft["id"]]
    assert call(github, "GET", releases, token="").json() == []
    upload = draft["upload_url"].partition("{")[0].removeprefix(github.url)
    headers = {"Authorization": "Bearer secret", "Content-Type": "application/octet-stream"}
    url = f"{github.url}{upload}?name=a+b.bin"
    made = requests.post(url, data=b"abc", headers=headers, timeout=10)
    assert (made.json()["name"], made.json()["size"]) == ("a.b.bin", 3)
    assert requests.post(url, data=b"abc", headers=headers, timeout=10).status_code == 422
    call(github, "PATCH", f"{releases}/{draft['id']}", {"draft": False, "make_latest": "true"})
    assert call(github, "GET", f"{releases}/tags/m%40v1.0.0").json()["id"] == draft["id"]
    assert call(github, "POST", releases, {"tag_name": "m@v1.0.0"}).status_code == 422
    assert call(github, "GET", f"{releases}/assets/{made.json()['id']}").json()["state"] == "uploaded"
    assert call(github, "DELETE", f"{releases}/assets/{made.json()['id']}").status_code == 204
    assert call(github, "GET", f"{releases}/{draft['id']}/assets").json() == []
    assert call(github, "DELETE", f"{releases}/{draft['id']}").status_code == 204
    assert call(github, "GET", f"{releases}/{draft['id']}").status_code == 404


def test_refs_are_created_once(github: GitHubServer) -> None:
    github.forge.open_pull("a" * 40)
    body = {"ref": "refs/tags/m@v1", "sha": "a" * 40}
    assert call(github, "POST", "/repos/octo/iris/git/refs", body).status_code == 201
    assert call(github, "POST", "/repos/octo/iris/git/refs", body).status_code == 422
    for wrong in ({**body, "ref": "main"}, {**body, "ref": "refs/tags/x", "sha": "b" * 40}):
        assert call(github, "POST", "/repos/octo/iris/git/refs", wrong).status_code == 422
    assert call(github, "GET", "/repos/octo/iris/git/ref/tags%2Fm%40v1").json()["object"]["sha"] == "a" * 40
    assert call(github, "GET", "/repos/octo/iris/git/ref/tags%2Fnone").status_code == 404


def test_a_renamed_repository_moves_its_callers_on(github: GitHubServer) -> None:
    github.forge.renamed_from = "octo/flowers"
    moved = call(github, "GET", "/repos/octo/flowers/pulls")
    assert moved.url == f"{github.url}/repos/octo/iris/pulls"
    assert moved.json() == []


def test_what_github_does_not_describe_is_a_problem() -> None:
    with GitHubServer() as server:
        call(server, "GET", "/repos/octo/iris/actions/runs")
        call(server, "POST", f"/repos/octo/iris/statuses/{'a' * 40}", {"state": "undecided"})
        call(server, "GET", "/repos/octo/iris/pulls?heads=x")
    assert len(server.problems) == 3
    assert "not a call that the description knows" in server.problems[0]
    assert "'undecided' is not one of" in server.problems[1]
    assert "unknown query parameter 'heads'" in server.problems[2]


def test_pull_requests_follow_the_branches_of_a_real_repository(clone: Path, remote: Path) -> None:
    with serving(git=remote) as server:
        git(clone, "switch", "-q", "-c", "topic")
        first = commit(clone, {"a": "1"})
        git(clone, "push", "-q", "origin", "topic")
        body = {"title": "A change", "head": "topic", "base": "main"}
        made = call(server, "POST", "/repos/octo/iris/pulls", body).json()
        assert made["head"]["sha"] == first
        assert call(server, "POST", "/repos/octo/iris/pulls", body).status_code == 422
        assert call(server, "POST", "/repos/octo/iris/pulls", {**body, "head": "none"}).status_code == 422
        second = commit(clone, {"a": "2"})
        git(clone, "push", "-q", "origin", "topic")
        shown = call(server, "GET", f"/repos/octo/iris/pulls/{made['number']}").json()
        assert shown["head"]["sha"] == second
        assert shown["base"]["sha"] == git(remote, "rev-parse", "main")
        for sha in (first, second):
            assert len(call(server, "GET", f"/repos/octo/iris/commits/{sha}/pulls").json()) == 1
        ref = {"ref": "refs/tags/m@v1", "sha": second}
        assert call(server, "POST", "/repos/octo/iris/git/refs", ref).status_code == 201
        assert git(remote, "rev-parse", "m@v1") == second


def test_as_a_program_it_says_its_port_and_writes_its_state(tmp_path: Path, remote: Path) -> None:
    state = tmp_path / "state.json"
    argv = [sys.executable, "-m", "tests.github_server", "--state", str(state), "--git", str(remote)]
    with subprocess.Popen(
        [*argv, "--repository", "o/r"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        port = int(program.stdout.readline())
        made = requests.post(
            f"http://127.0.0.1:{port}/repos/o/r/releases",
            json={"tag_name": "m@v1", "name": "m v1", "body": "notes", "draft": True},
            headers={"Authorization": "Bearer secret"},
            timeout=10,
        )
        program.terminate()
    assert made.status_code == 201
    seen = json.loads(state.read_text())
    assert seen["releases"][0]["tag_name"] == "m@v1"
    assert seen["requests"] == [{"method": "POST", "path": "/repos/o/r/releases", "query": {}, "status": 201}]
    assert seen["problems"] == []
