"""Two models compared on 100,000 rows: bootstrap intervals against scipy's, DeLong's test against the AUCs alone.

Each job is a whole process: `python -m benchmarks.statistics JOB` draws the predictions, imports what it needs, and prints
the interval. That both sides print nearly the same interval is checked once before they are timed.
"""
# ruff: noqa: PLC0415 - each job imports what it is timed with, and nothing else

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.measure import Job, Result, compare, run

ROOT = Path(__file__).resolve().parent.parent
ROWS = 100_000
MANY_ROWS = 1_000_000
RESAMPLES = 10_000
RANKED_RESAMPLES = 1_000
# At most this part of the peer's time. In seconds the goals are 1, 5, 10 and about 1 (see README.md).
GOALS = {"right_or_wrong": 0.1, "row_scores": 0.5, "roc_auc": 0.2, "delong": 1.0}
PEERS = {
    "right_or_wrong": "scipy.stats.bootstrap",
    "row_scores": "scipy.stats.bootstrap",
    "roc_auc": "scipy.stats.bootstrap",
    "delong": "sklearn roc_auc_score, twice",
}
NAMES = {
    "right_or_wrong": f"difference of accuracy, {ROWS:,} rows, {RESAMPLES:,} resamples",
    "row_scores": f"difference of log loss, {ROWS:,} rows, {RESAMPLES:,} resamples",
    "roc_auc": f"difference of ROC AUC, {ROWS:,} rows, {RANKED_RESAMPLES:,} resamples",
    "delong": f"DeLong's test, {MANY_ROWS:,} rows",
}
# Intervals agree when their ends differ by less than this part of their width: chance alone moves them by about 0.02.
ALIKE = 0.1
PREVALENCE, CUT = 0.3, 0.5
Floats = npt.NDArray[np.float64]
Interval = tuple[float, float]


def results(directory: Path, environ: Mapping[str, str], rounds: int) -> Iterator[Result]:
    del directory
    for name, goal in GOALS.items():
        ours, peer = (
            Job(title, ((sys.executable, "-m", "benchmarks.statistics", f"{name}:{side}"),), ROOT)
            for side, title in (("ours", NAMES[name]), ("peer", PEERS[name]))
        )
        _check_alike(name, *(run(job.commands[0], ROOT, environ) for job in (ours, peer)))
        yield compare(ours.name, ours, peer, goal=goal, rounds=max(1, rounds // 2), environ=environ)


def _check_alike(name: str, ours: str, peer: str) -> None:
    """Stop where the two sides do not answer the same question."""
    (low, high), (other_low, other_high) = ([float(word) for word in said.split()] for said in (ours, peer))
    if max(abs(low - other_low), abs(high - other_high)) > ALIKE * (high - low):
        raise SystemExit(f"{name}: ours {low:.6f} to {high:.6f}, peer {other_low:.6f} to {other_high:.6f}")


def _predictions(rows: int) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
    """Truth, and what two models say the probability is."""
    rng = np.random.default_rng(20)
    truth = (rng.random(rows) < PREVALENCE).astype(np.int64)
    signal = rng.normal(size=rows) + 1.5 * truth - 1
    base, head = (1 / (1 + np.exp(-signal - noise * rng.normal(size=rows))) for noise in (0.3, 0.2))
    return truth, base, head


def _right(truth: npt.NDArray[np.int64], score: Floats) -> Floats:
    return np.asarray((score >= CUT) == truth, dtype=np.float64)


def _lost(truth: npt.NDArray[np.int64], score: Floats) -> Floats:
    return np.asarray(-np.log(np.where(truth == 1, score, 1 - score)))


def _our_means(loss: Callable[..., Floats]) -> Interval:
    from mltools.core.stats import bootstrap
    from mltools.core.stats.values import Draws, Estimate

    truth, base, head = _predictions(ROWS)
    found = bootstrap.means(loss(truth, base), loss(truth, head), Draws(1, RESAMPLES))
    assert isinstance(found, Estimate)
    return found.low, found.high


def _scipy_means(loss: Callable[..., Floats]) -> Interval:
    truth, base, head = _predictions(ROWS)
    return _scipy((loss(truth, head) - loss(truth, base),), np.mean, RESAMPLES)


def _our_auc() -> Interval:
    from mltools.core.stats import bootstrap
    from mltools.core.stats.cases import Case
    from mltools.core.stats.metrics import METRICS
    from mltools.core.stats.values import Draws, Estimate

    truth, base, head = _predictions(ROWS)
    draws = Draws(1, RANKED_RESAMPLES)
    found = bootstrap.paired(METRICS["roc_auc"], Case(truth, base), Case(truth, head), draws)
    assert isinstance(found, Estimate)
    return found.low, found.high


def _scipy_auc() -> Interval:
    from scipy.stats import rankdata

    def auc(truth: Any, score: Any) -> Any:
        positive = truth.sum(axis=-1)
        ranks = (rankdata(score, axis=-1) * truth).sum(axis=-1)
        return (ranks - positive * (positive + 1) / 2) / (positive * (ROWS - positive))

    return _scipy(
        _predictions(ROWS),
        lambda truth, base, head, axis: auc(truth, head) - auc(truth, base),  # noqa: ARG005 - scipy passes it
        RANKED_RESAMPLES,
    )


def _scipy(data: tuple[Any, ...], statistic: Any, resamples: int) -> Interval:
    """Percentile interval; BCa's jackknife would take rows times rows of memory. In batches, or it takes 8 GB itself."""
    from scipy.stats import bootstrap

    found = bootstrap(
        data,
        statistic,
        n_resamples=resamples,
        batch=20,
        vectorized=True,
        paired=True,
        method="percentile",
        random_state=np.random.default_rng(1),
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def _our_delong() -> Interval:
    from mltools.core.stats import delong
    from mltools.core.stats.cases import Case
    from mltools.core.stats.values import Estimate

    truth, base, head = _predictions(MANY_ROWS)
    found = delong.paired(Case(truth, base), Case(truth, head))
    assert isinstance(found, Estimate)
    return found.base, found.head


def _sklearn_aucs() -> Interval:
    from sklearn.metrics import roc_auc_score

    truth, base, head = _predictions(MANY_ROWS)
    return roc_auc_score(truth, base), roc_auc_score(truth, head)


JOBS: dict[str, Callable[[], Interval]] = {
    "right_or_wrong:ours": lambda: _our_means(_right),
    "right_or_wrong:peer": lambda: _scipy_means(_right),
    "row_scores:ours": lambda: _our_means(_lost),
    "row_scores:peer": lambda: _scipy_means(_lost),
    "roc_auc:ours": _our_auc,
    "roc_auc:peer": _scipy_auc,
    "delong:ours": _our_delong,
    "delong:peer": _sklearn_aucs,
}

if __name__ == "__main__":
    print(*JOBS[sys.argv[1]]())
