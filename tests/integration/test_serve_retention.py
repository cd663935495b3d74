"""Which versions stay in the models directory of a service that follows a stage."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from mltools import registry
from mltools.edges.git.read import Repository
from mltools.models import Place
from mltools.server.holder import Holder
from mltools.server.metrics import Metrics
from mltools.server.settings import Settings
from mltools.serving import retention
from mltools.serving.agent import Agent
from tests.released import clone, make_served, promote, release
from tests.releases import command
from tests.serving import classifier, put_plan


def versions(models: Path, name: str = "toy") -> list[str]:
    return sorted(path.name for path in (models / "versions" / name).iterdir())


def lay(models: Path, *names: str, model: str = "toy") -> None:
    """Directories of versions, each handed over later than the one before."""
    for second, name in enumerate(names):
        place = models / "versions" / model / name
        place.mkdir(parents=True)
        (place / "version.json").write_text("{}")
        os.utime(place, (second, second))


def test_what_is_served_or_wanted_stays_and_the_newest_of_the_others(tmp_path: Path) -> None:
    lay(tmp_path, "4", "1", "2", "3", "7", "5", "6")
    lay(tmp_path, "1", "2", "3", model="other")
    (tmp_path / "versions/toy/.new-of-somebody").mkdir()
    put_plan(tmp_path, "4", serial=2, canary={"version": "1", "share": 0.1}, shadow="2")
    (tmp_path / "state.json").write_text(json.dumps({"applied": {"stable": "3", "canary": None}}))
    assert retention.clear(tmp_path, kept=2) == ("7",)
    assert versions(tmp_path) == [".new-of-somebody", "1", "2", "3", "4", "5", "6"]
    assert versions(tmp_path, "other") == ["1", "2", "3"]
    assert retention.clear(tmp_path, kept=2) == ()


def test_where_there_is_nothing_nothing_goes(tmp_path: Path) -> None:
    assert retention.clear(tmp_path) == ()
    (tmp_path / "plan.json").write_text('{"model": "toy", "serve": 5}')
    (tmp_path / "state.json").write_text('{"applied": [1]}')
    lay(tmp_path, "1", "2")
    assert retention.clear(tmp_path, kept=1) == ("1",)


def test_the_agent_takes_away_what_served_long_ago_once_the_service_has_followed(tmp_path: Path) -> None:
    project, models = make_served(tmp_path), tmp_path / "models"
    said: list[str] = []
    seen = []
    agent = None
    service = Holder(Settings(models=models), Metrics())
    for second in range(3):
        seen.append(
            release(project, classifier(flipped=bool(second % 2)), 0.8 + second / 20, second=second + 5)
        )
        promote(project, seen[-1])
        if agent is None:
            place = Place(Repository.find(clone(tmp_path)), "", os.environ, said.append, said.append)
            agent = Agent(
                place, registry.reference("toy#prod"), models, "here", lambda: datetime.now(UTC), kept=1
            )
        agent.tick()
        # The service has not followed yet: it may be loading what the plan said before.
        assert versions(models) == [version[1:] for version in seen]
        service.step()
        service.tell()
        if second < 2:
            agent.tick()
    assert agent is not None
    agent.tick()
    assert versions(models) == [version[1:] for version in seen[1:]]
    assert any(f"taken away, as they serve no more: {seen[0][1:]}" in text for text in said)
    done = command(project, "model", "rollback", "toy", "--stage", "prod", "--to", seen[0])
    assert done.code == 0, done.err
    agent.tick()
    service.step()
    service.tell()
    agent.tick()
    assert service.serving is not None
    assert service.serving.plan.stable == seen[0][1:]
    assert versions(models) == sorted([seen[0][1:], seen[2][1:]])
