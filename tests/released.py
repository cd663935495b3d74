"""A project whose released models are real ones, in a clone with a bare remote: what a service follows."""

import json
from pathlib import Path
from typing import Any

import skops.io

from mltools.edges import documents
from tests import releases
from tests.projects import FILES
from tests.stored import make_record
from tests.support import commit, git, make_repo

SCHEMA = """\
schema: 1
columns:
  id: {type: integer, required: true, role: id}
  size: {type: number, required: true, minimum: -10, maximum: 10}
  age: {type: integer, required: true, minimum: 0}
  label: {type: category, enum: ["yes", "no"], role: target}
checks:
  - {name: old enough, expression: size <= age}
  - {name: as told, expression: "label = 'yes' OR size < 100"}
"""
POLICY = """\
schema: 1
data:
  - {path: data/raw.csv, schema: schemas/raw.yaml}
release: {model: toy}
"""


def make_served(path: Path, **files: str) -> Path:
    """A project with nothing released yet; its origin is a bare repository beside it."""
    contents = {
        "data/raw.csv": "id,size,age,label\n1,1.5,40,yes\n2,-2,30,no\n",
        "schemas/raw.yaml": SCHEMA,
        "mltools.yaml": POLICY,
        "dvc.yaml": FILES["dvc.yaml"].replace("model.bin", "model.skops"),
        ".gitignore": "/model.skops\n",
        **files,
    }
    project = releases.make_project(path / "project", **contents)
    make_repo(path / "remote.git", bare=True)
    git(project, "remote", "add", "origin", str(path / "remote.git"))
    git(project, "push", "-q", "-u", "origin", "main")
    return project


def release(project: Path, model: Any, quality: float, second: int = 5) -> str:
    """Release a model as a run of the pipeline would have left it; the version."""
    content = model if isinstance(model, bytes) else skops.io.dumps(model)
    metrics = json.dumps({"test": {"auc": quality}})
    name = releases.md5(content)
    files = {
        "model.skops": {"hash": "md5", "md5": name, "size": len(content)},
        "metrics/test.json": {"hash": "md5", "md5": releases.md5(metrics), "size": len(metrics)},
    }
    stages = {
        "train": {"cmd": "python train.py", "outs": [{"path": "model.skops", **files["model.skops"]}]},
        "evaluate": {
            "cmd": "python evaluate.py",
            "outs": [{"path": "metrics/test.json", **files["metrics/test.json"]}],
        },
    }
    lock = documents.write_yaml({"schema": "2.0", "stages": stages})
    texts = {
        "params.yaml": f"train:\n  quality: {quality}\n  seed: 1\n",
        "dvc.lock": lock,
        "metrics/test.json": metrics,
    }
    head = commit(project, texts, f"Quality {quality}")
    (project / "model.skops").write_bytes(content)
    place = project / ".dvc/cache/files/md5" / name[:2] / name[2:]
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists():
        place.write_bytes(content)
    record = make_record(
        head,
        second=second,
        project=".",
        metrics={"test.auc": quality},
        params={"train.quality": quality},
        data=[
            {
                "path": "data/raw.csv",
                "contract": "schemas/raw.yaml",
                "md5": releases.md5((project / "data/raw.csv").read_bytes()),
                "contract_md5": releases.md5((project / "schemas/raw.yaml").read_bytes()),
                "outcome": "passed",
            }
        ],
        outputs=[
            {"path": "model.skops", "md5": name, "size": len(content)},
            {"path": "metrics/test.json", "md5": releases.md5(metrics)},
        ],
    )
    releases.keep(project, record, lock)
    git(project, "push", "-q", "origin", "main")
    done = releases.command(project, "release")
    assert done.code == 0, done.err
    tags = git(project, "tag", "--list", "toy@v*", "--sort=-version:refname").splitlines()
    return tags[0].removeprefix("toy@")


def promote(project: Path, version: str, stage: str = "prod") -> None:
    done = releases.command(project, "model", "promote", f"toy@{version}", "--stage", stage)
    assert done.code == 0, done.err


def clone(path: Path) -> Path:
    """Where an agent looks at the registry: a clone of the remote."""
    git(path, "clone", "-q", str(path / "remote.git"), str(path / "agent"))
    return path / "agent"
