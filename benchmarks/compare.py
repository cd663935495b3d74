"""Two revisions side by side, against DVC's two commands for it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks import projects
from benchmarks.measure import Job, Result, compare
from benchmarks.programs import DVC, MLTOOLS

GOAL = 0.3


def results(directory: Path, environ: Mapping[str, str], rounds: int) -> Iterator[Result]:
    for stages in (4, 200):
        root = projects.tree(directory / f"compare-{stages}", stages, environ)
        ours = Job("mltools compare main", ((*MLTOOLS, "compare", "main"),), root)
        peer = Job(
            "dvc metrics diff main; dvc params diff main",
            ((*DVC, "metrics", "diff", "main"), (*DVC, "params", "diff", "main")),
            root,
        )
        yield compare(f"{ours.name}, {stages} stages", ours, peer, goal=GOAL, rounds=rounds, environ=environ)
