"""The generated workflow that retrains, run as it is: by its schedule, by hand, and when there is nothing to do."""

import json

import pytest

from tests.e2e.runner import Outcome
from tests.e2e.test_workflows_run import Developer, developer, passed, statuses
from tests.projects import dvc
from tests.support import git, mltools

__all__ = ["developer"]

pytestmark = [pytest.mark.slow, pytest.mark.full]

BRANCH = "mltools/retrain-tumour"


def done(developer: Developer, *args: str) -> None:
    found = mltools(developer.project, *args)
    assert found.code == 0, found.out + found.err


def release_under(developer: Developer, policy: str) -> None:
    """Add to mltools.yaml, generate the workflows, and release what then comes out."""
    project = developer.project
    with (project / "mltools.yaml").open("a") as file:
        file.write(policy)
    done(developer, "workflow", "generate")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "Another policy")
    done(developer, "run")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "Results")
    done(developer, "run")
    developer.push()
    done(developer, "release")


def shrink(developer: Developer) -> None:
    """Forty rows less on main, pushed and not trained."""
    project = developer.project
    rows = (project / "data/raw.csv").read_text().splitlines(keepends=True)
    (project / "data/raw.csv").write_text("".join(rows[:-40]))
    dvc(project, "add", "data/raw.csv")
    git(project, "commit", "-q", "-a", "-m", "Take forty rows back")
    developer.push()


def on_schedule(developer: Developer) -> Outcome:
    machine = developer.machine
    commit = git(machine.remote, "rev-parse", "refs/heads/main")
    return machine.run("schedule", commit, {"schedule": "41 5 * * *"}, "mltools-retrain.yml")


def test_new_data_are_retrained_on_schedule_and_come_as_one_pull_request(developer: Developer) -> None:
    machine, forge = developer.machine, developer.machine.server.forge
    release_under(developer, '\nretrain: {schedule: "41 5 * * *", cooldown_hours: 0, merge: non-inferior}\n')

    idle = on_schedule(developer)
    assert idle.code == 0, idle.text
    assert idle.jobs["retrain"] == "success"
    assert idle.jobs.get("propose", "skipped") == "skipped"
    assert "not now: " in idle.log("retrain")
    assert forge.pulls == {}

    shrink(developer)
    outcome = on_schedule(developer)
    passed(outcome, "retrain", "propose")
    (pull,) = forge.pulls.values()
    tip = git(machine.remote, "rev-parse", f"refs/heads/{BRANCH}")
    assert (pull.branch, pull.base) == (BRANCH, "main")
    assert "data/raw.csv is not what v0.1.0 was trained with" in (pull.body or "")
    (comment,) = forge.texts(pull.number)
    assert "test.roc_auc" in comment
    ((context, _),) = statuses(machine, tip)
    assert context == "mltools"
    if pull.merged:
        assert forge.started == [("mltools.yml", "main")]
    journal = git(machine.remote, "ls-tree", "-r", "--name-only", "refs/mltools/journal:events").splitlines()
    states = [
        json.loads(git(machine.remote, "show", f"refs/mltools/journal:events/{path}"))["details"]["state"]
        for path in journal
    ]
    assert states == (["proposed", "merged"] if pull.merged else ["proposed"])

    forced = machine.dispatch("mltools-retrain.yml", reason="$(touch x) `id` 'again'", force="true")
    assert forced.code == 0, forced.text
    assert "asked for by hand: $(touch x) `id` 'again'" in forced.log("retrain")
    assert len(forge.pulls) == 1
