"""The generated workflow that checks what serves, run as it is: drift is kept, told, and has the model retrained."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mltools import events
from mltools.core.events import Kind
from mltools.edges.git.read import Repository
from tests.e2e.runner import Outcome
from tests.e2e.test_retrain_runs import release_under, shrink
from tests.e2e.test_workflows_run import Developer, developer
from tests.support import git

__all__ = ["developer"]

pytestmark = [pytest.mark.slow, pytest.mark.full]

SHIFTED = "worst_concave_points"


def on_schedule(developer: Developer) -> Outcome:
    machine = developer.machine
    commit = git(machine.remote, "rev-parse", "refs/heads/main")
    return machine.run("schedule", commit, {"schedule": "3 * * * *"}, "mltools-monitor.yml")


def write_log(place: Path, data: Path, *, shift: float) -> None:
    """Requests of the last hours: rows that the model learnt from, with one column moved."""
    with data.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    begun = datetime.now(UTC) - timedelta(hours=6)
    lines = []
    for number, row in enumerate(rows):
        features = {name: float(value) for name, value in row.items() if name not in {"id", "diagnosis"}}
        features[SHIFTED] += shift
        line = {
            "id": f"r{number}",
            "time": f"{begun + timedelta(seconds=30 * number):%Y-%m-%dT%H:%M:%S}.000Z",
            "model": "tumour",
            "version": "0.1.0",
            "arm": "stable",
            "features": features,
            "prediction": row["diagnosis"],
            "milliseconds": 3.0,
            "status": 200,
        }
        lines.append(json.dumps(line))
    place.mkdir()
    (place / "requests-1.jsonl").write_text("\n".join(lines) + "\n")


def test_drift_is_kept_told_and_has_the_model_retrained(developer: Developer, tmp_path: Path) -> None:
    machine, forge = developer.machine, developer.machine.server.forge
    release_under(
        developer,
        f'\nmonitor: {{schedule: "3 * * * *", log: {tmp_path / "log"}, persistence: {{windows: 1, of: 1}}}}\n'
        "retrain: {when: [drift], drift: drifted, cooldown_hours: 0}\n",
    )
    write_log(tmp_path / "log", developer.project / "data/raw.csv", shift=0.2)

    outcome = on_schedule(developer)
    assert outcome.jobs == {"check": "success", "tell": "failure"}, outcome.text
    assert SHIFTED in outcome.log("tell")
    (issue,) = forge.issues.values()
    assert issue["title"].startswith("tumour v0.1.0 is drifted: ")
    (kept,) = events.of_model(Repository.find(machine.remote), "tumour", {Kind.MONITOR})
    assert kept.details["signals"] == [f"feature:{SHIFTED}"]
    assert "not now: " in outcome.log("tell"), "the same data give the same model"
    assert forge.started == []

    shrink(developer)
    again = on_schedule(developer)
    assert again.jobs == {"check": "success", "tell": "failure"}, again.text
    assert forge.started == [("mltools-retrain.yml", "main")]
    assert len(forge.issues) == 1
