"""A report of 1,000 metrics and 50 gates: how much it adds to reading the record, and its rendering alone.

No other tool renders such a report. So the first peer is the same command that only reads the record and prints it as
it is, and the second one the promise itself: under 100 ms.
"""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import Job, Result, compare
from benchmarks.programs import MLTOOLS
from mltools.core import page, report
from mltools.core.records import parse_record

GOAL = 1.3
PROMISE = 0.1
METRICS, GATES = 1_000, 50


def results(directory: Path, environ: Mapping[str, str], rounds: int) -> Iterator[Result]:
    tree = record()
    run = directory / "report"
    run.mkdir()
    (run / "run.json").write_text(json.dumps(tree))
    command = (*MLTOOLS, "report", "render", "--run", "report")
    ours = Job("mltools report render", (command,), directory)
    peer = Job("the same with --json", ((*command, "--json"),), directory)
    what = f"{METRICS:,} metrics, {GATES} gates"
    yield compare(f"{ours.name}, {what}", ours, peer, goal=GOAL, rounds=rounds, environ=environ)
    parsed = parse_record(tree, "run.json")
    for name, render in (("Markdown", report.render), ("HTML", page.render)):
        seconds = median(_seconds(render, parsed) for _ in range(2 * rounds))
        yield Result(f"{name} of {what}", "the promise", seconds, PROMISE, seconds / PROMISE, 1.0, 2 * rounds)


def record() -> dict[str, Any]:
    """A run of many metrics, half of them with gates of two kinds."""
    metrics = {f"test.group_{number % 40}.score_{number}": 0.5 + number / 2_345 for number in range(METRICS)}
    names = list(metrics)
    gates = [
        {
            "name": f"gate-{number}",
            "kind": "regression",
            "outcome": "failed" if number % 10 == 0 else "passed",
            "reason": f"{names[number * 20]} went from 0.51 to 0.52: worse by 0.01, allowed 0.02",
            "evidence": {"metric": names[number * 20], "better": "higher", "allowed": 0.02, "value": 0.52},
        }
        for number in range(GATES)
    ]
    return {
        "schema": 1,
        "id": "20260102T030405Z-11111111-abcdef",
        "time": "2026-01-02T03:04:05Z",
        "seconds": 12.5,
        "commit": "1" * 40,
        "verdict": "failed",
        "base": {"commit": "2" * 40, "ref": "origin/main", "how": "record"},
        "gates": gates,
        "metrics": metrics,
        "base_metrics": {name: value - 0.01 for name, value in metrics.items()},
        "environment": {"python": "3.12.1", "platform": "linux-x86_64", "mltools": "0.1.0"},
    }


def _seconds(render: Any, parsed: Any) -> float:
    begun = time.perf_counter()
    render(parsed)
    return time.perf_counter() - begun
