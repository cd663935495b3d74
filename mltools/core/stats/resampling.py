"""Drawing rows with replacement, fast, and the same for a seed however the work is cut.

Each piece of work draws from its own PCG64 stream, keyed by the seed and the piece. NumPy keeps these streams for a version
of its own (NEP 19), so the versions belong into the record beside the seed.
"""

from collections.abc import Iterator

import numpy as np

from mltools.core.stats.values import Draws, Floats, Ints

# A random byte picks a row of a block, so two bytes pick two rows at once from a table of all their sums.
BLOCK = 256
SUPERBLOCK = BLOCK * BLOCK
# Resamples that share a stream: few enough that the work on a block stays in the processor's cache. Part of what a seed means.
BATCH = 2_000
# Weights held at once, as a number of cells: what a processor's cache holds.
CELLS = 100_000


def cell_counts(expected: Floats, hits: int, draws: Draws, *, cells: int = 20 * CELLS) -> Iterator[Ints]:
    """How often each cell of a table is hit by so many draws, some resamples at a time: (some) x cells.

    A cell is hit in proportion to `expected`, which need not be whole numbers.
    """
    stream = _stream(draws, 0)
    shares = expected / expected.sum()
    most = max(1, cells // len(shares))
    for first in range(0, draws.resamples, most):
        yield stream.multinomial(hits, shares, size=min(most, draws.resamples - first))


def sums(values: Floats, draws: Draws) -> Floats:
    """The column sums of as many rows as there are, drawn with replacement: resamples x columns.

    Exactly a bootstrap: how many draws fall in each block of 256 rows is multinomial, and given that number the draws
    within a block are independent and uniform.
    """
    batches = [
        _batch(values, min(BATCH, draws.resamples - first), draws, first // BATCH)
        for first in range(0, draws.resamples, BATCH)
    ]
    return np.concatenate(batches)


def weights(units: int, draws: Draws, *, at_once: int | None = None) -> Iterator[Ints]:
    """How often each unit is drawn, for some resamples at a time: (some) x units."""
    stream = _stream(draws, 0)
    most = at_once or max(1, CELLS // units)
    for first in range(0, draws.resamples, most):
        count = min(most, draws.resamples - first)
        drawn = stream.integers(0, units, size=(count, units))
        drawn += np.arange(count)[:, None] * units
        yield np.bincount(drawn.ravel(), minlength=count * units).reshape(count, units)


def _batch(values: Floats, resamples: int, draws: Draws, batch: int) -> Floats:
    rows = len(values)
    found = np.zeros((resamples, values.shape[1]))
    outer = _stream(draws, 1, batch)
    for first, hits in zip(
        range(0, rows, SUPERBLOCK), _split(outer, np.full(resamples, rows), rows, SUPERBLOCK).T, strict=True
    ):
        part = values[first : first + SUPERBLOCK]
        stream = _stream(draws, 2, batch, first // SUPERBLOCK)
        counts = _split(stream, hits, len(part), BLOCK)
        for number, count in enumerate(counts.T):
            _add_block(found, part[number * BLOCK : (number + 1) * BLOCK], count, stream)
    return found


def _split(stream: np.random.Generator, hits: Ints, rows: int, size: int) -> Ints:
    """How many of the hits on rows fall in each block of `size` rows: resamples x blocks."""
    blocks = -(-rows // size)
    sizes = np.full(blocks, size)
    sizes[-1] = rows - size * (blocks - 1)
    return stream.multinomial(hits, sizes / rows)


def _add_block(found: Floats, block: Floats, hits: Ints, stream: np.random.Generator) -> None:
    """Add to each resample the sums of its draws from one block."""
    rows = len(block)
    words = (hits + 1) // 2 if rows == BLOCK else hits
    ends = np.cumsum(words)
    # One more than is drawn, so that an empty resample at the end has a place to start; it is never added.
    total = int(ends[-1]) + 1
    picked = _words(stream, total) if rows == BLOCK else stream.integers(0, rows, size=total)
    starts = np.append(ends - words, ends[-1])
    odd = np.flatnonzero(hits % 2) if rows == BLOCK else None
    for place, of_column in enumerate(block.T):
        table = (of_column[:, None] + of_column).ravel() if rows == BLOCK else of_column
        added = np.add.reduceat(table.take(picked), starts)[:-1]
        added[words == 0] = 0
        if odd is not None:  # the second half of the last pair was not asked for
            added[odd] -= of_column[picked[ends[odd] - 1] % BLOCK]
        found[:, place] += added


def _words(stream: np.random.Generator, count: int) -> Ints:
    """Uniform numbers below 65,536, four from each step of the generator."""
    raw = stream.bit_generator.random_raw(-(-count // 4))
    return np.asarray(raw, dtype="<u8").view("<u2")[:count].astype(np.intp)


def _stream(draws: Draws, *key: int) -> np.random.Generator:
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence(draws.seed, spawn_key=(draws.side, *key)))
    )
