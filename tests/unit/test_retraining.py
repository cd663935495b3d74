"""Whether to train again: every reason, everything that holds it back, and what may be merged without a person."""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from mltools.core.config import parse_config
from mltools.core.events import Event, Kind, event
from mltools.core.records import Record
from mltools.core.retrain_handover import (
    Handover,
    Why,
    branch_of,
    commit_message,
    marker,
    parse_handover,
    pull_request_body,
    seal,
    sealed,
)
from mltools.core.retrain_policy import Retrain
from mltools.core.retraining import (
    Attempt,
    DataState,
    Released,
    Situation,
    Wish,
    as_markdown,
    attempt_of,
    decide,
    non_inferior,
    same_result,
)
from mltools.errors import ConfigError, DataError
from tests.stored import make_record

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
OLD = Released("v1.2.0", NOW - timedelta(days=40), "a" * 32, "1" * 32)
SAME = (DataState("data/raw.csv", "b" * 32, "b" * 32),)
OTHER = (DataState("data/raw.csv", "c" * 32, "b" * 32),)


def check(state: str = "drifted", **changes: Any) -> Event:
    given = {"hours": 1, "version": "v1.2.0", "stage": "prod", "advice": "retrain", **changes}
    return event(
        Kind.MONITOR,
        "toy",
        when=NOW - timedelta(hours=given["hours"]),
        version=given["version"],
        stage=given["stage"],
        reason="size drifted in 500 requests",
        details={
            "state": state,
            "advice": given["advice"],
            "signals": ["feature:size"],
            "window": given.get("window"),
        },
    )


def situation(**changes: Any) -> Situation:
    given: dict[str, Any] = {"released": OLD, "data": SAME, "inputs": "2" * 32}
    return Situation(model="toy", now=NOW, **{**given, **changes})


def attempt(hours: float, state: str = "proposed", **changes: Any) -> Attempt:
    return Attempt(NOW - timedelta(hours=hours), state, **changes)


class TestReasons:
    def test_without_any_nothing_is_done_and_each_is_told(self) -> None:
        found = decide(Retrain(every="90d"), situation())
        assert not found.retrain
        assert found.sentence == (
            "not now: no check of what serves is known; the data are those of v1.2.0; v1.2.0 is 40 days old, and may be 90d"
        )
        assert found.until is None

    def test_drift_that_the_newest_check_advises_to_train_for(self) -> None:
        found = decide(Retrain(), situation(checks=(check(),)))
        assert found.retrain
        assert found.sentence == (
            "retrain: v1.2.0 in prod is drifted (2026-05-01 11:00Z): size drifted in 500 requests"
        )
        (reason,) = found.reasons
        assert reason.evidence["signals"] == ["feature:size"]
        assert reason.evidence["check"] == check().id

    def test_the_newest_check_of_a_stage_counts_and_no_older_one(self) -> None:
        assert not decide(Retrain(), situation(checks=(check(hours=5), check("healthy")))).retrain
        assert decide(Retrain(), situation(checks=(check("healthy", hours=5), check()))).retrain
        assert decide(Retrain(), situation(checks=(check(), check("healthy", stage="staging")))).retrain

    def test_of_two_checks_the_one_of_the_later_window_is_the_newer(self) -> None:
        """Somebody looks at the odd day of last week once more."""
        then, now = ({"end": (NOW - timedelta(hours=hours)).isoformat()} for hours in (170, 5))
        looked_back = (check("healthy", hours=5, window=now), check(hours=1, window=then))
        assert not decide(Retrain(), situation(checks=looked_back)).retrain

    @pytest.mark.parametrize("state", ["healthy", "watch", "broken", "undecided"])
    def test_no_other_verdict_is_a_reason(self, state: str) -> None:
        found = decide(Retrain(), situation(checks=(check(state),)))
        assert not found.retrain
        assert f"says {state}" in found.sentence

    def test_drift_that_the_check_advises_to_look_into_is_one_only_where_the_policy_says_so(self) -> None:
        seen = situation(checks=(check(advice="investigate"),))
        assert "advises to investigate" in decide(Retrain(), seen).sentence
        assert decide(Retrain(drift="drifted"), seen).retrain

    def test_drift_in_another_stage_than_the_policys_is_none(self) -> None:
        seen = situation(checks=(check(stage="staging"),))
        assert "no check of what serves in prod" in decide(Retrain(stage="prod"), seen).sentence
        assert decide(Retrain(stage="staging"), seen).retrain

    def test_drift_of_a_version_that_a_newer_one_replaces_asks_for_a_promotion(self) -> None:
        found = decide(Retrain(), situation(checks=(check(version="v1.1.9"),)))
        assert not found.retrain
        assert "v1.2.0 was released since: promote it" in found.sentence

    def test_a_check_that_somebody_else_wrote_is_no_reason(self) -> None:
        odd = event(Kind.MONITOR, "toy", when=NOW, details={"state": ["drifted"], "advice": 7})
        assert not decide(Retrain(), situation(checks=(odd,))).retrain

    def test_data_that_are_not_those_of_the_release(self) -> None:
        found = decide(Retrain(), situation(data=OTHER))
        assert found.sentence == "retrain: data/raw.csv is not what v1.2.0 was trained with"
        assert not decide(Retrain(when=("drift",)), situation(data=OTHER)).retrain

    def test_data_of_which_nothing_can_be_told_are_no_reason(self) -> None:
        unknown = (DataState("s3://bucket/raw.csv", None, "b" * 32),)
        assert not decide(Retrain(), situation(data=unknown)).retrain

    def test_a_data_set_that_the_release_had_not(self) -> None:
        more = (*SAME, DataState("data/more.csv", "d" * 32, None))
        assert (
            "data/more.csv is no data set that v1.2.0 had" in decide(Retrain(), situation(data=more)).sentence
        )

    def test_age(self) -> None:
        found = decide(Retrain(every="30d"), situation())
        assert found.sentence == "retrain: v1.2.0 is 40 days old; retrain.every is 30d"
        assert not decide(Retrain(every="40d"), situation()).retrain

    def test_before_the_first_release_only_a_person_is_one(self) -> None:
        nothing = situation(released=None, data=(DataState("data/raw.csv", "c" * 32, None),))
        assert "nothing is released yet" in decide(Retrain(every="30d"), nothing).sentence
        wish = situation(released=None, wish=Wish("a new\nsensor"))
        assert decide(Retrain(), wish).sentence == "retrain: asked for by hand: a new sensor"

    def test_all_of_them_are_told(self) -> None:
        found = decide(Retrain(every="30d"), situation(data=OTHER, checks=(check(),), wish=Wish("now")))
        assert [reason.kind for reason in found.reasons] == ["drift", "data", "schedule", "hand"]


class TestBrakes:
    def test_a_cool_down_says_until_when(self) -> None:
        found = decide(Retrain(), situation(data=OTHER, attempts=(attempt(2), attempt(60))))
        assert not found.retrain
        assert found.until == NOW + timedelta(hours=22)
        assert found.sentence == (
            "not now: the last retraining was 2 hours ago, and retrain.cooldown_hours is 24: not before 2026-05-02 10:00Z"
        )
        assert decide(Retrain(cooldown_hours=2), situation(data=OTHER, attempts=(attempt(2),))).retrain
        assert decide(Retrain(cooldown_hours=0), situation(data=OTHER, attempts=(attempt(0),))).retrain

    @pytest.mark.parametrize("state", ["proposed", "pushed", "unchanged", "failed"])
    def test_every_attempt_counts_whatever_came_of_it(self, state: str) -> None:
        assert not decide(Retrain(), situation(data=OTHER, attempts=(attempt(2, state),))).retrain

    def test_one_that_a_wrong_clock_dated_ahead_counts(self) -> None:
        assert not decide(Retrain(), situation(data=OTHER, attempts=(attempt(-100),))).retrain
        sentence = decide(Retrain(), situation(data=OTHER, attempts=(attempt(-5),))).sentence
        assert "the last retraining is dated 5 hours from now (a clock is wrong)" in sentence

    def test_a_budget_says_when_the_next_one_may_be(self) -> None:
        done = tuple(attempt(24 * days) for days in (2, 10, 29, 31, 60))
        found = decide(Retrain(budget=3), situation(data=OTHER, attempts=done))
        assert "the budget is spent: 3 retrainings in 30 days" in found.sentence
        assert found.until == NOW + timedelta(days=1)
        assert decide(Retrain(budget=4), situation(data=OTHER, attempts=done)).retrain

    def test_a_merge_is_no_attempt_and_one_commit_is_one_attempt(self) -> None:
        one = "a" * 40
        done = (attempt(50, commit=one), attempt(49, commit=one), attempt(48, "merged", commit=one))
        assert decide(Retrain(budget=2), situation(data=OTHER, attempts=done)).retrain

    def test_both_are_told_and_the_later_moment_counts(self) -> None:
        done = (attempt(1), attempt(24))
        found = decide(Retrain(budget=2), situation(data=OTHER, attempts=done))
        assert len(found.against) == 2
        assert found.until == NOW + timedelta(days=29)

    def test_unchanged_inputs_would_give_the_same_model(self) -> None:
        found = decide(Retrain(), situation(checks=(check(),), inputs=OLD.inputs))
        assert not found.retrain
        assert "data, code and params are those of v1.2.0, of which the pipeline makes the same model" in (
            found.sentence
        )
        assert found.until is None, "time alone changes nothing about it"

    def test_what_was_proposed_already_is_not_proposed_again(self) -> None:
        done = (attempt(100, inputs="2" * 32, where="https://example.com/pull/7"),)
        found = decide(Retrain(), situation(data=OTHER, attempts=done))
        assert (
            "nothing has changed since the retraining of 2026-04-27 08:00Z (proposed in https"
            in found.sentence
        )

    def test_what_failed_is_tried_again_once_it_has_cooled_down(self) -> None:
        done = (attempt(100, "failed", inputs="2" * 32),)
        assert decide(Retrain(), situation(data=OTHER, attempts=done)).retrain

    def test_what_was_refused_half_way_is_completed_at_once_and_not_for_ever(self) -> None:
        once = (attempt(1, "stopped", inputs="2" * 32),)
        assert decide(Retrain(budget=3), situation(data=OTHER, attempts=once)).retrain
        found = decide(Retrain(budget=3), situation(data=OTHER, attempts=once * 3))
        assert "the budget is spent: 3 retrainings" in found.sentence

    def test_force_overrules_all_of_it_and_says_so(self) -> None:
        done = (attempt(1, inputs="2" * 32),)
        found = decide(Retrain(budget=1), situation(data=OTHER, attempts=done, wish=Wish(force=True)))
        assert found.retrain
        assert sum(note.startswith("overruled by --force: ") for note in found.notes) == 3
        alone = decide(Retrain(), situation(wish=Wish(force=True)))
        assert alone.sentence == "retrain: asked for by hand with --force"

    def test_a_wish_without_force_waits_like_any_other_reason(self) -> None:
        assert not decide(Retrain(), situation(wish=Wish("please"), attempts=(attempt(1),))).retrain


def test_a_jobs_page_shows_the_decision_and_no_markup_of_others() -> None:
    text = as_markdown("toy", decide(Retrain(), situation(wish=Wish("<b>@ada</b>"), attempts=(attempt(1),))))
    assert text.startswith("### Not retraining toy\n\n- because asked for by hand: ")
    assert "<b>" not in text
    assert "@ada" not in text
    assert "- **not now:** the last retraining was 60 minutes ago" in text


@pytest.mark.parametrize(
    "details", [{}, {"state": 1}, {"state": "proposed-ish"}, {"state": None, "commit": "x"}]
)
def test_an_event_of_somebody_elses_is_no_attempt(details: dict[str, Any]) -> None:
    assert attempt_of(event(Kind.RETRAIN, "toy", when=NOW, details=details)) is None


def test_an_attempt_is_read_out_of_its_event_whatever_else_it_holds() -> None:
    made = event(Kind.RETRAIN, "toy", when=NOW, details={"state": "failed", "commit": 7, "inputs": "ab"})
    assert attempt_of(made) == Attempt(NOW, "failed", "ab", None, None)


def judged(*gates: tuple[str, str], **changes: Any) -> Record:
    made = [
        {"name": f"gate-{index}", "kind": kind, "outcome": outcome, "reason": "because"}
        for index, (kind, outcome) in enumerate(gates)
    ]
    return make_record("a" * 40, **{"gates": made, "gates_from": "base", "verdict": "passed", **changes})


class TestMerging:
    def test_what_every_comparing_gate_passed_is_not_worse(self) -> None:
        found = judged(("threshold", "passed"), ("regression", "passed"), ("significance", "passed"))
        assert non_inferior(found) == (True, "not worse than the base: gate-1, gate-2 passed")

    @pytest.mark.parametrize(
        ("record", "why"),
        [
            (judged(("regression", "passed"), verdict="undecided"), "the verdict is undecided"),
            (judged(("regression", "failed"), verdict="failed"), "the verdict is failed"),
            (judged(("threshold", "passed")), "no regression or significance gate"),
            (judged(), "no regression or significance gate"),
            (judged(("regression", "passed"), ("significance", "undecided")), "gate gate-1 is undecided"),
            (judged(("regression", "skipped")), "gate gate-0 is skipped"),
            (judged(("regression", "passed"), dirty=True), "changes that its commit does not hold"),
            (judged(("regression", "passed"), gates_from="head"), "no gates that could have judged it"),
            (judged(("regression", "passed"), gates_changed=True), "the gates have changed since the base"),
        ],
    )
    def test_anything_else_waits_for_a_person(self, record: Record, why: str) -> None:
        may, said = non_inferior(record)
        assert not may
        assert why in said

    def test_nor_is_what_somebody_took_on_themselves(self) -> None:
        gate = {
            "name": "kept", "kind": "regression", "outcome": "failed", "reason": "worse",
            "override": {"by": "ada", "reason": "so be it", "commit": "a" * 40, "how": "ssh"},
        }  # fmt: skip
        assert non_inferior(judged(gates=[gate])) == (False, "gate kept failed and was overridden by ada")


def test_the_same_model_or_no_new_file_is_nothing_to_propose() -> None:
    assert "the same model came out as v1.2.0" in (same_result(("dvc.lock",), OLD, OLD.md5, "b" * 40) or "")
    assert "what bbbbbbbb holds already" in (same_result((), OLD, "f" * 32, "b" * 40) or "")
    assert same_result(("dvc.lock",), OLD, "f" * 32, "b" * 40) is None
    assert same_result(("dvc.lock",), None, None, "b" * 40) is None


class TestHandover:
    HANDED = Handover(
        model="toy",
        base="a" * 40,
        state="trained",
        why="passed",
        reasons=(Why(kind="drift", sentence="size | drifted @ada", evidence={"signals": ["feature:size"]}),),
        inputs="2" * 32,
        commit="b" * 40,
        files=("dvc.lock",),
    )

    def test_it_is_read_as_it_was_written(self) -> None:
        assert parse_handover(self.HANDED.as_json(), "retrain.json") == self.HANDED

    @pytest.mark.parametrize(
        ("change", "where"),
        [
            ({"schema": 2}, "schema"),
            ({"model": "toy\nSeal: x"}, "model"),
            ({"base": "main"}, "base"),
            ({"state": "merged"}, "state"),
            ({"why": "x" * 5_000}, "why"),
            ({"extra": 1}, "extra"),
            ({"files": ["x"] * 2_000}, "files"),
            ({"reasons": [{"kind": "drift"}]}, "reasons.0.sentence"),
        ],
    )
    def test_what_it_may_not_be_is_named(self, change: dict[str, Any], where: str) -> None:
        with pytest.raises(DataError, match=where):
            parse_handover({**self.HANDED.as_json(), **change}, "retrain.json")

    @pytest.mark.parametrize("tree", [None, [], "x", 7])
    def test_nor_anything_that_is_no_object(self, tree: Any) -> None:
        with pytest.raises(DataError):
            parse_handover(tree, "retrain.json")

    def test_the_pull_request_says_why_and_nothing_in_it_is_markup(self) -> None:
        text = pull_request_body(self.HANDED, judged(("regression", "passed")), "Merging it is up to you.")
        assert text.startswith(marker("toy") + "\n")
        assert "size \\| drifted" in text
        assert "@ada" not in text
        assert "feature:size" in text
        assert "Merging it is up to you" in text

    def test_a_marker_closes_no_comment(self) -> None:
        assert marker("a-->b").count("-->") == 1


class TestSeal:
    FILES: ClassVar[dict[str, bytes]] = {"dvc.lock": b"lock", "metrics.json": b"{}"}

    def test_a_commit_of_ours_names_its_base_and_what_it_added(self) -> None:
        message = commit_message("toy", "a" * 40, self.FILES)
        assert sealed(message) == ("a" * 40, seal("a" * 40, self.FILES))
        assert sealed(message + "Signed-off-by: Ada\n") is None, "somebody wrote more"

    @pytest.mark.parametrize(
        "files", [{}, {"dvc.lock": b"lock"}, {**FILES, "x": b""}, {**FILES, "dvc.lock": b"lock2"}]
    )
    def test_other_files_have_another_seal(self, files: dict[str, bytes]) -> None:
        assert seal("a" * 40, files) != seal("a" * 40, self.FILES)
        assert seal("b" * 40, self.FILES) != seal("a" * 40, self.FILES)


def test_no_two_models_share_a_branch() -> None:
    models = ("toy", "eu:toy", "eu/north:toy", "eu-toy", "eu-north:toy")
    assert len({branch_of(model) for model in models}) == len(models)
    assert branch_of("toy") == "mltools/retrain-toy"


@pytest.mark.parametrize("schedule", ["17 4 * * *", "*/15 0-6,20 1 JAN *", "0 5 * * MON-FRI", "0 0 29 2 0"])
def test_a_schedule_is_a_cron_expression(schedule: str) -> None:
    assert parse_config({"schema": 1, "retrain": {"schedule": schedule}}).retrain.schedule == schedule  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"when": ["drift", "drift"]}, "retrain.when"),
        ({"when": ["weather"]}, "retrain.when"),
        ({"cooldown_hours": -1}, "retrain.cooldown_hours"),
        ({"cooldown_hours": "soon"}, "retrain.cooldown_hours"),
        ({"budget": 0}, "retrain.budget"),
        ({"every": "often"}, "retrain.every"),
        ({"merge": "always"}, "retrain.merge"),
        ({"schedule": "* * * * * ; rm -rf /"}, "retrain.schedule"),
        ({"schedule": "every day"}, "is no cron expression of five fields"),
        ({"schedule": "61 4 * * *"}, "'61' is no minute (0 to 59)"),
        ({"schedule": "0 20-6 * * *"}, "'20-6' is no hour"),
        ({"schedule": "0 4 * * MON-FUN"}, "'MON-FUN' is no weekday"),
        ({"schedule": "*/0 4 * * *"}, "'*/0' is no minute"),
        ({"stage": "prod/"}, "retrain.stage"),
        ({"budgets": 3}, "did you mean 'budget'"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(section: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config({"schema": 1, "retrain": section})
    assert problem in caught.value.message.replace("retrain[", "retrain.")
