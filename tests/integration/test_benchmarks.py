"""The benchmarks run, on projects that DVC finds clean. What they measure is not tested."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import projects
from benchmarks.__main__ import BENCHMARKS, line
from benchmarks.measure import Job, Result, compare, environment, run
from benchmarks.programs import DVC
from mltools.edges import dvcfiles, freshness
from mltools.edges.freshness import Clean
from mltools.edges.git.read import Repository

ROOT = Path(__file__).parents[2]
RESULT = Result("ours", "theirs", 0.1234, 0.5, 0.25, goal=0.3, rounds=5)


def test_a_result_is_one_line_with_its_goal() -> None:
    assert line(RESULT) == "  ours: 0.123 s; theirs: 0.500 s; ratio 0.250 (goal 0.3, reached; 5 pairs)"
    assert "MISSED" in line(Result("ours", "theirs", 1, 1, 1.0, goal=0.3, rounds=5))


def test_both_jobs_run_in_turn_and_the_first_pair_does_not_count(tmp_path: Path) -> None:
    log = tmp_path / "log"
    jobs = [Job(name, (("sh", "-c", f"echo {name} >> {log}"),) * 2, tmp_path) for name in ("ours", "peer")]
    result = compare("x", *jobs, goal=1000, rounds=2, environ=os.environ)
    assert log.read_text().split() == ["ours", "ours", "peer", "peer"] * 3
    assert (result.peer, result.rounds, result.reached) == ("peer", 2, True)


def test_a_job_that_fails_stops_the_benchmark(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="sh -c echo no; exit 3 ended with 3"):
        run(("sh", "-c", "echo no; exit 3"), tmp_path, os.environ)


def test_every_benchmark_is_described() -> None:
    text = (ROOT / "benchmarks" / "README.md").read_text()
    assert all(f"`{name}`" in text for name in BENCHMARKS)


def test_an_unknown_benchmark_is_told() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "nope"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "no benchmark 'nope'" in done.stderr


@pytest.mark.slow
def test_the_project_that_is_measured_on_is_clean_to_dvc_and_to_us(tmp_path: Path) -> None:
    environ = environment(tmp_path)
    root = projects.tree(tmp_path / "project", 12, environ)
    assert "up to date" in run((*DVC, "repro"), root, environ)
    verdict = freshness.changed(
        root,
        repository=Repository.find(root),
        prefix="",
        pipeline=dvcfiles.pipeline_from((root / "dvc.yaml").read_bytes(), "dvc.yaml"),
        lock=dvcfiles.read_lock(root),
        environ=environ,
        store=tmp_path / "hashes.json",
    )
    assert verdict == Clean()
