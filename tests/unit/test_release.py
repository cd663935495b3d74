from dataclasses import replace
from typing import Any

import pytest

from mltools.core.contract_changes import Change
from mltools.core.gates import Regression, Threshold
from mltools.core.pipeline import parse_lock
from mltools.core.records import Record, parse_record
from mltools.core.release import (
    Decision,
    Facts,
    NothingToRelease,
    Plan,
    Refused,
    Wish,
    decide,
    digests,
    wish,
)
from mltools.core.release_reasons import Direction, Latest, Reason, directions
from mltools.core.release_record import ModelFile, Unreadable
from mltools.errors import UsageError

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


def test_new_data_and_features_are_minor_and_other_params_or_commands_weigh_less() -> None:
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
        "Minor: the data contract changed: column 'y' was added; new data in data/raw.csv.",
    )
    decision = decide(fresh, base, known)
    assert isinstance(decision, Plan)
    assert decision.reasons[2:] == (
        Reason("patch", "params changed: train.C, train.tol"),
        Reason("patch", "the pipeline's stages or commands changed"),
    )


def test_other_params_and_commands_alone_are_a_patch() -> None:
    run = record(params={"train.C": 2.0})
    other = parse_lock({"schema": "2.0", "stages": {"train": {"cmd": "python other.py"}}})
    known = facts(run, file=RETRAINED, digests=digests(run, other))
    assert planned(decide(run, released("v1.2.0"), known)) == (
        "v1.2.1",
        "Patch: params changed: train.C; the pipeline's stages or commands changed.",
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
        "Patch: test.auc is 0.984, was 0.98: no gain beyond its margin (0.005).",
    )
    same = record()
    decision = decide(same, released("v1.2.0"), replace(known, digests=digests(same, LOCK)))
    assert planned(decision) == (
        "v1.2.1",
        "Patch: another model from the same data, params and pipeline, and not better by its gates.",
    )


@pytest.mark.parametrize(
    ("spread", "times", "version", "said"),
    [
        (0.001, None, "v1.3.0", "beyond noise (2.8 standard deviations between seeds are 0.0028)"),
        (0.01, None, "v1.2.1", "no gain beyond its noise (2.8 standard deviations between seeds are 0.028)"),
        (0.01, 0.5, "v1.3.0", "beyond noise (0.5 standard deviations between seeds are 0.005)"),
    ],
)
def test_a_gain_must_be_larger_than_what_seeds_do(
    spread: float, times: float | None, version: str, said: str
) -> None:
    run = record(metrics={"test.auc": 0.99}, noise={"test.auc": spread})
    known = facts(run, file=RETRAINED, directions=(Direction("test.auc", "higher", noise=times),))
    decision = planned(decide(run, released("v1.2.0"), known))
    assert decision[0] == version
    assert said in decision[1]


def compared(decision: str, change: float, **changes: Any) -> dict[str, Any]:
    """A gate of kind significance as a record keeps it."""
    evidence = {
        "metric": "test.auc",
        "statistic": "roc_auc",
        "value": 0.98 + change,
        "base": 0.98,
        "interval": [change - 0.01, change + 0.01],
        "level": 0.95,
        "margin": 0.0,
        "verdict": decision,
        "not_worse": True,
        "p_value": 0.01,
        "p_adjusted": 0.01,
        "rows": 500,
        "paired": True,
        "method": "DeLong",
        "test": "DeLong",
        "needed": None,
        "note": "",
    }
    gate = {"name": "sure", "kind": "significance", "outcome": "passed", "reason": "r"}
    return {**gate, "evidence": {**evidence, **changes}}


@pytest.mark.parametrize(
    ("decision", "version", "said"),
    [
        ("better", "v1.3.0", ": better beyond noise."),
        ("cannot tell", "v1.2.1", ", which is no gain beyond noise."),
    ],
)
def test_a_test_on_the_predictions_against_the_version_before_decides_what_is_better(
    decision: str, version: str, said: str
) -> None:
    base = {"commit": OLD, "ref": "main", "how": "record"}
    run = record(metrics={"test.auc": 0.99}, base=base, gates=[compared(decision, 0.01)])
    known = facts(run, file=RETRAINED, directions=(Direction("test.auc", "higher"),))
    number, reason = planned(decide(run, released("v1.2.0"), known))
    assert number == version
    assert "test.auc went from 0.98 to 0.99: +0.01 [+0, +0.02] (95 % interval, 500 rows, paired)" in reason
    assert reason.endswith(said)


def test_a_test_against_another_base_or_one_that_is_broken_says_nothing() -> None:
    base = {"commit": "c" * 40, "ref": "main", "how": "record"}
    at = {"commit": OLD, "ref": "main", "how": "record"}
    for changes in (
        {"base": base, "gates": [compared("cannot tell", 0.01)]},
        {"base": at, "gates": [compared("cannot tell", 0.01, interval="none")]},
    ):
        run = record(metrics={"test.auc": 0.99}, **changes)
        known = facts(run, file=RETRAINED, directions=(Direction("test.auc", "higher"),))
        assert (
            planned(decide(run, released("v1.2.0"), known))[1] == "Minor: test.auc is better: 0.99, was 0.98."
        )


def test_a_number_may_be_asked_for_and_the_reason_still_says_what_changed() -> None:
    run = record(params={"train.C": 2.0})
    known = facts(run, file=RETRAINED, taken=("v1.2.0",), wish=wish("2.0.0", None, None))
    assert planned(decide(run, released("v1.2.0"), known)) == (
        "v2.0.0",
        "v2.0.0 was asked for. Patch: params changed: train.C.",
    )
    first = facts(run, wish=wish("v1.0.0-rc.1", None, None))
    assert planned(decide(run, None, first))[0] == "v1.0.0-rc.1"


def test_a_candidate_becomes_final_with_the_same_model() -> None:
    run = record()
    known = facts(run, taken=("v1.0.0", "v2.0.0-rc.1"), wish=wish("2.0.0", None, None))
    assert planned(decide(run, released("v2.0.0-rc.1"), known)) == (
        "v2.0.0",
        "v2.0.0 was asked for. Patch: the same model under the same data contract as v2.0.0-rc.1.",
    )


def test_a_number_below_the_highest_needs_a_reason_and_one_that_was_given_is_refused() -> None:
    run = record()
    known = facts(run, file=RETRAINED, taken=("v1.2.0", "v2.0.0"))
    with pytest.raises(UsageError, match=r"v1\.2\.1 is not above v2\.0\.0"):
        decide(run, released("v1.2.0"), replace(known, wish=wish("1.2.1", None, None)))
    told = replace(known, wish=wish("1.2.1", None, "for those\nwho stay"))
    assert planned(decide(run, released("v1.2.0"), told))[1].startswith(
        "v1.2.1 was asked for (for those who stay). Patch: "
    )
    with pytest.raises(UsageError, match=r"v2\.0\.0 is another commit's version already"):
        decide(run, released("v1.2.0"), replace(known, wish=wish("2.0.0", None, "again")))


def test_candidates_are_counted() -> None:
    run = record()
    for taken, number in (
        (("v1.2.0",), "v1.2.1-rc.1"),
        (("v1.2.0", "v1.2.1-rc.9", "v1.2.1-rc.10"), "v1.2.1-rc.11"),
        (("v1.2.0", "v1.2.1-rc.x"), None),
        (("v1.2.0", "v1.2.1-zz.1"), None),
    ):
        known = facts(run, file=RETRAINED, taken=taken, wish=wish(None, "rc", None))
        if number is None:
            with pytest.raises(UsageError, match="would not be above"):
                decide(run, released("v1.2.0"), known)
        else:
            assert planned(decide(run, released("v1.2.0"), known))[0] == number


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("2.0", None, None), "'2.0' is no version"),
        (("2.0.0+build", None, None), "is no version"),
        (("v2.0.0; rm -rf /", None, None), "is no version"),
        (("٢.0.0", None, None), "is no version"),
        (("", None, None), "'' is no version"),
        (("2.0.0", "rc", None), "give --version or --pre"),
        ((None, "1", None), "'1' names no pre-release"),
        ((None, "r c", None), "names no pre-release"),
        ((None, None, "why"), "belongs to a number that is asked for"),
        (("2.0.0", None, " "), "the reason is empty"),
    ],
)
def test_what_cannot_be_a_number_is_wrong_use(
    given: tuple[str | None, str | None, str | None], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        wish(*given)
    assert wish(None, None, None) == Wish()


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
    assert decision.record.version == "v1.0.1"


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
