"""The same model behind MLServer, by the Open Inference Protocol, in one process as ours. `MODEL` is a joblib file.

Prints its port once it is ready. Runs in an environment of its own: `MLSERVER_PYTHON` names its interpreter.
"""

import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

PATIENCE = 120.0


def main(model: str) -> None:
    ports = [_free() for _ in range(3)]
    settings = {
        "host": "127.0.0.1",
        "http_port": ports[0],
        "grpc_port": ports[1],
        "metrics_port": ports[2],
        "parallel_workers": 0,
        "debug": False,
    }
    described = {
        "name": "bench",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": model},
    }
    with tempfile.TemporaryDirectory() as place:
        Path(place, "settings.json").write_text(json.dumps(settings))
        Path(place, "model-settings.json").write_text(json.dumps(described))
        program = str(Path(sys.executable).parent / "mlserver")
        service = subprocess.Popen([program, "start", place], stdout=subprocess.DEVNULL)
        signal.signal(signal.SIGTERM, lambda *_: service.terminate())
        _wait(ports[0])
        print(ports[0], flush=True)
        service.wait()


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _wait(port: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/models/bench/ready", timeout=5):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.2)
    raise SystemExit("MLServer is not ready")


if __name__ == "__main__":
    main(sys.argv[1])
