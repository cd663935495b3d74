"""Whether a record fits what lies beside it and its commit: decisions on values."""

from dataclasses import replace
from typing import Any

import pytest

from mltools.core.audit import Audit, Finding, Held, Kept, Source, judge, lines, wanted
from mltools.core.records import Record
from mltools.core.report.text import plain
from mltools.core.stages import Lock, LockedFile, LockedStage, OutputSpec, Pipeline, StageSpec
from tests.stored import make_record

MODEL, METRICS, CODE, DATA = "1" * 32, "2" * 32, "3" * 32, "4" * 32
PIPELINE = Pipeline(
    stages=(
        StageSpec("prepare", "p", outs=(OutputSpec("data.csv"),)),
        StageSpec(
            "train", "t", deps=("train.py", "data.csv"), outs=(OutputSpec("model"), OutputSpec("m.json"))
        ),
    ),
    metrics=("m.json",),
)
LOCK = Lock(
    {
        "prepare": LockedStage("prepare", "p", outs=(LockedFile("data.csv", DATA),), md5="a" * 32),
        "train": LockedStage(
            "train",
            "t",
            deps=(LockedFile("train.py", CODE), LockedFile("data.csv", DATA)),
            outs=(LockedFile("model", MODEL), LockedFile("m.json", METRICS)),
            md5="b" * 32,
        ),
    }
)
HELD = Held(LOCK, {"m.json": Kept(METRICS, {"auc": 0.9, "n": 5})})
SOURCE = Source("e" * 32, PIPELINE, {"train.py": frozenset({CODE})})


def record(**changes: Any) -> Record:
    return make_record(
        **{
            "inputs": "e" * 32,
            "metrics": {"auc": 0.9, "n": 5},
            "stages": [
                {"name": "prepare", "state": "cached", "md5": "a" * 32},
                {"name": "train", "state": "ran", "md5": "b" * 32},
            ],
            "outputs": [{"path": "model", "md5": MODEL}, {"path": "m.json", "md5": METRICS}],
            **changes,
        }
    )


def test_a_record_that_fits_gives_no_finding() -> None:
    assert list(judge(record(), HELD, SOURCE, "run")) == []


@pytest.mark.parametrize(
    ("said", "held", "source", "message"),
    [
        (
            {"inputs": "f" * 32},
            HELD,
            SOURCE,
            "it speaks of inputs ffffffffff; the files of commit cccccccccc",
        ),
        ({"metrics": {"auc": 0.91, "n": 5}}, HELD, SOURCE, "auc is 0.91 in the record, 0.9 in m.json"),
        ({"metrics": {"auc": 0.9}}, HELD, SOURCE, "n is None in the record, 5 in m.json"),
        ({"metrics": {"auc": 0.9, "n": "5"}}, HELD, SOURCE, "n is 5 in the record"),
        (
            {"outputs": [{"path": "model", "md5": "9" * 32}]},
            HELD,
            SOURCE,
            "model was recorded with MD5 9999999999",
        ),
        ({"outputs": [{"path": "gone", "md5": MODEL}]}, HELD, SOURCE, "the dvc.lock beside it has none"),
        ({}, replace(HELD, lock=None), SOURCE, "no such stage"),
        (
            {},
            replace(HELD, kept={"m.json": Kept("7" * 32, {"auc": 0.9, "n": 5})}),
            SOURCE,
            "its dvc.lock says 222",
        ),
        (
            {},
            HELD,
            replace(SOURCE, md5s={"train.py": frozenset({"8" * 32})}),
            "commit cccccccccc holds with another",
        ),
        (
            {"stages": [{"name": "train", "state": "ran", "md5": "0" * 32}]},
            HELD,
            SOURCE,
            "stage train was recorded as 0000000000; the dvc.lock beside it has bbbbbbbbbb",
        ),
    ],
)
def test_what_does_not_fit_is_said(said: dict[str, Any], held: Held, source: Source, message: str) -> None:
    found = list(judge(record(**said), held, source, "run"))
    assert any(message in one.message for one in found), found
    assert {one.place for one in found} == {"run"}


def test_a_dirty_record_is_held_to_its_own_lock_only() -> None:
    assert list(judge(record(dirty=True, inputs=None, metrics={"auc": 0.1}), HELD, SOURCE, "run")) == []
    assert list(judge(record(dirty=True, inputs=None), Held(None), SOURCE, "run")) != []


def test_a_run_that_never_trained_has_nothing_to_fit() -> None:
    broken = record(metrics={}, stages=[], outputs=[], verdict="failed")
    assert list(judge(broken, HELD, SOURCE, "run")) == []


def test_a_metric_of_two_files_is_looked_up_by_its_file() -> None:
    held = Held(LOCK, {"m.json": Kept(METRICS, {"auc": 0.9})})
    assert list(judge(record(metrics={"m.json:auc": 0.9, "o.json:auc": 0.1}), held, SOURCE, "run")) == []
    assert list(judge(record(metrics={"m.json:auc": 0.2, "o.json:auc": 0.9}), held, SOURCE, "run")) != []


def test_only_sources_of_stages_that_are_not_frozen_are_asked_of_git() -> None:
    assert wanted(record(), LOCK, PIPELINE) == ("train.py",)
    frozen = replace(PIPELINE, stages=tuple(replace(stage, frozen=True) for stage in PIPELINE.stages))
    assert wanted(record(), LOCK, frozen) == ()


def test_many_findings_are_cut_and_counted() -> None:
    audit = Audit("a" * 40, 2, 1, 0, 1, tuple(Finding("chain", f"c{each}", "x") for each in range(60)))
    told = lines(audit, plain)
    assert len(told) == 52
    assert told[-2] == "... and 10 more; --json has them all"
    assert told[-1].endswith("60 findings (2 commits, 1 run, 0 events, 1 release)")


def test_what_a_record_says_cannot_forge_a_line() -> None:
    told = lines(Audit("a" * 40, findings=(Finding("chain", "x\npassed: all is well\u202e", "y"),)), plain)
    assert len(told) == 2
    assert "\n" not in told[0]
    assert "\u202e" not in told[0]
