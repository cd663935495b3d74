"""Data validation: `mltools data validate` against a bare scan, pandera and Great Expectations, on the same faulty data.

That all of them count the same faults is checked before they are timed. Great Expectations is not among the test
dependencies: it is compared with where it can be imported, or where GX_PYTHON names an interpreter that has it.
"""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks import tables
from benchmarks.measure import Command, Job, Result, compare, run
from benchmarks.programs import MLTOOLS

ROOT = Path(__file__).resolve().parent.parent
SMALL, MEDIUM, LARGE = 100_000, 1_000_000, 10_000_000
SCAN, PANDERA, GREAT_EXPECTATIONS = 3.0, 0.4, 0.1
# Start-up is half of the time at a million rows.
PANDERA_MEDIUM = 0.5
MEMORY_MB = 1_000
LINEAR = 1.3
# A table of this size takes a minute with pandera.
FEW_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Case:
    """A table in one format, in a project that has a contract for it; what is done with it, and how that ends."""

    rows: int
    path: Path
    project: Path
    verb: str = "validate"
    load: str = f"{tables.CHECKS} checks"
    code: int = 1

    @property
    def what(self) -> str:
        return f"{self.rows:,} rows, {self.load}, {self.path.suffix.removeprefix('.')}"

    @property
    def command(self) -> Command:
        return (*MLTOOLS, "data", self.verb, f"data/{self.path.name}")

    @property
    def job(self) -> Job:
        return Job(f"mltools data {self.verb}, {self.what}", (self.command,), self.project, code=self.code)

    def peer(self, name: str, *command: str) -> Job:
        return Job(name, ((*command, str(self.path)),), ROOT)


def results(directory: Path, environ: Mapping[str, str], rounds: int) -> Iterator[Result]:
    """A million rows: pandera and Great Expectations."""
    for case in cases(directory, MEDIUM, environ):
        pandera = case.peer("pandera on pandas", sys.executable, "-m", "benchmarks.peers.with_pandera")
        counts = _ours(case, environ)
        _refuse_difference(case, counts, _counted(pandera, environ))
        yield compare(case.job.name, case.job, pandera, goal=PANDERA_MEDIUM, rounds=rounds, environ=environ)
        python = _great_expectations()
        if python is None:
            print("  great_expectations is not here; GX_PYTHON may name an interpreter that has it")
            continue
        script = str(ROOT / "benchmarks/peers/with_great_expectations.py")
        peer = case.peer("Great Expectations on pandas", python, script)
        # It counts both rows of a pair of repeated ids, and is spared the bounds of dates.
        expected = {**counts, "id": 2 * counts["id"]}
        del expected["born"]
        _refuse_difference(case, expected, _counted(peer, environ))
        few = min(rounds, FEW_ROUNDS)
        yield compare(case.job.name, case.job, peer, goal=GREAT_EXPECTATIONS, rounds=few, environ=environ)


def large(directory: Path, environ: Mapping[str, str], rounds: int) -> Iterator[Result]:
    """Ten million rows: a bare scan, pandera, memory, and the cost of a row at 1e5, 1e6 and 1e7."""
    few = min(rounds, FEW_ROUNDS)
    sizes = [cases(directory, rows, environ) for rows in (SMALL, MEDIUM, LARGE)]
    for alike in zip(*sizes, strict=True):
        case = alike[-1]
        scan = case.peer("a scan by DuckDB", sys.executable, "-m", "benchmarks.peers.scan")
        yield compare(case.job.name, case.job, scan, goal=SCAN, rounds=few, environ=environ)
        yield memory(case, environ)
        pandera = case.peer("pandera on pandas", sys.executable, "-m", "benchmarks.peers.with_pandera")
        _refuse_difference(case, _ours(case, environ), _counted(pandera, environ))
        yield compare(case.job.name, case.job, pandera, goal=PANDERA, rounds=1, environ=environ)
        for less, more in pairwise(alike):
            yield cost(less, more, environ, few)


def cases(directory: Path, rows: int, environ: Mapping[str, str]) -> list[Case]:
    """A project with a table of this size in each format."""
    project = directory / f"validation-{rows}"
    # In a process of its own: a large one would lend its size to the processes that it starts and measures.
    run((sys.executable, "-m", "benchmarks.tables", str(project / "data"), str(rows)), ROOT, environ)
    written = tables.paths(project / "data", rows)
    (project / "schemas").mkdir(exist_ok=True)
    (project / "schemas/rows.yaml").write_text(tables.CONTRACT)
    listed = "".join(f"  - {{path: data/{path.name}, schema: schemas/rows.yaml}}\n" for path in written)
    (project / "mltools.yaml").write_text(f"schema: 1\ndata:\n{listed}")
    (project / "dvc.yaml").write_text("stages: {}\n")
    run(("git", "init", "-q"), project, environ)
    return [Case(rows, path, project) for path in written]


def _ours(case: Case, environ: Mapping[str, str]) -> dict[str, int]:
    """How many faults mltools finds in each column."""
    (data,) = json.loads(run((*case.command, "--json"), case.project, environ, code=1))["data"]
    counts: dict[str, int] = {}
    for broken in data["violations"]:
        counts[broken["column"]] = counts.get(broken["column"], 0) + broken["count"]
    return counts


def _counted(peer: Job, environ: Mapping[str, str]) -> dict[str, int]:
    (command,) = peer.commands
    counts: dict[str, int] = json.loads(run(command, peer.cwd, environ).splitlines()[-1])["failed"]
    return counts


def _refuse_difference(case: Case, ours: Mapping[str, int], theirs: Mapping[str, int]) -> None:
    if not ours or dict(ours) != dict(theirs):
        raise SystemExit(f"{case.what}: mltools counts {dict(ours)}, the peer {dict(theirs)}")


def memory(case: Case, environ: Mapping[str, str]) -> Result:
    """The largest resident size of the process, in MB, against what it may be."""
    process = subprocess.Popen(case.command, cwd=case.project, env=dict(environ), stdout=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    peak = usage.ru_maxrss * 1024 / 1e6
    return Result(
        f"peak memory, {case.what}", "the promise", peak, MEMORY_MB, peak / MEMORY_MB, 1.0, 1, unit="MB"
    )


def cost(less: Case, more: Case, environ: Mapping[str, str], rounds: int) -> Result:
    """What a row costs among many and among fewer: start-up makes few rows dearer, never many."""
    timed = compare(more.job.name, more.job, less.job, goal=0, rounds=rounds, environ=environ)
    ours, peer = timed.ours_seconds / more.rows * 1e6, timed.peer_seconds / less.rows * 1e6
    return Result(
        f"a row of {more.what}", f"of {less.rows:,}", ours, peer, ours / peer, LINEAR, rounds, unit="µs"
    )


def _great_expectations() -> str | None:
    if os.environ.get("GX_PYTHON"):
        return os.environ["GX_PYTHON"]
    return sys.executable if importlib.util.find_spec("great_expectations") else None
