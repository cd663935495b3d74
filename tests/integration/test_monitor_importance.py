"""What a model leans on now: the released model itself is fetched, loaded and asked."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mltools.core.monitor.findings import Level
from mltools.core.monitor.importance import Cost, findings
from tests import monitored
from tests.monitored import Chance, Row, check, requests, row, truth, write_labels, write_log

IMPORTANCE = [
    {"feature": "size", "importance": 0.3, "sd": 0.02},
    {"feature": "weight", "importance": 0.002, "sd": 0.001},
    {"feature": "age", "importance": 0.001, "sd": 0.001},
    {"feature": "site", "importance": 0.0, "sd": 0.001},
]


def model() -> Any:
    chance = np.random.default_rng(8)
    rows = [row(chance) for _ in range(800)]
    labels = [truth(one, chance) for one in rows]
    coded = make_column_transformer((OneHotEncoder(), ["site"]), remainder=StandardScaler())
    return make_pipeline(coded, LogisticRegression()).fit(pd.DataFrame(rows), labels)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = monitored.released(tmp_path_factory.mktemp("source") / "project", importance=IMPORTANCE)
    monitored.released_model(data, model())
    return data


def lines(count: int, **fields: Any) -> list[Row]:
    return requests(count, version="0.2.0", **fields)


def found(project: Path, log: Path) -> dict[str, Any]:
    done = check(project, log, "--json", "--no-record", name="toy@v0.2.0")
    assert done.out, done.err
    return {
        finding["key"]: finding for finding in done.json["findings"] if finding["key"].startswith("model")
    }


def test_a_model_that_leans_on_the_same_features_has_not_drifted(project: Path, tmp_path: Path) -> None:
    asked = lines(400)
    write_log(tmp_path / "log", asked)
    chance = np.random.default_rng(3)
    write_labels(tmp_path / "log", [_labelled(one, truth(one["features"], chance)) for one in asked])
    told = found(project, tmp_path / "log")
    assert {finding["level"] for finding in told.values()} == {"ok"}
    assert told["model:size"]["evidence"]["now"] > 0.9


def test_a_truth_that_hangs_on_something_else_is_model_drift(project: Path, tmp_path: Path) -> None:
    """Sizes hardly differ any more, and the truth follows the age: what is left of the model leans on other features."""

    def alike(features: Row, _: Chance) -> Row:
        return {**features, "size": features["size"] * 0.02}

    asked = lines(600, change=alike)
    write_log(tmp_path / "log", asked)
    chance = np.random.default_rng(3)
    labels = [
        "malignant" if (one["features"]["age"] > 50) ^ (chance.random() < 0.1) else "benign" for one in asked
    ]
    write_labels(tmp_path / "log", [_labelled(one, label) for one, label in zip(asked, labels, strict=True)])
    told = found(project, tmp_path / "log")
    assert told
    assert any(finding["level"] != "ok" for finding in told.values())


def test_few_labels_start_no_model(project: Path, tmp_path: Path) -> None:
    asked = lines(300)
    write_log(tmp_path / "log", asked)
    write_labels(tmp_path / "log", [_labelled(one, "benign") for one in asked[:100]])
    assert found(project, tmp_path / "log") == {}


def test_a_model_that_cannot_be_loaded_says_so_and_changes_no_verdict(tmp_path: Path) -> None:
    place = monitored.released(tmp_path / "project", importance=IMPORTANCE)
    asked = requests(300)
    write_log(tmp_path / "log", asked)
    chance = np.random.default_rng(3)
    write_labels(tmp_path / "log", [_labelled(one, truth(one["features"], chance)) for one in asked])
    done = check(place, tmp_path / "log", "--json")
    told = {finding["key"]: finding for finding in done.json["findings"]}
    assert (done.code, done.json["verdict"]) == (0, "healthy")
    assert told["model"]["level"] == "untold"


@pytest.mark.parametrize("value", [10**400, [1], {"a": 1}, "x", None, True], ids=lambda value: str(value)[:9])
def test_a_row_that_the_model_cannot_take_is_a_reason_and_no_bug(
    project: Path, tmp_path: Path, value: Any
) -> None:
    asked = lines(210)
    asked[5]["features"]["age"] = value
    write_log(tmp_path / "log", asked)
    write_labels(tmp_path / "log", [_labelled(one, one["prediction"]) for one in asked])
    told = found(project, tmp_path / "log")
    assert set(told) == {"model"} or {finding["level"] for finding in told.values()} == {"ok"}


def _labelled(line: Row, label: str) -> Row:
    return {"id": line["id"], "label": label, "time": "2026-02-02T00:00:00.000Z"}


THEN = {"a": 3.0, "b": 1.0}


@pytest.mark.parametrize(
    ("now", "level"),
    [
        ({"a": Cost(0.30, 0.01), "b": Cost(0.10, 0.01)}, Level.OK),
        ({"a": Cost(0.30, 0.01), "b": Cost(0.20, 0.01)}, Level.WATCH),
        ({"a": Cost(0.01, 0.01), "b": Cost(0.30, 0.01)}, Level.DRIFTED),
        ({"a": Cost(0.01, 0.50), "b": Cost(0.30, 0.50)}, Level.OK),
        ({"a": Cost(0.0, 0.0), "b": Cost(-0.1, 0.0)}, Level.UNTOLD),
    ],
)
def test_shares_of_importance_are_compared_beyond_chance(now: dict[str, Cost], level: Level) -> None:
    told = list(findings(THEN, now, rows=400, rows_then=400, alpha=0.01))
    assert max(told, key=lambda finding: finding.level.weight).level is level
    assert [finding.signal for finding in told] == [finding.level is Level.DRIFTED for finding in told]


def test_without_importance_at_the_release_nothing_can_be_told() -> None:
    (told,) = findings({"a": 0.0}, {"a": Cost(1.0, 0.1)}, rows=400, rows_then=None, alpha=0.01)
    assert told.level is Level.UNTOLD
