"""Drawing with replacement: exactly the distribution it should be, the same for a seed, however it is cut."""

import numpy as np
import pytest
from scipy import stats

from mltools.core.stats import resampling
from mltools.core.stats.values import Draws

DRAWS = Draws(seed=5, resamples=4_000)
EDGES = [1, 2, 7, 255, 256, 257, 511, 513, 1_000]


@pytest.mark.parametrize("rows", [*EDGES, 65_536, 65_537, 70_000])
def test_every_resample_has_as_many_rows_as_there_are(rows: int) -> None:
    found = resampling.sums(np.ones((rows, 1)), Draws(seed=1, resamples=300))
    assert (found == rows).all()


@pytest.mark.parametrize("rows", EDGES)
def test_a_row_is_drawn_as_often_as_binomial_says(rows: int) -> None:
    """Marking one row makes the sum the number of its draws: binomial with n draws of chance 1 / n."""
    for marked in {0, rows // 2, rows - 1}:
        values = np.zeros((rows, 1))
        values[marked] = 1
        counts = resampling.sums(values, DRAWS)[:, 0].astype(int)
        seen = np.bincount(np.minimum(counts, 4), minlength=5)
        expected = stats.binom.pmf(np.arange(5), rows, 1 / rows)
        expected[4] = 1 - expected[:4].sum()
        likely = expected > 1e-9
        assert seen[~likely].sum() == 0
        if likely.sum() > 1:
            share = expected[likely] / expected[likely].sum()
            assert stats.chisquare(seen[likely], share * DRAWS.resamples).pvalue > 1e-4


def test_rows_of_one_block_and_of_two_are_drawn_independently_enough() -> None:
    """Counts of two rows are multinomial: their correlation is -1 / (n - 1)."""
    rows = 300
    values = np.zeros((rows, 4))
    for column, row in enumerate((0, 1, 255, 299)):
        values[row, column] = 1
    counts = resampling.sums(values, Draws(seed=2, resamples=20_000))
    correlations = np.asarray(np.corrcoef(counts.T))[np.triu_indices(4, 1)]
    assert np.abs(correlations + 1 / (rows - 1)).max() < 0.03


@pytest.mark.parametrize("rows", [40, 1_000, 66_000])
def test_the_mean_and_spread_of_resampled_sums_are_the_bootstrap_s(rows: int) -> None:
    values = np.random.default_rng(3).exponential(size=(rows, 1))
    found = resampling.sums(values, Draws(seed=3, resamples=2_000))[:, 0] / rows
    error = values.std() / rows**0.5
    assert abs(found.mean() - values.mean()) < 4 * error / 2_000**0.5
    assert found.std() == pytest.approx(error, rel=0.08)


def test_the_whole_distribution_is_that_of_plain_resampling() -> None:
    """Kolmogorov-Smirnov against NumPy's own draws of rows, skewed values."""
    values = np.random.default_rng(4).lognormal(sigma=1.5, size=(600, 1))
    ours = resampling.sums(values, Draws(seed=4, resamples=5_000))[:, 0]
    plain = values[np.random.default_rng(5).integers(0, 600, size=(5_000, 600)), 0].sum(axis=1)
    assert stats.ks_2samp(ours, plain).pvalue > 1e-3


def test_columns_see_the_same_draws() -> None:
    values = np.random.default_rng(6).normal(size=(700, 1))
    found = resampling.sums(np.hstack([values, 2 * values, np.ones_like(values)]), DRAWS)
    assert np.allclose(found[:, 1], 2 * found[:, 0], rtol=1e-12, atol=1e-9)
    assert (found[:, 2] == 700).all()


def test_a_seed_gives_the_same_draws_and_another_others() -> None:
    values = np.random.default_rng(7).normal(size=(1_000, 1))
    first = resampling.sums(values, Draws(9, 500))
    assert (resampling.sums(values, Draws(9, 500)) == first).all()
    assert not (resampling.sums(values, Draws(10, 500)) == first).any()
    assert not (resampling.sums(values, Draws(9, 500, side=1)) == first).any()


@pytest.mark.parametrize("at_once", [1, 7, 64, 1_000])
def test_weights_do_not_depend_on_how_many_are_held_at_once(at_once: int) -> None:
    whole = np.concatenate(list(resampling.weights(90, Draws(3, 250))))
    cut = np.concatenate(list(resampling.weights(90, Draws(3, 250), at_once=at_once)))
    assert whole.shape == (250, 90)
    assert (whole.sum(axis=1) == 90).all()
    assert (whole == cut).all()


@pytest.mark.parametrize("cells", [1, 33, 10_000])
def test_counts_do_not_depend_on_how_many_are_held_at_once(cells: int) -> None:
    expected = np.array([3.5, 10.0, 0.5, 6.0])
    whole = np.concatenate(list(resampling.cell_counts(expected, 20, Draws(3, 250))))
    cut = np.concatenate(list(resampling.cell_counts(expected, 20, Draws(3, 250), cells=cells)))
    assert (whole.sum(axis=1) == 20).all()
    assert (whole == cut).all()


@pytest.mark.parametrize(("seed", "resamples"), [(-1, 1_000), (0, 10)])
def test_draws_that_make_no_sense_are_refused(seed: int, resamples: int) -> None:
    with pytest.raises(ValueError, match="needs a seed from 0 and at least 200 resamples"):
        Draws(seed, resamples)
