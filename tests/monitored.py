"""A released model with what its run left, and request logs of it as a server writes them."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import skops.io

from mltools import journal, profiles
from mltools.core.contract import parse_contract
from mltools.core.profile import profile_id
from mltools.core.records import Record
from mltools.core.release_record import ModelFile, ReleaseRecord, release_record, tag_message
from mltools.edges import documents
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from mltools.edges.tables import profiling
from mltools.project import load_config
from tests import releases
from tests.support import Result, commit, git

START = datetime(2026, 2, 1, tzinfo=UTC)
DAY = timedelta(days=1)
END_OF_DAY = (START + DAY).isoformat()
ROWS = 569
NUMBERS = ("size", "weight", "age")

SCHEMA = """\
schema: 1
primary_key: [id]
extra_columns: forbid
columns:
  id: {type: integer, required: true, role: id}
  size: {type: number, required: true, minimum: -20, maximum: 20, role: feature}
  weight: {type: number, role: feature}
  age: {type: integer, required: true, minimum: 0, role: feature}
  site: {type: category, required: true, enum: [north, south, east], role: feature}
  secret: {type: string, role: sensitive}
  label: {type: category, required: true, enum: [benign, malignant], role: target}
"""
POLICY = """\
schema: 1
data:
  - {path: data/raw.csv, schema: schemas/raw.yaml}
compare:
  predictions: {path: reports/predictions.csv, id: id, target: y, prediction: predicted, score: p}
release: {model: toy}
monitor:
  persistence: {windows: 1, of: 1}
  latency: {milliseconds: 50, share: 0.95}
"""
IMPORTANCE = [
    {"feature": "size", "importance": 0.6, "sd": 0.1},
    {"feature": "weight", "importance": 0.3, "sd": 0.1},
    {"feature": "age", "importance": 0.1, "sd": 0.1},
    {"feature": "site", "importance": 0.0, "sd": 0.0},
]

Row = dict[str, Any]
Chance = np.random.Generator


def row(chance: Chance) -> Row:
    """A row of the population that the model was made for."""
    return {
        "size": round(float(chance.normal(0, 1)), 4),
        "weight": round(float(chance.lognormal(1, 0.5)), 4),
        "age": int(chance.integers(18, 80)),
        "site": str(chance.choice(["north", "south", "east"], p=[0.5, 0.3, 0.2])),
    }


def says(features: Mapping[str, Any]) -> float:
    """The model: how probable it finds that the row is malignant."""
    return round(float(1 / (1 + np.exp(-2 * features.get("size", 0)))), 6)


def truth(features: Mapping[str, Any], chance: Chance) -> str:
    return "malignant" if chance.random() < says(features) else "benign"


def released(path: Path, *, policy: str = POLICY, importance: Any = IMPORTANCE, **files: str) -> Path:
    """A project with the release toy@v0.1.0, whose run left a profile of its data, predictions and importance."""
    chance = np.random.default_rng(1)
    rows = [row(chance) for _ in range(ROWS)]
    data = ["id,size,weight,age,site,secret,label"]
    said = ["id,y,predicted,p"]
    for number, one in enumerate(rows):
        label, p = truth(one, chance), says(one)
        data.append(f"{number},{one['size']},{one['weight']},{one['age']},{one['site']},s{number},{label}")
        said.append(f"{number},{int(label == 'malignant')},{int(p > 0.5)},{p}")
    contents = {
        "data/raw.csv": "\n".join(data) + "\n",
        "schemas/raw.yaml": SCHEMA,
        "mltools.yaml": policy,
        "reports/predictions.csv": "\n".join(said) + "\n",
        "reports/importance.json": json.dumps(importance),
        **files,
    }
    project = releases.make_project(path, **contents)
    config = load_config(project)
    contract = documents.read_yaml((project / "schemas/raw.yaml").read_bytes(), "raw.yaml")
    profile = profiling.profile(project / "data/raw.csv", parse_contract(contract, "raw.yaml"), name="raw")
    name = profile_id(profile)
    record = releases.run(
        project,
        recorded=False,
        params={"data.positive": "malignant", "data.id": "id"},
        data=[
            {
                "path": "data/raw.csv",
                "contract": "schemas/raw.yaml",
                "md5": releases.md5((project / "data/raw.csv").read_bytes()),
                "contract_md5": releases.md5((project / "schemas/raw.yaml").read_bytes()),
                "outcome": "passed",
                "profile": name,
            }
        ],
    )
    told = config.compare.predictions
    kept = {
        f"profiles/{name}.json": profiles.text(profile),
        **{
            f"files/{place}": (project / place).read_bytes()
            for place in ("reports/importance.json", *((told.path,) if told else ()))
        },
    }
    keep(project, record, kept)
    done = releases.command(project, "release")
    assert done.code == 0, done.err
    return project


def keep(project: Path, record: Record, attachments: Mapping[str, bytes]) -> None:
    lock = (project / "dvc.lock").read_bytes()
    writer = Writer(Repository.find(project), os.environ)
    journal.append(
        writer, record, {"dvc.lock": lock, "report.md": b"# report\n", **attachments}, when=releases.WHEN
    )


def requests(
    count: int,
    *,
    seed: int = 2,
    day: int = 0,
    change: Callable[[Row, Chance], Row] = lambda features, _: features,
    **fields: Any,
) -> list[Row]:
    """Lines of a request log, spread over a day; `change` shifts the features, `fields` replaces the rest."""
    chance = np.random.default_rng(seed)
    lines = []
    for number in range(count):
        features = change(row(chance), chance)
        p = says(features)
        time = START + day * DAY + number * DAY / (count + 1)
        lines.append(
            {
                "id": f"{seed}-{day}-{number}",
                "time": f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z",
                "model": "toy",
                "version": "0.1.0",
                "arm": "stable",
                "features": {**features, "secret": "sha256:0123"},
                "prediction": "malignant" if p > 0.5 else "benign",
                "score": {"benign": round(1 - p, 6), "malignant": p},
                "milliseconds": round(float(chance.gamma(4, 2)), 3),
                "status": 200,
                "error": None,
                **fields,
            }
        )
    return lines


def write_log(
    directory: Path, lines: Iterable[Any], *, name: str = "20260201T000000Z-7-0", tail: str = ""
) -> Path:
    """A file of the request log; what is text is written as it is. `tail` is a line that a kill cut off."""
    directory.mkdir(parents=True, exist_ok=True)
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path = directory / f"requests-{name}.jsonl"
    path.write_text("".join(f"{text}\n" for text in texts) + tail)
    return path


def write_labels(directory: Path, lines: Iterable[Row], *, name: str = "20260202T000000Z-0") -> Path:
    path = directory / f"labels-{name}.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def labels(lines: Iterable[Row], *, seed: int = 9) -> list[Row]:
    """The truth of requests, as the population has it."""
    chance = np.random.default_rng(seed)
    return [
        {"id": line["id"], "label": truth(line["features"], chance), "time": "2026-02-02T00:00:00.000Z"}
        for line in lines
    ]


def check(project: Path, log: Path, *args: str, day: int = 0, name: str = "toy@v0.1.0") -> Result:
    """`mltools monitor check` of one day."""
    end = START + (day + 1) * DAY
    return releases.command(
        project, "monitor", "check", name, "--log", str(log), "--until", end.isoformat(), *args
    )


def tip(project: Path) -> str:
    return git(project, "rev-parse", journal.REF)


def released_model(project: Path, model: Any, version: str = "v0.2.0") -> None:
    """A further version of the release whose model is a real one, kept in Git; all else is as it was."""
    content = skops.io.dumps(model)
    name = "models/toy.skops"
    place = project / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    known = release_record(git(project, "tag", "-l", "--format=%(contents)", "toy@v0.1.0") + "\n")
    assert isinstance(known, ReleaseRecord)
    file = ModelFile(name, releases.md5(content), hashlib.sha256(content).hexdigest(), len(content))
    commit(project, {}, "A model")
    made = replace(known, version=version, previous="v0.1.0", file=file)
    git(project, "tag", "-a", f"toy@{version}", "-m", tag_message(made))
