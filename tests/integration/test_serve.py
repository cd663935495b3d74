"""`mltools serve`, as a program of its own: what is released is served, what the registry says is followed."""

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mltools import events, journal, registry
from mltools.core.events import Kind
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from mltools.errors import UsageError
from mltools.models import Place
from mltools.serving.agent import Agent, follows
from tests.released import SCHEMA, clone, make_served, promote, release
from tests.releases import command
from tests.serving import ROW, Running, classifier, forest, started, types_of, until
from tests.support import Result, git


@contextmanager
def serve(cwd: Path, place: Path, *args: str) -> Iterator[Running]:
    """`mltools serve ARGS`; its first line is the address."""
    argv = [sys.executable, "-m", "mltools", "-C", str(cwd), "serve", *args, "--port", "0"]
    argv += ["--models", str(place / "models"), "--log", str(place / "log")]
    with started([*argv, "--", "--poll-seconds", "0.02"], place / "models", place / "log") as running:
        yield running


def agent_of(cwd: Path, models: Path, said: list[str], reference: str = "toy#prod") -> Agent:
    place = Place(Repository.find(cwd), "", os.environ, said.append, said.append)
    return Agent(place, registry.reference(reference), models, "here", lambda: datetime.now(UTC))


def deployments(project: Path) -> list[tuple[str | None, str | None, str]]:
    """What the remote's journal tells of deployments."""
    repository = Repository.find(project)
    journal.fetch(Writer(repository, os.environ), "origin")
    found = events.of_model(repository, "toy", {Kind.DEPLOYMENT})
    return [(one.version, one.state, one.details["target"]) for one in found]


def test_a_released_version_is_fetched_verified_and_served(tmp_path: Path) -> None:
    project = make_served(tmp_path)
    version = release(project, classifier(), 0.9)
    with serve(clone(tmp_path), tmp_path, f"toy@{version}") as running:
        assert running.predict(ROW).json["predictions"] == ["yes"]
        reply = running.predict({**ROW, "size": 11})
        assert (reply.status, reply.json["faults"][0]["rule"]) == (422, "maximum")
        assert running.predict({**ROW, "label": "yes", "id": 4}).status == 200
        young = running.predict({"size": 5, "age": 2}).json["faults"]
        assert [(one["column"], one["rule"]) for one in young] == [("size, age", "check old enough")]
        info = json.loads((tmp_path / f"models/versions/toy/{version[1:]}/version.json").read_text())
        assert info["smoke"] == [{"size": 0.0, "age": 1}]
        assert running.stop(signal.SIGINT) == 0
    assert "curl" in running.stderr.read_text()
    assert len(running.lines()) == 4


def test_the_service_follows_the_stage_and_a_rollback_without_losing_a_request(tmp_path: Path) -> None:
    project = make_served(tmp_path)
    first = release(project, classifier(), 0.8)
    second = release(project, classifier(flipped=True), 0.9, second=6)
    broken = release(project, b"no model at all", 0.95, second=7)
    promote(project, first)
    seen: list[tuple[int, str]] = []
    enough = threading.Event()

    def load(running: Running) -> None:
        connection = running.connection()
        while not enough.is_set():
            connection.request("POST", "/predict", json.dumps({"rows": [ROW]}))
            answer = connection.getresponse()
            seen.append((answer.status, json.loads(answer.read()).get("version", "")))
        connection.close()

    follow = ("toy#prod", "--follow", "--interval", "0.1", "--target", "loopback")
    with serve(clone(tmp_path), tmp_path, *follow) as running:
        running.until(lambda found: found["serving"].get("stable") == first[1:])
        until(lambda: deployments(project), lambda told: (first, "serving", "loopback") in told)
        clients = [threading.Thread(target=load, args=(running,)) for _ in range(2)]
        for client in clients:
            client.start()
        promote(project, second)
        running.until(lambda found: found["serving"]["stable"] == second[1:])
        promote(project, broken)  # even where the agent sees this first, the second is known to have served
        found = running.until(lambda found: found["error"] is not None)
        assert found["serving"]["stable"] == second[1:]
        until(lambda: deployments(project), lambda told: (broken, "failed", "loopback") in told)
        done = command(project, "model", "rollback", "toy", "--stage", "prod", "--to", first)
        assert done.code == 0, done.err
        running.until(lambda found: found["serving"]["stable"] == first[1:])
        until(lambda: len(deployments(project)), (3).__lt__)
        enough.set()
        for client in clients:
            client.join()
        assert running.stop() == 0
    assert {status for status, _ in seen} == {200}
    assert {version for _, version in seen} == {first[1:], second[1:]}
    assert deployments(project) == [
        (first, "serving", "loopback"),
        (second, "serving", "loopback"),
        (broken, "failed", "loopback"),
        (first, "serving", "loopback"),
    ]


def test_what_serves_goes_on_where_the_registry_does_not_answer(tmp_path: Path) -> None:
    project = make_served(tmp_path)
    version = release(project, classifier(), 0.9)
    promote(project, version)
    remote, away = tmp_path / "remote.git", tmp_path / "away.git"
    with serve(clone(tmp_path), tmp_path, "toy#prod", "--follow", "--interval", "0.1") as running:
        running.until(lambda found: found["status"] == "ready")
        remote.rename(away)
        found = running.until(lambda found: found["registry"]["reachable"] is False)
        assert found["status"] == "ready"
        assert found["registry"]["error"]
        assert found["registry"]["since"]
        assert running.metric("mltools_registry_reachable") == 0
        assert running.predict(ROW).status == 200
        away.rename(remote)
        running.until(lambda found: found["registry"]["reachable"] is True)
        assert running.stop() == 0
    # And so it does where it does not answer from the start: what was handed before is there.
    remote.rename(away)
    with serve(tmp_path / "agent", tmp_path, "toy#prod", "--follow", "--interval", "0.1") as running:
        assert running.predict(ROW).json["version"] == version[1:]
        # A service does not outlive the command that started it, not even one that is killed.
        running.process.kill()
        until(lambda: refuses(running), bool)


def refuses(running: Running) -> bool:
    connection = running.connection()
    try:
        connection.connect()
    except ConnectionRefusedError:
        return True
    finally:
        connection.close()
    return False


def test_the_agent_hands_over_what_is_whole_and_mends_what_is_not(tmp_path: Path) -> None:
    project = make_served(tmp_path)
    version = release(project, classifier(), 0.9)
    promote(project, version)
    models, said = tmp_path / "models", list[str]()
    left, new = models / "versions/toy/.new-left", models / "versions/toy/.new-now"
    for scratch in (left, new):
        scratch.mkdir(parents=True)
    os.utime(left, (1e9, 1e9))  # of an agent that was killed long ago; the other may be at work
    agent_of(clone(tmp_path), models, said).tick()
    assert (left.exists(), new.exists()) == (False, True)
    new.rmdir()
    place = models / "versions/toy" / version[1:]
    assert sorted(file.name for file in place.iterdir()) == ["model.skops", "version.json"]
    plan = json.loads((models / "plan.json").read_text())
    assert plan["serve"]["stable"] == version[1:]
    whole = (place / "model.skops").read_bytes()
    (place / "model.skops").write_bytes(b"damaged")
    agent_of(tmp_path / "agent", models, said).tick()
    assert (place / "model.skops").read_bytes() == whole
    assert json.loads((models / "plan.json").read_text())["serial"] == plan["serial"] + 1
    agent_of(tmp_path / "agent", models, said).tick()
    assert json.loads((models / "plan.json").read_text())["serial"] == plan["serial"] + 1
    assert [entry.name for entry in place.parent.iterdir()] == [version[1:]]


def test_what_an_ended_service_left_is_not_taken_for_one_that_serves(tmp_path: Path) -> None:
    project = make_served(tmp_path)
    version = release(project, classifier(), 0.9)
    promote(project, version)
    agent = agent_of(clone(tmp_path), tmp_path / "models", [])
    agent.tick()
    left = {"schema": 1, "serial": 1, "applied": {"stable": version[1:]}, "failed": None, "arms": {}}
    (tmp_path / "models/state.json").write_text(json.dumps(left))
    agent.tick(serving=False)
    assert deployments(project) == []
    agent.tick()
    assert deployments(project) == [(version, "serving", "here")]


def test_a_model_whose_bytes_are_gone_is_a_failed_deployment_once(tmp_path: Path) -> None:
    project = make_served(tmp_path)
    version = release(project, classifier(), 0.9)
    promote(project, version)
    git(tmp_path / "remote.git", "update-ref", "-d", "refs/mltools/objects")
    said = list[str]()
    agent = agent_of(clone(tmp_path), tmp_path / "models", said)
    for _ in range(3):
        agent.tick()
    assert deployments(project) == [(version, "failed", "here")]
    agent_of(tmp_path / "agent", tmp_path / "models", said).tick()
    assert deployments(project) == [(version, "failed", "here")]
    told = json.loads((tmp_path / "models/agent.json").read_text())
    assert (told["reachable"], told["wanted"]) == (True, version)
    assert "is in none of these" in told["error"]


def test_an_empty_stage_and_a_model_that_there_is_not_are_waited_for(tmp_path: Path) -> None:
    project = make_served(tmp_path)
    release(project, classifier(), 0.9)
    said = list[str]()
    where = clone(tmp_path)
    agent_of(where, tmp_path / "models", said).tick()
    agent_of(where, tmp_path / "models", said, "other#prod").tick()
    assert any("nothing in the stage 'prod'" in text for text in said)
    assert any("no model 'other'" in text for text in said)
    assert not (tmp_path / "models/plan.json").exists()


def trials(project: Path) -> list[Any]:
    """What the remote's journal tells of trials, the beginnings left out."""
    repository = Repository.find(project)
    journal.fetch(Writer(repository, os.environ), "origin")
    found = events.of_model(repository, "toy", {Kind.CANARY})
    return [one for one in found if one.state != "started"]


@contextmanager
def traffic(running: Running, *rows: dict[str, Any]) -> Iterator[list[int]]:
    """Requests of many keys, one after the other, until the block ends; their statuses."""
    seen: list[int] = []
    enough = threading.Event()

    def load() -> None:
        connection, number = running.connection(), 0
        while not enough.is_set():
            number += 1
            body = json.dumps({"rows": [rows[number % len(rows)]], "ids": [f"r{number}"]})
            connection.request("POST", "/predict", body, {"X-Request-Key": f"user{number}"})
            answer = connection.getresponse()
            answer.read()
            seen.append(answer.status)
        connection.close()

    client = threading.Thread(target=load)
    client.start()
    try:
        yield seen
    finally:
        enough.set()
        client.join()


@pytest.mark.full
def test_a_version_that_is_no_worse_is_promoted_by_its_trial_and_one_that_is_worse_is_not(
    tmp_path: Path,
) -> None:
    optional = SCHEMA.replace("size: {type: number, required: true", "size: {type: number")
    project = make_served(tmp_path, **{"schemas/raw.yaml": optional, "mltools.yaml": _policy(_types())})
    first = release(project, forest(), 0.8)
    good = release(project, forest(seed=5), 0.9, second=6)
    fails = release(project, classifier(), 0.95, second=7)  # takes no gap
    promote(project, first)
    quick = ("--stage", "prod", "--pause", "0s", "--errors", "0.3", "--alpha", "0.2")
    follow = ("toy#prod", "--follow", "--interval", "0.1", "--target", "loopback")
    rows: list[dict[str, Any]] = [ROW, {**ROW, "size": None}]
    with serve(clone(tmp_path), tmp_path, *follow) as running:
        running.until(lambda found: found["serving"].get("stable") == first[1:])
        with traffic(running, *rows) as seen:
            begun = command(
                project,
                "model",
                "canary",
                f"toy@{good}",
                "--shadow",
                "--share",
                "30%",
                "--share",
                "60%",
                *quick,
            )
            assert begun.code == 0, begun.err
            running.until(lambda found: found["serving"]["stable"] == good[1:])
            begun = command(project, "model", "canary", f"toy@{fails}", "--share", "50%", *quick)
            assert begun.code == 0, begun.err
            until(lambda: trials(project), lambda told: len(told) == 2)
            running.until(lambda found: "canary" not in found["serving"])
        assert running.stop() == 0
    assert set(seen) == {200}
    promoted, aborted = trials(project)
    assert (promoted.version, promoted.state, promoted.stage) == (good, "promoted", "prod")
    assert promoted.details["evidence"][0]["fine"] is True
    assert (aborted.version, aborted.state) == (fails, "aborted")
    assert aborted.details["evidence"][0]["worse"] is True
    assert "failed requests" in aborted.reason
    shown = command(project, "model", "show", "toy#prod", "--json")
    assert shown.json["version"] == good


def test_wrong_answers_abort_a_trial_where_labels_come(tmp_path: Path) -> None:
    project = make_served(tmp_path)
    first = release(project, classifier(), 0.8)
    other = release(project, classifier(flipped=True), 0.9, second=6)
    promote(project, first)
    follow = ("toy#prod", "--follow", "--interval", "0.1", "--target", "loopback")
    with serve(clone(tmp_path), tmp_path, *follow) as running:
        running.until(lambda found: found["serving"].get("stable") == first[1:])
        begun = command(project, "model", "canary", f"toy@{other}", "--stage", "prod", "--share", "50%")
        assert begun.code == 0, begun.err
        running.until(lambda found: "canary" in found["serving"])
        with traffic(running, ROW) as seen:
            until(seen.__len__, (150).__lt__)
        labels = [
            json.dumps({"id": f"r{n}", "label": "yes", "time": "2026-01-02T03:04:05Z"}) for n in range(151)
        ]
        (running.log / "labels-20260102T030405Z-0.jsonl").write_text("\n".join([*labels, '{"torn']))
        (told,) = until(lambda: trials(project), lambda told: len(told) == 1)
        running.until(lambda found: "canary" not in found["serving"])
        assert running.predict(ROW).json["predictions"] == ["yes"]
    assert (told.state, told.version) == ("aborted", other)
    assert "wrong answers" in told.reason
    # And one that somebody ends by hand, or that cannot begin.
    again = command(project, "model", "canary", f"toy@{other}", "--stage", "prod")
    assert again.code == 0, again.err
    stop = command(project, "model", "canary", "toy", "--stage", "prod", "--abort", "--reason", "a complaint")
    assert stop.code == 0, stop.err
    assert trials(project)[-1].reason == "a complaint"
    for args, words in (
        (("--abort",), "is tried in prod"),
        (("--share", "150%"), "shares from 0% to 100%, not 150%"),
        (("--share", "much"), "is no share"),
        (("--pause", "long"), "no length of time"),
        (("--pause", "1h", "--longest", "10m"), "shorter than its pause"),
    ):
        done = command(project, "model", "canary", f"toy@{other}", "--stage", "prod", *args)
        assert (done.code, words in done.err) == (2, True), done.err
    # A promotion with a plan is a trial as well: the tag does not move yet.
    planned = (
        "model",
        "promote",
        f"toy@{other}",
        "--stage",
        "prod",
        "--shadow",
        "--canary",
        "10%",
        "--canary",
        "50%",
    )
    assert command(project, *planned).code == 0
    assert command(project, "model", "show", "toy#prod", "--json").json["version"] == first
    assert command(project, *planned, "--dry-run").code == 2
    paused = command(project, "model", "promote", f"toy@{other}", "--stage", "prod", "--pause", "1h")
    assert (paused.code, "--canary or --shadow" in paused.err) == (2, True), "and nothing moves at once"
    asked = events.of_model(Repository.find(project), "toy", {Kind.CANARY})[-1]
    assert (asked.state, asked.details["trial"]["steps"]) == ("started", [0.0, 0.1, 0.5])
    instead = command(project, "model", "canary", f"toy@{other}", "--stage", "prod")
    assert f"toy {other} is tried in prod beside {first}" in instead.out
    assert (trials(project)[-1].details["start"], "ends" in instead.err) == (asked.id, True)
    assert command(project, "model", "canary", f"toy@{first}", "--stage", "prod").code == 2
    assert command(project, "model", "canary", f"toy@{first}", "--stage", "empty").code == 2


def test_smoke_rows_of_the_project_are_what_a_version_is_tried_with(tmp_path: Path) -> None:
    smoke = json.dumps({"rows": [ROW], "expected": ["yes"]})
    policy = {"smoke.json": smoke, "mltools.yaml": _policy("smoke: smoke.json, sensitive: hash")}
    project = make_served(tmp_path, **policy)
    good = release(project, classifier(), 0.9)
    worse = release(project, classifier(flipped=True), 0.8, second=6)
    place = clone(tmp_path)
    refused = _serve(place, tmp_path, f"toy@{worse}")
    assert refused.code == 3
    assert "row 0 gives 'no', and should give 'yes'" in refused.err
    with serve(place, tmp_path, f"toy@{good}") as running:
        assert running.predict(ROW).json["version"] == good[1:]


def test_a_models_directory_is_filled_by_one_and_stages_have_their_own(tmp_path: Path) -> None:
    project = make_served(tmp_path)
    first, second = release(project, classifier(), 0.8), release(project, classifier(), 0.9, second=6)
    promote(project, first)
    place = clone(tmp_path)
    with serve(place, tmp_path, "toy#prod", "--follow", "--interval", "0.1") as running:
        running.until(lambda found: found["serving"].get("stable") == first[1:])
        other = _serve(place, tmp_path, f"toy@{second}")
        assert (other.code, "another `mltools serve` fills it now" in other.err) == (3, True)
        assert json.loads((tmp_path / "models/plan.json").read_text())["serve"]["stable"] == first[1:]
        argv = [sys.executable, "-m", "mltools", "-C", str(place), "serve", f"toy@{second}", "--port", "0"]
        own = place / ".git/mltools/serving/toy"
        (tmp_path / "beside").mkdir()
        with started(argv, tmp_path / "beside/models", own / "log") as beside:
            assert beside.predict(ROW).json["version"] == second[1:]
            assert len(beside.lines()) == 1
        assert (own / f"versions/{second}/plan.json").exists()
        assert running.predict(ROW).json["version"] == first[1:]


def test_what_is_not_ready_says_so_to_clients_without_a_word_of_the_machine(tmp_path: Path) -> None:
    project = make_served(tmp_path)
    release(project, classifier(), 0.9)
    with serve(project, tmp_path, "toy#prod", "--follow", "--interval", "0.1") as running:
        reply = running.predict(ROW)
        assert (reply.status, str(tmp_path) in reply.body.decode()) == (503, False)
        running.until(lambda found: "nothing in the stage" in str(found["registry"]))
        promote(project, "v0.1.0")
        running.until(lambda found: found["serving"])
        assert "answers again" not in running.stderr.read_text()


def test_what_cannot_be_served_or_followed_is_told_in_a_line(tmp_path: Path) -> None:
    project = make_served(tmp_path)
    version = release(project, classifier(), 0.9)
    for args, code, words in (
        (("toy@v9.9.9",), 2, "has no version v9.9.9"),
        (("toy#nowhere",), 2, "nothing in the stage"),
        (("nothing",), 2, "there is no model 'nothing'"),
        ((f"toy@{version}", "--follow"), 2, "never changes"),
        ((f"toy@{version}", "--agent-only"), 2, "--agent-only is for --follow"),
        (("a b",), 2, "names no model"),
        (("toy#prod#1",), 2, "is a tag's name; write toy#prod"),
        ((f"toy@{version}", "--", "--most-rows", "0"), 2, "the service refuses its options"),
    ):
        done = _serve(project, tmp_path, *args)
        assert (done.code, words in done.err) == (code, True), done.err
    (tmp_path / "file").touch()
    unwritable = command(project, "serve", f"toy@{version}", "--log", str(tmp_path / "file/log"))
    assert (unwritable.code, "cannot write" in unwritable.err) == (3, True)
    with pytest.raises(UsageError):
        follows(registry.reference("toy@v1.0.0"))


def test_the_help_of_the_command_loads_no_web_framework() -> None:
    import subprocess

    code = "import sys; from mltools.cli.app import invoke; invoke(['serve', '--help']); print(any(m.startswith(('fastapi', 'sklearn', 'pandas')) for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.endswith("False\n"), done.stderr


def _policy(words: str) -> str:
    from tests.released import POLICY

    return f"{POLICY}serve: {{{words}}}\n"


def _types() -> str:
    return f"types: [{', '.join(types_of(forest()))}]"


def _serve(cwd: Path, place: Path, *args: str) -> Result:
    return command(cwd, "serve", "--port", "0", "--models", str(place / "models"), "--no-log", *args)
