"""Trials of versions: the sequential intervals cover at all times, and decisions follow from them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltools.core.rollout import (
    Arm,
    Trial,
    Verdict,
    checked,
    counted,
    decide,
    seconds_of,
    share_of,
    trial_of,
)
from mltools.core.stats.sequential import Counts, difference, interval
from mltools.errors import ConfigError

TRIAL = Trial(steps=(0.1, 0.5), pause=60, longest=600, milliseconds=100)


def test_the_interval_holds_at_all_looks_together() -> None:
    # 400 streams, each looked at 40 times up to 2,000 trials. A fixed-sample interval would miss in some 30 % of them.
    chance = np.random.default_rng(7)
    for p in (0.01, 0.2, 0.5):
        missed = 0
        for _ in range(400):
            hits = np.cumsum(chance.random(2_000) < p)
            looks = range(49, 2_000, 50)
            bounds = (interval(Counts(int(hits[at]), at + 1), alpha=0.1) for at in looks)
            missed += any(not low <= p <= high for low, high in bounds)
        assert missed / 400 < 0.1


def test_a_wrong_decision_is_as_rare_as_was_promised() -> None:
    # The canary is worse by exactly the margin: neither promoting nor aborting is right more often than alpha.
    chance = np.random.default_rng(11)
    trial = Trial(steps=(0.5,), pause=0, longest=1e9, errors=0.05, alpha=0.1)
    wrong = 0
    for _ in range(200):
        stable = np.cumsum(chance.random(3_000) < 0.05)
        canary = np.cumsum(chance.random(3_000) < 0.10)
        looks = range(99, 3_000, 100)
        verdicts = {
            decide(trial, 0, 1.0, Arm(at + 1, int(stable[at])), Arm(at + 1, int(canary[at]))).verdict
            for at in looks
        }
        wrong += bool(verdicts & {Verdict.PROMOTE, Verdict.ABORT})
    assert wrong / 200 <= 0.1


def test_what_is_clearly_worse_or_as_good_is_seen() -> None:
    chance = np.random.default_rng(5)
    trial = Trial(steps=(0.5,), pause=0, longest=1e9, errors=0.02)
    for p, verdict in ((0.3, Verdict.ABORT), (0.001, Verdict.PROMOTE)):
        hits = int((chance.random(3_000) < p).sum())
        assert decide(trial, 0, 1.0, Arm(3_000, 3), Arm(3_000, hits)).verdict is verdict


@given(st.integers(0, 500), st.integers(0, 500))
def test_an_interval_holds_what_was_seen_and_is_mirrored(hits: int, misses: int) -> None:
    counts = Counts(hits, hits + misses)
    low, high = interval(counts, alpha=0.05)
    assert 0 <= low <= counts.share <= high <= 1
    other_low, other_high = interval(Counts(misses, hits + misses), alpha=0.05)
    assert (1 - other_high, 1 - other_low) == pytest.approx((low, high), abs=1e-9)


def test_more_rows_make_the_interval_narrower() -> None:
    widths = [
        high - low for low, high in (interval(Counts(n // 10, n), alpha=0.05) for n in (10, 100, 10_000))
    ]
    assert widths == sorted(widths, reverse=True)
    assert interval(Counts(), alpha=0.05) == (0.0, 1.0)
    assert difference(Counts(), Counts(), alpha=0.05) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("step", "seconds", "stable", "canary", "verdict"),
    [
        (0, 10, Arm(1_000), Arm(100), Verdict.WAIT),
        (0, 61, Arm(1_000), Arm(100), Verdict.ADVANCE),
        (0, 1, Arm(1_000), Arm(100, 60), Verdict.ABORT),
        (0, 1, Arm(1_000), Arm(500, 0, 400), Verdict.ABORT),
        (1, 61, Arm(50_000), Arm(50_000), Verdict.PROMOTE),
        (1, 61, Arm(50), Arm(50), Verdict.WAIT),
        (1, 601, Arm(50), Arm(50), Verdict.ABORT),
        (1, 61, Arm(50_000, labelled=2_000, wrong=20), Arm(50_000, labelled=2_000, wrong=400), Verdict.ABORT),
        (1, 61, Arm(50_000, labelled=20), Arm(50_000, labelled=20), Verdict.WAIT),
        (0, 61, Arm(), Arm(), Verdict.ADVANCE),
        (1, 601, Arm(), Arm(), Verdict.ABORT),
    ],
)
def test_a_trial_goes_on_by_what_was_counted(
    step: int, seconds: float, stable: Arm, canary: Arm, verdict: Verdict
) -> None:
    decision = decide(TRIAL, step, seconds, stable, canary)
    assert decision.verdict is verdict
    assert decision.reason
    assert all(one.sentence for one in decision.evidence)


def test_a_trial_survives_json_and_a_broken_one_is_refused() -> None:
    assert trial_of(TRIAL.as_json()) == TRIAL
    changes: tuple[dict[str, Any], ...] = (
        {"steps": []},
        {"steps": [0.5, 0.1]},
        {"steps": [2]},
        {"steps": "many"},
        {"pause": -1},
        {"pause": 1e9},
        {"alpha": 0},
        {"errors": 1},
        {"milliseconds": 0},
        {"milliseconds": "x"},
    )
    for change in changes:
        with pytest.raises(ConfigError):
            trial_of({**TRIAL.as_json(), **change})
    with pytest.raises(ConfigError):
        trial_of({})
    assert checked(Trial(steps=(0.0, 0.1))).steps == (0.0, 0.1)


def test_shares_and_times_are_read() -> None:
    assert [share_of(text) for text in ("10%", "0.25", "100%")] == [0.1, 0.25, 1.0]
    assert [seconds_of(text) for text in ("90s", "10m", "2h")] == [90, 600, 7200]
    for odd in ("ten", "10 %%"):
        with pytest.raises(ConfigError):
            share_of(odd)
        with pytest.raises(ConfigError):
            seconds_of(odd)
    assert counted({"requests": 5, "errors": -1, "slow": True}) == Arm(5)
