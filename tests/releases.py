"""A project with runs in its journal, made without running anything: what `mltools run` would have left."""

import hashlib
import io
import json
import os
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mltools import journal
from mltools.cli.app import invoke
from mltools.core.records import Record
from mltools.edges import documents
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from tests.projects import FILES
from tests.stored import make_record
from tests.support import Result, commit, git, make_repo

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CHANGED = "params.yaml"


def command(cwd: Path, *args: str, env: Mapping[str, str] | None = None) -> Result:
    """`mltools ARGS` in this process: what it loads is loaded once for all tests."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name, value in (env or {}).items():
            patch.setenv(name, value)
        code = invoke(["-C", str(cwd), *args])
    return Result(code, out.getvalue(), err.getvalue())


def md5(content: str | bytes) -> str:
    data = content.encode() if isinstance(content, str) else content
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def model_text(quality: float) -> str:
    return f"model of quality {quality}\n" * 20


def make_project(path: Path, *, inside: str = "", **changes: str | None) -> Path:
    """A project in a new repository, in the directory `inside` of it; nothing run yet."""
    make_repo(path)
    files = {**FILES, ".dvc/config": "", ".dvc/.gitignore": "/cache\n/tmp\n", **changes}
    prefix = f"{inside}/" if inside else ""
    commit(path, {f"{prefix}{name}": text for name, text in files.items() if text is not None}, "Start")
    return path / inside


def run(
    project: Path,
    quality: float = 0.9,
    *,
    commit_results: bool = True,
    recorded: bool = True,
    second: int = 5,
    **changes: Any,
) -> Record:
    """Change the params, and leave what a run of that commit would: model, dvc.lock, metrics, the record.

    With `commit_results` they are in the commit that the record speaks of; else that commit's dvc.lock is stale.
    """
    model, metrics = (
        model_text(quality),
        json.dumps({"test": {"auc": quality, "loss": round(1 - quality, 6)}}),
    )
    params = {CHANGED: f"train:\n  quality: {quality}\n  seed: 1\n"}
    results = {"dvc.lock": lock_text(model, metrics), "metrics/test.json": metrics}
    head = commit(project, {**params, **(results if commit_results else {})}, f"Quality {quality}")
    for name, text in {**results, "model.bin": model}.items():
        place = project / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(text)
    put_in_cache(project, model)
    record = make_record(
        head,
        second=second,
        **{
            "project": Path(git(project, "rev-parse", "--show-prefix") or ".").as_posix(),
            "metrics": {"test.auc": quality, "test.loss": round(1 - quality, 6)},
            "params": {"train.quality": quality, "train.seed": 1},
            "data": [
                {
                    "path": "data/raw.csv",
                    "contract": "schemas/raw.yaml",
                    "md5": md5((project / "data/raw.csv").read_bytes()),
                    "contract_md5": md5((project / "schemas/raw.yaml").read_bytes()),
                    "outcome": "passed",
                }
            ],
            "outputs": [
                {"path": "model.bin", "md5": md5(model), "size": len(model)},
                {"path": "metrics/test.json", "md5": md5(metrics)},
            ],
            **changes,
        },
    )
    if recorded:
        keep(project, record, lock_text(model, metrics))
    return record


def keep(project: Path, record: Record, lock: str) -> None:
    """Put a record into the journal of this clone."""
    writer = Writer(Repository.find(project), os.environ)
    journal.append(writer, record, {"dvc.lock": lock.encode(), "report.md": b"# report\n"}, when=WHEN)


def lock_text(model: str, metrics: str) -> str:
    files = {
        "model.bin": {"hash": "md5", "md5": md5(model), "size": len(model)},
        "metrics/test.json": {"hash": "md5", "md5": md5(metrics), "size": len(metrics)},
    }
    stages = {
        "train": {"cmd": "python train.py", "outs": [{"path": "model.bin", **files["model.bin"]}]},
        "evaluate": {
            "cmd": "python evaluate.py",
            "outs": [{"path": "metrics/test.json", **files["metrics/test.json"]}],
        },
    }
    return documents.write_yaml({"schema": "2.0", "stages": stages})


def put_in_cache(project: Path, content: str) -> Path:
    name = md5(content)
    place = project / ".dvc/cache/files/md5" / name[:2] / name[2:]
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists():
        place.write_text(content)
        place.chmod(0o444)
    return place


def write_bundle(project: Path, record: Record, directory: Path) -> Path:
    """What a training job hands over, out of what `run` left."""
    model, metrics = (project / "model.bin").read_text(), (project / "metrics/test.json").read_text()
    name = md5(model)
    contents: Mapping[str, str] = {
        "run.json": documents.write_json(record.as_json()),
        "report.md": "# report\n",
        "dvc.lock": lock_text(model, metrics),
        "files/metrics/test.json": metrics,
        f"objects/{name[:2]}/{name[2:]}": model,
    }
    for path, text in contents.items():
        place = directory / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return directory
