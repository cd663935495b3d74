"""The description that the stand-in for GitHub is held to."""

import json
from typing import Any

import pytest

from tests.github_calls import ROUTES
from tests.openapi import CALLS, REDUCED, REPO, Description, as_json_schema, reduce

COMMENTS = f"{REPO}/issues/{{issue_number}}/comments"
STATUS = f"{REPO}/statuses/{{sha}}"


@pytest.fixture(scope="module")
def description() -> Description:
    return Description.load()


def test_the_file_is_small_and_says_where_it_is_from() -> None:
    assert REDUCED.stat().st_size < 400_000
    tree = json.loads(REDUCED.read_bytes())
    assert tree["info"]["license"]["name"] == "MIT"
    assert (REDUCED.parent / "github-openapi.LICENSE").read_text().startswith("MIT License")


def test_the_file_holds_the_calls_that_are_listed_and_cutting_it_again_changes_nothing() -> None:
    tree = json.loads(REDUCED.read_bytes())
    assert {path: tuple(calls) for path, calls in tree["paths"].items()} == CALLS
    assert reduce(tree) == tree


def test_every_call_of_the_description_is_played() -> None:
    played = {(method, path if path == "/user" else f"{REPO}{path}") for method, path in ROUTES}
    assert played == {(method.upper(), path) for path, methods in CALLS.items() for method in methods}


def test_a_path_is_matched_with_its_names(description: Description) -> None:
    assert description.match("GET", "/repos/o/r/issues/7/comments") == (
        COMMENTS,
        {"owner": "o", "repo": "r", "issue_number": "7"},
    )
    assert description.match("GET", "/repos/o/r/releases/tags/tumour%40v1%2F2") == (
        f"{REPO}/releases/tags/{{tag}}",
        {"owner": "o", "repo": "r", "tag": "tumour@v1/2"},
    )
    found = description.match("GET", "/repos/o/r/releases/assets/3")
    assert found is not None
    assert found[0] == f"{REPO}/releases/assets/{{asset_id}}"
    assert description.match("PUT", "/user") is None
    assert description.match("GET", "/repos/o/r/actions/runs") is None


def test_a_right_request_has_no_problems(description: Description) -> None:
    assert description.request("GET", COMMENTS, {"per_page": "100", "page": "2"}, None) == []
    assert description.request("POST", COMMENTS, {}, {"body": "hello"}) == []


@pytest.mark.parametrize(
    ("method", "template", "query", "body"),
    [
        ("GET", COMMENTS, {"per_page": "many"}, None),
        ("GET", COMMENTS, {"head": "x"}, None),
        ("GET", COMMENTS, {}, {"body": "x"}),
        ("POST", COMMENTS, {}, None),
        ("POST", COMMENTS, {}, {}),
        ("POST", COMMENTS, {}, {"body": 5}),
        ("POST", COMMENTS, {}, {"body": "x", "text": "y"}),
        ("POST", STATUS, {}, {"state": "undecided"}),
        ("PATCH", f"{REPO}/releases/{{release_id}}", {}, {"make_latest": True}),
        ("POST", f"{REPO}/releases/{{release_id}}/assets", {}, b"content"),
    ],
)
def test_a_wrong_request_is_noticed(
    description: Description, method: str, template: str, query: dict[str, str], body: Any
) -> None:
    assert description.request(method, template, query, body)


def test_a_wrong_answer_is_noticed(description: Description) -> None:
    comment = description.example("issue-comment", body="x")
    assert description.answer("POST", COMMENTS, 201, comment) == []
    assert description.answer("POST", COMMENTS, 201, {**comment, "id": "7"})
    assert description.answer("POST", COMMENTS, 201, {**comment, "created_at": "yesterday"})
    assert description.answer("POST", COMMENTS, 200, comment) == ["status 200 is not described"]
    assert description.answer("POST", COMMENTS, 429, {"message": "slow down"}) == []
    assert description.answer("POST", COMMENTS, 429, None) == ["no message"]
    assert description.answer("DELETE", f"{REPO}/issues/comments/{{comment_id}}", 204, {}) != []


@pytest.mark.parametrize(
    "name", ["issue-comment", "pull-request", "pull-request-simple", "status", "release", "full-repository"]
)
def test_examples_are_what_they_are_examples_of(description: Description, name: str) -> None:
    assert description._check({"$ref": f"#/components/schemas/{name}"}, description.example(name), name) == []


def test_nullable_becomes_a_further_type() -> None:
    assert as_json_schema({"type": "string", "nullable": True}) == {"type": ["string", "null"]}
    assert as_json_schema({"$ref": "#/x", "nullable": True}) == {"anyOf": [{"$ref": "#/x"}, {"type": "null"}]}
    assert as_json_schema({"enum": ["a"], "type": "string", "nullable": True})["anyOf"][1] == {"type": "null"}
    assert as_json_schema([{"nullable": False}]) == [{}]
