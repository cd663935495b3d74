"""What the service makes of models that answer otherwise than most: in one process, on what a process would be asked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from mltools.server.answering import Answering, Reply
from mltools.server.holder import Holder
from mltools.server.metrics import Metrics
from mltools.server.requestlog import RequestLog
from mltools.server.settings import Settings
from tests.serving import ROW, classifier, put_plan, put_version

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
