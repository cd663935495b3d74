"""The report from a record: golden text, limits, hostile values."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from mltools.core import page, report
from mltools.core.records import Record, parse_record
from mltools.core.report import metrics, text
from mltools.core.report.around import Around
from mltools.core.report.facts import summarise
from mltools.core.report.rows import Row
from mltools.core.sections import SectionName
from mltools.errors import ConfigError
from tests import reports
from tests.rendered import of_markdown

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


def test_everything_that_a_report_can_show(update_golden: bool) -> None:  # noqa: FBT001
    check_golden(
        "report_full.md", report.render(reports.full(), around=reports.around()), update=update_golden
    )


def test_everything_that_a_terminal_shows(update_golden: bool) -> None:  # noqa: FBT001
    check_golden(
        "terminal_full.txt", text.render(reports.full(), around=reports.around()), update=update_golden
    )


def test_a_record_of_an_earlier_mltools_is_read_and_shown() -> None:
    earlier = tree()
    assert "plots" not in earlier
    assert "needs" not in earlier["stages"][0]
    parsed = parse_record(earlier, "run.json")
    for rendered in (report.render(parsed), page.render(parsed), text.render(parsed)):
        assert "auc-kept" in rendered


def test_each_section_has_a_name_that_mltools_yaml_knows_and_a_part_of_the_page() -> None:
    names = {section.name for section in report.SECTIONS if section.rank}
    assert names == set(get_args(SectionName))
    assert names == set(page.PARTS)


def test_sections_stand_in_the_order_that_is_asked_for_and_the_others_are_left_out() -> None:
    wanted = Around(sections=("params", "metrics"))
    body = report.render(reports.full(), around=wanted)
    places = [body.index(mark) for mark in ("### ", "<summary>Params", "| Metric |", "<sub>Commit")]
    assert places == sorted(places)
    assert [words in body for words in ("<summary>Gates", "<summary>Data", "<summary>Pipeline")] == [
        False
    ] * 3
    shown = page.render(reports.full(), around=wanted)
    assert [shown.index('id="params"'), shown.index('id="metrics"')] == sorted(
        [shown.index('id="params"'), shown.index('id="metrics"')]
    )
    assert 'id="gates"' not in shown
    lines = text.render(record(), around=wanted).split("\n")
    assert lines[0].startswith("failed: ")
    assert lines[1].startswith("param ")
    assert lines[2].startswith("metric ")


def test_no_section_at_all_leaves_the_verdict_and_the_footer() -> None:
    body = report.render(record(), around=Around(sections=()))
    assert len(body.strip().split("\n\n")) == 2


def test_no_choice_of_sections_hides_an_override_or_an_edit_of_the_policy() -> None:
    overridden = reports.full(gates_changed=False)
    edited = record(gates_changed=True)
    for shown, words in ((overridden, "was overridden by Ada Lovelace"), (edited, "This change edits gates")):
        nothing = Around(sections=())
        for rendered in (
            report.render(shown, around=nothing),
            page.render(shown, around=nothing),
            text.render(shown, around=nothing),
        ):
            assert words in rendered


def test_the_headline_names_the_gate_that_failed_before_one_that_could_not_decide() -> None:
    assert reports.full().summary.startswith(
        "failed: 4 of 7 gates passed, 1 overridden; loss-kept: test.log_loss went"
    )


@pytest.mark.parametrize(
    ("noise", "said"),
    [
        (0.004, "2.5 times the noise of 0.004"),
        (1e-16, "over 100 times the noise of 1e-16"),
        (0.0, "no seed moved it"),
    ],
)
def test_a_change_is_held_against_the_noise_in_words_that_can_be_weighed(noise: float, said: str) -> None:
    assert metrics.beside(Row("m", 0.5, 0.51, change=0.01, noise=noise)) == (said,)


def test_an_interval_stands_beside_the_change_it_belongs_to() -> None:
    row = next(line for line in report.render(reports.full()).split("\n") if "`test.roc_auc`" in line)
    assert "+0.0081 \u25b2 better<br>95 %: +0.0022 to +0.0139" in row
    assert "auc-floor<br>auc-better" in row


def test_of_two_gates_on_one_metric_the_one_with_an_interval_says_what_the_change_means() -> None:
    (row, *_) = [line for line in report.render(reports.full()).split("\n") if "`test.accuracy`" in line]
    assert "? cannot tell" in row
    assert "undecided" in row


def test_a_gate_may_name_its_metric_by_its_file_too() -> None:
    gate = {**tree()["gates"][0], "evidence": {"metric": "metrics/test.json:test.auc", "better": "higher"}}
    body = report.render(record(gates=[gate]))
    (row,) = [line for line in body.split("\n") if line.startswith("| `test.auc`")]
    assert "auc-kept" in row
    assert "worse" in row


def test_what_failed_stands_open_however_many_metrics_there_are() -> None:
    gates = [
        {
            "name": f"gate-{number}",
            "kind": "threshold",
            "outcome": "failed" if number == 49 else "passed",
            "reason": "r",
            "evidence": {"metric": f"m{number}", "min": 0},
        }
        for number in range(50)
    ]
    metrics = {f"m{number}": number for number in range(100)}
    body = report.render(record(gates=gates, metrics=metrics, base_metrics={}))
    main = body.split("<details>")[0]
    assert "gate-49" in main
    assert main.count("\n| `m") == 30


def test_edited_gates_are_said() -> None:
    assert "This change edits gates" in report.render(record(gates_changed=True))


@pytest.mark.parametrize("limit", [65_536, 20_000, 3_000, 1_200, 900])
def test_the_report_keeps_its_limit_and_cuts_between_sections(limit: int) -> None:
    metrics = {f"metric.{number}": number / 7 for number in range(2_000)}
    full = reports.full(metrics=metrics, base_metrics={})
    body = report.render(full, limit=limit, around=reports.around())
    assert len(body) <= limit
    assert body.startswith("### ")
    assert body.endswith("</sub>\n")
    assert of_markdown(body).open == []
    assert body.count("```") % 2 == 0
    assert "Left out" in body
    assert "all metrics" in body
    assert "[the run](https://github.com/o/r/actions/runs/1)" in body or "The run" in body


def test_a_section_that_is_too_long_takes_no_smaller_one_with_it() -> None:
    long = [{"title": "Long", "text": "word " * 3_900}]
    body = report.render(reports.full(extras=long), limit=18_000)
    assert "Left out, because it would be too long here: extra." in body
    assert "Reproduce this" in body


def test_no_limit_is_too_small() -> None:
    for limit in range(400):
        assert len(report.render(reports.full(), limit=limit)) <= max(limit, 1)


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
