"""The same model behind bare FastAPI: no contract, no log, no counters, no swap. `MODEL` is its file; prints its port."""

import socket
import sys
from typing import Any

import pandas as pd
import skops.io
import uvicorn
from fastapi import FastAPI

model = skops.io.load(sys.argv[1], trusted=sys.argv[2:])
app = FastAPI()


@app.post("/predict")
def predict(body: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """Class and probabilities of each row."""
    frame = pd.DataFrame(body["rows"])
    return {
        "predictions": model.predict(frame).tolist(),
        "scores": model.predict_proba(frame).tolist(),
    }


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])
