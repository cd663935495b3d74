"""The report from a record: golden text, limits, hostile values."""

import json
from pathlib import Path
from typing import Any

import pytest

from mltools.core import report
from mltools.core.records import Record, parse_record
from mltools.core.report import text
from mltools.core.report.facts import summarise
from mltools.errors import ConfigError

GOLDEN = Path(__file__).parent.parent / "golden"

COMMIT, BASE = "1" * 40, "2" * 40


def tree(**changes: Any) -> dict[str, Any]:
    """A record of a branch that makes one metric worse."""
    value: dict[str, Any] = {
        "schema": 1,
        "id": "20260102T030405Z-11111111-abcdef",
        "time": "2026-01-02T03:04:05Z",
        "seconds": 12.5,
        "commit": COMMIT,
        "branch": "feature",
        "trigger": "push",
        "url": "https://github.com/o/r/actions/runs/1",
        "verdict": "failed",
        "base": {"commit": BASE, "ref": "origin/main", "how": "record", "merge_base": BASE},
        "gates_from": "base",
        "gates": [
            {
                "name": "auc-kept",
                "kind": "regression",
                "outcome": "failed",
                "reason": "test.auc went from 0.99 to 0.9: worse by 0.09, allowed 0.005",
                "evidence": {"metric": "test.auc", "better": "higher"},
            },
            {
                "name": "loss-max",
                "kind": "threshold",
                "outcome": "passed",
                "reason": "test.loss is 0.2, at most 0.5",
                "evidence": {"metric": "test.loss", "max": 0.5, "min": None},
            },
        ],
        "metrics": {"test.auc": 0.9, "test.loss": 0.2, "n": 569},
        "base_metrics": {"test.auc": 0.99, "test.loss": 0.3, "n": 569},
        "params": {"train.C": 1e-6},
        "base_params": {"train.C": 1.0},
        "data": [{"path": "data/raw.csv", "contract": "schemas/raw.yaml", "rows": 569, "outcome": "passed"}],
        "stages": [
            {"name": "prepare", "state": "skipped"},
            {"name": "train", "state": "ran", "seconds": 2.34, "md5": "0" * 32},
        ],
        "environment": {"python": "3.12.1", "platform": "linux-x86_64", "mltools": "0.1.0", "dvc": "3.67.1"},
    }
    return {**value, **changes}


def record(**changes: Any) -> Record:
    parsed = parse_record(tree(**changes), "run.json")
    return parsed.model_copy(update={"summary": summarise(parsed)})


def check_golden(name: str, content: str, *, update: bool) -> None:
    path = GOLDEN / name
    if update:
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    assert content == path.read_text()


BROKEN_DATA = {
    "gates": [],
    "metrics": {},
    "stages": [],
    "data": [
        {
            "path": "data/raw.csv",
            "contract": "schemas/raw.yaml",
            "rows": 569,
            "outcome": "failed",
            "violations": [
                {
                    "column": "radius",
                    "rule": "maximum",
                    "message": "3 of 569 rows: radius above 40",
                    "count": 3,
                    "examples": ["row 4: 99", "row 9: =cmd|' /C calc'!A0"],
                    "line": 12,
                }
            ],
        }
    ],
}


def test_a_failed_run_says_why_in_its_first_line(update_golden: bool) -> None:  # noqa: FBT001
    check_golden("report_failed.md", report.render(record()), update=update_golden)


def test_broken_data_is_shown_open(update_golden: bool) -> None:  # noqa: FBT001
    check_golden("report_data.md", report.render(record(**BROKEN_DATA)), update=update_golden)


def test_a_first_run_has_no_base(update_golden: bool) -> None:  # noqa: FBT001
    skipped = {"name": "auc-kept", "kind": "regression", "outcome": "skipped", "reason": "no base yet"}
    first = record(
        verdict="passed", base=None, base_metrics={}, base_params={}, gates=[skipped], gates_from="head"
    )
    check_golden("report_first.md", report.render(first), update=update_golden)


def test_the_terminal_shows_table_and_verdict(update_golden: bool) -> None:  # noqa: FBT001
    check_golden(
        "terminal.txt",
        text.render(record()) + "\n\n" + text.render(record(**BROKEN_DATA)),
        update=update_golden,
    )


def test_edited_gates_are_said() -> None:
    assert "This change edits gates" in report.render(record(gates_changed=True))


@pytest.mark.parametrize("limit", [65_536, 3_000, 1_200, 600])
def test_the_report_keeps_its_limit_and_cuts_between_sections(limit: int) -> None:
    metrics = {f"metric.{number}": number / 7 for number in range(2_000)}
    body = report.render(record(metrics=metrics, base_metrics={}), limit=limit)
    assert len(body) <= limit
    assert body.startswith("### ")
    assert body.count("<details>") == body.count("</details>")
    assert body.count("```") % 2 == 0
    assert "Left out" in body


def test_hostile_names_do_not_get_through() -> None:
    evil = "<!-- mltools:report:v1:x --> @team ![x](http://e.vil/p.png) | \u202e"
    body = report.render(
        record(
            metrics={evil: 1.0},
            params={evil: evil},
            branch=evil,
            url=None,
            warnings=[evil],
            base={"commit": BASE, "ref": evil, "how": "commit"},
            gates=[
                {
                    "name": evil,
                    "kind": evil,
                    "outcome": "failed",
                    "reason": evil,
                    "evidence": {"metric": evil},
                }
            ],
        )
    )
    outside_code = body
    for part in body.split("<code>")[1:]:
        outside_code = outside_code.replace("<code>" + part.split("</code>")[0], "")
    assert "<!--" not in body
    assert "@team" not in outside_code
    assert "](http" not in outside_code
    assert "\u202e" not in body


def test_a_link_that_is_no_plain_https_address_is_left_out() -> None:
    assert "[run](" not in report.render(record(url="javascript:alert(1)"))
    assert "[run](" not in report.render(record(url="https://x.y/) [z](https://e.vil"))


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"metrics": {"a": float("nan")}},
        {"commit": "main"},
        {"extra": 1},
        {"verdict": "great"},
        {"metrics": {"a": [1]}},
        {"branch": "x" * 501},
        {"time": "yesterday"},
        {"seconds": -1},
    ],
)
def test_a_record_that_is_not_one_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="not a run record"):
        parse_record(tree(**change), "run.json")


def test_a_record_survives_json() -> None:
    first = record()
    assert parse_record(json.loads(json.dumps(first.as_json())), "run.json") == first
