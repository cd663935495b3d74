"""Reports that reach their pull requests, or at least the page of the run and a file."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from mltools.ci import github as provider
from mltools.ci import sticky
from mltools.ci.github_api import HEADERS, GitHub
from mltools.ci.provider import Forge
from mltools.core.context import Context
from mltools.edges.rest import Client
from mltools.errors import DataError
from mltools.publishing import FORK_NOTE, Posting, load_record, post
from tests.github_server import HTML, Fault, GitHubServer, serving
from tests.github_state import BOT, Viewer
from tests.timing import Clock
from tests.unit.test_report import COMMIT, record

MARK = sticky.marker(".")
NEWER = "9" * 40


@dataclass
class Press:
    """Posts reports, without waiting, and keeps what was said."""

    github: GitHubServer
    directory: Path
    clock: Clock = field(default_factory=Clock)
    said: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    token: str = "secret"
    variables: dict[str, str] = field(default_factory=dict)

    # A provider: GitHub's, with a clock that needs no waiting.
    detect = staticmethod(provider.detect)
    event_file = staticmethod(provider.event_file)
    read_context = staticmethod(provider.read_context)
    workflows = staticmethod(provider.workflows)
    workflow_paths = staticmethod(provider.workflow_paths)
    once = staticmethod(provider.once)
    summary = staticmethod(provider.summary)
    output = staticmethod(provider.output)
    annotate = staticmethod(provider.annotate)
    file_address = staticmethod(provider.file_address)

    def connect(self, environ: Any) -> Forge | None:  # noqa: ARG002 - the provider's signature
        clock = self.clock
        rest = Client(
            self.github.url,
            self.token,
            HEADERS,
            clock=clock.monotonic,
            now=clock.epoch,
            sleep=clock.sleep,
            jitter=lambda: 0.0,
            between_writes=1.0,
        )
        return GitHub(rest, self.github.forge.repository)

    def post(self, context: Context | None = None, **changes: Any) -> bool:
        options = {name: changes.pop(name) for name in ("untrusted", "dry_run") if name in changes}
        posting = Posting(
            record=record(**changes),
            context=context or Context(trigger="push", url="https://github.com/octo/iris/actions/runs/77"),
            provider=self,
            environ=self.variables,
            directory=self.directory,
            say=self.said.append,
            warn=self.warned.append,
            **options,
        )
        return post(posting)


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with serving() as server:
        yield server


@pytest.fixture
def press(github: GitHubServer, tmp_path: Path) -> Press:
    return Press(github, tmp_path, variables={"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")})


def summary(press: Press) -> str:
    return Path(press.variables["GITHUB_STEP_SUMMARY"]).read_text()


def test_a_report_becomes_a_comment_a_status_and_a_summary(github: GitHubServer, press: Press) -> None:
    pull = github.forge.open_pull(COMMIT)
    assert press.post()
    (text,) = github.forge.texts(pull.number)
    assert text.startswith(f"{MARK}\n### ")
    assert "test.auc" in text
    (status,) = github.forge.statuses
    assert (status["sha"], status["context"], status["state"]) == (COMMIT, "mltools", "failure")
    assert "### " in summary(press)
    assert MARK not in summary(press)
    assert any(line.startswith("::error title=mltools::gate auc-kept") for line in press.said)
    assert not (press.directory / "report.md").exists()
    assert press.warned == []


def test_a_second_push_updates_the_same_comment(github: GitHubServer, press: Press) -> None:
    pull = github.forge.open_pull(COMMIT)
    press.post()
    first = github.forge.comments[pull.number][0]["id"]
    press.post(verdict="passed", gates=[])
    (comment,) = github.forge.comments[pull.number]
    assert comment["id"] == first
    assert "passed" in comment["body"].split("\n")[1]


def test_the_same_report_makes_no_call_that_writes_a_comment(github: GitHubServer, press: Press) -> None:
    pull = github.forge.open_pull(COMMIT)
    press.post()
    before = github.forge.comments[pull.number][0]
    before["body"] = before["body"].replace("\n", "\r\n")
    github.requests.clear()
    assert press.post()
    assert github.writes() == [f"POST /repos/octo/iris/statuses/{COMMIT}"]
    assert f"pull request #{pull.number} shows this report already" in press.said


def test_every_open_pull_request_of_the_commit_gets_the_report(github: GitHubServer, press: Press) -> None:
    one, two = github.forge.open_pull(COMMIT), github.forge.open_pull(COMMIT, branch="other")
    closed, moved = github.forge.open_pull(COMMIT, branch="c"), github.forge.open_pull(COMMIT, branch="m")
    closed.state = "closed"
    moved.commits.append(NEWER)
    github.forge.say(moved.number, BOT, f"{MARK}\nthe newer report")
    press.post()
    assert [len(github.forge.texts(pull.number)) for pull in (one, two, closed)] == [1, 1, 0]
    assert github.forge.texts(moved.number) == [f"{MARK}\nthe newer report"]
    assert f"pull request #{moved.number} has moved on to 99999999; its report is left alone" in press.said


def test_a_push_without_a_pull_request_still_gets_its_status(github: GitHubServer, press: Press) -> None:
    github.forge.commits.add(COMMIT)
    assert press.post()
    assert len(github.forge.statuses) == 1
    assert "no open pull request has 11111111 as its head" in press.said


def test_a_draft_and_a_locked_pull_request_get_the_report_too(github: GitHubServer, press: Press) -> None:
    pull = github.forge.open_pull(COMMIT)
    pull.draft = pull.locked = True
    assert press.post()
    assert len(github.forge.texts(pull.number)) == 1


def test_the_comment_is_found_on_the_last_of_many_pages(github: GitHubServer, press: Press) -> None:
    pull = github.forge.open_pull(COMMIT)
    for number in range(1_000):
        github.forge.say(pull.number, "ada", f"{number}")
    own = github.forge.say(pull.number, BOT, f"{MARK}\nold")
    press.post()
    assert len(github.forge.texts(pull.number)) == 1_001
    assert "test.auc" in own["body"]


def test_a_marker_that_a_user_pasted_is_left_alone(github: GitHubServer, press: Press) -> None:
    pull = github.forge.open_pull(COMMIT)
    github.forge.say(pull.number, "mallory", f"{MARK}\n### passed: all is well")
    press.post()
    texts = github.forge.texts(pull.number)
    assert texts[0] == f"{MARK}\n### passed: all is well"
    assert len(texts) == 2
    press.post(verdict="passed", gates=[])
    assert len(github.forge.texts(pull.number)) == 2


def test_of_two_own_comments_the_older_one_is_removed(github: GitHubServer, press: Press) -> None:
    pull = github.forge.open_pull(COMMIT)
    github.forge.say(pull.number, BOT, f"{MARK}\nold")
    newest = github.forge.say(pull.number, BOT, f"{MARK}\nnew")
    press.post()
    (left,) = github.forge.comments[pull.number]
    assert left["id"] == newest["id"]
    assert "test.auc" in left["body"]


def test_a_person_with_an_own_token_updates_the_own_comment(github: GitHubServer, press: Press) -> None:
    github.forge.viewers["mine"] = Viewer("ada")
    press.token = "mine"
    pull = github.forge.open_pull(COMMIT)
    press.post()
    press.post(verdict="passed", gates=[])
    (comment,) = github.forge.comments[pull.number]
    assert comment["user"]["login"] == "ada"
    assert "passed" in comment["body"].split("\n")[1]


def test_an_apps_comments_never_pile_up(github: GitHubServer, press: Press) -> None:
    github.forge.viewers["app"] = Viewer("reports[bot]", installation=True)
    press.token = "app"
    pull = github.forge.open_pull(COMMIT)
    press.post()
    press.post(verdict="passed", gates=[])
    (comment,) = github.forge.comments[pull.number]
    assert "passed" in comment["body"].split("\n")[1]


def test_a_comment_that_was_deleted_meanwhile_is_made_anew(github: GitHubServer, press: Press) -> None:
    pull = github.forge.open_pull(COMMIT)
    own = github.forge.say(pull.number, BOT, f"{MARK}\nold")
    github.faults.append(Fault("PATCH", f"comments/{own['id']}$", status=404, body={"message": "Not Found"}))
    github.forge.comments[pull.number].clear()
    github.faults.append(Fault("GET", "comments$", status=200, body=[own]))
    assert press.post()
    assert len(github.forge.texts(pull.number)) == 1


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_lost_answer_leaves_one_comment(github: GitHubServer, press: Press, drop: Any) -> None:
    pull = github.forge.open_pull(COMMIT)
    github.faults.append(Fault("POST", "comments", drop=drop))
    assert press.post()
    assert len(github.forge.texts(pull.number)) == 1


def test_a_limit_is_waited_for(github: GitHubServer, press: Press) -> None:
    pull = github.forge.open_pull(COMMIT)
    headers = {"Retry-After": "30"}
    github.faults.append(Fault("POST", "comments", status=403, body={"message": "slow"}, headers=headers))
    assert press.post()
    assert 30.0 in press.clock.slept
    assert len(github.forge.texts(pull.number)) == 1


def left_behind(press: Press) -> None:
    """What must be there when nothing could be posted: the file, the summary, a warning."""
    assert "test.auc" in (press.directory / "report.md").read_text()
    assert "test.auc" in summary(press)
    assert press.warned
    assert any(line.startswith("the report is in ") for line in press.said)


def test_a_token_that_may_only_read_leaves_the_report_in_summary_and_file(
    github: GitHubServer, press: Press
) -> None:
    github.forge.viewers["secret"] = Viewer(BOT, write=False, installation=True)
    github.forge.open_pull(COMMIT)
    assert not press.post()
    left_behind(press)
    assert "Resource not accessible by integration" in press.warned[0]
    assert "permissions:" in press.warned[0]
    assert len(github.writes()) == 2


def test_a_wrong_token_leaves_the_report_in_summary_and_file(press: Press) -> None:
    press.token = "expired"
    assert not press.post()
    left_behind(press)
    assert "Bad credentials" in press.warned[0]


def test_a_token_that_cannot_be_one_is_warned_of_and_not_shown(github: GitHubServer, press: Press) -> None:
    press.token = "secret\n"
    assert not press.post()
    left_behind(press)
    assert github.requests == []
    assert "secret" not in press.warned[0].replace("store the secret again", "")


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 502, "body": HTML},
        {"status": 503},
        {"drop": "before"},
        {"drop": "within"},
        {"status": 429, "headers": {"Retry-After": "86400"}},
        {"status": 200, "body": HTML},
        {"status": 200, "body": {"not": "a list"}},
        {"status": 200, "body": [{"wrong": "shape"}]},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["pulls$", "comments$"])
def test_a_forge_that_fails_never_makes_posting_fail(
    github: GitHubServer, press: Press, path: str, fault: dict[str, Any]
) -> None:
    github.forge.open_pull(COMMIT)
    github.faults.append(Fault("GET", path, times=999, **fault))
    assert not press.post()
    left_behind(press)


def test_a_comment_that_is_refused_does_not_keep_the_status_away(github: GitHubServer, press: Press) -> None:
    one, two = github.forge.open_pull(COMMIT), github.forge.open_pull(COMMIT, branch="other")
    body = {"message": "Validation Failed", "errors": [{"message": "Body is too long"}]}
    github.faults.append(Fault("POST", f"issues/{one.number}/", status=422, body=body))
    assert not press.post()
    assert "Body is too long" in press.warned[0]
    assert len(github.forge.texts(two.number)) == 1
    assert len(github.forge.statuses) == 1


def test_a_page_that_cannot_be_written_is_a_warning(github: GitHubServer, press: Press) -> None:
    pull = github.forge.open_pull(COMMIT)
    press.variables = {"GITHUB_STEP_SUMMARY": str(press.directory)}
    assert press.post()
    assert "the run's page does not show the report" in press.warned[0]
    assert len(github.forge.texts(pull.number)) == 1


def test_a_run_with_changes_that_no_commit_holds_sets_no_status(github: GitHubServer, press: Press) -> None:
    github.forge.open_pull(COMMIT)
    assert press.post(dirty=True)
    assert github.forge.statuses == []
    assert "no status is set" in press.warned[0]


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(github: GitHubServer, press: Press) -> None:
    pull = github.forge.open_pull(COMMIT)
    github.forge.say(pull.number, BOT, f"{MARK}\nold")
    own = github.forge.say(pull.number, BOT, f"{MARK}\nnew")
    press.post(dry_run=True)
    assert github.writes() == []
    assert list(press.directory.iterdir()) == []
    assert press.said[0] == f"would update comment {own['id']} on pull request #{pull.number}"
    assert press.said[1].startswith("would delete comment ")
    assert press.said[2].startswith("would set the status mltools of 11111111 to failure: failed: ")


def test_an_enormous_report_fits_into_a_comment(github: GitHubServer, press: Press) -> None:
    pull = github.forge.open_pull(COMMIT)
    metrics = {f"metric.{number}": number / 3 for number in range(8_000)}
    assert press.post(metrics=metrics, base_metrics=metrics)
    (text,) = github.forge.texts(pull.number)
    assert len(text) <= 65_536
    assert text.startswith(MARK)
    assert text.count("<details>") == text.count("</details>")
    assert "metric.7999" in summary(press)


FORK = Context(
    trigger="workflow_run",
    branch="stranger:main",
    head=COMMIT,
    url="https://github.com/octo/iris/actions/runs/66",
    repository="octo/iris",
    fork=True,
)


def test_a_forks_report_goes_to_the_pull_request_of_its_branch_and_commit(
    github: GitHubServer, press: Press
) -> None:
    other = github.forge.open_pull(COMMIT)
    pull = github.forge.open_pull(COMMIT, branch="main", repository="stranger/iris")
    assert press.post(FORK, untrusted=True, url="https://evil.example")
    assert github.forge.texts(other.number) == []
    (text,) = github.forge.texts(pull.number)
    assert FORK_NOTE in text
    assert "evil.example" not in text + summary(press)
    assert github.forge.statuses[0]["target_url"] == FORK.url
    assert not any(line.startswith("::") for line in press.said)


def test_a_fork_that_pushed_again_meanwhile_keeps_its_newer_report(
    github: GitHubServer, press: Press
) -> None:
    pull = github.forge.open_pull(NEWER, branch="main", repository="stranger/iris")
    github.forge.commits.add(COMMIT)
    press.post(FORK, untrusted=True)
    assert github.forge.texts(pull.number) == []
    assert "has moved on" in press.said[0]


def test_a_forks_result_for_another_commit_is_refused_before_anything_is_shown(
    github: GitHubServer, press: Press
) -> None:
    with pytest.raises(DataError, match="refused"):
        press.post(replace(FORK, head=NEWER), untrusted=True)
    assert github.requests == []
    assert list(press.directory.iterdir()) == []


def test_a_branch_of_the_own_repository_may_come_this_way_too(github: GitHubServer, press: Press) -> None:
    pull = github.forge.open_pull(COMMIT, branch="dependabot/pip/x")
    press.post(replace(FORK, branch="dependabot/pip/x", fork=False), untrusted=True)
    assert len(github.forge.texts(pull.number)) == 1


def test_a_record_is_loaded_from_the_directory_that_a_run_left(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no run to report on") as caught:
        load_record(tmp_path)
    assert "mltools run" in (caught.value.hint or "")
