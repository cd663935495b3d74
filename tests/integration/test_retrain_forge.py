"""Retraining on a forge: one pull request with its report and status, kept up to date; merged and released by policy."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import retrained
from tests.github_server import Fault, GitHubServer, serving
from tests.github_state import BOT, Viewer
from tests.pictures import png
from tests.projects import FILES
from tests.releases import command
from tests.retrained import BRANCH, attempts, branches, grow
from tests.support import Result, commit, git, mltools

MERGE = "retrain: {cooldown_hours: 0, merge: non-inferior}\n"
EVALUATE = FILES["evaluate.py"] + f'pathlib.Path("picture.png").write_bytes({png()!r})\n'
PIPELINE = FILES["dvc.yaml"].replace(
    "artifacts:", "    plots:\n      - picture.png: {cache: false}\nartifacts:"
)
MARKER = "<!-- mltools:retrain:v1:toy -->\n"


@dataclass
class Forge:
    """A clone, its remote, and the forge that shows it."""

    project: Path
    remote: Path
    server: GitHubServer

    def retrain(self, *args: str, **variables: str) -> Result:
        env = self.server.environ(
            GITHUB_EVENT_NAME="schedule", GITHUB_REF="refs/heads/main", GITHUB_SHA="0" * 40, **variables
        )
        return command(self.project, "retrain", *args, env=env)

    @property
    def pulls(self) -> list[Any]:
        return list(self.server.forge.pulls.values())

    def statuses(self, commit: str) -> list[tuple[str, str]]:
        found = (each for each in self.server.forge.statuses if each["sha"] == commit)
        return [(each["context"], each["state"]) for each in found]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return retrained.released(tmp_path_factory.mktemp("source"))


@pytest.fixture
def forge(source: tuple[Path, Path], tmp_path: Path) -> Iterator[Forge]:
    yield from opened(source, tmp_path, retrained.RETRAIN)


@pytest.fixture
def merging(source: tuple[Path, Path], tmp_path: Path) -> Iterator[Forge]:
    """One whose policy merges by itself, with the workflows that release."""
    yield from opened(source, tmp_path, MERGE)


def opened(source: tuple[Path, Path], place: Path, policy: str) -> Iterator[Forge]:
    project, remote = retrained.copied(source, place, policy)
    assert command(project, "workflow", "generate").code == 0
    commit(project, {}, "Workflows")
    git(project, "push", "-q", "--no-verify", "origin", "main")
    grow(project)
    with serving(git=remote) as server:
        yield Forge(project, remote, server)


def test_it_opens_one_pull_request_and_brings_that_one_up_to_date(forge: Forge) -> None:
    retrained.watched(forge.project)
    found = forge.retrain("--json")
    assert found.code == 0, found.err
    (pull,) = forge.pulls
    made = found.json["commit"]
    assert found.json["pull_request"] == f"https://github.com/octo/iris/pull/{pull.number}"
    assert (pull.branch, pull.base, pull.title) == (BRANCH, "main", "Retrain toy")
    assert pull.body.startswith(MARKER)
    assert "v0.1.0 in prod is drifted" in pull.body
    assert "feature:size" in pull.body
    assert "data/raw.csv is not what v0.1.0 was trained with" in pull.body
    assert "Merging it is up to you: retrain.merge is never." in pull.body
    (comment,) = forge.server.forge.texts(pull.number)
    assert comment.startswith("<!-- mltools:report:v1:. -->\n")
    assert "test.auc" in comment
    assert forge.statuses(made) == [("mltools", "success")]
    (event,) = attempts(forge.project)
    assert (event.state, event.details["number"]) == ("proposed", pull.number)

    waiting = forge.retrain()
    assert f"(proposed in {found.json['pull_request']})" in waiting.out
    grow(forge.project, 30)
    again = forge.retrain("--json")
    assert again.code == 0, again.err
    assert again.json["commit"] != made
    (same,) = forge.pulls
    assert same.number == pull.number
    assert again.json["run"] in same.body
    assert len(forge.server.forge.texts(pull.number)) == 1
    assert forge.statuses(again.json["commit"]) == [("mltools", "success")]
    assert forge.server.forge.started == []


@pytest.fixture
def drawing(tmp_path: Path) -> Iterator[Forge]:
    """One whose pipeline draws a picture, which reports are to show."""
    keeping = "report: {images: ref}\n" + retrained.RETRAIN
    source = retrained.released(
        tmp_path / "source", keeping, **{"evaluate.py": EVALUATE, "dvc.yaml": PIPELINE}
    )
    yield from opened(source, tmp_path, keeping)


def test_the_report_shows_the_pictures_as_that_of_any_other_change_does(drawing: Forge) -> None:
    found = drawing.retrain("--json")
    assert found.code == 0, found.err
    (pull,) = drawing.pulls
    (comment,) = drawing.server.forge.texts(pull.number)
    tip = git(drawing.remote, "rev-parse", "refs/mltools/images")
    assert f"https://github.com/octo/iris/blob/{tip}/" in comment
    assert "the report goes without its pictures" not in found.err


def test_a_report_goes_without_pictures_that_cannot_be_kept(drawing: Forge) -> None:
    hook = drawing.remote / "hooks/update"
    hook.write_text('#!/bin/sh\ntest "$1" != refs/mltools/images\n')
    hook.chmod(0o755)
    found = drawing.retrain("--json")
    assert found.code == 0, found.err
    assert "the run's pictures are not kept: " in found.err
    (pull,) = drawing.pulls
    (comment,) = drawing.server.forge.texts(pull.number)
    assert "?raw=true" not in comment


def test_a_job_that_is_run_again_is_no_second_attempt(forge: Forge, tmp_path: Path) -> None:
    """The job that publishes ends with 1 where the data were refused, so somebody may start it again."""
    grow(forge.project, wrong=True)
    assert forge.retrain("--bundle", str(tmp_path / "made")).code == 0
    for _ in range(2):
        assert forge.retrain("--publish", str(tmp_path / "made")).code == 1
    assert [event.state for event in attempts(forge.project)] == ["failed"]
    assert forge.retrain("--publish", str(tmp_path / "made"), GITHUB_RUN_ID="78").code == 1
    assert len(attempts(forge.project)) == 2


def test_where_the_forge_forbids_it_the_rest_is_there_and_the_same_command_completes_it(forge: Forge) -> None:
    forge.server.forge.may_open_pulls = False
    refused = forge.retrain()
    assert refused.code == 3
    assert "not permitted to create" in refused.err
    assert "allow" in refused.err
    tip = branches(forge.remote)[BRANCH]
    assert [event.state for event in attempts(forge.project)] == ["stopped"]
    assert "not permitted to create" in attempts(forge.project)[0].reason
    forge.server.forge.may_open_pulls = True
    done = forge.retrain("--json")
    assert done.code == 0, done.err
    assert done.json["commit"] == tip == branches(forge.remote)[BRANCH]
    assert len(forge.pulls) == 1
    assert [event.state for event in attempts(forge.project)] == ["stopped", "proposed"]


def test_a_token_that_may_only_read_is_told_and_nothing_is_doubled(forge: Forge) -> None:
    forge.server.forge.viewers["secret"] = Viewer(BOT, write=False, installation=True)
    refused = forge.retrain()
    assert refused.code == 3
    assert "403" in refused.err
    assert "permissions:" in refused.err
    forge.server.forge.viewers["secret"] = Viewer(BOT, installation=True)
    assert forge.retrain().code == 0
    assert len(forge.pulls) == 1


@pytest.mark.parametrize("drop", ["before", "after", "within"])
def test_a_connection_that_breaks_off_doubles_nothing(forge: Forge, drop: Any) -> None:
    forge.server.faults += [Fault("POST", r"/pulls$", drop=drop), Fault("GET", r"/pulls$", drop=drop)]
    done = forge.retrain()
    assert done.code == 0, done.err
    (pull,) = forge.pulls
    assert len(forge.server.forge.texts(pull.number)) == 1
    assert len(attempts(forge.project)) == 1


def test_a_forge_that_does_not_answer_ends_with_3_and_is_asked_again_next_time(forge: Forge) -> None:
    forge.server.faults.append(Fault("POST", r"/pulls$", times=9, status=501))
    failed = forge.retrain()
    assert failed.code == 3, failed.err
    assert "501" in failed.err
    forge.server.faults.clear()
    assert forge.retrain().code == 0
    assert len(forge.pulls) == 1


def test_a_pull_request_that_a_person_opened_keeps_its_text(forge: Forge) -> None:
    first = forge.retrain("--json")
    (pull,) = forge.pulls
    pull.body = "I took this over."
    grow(forge.project, 30)
    again = forge.retrain("--json")
    assert again.code == 0, again.err
    assert again.json["commit"] != first.json["commit"]
    assert pull.body == "I took this over."
    assert len(forge.pulls) == 1
    assert "was opened by a person: its text is left alone" in again.err
    (comment,) = forge.server.forge.texts(pull.number)
    assert again.json["commit"][:8] in comment


def test_one_that_was_closed_is_not_opened_again_until_something_has_changed(forge: Forge) -> None:
    assert forge.retrain().code == 0
    forge.pulls[0].state = "closed"
    assert "nothing has changed since the retraining" in forge.retrain().out
    assert len(forge.pulls) == 1
    grow(forge.project, 30)
    assert forge.retrain().code == 0
    assert [pull.state for pull in forge.pulls] == ["closed", "open"]


def test_what_is_not_worse_is_merged_and_its_release_started(merging: Forge) -> None:
    found = merging.retrain("--json")
    assert found.code == 0, found.err
    assert (found.json["state"], found.json["merged"]) == ("merged", True)
    (pull,) = merging.pulls
    assert (pull.merged, pull.state) == (True, "closed")
    assert "mltools merges it: not worse than the base: auc-kept passed." in pull.body.replace("\\", "")
    assert merging.server.forge.started == [("mltools.yml", "main")]
    merged = git(merging.remote, "log", "-1", "--format=%s%n%P", "main").splitlines()
    assert merged[0] == f"Retrain toy (#{pull.number})"
    assert found.json["commit"] in merged[1]
    assert [event.state for event in attempts(merging.project)] == ["proposed", "merged"]
    waiting = merging.retrain()
    assert (waiting.code, len(merging.pulls)) == (0, 1)
    assert merging.server.forge.started == [("mltools.yml", "main")]


def test_what_was_not_compared_with_what_is_released_by_now_waits_for_a_person(
    merging: Forge, tmp_path: Path
) -> None:
    assert merging.retrain("--bundle", str(tmp_path / "made")).code == 0
    project = merging.project
    retrained.ok(project, "run")
    commit(project, {}, "Results")
    retrained.ok(project, "run")
    git(project, "push", "-q", "--no-verify", "origin", "main")
    retrained.ok(project, "release")
    found = merging.retrain("--publish", str(tmp_path / "made"), "--json")
    assert found.code == 0, found.err
    assert (found.json["state"], found.json["merged"]) == ("proposed", False)
    assert "v0.2.0 was released since it was compared" in merging.pulls[0].body.replace("\\", "")


def test_a_release_that_could_not_be_started_is_started_by_the_next_try(merging: Forge) -> None:
    merging.server.faults.append(Fault("POST", r"/dispatches$", status=403, body={"message": "no"}))
    failed = merging.retrain()
    assert failed.code == 3
    assert "merged, but what releases it (mltools.yml) could not be started" in failed.err
    assert "actions: write" in failed.err
    assert merging.pulls[0].merged
    assert [event.state for event in attempts(merging.project)] == ["proposed"]
    done = merging.retrain()
    assert done.code == 0, done.err
    assert merging.server.forge.started == [("mltools.yml", "main")]
    assert [event.state for event in attempts(merging.project)] == ["proposed", "merged"]
    assert len(merging.pulls) == 1


def test_a_rule_of_the_base_branch_stays_in_force(merging: Forge) -> None:
    merging.server.forge.rules = "At least 1 approving review is required."
    found = merging.retrain("--json")
    assert found.code == 0, found.err
    assert (found.json["state"], found.json["merged"]) == ("proposed", False)
    assert "At least 1 approving review is required" in found.err
    assert "it waits for a person" in found.err
    assert not merging.pulls[0].merged
    assert merging.server.forge.started == []


def test_a_model_that_is_worse_is_proposed_with_a_red_status(merging: Forge) -> None:
    lines = (merging.project / "data/raw.csv").read_text().splitlines()[:13]
    commit(merging.project, {"data/raw.csv": "\n".join(lines) + "\n"}, "Fewer rows")
    git(merging.project, "push", "-q", "--no-verify", "origin", "main")
    found = merging.retrain("--json")
    assert found.code == 1
    (pull,) = merging.pulls
    assert not pull.merged
    assert "the verdict is failed" in pull.body
    assert merging.statuses(found.json["commit"]) == [("mltools", "failure")]


def test_a_job_that_may_write_publishes_what_a_job_that_may_not_has_trained(
    forge: Forge, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    forge.server.forge.viewers.clear()
    trained = forge.retrain("--bundle", str(run), GITHUB_TOKEN="")
    assert trained.code == 0, trained.err
    assert forge.server.calls() == [], "who runs the project's code asks nobody"
    forge.server.forge.viewers["secret"] = Viewer(BOT, installation=True)
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(forge.remote), "other")
    elsewhere = Forge(other, forge.remote, forge.server)
    for _ in range(2):
        done = elsewhere.retrain("--publish", str(run), "--json")
        assert done.code == 0, done.err
        assert len(forge.pulls) == 1
        assert len(attempts(other)) == 1
    assert "data/raw.csv is not what v0.1.0 was trained with" in forge.pulls[0].body
    assert done.json["reasons"][0]["kind"] == "data"


def test_two_jobs_at_the_same_moment_open_one_pull_request(forge: Forge, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert forge.retrain("--bundle", str(run)).code == 0
    clones = [tmp_path / "one", tmp_path / "two", tmp_path / "three"]
    for clone in clones:
        git(tmp_path, "clone", "-q", str(forge.remote), clone.name)

    def publish(clone: Path) -> Result:
        return mltools(
            clone,
            "retrain",
            "--publish",
            str(run),
            "--json",
            env=forge.server.environ(GITHUB_EVENT_NAME="schedule"),
        )

    with ThreadPoolExecutor(len(clones)) as pool:
        done = list(pool.map(publish, clones))
    assert [each.code for each in done] == [0, 0, 0], [each.err for each in done]
    assert {each.json["commit"] for each in done} == {branches(forge.remote)[BRANCH]}
    assert {each.json["pull_request"] for each in done} == {"https://github.com/octo/iris/pull/1"}
    assert len(forge.pulls) == 1
    last = tmp_path / "last"
    git(tmp_path, "clone", "-q", str(forge.remote), "last")
    git(last, "fetch", "-q", "origin", "refs/mltools/journal:refs/mltools/journal")
    assert {event.details["commit"] for event in attempts(last)} == {branches(forge.remote)[BRANCH]}


class TestStart:
    """Where it is time, the forge is asked to do it; nothing is trained here."""

    def test_drift_starts_the_workflow_once_it_is_a_reason(self, forge: Forge) -> None:
        retrained.watched(forge.project)
        found = forge.retrain("--start", "--json")
        assert found.code == 0, found.err
        assert found.json["state"] == "started"
        assert "v0.1.0 in prod is drifted" in found.json["reasons"][0]["sentence"]
        assert forge.server.forge.started == [("mltools-retrain.yml", "main")]
        assert forge.pulls == []
        assert attempts(forge.project) == []

    def test_nothing_is_started_before_it_is_time(self, source: tuple[Path, Path], tmp_path: Path) -> None:
        project, remote = retrained.copied(source, tmp_path)
        assert command(project, "workflow", "generate").code == 0
        with serving(git=remote) as server:
            found = command(project, "retrain", "--start", env=server.environ())
            assert (found.code, server.forge.started) == (0, [])
        assert "not now: " in found.out

    def test_a_forge_that_says_no_is_told(self, forge: Forge) -> None:
        retrained.watched(forge.project)
        forge.server.faults.append(Fault("POST", r"/dispatches$", status=403, body={"message": "no"}))
        found = forge.retrain("--start")
        assert found.code == 3
        assert "the workflow that retrains (mltools-retrain.yml) could not be started" in found.err
        assert "actions: write" in found.err

    def test_without_a_forge_it_says_what_is_missing(self, forge: Forge) -> None:
        retrained.watched(forge.project)
        found = command(forge.project, "retrain", "--start")
        assert found.code == 3
        assert "GITHUB_TOKEN" in found.err

    def test_a_project_without_the_section_has_no_such_workflow(
        self, source: tuple[Path, Path], tmp_path: Path
    ) -> None:
        project, _ = retrained.copied(source, tmp_path, "")
        found = command(project, "retrain", "--start")
        assert found.code == 2
        assert "mltools.yaml lacks" in found.err

    def test_it_takes_no_reason(self, forge: Forge) -> None:
        found = forge.retrain("--start", "--reason", "x")
        assert found.code == 2
        assert "not for --start" in found.err
