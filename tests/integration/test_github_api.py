"""GitHub's API as mltools uses it, against the stand-in that is held to GitHub's own description."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mltools.ci import github as provider
from mltools.ci.github_api import HEADERS, GitHub
from mltools.ci.provider import CommitStatus
from mltools.edges.rest import Client
from mltools.errors import DataError, ProviderError
from tests.github_server import Fault, GitHubServer, serving
from tests.github_state import BOT, Viewer
from tests.timing import Clock

COMMIT = "a" * 40


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with serving() as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(github: GitHubServer, clock: Clock) -> GitHub:
    return connect(github, clock)


def connect(github: GitHubServer, clock: Clock, token: str = "secret") -> GitHub:
    client = Client(github.url, token, HEADERS, clock=clock.monotonic, now=clock.epoch, sleep=clock.sleep)
    return GitHub(client, "octo/iris")


def test_pull_requests_of_a_commit_say_where_they_come_from(github: GitHubServer, api: GitHub) -> None:
    pull = github.forge.open_pull(COMMIT, branch="main", repository="stranger/iris")
    (found,) = api.pull_requests_of(COMMIT)
    assert (found.number, found.state, found.head_sha) == (pull.number, "open", COMMIT)
    assert (found.head_repository, found.base_repository) == ("stranger/iris", "octo/iris")
    pull.head_repository = None
    assert api.pull_requests_of(COMMIT)[0].head_repository is None


def test_a_commit_that_github_does_not_know_has_no_pull_requests(api: GitHub) -> None:
    assert api.pull_requests_of("b" * 40) == ()


@pytest.mark.parametrize(
    ("author", "committer", "verified", "login"),
    [
        ("ada", "ada", True, "ada"),
        ("ada", "web-flow", True, "ada"),  # made on GitHub's own pages, which knows who was logged in
        ("ada", "ada", False, None),
        ("ada", "eve", True, None),  # Eve's signature says nothing of the author whom she named
        (None, "eve", True, None),
        ("ada", None, True, None),
    ],
)
def test_github_vouches_for_the_author_whose_signature_it_verified(
    github: GitHubServer,
    api: GitHub,
    author: str | None,
    committer: str | None,
    *,
    verified: bool,
    login: str | None,
) -> None:
    github.forge.commits.add(COMMIT)
    github.forge.signed[COMMIT] = (author, committer, verified)
    assert api.verified_author(COMMIT) == login


def test_github_vouches_for_no_commit_that_it_does_not_know(api: GitHub) -> None:
    assert api.verified_author("b" * 40) is None


def test_pull_requests_are_found_by_owner_and_branch(github: GitHubServer, api: GitHub) -> None:
    github.forge.open_pull(COMMIT, branch="main", repository="stranger/iris")
    github.forge.open_pull(COMMIT, branch="main")
    closed = github.forge.open_pull(COMMIT, branch="main", repository="stranger/iris")
    closed.state = "closed"
    assert [pull.number for pull in api.pull_requests_from("stranger", "main")] == [1]
    assert api.pull_requests_from("nobody", "x#&?=ü") == ()


def test_a_thousand_comments_are_all_read_oldest_first(github: GitHubServer, api: GitHub) -> None:
    pull = github.forge.open_pull(COMMIT)
    for number in range(1_000):
        github.forge.say(pull.number, "ada", f"comment {number}")
    found = api.comments(pull.number)
    assert [comment.body for comment in found] == [f"comment {number}" for number in range(1_000)]
    assert len(github.requests) == 10


def test_a_comment_of_a_deleted_account_has_no_author(github: GitHubServer, api: GitHub) -> None:
    pull = github.forge.open_pull(COMMIT)
    github.forge.say(pull.number, "ada", "hello")["user"] = None
    assert api.comments(pull.number)[0].author == ""


def test_a_comment_is_made_changed_and_deleted(github: GitHubServer, api: GitHub) -> None:
    pull = github.forge.open_pull(COMMIT)
    made = api.create_comment(pull.number, "one")
    assert (made.author, made.body) == (BOT, "one")
    assert api.update_comment(made.id, "two")
    assert github.forge.texts(pull.number) == ["two"]
    api.delete_comment(made.id)
    api.delete_comment(made.id)
    assert github.forge.texts(pull.number) == []
    assert not api.update_comment(made.id, "three")


@pytest.mark.parametrize(
    "fault", [{"drop": "after"}, {"drop": "before"}, {"status": 502}, {"cut": True}], ids=str
)
def test_a_comment_is_made_once_when_the_answer_is_lost(
    github: GitHubServer, api: GitHub, fault: dict[str, Any]
) -> None:
    pull = github.forge.open_pull(COMMIT)
    github.faults.append(Fault("POST", "comments", **fault))
    assert api.create_comment(pull.number, "one\n").body.strip() == "one"
    assert len(github.forge.texts(pull.number)) == 1


def test_a_status_is_set_even_if_its_answer_is_lost(github: GitHubServer, api: GitHub) -> None:
    github.forge.open_pull(COMMIT)
    github.faults.append(Fault("POST", "statuses", drop="after"))
    api.set_status(COMMIT, CommitStatus("mltools", "failure", "failed: 1 of 2", "https://github.com/x"))
    api.set_status(COMMIT, CommitStatus("mltools/a", "success", "passed"))
    assert [(item["context"], item["state"], item["target_url"]) for item in github.forge.statuses] == [
        ("mltools", "failure", "https://github.com/x"),
        ("mltools", "failure", "https://github.com/x"),
        ("mltools/a", "success", None),
    ]


def test_only_a_persons_token_tells_its_login(github: GitHubServer, clock: Clock, api: GitHub) -> None:
    github.forge.viewers["mine"] = Viewer("ada")
    assert connect(github, clock, "mine").viewer() == "ada"
    assert api.viewer() is None
    with pytest.raises(ProviderError, match="Bad credentials"):
        connect(github, clock, "wrong").viewer()


@pytest.mark.parametrize(
    "answer",
    [[{}], [{"id": "7"}], ["x"], [None], [{"id": True, "body": 5}]],
    ids=str,
)
def test_an_answer_of_the_wrong_shape_is_an_error_and_no_crash(
    github: GitHubServer, api: GitHub, answer: Any
) -> None:
    github.faults.append(Fault("GET", "comments", status=200, body=answer))
    with pytest.raises(ProviderError, match="the forge's answer has no id"):
        api.comments(1)


def test_a_release_is_drafted_filled_and_published(github: GitHubServer, api: GitHub, tmp_path: Path) -> None:
    tag = "tumour@v1.0.0"
    (tmp_path / "model.skops").write_bytes(b"\0" * 10_000)
    assert api.release(tag) is None
    draft = api.draft_release(tag, name="tumour 1.0.0", notes="notes\n")
    assert (draft.draft, draft.tag, draft.assets) == (True, tag, ())
    assert api.release(tag) == draft
    asset = api.upload_asset(draft, "model.skops", tmp_path / "model.skops")
    assert (asset.name, asset.size, asset.complete) == ("model.skops", 10_000, True)
    published = api.publish_release(draft)
    assert not published.draft
    assert api.release(tag) == published
    assert published.assets == (asset,)
    assert github.forge.assets[asset.id] == b"\0" * 10_000


def test_an_interrupted_release_goes_on_where_it_stopped(
    github: GitHubServer, api: GitHub, tmp_path: Path
) -> None:
    (tmp_path / "model").write_bytes(b"1")
    first = api.draft_release("m@v1", name="m", notes="n")
    api.upload_asset(first, "model", tmp_path / "model")
    again = api.draft_release("m@v1", name="other", notes="other")
    assert again.id == first.id
    api.upload_asset(again, "model", tmp_path / "model")
    api.publish_release(again, latest=False)
    assert api.draft_release("m@v1", name="m", notes="n").id == first.id
    assert len(github.forge.releases) == 1
    assert len(github.forge.assets) == 1


def test_an_asset_of_other_content_or_a_broken_upload_is_replaced(
    github: GitHubServer, api: GitHub, tmp_path: Path
) -> None:
    release = api.draft_release("m@v1", name="m", notes="n")
    for content in (b"one", b"two"):
        (tmp_path / "model").write_bytes(content)
        api.upload_asset(release, "model", tmp_path / "model")
    kept = github.forge.releases[release.id]["assets"]
    assert [github.forge.assets[asset["id"]] for asset in kept] == [b"two"]
    kept[0]["state"] = "open"
    api.upload_asset(release, "model", tmp_path / "model")
    assert [asset["state"] for asset in kept] == ["uploaded"]


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"drop": "before"}, {"status": 502}], ids=str)
def test_releases_and_assets_are_made_once_when_answers_are_lost(
    github: GitHubServer, api: GitHub, tmp_path: Path, fault: dict[str, Any]
) -> None:
    (tmp_path / "model").write_bytes(b"content")
    github.faults += [Fault("POST", "releases$", **fault), Fault("POST", "assets$", **fault)]
    release = api.draft_release("m@v1", name="m", notes="n")
    api.upload_asset(release, "model", tmp_path / "model")
    assert len(github.forge.releases) == 1
    assert len(github.forge.releases[release.id]["assets"]) == 1


def test_long_notes_are_cut_to_what_a_release_takes(github: GitHubServer, api: GitHub) -> None:
    release = api.draft_release("m@v1", name="m", notes="x" * 200_000)
    assert len(github.forge.releases[release.id]["body"]) == 125_000


def test_a_file_is_not_sent_to_an_address_that_is_not_githubs(api: GitHub, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"1")
    draft = api.draft_release("m@v1", name="m", notes="n")
    release = replace(draft, upload_url="https://evil.example/x{?name,label}")
    with pytest.raises(ProviderError, match=r"evil\.example"):
        api.upload_asset(release, "model", tmp_path / "model")


def test_a_file_that_is_not_there_is_named(api: GitHub, tmp_path: Path) -> None:
    release = api.draft_release("m@v1", name="m", notes="n")
    with pytest.raises(DataError, match="gone"):
        api.upload_asset(release, "gone", tmp_path / "gone")


def test_the_api_is_known_by_its_variables(github: GitHubServer) -> None:
    found = provider.connect(github.environ())
    assert isinstance(found, GitHub)
    assert found.repository == "octo/iris"
    github.forge.open_pull(COMMIT)
    assert len(found.pull_requests_of(COMMIT)) == 1


@pytest.mark.parametrize("missing", ["GITHUB_TOKEN", "GITHUB_REPOSITORY"])
def test_without_a_token_or_a_repository_there_is_no_api(github: GitHubServer, missing: str) -> None:
    assert provider.connect({**github.environ(), missing: ""}) is None


def test_a_token_by_hand_goes_before_the_workflows_own(github: GitHubServer) -> None:
    github.forge.viewers["mine"] = Viewer("ada")
    found = provider.connect(github.environ(GH_TOKEN="mine"))
    assert found is not None
    assert found.viewer() == "ada"


@pytest.mark.parametrize(
    "changes",
    [
        {"GITHUB_REPOSITORY": "no-owner"},
        {"GITHUB_REPOSITORY": "a/b/../../user"},
        {"GITHUB_REPOSITORY": "../user"},
        {"GITHUB_REPOSITORY": "octo/.."},
        {"GITHUB_API_URL": "http://api.github.com"},
        {"GITHUB_TOKEN": "secret\n"},
    ],
    ids=str,
)
def test_variables_that_cannot_be_meant_are_refused(github: GitHubServer, changes: dict[str, str]) -> None:
    with pytest.raises(ProviderError):
        provider.connect(github.environ(**changes))


@pytest.mark.parametrize(
    ("api", "uploads"),
    [
        ("https://api.github.com", ("https://uploads.github.com",)),
        ("https://api.corp.ghe.com", ("https://uploads.corp.ghe.com",)),
        ("https://ghe.example.com/api/v3", ()),
    ],
)
def test_the_token_also_goes_to_the_host_that_takes_files(api: str, uploads: tuple[str, ...]) -> None:
    connected = provider.connect({"GITHUB_TOKEN": "x", "GITHUB_REPOSITORY": "o/r", "GITHUB_API_URL": api})
    assert isinstance(connected, GitHub)
    assert connected.rest.trusted == uploads
    assert connected.rest.between_writes == 1.0


def test_a_pull_request_is_made_once_although_the_answer_is_lost(github: GitHubServer, api: GitHub) -> None:
    github.forge.refs["refs/heads/mltools/retrain-toy"] = COMMIT
    github.faults.append(Fault("POST", r"/pulls$", drop="after"))
    made = api.create_pull_request("mltools/retrain-toy", "main", "Retrain toy", "why")
    assert (made.number, made.head_sha, made.base) == (1, COMMIT, "main")
    assert (made.title, made.body) == ("Retrain toy", "why")
    again = api.create_pull_request("mltools/retrain-toy", "main", "Another title", "other words")
    assert (again.number, again.title) == (1, "Retrain toy"), "GitHub has one for each branch and base"
    api.update_pull_request(1, "other words")
    assert api.pull_requests_from("octo", "mltools/retrain-toy")[0].body == "other words"


def test_a_setting_that_forbids_workflows_to_open_pull_requests_is_named(
    github: GitHubServer, api: GitHub
) -> None:
    github.forge.refs["refs/heads/topic"] = COMMIT
    github.forge.may_open_pulls = False
    with pytest.raises(ProviderError, match="not permitted to create") as caught:
        api.create_pull_request("topic", "main", "A change", "why")
    assert "Allow" in str(caught.value.hint).title()
    assert "settings" in str(caught.value.hint)


def test_a_branch_that_is_not_there_gives_no_pull_request(api: GitHub) -> None:
    with pytest.raises(ProviderError, match="422"):
        api.create_pull_request("nowhere", "main", "A change", "why")


def test_a_merge_is_done_once_and_only_of_the_head_that_was_judged(github: GitHubServer, api: GitHub) -> None:
    pull = github.forge.open_pull(COMMIT)
    with pytest.raises(ProviderError, match="409"):
        api.merge_pull_request(pull.number, "b" * 40, "Merge")
    assert not pull.merged
    github.faults.append(Fault("PUT", r"/merge$", drop="after"))
    api.merge_pull_request(pull.number, COMMIT, "Merge")
    assert (pull.merged, pull.state) == (True, "closed")
    api.merge_pull_request(pull.number, COMMIT, "Merge")
    assert github.calls("PUT") == ["PUT /repos/octo/iris/pulls/1/merge"] * 2


def test_what_a_rule_says_to_a_merge_is_told(github: GitHubServer, api: GitHub) -> None:
    pull = github.forge.open_pull(COMMIT)
    github.forge.rules = "At least 1 approving review is required by reviewers with write access."
    with pytest.raises(ProviderError, match="At least 1 approving review"):
        api.merge_pull_request(pull.number, COMMIT, "Merge")


def test_a_workflow_is_started_by_its_file(github: GitHubServer, api: GitHub) -> None:
    api.start_workflow("mltools.yml", "main")
    assert github.forge.started == [("mltools.yml", "main")]
    github.forge.viewers["secret"] = replace(github.forge.viewers["secret"], write=False)
    with pytest.raises(ProviderError, match="not accessible"):
        api.start_workflow("mltools.yml", "main")
