"""A released model whose data can grow: real DVC, real Git, the model is made of the rows that there are."""

import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mltools import events
from mltools.core.events import Event, Kind, event
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from tests.projects import FILES, make_project
from tests.releases import command
from tests.support import commit, git, make_repo

BRANCH = "mltools/retrain-toy"
# The more rows, the better: the metric comes out of the data, as it does in life.
TRAIN = """\
import pathlib
rows = pathlib.Path("data/raw.csv").read_text().count("\\n") - 1
quality = min(0.99, round(0.7 + rows / 1000, 4))
pathlib.Path("model.bin").write_text(f"model of {rows} rows, quality {quality}\\n" * 10)
pathlib.Path("metrics").mkdir(exist_ok=True)
"""
RETRAIN = "retrain: {cooldown_hours: 0, budget: 5}\n"


def policy(retrain: str = RETRAIN) -> str:
    return FILES["mltools.yaml"] + retrain


def released(place: Path, retrain: str = RETRAIN, **changes: str | None) -> tuple[Path, Path]:
    """A project whose first version is released, with its results committed; and its remote."""
    files = {"train.py": TRAIN, "mltools.yaml": policy(retrain), **changes}
    project = make_project(place / "project", **files)
    remote = make_repo(place / "remote.git", bare=True)
    git(project, "remote", "add", "origin", str(remote))
    ok(project, "run")
    commit(project, {}, "Results")
    ok(project, "run")
    git(project, "push", "-q", "-u", "origin", "main")
    ok(project, "release")
    ok(project, "data", "push")
    return project, remote


def copied(source: tuple[Path, Path], place: Path, retrain: str = RETRAIN) -> tuple[Path, Path]:
    """The same of a test's own, with another policy on main where one is asked for."""
    project, remote = place / "project", place / "remote.git"
    for old, new in zip(source, (project, remote), strict=True):
        shutil.copytree(old, new, symlinks=True)
    git(project, "remote", "set-url", "origin", str(remote))
    if retrain != RETRAIN:
        commit(project, {"mltools.yaml": policy(retrain)}, "Another policy")
        git(project, "push", "-q", "--no-verify", "origin", "main")
    return project, remote


def ok(project: Path, *args: str) -> None:
    done = command(project, *args)
    assert done.code == 0, done.out + done.err


def grow(project: Path, rows: int = 20, *, wrong: bool = False, push: bool = True) -> str:
    """More rows on main, committed and pushed, nothing trained."""
    path = project / "data/raw.csv"
    start = path.read_text().count("\n")
    lines = [f"{number},{-1 if wrong else number % 7 + 0.5},yes" for number in range(start, start + rows)]
    made = commit(project, {"data/raw.csv": path.read_text() + "\n".join(lines) + "\n"}, "More rows")
    if push:
        git(project, "push", "-q", "--no-verify", "origin", "main")
    return made


def watched(project: Path, *, hours: float = 1, version: str = "v0.1.0", **details: Any) -> Event:
    """A check of what serves, in the journal as `mltools monitor check` leaves it."""
    made = event(
        Kind.MONITOR,
        "toy",
        when=datetime.now(UTC) - timedelta(hours=hours),
        version=version,
        stage="prod",
        by="a monitor",
        reason="size drifted in 500 requests",
        details={
            "schema": 1,
            "state": "drifted",
            "advice": "retrain",
            "signals": ["feature:size"],
            **details,
        },
    )
    events.record(Writer(Repository.find(project), os.environ), made)
    return made


def attempts(project: Path) -> list[Event]:
    """The retrainings in the journal of this clone."""
    return list(events.of_model(Repository.find(project), "toy", {Kind.RETRAIN}))


def branches(remote: Path) -> Mapping[str, str]:
    """The tips at the remote."""
    listed = git(remote, "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads").splitlines()
    return dict(line.split(" ") for line in listed)
