"""Gates judged by the predictions of base and change, through the loop of a real project."""

from pathlib import Path

import pytest

from tests.projects import FILES, make_project, set_quality
from tests.support import commit, git, mltools

pytestmark = pytest.mark.slow

# Scores that follow the truth the better, the higher the quality; the second site is always judged badly.
PREDICT = """
import random
chance = random.Random(7)
lines = ["id,site,y,predicted,p"]
for row in range(600):
    y, luck = row % 2, chance.random()
    p = luck * (1 - quality) + (y if quality > 0.2 else 1 - y) * quality
    site = "north" if row % 3 else "south"
    if site == "south" and row % 4 == 0:
        p = 1 - p
    lines.append(f"{row},{site},{y},{int(p > 0.5)},{p:.6f}")
pathlib.Path("predictions.csv").write_text("\\n".join(lines) + "\\n")
"""
GATES = """\
gates:
  - {name: auc-real, kind: significance, metric: auc, margin: 0.02}
  - {name: better, kind: significance, metric: auc, require: better}
  - {name: sites, kind: slice, metric: accuracy, by: site, min: 0.6}
  - {name: fair, kind: fairness, by: site, max_difference: 0.5}
"""


def files(cache: str = "false") -> dict[str, str]:
    policy = FILES["mltools.yaml"]
    start, end = policy.index("gates:"), policy.index("release:")
    compare = (
        "compare:\n  predictions: {path: predictions.csv, target: y, prediction: predicted, score: p}\n"
        "  renamed: {new: old}\n"
    )
    evaluate = FILES["evaluate.py"].replace('{"test": {', '{"auc": quality, "accuracy": quality, "test": {')
    return {
        "mltools.yaml": policy[:start] + GATES + compare + policy[end:],
        "evaluate.py": evaluate + PREDICT,
        "params.yaml": "train:\n  quality: 0.45\n  seed: 1\n",
        "dvc.yaml": FILES["dvc.yaml"].replace(
            "    metrics:\n", f"    outs:\n      - predictions.csv: {{cache: {cache}}}\n    metrics:\n"
        ),
    }


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = make_project(tmp_path_factory.mktemp("predictions") / "p", **files())
    first = mltools(project, "run", "--json")
    assert first.code == 0, first.err
    outcomes = {gate["name"]: gate["outcome"] for gate in first.json["gates"]}
    assert outcomes == {"auc-real": "skipped", "better": "skipped", "sites": "passed", "fair": "passed"}
    git(project, "add", "-A")
    git(project, "commit", "-qm", "Results")
    # The gate that wants every change to be better says no to one that changes nothing.
    assert mltools(project, "run").code == 1
    return project


def change(base: Path, tmp_path: Path, quality: float) -> tuple[Path, dict[str, str]]:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(base), str(clone))
    git(clone, "fetch", "-q", "origin", "+refs/mltools/*:refs/mltools/*")
    git(clone, "switch", "-qc", "change")
    set_quality(clone, quality)
    done = mltools(clone, "run", "--json")
    assert done.code in {0, 1}, done.err
    return clone, {gate["name"]: gate["outcome"] for gate in done.json["gates"]}


@pytest.mark.parametrize(
    ("quality", "expected"),
    [
        (0.45, {"auc-real": "passed", "better": "failed"}),  # the same predictions
        (0.7, {"auc-real": "passed", "better": "passed"}),
        (0.25, {"auc-real": "failed", "better": "failed"}),
        (0.1, {"auc-real": "failed", "sites": "failed"}),
    ],
)
def test_a_change_is_judged_by_what_is_beyond_chance(
    base: Path, tmp_path: Path, quality: float, expected: dict[str, str]
) -> None:
    clone, outcomes = change(base, tmp_path, quality)
    assert {name: outcomes[name] for name in expected} == expected
    # What was found is not computed again, and the same run says the same.
    again = mltools(clone, "run", "--json")
    assert {gate["name"]: gate["outcome"] for gate in again.json["gates"]} == outcomes
    report = (clone / ".mltools/report.md").read_text()
    assert "95 %" in report


def test_a_run_with_nothing_new_loads_no_statistics(base: Path) -> None:
    done = mltools(base, "run", env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert done.code == 1
    loaded = {
        line.rpartition("|")[2].strip() for line in done.err.splitlines() if line.startswith("import time:")
    }
    assert not loaded & {"numpy", "scipy", "pandas", "duckdb", "mltools.predictions"}


def test_predictions_that_lack_a_column_leave_the_gates_undecided(base: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(base), str(clone))
    git(clone, "switch", "-qc", "change")
    policy = (clone / "mltools.yaml").read_text().replace("score: p}", "score: prob}")
    commit(clone, {"mltools.yaml": policy}, "Misspell")
    gates = mltools(clone, "run", "--json").json["gates"]
    reason = next(gate["reason"] for gate in gates if gate["name"] == "auc-real")
    assert "has no column 'prob'" in reason


def test_large_predictions_that_dvc_keeps_are_found_by_their_hash(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", **files(cache="true"))
    mltools(project, "run")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "Results")
    git(project, "switch", "-qc", "change")
    set_quality(project, 0.7)
    gates = mltools(project, "run", "--json").json["gates"]
    assert next(gate["outcome"] for gate in gates if gate["name"] == "better") == "passed"


def test_the_log_loss_of_several_classes_is_compared_by_their_probabilities(tmp_path: Path) -> None:
    made = files()
    evaluate = (
        made["evaluate.py"]
        .replace("{p:.6f}", "{p:.6f},{1 - p:.6f},0")
        .replace('"id,site,y,predicted,p"', '"id,site,y,predicted,p,q,never"')
    )
    policy = made["mltools.yaml"].replace("score: p}", "scores: {0: q, 1: p, other: never}}")
    gate = "gates:\n  - {name: loss, kind: significance, metric: auc, statistic: log_loss, margin: 0.01}\n"
    project = make_project(
        tmp_path / "p", **made | {"evaluate.py": evaluate, "mltools.yaml": policy.replace("gates:\n", gate)}
    )
    first = mltools(project, "run", "--json")
    assert "never" in (project / "predictions.csv").read_text(), first.err
    git(project, "add", "-A")
    git(project, "commit", "-qm", "Results")
    git(project, "switch", "-qc", "change")
    set_quality(project, 0.9)
    found = {gate["name"]: gate for gate in mltools(project, "run", "--json").json["gates"]}["loss"]
    assert found["evidence"]["statistic"] == "log_loss"
    assert (found["outcome"], found["evidence"]["verdict"]) == ("passed", "better"), found["reason"]
