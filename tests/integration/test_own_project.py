"""This repository is a project of its own: its pipeline is the template's, its lock and metrics are current."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.datasets import load_wine

from mltools.core.config import parse_config
from mltools.core.contract import parse_contract
from mltools.core.gates import Facts, Regression, Threshold
from mltools.core.metrics import flatten
from mltools.core.pipeline import parse_lock
from mltools.core.verdict import Outcome
from mltools.edges import documents, files
from mltools.project import load_config, load_pipeline
from mltools.scaffold import template
from tests.support import git, make_repo, mltools

ROOT = Path(__file__).parents[2]
OWN = {"pipeline/data.py"}


def test_the_pipelines_code_is_what_the_template_renders() -> None:
    loaded = template.load("tabular-classification")
    rendered = template.files(loaded, name="mltools", ci=None, values={"model": "wine"})
    wanted = {file.path: file.content.decode() for file in rendered if file.path.startswith("pipeline/")}
    there = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "pipeline").glob("*.py")}
    assert {path: text for path, text in there.items() if path not in OWN} == wanted


@pytest.mark.parametrize("name", ["tabular-classification", "tabular-regression"])
def test_what_a_new_project_only_suggests_is_right_as_well(name: str) -> None:
    """Whoever takes the `#` away gets what stands there."""
    made = template.files(template.load(name), name="x", ci=None, values={"model": "wine"})
    (text,) = (file.content.decode() for file in made if file.path == "mltools.yaml")
    taken = re.sub(r"(?m)^( *)# (- \{|\w+: [\[{])", r"\1\2", text)
    config = parse_config(documents.read_yaml(taken.encode(), "mltools.yaml"))
    assert len(config.gates) > len(parse_config(documents.read_yaml(text.encode(), "x")).gates)
    assert config.release is not None
    assert [str(stage) for stage in config.release.stages] == ["staging", "prod"]
    assert (config.monitor.log, config.retrain is not None) == ("s3://bucket/wine/log", True)


def test_the_stages_are_the_templates_behind_one_that_writes_the_data() -> None:
    loaded = template.load("tabular-classification")
    files_ = template.files(loaded, name="mltools", ci=None, values={"model": "wine"})
    (text,) = (file.content for file in files_ if file.path == "dvc.yaml")
    theirs = documents.read_yaml(text, "dvc.yaml")
    ours = documents.read_yaml((ROOT / "dvc.yaml").read_bytes(), "dvc.yaml")
    assert ours["stages"].pop("data")["outs"] == ["data/raw.csv"]
    assert ours["stages"] == theirs["stages"]
    assert ours["plots"] == theirs["plots"]


def test_the_policy_releases_the_model_that_the_pipeline_declares() -> None:
    config = load_config(ROOT)
    assert config.release is not None
    assert load_pipeline(ROOT).artifacts[config.release.model].type == "model"


def test_the_lock_names_the_code_and_the_metrics_that_are_here() -> None:
    lock = parse_lock(documents.read_yaml((ROOT / "dvc.lock").read_bytes(), "dvc.lock"))
    assert set(lock.stages) == {stage.name for stage in load_pipeline(ROOT).stages}
    tracked = set(git(ROOT, "ls-files").split("\n"))
    named = [file for stage in lock.stages.values() for file in (*stage.deps, *stage.outs)]
    kept = [file for file in named if file.path in tracked]
    assert len(kept) >= 10
    assert {file.path: file.md5 for file in kept} == {file.path: files.md5(ROOT / file.path) for file in kept}
    params = flatten(documents.read_yaml((ROOT / "params.yaml").read_bytes(), "params.yaml"))
    for stage in lock.stages.values():
        for key, value in flatten(stage.params.get("params.yaml", {})).items():
            assert params[key] == value, f"{stage.name}: {key}"


def test_the_committed_metrics_pass_the_gates() -> None:
    found = [json.loads(path.read_text()) for path in (ROOT / "metrics").glob("*.json")]
    metrics = {key: value for tree in found for key, value in flatten(tree).items()}
    # The gates over predictions and data are judged where the pipeline has run.
    plain = [gate for gate in load_config(ROOT).gates if isinstance(gate, Threshold | Regression)]
    verdicts = [gate.evaluate(Facts(metrics, metrics)) for gate in plain]
    assert {verdict.outcome for verdict in verdicts} == {Outcome.PASSED}


@pytest.mark.full
@pytest.mark.slow
def test_a_clone_trains_from_nothing_and_comes_to_the_committed_metrics(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo")
    kept = ("pipeline", "schemas", "metrics", ".dvc/config", ".dvc/.gitignore")
    for name in git(ROOT, "ls-files", "--", *kept, "*.yaml", ".gitignore", "dvc.lock").split("\n"):
        if "/" in name and not name.startswith(kept):
            continue
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, repo / name)
    committed = {path.name: path.read_text() for path in (repo / "metrics").iterdir()}
    subprocess.run([sys.executable, "-m", "dvc", "repro", "-q"], cwd=repo, check=True, env=os.environ)
    for name, text in committed.items():
        again = flatten(json.loads((repo / "metrics" / name).read_text()))
        assert again == pytest.approx(flatten(json.loads(text)), abs=0.01), name
    with (repo / "data/raw.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    wine = load_wine()
    assert [list(map(float, list(row.values())[1:-1])) for row in rows] == wine.data.tolist()
    contract = parse_contract(documents.read_yaml((repo / "schemas/raw.yaml").read_bytes(), ""), "raw.yaml")
    assert list(contract.columns) == list(rows[0])
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "Copy")
    validated = mltools(repo, "data", "validate")
    assert validated.code == 0, validated.out + validated.err
