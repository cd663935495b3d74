"""Every project template, made and run for real: its pipeline, its own tests and lint, `mltools run`, its variants."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mltools.core.gates import Facts
from mltools.core.metrics import flatten
from mltools.core.verdict import Outcome
from mltools.edges import templates
from mltools.project import load_config
from mltools.scaffold import template
from tests.support import DATE, git, mltools

pytestmark = pytest.mark.slow

ALL = templates.projects()
DVC = (sys.executable, "-m", "dvc")


def program(cwd: Path, *args: str, code: int = 0, **env: str) -> str:
    done = subprocess.run(
        args, cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, **env}
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The module's fixtures run before the isolation of each test: they get a home of the same kind."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "HOME": str(home),
            "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_COMMITTER_DATE": DATE,
            "GIT_AUTHOR_DATE": DATE,
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(home / "site"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }.items():
            patch.setenv(name, value)
        (home / ".gitconfig").write_text("[user]\n\tname = A Tester\n\temail = tester@example.com\n")
        yield


@pytest.fixture(scope="module", params=ALL)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A template's name, and the project that `mltools init` made from it and `mltools run` ran once."""
    place = tmp_path_factory.mktemp(request.param)
    answer = mltools(place, "init", "demo", "--template", request.param, "--no-input")
    assert answer.code == 0, answer.err
    ran = mltools(place / "demo", "run")
    assert ran.code == 0, ran.out + ran.err
    git(place / "demo", "add", "-A")
    git(place / "demo", "commit", "-q", "-m", "First run")
    return request.param, place / "demo"


@pytest.fixture
def copy(made: tuple[str, Path], tmp_path: Path) -> tuple[str, Path]:
    """A clone's worth of the project, to be changed."""
    name, project = made
    shutil.copytree(project, tmp_path / "demo", symlinks=True)
    return name, tmp_path / "demo"


def metrics(project: Path) -> dict[str, Any]:
    return {
        key: value
        for path in sorted((project / "metrics").glob("*.json"))
        for key, value in flatten(json.loads(path.read_text())).items()
    }


def judged(project: Path, base: dict[str, Any]) -> dict[str, Outcome]:
    facts = Facts(metrics=metrics(project), base=base)
    return {gate.name: gate.evaluate(facts).outcome for gate in load_config(project).gates}


def test_the_first_run_passes_and_leaves_what_dvc_yaml_declares(made: tuple[str, Path]) -> None:
    name, project = made
    tracked = set(git(project, "ls-files").split("\n"))
    assert {"dvc.lock", "metrics/test.json", "metrics/train.json", "reports/predictions.csv"} <= tracked
    assert not {path for path in tracked if path.endswith((".skops", "raw.csv", "train.csv", "test.csv"))}
    model = template.load(name).manifest.values["model"]
    assert (project / f"models/{model}.skops").is_file()
    assert "up to date" in program(project, *DVC, "status")


def test_every_gate_reads_a_metric_that_the_pipeline_writes(made: tuple[str, Path]) -> None:
    _, project = made
    outcomes = judged(project, metrics(project))
    assert outcomes
    assert set(outcomes.values()) == {Outcome.PASSED}


def test_cross_validation_has_mean_and_spread(made: tuple[str, Path]) -> None:
    _, project = made
    scores = json.loads((project / "metrics/train.json").read_text())["cv"]
    assert all(set(score) == {"mean", "sd"} for score in scores.values())


def test_a_second_run_does_nothing(made: tuple[str, Path]) -> None:
    _, project = made
    before = (project / "dvc.lock").read_bytes()
    assert "Running stage" not in program(project, *DVC, "repro")
    assert (project / "dvc.lock").read_bytes() == before
    assert git(project, "status", "--porcelain") == ""


@pytest.mark.full
def test_training_anew_gives_the_same_bytes(copy: tuple[str, Path]) -> None:
    _, project = copy
    shutil.rmtree(project / ".dvc" / "cache" / "runs", ignore_errors=True)
    said = program(project, *DVC, "repro", "--force", PYTHONHASHSEED="7", TZ="Pacific/Auckland", LC_ALL="C")
    assert said.count("Running stage") == 3
    assert git(project, "status", "--porcelain") == ""


@pytest.mark.full
def test_the_projects_own_tests_and_lint_pass(copy: tuple[str, Path]) -> None:
    _, project = copy
    assert " passed" in program(project, sys.executable, "-m", "pytest", "-q", "-W", "error")
    program(project, "ruff", "check", ".")
    program(project, "ruff", "format", "--check", ".")


def test_the_plots_can_be_drawn(copy: tuple[str, Path]) -> None:
    _, project = copy
    shown = json.loads(program(project, *DVC, "plots", "show", "--json").partition("\n{")[0] or "{}")
    assert not shown.get("errors")
    program(project, *DVC, "plots", "show", "-o", "plots")
    page = (project / "plots/index.html").read_text()
    for title in re.findall(r"title: (.*)", (project / "dvc.yaml").read_text()):
        assert title in page


def test_the_better_variant_is_better_and_passes(copy: tuple[str, Path]) -> None:
    name, project = copy
    base = metrics(project)
    git(project, "switch", "-q", "-c", "better")
    change(project, name, "better")
    answer = mltools(project, "run", "--no-record")
    assert answer.code == 0, answer.out + answer.err
    assert set(judged(project, base).values()) == {Outcome.PASSED}
    for gate in load_config(project).gates:
        if gate.kind == "regression":
            gained = metrics(project)[gate.metric] - base[gate.metric]
            assert (gained > 0) is (gate.better == "higher"), gate.name


def test_the_worse_variant_fails_a_floor_and_a_comparison(copy: tuple[str, Path]) -> None:
    name, project = copy
    base = metrics(project)
    git(project, "switch", "-q", "-c", "worse")
    change(project, name, "worse")
    answer = mltools(project, "run", "--no-record")
    assert answer.code == 1, answer.out + answer.err
    failed = {gate for gate, outcome in judged(project, base).items() if outcome is Outcome.FAILED}
    kinds = {gate.kind for gate in load_config(project).gates if gate.name in failed}
    assert kinds == {"threshold", "regression"}


def change(project: Path, name: str, variant: str) -> None:
    """Edit params.yaml as the README says."""
    values = template.load(name).manifest.values["readme"][variant]
    params = project / "params.yaml"
    text = params.read_text()
    assert text.count(values["old"]) == 1
    assert f"{values['old']} becomes {values['new']}" in (project / "README.md").read_text()
    params.write_text(text.replace(values["old"], values["new"]))
