"""`mltools monitor check` on real logs: what it finds, what it leaves in the journal, what it makes of bad input."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mltools import events, journal
from mltools.edges.git.read import Repository
from tests import monitored
from tests.monitored import POLICY, Chance, Row, check, labels, requests, write_labels, write_log
from tests.support import commit, git, make_repo

MONITOR = "monitor:\n  persistence: {windows: 1, of: 1}\n"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release, made once; tests that write take a copy."""
    return tmp_path_factory.mktemp("source") / "project"


@pytest.fixture
def project(source: Path, tmp_path: Path) -> Path:
    if not source.exists():
        monitored.released(source)
    place = tmp_path / "project"
    git(source.parent, "clone", "-q", "--no-hardlinks", str(source), str(place))
    git(place, "fetch", "-q", "origin", "refs/mltools/*:refs/mltools/*")
    git(place, "remote", "remove", "origin")
    return place


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def larger(features: Row, _: Chance) -> Row:
    return {**features, "size": features["size"] + 1}


def levels(tree: Any) -> dict[str, str]:
    return {finding["key"]: finding["level"] for finding in tree["findings"]}


def found(project: Path, log: Path, *args: str, **options: Any) -> tuple[int, Any]:
    done = check(project, log, "--json", *args, **options)
    assert done.out, done.err
    return done.code, done.json


def test_the_same_population_is_healthy(project: Path, log: Path) -> None:
    lines = requests(400)
    write_log(log, lines)
    write_labels(log, labels(lines))
    code, tree = found(project, log)
    assert (code, tree["verdict"], tree["advice"], tree["signals"]) == (0, "healthy", "none", [])
    assert set(levels(tree).values()) == {"ok", "untold"}
    assert levels(tree)["model"] == "untold", "its file is none that could be loaded safely"
    assert {shift["name"] for shift in tree["shifts"]} == {
        "size",
        "weight",
        "age",
        "site",
        "prediction",
        "score",
    }
    assert tree["labelled"] == 400
    assert [item["metric"] for item in tree["quality"]] == ["accuracy"]
    assert tree["quality"][0]["base"] == pytest.approx(0.77, abs=0.05)


def test_what_was_shifted_is_named_and_nothing_else(project: Path, log: Path) -> None:
    write_log(log, requests(400, change=larger))
    code, tree = found(project, log)
    assert (code, tree["verdict"], tree["advice"]) == (1, "drifted", "retrain")
    assert tree["drifted"] == ["size"]
    assert tree["signals"] == ["feature:size", "prediction", "score"]
    (said,) = (one["sentence"] for one in tree["findings"] if one["key"] == "prediction")
    assert "of the rows are malignant" in said or "of the rows are benign" in said, "and not 1 or 0"
    assert tree["summary"] == "size, prediction, score drifted in 400 requests"


def test_the_check_is_an_event_in_the_journal(project: Path, log: Path) -> None:
    write_log(log, requests(400, change=larger))
    check(project, log)
    (event,) = events.of_model(Repository.find(project), "toy")
    assert (event.kind, event.model, event.version, event.stage) == ("monitor", "toy", "v0.1.0", None)
    assert event.by == "A Tester <tester@example.com>"
    assert event.state == "drifted"
    assert event.details["window"] == {"start": "2026-02-01T00:00:00Z", "end": "2026-02-02T00:00:00Z"}
    assert event.details["told"] is True


def test_without_recording_the_journal_stays(project: Path, log: Path) -> None:
    write_log(log, requests(200))
    before = monitored.tip(project)
    assert check(project, log, "--no-record").code == 0
    assert monitored.tip(project) == before


def test_the_event_is_shared_with_the_remote(project: Path, log: Path, tmp_path: Path) -> None:
    remote = make_repo(tmp_path / "remote.git", bare=True)
    git(project, "remote", "add", "origin", str(remote))
    git(project, "push", "-q", "origin", "main", "--tags", journal.REF)
    write_log(log, requests(200))
    assert check(project, log).code == 0
    assert git(remote, "rev-parse", journal.REF) == monitored.tip(project)


def test_a_remote_that_is_gone_is_no_reason_not_to_check(project: Path, log: Path) -> None:
    git(project, "remote", "add", "origin", str(project / "nowhere.git"))
    write_log(log, requests(200))
    done = check(project, log)
    assert done.code == 0
    assert "kept here only" in done.err


def test_few_rows_are_never_drift(project: Path, log: Path) -> None:
    write_log(log, requests(60, change=larger))
    code, tree = found(project, log)
    assert (code, tree["verdict"], tree["advice"]) == (0, "watch", "wait")
    assert (
        tree["summary"]
        == "too few rows: 60 answered rows are not enough to tell drift from chance; 100 are needed"
    )
    assert tree["signals"] == tree["drifted"] == []


def test_a_single_odd_day_is_no_drift_and_the_second_is(project: Path, log: Path) -> None:
    commit(project, {"mltools.yaml": POLICY.replace("{windows: 1, of: 1}", "{windows: 2, of: 3}")})
    write_log(log, requests(300, change=larger), name="20260201T000000Z-7-0")
    write_log(log, requests(20, day=1), name="20260202T000000Z-7-0")
    write_log(log, requests(300, day=2, change=larger), name="20260203T000000Z-7-0")
    first, again = found(project, log), found(project, log, "--until", "2026-02-02T01:00Z")
    assert (first[0], first[1]["verdict"], first[1]["advice"]) == (0, "watch", "wait")
    assert again[1]["verdict"] == "watch", "the same day once more is no second window"
    assert (
        first[1]["summary"] == "size, prediction, score differ in 300 requests; it counts from 2 of 3 windows"
    )
    assert "seen in this window, the first that is known, and counts from 2 of 3" in str(first[1]["findings"])
    assert found(project, log, day=1)[1]["verdict"] == "watch"
    code, tree = found(project, log, day=2)
    assert (code, tree["verdict"], tree["windows"]) == (1, "drifted", 2), (
        "the day of too few rows is no window"
    )


def test_drift_of_what_matters_little_is_watched(project: Path, log: Path) -> None:
    write_log(log, requests(400, change=lambda features, _: {**features, "site": "east"}))
    code, tree = found(project, log)
    assert (code, tree["verdict"]) == (0, "watch")
    assert levels(tree)["feature:site"] == "watch"
    assert "it matters little to the model" in tree["summary"]


def test_requests_that_fail_are_broken_even_when_they_are_few(project: Path, log: Path) -> None:
    failed: Row = {"status": 500, "error": "RuntimeError", "prediction": None, "score": None}
    write_log(log, [*requests(20, **failed), *requests(20, seed=3)])
    code, tree = found(project, log)
    assert (code, tree["verdict"], tree["advice"]) == (1, "broken", "investigate")
    assert tree["summary"].startswith("20 of 40 (50.00%) of the requests failed; 1% may")


def test_one_failure_among_few_is_watched(project: Path, log: Path) -> None:
    write_log(log, [*requests(1, status=503), *requests(40, seed=3)])
    code, tree = found(project, log)
    assert (code, levels(tree)["errors"]) == (0, "watch")


def test_slow_answers_break_the_objective(project: Path, log: Path) -> None:
    write_log(log, [*requests(100, milliseconds=80.0), *requests(100, seed=3)])
    code, tree = found(project, log)
    assert (code, levels(tree)["latency"]) == (1, "broken")
    assert tree["traffic"]["latency"]["p99"] == 80


def test_rows_that_break_the_contract_are_broken_and_the_rule_is_named(project: Path, log: Path) -> None:
    def wrong(features: Row, chance: Chance) -> Row:
        return {**features, "age": "old"} if chance.random() < 0.2 else features

    write_log(log, requests(300, change=wrong))
    code, tree = found(project, log)
    assert (code, tree["verdict"]) == (1, "broken")
    assert "age is not an integer" in tree["summary"]


def test_refused_rows_count_as_rows_that_break_the_contract(project: Path, log: Path) -> None:
    refused: Row = {"status": 422, "error": "size above maximum 20", "prediction": None, "score": None}
    lines = requests(60, change=lambda features, _: {**features, "size": 99.0}, **refused)
    write_log(log, [*lines, *requests(300, seed=3)])
    code, tree = found(project, log)
    assert (code, levels(tree)["contract"]) == (1, "broken")
    assert tree["traffic"]["refused"] == 60
    assert levels(tree)["feature:size"] == "ok", "what was refused was not predicted from"


def test_a_feature_that_no_longer_comes_is_broken(project: Path, log: Path) -> None:
    write_log(
        log,
        requests(200, change=lambda features, _: {key: features[key] for key in features if key != "weight"}),
    )
    code, tree = found(project, log)
    assert (code, levels(tree)["feature:weight"]) == (1, "broken")
    assert "weight: no request has it any more" in tree["summary"]


def test_features_that_are_not_to_be_compared_are_not(project: Path, log: Path) -> None:
    commit(project, {"mltools.yaml": f"{POLICY}  drift: {{ignore: [size]}}\n"})
    write_log(log, requests(300, change=larger))
    assert "feature:size" not in levels(found(project, log)[1])


def test_what_is_no_request_is_passed_over_and_told(project: Path, log: Path) -> None:
    lines: list[Any] = [*requests(200), "not json", "[1]", '{"id": 5}', "", '{"id": null, "model": "toy"}']
    write_log(log, lines, tail='{"id":"cut","ti')
    write_log(log, [], name="20260201T000000Z-8-0")
    code, tree = found(project, log)
    assert code == 0
    assert tree["traffic"]["rows"] == 200
    assert tree["summary"] == "4 lines of the request log cannot be read"


def test_a_line_that_a_kill_cut_off_is_no_damage(project: Path, log: Path) -> None:
    write_log(log, requests(200), tail='{"id":"cut","ti')
    assert found(project, log)[1]["verdict"] == "healthy"


def test_other_models_versions_and_the_shadow_are_left_out(project: Path, log: Path) -> None:
    lines = [
        *requests(200),
        *requests(50, seed=3, change=larger, version="0.2.0"),
        *requests(50, seed=4, change=larger, model="other"),
        *requests(50, seed=5, change=larger, arm="shadow"),
        *requests(30, seed=6, arm="canary"),
    ]
    write_log(log, lines)
    _, tree = found(project, log)
    assert tree["traffic"]["arms"] == {"canary": 30, "stable": 200}
    assert tree["traffic"]["other_versions"] == 50
    assert found(project, log, "--arm", "shadow")[1]["traffic"]["arms"] == {"shadow": 50}


def test_without_a_request_in_the_window_nothing_is_healthy(project: Path, log: Path) -> None:
    write_log(log, requests(20, version="9.9.9"))
    code, tree = found(project, log)
    assert (code, tree["verdict"]) == (0, "watch")
    assert tree["summary"] == "no request of this version in the window; 20 of other versions"


def test_a_clock_that_is_ahead_is_told(project: Path, log: Path) -> None:
    write_log(log, [*requests(200), *requests(3, seed=3, time="2999-01-01T00:00:00.000Z")])
    code, tree = found(project, log)
    assert (code, levels(tree)["clock"], tree["traffic"]["ahead"]) == (0, "watch", 3)


@pytest.mark.parametrize("make", [lambda _: None, lambda log: log.mkdir(), lambda log: log.write_text("")])
def test_without_a_log_nothing_can_be_told(project: Path, log: Path, make: Any) -> None:
    make(log)
    done = check(project, log)
    assert done.code == 3
    assert "no request log there" in done.err or "no such directory" in done.err


def test_labels_show_that_the_model_got_worse(project: Path, log: Path) -> None:
    lines = requests(300)
    write_log(log, lines)
    flipped = {"malignant": "benign", "benign": "malignant"}
    chance = np.random.default_rng(4)
    told = [
        {**one, "label": flipped[one["label"]] if chance.random() < 0.5 else one["label"]}
        for one in labels(lines)
    ]
    write_labels(log, told)
    code, tree = found(project, log)
    assert (code, tree["verdict"], tree["advice"]) == (1, "drifted", "retrain")
    assert tree["summary"] == "accuracy drifted in 300 requests"
    assert tree["quality"][0]["decision"] == "worse"


@pytest.mark.parametrize(("alpha", "level"), [(0.01, "ok"), (0.05, "drifted")])
def test_a_model_is_as_surely_worse_as_a_feature_has_drifted(
    project: Path, log: Path, alpha: float, level: str
) -> None:
    """212 of 300 right, after 442 of 569: chance alone does that about once in fifty windows."""
    commit(project, {"mltools.yaml": f"{POLICY}  alpha: {alpha}\n"})
    lines = requests(300)
    write_log(log, lines)
    flipped = {"malignant": "benign", "benign": "malignant"}
    told = [line["prediction"] if at < 212 else flipped[line["prediction"]] for at, line in enumerate(lines)]
    write_labels(log, [{"id": line["id"], "label": told[at]} for at, line in enumerate(lines)])
    _, tree = found(project, log)
    assert levels(tree)["quality:accuracy"] == level


def test_of_several_labels_of_a_request_the_last_counts(project: Path, log: Path) -> None:
    lines = requests(100)
    write_log(log, lines)
    right = [
        {"id": one["id"], "label": one["prediction"], "time": "2026-02-03T00:00:00.000Z"} for one in lines
    ]
    wrong = [{"id": one["id"], "label": "benign", "time": "2026-02-02T00:00:00.000Z"} for one in lines]
    write_labels(
        log, [*right, *wrong, {"id": "nobody's", "label": "benign", "time": "2026-02-02T00:00:00.000Z"}]
    )
    _, tree = found(project, log)
    assert (tree["labelled"], tree["quality"][0]["value"]) == (100, 1.0)


def test_quality_objectives_are_held_against_intervals(project: Path, log: Path) -> None:
    wanted = "  quality: [{metric: roc_auc, min: 0.99}, {metric: brier, max: 0.5}, {metric: nonsense}]\n"
    commit(project, {"mltools.yaml": POLICY + wanted})
    lines = requests(300)
    write_log(log, lines)
    write_labels(log, labels(lines))
    _, tree = found(project, log)
    assert levels(tree)["quality:roc_auc"] == "drifted"
    assert levels(tree)["quality:brier"] == "ok"
    assert levels(tree)["quality:nonsense"] == "untold"


def test_few_labels_tell_nothing(project: Path, log: Path) -> None:
    lines = requests(200)
    write_log(log, lines)
    write_labels(log, labels(lines[:5]))
    _, tree = found(project, log)
    assert tree["quality"][0]["reason"] == "5 labelled rows are too few; 20 are needed"


def test_a_stage_names_the_version_that_it_holds(project: Path, log: Path) -> None:
    git(project, "tag", "-a", "toy#prod#1", "-m", "prod", "toy@v0.1.0^{}")
    write_log(log, requests(200))
    _, tree = found(project, log, name="toy#prod")
    assert (tree["version"], tree["stage"]) == ("v0.1.0", "prod")


def test_the_forms_tell_the_same(project: Path, log: Path) -> None:
    write_log(log, requests(300, change=larger))
    text, markdown = check(project, log), check(project, log, "--format", "markdown")
    html = check(project, log, "--format", "html", "--output", "check.html")
    assert text.out.startswith("toy v0.1.0: drifted: size, prediction, score drifted in 300 requests\n")
    assert "advice: retrain" in text.out
    assert markdown.out.startswith("### ⚠️ drifted: toy v0.1.0\n")
    assert html.out.startswith("toy v0.1.0: drifted")
    page = (project / "check.html").read_text()
    assert (
        '<h1><span class="badge failed">drifted</span> size, prediction, score drifted in 300 requests</h1>'
        in page
    )
    assert text.code == markdown.code == html.code == 1


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--since", "yesterday"), "--since: 'yesterday' is no time"),
        (("--window", "0d"), "--window: '0d' is no length of time"),
        (("--since", "2026-02-03"), "before it begins"),
        (("--json", "--format", "html"), "two forms"),
    ],
)
def test_wrong_usage_ends_with_2(project: Path, log: Path, args: tuple[str, ...], words: str) -> None:
    write_log(log, requests(20))
    done = check(project, log, *args)
    assert done.code == 2
    assert words in done.err


def test_the_journal_of_the_run_must_be_there(project: Path, log: Path) -> None:
    git(project, "update-ref", "-d", journal.REF)
    write_log(log, requests(20))
    done = check(project, log)
    assert done.code == 3
    assert "the journal here has no record of the run" in done.err
    assert "mltools runs sync" in done.err


def test_a_release_without_predictions_or_importance_says_what_it_cannot_compare(
    tmp_path: Path, log: Path
) -> None:
    policy = "\n".join(
        line for line in POLICY.splitlines() if "predictions" not in line and "compare" not in line
    )
    project = monitored.released(tmp_path / "project", policy=f"{policy}\n", importance={"no": "list"})
    write_log(log, requests(200, change=larger))
    code, tree = found(project, log)
    assert (code, tree["drifted"]) == (1, ["size"])
    assert len(tree["notes"]) == 2
    assert all(shift["weight"] is None for shift in tree["shifts"])


@pytest.mark.parametrize("importance", ["nan", "inf", 10**400])
def test_importance_that_is_no_number_counts_for_nothing(
    tmp_path: Path, log: Path, importance: str | int
) -> None:
    listed = [{"feature": "size", "importance": importance}, {"feature": "age", "importance": 1}]
    project = monitored.released(tmp_path / "project", importance=listed)
    write_log(log, requests(200, change=larger))
    code, tree = found(project, log)
    assert (code, tree["drifted"]) == (1, ["size"])
    assert ["all features count alike" in note for note in tree["notes"]] == [True]


def test_a_model_that_answers_numbers_is_watched_too(tmp_path: Path, log: Path) -> None:
    schema = monitored.SCHEMA.replace(
        "label: {type: category, required: true, enum: [benign, malignant], role: target}",
        "label: {type: number, required: true, role: target}",
    )
    said = "id,y,predicted\n" + "".join(f"{n},{n % 50 / 10},{n % 50 / 10 + n % 3 / 10}\n" for n in range(400))
    policy = POLICY.replace("target: y, prediction: predicted, score: p", "target: y, score: predicted")
    project = monitored.released(
        tmp_path / "project", policy=policy, **{"schemas/raw.yaml": schema, "reports/predictions.csv": said}
    )
    lines = requests(300, prediction=2.0, score=None)
    lines = [{**line, "prediction": place % 50 / 10 + 3} for place, line in enumerate(lines)]
    write_log(log, lines)
    write_labels(
        log, [{"id": line["id"], "label": line["prediction"] - 3, "time": line["time"]} for line in lines]
    )
    _, tree = found(project, log)
    assert levels(tree)["prediction"] == "drifted"
    assert tree["quality"][0]["metric"] == "mae"
    assert tree["quality"][0]["value"] == pytest.approx(3)
    assert levels(tree)["quality:mae"] == "drifted"


def test_names_out_of_data_are_text_in_every_form(project: Path, log: Path) -> None:
    lines = requests(200, error="<script>alert(1)</script> @octocat ::error::", arm="sta\"b'le")
    write_log(log, lines)
    for form in ("text", "json", "markdown", "html"):
        done = check(project, log, "--format", form)
        assert done.code == 0
        assert "<script>" not in done.out


def test_the_policy_may_be_that_of_the_release(project: Path, log: Path, tmp_path: Path) -> None:
    """A bare repository has no working tree to read a policy from."""
    bare = tmp_path / "bare.git"
    git(project, "clone", "-q", "--mirror", str(project), str(bare))
    git(bare, "remote", "remove", "origin")
    write_log(log, requests(300, change=larger))
    code, tree = found(bare, log)
    assert (code, tree["drifted"]) == (1, ["size"])


def test_the_tree_is_plain_json(project: Path, log: Path) -> None:
    write_log(log, requests(200))
    done = check(project, log, "--json")
    tree = json.loads(done.out, parse_constant=pytest.fail)
    assert tree["schema"] == 1
