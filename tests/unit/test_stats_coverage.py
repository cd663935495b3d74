"""Whether an interval of 95 % holds the truth in 95 of 100 samples: thousands of samples of which the truth is known."""

from collections.abc import Callable

import numpy as np
import pytest

from mltools.core.stats import bootstrap, delong, proportions
from mltools.core.stats.cases import Case
from mltools.core.stats.difference import of_cases
from mltools.core.stats.metrics import METRICS, value
from mltools.core.stats.values import Array, Draws, Estimate, Floats, Ints, Undecided

SAMPLES = 1_000
LOWEST, HIGHEST = 0.93, 0.97
Rng = np.random.Generator
Interval = tuple[float, float]
Trial = Callable[[Rng, int], Interval]  # a sample and a seed -> the interval

pytestmark = pytest.mark.slow


def ends(found: Estimate | Undecided) -> Interval:
    assert isinstance(found, Estimate), found
    return found.low, found.high


def draws(seed: int) -> Draws:
    return Draws(seed, 500)


def normal_scores(rng: Rng, seed: int) -> Interval:
    base = rng.normal(size=60)
    return ends(bootstrap.means(base, base + rng.normal(0.3, 1, size=60), draws(seed)))


def right_and_wrong(rng: Rng, seed: int) -> Interval:
    kind = rng.choice(4, p=[0.1, 0.15, 0.1, 0.65], size=120)
    return ends(bootstrap.means((kind >= 2).astype(float), (kind % 2).astype(float), draws(seed)))


def tango(rng: Rng, seed: int) -> Interval:
    del seed
    gained, lost, _ = rng.multinomial(150, [0.15, 0.1, 0.75])
    return proportions.paired_interval(int(gained), int(lost), 150)


def newcombe(rng: Rng, seed: int) -> Interval:
    del seed
    return proportions.unpaired_interval(int(rng.binomial(120, 0.3)), 120, int(rng.binomial(80, 0.2)), 80)


def logits(rng: Rng, rows: int) -> tuple[Ints, Floats, Floats]:
    """Truth, base's and head's logits; head is the better model of the two."""
    truth = (rng.random(rows) < 0.3).astype(np.int64)
    signal = rng.normal(0, 1.2, rows) + np.where(truth == 1, 1.3, -1.3)
    return truth, 0.8 * signal + rng.normal(size=rows), signal + 0.3 * rng.normal(size=rows)


def scored(rng: Rng, rows: int) -> tuple[Case, Case]:
    truth, base, head = logits(rng, rows)
    return Case(truth, 1 / (1 + np.exp(-base))), Case(truth, 1 / (1 + np.exp(-head)))


def labelled(rng: Rng, rows: int) -> tuple[Case, Case]:
    truth, base, head = logits(rng, rows)
    return Case(truth, (base > 0).astype(np.int64), 2), Case(truth, (head > 0).astype(np.int64), 2)


def guessed(rng: Rng, rows: int) -> tuple[Case, Case]:
    target, common = rng.normal(size=rows), rng.standard_t(6, size=rows)
    base, head = (target + common + part * rng.normal(size=rows) for part in (0.6, 0.4))
    return Case(target, base), Case(target, head)


Cases = Callable[[Rng, int], tuple[Case, Case]]


def of(name: str, cases: Cases, rows: int) -> Trial:
    return lambda rng, seed: ends(of_cases(METRICS[name], *cases(rng, rows), draws(seed)))


def truth_of(name: str, cases: Cases) -> float:
    found = [value(METRICS[name], case) for case in cases(np.random.default_rng(99), 1_000_000)]
    assert isinstance(found[0], float)
    assert isinstance(found[1], float)
    return found[1] - found[0]


def covered(trial: Trial, truth: float) -> float:
    rng = np.random.default_rng(2026)
    intervals = [trial(rng, seed) for seed in range(SAMPLES)]
    return sum(low <= truth <= high for low, high in intervals) / SAMPLES


@pytest.mark.parametrize(
    ("trial", "truth"),
    [(normal_scores, 0.3), (right_and_wrong, 0.05), (tango, 0.05), (newcombe, 0.1)],
    ids=["normal scores, 60 rows", "0 and 1, 120 rows", "Tango, 150 rows", "Newcombe, 120 and 80 rows"],
)
def test_an_interval_covers_the_truth(trial: Trial, truth: float) -> None:
    assert LOWEST <= covered(trial, truth) <= HIGHEST


@pytest.mark.parametrize(
    ("name", "cases", "rows"),
    [
        ("log_loss", scored, 200),
        ("average_precision", scored, 300),
        ("roc_auc", scored, 120),
        ("accuracy", labelled, 200),
        ("f1", labelled, 200),
        ("precision", labelled, 200),
        ("recall", labelled, 200),
        ("mae", guessed, 100),
        ("rmse", guessed, 200),
        ("r2", guessed, 200),
    ],
)
def test_the_interval_of_a_metric_covers_the_truth(name: str, cases: Cases, rows: int) -> None:
    assert LOWEST <= covered(of(name, cases, rows), truth_of(name, cases)) <= HIGHEST


def by_group(rng: Rng, groups: int, each: int) -> tuple[Case, Case, Array]:
    names = np.repeat(np.arange(groups), each)
    target = np.zeros(groups * each)
    common = rng.normal(size=groups)[names]
    head = 1 + 0.2 * common + 0.2 * rng.normal(size=len(names))
    return Case(target, np.ones(len(names))), Case(target, head), names


def test_rows_in_groups_need_the_bootstrap_of_groups() -> None:
    def grouped(rng: Rng, seed: int) -> Interval:
        base, head, names = by_group(rng, 40, 8)
        return ends(bootstrap.paired(METRICS["mse"], base, head, draws(seed), groups=names))

    def alone(rng: Rng, seed: int) -> Interval:
        base, head, _ = by_group(rng, 40, 8)
        return ends(bootstrap.paired(METRICS["mse"], base, head, draws(seed)))

    truth = 0.2**2 + 0.2**2
    assert LOWEST <= covered(grouped, truth) <= HIGHEST
    assert covered(alone, truth) < 0.75


def test_delong_s_interval_of_groups_covers_the_truth() -> None:
    def sample(rng: Rng, groups: int) -> tuple[Case, Case, Array]:
        names = np.repeat(np.arange(groups), 5)
        truth = (rng.random(len(names)) < 0.4).astype(np.int64)
        base = Case(truth, truth + rng.normal(size=groups)[names] + rng.normal(size=len(names)))
        head = Case(truth, truth + 0.5 * rng.normal(size=groups)[names] + rng.normal(size=len(names)))
        return base, head, names

    def trial(rng: Rng, seed: int) -> Interval:
        del seed
        base, head, names = sample(rng, 60)
        return ends(delong.paired(base, head, groups=names))

    base, head, _ = sample(np.random.default_rng(99), 300_000)
    known = [value(METRICS["roc_auc"], case) for case in (base, head)]
    assert isinstance(known[0], float)
    assert isinstance(known[1], float)
    assert LOWEST <= covered(trial, known[1] - known[0]) <= HIGHEST


def test_two_test_sets_cover_the_truth() -> None:
    def trial(rng: Rng, seed: int) -> Interval:
        return ends(
            bootstrap.unpaired(METRICS["f1"], labelled(rng, 300)[0], labelled(rng, 250)[1], draws(seed))
        )

    assert LOWEST <= covered(trial, truth_of("f1", labelled)) <= HIGHEST


@pytest.mark.parametrize("rows", [20, 50, 100])
def test_models_that_seldom_differ_are_not_called_different_too_often(rows: int) -> None:
    """With few rows that differ an interval may be too wide, never too narrow."""

    def seldom(rng: Rng, seed: int) -> Interval:
        kind = rng.choice(4, p=[0.1, 0.03, 0.03, 0.84], size=rows)
        base, head = Case(np.ones(rows, dtype=np.int64), (kind >= 2).astype(np.int64), 2), kind % 2
        return ends(of_cases(METRICS["f1"], base, Case(base.target, head.astype(np.int64), 2), draws(seed)))

    assert covered(seldom, 0.0) >= LOWEST
