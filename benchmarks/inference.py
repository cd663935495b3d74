"""Inference: `mltools data infer` against pandera's `infer_schema`, and against a bare scan.

pandera takes types, gaps and the exact bounds of numbers; mltools looks at texts, categories, identifiers and dates, too.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks import tables
from benchmarks.measure import Result, compare, run
from benchmarks.validation import FEW_ROUNDS, LARGE, MEDIUM, ROOT, SCAN, Case, memory

PANDERA = 1.0


def results(directory: Path, environ: Mapping[str, str], rounds: int) -> Iterator[Result]:
    """A million rows: pandera's inference."""
    for case in _cases(directory, MEDIUM, environ):
        peer = case.peer("pandera.infer_schema", sys.executable, "-m", "benchmarks.peers.with_infer_schema")
        yield compare(case.job.name, case.job, peer, goal=PANDERA, rounds=rounds, environ=environ)


def large(directory: Path, environ: Mapping[str, str], rounds: int) -> Iterator[Result]:
    """Ten million rows: a bare scan, and memory."""
    for case in _cases(directory, LARGE, environ):
        scan = case.peer("a scan by DuckDB", sys.executable, "-m", "benchmarks.peers.scan")
        few = min(rounds, FEW_ROUNDS)
        yield compare(case.job.name, case.job, scan, goal=SCAN, rounds=few, environ=environ)
        yield memory(case, environ)


def _cases(directory: Path, rows: int, environ: Mapping[str, str]) -> list[Case]:
    """A project with a table of this size in each format, and no contract yet."""
    project = directory / f"inference-{rows}"
    # In a process of its own: a large one would lend its size to the processes that it starts and measures.
    run((sys.executable, "-m", "benchmarks.tables", str(project / "data"), str(rows)), ROOT, environ)
    (project / "mltools.yaml").write_text("schema: 1\ndata: []\n")
    (project / "dvc.yaml").write_text("stages: {}\n")
    run(("git", "init", "-q"), project, environ)
    paths = tables.paths(project / "data", rows)
    return [Case(rows, path, project, verb="infer", load="12 columns", code=0) for path in paths]
