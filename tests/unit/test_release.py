from dataclasses import replace
from typing import Any

import pytest

from mltools.core.contract_changes import Change
from mltools.core.gates import Regression, Threshold
from mltools.core.pipeline import parse_lock
from mltools.core.records import Record, parse_record
from mltools.core.release import (
    Decision,
    Direction,
    Facts,
    Latest,
    NothingToRelease,
    Plan,
    Refused,
    decide,
    digests,
    directions,
)
from mltools.core.release_record import ModelFile, Unreadable

NEW, OLD = "b" * 40, "a" * 40
LOCK = parse_lock({"schema": "2.0", "stages": {"train": {"cmd": "python train.py"}}})
FILE = ModelFile("models/model.skops", "d" * 32, "e" * 64, 4711)
RETRAINED = replace(FILE, md5="9" * 32)


def record(**changes: Any) -> Record:
    tree: dict[str, Any] = {
        "schema": 1,
        "id": "20260102T030405Z-bbbbbbbb-abcdef",
        "time": "2026-01-02T03:04:05Z",
        "seconds": 1.0,
        "commit": NEW,
        "verdict": "passed",
        "metrics": {"test.auc": 0.98, "test.loss": 0.1},
        "params": {"train.C": 1.0},
        "data": [
            {
                "path": "data/raw.csv",
                "contract": "schemas/raw.yaml",
                "md5": "1" * 32,
                "contract_md5": "2" * 32,
                "outcome": "passed",
            }
        ],
        "environment": {"python": "3.12.1", "platform": "linux", "mltools": "0.1.0"},
    }
    return parse_record({**tree, **changes}, "run.json")


def facts(run: Record, **changes: Any) -> Facts:
    known = Facts(model="tumour", file=FILE, lock_md5="f" * 32, digests=digests(run, LOCK))
    return replace(known, **changes)


def released(version: str = "v0.1.0", run: Record | None = None) -> Latest:
    """A version that was released from a run of another commit."""
    run = run or record(commit=OLD)
    plan = decide(run, None, facts(run))
    assert isinstance(plan, Plan)
    return Latest(version, OLD, replace(plan.record, version=version))


def planned(decision: Decision) -> tuple[str, str]:
    assert isinstance(decision, Plan)
    return decision.record.version, decision.record.reason


def test_the_first_release_is_v0_1_0() -> None:
    run = record()
    decision = decide(run, None, facts(run))
    assert planned(decision) == ("v0.1.0", "The first release of tumour.")
    assert isinstance(decision, Plan)
    assert decision.record.previous is None
    assert decision.record.commit == NEW
    assert decision.record.file == FILE
    assert decision.record.metrics == run.metrics
    assert decision.record.data[0].contract_md5 == "2" * 32


@pytest.mark.parametrize("verdict", ["", "failed: "])
def test_a_run_that_failed_is_refused_and_that_is_said_once(verdict: str) -> None:
    run = record(verdict="failed", summary=f"{verdict}auc-floor: test.auc is 0.5")
    assert decide(run, None, facts(run)) == Refused(
        "the verdict of run 20260102T030405Z-bbbbbbbb-abcdef is failed: auc-floor: test.auc is 0.5"
    )


def test_a_run_with_an_overridden_gate_is_released_and_its_record_says_who() -> None:
    taken = {"by": "ada", "reason": "known", "commit": "9" * 40, "how": "signature"}
    gate = {"name": "g", "kind": "threshold", "outcome": "failed", "reason": "r", "override": taken}
    run = record(gates=[gate])
    decision = decide(run, None, facts(run))
    assert isinstance(decision, Plan)
    assert [(item.gate, item.by) for item in decision.record.overrides] == [("g", "ada")]


def test_an_undecided_run_is_released_and_its_record_says_so() -> None:
    run = record(verdict="undecided")
    decision = decide(run, None, facts(run))
    assert isinstance(decision, Plan)
    assert decision.record.verdict == "undecided"


def test_the_same_model_under_the_same_contract_is_no_release() -> None:
    run = record()
    assert decide(run, released("v1.2.0"), facts(run)) == NothingToRelease(
        "v1.2.0", "the model and the data contract are the same"
    )
    same = record(commit=OLD)
    assert decide(same, released(), facts(same)) == NothingToRelease(
        "v0.1.0", "this commit is that version", here=True
    )


def test_a_fixed_bump_is_kept() -> None:
    run = record()
    for policy, version in (("patch", "v1.2.1"), ("minor", "v1.3.0"), ("major", "v2.0.0")):
        decision = decide(run, released("v1.2.0"), facts(run, file=RETRAINED, policy=policy))
        assert planned(decision) == (version, f"{policy.capitalize()}, as release.bump says.")
    changed = record(params={"train.C": 2.0})
    decision = decide(changed, released("v1.2.0"), facts(changed, file=RETRAINED, policy="patch"))
    assert planned(decision)[1] == "Patch, as release.bump says: params changed: train.C."


def test_a_contract_that_refuses_what_was_taken_is_major() -> None:
    run = record()
    changes = (Change("column 'x' was removed", "breaking"), Change("column 'y' was added", "additive"))
    decision = decide(run, released("v1.2.0"), facts(run, file=RETRAINED, changes=changes))
    assert planned(decision) == (
        "v2.0.0",
        "Major: breaks the data contract of v1.2.0: column 'x' was removed.",
    )


def test_new_data_params_or_commands_are_minor() -> None:
    base = released("v1.2.0")
    data = record().model_dump(mode="json", by_alias=True)["data"]
    fresh = record(data=[{**data[0], "md5": "7" * 32}], params={"train.C": 2.0, "train.tol": 1})
    other = parse_lock({"schema": "2.0", "stages": {"train": {"cmd": "python other.py"}}})
    known = facts(
        fresh,
        file=RETRAINED,
        digests=digests(fresh, other),
        changes=(Change("column 'y' was added", "additive"),),
    )
    assert planned(decide(fresh, base, known)) == (
        "v1.3.0",
        (
            "Minor: the data contract changed: column 'y' was added; new data in data/raw.csv; "
            "params changed: train.C, train.tol; the pipeline's stages or commands changed."
        ),
    )


def test_a_better_metric_is_minor_and_one_within_its_margin_is_a_patch() -> None:
    better = record(metrics={"test.auc": 0.99, "test.loss": 0.095})
    known = facts(
        better,
        file=RETRAINED,
        directions=(
            Direction("test.auc", "higher", 0.005),
            Direction("test.loss", "lower", 0.1, relative=True),
        ),
    )
    assert planned(decide(better, released("v1.2.0"), known)) == (
        "v1.3.0",
        "Minor: test.auc is better: 0.99, was 0.98.",
    )
    within = record(metrics={"test.auc": 0.984, "test.loss": "none"})
    decision = decide(within, released("v1.2.0"), replace(known, digests=digests(within, LOCK)))
    assert planned(decision) == (
        "v1.2.1",
        "Patch: another model from the same data, params and pipeline, and not better by its gates.",
    )


def test_an_edited_contract_that_takes_the_same_data_is_a_patch() -> None:
    data = record().model_dump(mode="json", by_alias=True)["data"]
    run = record(data=[{**data[0], "contract_md5": "8" * 32}])
    assert planned(decide(run, released("v1.2.0"), facts(run))) == (
        "v1.2.1",
        "Patch: the data contract was edited, and takes the same data as in v1.2.0.",
    )


def test_a_number_that_was_taken_back_is_not_used_again() -> None:
    run = record()
    decision = decide(run, released("v1.1.0"), facts(run, file=RETRAINED, taken=("v1.1.0", "v1.2.0")))
    assert planned(decision)[0] == "v1.2.1"
    assert planned(decide(run, None, facts(run, taken=("v0.1.0",)))) == (
        "v0.2.0",
        "No earlier version stands.",
    )


def test_a_latest_version_without_a_record_does_not_stop_a_release() -> None:
    run = record()
    bare = Latest("v1.2.0", OLD, Unreadable("its message holds no release record"))
    assert planned(decide(run, bare, facts(run))) == (
        "v1.3.0",
        "Minor: what is new since v1.2.0 cannot be told, as its message holds no release record.",
    )
    assert decide(run, replace(bare, commit=NEW), facts(run)) == NothingToRelease(
        "v1.2.0", "this commit is that version", here=True
    )


def test_a_release_candidate_is_followed_by_its_release() -> None:
    run = record()
    assert planned(decide(run, released("v2.0.0-rc.1"), facts(run, file=RETRAINED)))[0] == "v2.0.0"


def test_only_the_first_values_stand_in_the_tag_and_all_count() -> None:
    run = record(params={f"p{number}": number for number in range(1_500)})
    before = released("v1.0.0", record(commit=OLD, params={f"p{number}": number for number in range(1_499)}))
    decision = decide(run, before, facts(run, file=RETRAINED))
    assert isinstance(decision, Plan)
    assert len(decision.record.params) == 1_000
    assert decision.record.version == "v1.1.0"


@pytest.mark.parametrize("name", ["auc", "test.auc"])
def test_gates_say_which_way_is_better(name: str) -> None:
    gates = (
        Threshold(name="floor", kind="threshold", metric=name, min=0.9),
        Regression(name="kept", kind="regression", metric=name, better="higher", margin=0.01),
        Threshold(name="late", kind="threshold", metric=name, min=0.5),
        Threshold(name="cap", kind="threshold", metric="loss", max=1.0),
        Threshold(name="band", kind="threshold", metric="rate", min=0.1, max=0.9),
    )
    assert directions(gates) == (Direction(name, "higher", 0.01), Direction("loss", "lower"))
