"""The service as a real process, asked over real HTTP."""

import json
import os
import pickle
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mltools.server.requestlog import RequestLog
from tests.serving import (
    FREE,
    INPUT,
    ROW,
    Running,
    classifier,
    forest,
    put_plan,
    put_version,
    regressor,
    service,
    types_of,
    until,
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service for the tests that only ask."""
    models = tmp_path_factory.mktemp("served") / "models"
    put_version(models, "1.0.0", classifier())
    put_plan(models, "1.0.0", serial=1)
    limits = ("--most-body", "20000", "--most-rows", "50", "--body-seconds", "2", "--head-seconds", "2")
    with service(models, *limits) as found:
        yield found


def test_rows_are_answered_with_the_class_and_its_probabilities(running: Running) -> None:
    reply = running.predict(ROW, {"size": -2, "age": 30})
    assert reply.status == 200
    assert reply.json["predictions"] == ["yes", "no"]
    assert (reply.json["model"], reply.json["version"]) == ("toy", "1.0.0")
    for scores in reply.json["scores"]:
        assert sum(scores.values()) == pytest.approx(1)


def test_the_answers_are_those_of_the_model_itself(running: Running) -> None:
    import pandas as pd

    rows = [{"size": size / 7, "age": 20 + size} for size in range(-20, 20)]
    reply = running.predict(*rows)
    model = classifier()
    assert reply.json["predictions"] == model.predict(pd.DataFrame(rows)).tolist()
    said = [row["yes"] for row in reply.json["scores"]]
    assert said == pytest.approx(model.predict_proba(pd.DataFrame(rows))[:, 1].tolist())


@pytest.mark.parametrize(
    ("change", "column", "rule"),
    [
        ({"size": "large"}, "size", "type"),
        ({"size": True}, "size", "type"),
        ({"size": [1]}, "size", "type"),
        ({"size": 11}, "size", "maximum"),
        ({"size": -10.5}, "size", "minimum"),
        ({"size": None}, "size", "required"),
        ({"size": ""}, "size", "required"),
        ({"age": 1.5}, "age", "type"),
        ({"age": 2**70}, "age", "type"),
        ({"weight": 1}, "weight", "unknown column"),
    ],
)
def test_a_wrong_row_is_refused_with_its_number_its_column_and_the_rule(
    running: Running, change: dict[str, Any], column: str, rule: str
) -> None:
    reply = running.predict(ROW, {**ROW, **change})
    assert reply.status == 422
    faults = reply.json["faults"]
    assert [(one["row"], one["column"], one["rule"]) for one in faults] == [(1, column, rule)]


def test_a_value_is_named_as_it_was_sent(running: Running) -> None:
    (fault,) = running.predict({**ROW, "size": True}).json["faults"]
    assert fault["message"] == "true is no finite number"


def test_a_missing_column_is_refused_and_a_known_one_beside_is_not(running: Running) -> None:
    reply = running.predict({"size": 1})
    assert [(one["column"], one["rule"]) for one in reply.json["faults"]] == [("age", "missing column")]
    assert running.predict({**ROW, "id": 7, "label": "no"}).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"rows": [{"size": NaN, "age": 1}]}',
        b'{"rows": [{"size": -Infinity, "age": 1}]}',
        b'{"rows": [{"size": 1, "size": 2, "age": 1}]}',
        b'{"rows": {"size": 1}}',
        b'{"rows": [1]}',
        b'{"rows": []}',
        b'{"rowz": []}',
        b'{"rows": [], "more": 1}',
        b'{"rows": [{"size": 1, "age": 1}], "ids": ["a", "b"]}',
        b'{"rows": [{"size": 1, "age": 1}], "key": 5}',
        b"[" * 19_000,
        b'"text"',
        b"7",
    ],
)
def test_what_is_no_request_is_refused_in_words_and_without_a_trace(running: Running, body: bytes) -> None:
    reply = running.ask("POST", "/predict", body)
    assert reply.status == 400
    assert reply.json["error"]
    assert b"Traceback" not in reply.body


def test_a_number_beyond_all_bounds_is_refused(running: Running) -> None:
    reply = running.ask("POST", "/predict", b'{"rows": [{"size": 1e999, "age": 1}]}')
    assert (reply.status, reply.json["faults"][0]["rule"]) == (422, "type")
    assert running.ask("POST", "/predict", b'{"rows": [{"size": 1' + b"0" * 5000 + b"}]}").status == 400


def told(running: Running, *parts: bytes) -> bytes:
    """The first words of an answer, which may come before all was sent."""
    with socket.create_connection((running.host, running.port), timeout=60) as line:
        with suppress(BrokenPipeError, ConnectionResetError):
            for part in parts:
                line.sendall(part)
        return line.recv(100)


def test_bodies_and_batches_that_are_too_large_are_refused(running: Running) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\n"
    assert told(running, head + b"Content-Length: 20001\r\n\r\n" + b"x" * 20_001).startswith(b"HTTP/1.1 413")
    chunk = b"1f40\r\n" + b"x" * 8_000 + b"\r\n"
    chunks = (head + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 3, b"0\r\n\r\n")
    assert told(running, *chunks).startswith(b"HTTP/1.1 413")
    assert running.predict(*[ROW] * 51).status == 413
    assert running.ask("POST", "/predict", b"x", {"Content-Encoding": "gzip"}).status == 415


def test_a_client_that_sends_its_body_slowly_is_told_so_and_one_that_sends_no_head_is_cut_off(
    running: Running,
) -> None:
    with ExitStack() as stack:
        slow, silent, mute, kept = (
            stack.enter_context(socket.create_connection((running.host, running.port), timeout=60))
            for _ in range(4)
        )
        kept.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        slow.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        silent.sendall(b"POST /predict HT")
        said = b""
        while not said.endswith(b"}"):
            said += kept.recv(1000)
        kept.sendall(b"GET /heal")  # a second request on a connection that was kept is bounded as the first
        assert slow.recv(100).startswith(b"HTTP/1.1 408")
        assert (silent.recv(100), mute.recv(100), kept.recv(100)) == (b"", b"", b"")
    assert running.predict(ROW).status == 200


def test_what_is_no_http_is_no_matter(running: Running) -> None:
    with socket.create_connection((running.host, running.port), timeout=60) as odd:
        odd.sendall(b"\x16\x03\x01\x02\x00\x01\r\n\r\n")
        assert odd.recv(100).startswith(b"HTTP/1.1 400")
    nothing = running.ask("GET", "/nothing")
    assert (nothing.status, "GET /docs" in nothing.json["error"]) == (404, True)
    other = running.ask("GET", "/predict")
    assert (other.status, other.headers["allow"]) == (405, "POST")
    assert other.json["error"] == "GET is not for this route; it takes POST"


def test_each_request_is_logged_with_what_it_was_and_what_was_said(running: Running) -> None:
    running.predict(ROW, ids=["of-a-client"])
    running.predict({**ROW, "size": 99}, ids=["refused"])
    found = {line["id"]: line for line in running.lines()}
    line = found["of-a-client"]
    assert (line["model"], line["version"], line["arm"], line["status"]) == ("toy", "1.0.0", "stable", 200)
    assert line["features"] == {"size": 1.5, "age": 40}
    assert line["prediction"] == "yes"
    assert set(line["score"]) == {"no", "yes"}
    assert line["milliseconds"] > 0
    assert line["error"] is None
    assert line["time"].endswith("Z")
    assert (found["refused"]["status"], found["refused"]["error"]) == (422, "size: maximum")


def test_the_request_id_of_a_client_is_kept_where_it_is_one(running: Running) -> None:
    reply = running.ask("POST", "/predict", {"rows": [ROW]}, {"X-Request-Id": "abc.1"})
    assert (reply.json["id"], reply.headers["x-request-id"]) == ("abc.1", "abc.1")
    odd = running.ask("POST", "/predict", {"rows": [ROW]}, {"X-Request-Id": "a b<script>"})
    assert odd.json["id"] != "a b<script>"


def test_metrics_are_prometheus_text(running: Running) -> None:
    before = running.metric('mltools_requests_total{route="/predict",status="200"}') or 0
    running.predict(ROW, ROW)
    assert running.metric('mltools_requests_total{route="/predict",status="200"}') == before + 1
    assert running.metric('mltools_model_info{arm="stable",model="toy",version="1.0.0"}') == 1
    assert running.metric("mltools_ready") == 1
    assert running.metric("mltools_log_lines_lost_total") == 0
    text = running.ask("GET", "/metrics").body.decode()
    for line in text.splitlines():
        assert line.startswith("#") or float(line.rpartition(" ")[2]) >= 0
    assert 'mltools_predictions_total{value="yes",arm="stable",version="1.0.0"}' in text


def test_the_description_has_the_contract_and_the_page_loads_nothing(running: Running) -> None:
    from jsonschema import Draft202012Validator

    tree = running.ask("GET", "/openapi.json").json
    row = tree["components"]["schemas"]["Row"]
    Draft202012Validator.check_schema(row)
    checker = Draft202012Validator(row)
    assert checker.is_valid(ROW)
    assert not checker.is_valid({"size": 11, "age": 1})
    page = running.ask("GET", "/docs").body.decode()
    assert "src=" not in page
    assert "http" not in page.replace("<!doctype html>", "").replace("<html", "").replace("</html>", "")


def test_the_open_inference_protocol_tells_and_answers(running: Running) -> None:
    assert running.ask("GET", "/v2").json["name"] == "mltools"
    assert running.ask("GET", "/v2/health/live").json == {"live": True}
    assert running.ask("GET", "/v2/health/ready").status == 200
    model = running.ask("GET", "/v2/models/toy").json
    assert model["versions"] == ["1.0.0"]
    assert {one["name"]: one["datatype"] for one in model["inputs"]} == {"size": "FP64", "age": "INT64"}
    assert running.ask("GET", "/v2/models/toy/versions/1.0.0").json == model
    assert running.ask("GET", "/v2/models/toy/ready").json == {"name": "toy", "ready": True}
    assert running.ask("GET", "/v2/models/toy/versions/2.0.0/ready").status == 404
    assert running.ask("GET", "/v2/models/other").status == 404
    tensors = {
        "id": "42",
        "inputs": [
            {"name": "size", "shape": [2], "datatype": "FP32", "data": [1.5, -2]},
            {"name": "age", "shape": [2, 1], "datatype": "INT64", "data": [[40], [30]]},
        ],
        "outputs": [{"name": "predict"}],
    }
    for path in ("/v2/models/toy/infer", "/v2/models/toy/versions/1.0.0/infer"):
        reply = running.ask("POST", path, tensors)
        assert reply.status == 200
        assert reply.json["id"] == "42"
        assert reply.json["outputs"] == [
            {"name": "predict", "shape": [2], "datatype": "BYTES", "data": ["yes", "no"]}
        ]
    table = {"inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP64", "data": [1.5, 40, -2, 30]}]}
    outputs = running.ask("POST", "/v2/models/toy/infer", table).json["outputs"]
    assert outputs[0]["data"] == ["yes", "no"]
    assert outputs[1]["shape"] == [2, 2]
    wrong = {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [99, 40]}]}
    assert running.ask("POST", "/v2/models/toy/infer", wrong).status == 400
    assert running.ask("POST", "/v2/models/toy/infer", {"inputs": []}).status == 400


@pytest.mark.parametrize(
    "tensor",
    [
        {"name": "size", "shape": [2], "datatype": "FP64", "data": [1]},
        {"name": "size", "shape": [-1], "datatype": "FP64", "data": [1]},
        {"name": "size", "shape": [1], "datatype": "COMPLEX", "data": [1]},
        {"name": "size", "shape": [1], "datatype": "INT32", "data": [1.5]},
        {"name": "size", "shape": [1], "datatype": "FP64"},
        {"name": "size", "shape": [2, 2], "datatype": "FP64", "data": [1, 2, 3, 4]},
        {"name": "x", "shape": [1, 3], "datatype": "FP64", "data": [1, 2, 3]},
        {"name": "size", "shape": [1], "datatype": "FP64", "data": [{"a": 1}]},
        {"shape": [1], "datatype": "FP64", "data": [1]},
        7,
    ],
)
def test_tensors_that_are_none_are_refused(running: Running, tensor: Any) -> None:
    reply = running.ask("POST", "/v2/models/toy/infer", {"inputs": [tensor]})
    assert reply.status == 400
    assert reply.json["error"]


class Changing:
    """A service whose plan each test sets for itself; versions are named by the test."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.models = running.models
        self.serial = 0

    def serve(self, stable: str, **serve: Any) -> None:
        """Put a plan there and wait until the service follows it."""
        self.serial += 1
        put_plan(self.models, stable, serial=self.serial, **serve)
        self.running.until(lambda found: found["serial"] == self.serial)

    def state(self, done: Callable[[Any], bool]) -> Any:
        """`state.json` of the present plan, once `done` holds of it."""
        path = self.models / "state.json"
        return until(
            lambda: json.loads(path.read_text()), lambda tree: tree["serial"] == self.serial and done(tree)
        )

    def lines(self, version: str) -> list[Any]:
        """What was logged of versions that begin so."""
        return [line for line in self.running.lines() if line["version"].startswith(version)]


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changing]:
    models = tmp_path_factory.mktemp("changing") / "models"
    models.mkdir()
    with service(models) as found:
        yield Changing(found)


# What follows starts services of its own, or sets the plan of one.


def test_a_swap_under_load_loses_no_request_and_what_is_answered_is_what_the_version_says(
    tmp_path: Path,
) -> None:
    models = tmp_path / "models"
    put_version(models, "1.0.0", classifier())
    put_version(models, "2.0.0", classifier(flipped=True))
    put_plan(models, "1.0.0", serial=1)
    seen: list[tuple[int, str, str]] = []
    enough = threading.Event()

    def load(running: Running) -> None:
        connection = running.connection()
        body = json.dumps({"rows": [ROW]})
        while not enough.is_set():
            connection.request("POST", "/predict", body)
            answer = connection.getresponse()
            tree = json.loads(answer.read())
            seen.append((answer.status, tree.get("version", ""), tree.get("predictions", [""])[0]))
        connection.close()

    with service(models) as running:
        clients = [threading.Thread(target=load, args=(running,)) for _ in range(4)]
        for client in clients:
            client.start()
        for serial in range(2, 8):
            put_plan(models, "2.0.0" if serial % 2 == 0 else "1.0.0", serial=serial)
            running.until(partial(_at, "serial", serial))
            until(seen.__len__, (len(seen) + 20).__lt__)
        enough.set()
        for client in clients:
            client.join()
        assert running.metric('mltools_swaps_total{outcome="applied"}') == 7
    assert {status for status, _, _ in seen} == {200}
    assert {(version, said) for _, version, said in seen} == {("1.0.0", "yes"), ("2.0.0", "no")}
    assert len(running.lines()) == len(seen)


def test_a_version_that_cannot_serve_leaves_the_one_before_in_place(tmp_path: Path) -> None:
    models = tmp_path / "models"
    put_version(models, "1.0.0", classifier())
    put_plan(models, "1.0.0", serial=1)
    damaged = put_version(models, "1.1.0", classifier()) / "model.skops"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    put_version(models, "1.2.0", b"no archive at all")
    put_version(models, "1.3.0", classifier(), smoke=[{"size": "large", "age": 1}])
    put_version(models, "1.4.0", classifier(), expected=["no"])
    put_version(models, "1.5.0", pickle.dumps(classifier()), file="model.pkl")
    put_version(models, "1.6.0", {"a": 1})
    put_version(models, "1.7.0", classifier(), input={"size": {"type": "colour"}})
    reasons = {
        "1.1.0": "not what was released",
        "1.2.0": "cannot be loaded",
        "1.3.0": "smoke rows",
        "1.4.0": "should give 'no'",
        "1.5.0": "is a pickle",
        "1.6.0": "predicts nothing",
        "1.7.0": "is not known here",
        "9.9.9": "is not in",
        "../../x": "cannot name a directory",
    }
    with service(models) as running:
        for serial, (version, reason) in enumerate(reasons.items(), start=2):
            put_plan(models, version, serial=serial)
            state = until(
                lambda: json.loads((models / "state.json").read_text()),
                partial(_at, "failed", serial),
            )
            assert reason in state["error"]
            assert state["applied"]["stable"] == "1.0.0"
            assert running.predict(ROW).json["version"] == "1.0.0"
        (models / "plan.json").write_text("{half")
        assert "is no JSON" in running.until(lambda found: "JSON" in (found["error"] or ""))["error"]
        assert running.predict(ROW).status == 200
        put_plan(models, "1.0.0", serial=99)
        running.until(lambda found: found["error"] is None)


def test_types_that_nobody_reviewed_are_refused_and_reviewed_ones_served(tmp_path: Path) -> None:
    model = forest()
    models = tmp_path / "models"
    put_plan(models, "1.0.0", serial=1)
    put_version(models, "1.0.0", model, types=["sklearn.nothing"])
    put_version(models, "1.0.1", model, types=types_of(model))
    with service(models) as running:
        assert running.told["ready"] is False
        assert "nobody reviewed" in running.told["error"]
        assert running.ask("GET", "/health/live").status == 200
        assert running.ask("GET", "/health/ready").status == 503
        reply = running.predict(ROW)
        assert (reply.status, reply.headers["retry-after"]) == (503, "1")
        put_plan(models, "1.0.1", serial=2)
        running.until(lambda found: found["status"] == "ready")
        assert running.predict({"size": 1, "age": 1}).json["predictions"] == ["yes"]


def test_a_pickle_is_served_only_where_somebody_insists(tmp_path: Path) -> None:
    models = tmp_path / "models"
    put_version(models, "1.0.0", pickle.dumps(classifier()), file="model.pkl")
    put_plan(models, "1.0.0", serial=1)
    with service(models, "--let-the-model-file-run-any-code") as running:
        assert running.predict(ROW).json["predictions"] == ["yes"]


def test_a_model_of_numbers_answers_numbers(changing: Changing) -> None:
    running = changing.running
    output = {"y": {"type": "number", "minimum": 0, "maximum": 10}}
    put_version(changing.models, "1.0.0", regressor(), name="a/b:toy", output=output)
    changing.serve("1.0.0", name="a/b:toy")
    reply = running.predict({"size": 2, "age": 1})
    assert reply.json["predictions"] == pytest.approx([4.0])
    assert reply.json["scores"] is None
    assert running.metric('mltools_prediction_bucket{arm="stable",version="1.0.0",le="4"}') is not None
    assert running.ask("GET", "/v2/models/a%2Fb%3Atoy").json["name"] == "a/b:toy"
    assert running.ask("GET", "/v2/models/a/b:toy/ready").status == 200


def test_what_is_sensitive_is_in_no_log(changing: Changing) -> None:
    hidden = {**INPUT, "age": {**INPUT["age"], "role": "sensitive"}}
    put_version(changing.models, "2.0.0", classifier(), input=hidden)
    put_version(changing.models, "2.0.1", classifier(), input=hidden, sensitive="hash")
    changing.serve("2.0.0")
    changing.running.predict(ROW)
    changing.serve("2.0.1")
    changing.running.predict(ROW, ROW, {**ROW, "age": 41})
    dropped, one, same, other = [line["features"] for line in changing.lines("2.0.")]
    assert dropped == {"size": 1.5}
    assert one["age"].startswith("sha256:")
    assert one["age"] == same["age"] != other["age"]
    assert (changing.running.log / ".salt").stat().st_mode & 0o077 == 0


def test_the_log_is_rotated_and_survives_a_kill_whole(tmp_path: Path) -> None:
    models = tmp_path / "models"
    put_version(models, "1.0.0", classifier())
    put_plan(models, "1.0.0", serial=1)
    with service(models, "--log-bytes", "1000") as running:
        for number in range(12):
            assert running.predict(ROW, ids=[f"n{number}"]).status == 200
        running.process.kill()
        running.process.wait()
    assert [line["id"] for line in running.lines()] == [f"n{number}" for number in range(12)]
    files = sorted(running.log.glob("requests-*.jsonl"))
    assert len(files) > 2
    assert all(file.stat().st_size <= 1000 for file in files)


def test_a_full_disk_costs_lines_and_no_answer(tmp_path: Path) -> None:
    models = tmp_path / "models"
    put_version(models, "1.0.0", classifier())
    put_plan(models, "1.0.0", serial=1)

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, resource.RLIM_INFINITY))

    with service(models, preexec_fn=small_files, env={"PYTHONDONTWRITEBYTECODE": "1"}) as running:
        for _ in range(30):
            assert running.predict(ROW).status == 200
        lost = running.metric("mltools_log_lines_lost_total")
        found = running.ready()
        assert lost is not None
        assert lost > 0
        assert found["status"] == "ready"
        assert found["log"]["fault"]
        assert len(running.lines()) + lost == 30  # and each of the lines is whole


def test_a_log_directory_that_goes_away_is_no_matter_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "log"
    place.write_text("in the way")
    log = RequestLog(place, 1_000)
    caplog.set_level("INFO")
    log.prepare()
    assert (log.written, log.lost, "cannot be written" in log.fault) == (0, 0, True)
    assert not log.append([{"id": "a"}])
    assert not log.append([{"id": "b"}])
    assert (log.written, log.lost) == (0, 2)
    assert log.fault
    place.unlink()
    assert log.append([{"id": "c"}])
    assert (log.written, log.lost, log.fault) == (1, 2, "")
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "2 lines were lost" in caplog.messages[1]
    log.close()
    assert [file.read_text() for file in place.iterdir()] == ['{"id":"c"}\n']


def test_the_service_says_on_stderr_what_it_serves_and_warns_of_what_it_does_not(changing: Changing) -> None:
    put_version(changing.models, "3.1.0", classifier())
    changing.serve("3.1.0")
    put_plan(changing.models, "3.2.0", serial=changing.serial + 1)
    changing.running.until(lambda found: found["error"] is not None)
    said = changing.running.stderr.read_text().splitlines()
    when = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert any(re.fullmatch(rf"{when} INFO serving toy: stable 3\.1\.0", line) for line in said)
    assert re.match(rf"{when} ERROR the plan is not followed: ", said[-1])


def test_an_error_of_the_model_is_told_by_its_id_alone(changing: Changing) -> None:
    running = changing.running
    put_version(changing.models, "3.0.0", classifier(), input=FREE)
    changing.serve("3.0.0")
    before = running.metric("mltools_errors_total") or 0
    reply = running.predict({"size": None, "age": 1})  # a logistic regression takes no gap
    assert reply.status == 500
    assert "NaN" not in reply.body.decode()
    assert reply.json["id"] in running.stderr.read_text()
    assert changing.lines("3.0.0")[0]["status"] == 500
    assert running.metric("mltools_errors_total") == before + 1


def test_the_end_waits_for_what_is_under_way(tmp_path: Path) -> None:
    models = tmp_path / "models"
    put_version(models, "1.0.0", classifier())
    put_plan(models, "1.0.0", serial=1)
    with service(models) as running:
        body = json.dumps({"rows": [ROW]}).encode()
        with socket.create_connection((running.host, running.port), timeout=60) as half:
            head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            half.sendall(head.encode() + body[:10])
            running.ready()  # the half request was accepted before
            running.process.send_signal(signal.SIGTERM)
            until(lambda: _refused(running), bool)
            half.sendall(body[10:])
            assert half.recv(1000).startswith(b"HTTP/1.1 200")
        assert running.process.wait(60) == 0
    assert running.lines()[0]["status"] == 200


def _at(key: str, serial: int, tree: Any) -> bool:
    return bool(tree[key] == serial)


def _refused(running: Running) -> bool:
    try:
        socket.create_connection((running.host, running.port), timeout=60).close()
    except ConnectionRefusedError:
        return True
    return False


def test_more_requests_than_there_is_room_for_are_sent_away(tmp_path: Path) -> None:
    models = tmp_path / "models"
    put_version(models, "1.0.0", classifier())
    put_plan(models, "1.0.0", serial=1)
    with service(models, "--requests", "1", "--threads", "1") as running:
        statuses: list[int] = []

        def many() -> None:
            statuses.extend(running.predict(*[ROW] * 1000).status for _ in range(2))

        clients = [threading.Thread(target=many) for _ in range(6)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert set(statuses) <= {200, 503}
        assert 200 in statuses
        assert running.predict(ROW).status == 200


def test_after_a_restart_with_a_broken_plan_what_was_served_before_is_served(tmp_path: Path) -> None:
    models = tmp_path / "models"
    put_version(models, "1.0.0", classifier())
    put_plan(models, "1.0.0", serial=1)
    with service(models) as running:
        assert running.stop() == 0
    put_plan(models, "7.0.0", serial=2)
    with service(models) as running:
        assert running.told["ready"] is True
        assert running.predict(ROW).json["version"] == "1.0.0"
        assert "7.0.0" in running.ready()["error"]


def test_the_canary_gets_its_share_of_the_keys_and_the_same_key_the_same_arm(changing: Changing) -> None:
    put_version(changing.models, "4.0.0", classifier())
    put_version(changing.models, "4.1.0", classifier(flipped=True))
    changing.serve("4.0.0", canary={"version": "4.1.0", "share": 0.3})
    keys = [f"user{number}" for number in range(200)]
    arms = {key: _version(changing.running, key) for key in keys}
    share = sum(version == "4.1.0" for version in arms.values()) / len(arms)
    assert 0.18 < share < 0.42
    assert {key: _version(changing.running, key) for key in keys} == arms
    changing.serve("4.0.0", canary={"version": "4.1.0", "share": 0.6})
    more = {key: _version(changing.running, key) for key in keys}
    assert all(more[key] == "4.1.0" for key, version in arms.items() if version == "4.1.0")
    state = changing.state(lambda tree: sum(arm["requests"] for arm in tree["arms"].values()) == 200)
    assert state["arms"]["canary"]["version"] == "4.1.0"


def _version(running: Running, key: str) -> str:
    reply = running.ask("POST", "/predict", {"rows": [ROW]}, {"X-Request-Key": key})
    assert reply.status == 200
    return str(reply.json["version"])


def test_a_canary_that_fails_harms_nobody(changing: Changing) -> None:
    sturdy = forest()
    put_version(changing.models, "5.0.0", sturdy, input=FREE, types=types_of(sturdy))
    put_version(changing.models, "5.1.0", classifier(), input=FREE)
    changing.serve("5.0.0", canary={"version": "5.1.0", "share": 1.0})
    reply = changing.running.predict({"size": None, "age": 1})
    assert (reply.status, reply.json["version"]) == (200, "5.0.0")
    assert [(one["arm"], one["status"]) for one in changing.lines("5.")] == [("canary", 500), ("stable", 200)]
    changing.state(lambda tree: tree["arms"]["canary"]["errors"] == 1)


def test_the_shadow_is_compared_and_never_answers(changing: Changing) -> None:
    put_version(changing.models, "6.0.0", classifier())
    put_version(changing.models, "6.1.0", classifier(flipped=True))
    changing.serve("6.0.0", shadow="6.1.0")
    for _ in range(5):
        assert changing.running.predict(ROW).json["version"] == "6.0.0"
    state = changing.state(lambda tree: tree["arms"]["shadow"]["compared"] == 5)
    assert state["arms"]["shadow"]["agreed"] == 0
    assert changing.running.metric('mltools_shadow_rows_total{outcome="differed"}') == 5
    assert sorted(line["arm"] for line in changing.lines("6.")) == ["shadow"] * 5 + ["stable"] * 5


def test_what_the_agent_says_of_the_registry_is_told(changing: Changing) -> None:
    running = changing.running
    put_version(changing.models, "7.0.0", classifier())
    changing.serve("7.0.0")
    assert running.ready()["registry"] is None
    agent = changing.models / "agent.json"
    agent.write_text(json.dumps({"schema": 1, "reachable": False, "error": "no route"}))
    os.utime(agent, (4e9, 4e9))  # a clock that is ahead
    found = running.ready()
    assert found["status"] == "ready"
    assert (found["registry"]["reachable"], found["registry"]["error"]) == (False, "no route")
    assert found["registry"]["seconds"] == 0
    assert running.metric("mltools_registry_reachable") == 0


def test_the_folder_alone_serves_under_another_name(tmp_path: Path) -> None:
    import mltools.server

    shutil.copytree(Path(mltools.server.__file__).parent, tmp_path / "image/server")
    models = tmp_path / "models"
    put_version(models, "1.0.0", classifier())
    put_plan(models, "1.0.0", serial=1)
    code = (
        "import sys, runpy; sys.argv = ['server', '--models', sys.argv[1], '--help'][:4];"
        "sys.modules['mltools'] = None; runpy.run_module('server', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(models)],
        cwd=tmp_path / "image",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    code = "import sys; sys.modules['mltools'] = None; import server.running; print('whole')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "image", capture_output=True, text=True, check=False
    )
    assert done.stdout == "whole\n", done.stderr


def test_wrong_usage_and_a_port_in_use_are_told_in_a_line(tmp_path: Path) -> None:
    base = [sys.executable, "-m", "mltools.server", "--models"]
    none = subprocess.run([*base, str(tmp_path / "no")], capture_output=True, text=True, check=False)
    assert (none.returncode, none.stderr) == (2, f"error: {tmp_path / 'no'}: no such directory\n")
    for option in (("--port", "65536"), ("--most-rows", "0"), ("--poll-seconds", "nan"), ("--nothing",)):
        done = subprocess.run([*base, str(tmp_path), *option], capture_output=True, text=True, check=False)
        assert (done.returncode, option[-1] in done.stderr.splitlines()[-1]) == (2, True), done.stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*base, str(tmp_path), "--port", port], capture_output=True, text=True, check=False
        )
    assert done.returncode == 3
    assert done.stderr.startswith("error: cannot listen on 127.0.0.1:")
    name = "a" * 70
    done = subprocess.run([*base, str(tmp_path), "--host", name], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.startswith(f"error: cannot listen on {name}:")) == (3, True), (
        done.stderr
    )
