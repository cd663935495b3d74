"""Gates over costs and over a second run, in the loop of a real project."""

from pathlib import Path

import pytest

from mltools import evidence, journal
from mltools.core.gates import Cost
from mltools.project import open_project
from tests.projects import FILES, make_project
from tests.support import commit, git, mltools

pytestmark = pytest.mark.slow

SAME = "\nrows = "
CHANCE = "\nimport os\nquality += int.from_bytes(os.urandom(6), 'big') / 2**52\nrows = "


def project_with(place: Path, gates: str, **changes: str) -> Path:
    policy = FILES["mltools.yaml"]
    start, end = policy.index("gates:"), policy.index("release:")
    return make_project(
        place, **{"mltools.yaml": f"{policy[:start]}gates:\n{gates}{policy[end:]}", **changes}
    )


def results(project: Path) -> None:
    git(project, "add", "-A")
    git(project, "commit", "-qm", "Results")


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [(SAME, 0, "the same 2 metrics"), (CHANCE, 1, "running it again gave other metrics: test.auc")],
)
def test_a_pipeline_must_give_the_same_again(tmp_path: Path, script: str, code: int, said: str) -> None:
    project = project_with(
        tmp_path / "p",
        "  - {name: same, kind: reproducible}\n",
        **{"train.py": FILES["train.py"].replace("\nrows = ", script)},
    )
    done = mltools(project, "run", "--json")
    assert (done.code, said in done.json["gates"][0]["reason"]) == (code, True), done.out
    assert (project / "model.bin").exists()
    results(project)
    again = mltools(project, "run")
    assert again.code == code


def test_what_was_run_twice_is_not_run_a_third_time(tmp_path: Path) -> None:
    project = project_with(tmp_path / "p", "  - {name: same, kind: reproducible}\n")
    assert "a second time" in mltools(project, "run").err
    assert "a second time" not in mltools(project, "run").err


def test_changes_that_are_not_committed_cannot_be_run_again(tmp_path: Path) -> None:
    project = project_with(tmp_path / "p", "  - {name: same, kind: reproducible}\n")
    (project / "params.yaml").write_text("train:\n  quality: 0.8\n  seed: 1\n")
    gate = mltools(project, "run", "--json").json["gates"][0]
    assert gate["outcome"] == "undecided"
    assert "commit first" in gate["reason"]


def test_costs_are_compared_with_those_of_the_base(tmp_path: Path) -> None:
    project = project_with(
        tmp_path / "p",
        "  - {name: size, kind: cost, what: bytes, of: model.bin, growth: 0.2}\n"
        "  - {name: time, kind: cost, what: seconds, of: train, max: 600}\n",
    )
    first = mltools(project, "run", "--json").json
    assert [gate["outcome"] for gate in first["gates"]] == ["skipped", "passed"]
    assert first["costs"]["bytes:model.bin"] == (project / "model.bin").stat().st_size
    results(project)
    second = mltools(project, "run", "--json").json
    # Nothing ran, so the seconds are those of the run that made the model.
    assert second["costs"]["seconds:train"] == first["costs"]["seconds:train"]
    git(project, "switch", "-qc", "bigger")
    commit(project, {"train.py": FILES["train.py"].replace("* 10)", "* 15)")}, "Bigger")
    third = mltools(project, "run", "--json")
    assert third.code == 1
    assert "+0.5 of the base's" in third.json["gates"][0]["reason"]
    check = mltools(project, "gate", "check")
    assert check.code == 1, check.err


def test_seconds_are_found_where_gates_came_after_the_run_that_took_them(tmp_path: Path) -> None:
    project = project_with(
        tmp_path / "p", "  - {name: size, kind: cost, what: bytes, of: model.bin, max: 1}\n"
    )
    first = mltools(project, "run", "--json").json
    seconds = next(stage["seconds"] for stage in first["stages"] if stage["name"] == "train")
    results(project)
    assert mltools(project, "run").code == 1
    gates = (
        "  - {name: time, kind: cost, what: seconds, of: train, growth: 0.5}\n"
        "  - {name: none, kind: cost, what: seconds, of: trein, max: 1}\n"
    )
    policy = (project / "mltools.yaml").read_text()
    commit(project, {"mltools.yaml": policy.replace("release:", f"{gates}release:")}, "More gates")
    verdicts = {gate["name"]: gate for gate in mltools(project, "gate", "check", "--json").json["gates"]}
    assert verdicts["time"]["outcome"] == "passed"
    assert verdicts["time"]["evidence"]["value"] == verdicts["time"]["evidence"]["base"] == seconds
    assert "stage 'trein'" in verdicts["none"]["reason"]


def test_a_model_whose_latency_cannot_be_measured_leaves_the_gate_undecided(tmp_path: Path) -> None:
    project = project_with(
        tmp_path / "p",
        "  - {name: fast, kind: cost, what: latency, of: model.bin, rows: data/raw.csv, max: 5}\n",
    )
    found = mltools(project, "run", "--json").json
    assert found["gates"][0]["outcome"] == "undecided"
    assert any("its latency cannot be measured" in warning for warning in found["warnings"])


@pytest.mark.full
def test_a_latency_on_rows_that_may_have_changed_is_measured_anew(tmp_path: Path) -> None:
    place = project_with(
        tmp_path / "p",
        "  - {name: fast, kind: cost, what: latency, of: model.bin, rows: data/raw.csv, max: 5}\n"
        "  - {name: same, kind: cost, what: latency, of: model.bin, rows: model.bin, max: 5}\n",
    )
    made = mltools(place, "run", "--json").json["id"]
    results(place)
    project = open_project(place)
    record = journal.load(project.repository, made)
    assert record is not None
    gate, same = project.config.gates
    assert isinstance(gate, Cost)
    assert isinstance(same, Cost)
    known = record.model_copy(update={"costs": {gate.cost: 1.0}})
    run = evidence.Run({}, print, record.commit, None)
    # The rows are no output, so that no hash tells whether they are those of then.
    assert evidence._latency(project, gate, run, [known], []) is None
    assert evidence._latency(project, same, run, [known], []) == 1.0
