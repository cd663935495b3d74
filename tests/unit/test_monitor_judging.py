"""From what was measured to a verdict and to what is to be done."""

from collections.abc import Sequence
from typing import Any

import pytest
from scipy.stats import binom

from mltools.core.monitor.findings import (
    Assessment,
    Broken,
    Finding,
    Level,
    Measured,
    Shift,
    Traffic,
    Verdict,
    Window,
)
from mltools.core.monitor.judging import Seen, Subject, advise, assess
from mltools.core.monitor.policy import Latency, Monitor, Persistence, Quality
from mltools.core.monitor.view import as_markdown, as_text

SUBJECT = Subject("toy", "v1.0.0", "prod", Window("2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"))
BUSY = Traffic(rows=1_000, answered=1_000, timed=1_000, within=990)
ONCE = Monitor(persistence=Persistence(windows=1, of=1))


def shift(name: str, level: Level, **more: Any) -> Shift:
    return Shift(
        f"feature:{name}", name, "number", psi=0.5, noise=0.02, test="ks", q_value=0.001, level=level, **more
    )


def judged(
    *shifts: Shift, before: Sequence[frozenset[str]] = (), policy: Monitor = ONCE, **seen: Any
) -> Assessment:
    return assess(SUBJECT, Seen(**{"traffic": BUSY, "shifts": shifts, **seen}), policy, before)


def test_nothing_to_tell_is_healthy() -> None:
    found = judged(shift("x", Level.OK))
    assert (found.verdict, found.advice, found.summary) == (
        Verdict.HEALTHY,
        "none",
        "nothing to tell of 1,000 requests",
    )
    assert not found.verdict.alarming


@pytest.mark.parametrize(
    ("level", "verdict"),
    [(Level.WATCH, "watch"), (Level.DRIFTED, "drifted"), (Level.BROKEN, "broken"), (Level.UNTOLD, "healthy")],
)
def test_the_gravest_finding_decides(level: Level, verdict: str) -> None:
    assert judged(shift("x", Level.OK), shift("y", level)).verdict.value == verdict


@pytest.mark.parametrize(
    ("before", "verdict"),
    [
        ((), "watch"),
        (({"feature:x"},), "drifted"),
        ((set(), {"feature:x"}), "drifted"),
        ((set(), set(), {"feature:x"}), "watch"),
        (({"feature:other"}, {"feature:other"}), "watch"),
    ],
)
def test_drift_counts_when_it_was_seen_in_two_of_three_windows(
    before: tuple[set[str], ...], verdict: str
) -> None:
    found = judged(shift("x", Level.DRIFTED), before=[frozenset(one) for one in before], policy=Monitor())
    assert found.verdict.value == verdict
    assert found.signals == ("feature:x",), "what this window shows is told to the next ones in any case"


def test_what_is_broken_waits_for_no_second_window() -> None:
    failing = Traffic(rows=100, answered=50, failed=50)
    assert judged(traffic=failing, policy=Monitor()).verdict is Verdict.BROKEN


@pytest.mark.parametrize(
    ("failed", "rows", "level"),
    [
        (0, 10, "ok"),
        (1, 1_000, "ok"),
        (1, 50, "watch"),
        (3, 10, "broken"),
        (15, 1_000, "watch"),
        (50, 1_000, "broken"),
    ],
)
def test_errors_are_judged_with_their_interval(failed: int, rows: int, level: str) -> None:
    found = judged(traffic=Traffic(rows=rows, answered=rows - failed, failed=failed))
    assert {finding.key: finding.level.value for finding in found.findings}["errors"] == level


@pytest.mark.parametrize("rows", [1, 2, 5, 10, 17, 30, 100, 300, 1_000])
def test_a_service_that_just_keeps_its_objective_is_hardly_ever_called_broken(rows: int) -> None:
    """What is broken waits for no second window: chance may say so once in 200 windows at the most."""
    counts = (Traffic(rows=rows, answered=rows - failed, failed=failed) for failed in range(rows + 1))
    levels = (judged(traffic=traffic).findings for traffic in counts)
    broken = [
        failed
        for failed, found in enumerate(levels)
        if any(one.key == "errors" and one.level is Level.BROKEN for one in found)
    ]
    assert not broken or binom.sf(broken[0] - 1, rows, ONCE.errors) <= ONCE.alpha / 2


def test_objectives_that_are_not_set_are_not_judged() -> None:
    policy = Monitor(errors=None, invalid=None)
    found = judged(traffic=Traffic(rows=200, answered=150, failed=50), broken=Broken(50, 200), policy=policy)
    assert found.findings == ()


def test_latency_is_judged_where_an_objective_is_set() -> None:
    policy = ONCE.model_copy(update={"latency": Latency(milliseconds=10, share=0.95)})
    slow = Traffic(rows=1_000, answered=1_000, timed=1_000, within=900)
    found = judged(traffic=slow, policy=policy)
    assert found.summary == "900 of 1,000 (90.00%) of the requests were answered within 10 ms; 95% should be"


def test_features_that_matter_little_do_not_alarm_alone_but_together_they_do() -> None:
    small = [shift(f"x{place}", Level.DRIFTED, weight=0.02) for place in range(3)]
    assert judged(*small[:2]).verdict is Verdict.WATCH
    assert judged(*small).verdict is Verdict.DRIFTED


WORSE = Measured("accuracy", "higher", 0.7, 0.65, 0.75, 300, base=0.9, decision="worse")
SAME = Measured("accuracy", "higher", 0.9, 0.85, 0.95, 300, base=0.9, decision="equivalent")
UNSURE = Measured("accuracy", "higher", 0.9, 0.8, 0.96, 40, base=0.9, decision="cannot tell")


def drifted(key: str) -> Finding:
    return Finding(key, Level.DRIFTED, "x", signal=True)


@pytest.mark.parametrize(
    ("findings", "quality", "advice"),
    [
        ([], [], "none"),
        ([Finding("errors", Level.BROKEN, "x"), drifted("quality:accuracy")], [WORSE], "investigate"),
        ([drifted("quality:accuracy")], [WORSE], "retrain"),
        ([drifted("feature:x"), drifted("prediction")], [SAME], "wait"),
        ([drifted("feature:x"), drifted("prediction")], [UNSURE], "retrain"),
        ([drifted("feature:x"), drifted("score")], [], "retrain"),
        ([drifted("feature:x")], [], "investigate"),
        ([drifted("prediction")], [], "investigate"),
        ([Finding("feature:x", Level.WATCH, "x", signal=True)], [], "wait"),
        ([Finding("clock", Level.WATCH, "x")], [], "wait"),
    ],
)
def test_the_advice_follows_from_the_findings(
    findings: list[Finding], quality: list[Measured], advice: str
) -> None:
    assert advise(findings, quality)[0] == advice


@pytest.mark.parametrize(
    ("value", "low", "high", "level"),
    [(0.9, 0.88, 0.92, "ok"), (0.84, 0.8, 0.88, "watch"), (0.7, 0.6, 0.8, "drifted")],
)
def test_a_floor_is_broken_where_the_whole_interval_is_below(
    value: float, low: float, high: float, level: str
) -> None:
    policy = ONCE.model_copy(update={"quality": (Quality(metric="accuracy", min=0.85),)})
    found = judged(quality=(Measured("accuracy", "higher", value, low, high, 300),), policy=policy)
    assert [finding.level.value for finding in found.findings if finding.key == "quality:accuracy"] == [level]


def test_a_policy_that_can_never_be_met_is_refused() -> None:
    with pytest.raises(ValueError, match="can never be"):
        Persistence(windows=4, of=3)


def test_names_are_no_markup() -> None:
    found = judged(shift("<b>|@octocat`", Level.DRIFTED))
    assert "<b>|@octocat" not in as_markdown(found)
    assert "\x1b" not in as_text(judged(shift("\x1b[31m", Level.DRIFTED)))
