"""Projects to measure on: pipelines of copies, locked and cached as DVC would leave them."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.measure import run
from benchmarks.programs import DVC
from mltools.edges import documents

ROWS = 2_000
SECTIONS = 10
METRICS_EVERY = 10

POLICY = """\
schema: 1
data:
  - {path: data/raw.csv, schema: schemas/raw.yaml}
gates:
  - {name: floor, kind: threshold, metric: "metrics-0.json:score.m0", min: 0.1}
compare: {base: main}
"""
CONTRACT = """\
schema: 1
columns:
  id: {type: integer, unique: true}
  a: {type: number, minimum: 0, maximum: 1}
  b: {type: number}
  kind: {type: string, enum: [x, y]}
"""


def tree(root: Path, stages: int, environ: Mapping[str, str]) -> Path:
    """A project of `stages` stages: each copies its parent's output by a script, every tenth writes metrics.

    dvc.lock and the cache are written here, because DVC takes minutes for 200 trivial stages; `dvc status` must then
    find nothing to do. Branch `change` differs from `main` in two params and their stages' metrics.
    """
    root.mkdir(parents=True)
    run(("git", "init", "-q", "-b", "main"), root, environ)
    run((*DVC, "init", "-q"), root, environ)
    _write(root, {"mltools.yaml": POLICY, "schemas/raw.yaml": CONTRACT, "data/raw.csv": _rows()})
    _write(root, {".gitignore": "/out-*.txt\n/.mltools/\n"})
    run((*DVC, "add", "-q", "data/raw.csv"), root, environ)
    _pipeline(root, stages, score=0.5)
    _committed(root, "Start", environ)
    run(("git", "checkout", "-q", "-b", "change"), root, environ)
    _pipeline(root, stages, score=0.6)
    _committed(root, "Change", environ)
    run((*DVC, "status", "-q"), root, environ)
    return root


def _pipeline(root: Path, stages: int, *, score: float) -> None:
    """dvc.yaml, params, scripts, outputs, metrics, dvc.lock and the objects in the cache."""
    params = {f"section{number}": {"rate": score, "depth": number} for number in range(SECTIONS)}
    declared: dict[str, Any] = {}
    locked: dict[str, Any] = {}
    (root / "params.yaml").write_text(documents.write_yaml(params))
    for number in range(stages):
        source = "data/raw.csv" if number == 0 else f"out-{(number - 1) // 2}.txt"
        script, out, key = f"src/step{number}.sh", f"out-{number}.txt", f"section{number % SECTIONS}.depth"
        _write(root, {script: f"cp {source} {out} # step {number}\n"})
        (root / out).write_bytes(
            (root / source).read_bytes() if number == 0 else f"result {number}\n".encode()
        )
        outs, metrics = [_entry(root, out)], f"metrics-{number}.json"
        _cache(root, out)
        cmd = f"sh {script}"
        declared[f"step{number}"] = {"cmd": cmd, "deps": [script, source], "params": [key], "outs": [out]}
        if number % METRICS_EVERY == 0:
            values = {"score": {f"m{index}": round(score + index / 100, 4) for index in range(10)}}
            _write(root, {metrics: json.dumps(values)})
            declared[f"step{number}"]["metrics"] = [{metrics: {"cache": False}}]
            outs.append(_entry(root, metrics))
        locked[f"step{number}"] = {
            "cmd": cmd,
            "deps": [_entry(root, source), _entry(root, script)],
            "params": {"params.yaml": {key: number % SECTIONS}},
            "outs": outs,
        }
    (root / "dvc.yaml").write_text(documents.write_yaml({"stages": declared}))
    (root / "dvc.lock").write_text(documents.write_yaml({"schema": "2.0", "stages": locked}))


def _entry(root: Path, path: str) -> dict[str, Any]:
    content = (root / path).read_bytes()
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return {"path": path, "hash": "md5", "md5": md5, "size": len(content)}


def _cache(root: Path, path: str) -> None:
    md5 = _entry(root, path)["md5"]
    place = root / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists():
        place.write_bytes((root / path).read_bytes())
        place.chmod(0o444)


def _rows() -> str:
    lines = (f"{number},{number % 100 / 100},{number * 1.5},{'xy'[number % 2]}" for number in range(ROWS))
    return "\n".join(["id,a,b,kind", *lines, ""])


def _write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def _committed(root: Path, message: str, environ: Mapping[str, str]) -> None:
    run(("git", "add", "-A"), root, environ)
    run(("git", "commit", "-q", "-m", message), root, environ)
