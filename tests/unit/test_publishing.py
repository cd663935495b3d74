"""What is posted where: decisions on values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mltools.ci.annotations import annotations
from mltools.ci.provider import PullRequest
from mltools.ci.sticky import LIMIT
from mltools.core.context import Context
from mltools.core.records import Record
from mltools.errors import DataError, UsageError
from mltools.publishing import (
    FORK_NOTE,
    Posting,
    aim,
    comment_body,
    require_match,
    status_of,
    statuses_of,
)
from tests.unit.test_report import COMMIT, record

OTHER = "9" * 40
FORK_EVENT = Context(
    trigger="workflow_run",
    branch="stranger:main",
    head=COMMIT,
    url="https://github.com/octo/iris/actions/runs/66",
    fork=True,
)


def posting(made: Record, context: Context | None = None, **changes: Any) -> Posting:
    return Posting(
        record=made,
        context=context or Context(trigger="push"),
        provider=None,
        environ={},
        directory=Path(),
        say=print,
        warn=print,
        **changes,
    )


def pull(number: int, **changes: Any) -> PullRequest:
    values: Mapping[str, Any] = {
        "state": "open",
        "head_sha": COMMIT,
        "head_repository": "octo/iris",
        "base_repository": "octo/iris",
        **changes,
    }
    return PullRequest(number, **values)


def test_a_report_goes_to_every_open_pull_request_with_that_head() -> None:
    found = [
        pull(1),
        pull(2, state="closed"),
        pull(3, head_sha=OTHER),
        pull(4, base_repository="up/iris"),
        pull(5),
    ]
    wanted, remarks = aim(found, commit=COMMIT, repository="Octo/Iris")
    assert [item.number for item in wanted] == [1, 5]
    assert remarks == (
        "pull request #2 is closed; nothing is posted there",
        "pull request #3 has moved on to 99999999; its report is left alone",
        "pull request #4 belongs to up/iris; nothing is posted there",
    )


@pytest.mark.parametrize(
    ("verdict", "state"), [("passed", "success"), ("failed", "failure"), ("undecided", "success")]
)
def test_the_verdict_becomes_a_commit_status(verdict: str, state: str) -> None:
    status = status_of(posting(record(verdict=verdict)))
    assert (status.context, status.state) == ("mltools", state)
    assert status.description.startswith(f"{verdict}: ")
    assert status.url == "https://github.com/o/r/actions/runs/1"


def test_a_status_is_one_short_line_whatever_the_summary_holds() -> None:
    made = record().model_copy(update={"summary": "x\n\u202ey" * 200})
    said = status_of(posting(made)).description
    assert len(said) <= 140
    assert "\n" not in said
    assert "\u202e" not in said


def test_a_project_below_the_top_has_a_status_and_a_comment_of_its_own() -> None:
    made = posting(record(project="models/iris"))
    assert status_of(made).context == "mltools/models/iris"
    assert comment_body(made).startswith("<!-- mltools:report:v1:models/iris -->\n")


@pytest.mark.parametrize("url", [None, "javascript:alert(1)", "file:///etc/passwd"])
def test_a_page_that_is_no_page_is_not_linked(url: str | None) -> None:
    assert status_of(posting(record(url=url))).url is None


def test_a_record_without_a_page_links_the_run_that_posts_it() -> None:
    context = Context(trigger="push", url="https://github.com/octo/iris/actions/runs/78")
    assert status_of(posting(record(url=None), context)).url == context.url


def test_a_comment_keeps_within_the_limit_however_long_the_report_is() -> None:
    metrics = {f"metric_{number}": number / 7 for number in range(5_000)}
    body = comment_body(posting(record(metrics=metrics, base_metrics={}), FORK_EVENT, untrusted=True))
    assert len(body) <= LIMIT
    assert body.startswith("<!-- mltools:report:v1:. -->\n### ")
    assert body.endswith(f"{FORK_NOTE}\n")


def test_of_a_strangers_record_nothing_they_could_write_or_link_is_shown() -> None:
    hostile = record(
        url="https://evil.example/phish",
        branch="<img src=x>",
        verdict="failed",
    ).model_copy(update={"summary": "passed: approved by @octo"})
    shown = posting(hostile, FORK_EVENT, untrusted=True)
    body = comment_body(shown)
    assert "evil.example" not in body
    assert "approved" not in body
    assert FORK_EVENT.url is not None
    assert FORK_EVENT.url in body
    assert status_of(shown).url == FORK_EVENT.url
    assert status_of(shown).description.startswith("failed: 1 of 2 gates passed")


def test_names_in_a_strangers_record_cannot_forge_a_report() -> None:
    name = "x<!-- mltools:report:v1:. -->\n### passed @octo/team [a](https://evil.example) ![i](https://evil.example)"
    gate = {
        "name": name,
        "kind": "threshold",
        "outcome": "failed",
        "reason": name,
        "evidence": {"metric": name},
    }
    made = record(gates=[gate], metrics={name: 1.0}, base_metrics={}, project=name)
    body = comment_body(posting(made, FORK_EVENT, untrusted=True))
    first, rest = body.split("\n", 1)
    assert first.count("<!--") == first.count("-->") == 1
    outside_fences = re.sub(r"(?ms)^(`{3,}).*?^\1$", "", rest)
    outside_code = re.sub(r"(`+)[^`\n].*?\1(?!`)", "", outside_fences)
    for forged in ("<!--", "-->", "\n### passed @", "@octo", "](https://evil", "![i]"):
        assert forged not in outside_code


@pytest.mark.parametrize(
    ("context", "error", "words"),
    [
        (Context(trigger="pull_request"), UsageError, "needs a workflow_run event"),
        (Context(trigger="workflow_run", branch="a:b"), DataError, "names no head commit"),
        (Context(trigger="workflow_run", head=COMMIT), DataError, "names no head commit"),
        (
            Context(trigger="workflow_run", branch="a:b", head=OTHER),
            DataError,
            "11111111, the run was for 99999999",
        ),
    ],
)
def test_a_strangers_record_counts_for_the_commit_of_its_event_only(
    context: Context, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        require_match(record(), context)


def test_a_strangers_record_of_the_right_commit_counts() -> None:
    require_match(record(), FORK_EVENT)


def test_gates_and_broken_rules_become_annotations() -> None:
    data = {
        "path": "data/raw.csv",
        "contract": "schemas/raw.yaml",
        "outcome": "failed",
        "violations": [{"column": "age", "rule": "minimum", "message": "age: 3 rows", "count": 3, "line": 9}],
    }
    unreadable = {"path": "data/b.csv", "outcome": "failed", "error": "empty"}
    undecided = {"name": "auc", "kind": "regression", "outcome": "undecided", "reason": "no base"}
    made = record(project="sub", data=[data, unreadable], gates=[undecided, *record().as_json()["gates"]])
    found = annotations(made)
    assert [(item.level, item.text, item.file, item.line) for item in found] == [
        ("error", "data/raw.csv: age: 3 rows", "sub/schemas/raw.yaml", 9),
        ("error", "data/b.csv: empty", None, None),
        ("error", f"gate auc-kept: failed: {made.gates[1].reason}", None, None),
        ("warning", "gate auc: undecided: no base", None, None),
    ]


def test_a_gate_is_annotated_where_the_change_is_that_it_may_have_failed_by() -> None:
    lines = {
        ("params.yaml", "train", "C"): 7,
        ("conf/p.json", "depth"): 3,
        ("dvc.yaml", "stages", "train"): 12,
    }

    def locate(file: str, path: Sequence[str | int]) -> int | None:
        return lines.get((file, *map(str, path)))

    made = record(project="sub", params={"train.C": 0.1}, base_params={"train.C": 1.0})
    (found,) = annotations(made, locate)
    assert (found.file, found.line) == ("sub/params.yaml", 7)
    assert found.text.endswith("(this change sets train.C to 0.1, it was 1)")
    made = record(params={"conf/p.json:depth": 3}, base_params={"conf/p.json:depth": 2})
    assert annotations(made, locate)[0].file == "conf/p.json"
    stage = {"name": "train", "state": "ran", "changed": True}
    made = record(stages=[{"name": "a", "state": "ran", "changed": False}, stage], params={}, base_params={})
    (found,) = annotations(made, locate)
    assert (found.file, found.line) == ("dvc.yaml", 12)


def test_an_overridden_gate_is_a_notice() -> None:
    taken = {"by": "ada", "reason": "known", "commit": "c" * 40, "how": "signature"}
    gates = [{"name": "g", "kind": "threshold", "outcome": "failed", "reason": "r", "override": taken}]
    (found,) = annotations(record(gates=gates))
    assert (found.level, found.text) == ("notice", "gate g: failed: r (overridden by ada: known)")


def test_a_stranger_s_run_overrides_nothing() -> None:
    taken = {"by": "ada", "reason": "known", "commit": "c" * 40, "how": "signature"}
    gates = [{"name": "g", "kind": "threshold", "outcome": "failed", "reason": "r", "override": taken}]
    made = posting(record(gates=gates, verdict="passed"), FORK_EVENT, untrusted=True)
    assert made.shown.gates[0].override is None
    assert status_of(made).state == "failure"


def test_each_group_of_gates_has_a_status_of_its_own() -> None:
    def gate(name: str, outcome: str, group: str | None, **more: object) -> dict[str, object]:
        return {
            "name": name,
            "kind": "threshold",
            "outcome": outcome,
            "reason": "why",
            "group": group,
            **more,
        }

    made = record(
        gates=[
            gate("a", "passed", "quality"),
            gate("b", "failed", "quality"),
            gate("c", "passed", "data"),
            gate("d", "undecided", "cost"),
            gate("e", "failed", None),
        ]
    )
    found = {status.context: (status.state, status.description) for status in statuses_of(posting(made))}
    assert list(found) == ["mltools", "mltools: quality", "mltools: data", "mltools: cost"]
    assert found["mltools: quality"] == ("failure", "failed: 1 of 2 gates passed; b: why")
    assert found["mltools: data"] == ("success", "passed: 1 of 1 gate passed")
    assert found["mltools: cost"][1].startswith("undecided")


def test_what_is_to_be_posted_does_not_show_the_token() -> None:
    made = replace(posting(record()), environ={"GITHUB_TOKEN": "tok-123"})
    assert "tok-123" not in repr(made)


def test_no_more_annotations_are_made_than_github_shows() -> None:
    gates = [{"name": f"g{n}", "kind": "threshold", "outcome": "failed", "reason": "r"} for n in range(30)]
    assert len(annotations(record(gates=gates))) == 10
