"""How long the command line takes before it does anything."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.measure import Job, Result, compare
from benchmarks.programs import DVC, MLTOOLS

GOAL = 0.5


def results(directory: Path, environ: Mapping[str, str], rounds: int) -> Iterator[Result]:
    peer = Job("dvc --version", ((*DVC, "--version"),), directory)
    for option in ("--version", "--help"):
        ours = Job(f"mltools {option}", ((*MLTOOLS, option),), directory)
        yield compare(ours.name, ours, peer, goal=GOAL, rounds=2 * rounds, environ=environ)
