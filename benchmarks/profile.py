"""Data profiles: `mltools data profile` against a bare scan, and against pandas' own summary of the same table."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from benchmarks.measure import Result, compare
from benchmarks.validation import FEW_ROUNDS, LARGE, MEDIUM, SMALL, Case, cases, cost, memory

# Two passes, each of which does more than to add up: in Parquet the bare scan is little work, in CSV most of it.
SCAN = {".parquet": 8.0, ".csv": 4.0}
DESCRIBE = 0.6


def results(directory: Path, environ: Mapping[str, str], rounds: int) -> Iterator[Result]:
    """A million rows: pandas' describe and value_counts."""
    for case in _profiled(directory, MEDIUM, environ):
        peer = case.peer(
            "describe and value_counts of pandas", sys.executable, "-m", "benchmarks.peers.with_describe"
        )
        yield compare(case.job.name, case.job, peer, goal=DESCRIBE, rounds=rounds, environ=environ)


def large(directory: Path, environ: Mapping[str, str], rounds: int) -> Iterator[Result]:
    """Ten million rows: a bare scan, memory, and the cost of a row at 1e5, 1e6 and 1e7."""
    few = min(rounds, FEW_ROUNDS)
    sizes = [_profiled(directory, rows, environ) for rows in (SMALL, MEDIUM, LARGE)]
    for alike in zip(*sizes, strict=True):
        case = alike[-1]
        scan = case.peer("a scan by DuckDB", sys.executable, "-m", "benchmarks.peers.scan")
        yield compare(case.job.name, case.job, scan, goal=SCAN[case.path.suffix], rounds=few, environ=environ)
        yield memory(case, environ)
        for less, more in pairwise(alike):
            yield cost(less, more, environ, few)


def _profiled(directory: Path, rows: int, environ: Mapping[str, str]) -> list[Case]:
    found = cases(directory, rows, environ)
    return [replace(case, verb="profile", load="12 columns", code=0) for case in found]
