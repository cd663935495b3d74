"""A small real project: data under a contract, a DVC pipeline of two stages in plain Python, metrics, gates, a model."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support import commit, git, make_repo

ROWS = [f"{number},{number % 7 + 0.5},{'yes' if number % 3 else 'no'}" for number in range(1, 41)]

FILES: Mapping[str, str] = {
    "data/raw.csv": "id,size,label\n" + "\n".join(ROWS) + "\n",
    "schemas/raw.yaml": """\
schema: 1
columns:
  id: {type: integer, required: true, unique: true, role: id}
  size: {type: number, required: true, minimum: 0, maximum: 10}
  label: {type: string, enum: ["yes", "no"], role: target}
rows: {min: 10}
""",
    "params.yaml": "train:\n  quality: 0.9\n  seed: 1\n",
    "train.py": """\
import json, pathlib, re
quality = float(re.search(r"quality: (\\S+)", pathlib.Path("params.yaml").read_text())[1])
rows = pathlib.Path("data/raw.csv").read_text().count("\\n") - 1
pathlib.Path("model.bin").write_text(f"model of {rows} rows, quality {quality}\\n" * 10)
pathlib.Path("metrics").mkdir(exist_ok=True)
""",
    "evaluate.py": """\
import json, pathlib
quality = float(pathlib.Path("model.bin").read_text().split()[5])
text = json.dumps({"test": {"auc": quality, "loss": round(1 - quality, 6)}})
pathlib.Path("metrics/test.json").write_text(text.replace('"nan"', "NaN"))
""",
    "dvc.yaml": f"""\
stages:
  train:
    cmd: {sys.executable} train.py
    deps: [data/raw.csv, train.py]
    params: [train]
    outs: [model.bin]
  evaluate:
    cmd: {sys.executable} evaluate.py
    deps: [model.bin, evaluate.py]
    metrics:
      - metrics/test.json: {{cache: false}}
artifacts:
  toy:
    path: model.bin
    type: model
""",
    "mltools.yaml": """\
schema: 1
data:
  - {path: data/raw.csv, schema: schemas/raw.yaml}
gates:
  - {name: auc-floor, kind: threshold, metric: test.auc, min: 0.5}
  - {name: auc-kept, kind: regression, metric: test.auc, better: higher, margin: 0.01}
release: {model: toy}
ci: {install: "mltools-gitops==0.1.0"}
""",
    ".gitignore": "/model.bin\n",
}


def make_project(path: Path, **changes: str | None) -> Path:
    """The project in a repository of its own, first commit made, nothing run yet.

    `changes` replaces files by name (None leaves one out); the data lies in Git itself.
    """
    make_repo(path)
    dvc(path, "init", "-q")
    dvc(path, "config", "core.analytics", "false")
    files = {name: text for name, text in {**FILES, **changes}.items() if text is not None}
    commit(path, files, "Start")
    return path


def dvc(path: Path, *args: str) -> str:
    """What `dvc ARGS` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *args],
        cwd=path,
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    if done.returncode:
        raise AssertionError(f"dvc {' '.join(args)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def set_quality(path: Path, quality: float | str, *, message: str | None = None) -> str:
    """Change the one param that decides how good the model is; commit it."""
    return commit(
        path, {"params.yaml": f"train:\n  quality: {quality}\n  seed: 1\n"}, message or f"Quality {quality}"
    )


def branch(path: Path, name: str, start: str = "main") -> None:
    git(path, "checkout", "-q", "-b", name, start)
