"""The service as a process of its own, models directories for it, and a client that speaks plain HTTP."""

import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import skops.io
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MODEL = "toy"
PATIENCE = 150.0
INPUT: Mapping[str, Mapping[str, Any]] = {
    "size": {"type": "number", "required": True, "minimum": -10, "maximum": 10},
    "age": {"type": "integer", "required": True, "minimum": 0},
}
OUTPUT: Mapping[str, Mapping[str, Any]] = {
    "label": {"type": "category", "enum": ["no", "yes"], "role": "target"}
}
FREE: Mapping[str, Mapping[str, Any]] = {"size": {"type": "number"}, "age": {"type": "number"}}
ROW = {"size": 1.5, "age": 40}


def classifier(*, flipped: bool = False) -> Any:
    """A small real model: says "yes" of large sizes, or of small ones where it is `flipped`."""
    chance = np.random.default_rng(3)
    table = pd.DataFrame({"size": chance.normal(size=200), "age": chance.integers(18, 80, 200).astype(float)})
    labels = np.where((table["size"] > 0) != flipped, "yes", "no")
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(table, labels)


def forest(*, seed: int = 1) -> Any:
    """A model that takes gaps, and types that somebody must review."""
    table = pd.DataFrame({"size": [1.0, np.nan, -1.0, -2.0], "age": [1.0, 2.0, 3.0, 4.0]})
    return RandomForestClassifier(3, random_state=seed, bootstrap=False).fit(
        table, ["yes", "yes", "no", "no"]
    )


def types_of(model: Any) -> list[str]:
    """What somebody who looked at a model's file would trust."""
    return list(skops.io.get_untrusted_types(data=skops.io.dumps(model)))


def regressor() -> Any:
    table = pd.DataFrame({"size": [0.0, 1.0, 2.0, 3.0], "age": [1.0, 2.0, 1.0, 2.0]})
    return LinearRegression().fit(table, [0.0, 2.0, 4.0, 6.0])


def put_version(
    models: Path, version: str, model: Any, *, name: str = MODEL, file: str = "model.skops", **changes: Any
) -> Path:
    """A version in a models directory, as the agent writes it; `changes` are other words of its version.json."""
    place = models / "versions" / name.replace("/", "%2F").replace(":", "%3A") / version
    place.mkdir(parents=True)
    content = model if isinstance(model, bytes) else skops.io.dumps(model)
    (place / file).write_bytes(content)
    info = {
        "schema": 1,
        "model": name,
        "version": version,
        "file": file,
        "sha256": hashlib.sha256(content).hexdigest(),
        "types": [],
        "input": INPUT,
        "output": OUTPUT,
        "other": ["id"],
        "smoke": [ROW],
        **changes,
    }
    (place / "version.json").write_text(json.dumps(info))
    return place


def put_plan(models: Path, stable: str, *, serial: int, name: str = MODEL, **serve: Any) -> None:
    """The plan, replaced in one step."""
    models.mkdir(parents=True, exist_ok=True)
    tree = {"schema": 1, "model": name, "serve": {"stable": stable, **serve}, "serial": serial}
    scratch = models / ".plan"
    scratch.write_text(json.dumps(tree))
    scratch.replace(models / "plan.json")


@dataclass
class Reply:
    """What the service answered."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Running:
    """A service that runs; `log` is its request log, `stderr` where it speaks to whoever runs it."""

    def __init__(self, process: "subprocess.Popen[str]", models: Path, log: Path, stderr: Path) -> None:
        self.process = process
        self.models = models
        self.log = log
        self.stderr = stderr
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, stderr.read_text()
        self.told = json.loads(line) if line.startswith("{") else {"address": line.strip()}
        host, _, port = str(self.told["address"]).removeprefix("http://").rpartition(":")
        self.host, self.port = host, int(port)

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One request on a connection of its own; a body that is no bytes goes as JSON."""
        connection = self.connection()
        try:
            data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            connection.request(method, path, data, dict(headers or {}))
            answer = connection.getresponse()
            return Reply(answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()})
        finally:
            connection.close()

    def predict(self, *rows: Mapping[str, Any], **body: Any) -> Reply:
        return self.ask("POST", "/predict", {"rows": list(rows), **body})

    def ready(self) -> Any:
        return self.ask("GET", "/health/ready").json

    def metric(self, line: str) -> float | None:
        """The value of a metric by its name with its labels; None where it is not there."""
        text = self.ask("GET", "/metrics").body.decode()
        found = [one.rpartition(" ") for one in text.splitlines() if not one.startswith("#")]
        return next((float(value) for name, _, value in found if name == line), None)

    def until(self, done: Callable[[Any], bool]) -> Any:
        """What `/health/ready` says once `done` holds of it; asks again and again, each a real request."""
        return until(self.ready, done)

    def lines(self) -> list[Any]:
        """The request log."""
        texts = [path.read_text() for path in sorted(self.log.glob("requests-*.jsonl"))]
        return [json.loads(line) for text in texts for line in text.splitlines()]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def until(look: Callable[[], Any], done: Callable[[Any], bool], patience: float = PATIENCE) -> Any:
    """What `look` says once `done` holds of it. Fails after `patience` seconds, never waits when it holds."""
    import time

    end = time.monotonic() + patience
    while True:
        found = look()
        if done(found):
            return found
        assert time.monotonic() < end, found
        time.sleep(0.02)  # a pause between looks, not a time that anything is hoped to take


@contextmanager
def service(
    models: Path, *options: str, log: Path | None = None, env: Mapping[str, str] | None = None, **popen: Any
) -> Iterator[Running]:
    """`python -m mltools.server` over a models directory, ended with the block."""
    log = models.parent / "log" if log is None else log
    argv = [sys.executable, "-m", "mltools.server", "--models", str(models), "--log", str(log), "--port", "0"]
    with started([*argv, "--poll-seconds", "0.02", *options], models, log, env=env, **popen) as running:
        yield running


@contextmanager
def started(
    argv: Sequence[str], models: Path, log: Path, *, env: Mapping[str, str] | None = None, **popen: Any
) -> Iterator[Running]:
    """A program that serves and says its address on stdout."""
    errors = models.parent / "stderr"
    sink: IO[str]
    with errors.open("w") as sink:
        process = subprocess.Popen(
            argv,
            stdout=subprocess.PIPE,
            stderr=sink,
            text=True,
            env={**os.environ, **(env or {})},
            **popen,
        )
        try:
            yield Running(process, models, log, errors)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
