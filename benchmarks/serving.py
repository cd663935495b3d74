"""Requests to `mltools serve`'s service, and to the same model behind bare FastAPI, over loopback.

Ours holds each row to the contract, logs it and counts it before it answers; bare FastAPI does none of that. Both must answer
the same before they are timed. Swaps under load must lose no request, or the benchmark stops.
"""

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import joblib
import numpy as np
import pandas as pd
import skops.io
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.measure import Result

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = 12
REQUESTS, CONNECTIONS, BATCH = 400, 4, 50
GOAL = 1.0
SWAPS = 10
WARM, MANY = 10_000, 100_000
FLAT = 1.1
INFER = "/v2/models/bench/infer"

Rows = list[dict[str, float]]
Loaded = tuple[float, list[float]]


def results(directory: Path, environ: Mapping[str, str], rounds: int) -> Iterator[Result]:
    """Single rows and batches, a linear model and a forest; then swaps."""
    for name, model in _models().items():
        place = directory / f"serving-{name}"
        rows = _lay_out(place, model)
        file = str(place / "models/versions/bench/1.0.0/model.skops")
        types = skops.io.get_untrusted_types(file=file)
        bare = (sys.executable, str(ROOT / "benchmarks/peers/with_fastapi.py"), file, *types)
        with _ours(place, environ) as (ours, _), _started(bare, environ) as (peer, _):
            _require_alike(ours, peer, rows)
            for count in (1, BATCH):
                told = f"{name}, {'single rows' if count == 1 else f'batches of {count} rows'}"
                yield from _timed(told, ours, peer, json.dumps({"rows": rows[:count]}).encode(), rounds)
            if name == "linear":
                _swaps(place, ours, json.dumps({"rows": rows[:1]}).encode())
                yield from _beside_mlserver(place, model, ours, rows, environ, rounds)


def _beside_mlserver(  # noqa: PLR0917 - what is timed
    place: Path, model: object, ours: int, rows: Rows, environ: Mapping[str, str], rounds: int
) -> Iterator[Result]:
    """The Open Inference Protocol of both, where `MLSERVER_PYTHON` names an interpreter that has MLServer."""
    python = environ.get("MLSERVER_PYTHON")
    if python is None:
        print("  MLServer is not here; MLSERVER_PYTHON may name an interpreter that has it")
        return
    file = place / "model.joblib"
    joblib.dump(model, file)
    with _started((python, str(ROOT / "benchmarks/peers/with_mlserver.py"), str(file)), environ) as (peer, _):
        for count in (1, BATCH):
            table = [[row[f"x{number}"] for number in range(COLUMNS)] for row in rows[:count]]
            tensor = {"name": "rows", "shape": [count, COLUMNS], "datatype": "FP64", "data": table}
            body = json.dumps({"inputs": [tensor]}).encode()
            answers = [_post(port, body, INFER)["outputs"][0] for port in (ours, peer)]
            if answers[0]["data"] != answers[1]["data"]:  # type: ignore[index] # JSON
                raise SystemExit("the two services do not answer alike")
            told = f"linear, {'single rows' if count == 1 else f'batches of {count} rows'} by the protocol"
            yield from _timed(told, ours, peer, body, rounds, name="MLServer", path=INFER)


def memory(directory: Path, environ: Mapping[str, str], rounds: int) -> Iterator[Result]:  # noqa: ARG001 - one round
    """The service's memory after many requests against that after some."""
    place = directory / "serving-memory"
    rows = _lay_out(place, _models()["linear"])
    body = json.dumps({"rows": rows[:1]}).encode()
    with _ours(place, environ) as (port, process):
        _load(port, body, WARM)
        before = _resident(process)
        _load(port, body, MANY)
        after = _resident(process)
    told = f"memory after {WARM + MANY:,} requests"
    yield Result(told, f"after {WARM:,}", after, before, after / before, FLAT, 1, "MB")


def _resident(process: int) -> float:
    """The memory of a process in MB, as Linux counts it."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS:"))


def _timed(
    told: str,
    ours: int,
    peer: int,
    body: bytes,
    rounds: int,
    *,
    name: str = "bare FastAPI",
    path: str = "/predict",
) -> Iterator[Result]:
    """Both in turn; the first pair warms up."""
    pairs = [
        (_load(ours, body, REQUESTS, path=path), _load(peer, body, REQUESTS, path=path))
        for _ in range(rounds + 1)
    ][1:]
    wanted: dict[str, Callable[[Loaded], float]] = {
        f"{REQUESTS} requests on {CONNECTIONS} connections": lambda load: load[0],
        "latency, median": lambda load: median(load[1]),
        "latency, 99th percentile": lambda load: quantiles(load[1], n=100)[98],
    }
    for what, of in wanted.items():
        found = [(of(one), of(other)) for one, other in pairs]
        yield Result(
            f"{told}: {what}",
            name,
            median(one for one, _ in found),
            median(other for _, other in found),
            median(one / other for one, other in found),
            GOAL,
            rounds,
        )


def _load(
    port: int, body: bytes, count: int, failed: list[int] | None = None, path: str = "/predict"
) -> Loaded:
    """Seconds for all requests, and for each. Stops at an answer that is none, unless these are collected."""
    times: list[float] = []
    broken: list[int] = [] if failed is None else failed

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for _ in range(count // CONNECTIONS):
            begun = time.perf_counter()
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            times.append(time.perf_counter() - begun)
            if answer.status != http.client.OK:
                broken.append(answer.status)
        connection.close()

    clients = [threading.Thread(target=client) for _ in range(CONNECTIONS)]
    begun = time.perf_counter()
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    seconds = time.perf_counter() - begun
    if len(times) != count // CONNECTIONS * CONNECTIONS or (failed is None and broken):
        raise SystemExit(f"requests were lost: {broken[:5]}")
    return seconds, times


def _swaps(place: Path, port: int, body: bytes) -> None:
    """Swap between two versions while requests come; stop where one of them is lost."""
    failed: list[int] = []
    enough = threading.Event()
    total = 0

    def traffic() -> None:
        nonlocal total
        while not enough.is_set():
            total += len(_load(port, body, 40, failed)[1])

    client = threading.Thread(target=traffic)
    client.start()
    for serial in range(2, 2 + SWAPS):
        _plan(place / "models", "1.0.1" if serial % 2 == 0 else "1.0.0", serial)
        while _get(port, "/health/ready")["serial"] != serial:
            time.sleep(0.01)
    enough.set()
    client.join()
    if failed:
        raise SystemExit(f"{len(failed)} of {total} requests were lost in {SWAPS} swaps: {failed[:5]}")
    print(f"  {SWAPS} swaps under load: none of {total} requests lost")


def _require_alike(ours: int, peer: int, rows: Rows) -> None:
    body = json.dumps({"rows": rows}).encode()
    one, other = (_post(port, body) for port in (ours, peer))
    if one["predictions"] != other["predictions"]:
        raise SystemExit("the two services do not answer alike")


def _post(port: int, body: bytes, path: str = "/predict") -> dict[str, list[object]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    found: dict[str, list[object]] = json.loads(connection.getresponse().read())
    connection.close()
    return found


def _get(port: int, path: str) -> dict[str, object]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    found: dict[str, object] = json.loads(connection.getresponse().read())
    connection.close()
    return found


def _models() -> dict[str, object]:
    chance = np.random.default_rng(1)
    names = [f"x{number}" for number in range(COLUMNS)]
    table = pd.DataFrame(chance.normal(size=(2_000, COLUMNS)), columns=names)
    labels = np.where(table["x0"] + table["x1"] > 0, "yes", "no")
    linear = make_pipeline(StandardScaler(), LogisticRegression()).fit(table, labels)
    return {"linear": linear, "forest": RandomForestClassifier(50, random_state=1).fit(table, labels)}


def _lay_out(place: Path, model: object) -> Rows:
    """A models directory with the model twice, as two versions; rows to ask."""
    import hashlib  # noqa: PLC0415 - beside its only use

    content = skops.io.dumps(model)
    for version in ("1.0.0", "1.0.1"):
        folder = place / "models/versions/bench" / version
        folder.mkdir(parents=True)
        (folder / "model.skops").write_bytes(content)
        info = {
            "schema": 1,
            "model": "bench",
            "version": version,
            "file": "model.skops",
            "sha256": hashlib.sha256(content).hexdigest(),
            "types": skops.io.get_untrusted_types(data=content),
            "input": {
                f"x{number}": {"type": "number", "required": True, "minimum": -100, "maximum": 100}
                for number in range(COLUMNS)
            },
            "output": {},
        }
        (folder / "version.json").write_text(json.dumps(info))
    _plan(place / "models", "1.0.0", 1)
    chance = np.random.default_rng(2)
    return [{f"x{number}": float(chance.normal()) for number in range(COLUMNS)} for _ in range(BATCH)]


def _plan(models: Path, version: str, serial: int) -> None:
    tree = {"schema": 1, "model": "bench", "serve": {"stable": version}, "serial": serial}
    scratch = models / ".plan"
    scratch.write_text(json.dumps(tree))
    scratch.replace(models / "plan.json")


@contextmanager
def _ours(place: Path, environ: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    argv = (
        sys.executable,
        "-m",
        "mltools.server",
        "--models",
        str(place / "models"),
        "--log",
        str(place / "log"),
    )
    with _started((*argv, "--port", "0", "--poll-seconds", "0.05"), environ) as found:
        yield found


@contextmanager
def _started(argv: Sequence[str], environ: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """A service by its port and process; it says its port first: alone, or at the end of an address."""
    process = subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(environ), cwd=ROOT, text=True
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        address = json.loads(line)["address"] if line.startswith("{") else line
        yield int(address.rpartition(":")[2]), process.pid
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
