"""A run in which nothing has changed: validate, check the pipeline, compare, judge, report, record."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks import projects
from benchmarks.measure import Job, Result, compare, run
from benchmarks.programs import DVC, MLTOOLS

BARE = {4: 1.0, 200: 0.2}
WHOLE_JOB = 0.3


def results(directory: Path, environ: Mapping[str, str], rounds: int) -> Iterator[Result]:
    for stages, goal in BARE.items():
        root = projects.tree(directory / f"noop-{stages}", stages, environ)
        run((*MLTOOLS, "run"), root, environ)
        ours = Job("mltools run", ((*MLTOOLS, "run"),), root)
        bare = Job("dvc repro", ((*DVC, "repro"),), root)
        whole = Job(
            "dvc repro; dvc metrics diff main; dvc params diff main",
            (*bare.commands, (*DVC, "metrics", "diff", "main"), (*DVC, "params", "diff", "main")),
            root,
        )
        for peer, most in ((bare, goal), (whole, WHOLE_JOB)):
            yield compare(
                f"{ours.name}, {stages} stages", ours, peer, goal=most, rounds=rounds, environ=environ
            )
