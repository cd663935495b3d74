"""What GitHub's variables and events say about a run."""

from typing import Any

import pytest

from mltools.ci.github_events import read_context, run_url

HEAD, BEFORE = "a" * 40, "b" * 40
VARIABLES = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "octo/iris",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_RUN_ID": "77",
    "RUNNER_NAME": "GitHub Actions 3",
}
REPOSITORY = {"full_name": "octo/iris", "default_branch": "trunk", "owner": {"login": "octo"}}


def variables(event: str, ref: str = "refs/heads/topic") -> dict[str, str]:
    return {**VARIABLES, "GITHUB_EVENT_NAME": event, "GITHUB_REF": ref}


def pull_event(**head: Any) -> dict[str, Any]:
    side = {"sha": HEAD, "ref": "topic", "label": "octo:topic", "repo": {"full_name": "octo/iris"}, **head}
    return {"number": 5, "repository": REPOSITORY, "pull_request": {"number": 5, "head": side}}


def run_event(**run: Any) -> dict[str, Any]:
    value = {
        "event": "pull_request",
        "head_sha": HEAD,
        "head_branch": "main",
        "head_repository": {"full_name": "stranger/iris", "owner": {"login": "stranger"}},
        "html_url": "https://github.com/octo/iris/actions/runs/66",
        "pull_requests": [],
        **run,
    }
    return {"repository": REPOSITORY, "workflow_run": value}


def test_a_push_knows_its_branch_and_what_was_there_before() -> None:
    context = read_context(variables("push"), {"before": BEFORE, "after": HEAD, "repository": REPOSITORY})
    assert (context.trigger, context.branch, context.before) == ("push", "topic", BEFORE)
    assert (context.repository, context.default_branch) == ("octo/iris", "trunk")
    assert (context.url, context.runner) == (
        "https://github.com/octo/iris/actions/runs/77",
        "GitHub Actions 3",
    )
    assert context.is_ci
    assert not context.fork


def test_the_first_push_of_a_branch_has_nothing_before() -> None:
    assert read_context(variables("push"), {"before": "0" * 40}).before is None


def test_a_pushed_tag_is_no_branch_even_if_it_is_called_like_one() -> None:
    assert read_context(variables("push", "refs/tags/main"), {}).branch is None


@pytest.mark.parametrize("name", ["$(touch x)", "feat/ü|x", "a;b", "refs/heads/odd", "HEAD", "-x"])
def test_any_legal_branch_name_is_kept_as_it_is(name: str) -> None:
    assert read_context(variables("push", f"refs/heads/{name}"), {}).branch == name


def test_a_pull_request_speaks_of_its_head_and_not_of_the_merge() -> None:
    context = read_context(variables("pull_request", "refs/pull/5/merge"), pull_event())
    assert (context.branch, context.head, context.pull_request) == ("topic", HEAD, 5)
    assert not context.fork


def test_a_forks_branch_is_never_taken_for_ours() -> None:
    event = pull_event(ref="main", label="stranger:main", repo={"full_name": "stranger/iris"})
    context = read_context(variables("pull_request", "refs/pull/5/merge"), event)
    assert (context.branch, context.fork) == ("stranger:main", True)


def test_a_deleted_fork_is_a_fork() -> None:
    event = pull_event(ref="main", label=None, repo=None, user=None)
    context = read_context(variables("pull_request", "refs/pull/5/merge"), event)
    assert (context.branch, context.fork, context.head) == ("unknown:main", True, HEAD)


def test_a_dispatch_and_a_schedule_run_on_a_branch_and_have_nothing_before() -> None:
    for name in ("workflow_dispatch", "schedule"):
        context = read_context(variables(name, "refs/heads/main"), {"inputs": {"version": "x"}})
        assert (context.trigger, context.branch, context.before, context.head) == (name, "main", None, None)


def test_a_merge_group_speaks_of_its_own_head() -> None:
    ref = f"refs/heads/gh-readonly-queue/main/pr-5-{HEAD}"
    context = read_context(variables("merge_group", ref), {"merge_group": {"head_sha": HEAD}})
    assert (context.head, context.branch) == (HEAD, ref.removeprefix("refs/heads/"))


def test_a_workflow_run_speaks_of_the_run_before_it() -> None:
    context = read_context(variables("workflow_run", "refs/heads/trunk"), run_event())
    assert (context.trigger, context.head, context.fork) == ("workflow_run", HEAD, True)
    assert context.branch == "stranger:main"
    assert context.url == "https://github.com/octo/iris/actions/runs/66"


def test_a_workflow_run_of_the_own_repository_is_no_fork() -> None:
    own = {"full_name": "octo/iris", "owner": {"login": "octo"}}
    context = read_context(
        variables("workflow_run"), run_event(head_repository=own, head_branch="dependabot/x")
    )
    assert (context.branch, context.fork) == ("dependabot/x", False)


def test_a_workflow_run_whose_fork_is_gone_is_a_fork() -> None:
    context = read_context(variables("workflow_run"), run_event(head_repository=None))
    assert (context.branch, context.fork) == ("unknown:main", True)


def test_a_page_elsewhere_is_not_taken_for_the_runs_page() -> None:
    context = read_context(variables("workflow_run"), run_event(html_url="https://evil.example/octo/iris"))
    assert context.url == "https://github.com/octo/iris/actions/runs/77"


@pytest.mark.parametrize(
    "name", ["push", "pull_request", "workflow_run", "merge_group", "issues", "schedule"]
)
@pytest.mark.parametrize(
    "event",
    [
        {},
        {"before": 5, "pull_request": [], "workflow_run": "x", "merge_group": None, "repository": 1},
        {"before": "../../x", "pull_request": {"number": True, "head": {"sha": "HEAD; rm -rf"}}},
        {"workflow_run": {"head_sha": "x" * 40, "head_repository": {"full_name": 3, "owner": []}}},
    ],
)
def test_an_event_that_lacks_everything_still_gives_a_context(name: str, event: dict[str, Any]) -> None:
    context = read_context(variables(name), event)
    assert context.trigger == name
    assert (context.before, context.head, context.pull_request) == (None, None, None)


def test_no_variables_at_all_still_give_a_context() -> None:
    context = read_context({}, {})
    assert (context.trigger, context.branch, context.url, context.runner) == ("unknown", None, None, "github")


@pytest.mark.parametrize(
    "changes",
    [
        {"GITHUB_RUN_ID": "77/../../evil"},
        {"GITHUB_RUN_ID": ""},
        {"GITHUB_SERVER_URL": "javascript:alert(1)"},
        {"GITHUB_REPOSITORY": ""},
    ],
)
def test_a_page_that_cannot_be_one_is_left_out(changes: dict[str, str]) -> None:
    assert run_url({**VARIABLES, **changes}) is None


def test_a_server_of_ones_own_has_its_own_pages() -> None:
    found = run_url({**VARIABLES, "GITHUB_SERVER_URL": "https://ghe.example.com/"})
    assert found == "https://ghe.example.com/octo/iris/actions/runs/77"
