"""From an empty directory to a deployed model: the generated workflows, run as they are, event by event."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mltools.deploying.packing import SERVER
from mltools.edges.pins import closure
from tests.e2e.runner import REPOSITORY, TOKEN, Machine, Outcome
from tests.e2e.stock import build_mltools, pack_requirements, site_without_mltools
from tests.github_server import serving
from tests.support import git, mltools

pytestmark = [pytest.mark.slow, pytest.mark.full]

MARKER = "<!-- mltools:report:v1:"


@dataclass
class Developer:
    """A clone of the project as a person works in it, and the machine that it is pushed to."""

    project: Path
    machine: Machine

    def change(self, old: str, new: str, message: str, *, file: str = "params.yaml") -> str:
        """Change a line, commit, push; the branch's tip before the push, all zeros for a new branch."""
        path = self.project / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
        git(self.project, "commit", "-q", "-a", "-m", message)
        return self.push()

    def push(self) -> str:
        branch = git(self.project, "branch", "--show-current")
        before = git(self.machine.remote, "rev-parse", "-q", "--verify", f"refs/heads/{branch}", check=False)
        git(self.project, "push", "-q", "-u", "origin", branch)
        return before or "0" * 40

    def tags(self) -> list[str]:
        return git(self.machine.remote, "tag", "--list").splitlines()

    def records(self) -> list[str]:
        """The commits that the journal on the remote has records of, with their runs' ids."""
        paths = git(self.machine.remote, "ls-tree", "-r", "--name-only", "refs/mltools/journal").splitlines()
        return sorted("/".join(path.split("/")[2:4]) for path in paths if path.endswith("/run.json"))

    def head(self, ref: str = "HEAD") -> str:
        return git(self.project, "rev-parse", ref)


@pytest.fixture
def developer(tmp_path: Path) -> Iterator[Developer]:
    """A new project, pushed to an empty repository on a forge; its data went along without any account."""
    project = tmp_path / "iris"
    made = mltools(tmp_path, "init", "iris", "--no-input", "--ci", "github", "--name", "iris")
    assert made.code == 0, made.err
    site = site_without_mltools(tmp_path / "site")
    wheels = tmp_path / "wheels"
    build_mltools(wheels)
    with serving(git=tmp_path / "remote.git") as server:
        server.forge.repository = REPOSITORY
        machine = Machine(tmp_path, server, site, (wheels,))
        machine.create()
        git(project, "remote", "add", "origin", str(machine.remote))
        developer = Developer(project, machine)
        developer.push()
        yield developer


def passed(outcome: Outcome, *jobs: str) -> None:
    """All went well, and these jobs ran."""
    assert outcome.jobs == dict.fromkeys(jobs, "success"), outcome.text
    assert outcome.code == 0, outcome.text
    assert TOKEN not in outcome.text


def statuses(machine: Machine, commit: str) -> list[tuple[str, str]]:
    """The verdicts beside a commit, oldest first."""
    return [
        (status["context"], status["state"])
        for status in machine.server.forge.statuses
        if status["sha"] == commit
    ]


def test_what_is_pushed_to_main_is_released_and_deployed_and_so_is_a_merged_improvement(
    developer: Developer, tmp_path: Path
) -> None:
    machine, forge = developer.machine, developer.machine.server.forge
    pack_requirements((developer.project / "requirements.txt").read_text().splitlines(), tmp_path / "clean")
    machine.wheels = (*machine.wheels, tmp_path / "clean")

    first = machine.push_event("main")
    passed(first, "train", "publish", "release", "deploy")
    assert developer.tags() == ["tumour@v0.1.0"]
    assert statuses(machine, developer.head()) == [("mltools", "success")]
    assert [release["tag_name"] for release in forge.releases.values()] == ["tumour@v0.1.0"]
    assert "row " in first.log("deploy")
    assert len(developer.records()) == 1

    git(developer.project, "switch", "-q", "-c", "better")
    before = developer.change("C: 0.01", "C: 1.0", "Regularise less")
    passed(machine.push_event("better", before), "train", "publish")
    pull = forge.open_pull(developer.head(), branch="better")
    opened = machine.pull_request_event(pull.number)
    passed(opened, "train", "publish")
    assert "already has the record" in opened.log("train"), "one commit is trained once"
    (comment,) = forge.texts(pull.number)
    assert MARKER in comment
    assert "passed" in comment
    assert "test.roc_auc" in comment
    assert len(developer.records()) == 2
    assert developer.tags() == ["tumour@v0.1.0"], "a branch releases nothing"

    git(developer.project, "switch", "-q", "main")
    git(developer.project, "merge", "-q", "--no-ff", "-m", "Merge better", "better")
    merged = machine.push_event("main", developer.push())
    passed(merged, "train", "publish", "release", "deploy")
    assert developer.tags() == ["tumour@v0.1.0", "tumour@v0.2.0"]
    assert "tumour@v0.2.0" in merged.log("deploy")

    refused = machine.dispatch("mltools-deploy.yml", version="$(touch x)")
    assert refused.jobs == {"deploy": "failure"}
    assert "must have the form tumour@v1.2.3" in refused.text


def test_what_worsens_the_model_fails_and_says_why_in_one_comment_that_is_kept_current(
    developer: Developer,
) -> None:
    machine, forge = developer.machine, developer.machine.server.forge
    (developer.project / "mltools.yaml").write_text(
        (developer.project / "mltools.yaml").read_text().replace("release:\n  model: tumour\n", "")
    )
    assert mltools(developer.project, "workflow", "generate").code == 0
    git(developer.project, "add", "-A")
    git(developer.project, "commit", "-q", "-m", "Release nothing")
    developer.push()
    passed(machine.push_event("main"), "train", "publish")
    assert developer.tags() == []

    git(developer.project, "switch", "-q", "-c", "worse")
    before = developer.change("C: 0.01", "C: 0.000001", "Regularise far more")
    pull = forge.open_pull(developer.head(), branch="worse")
    failed = machine.push_event("worse", before)
    assert failed.jobs == {"train": "failure", "publish": "success"}, failed.text
    assert failed.code == 1
    assert statuses(machine, developer.head()) == [("mltools", "failure")]
    (comment,) = forge.texts(pull.number)
    assert "failed" in comment
    assert "recall-kept" in comment
    assert "loss-kept" in comment

    before = developer.change("C: 0.000001", "C: 0.0001", "Regularise a little less")
    machine.push_event("worse", before)
    (second,) = forge.texts(pull.number)
    assert second != comment
    assert developer.head()[:8] in second
    assert len(developer.records()) == 3

    git(developer.project, "switch", "-q", "-c", "broken", "main")
    before = developer.change("RAW = Path", "RAW = Paths", "Mistype a name", file="pipeline/prepare.py")
    broken = machine.push_event("broken", before)
    assert broken.jobs == {"train": "failure", "publish": "failure"}, broken.text
    assert "NameError" in broken.log("train")
    assert "no verdict" in broken.log("publish")
    assert len(developer.records()) == 3, "what came to no verdict leaves no record"


def test_a_pull_request_from_a_fork_is_trained_without_secrets_and_reported_by_the_second_workflow(
    developer: Developer,
) -> None:
    machine, forge = developer.machine, developer.machine.server.forge
    git(developer.project, "switch", "-q", "-c", "better")
    path = developer.project / "params.yaml"
    path.write_text(path.read_text().replace("C: 0.01", "C: 1.0"))
    git(developer.project, "commit", "-q", "-a", "-m", "Regularise less")
    pull = forge.open_pull(developer.head(), branch="better", repository="stranger/iris")
    git(developer.project, "push", "-q", "--no-verify", "origin", f"HEAD:refs/pull/{pull.number}/head")

    trained = machine.pull_request_event(pull.number, head=developer.head())
    passed(trained, "train")
    assert forge.texts(pull.number) == []
    assert git(machine.remote, "for-each-ref", "refs/mltools/journal") == ""

    passed(machine.workflow_run_event(pull.number, run=machine.runs, conclusion="success"), "report")
    (comment,) = forge.texts(pull.number)
    assert MARKER in comment
    assert "the pull request's own code, in a run without any secrets" in comment
    assert git(machine.remote, "for-each-ref", "refs/mltools/journal") == "", "no stranger's record is kept"

    lost = machine.workflow_run_event(pull.number, run=99, conclusion="failure")
    assert lost.code == 0, lost.text
    assert len(forge.texts(pull.number)) == 1


def test_a_release_goes_stage_by_stage_and_what_does_not_answer_is_rolled_back(
    developer: Developer, tmp_path: Path
) -> None:
    machine = developer.machine
    pins = closure((*SERVER, "scikit-learn"))
    pack_requirements([f"{name}=={version}" for name, version in pins.items()], tmp_path / "serving")
    pack_requirements((developer.project / "requirements.txt").read_text().splitlines(), tmp_path / "clean")
    machine.wheels = (*machine.wheels, tmp_path / "serving", tmp_path / "clean")
    policy = developer.project / "mltools.yaml"
    stages = "  stages: [staging, {name: prod, needs: {minimum: {hours: 24}}}]\n"
    policy.write_text(policy.read_text().replace("model: tumour\n", f"model: tumour\n{stages}"))
    assert mltools(developer.project, "workflow", "generate").code == 0
    git(developer.project, "add", "-A")
    git(developer.project, "commit", "-q", "-m", "Deploy by stages")
    developer.push()

    first = machine.push_event("main")
    passed(first, "train", "publish", "release", "deploy", "promote-1", "smoke-1", "promote-2")
    assert developer.tags() == ["tumour#staging#1", "tumour@v0.1.0"]
    assert "answered as the release says" in first.log("smoke-1")
    assert "is not promoted to prod" in first.log("promote-2"), "what the policy asks for more is no fault"

    # What the release says of itself is not what the model answers.
    (developer.project / "smoke.json").write_text('{"rows": [{}], "expected": ["neither"]}')
    policy.write_text(policy.read_text() + "serve: {smoke: smoke.json}\n")
    git(developer.project, "add", "-A")
    before = developer.change("C: 0.01", "C: 1.0", "Regularise less, and expect nonsense")
    second = machine.push_event("main", before)
    assert second.jobs["promote-1"] == "success", second.text
    assert second.jobs["smoke-1"] == "failure", second.text
    assert second.jobs["rollback-1"] == "success", second.text
    assert "promote-2" not in second.jobs
    git(developer.project, "fetch", "-q", "--tags")
    held = mltools(developer.project, "model", "show", "tumour#staging", "--json").json
    assert held["version"] == "v0.1.0", "the stage has what was well before"
    assert not any(tag.startswith("tumour#prod") for tag in developer.tags())
