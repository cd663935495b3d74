"""What an agent has to tell the journal while that cannot be written."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from mltools import events, journal, registry
from mltools.core.events import Kind
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from mltools.models import Place
from mltools.server.holder import Holder
from mltools.server.metrics import Metrics
from mltools.server.settings import Settings
from mltools.serving.agent import Agent
from mltools.serving.plans import State
from mltools.serving.rollouts import _Progress
from tests.released import clone, make_served, promote, release
from tests.releases import command
from tests.serving import classifier
from tests.support import git


def test_what_cannot_be_recorded_is_recorded_later_and_a_decision_stands_meanwhile(tmp_path: Path) -> None:
    project, models = make_served(tmp_path), tmp_path / "models"
    first, other = release(project, classifier(), 0.8), release(project, classifier(), 0.9, second=6)
    promote(project, first)
    said: list[str] = []
    where = clone(tmp_path)
    place = Place(Repository.find(where), "", os.environ, said.append, said.append)
    agent = Agent(place, registry.reference("toy#prod"), models, "here", lambda: datetime.now(UTC))
    begun = command(project, "model", "canary", f"toy@{other}", "--stage", "prod")
    assert begun.code == 0, begun.err
    agent.tick()
    plan = json.loads((models / "plan.json").read_text())
    assert plan["serve"]["canary"]["version"] == other[1:]
    # The service cannot take the canary, and at the same time the journal's newest commit is unreadable.
    serial = plan["serial"]
    state = {
        "schema": 1,
        "serial": serial,
        "applied": {"stable": first[1:]},
        "failed": serial,
        "error": "no",
        "arms": {},
    }
    (models / "state.json").write_text(json.dumps(state))
    tip = git(where, "rev-parse", "refs/mltools/journal")
    damaged = where / ".git/objects" / tip[:2] / tip[2:]
    whole = damaged.read_bytes()
    damaged.chmod(0o644)
    damaged.write_bytes(b"")
    place = Place(Repository.find(where), "", os.environ, said.append, said.append)
    agent.place = agent._trials.place = place
    agent._trials.failed("no")
    assert any("the journal cannot be written" in text for text in said)
    damaged.write_bytes(whole)
    agent.place = agent._trials.place = Place(
        Repository.find(where), "", os.environ, said.append, said.append
    )
    agent.tick()
    plan = json.loads((models / "plan.json").read_text())
    assert plan["serve"]["canary"] is None
    journal.fetch(Writer(Repository.find(project), os.environ), "origin")
    told = events.of_model(Repository.find(project), "toy", {Kind.CANARY})
    assert [(one.state, one.version) for one in told] == [("started", other), ("aborted", other)]


def test_a_trial_adds_up_over_plans_and_over_starts_of_the_service_however_soon_it_counts_more() -> None:
    progress = _Progress("e1")

    def counted(requests: int, errors: int, *, serial: int, started: str) -> tuple[int, int]:
        arms = {"stable": {}, "canary": {"requests": requests, "errors": errors}}
        progress.count(State(started=started, serial=serial, arms=arms))
        total = progress.total("canary")
        return total.requests, total.errors

    assert counted(10, 5, serial=1, started="a") == (10, 5)
    assert counted(20, 6, serial=1, started="a") == (20, 6)
    assert counted(30, 0, serial=1, started="b") == (50, 6)
    assert counted(1, 0, serial=2, started="b") == (51, 6)


def test_a_stage_is_followed_even_where_the_journal_does_not_come(
    tmp_path: Path,
) -> None:
    project, models = make_served(tmp_path), tmp_path / "models"
    first = release(project, classifier(), 0.8)
    promote(project, first)
    said: list[str] = []
    where = clone(tmp_path)
    place = Place(Repository.find(where), "", os.environ, said.append, said.append)
    agent = Agent(place, registry.reference("toy#prod"), models, "here", lambda: datetime.now(UTC))
    service = Holder(Settings(models=models), Metrics())
    for _ in range(2):
        agent.tick()
        service.step()
        service.tell()
    second = release(project, classifier(), 0.9, second=6)
    promote(project, second)
    remote = tmp_path / "remote.git"
    tip = git(remote, "rev-parse", "refs/mltools/journal")
    damaged = remote / "objects" / tip[:2] / tip[2:]
    whole = damaged.read_bytes()
    damaged.chmod(0o644)
    damaged.write_bytes(b"")
    agent.tick()
    assert json.loads((models / "plan.json").read_text())["serve"]["stable"] == second[1:]
    assert json.loads((models / "agent.json").read_text())["error"]
    damaged.write_bytes(whole)
    for _ in range(2):
        agent.tick()
        service.step()
        service.tell()
    agent.tick()
    told = [
        (one.version, one.state) for one in events.of_model(Repository.find(where), "toy", {Kind.DEPLOYMENT})
    ]
    assert told == [(first, "serving"), (second, "serving")], said
