"""MLflow's file store as values: names that are paths, metrics by steps, what no record can hold."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltools.core import mlflow_store as store
from mltools.core.imported import Foreign, Whence, as_record, run_id
from mltools.errors import ConfigError
from tests.stored import make_record

META: dict[str, Any] = {
    "run_id": "r1",
    "run_name": "first",
    "start_time": 1_767_323_040_000,
    "end_time": 1_767_323_045_000,
}
WHENCE = Whence("c" * 40, "import", "0.1.0")


def test_a_run_is_read_with_the_last_step_of_each_metric() -> None:
    run = store.read_run(
        META,
        {
            "metrics/auc": "1 0.5 0\n3 0.7 2\n2 0.6 1\n",
            "metrics/train/loss": "1 0.25\n",
            "params/n": "100",
            "tags/mlflow.source.git.commit": "c" * 40,
        },
    )
    assert run.metrics == {"auc": 0.7, "train/loss": 0.25}
    assert run.params == {"n": 100}
    assert (run.time, run.seconds, run.name) == ("2026-01-02T03:04:05Z", 5.0, "first")
    assert run.lost == ()


@pytest.mark.parametrize(
    ("meta", "why"),
    [
        (None, "no document of keys and values"),
        ([], "no document"),
        ({}, "names no run_id"),
        ({**META, "run_id": "../../etc"}, "names no run_id"),
        ({**META, "run_id": 5}, "names no run_id"),
        ({**META, "lifecycle_stage": "deleted"}, "it was deleted"),
        ({**META, "end_time": None}, "it has not ended"),
        ({**META, "end_time": "soon"}, "it has not ended"),
        ({**META, "end_time": True}, "it has not ended"),
        ({**META, "end_time": 10**30}, "it has not ended"),
        ({**META, "end_time": -5}, "it has not ended"),
    ],
)
def test_what_is_no_finished_run_is_refused(meta: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        store.read_run(meta, {})


@pytest.mark.parametrize("text", ["", "x", "1 nan 0", "1 inf 0", "1 x 0", "1 2 3 4", "1 1e999 0", "\0 1 0"])
def test_a_metric_that_is_no_number_is_lost_with_its_reason(text: str) -> None:
    run = store.read_run(META, {"metrics/m": text, "metrics/good": "1 0.5 0"})
    assert run.metrics == {"good": 0.5}
    assert run.lost[0].startswith("metric m: ")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("-3", -3), ("0.1", 0.1), ("1e-3", 0.001), ("True", True), ("false", False), ("None", None),
        ("", ""), ("1e999", "1e999"), ("nan", "nan"), ("1_000", "1_000"), ("0x10", "0x10"), ("lbfgs", "lbfgs"),
        ("[1, 2]", "[1, 2]"), ("9" * 40, float("9" * 40)), ("\N{ARABIC-INDIC DIGIT ONE}x", "\N{ARABIC-INDIC DIGIT ONE}x"),
    ],
)  # fmt: skip
def test_params_get_their_types_back(text: str, value: object) -> None:
    found = store.typed(text)
    assert (found, type(found)) == (value, type(value))


@given(st.dictionaries(st.text(max_size=300), st.integers(0, 9), max_size=12))
def test_every_name_becomes_a_path_of_its_own_inside(values: dict[str, int]) -> None:
    record = make_record(params={name: value for name, value in values.items() if len(name) <= 300})
    paths = [path for path in store.run_files(record, "1", "file:///x") if path.startswith("params/")]
    assert len(paths) == len(values)
    for path in paths:
        assert not {"", ".", ".."} & set(path.split("/"))
        assert all(len(part.encode()) <= 255 for part in path.split("/"))
        assert not any(other.startswith(f"{path}/") for other in paths)


def test_metrics_that_are_no_numbers_become_tags() -> None:
    files = store.run_files(make_record(metrics={"a": 1, "b": True, "c": "x", "d": None}), "1", "file:///x")
    assert [path for path in files if path.startswith("metrics/")] == ["metrics/a"]
    assert files["tags/mltools.metric.b"] == "True"


def test_a_foreign_run_is_undecided_and_dirty_unless_its_commit_is_clean() -> None:
    record = as_record(Foreign("MLflow", "k", "run x", "2026-01-02T03:04:05Z", metrics={"a": 0.5}), WHENCE)
    assert (record.verdict, record.dirty, record.trigger, record.inputs) == (
        "undecided",
        True,
        "import",
        None,
    )
    assert record.id == run_id(Foreign("MLflow", "k", "other", "2026-01-02T03:04:05Z"), "c" * 40)
    clean = Whence("c" * 40, "import", "0.1.0", clean=True)
    assert not as_record(Foreign("MLflow", "k", "run x", "2026-01-02T03:04:05Z"), clean).dirty


def test_what_a_record_cannot_hold_stands_in_its_warnings() -> None:
    found = Foreign(
        "MLflow",
        "k",
        "run\n\u202e" + "x" * 900,
        "2026-01-02T03:04:05Z",
        metrics={"a": float("nan"), "b" * 600: 1, "": 2, "good": 3},
        lost=tuple(f"metric {each}" for each in range(300)),
    )
    record = as_record(found, WHENCE)
    assert record.metrics == {"good": 3}
    assert len(record.warnings) == 100
    assert "\u202e" not in record.summary


@pytest.mark.parametrize(
    "changes",
    [{"metrics": {f"m{each}": each for each in range(20_001)}}, {"time": "yesterday"}, {"seconds": -1.0}],
)
def test_a_run_that_fits_no_record_is_refused_by_its_name(changes: dict[str, Any]) -> None:
    found = replace(Foreign("MLflow", "k", "run x of y", "2026-01-02T03:04:05Z"), **changes)
    with pytest.raises(ConfigError, match="run x of y: not a run record"):
        as_record(found, WHENCE)
