"""What the service makes of models that answer otherwise than most: in one process, on what a process would be asked."""

import asyncio
import json
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from mltools.core.events import Kind, event
from mltools.server.answering import Answering, Reply
from mltools.server.app import Service, create
from mltools.server.holder import Holder
from mltools.server.metrics import Metrics
from mltools.server.requestlog import Hiding, RequestLog
from mltools.server.settings import Settings
from mltools.serving.labels import wrong
from tests.serving import INPUT, PATIENCE, ROW, classifier, put_plan, put_version, service, until

TABLE = pd.DataFrame({"size": [1.0, -1.0, 2.0, -2.0], "age": [40.0] * 4})


class Served:
    """The service but for its HTTP: a models directory that is followed when told so, and a client's questions."""

    def __init__(self, path: Path) -> None:
        self.settings = Settings(models=path / "models", log=path / "log")
        self.settings.models.mkdir()
        self.metrics = Metrics()
        self.holder = Holder(self.settings, self.metrics)
        self.log = RequestLog(path / "log", 1 << 20)
        self.answering = Answering(self.settings, self.holder, self.metrics, self.log)
        self.serial = 0

    def serve(self, stable: str, **serve: Any) -> None:
        self.serial += 1
        put_plan(self.settings.models, stable, serial=self.serial, **serve)
        self.holder.step()
        self.holder.tell()

    def predict(self, *rows: Any, **more: Any) -> Reply:
        return self.answering.predict(json.dumps({"rows": list(rows), **more}).encode(), "r1", None)

    def infer(self, tree: Any, version: str | None = None) -> Reply:
        return self.answering.infer(json.dumps(tree).encode(), "r1", None, "toy", version)

    def lines(self) -> list[Any]:
        texts = [path.read_text() for path in sorted(self.log.directory.glob("requests-*.jsonl"))]
        return [json.loads(line) for text in texts for line in text.splitlines()]

    def counted(self, arm: str) -> Any:
        assert self.holder.serving is not None
        return self.holder.serving.tallies[arm].as_json()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    found = Served(tmp_path)
    yield found
    found.answering.close()
    found.log.close()


COLUMNS = [
    {"name": "size", "shape": [1], "datatype": "FP64", "data": [1.5]},
    {"name": "age", "shape": [1], "datatype": "INT64", "data": [40]},
]


@pytest.mark.parametrize(
    ("labels", "said", "datatype"),
    [(["yes", "no"] * 2, "yes", "BYTES"), ([1, 0] * 2, 1, "INT64"), ([1.0, 0.0] * 2, 1.0, "FP64")],
)
def test_a_classifier_without_probabilities_answers_its_classes(
    served: Served, labels: list[Any], said: Any, datatype: str
) -> None:
    put_version(served.settings.models, "1.0.0", LinearSVC().fit(TABLE, labels), output={})
    served.serve("1.0.0")
    reply = served.predict(ROW)
    assert (reply.status, reply.tree.get("predictions"), reply.tree.get("scores")) == (200, [said], None)
    (output,) = served.infer({"inputs": COLUMNS}).tree["outputs"]
    assert (output["datatype"], output["data"]) == (datatype, [said])
    assert (
        f'mltools_predictions_total{{value="{said}",arm="stable",version="1.0.0"}} 2' in served.metrics.text()
    )


def broken() -> Any:
    """A model that gives no number as a probability."""
    model = LogisticRegression().fit(TABLE, ["yes", "no"] * 2)
    model.intercept_[:] = float("nan")
    return model


def test_a_probability_that_is_no_number_is_a_failure_of_the_arm(served: Served) -> None:
    put_version(served.settings.models, "1.0.0", classifier(), smoke=[])
    put_version(served.settings.models, "1.1.0", broken(), smoke=[])
    served.serve("1.0.0", canary={"version": "1.1.0", "share": 1.0})
    reply = served.predict(ROW)
    assert (reply.status, reply.tree.get("version")) == (200, "1.0.0")
    assert served.counted("canary")["errors"] == 1
    assert [(line["arm"], line["status"]) for line in served.lines()] == [("canary", 500), ("stable", 200)]


def test_what_the_canary_failed_is_no_sample_of_the_stable_arm(served: Served) -> None:
    put_version(served.settings.models, "1.0.0", classifier(), smoke=[])
    put_version(served.settings.models, "1.1.0", broken(), smoke=[])
    served.serve("1.0.0", canary={"version": "1.1.0", "share": 0.5}, slow_milliseconds=1e-9)
    for number in range(40):
        assert served.predict(ROW, key=f"user{number}").status == 200
    canary, stable = served.counted("canary"), served.counted("stable")
    assert 0 < canary["requests"] == canary["errors"] < 40
    assert (stable["requests"], stable["slow"]) == (40 - canary["requests"],) * 2


def test_a_canary_whose_contract_refuses_what_the_stable_one_takes_fails_and_harms_nobody(
    served: Served,
) -> None:
    narrow = {**INPUT, "size": {**INPUT["size"], "maximum": 0}}
    put_version(served.settings.models, "1.0.0", classifier())
    put_version(served.settings.models, "1.1.0", classifier(), input=narrow, smoke=[])
    served.serve("1.0.0", canary={"version": "1.1.0", "share": 1.0})
    reply = served.predict(ROW)
    assert (reply.status, reply.tree.get("version")) == (200, "1.0.0")
    assert served.counted("canary")["errors"] == 1
    assert served.predict({**ROW, "size": 11}).status == 422
    assert served.counted("canary")["errors"] == 1


def test_who_asks_for_a_version_gets_it_or_nothing(served: Served) -> None:
    put_version(served.settings.models, "1.0.0", classifier())
    put_version(served.settings.models, "1.1.0", broken(), smoke=[])
    put_version(served.settings.models, "1.2.0", classifier(flipped=True))
    served.serve("1.0.0", canary={"version": "1.1.0", "share": 0.0}, shadow="1.2.0")
    assert served.infer({"inputs": COLUMNS}, "1.0.0").tree["model_version"] == "1.0.0"
    assert served.infer({"inputs": COLUMNS}, "1.1.0").status == 500
    shadow = served.infer({"inputs": COLUMNS}, "1.2.0")
    assert (shadow.status, "there is: 1.0.0, 1.1.0" in shadow.tree["error"]) == (404, True)


def test_labels_of_what_the_canary_failed_count_for_no_arm(served: Served) -> None:
    put_version(served.settings.models, "1.0.0", classifier(), smoke=[])
    put_version(served.settings.models, "1.1.0", broken(), smoke=[])
    served.serve("1.0.0", canary={"version": "1.1.0", "share": 0.5})
    ids = [f"r{number}" for number in range(40)]
    for one in ids:
        served.predict(ROW, ids=[one], key=one)
    told = "".join(json.dumps({"id": one, "label": "no"}) + "\n" for one in ids)
    (served.log.directory / "labels-1.jsonl").write_text(told)
    begun = event(Kind.CANARY, "toy", when=datetime(2020, 1, 1, tzinfo=UTC), details={"state": "started"})
    old = served.log.directory / "requests-0.jsonl"  # full before the trial began
    old.write_text(
        json.dumps({"id": "r0", "arm": "stable", "version": "1.0.0", "prediction": "no", "time": "2021"})
    )
    os.utime(old, (0, 0))
    found = wrong(served.log.directory, begun, {"stable": "1.0.0", "canary": "1.1.0"})
    answered = served.counted("stable")["requests"]
    assert (found["stable"].labelled, found["stable"].wrong, found["canary"].labelled) == (
        answered,
        answered,
        0,
    )


@pytest.mark.parametrize("arm", [{"canary": {"version": "9.0.0", "share": 0.5}}, {"shadow": "9.0.0"}])
def test_after_a_start_the_stable_version_serves_even_where_the_one_beside_it_cannot(
    served: Served, arm: dict[str, Any]
) -> None:
    put_version(served.settings.models, "1.0.0", classifier())
    served.serve("1.0.0", **arm)
    assert served.predict(ROW).tree.get("version") == "1.0.0"
    state = json.loads((served.settings.models / "state.json").read_text())
    assert (state["failed"], state["applied"]) == (1, {"stable": "1.0.0", "canary": None, "shadow": None})
    assert "9.0.0" in state["error"]


def test_a_plan_that_is_as_it_was_again_is_no_error_any_more(served: Served) -> None:
    put_version(served.settings.models, "1.0.0", classifier())
    served.serve("1.0.0")
    plan = (served.settings.models / "plan.json").read_bytes()
    for text in (b"{half", plan.replace(b"1.0.0", b"9.0.0")):
        (served.settings.models / "plan.json").write_bytes(text)
        served.holder.step()
        assert served.holder.error is not None
        (served.settings.models / "plan.json").write_bytes(plan)
        served.holder.step()
        assert served.holder.error is None


def test_the_plan_is_followed_even_where_nobody_can_be_told_of_the_start(served: Served) -> None:
    put_version(served.settings.models, "1.0.0", classifier())
    put_plan(served.settings.models, "9.0.0", serial=1)
    tried = threading.Event()

    def told() -> None:
        tried.set()
        raise BrokenPipeError

    holder = Holder(replace(served.settings, poll_seconds=0.01), Metrics())
    holder.start(told)
    assert tried.wait(60)
    put_plan(served.settings.models, "1.0.0", serial=2)
    until(lambda: holder.serving, lambda found: found is not None)
    holder.stop()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shape": [10**18] * 50_000}, "no shape of 1 to 8 numbers"),
        ({"shape": [2**24 + 1]}, "other numbers than 0 to"),
        ({"shape": [True]}, "other numbers than 0 to"),
        ({"datatype": ["FP64"]}, "unknown datatype"),
        ({"datatype": {}}, "unknown datatype"),
    ],
)
def test_a_tensor_whose_description_is_absurd_is_refused_at_once(
    served: Served, change: dict[str, Any], words: str
) -> None:
    put_version(served.settings.models, "1.0.0", classifier())
    served.serve("1.0.0")
    reply = served.infer({"inputs": [{**COLUMNS[0], **change}, COLUMNS[1]]})
    assert (reply.status, words in reply.tree["error"], len(str(reply.tree)) < 300) == (400, True, True), (
        reply
    )


@pytest.mark.parametrize("name", [None, 7, ["predict"], {"predict": 1}])
def test_an_output_whose_name_is_no_text_is_refused(served: Served, name: Any) -> None:
    put_version(served.settings.models, "1.0.0", classifier())
    served.serve("1.0.0")
    reply = served.infer({"inputs": COLUMNS, "outputs": [{"name": name}]})
    assert (reply.status, "there is no output" in reply.tree["error"]) == (400, True), reply


def test_a_client_that_does_not_read_its_answers_is_cut_off(tmp_path: Path) -> None:
    models = tmp_path / "models"
    put_version(models, "1.0.0", classifier())
    put_plan(models, "1.0.0", serial=1)
    ids = [f"{number:0128d}" for number in range(1_000)]
    body = json.dumps({"rows": [ROW] * len(ids), "ids": ids}).encode()
    request = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    with service(models, "--answer-seconds", "2") as running, socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        deaf.connect((running.host, running.port))
        deaf.settimeout(PATIENCE)
        # Answers fill all that is between us until the service stops reading: then it must hang up, and not wait.
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            deaf.sendall(request * 100)


async def status_of(
    app: Any, *parts: bytes, rest: asyncio.Event, path: str = "/predict", encoding: bytes = b"identity"
) -> int:
    """The status of a request whose body comes in parts; the last one not before `rest`."""
    waiting, told = list(parts), []

    async def receive() -> Any:
        if len(waiting) <= 1:
            await rest.wait()
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        told.append(message)

    headers = [(b"host", b"elsewhere.example"), (b"content-encoding", encoding)]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b""}
    await app(scope, receive, send)
    return int(told[0]["status"])


def test_of_requests_whose_bodies_end_at_once_no_more_are_taken_than_there_is_room_for(
    served: Served,
) -> None:
    put_version(served.settings.models, "1.0.0", classifier())
    put_plan(served.settings.models, "1.0.0", serial=1)
    service = Service(replace(served.settings, requests=2))
    service.holder.step()
    body, app = json.dumps({"rows": [ROW] * 200}).encode(), create(service)

    async def many() -> list[int]:
        rest = asyncio.Event()
        tasks = [asyncio.create_task(status_of(app, body, rest=rest)) for _ in range(8)]
        await asyncio.sleep(0)
        rest.set()
        return sorted(await asyncio.gather(*tasks))

    assert asyncio.run(many()) == [200] * 2 + [503] * 6
    service.close()


def test_bodies_that_do_not_end_take_no_more_memory_together_than_there_is_room_for(served: Served) -> None:
    put_version(served.settings.models, "1.0.0", classifier())
    put_plan(served.settings.models, "1.0.0", serial=1)
    service = Service(replace(served.settings, requests=2, most_body=100))
    service.holder.step()
    app = create(service)

    async def many() -> list[int]:
        rest = asyncio.Event()
        tasks = [asyncio.create_task(status_of(app, b"x" * 90, b"", rest=rest)) for _ in range(5)]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert {task.result() for task in done} == {503}
        rest.set()
        return sorted(await asyncio.gather(*tasks))

    assert asyncio.run(many()) == [400] * 2 + [503] * 3
    assert service.reading == 0
    service.close()


def test_a_log_file_that_was_deleted_takes_no_line(tmp_path: Path) -> None:
    log = RequestLog(tmp_path / "log", 1_000)
    assert log.append([{"id": "a"}])
    shutil.rmtree(tmp_path / "log")
    assert log.append([{"id": "b"}])
    log.close()
    assert [path.read_text() for path in (tmp_path / "log").iterdir()] == ['{"id":"b"}\n']


def test_a_salt_that_a_full_disk_left_torn_is_replaced_and_then_stays(tmp_path: Path) -> None:
    (tmp_path / ".salt").write_bytes(b"torn")
    hashed = Hiding(tmp_path).hash("x")
    assert Hiding(tmp_path).hash("x") == hashed
    assert [path.name for path in tmp_path.iterdir()] == [".salt"]
    assert (tmp_path / ".salt").stat().st_mode & 0o077 == 0


def test_all_who_log_in_a_directory_hash_by_the_same_salt(tmp_path: Path) -> None:
    for number in range(20):
        many = [Hiding(tmp_path / str(number)) for _ in range(4)] * 2
        begun = threading.Barrier(len(many))

        def hashed(one: Hiding, begun: threading.Barrier = begun) -> str:
            begun.wait()
            return one.hash("x")

        with ThreadPoolExecutor(len(many)) as pool:
            assert len(set(pool.map(hashed, many))) == 1


def test_a_request_that_takes_too_long_is_counted(served: Served) -> None:
    put_version(served.settings.models, "1.0.0", classifier())
    put_plan(served.settings.models, "1.0.0", serial=1)
    service = Service(replace(served.settings, answer_seconds=0.01))
    service.holder.step()

    async def never() -> int:
        return await status_of(create(service), b"", rest=asyncio.Event())

    assert asyncio.run(never()) == 503
    assert 'mltools_requests_total{route="/predict",status="503"} 1' in service.metrics.text()
    service.close()


@pytest.mark.parametrize(
    ("path", "encoding", "status"),
    [("/predict", b"Identity", 200), ("/predict", b"gzip", 415), ("/predict/", b"identity", 404)],
)
def test_nobody_is_sent_elsewhere_and_a_body_as_it_is_is_taken(
    served: Served, path: str, encoding: bytes, status: int
) -> None:
    put_version(served.settings.models, "1.0.0", classifier())
    put_plan(served.settings.models, "1.0.0", serial=1)
    service = Service(served.settings)
    service.holder.step()
    body = json.dumps({"rows": [ROW]}).encode()

    async def asked() -> int:
        rest = asyncio.Event()
        rest.set()
        return await status_of(create(service), body, rest=rest, path=path, encoding=encoding)

    assert asyncio.run(asked()) == status
    service.close()


LIVE = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"


@contextmanager
def connected(path: Path, *options: str) -> Iterator[socket.socket]:
    """A connection to a service that serves nothing."""
    models = path / "models"
    models.mkdir()
    with (
        service(models, *options) as running,
        socket.create_connection((running.host, running.port), timeout=PATIENCE) as found,
    ):
        yield found


def answered(client: socket.socket) -> bool:
    """Whether `/health/live` answers that it lives, to the last byte."""
    said = b""
    while not said.endswith(b"}") and (more := client.recv(1_000)):
        said += more
    return said.startswith(b"HTTP/1.1 200")


def sent(client: socket.socket, data: bytes) -> bool:
    try:
        client.sendall(data)
    except (ConnectionResetError, BrokenPipeError):
        return False
    return True


def test_a_client_whose_body_does_not_end_after_its_answer_is_cut_off(tmp_path: Path) -> None:
    with connected(tmp_path, "--head-seconds", "3") as client:
        client.sendall(LIVE + b"Transfer-Encoding: chunked\r\n\r\n")
        assert answered(client)
        until(partial(sent, client, b"1\r\nx\r\n"), lambda more: not more)


def test_a_body_that_ends_after_its_answer_leaves_room_for_the_next_request(tmp_path: Path) -> None:
    with connected(tmp_path, "--head-seconds", "100") as client:
        client.sendall(LIVE + b"Content-Length: 3\r\n\r\n")
        assert answered(client)
        client.sendall(b"abc" + LIVE + b"\r\n")
        assert answered(client)
