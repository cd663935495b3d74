"""The whole way: a released model behind the real service, its own request log, labels by its ids, the check."""

import csv
import os
from pathlib import Path

import numpy as np

from mltools import models
from mltools.edges.git.read import Repository
from mltools.models import Place
from mltools.serving.handing import hand
from tests import monitored
from tests.integration.test_monitor_importance import IMPORTANCE, model
from tests.monitored import row, truth
from tests.releases import command
from tests.serving import put_plan, service


def test_what_the_service_logs_is_what_the_check_reads(tmp_path: Path) -> None:
    # How quick a machine is, is nobody's promise here.
    policy = "\n".join(line for line in monitored.POLICY.splitlines() if "latency" not in line)
    project = monitored.released(tmp_path / "project", policy=f"{policy}\n", importance=IMPORTANCE)
    monitored.released_model(project, model())
    place = Place(Repository.find(project), "", dict(os.environ), print, print)
    served = tmp_path / "served"
    hand(place, models.released(models.find(place, "toy@v0.2.0")[1]), served, model="toy")
    put_plan(served, "0.2.0", serial=1)
    chance = np.random.default_rng(6)
    rows = [row(chance) for _ in range(300)]
    rows = [{**one, "size": round(one["size"] + 1, 4), "secret": "s"} for one in rows]
    with service(served) as running:
        for start in range(0, 300, 100):
            assert running.predict(*rows[start : start + 100]).status == 200
        assert running.predict({**rows[0], "age": -1}).status == 422
        lines = running.lines()
    answered = [line for line in lines if line["status"] == 200]
    with (tmp_path / "labels.csv").open("w", newline="") as sink:
        sheet = csv.writer(sink)
        sheet.writerow(["id", "label"])
        sheet.writerows([line["id"], truth(line["features"], chance)] for line in answered)
    log = str(running.log)
    told = command(project, "monitor", "label", str(tmp_path / "labels.csv"), "--log", log, "--json")
    assert (told.code, told.json["new"], told.json["unknown"]) == (0, 300, 0)
    done = command(project, "monitor", "check", "toy@v0.2.0", "--log", log, "--since", "1h", "--json")
    assert done.out, done.err
    tree = done.json
    assert (done.code, tree["verdict"], tree["drifted"]) == (1, "drifted", ["size"])
    assert (tree["traffic"]["answered"], tree["traffic"]["refused"], tree["labelled"]) == (300, 1, 300)
    assert tree["quality"][0]["decision"] is not None
    assert {finding["level"] for finding in tree["findings"] if finding["key"].startswith("model:")} == {"ok"}
