"""`mltools runs export` and `import`, with MLflow's own client and real experiments of DVC on the other side."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mltools import journal
from mltools.core.records import parse_record
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from tests.stored import make_record
from tests.support import commit, git, mltools

WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
PIPELINE = """\
stages:
  train:
    cmd: sh train.sh
    deps: [train.sh]
    params: [n]
    metrics: [{m.json: {cache: false}}]
"""


@pytest.fixture
def project(repo: Path) -> Path:
    """A project with two runs, one of them with names that no path and no table likes."""
    commit(
        repo, {"dvc.yaml": PIPELINE, "params.yaml": "n: 1\n", "train.sh": "", "mltools.yaml": "schema: 1\n"}
    )
    head = git(repo, "rev-parse", "HEAD")
    odd = {
        "a": 0.5,
        "a/b": 1,
        "../../etc/passwd": 2,
        "m.json:auc": 0.25,
        "naïve|x": 3,
        "word": "x",
        "=1+1": 4,
    }
    for made in (
        make_record(
            head, second=1, params={"n": 1, "solver": "lbfgs", "yes": True, "none": None}, model="toy"
        ),
        make_record(
            "d" * 40,
            second=2,
            metrics=odd,
            branch='=cmd|" /C calc"!A0',
            summary="passed:\nall\u202e",
            dirty=True,
        ),
    ):
        beside = {"report.md": b"# report\n", "dvc.lock": b"schema: '2.0'\n"}
        journal.append(Writer(Repository.find(repo), dict(os.environ)), made, beside, when=WHEN)
    return repo


def in_mlflow(script: str, store: Path) -> Any:
    """What a script prints as JSON that uses MLflow's own client on a file store."""
    head = f"import json, mlflow\nmlflow.set_tracking_uri({store.absolute().as_uri()!r})\nclient = mlflow.MlflowClient()\n"
    env = {"MLFLOW_ALLOW_FILE_STORE": "true", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    done = subprocess.run(
        [sys.executable, "-c", head + script],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout else None


READ = """
found = {}
for experiment in client.search_experiments():
    for run in client.search_runs([experiment.experiment_id]):
        found[run.info.run_name] = {
            "experiment": experiment.name, "metrics": run.data.metrics, "params": run.data.params,
            "tags": run.data.tags, "status": run.info.status, "time": run.info.end_time,
            "artifacts": sorted(each.path for each in client.list_artifacts(run.info.run_id)),
            "record": mlflow.artifacts.load_dict(run.info.artifact_uri + "/run.json"),
        }
print(json.dumps(found))
"""


def test_json_lines_are_the_records(project: Path) -> None:
    done = mltools(project, "runs", "export", "--to", "json")
    found = [parse_record(json.loads(line), "line") for line in done.out.splitlines()]
    assert found == list(journal.records(Repository.find(project)))


def test_csv_has_a_column_for_each_value_and_runs_no_formula(project: Path) -> None:
    done = mltools(project, "runs", "export", "--to", "csv", "-o", "runs.csv")
    assert (done.code, done.out) == (0, "")
    newest, oldest = csv.DictReader(io.StringIO((project / "runs.csv").read_text()))
    assert newest["metrics.a/b"] == "1"
    assert newest["metrics.=1+1"] == "4"
    assert newest["branch"] == '\'=cmd|" /C calc"!A0'
    assert newest["params.n"] == ""
    assert (oldest["metrics.test.roc_auc"], oldest["params.yes"], oldest["dirty"]) == (
        "0.99",
        "true",
        "false",
    )
    assert oldest["model"] == "toy"


@pytest.mark.full
def test_mlflow_reads_what_was_exported(project: Path, tmp_path: Path) -> None:
    store = tmp_path / "mlruns"
    done = mltools(project, "runs", "export", "--to", "mlflow", "--output", str(store))
    assert (done.code, done.err) == (0, f"wrote 2 runs to {store}\n")
    runs = {record.id: record for record in journal.records(Repository.find(project))}
    found = in_mlflow(READ, store)
    assert set(found) == set(runs)
    for key, record in runs.items():
        assert found[key]["record"] == record.as_json()
        assert found[key]["artifacts"] == ["dvc.lock", "report.md", "run.json"]
        assert found[key]["tags"]["mlflow.source.git.commit"] == record.commit
        assert found[key]["tags"]["mltools.verdict"] == "passed"
        assert found[key]["status"] == "FINISHED"
    odd, plain = (found[key] for key in sorted(runs, reverse=True))
    assert plain["experiment"] == "toy"
    assert plain["metrics"] == {"test.roc_auc": 0.99}
    assert plain["params"] == {"n": "1", "solver": "lbfgs", "yes": "True", "none": "None"}
    assert datetime.fromtimestamp(plain["time"] / 1000, UTC) == datetime(2026, 1, 2, 3, 4, 1, tzinfo=UTC)
    assert odd["metrics"]["a"] == 0.5
    assert odd["metrics"]["m.json:auc"] == 0.25
    assert sorted(odd["metrics"].values()) == [0.25, 0.5, 1, 2, 3, 4]
    assert odd["tags"]["mltools.metric.word"] == "x"
    assert not [path for path in tmp_path.rglob("passwd") if not path.is_relative_to(store)]


@pytest.mark.full
def test_an_export_adds_to_a_store_that_is_there(project: Path, tmp_path: Path) -> None:
    store = tmp_path / "mlruns"
    in_mlflow("client.create_experiment('toy')", store)
    assert mltools(project, "runs", "export", "--to", "mlflow", "-o", str(store)).code == 0
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    done = mltools(project, "runs", "export", "--to", "mlflow", "-o", str(store))
    assert done.err == f"wrote 0 runs to {store}, 2 were there already\n"
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == before
    names = in_mlflow("print(json.dumps(sorted(each.name for each in client.search_experiments())))", store)
    assert names == ["Default", "mltools", "toy"]


def test_an_export_that_was_cut_short_is_completed(project: Path, tmp_path: Path) -> None:
    store = tmp_path / "mlruns"
    mltools(project, "runs", "export", "--to", "mlflow", "-o", str(store))
    whole = {path.relative_to(store) for path in store.rglob("*")}
    gone = next(path for path in store.glob("*/*") if path.is_dir())
    shutil.rmtree(gone)
    (gone.parent / ".mltools-killed").mkdir()
    assert mltools(project, "runs", "export", "--to", "mlflow", "-o", str(store)).err.startswith(
        "wrote 1 run to"
    )
    assert whole <= {path.relative_to(store) for path in store.rglob("*")}
    assert len(in_mlflow(READ, store)) == 2


def test_nothing_is_written_where_something_else_lies(project: Path, tmp_path: Path) -> None:
    place = tmp_path / "photos"
    place.mkdir()
    (place / "cat.png").write_bytes(b"x")
    done = mltools(project, "runs", "export", "--to", "mlflow", "-o", str(place))
    assert done.code == 2
    assert "holds files and no MLflow experiment" in done.err
    assert [path.name for path in place.iterdir()] == ["cat.png"]
    assert mltools(project, "runs", "export", "--to", "mlflow").code == 2
    assert mltools(project, "runs", "export", "--to", "mlflow", "-o", str(place / "cat.png")).code == 2
    done = mltools(project, "runs", "export", "--to", "csv", "-o", "/proc/nowhere/x.csv")
    assert done.code == 3
    assert "cannot write" in done.err


# ---- import

TRACK = """
mlflow.set_experiment("churn")
for number in range(2):
    with mlflow.start_run(run_name=f"run {number}"):
        mlflow.log_params({"n": 100 + number, "solver": "lbfgs", "lr": 0.1})
        for step in range(3):
            mlflow.log_metric("auc", 0.5 + step / 10 + number / 100, step=step)
        mlflow.log_metric("train/loss", 0.25)
        mlflow.log_metric("broken", float("nan"))
        mlflow.set_tag("mlflow.source.git.commit", COMMIT)
        mlflow.set_tag("mlflow.source.git.dirty", "false" if number else "true")
        mlflow.log_text("hello", "a.txt")
with mlflow.start_run(run_name="nowhere"):
    mlflow.log_metric("auc", 0.9)
"""


def imported(repo: Path) -> Mapping[str, Any]:
    """The imported records by the end of their summaries."""
    found = [record for record in journal.records(Repository.find(repo)) if record.trigger == "import"]
    return {record.summary.removeprefix("undecided: imported from "): record for record in found}


def test_runs_of_mlflow_come_into_the_journal(project: Path, tmp_path: Path) -> None:
    store, head = tmp_path / "mlruns", git(project, "rev-parse", "HEAD")
    in_mlflow(f"COMMIT = {head!r}\n{TRACK}", store)
    done = mltools(project, "runs", "import", "--from", "mlflow", str(store), "--dry-run")
    assert (done.code, len(done.out.splitlines())) == (0, 3)
    assert imported(project) == {}
    done = mltools(project, "runs", "import", "--from", "mlflow", str(store))
    assert (done.code, done.out) == (0, "3 runs imported\n"), done.err
    assert "metric broken: its last value is nan" in done.err
    assert f"names no commit; kept as uncommitted changes on {head[:8]}" in done.err
    assert "tags, artifacts and earlier steps of metrics stay in MLflow" in done.err
    found = imported(project)
    first, second, nowhere = (found[f"MLflow, run {name} of churn"] for name in ("run 0", "run 1", "nowhere"))
    assert first.metrics == {"auc": 0.7, "train/loss": 0.25}
    assert first.params == {"n": 100, "solver": "lbfgs", "lr": 0.1}
    assert [first.dirty, second.dirty, nowhere.dirty] == [True, False, True]
    assert {first.commit, second.commit, nowhere.commit} == {head}
    assert first.warnings == ("not imported: metric broken: its last value is nan",)
    tip = git(project, "rev-parse", journal.REF)
    done = mltools(project, "runs", "import", "--from", "mlflow", str(store))
    assert done.out == "0 runs imported, 3 were here already\n"
    assert git(project, "rev-parse", journal.REF) == tip
    assert mltools(project, "runs", "verify").code == 0
    # What another tool tracked never speaks for a commit that was judged here.
    spoken = journal.find(Repository.find(project), head)
    assert spoken is not None
    assert spoken.trigger == "local"


def test_what_was_exported_can_be_imported_elsewhere(project: Path, tmp_path: Path) -> None:
    store = tmp_path / "mlruns"
    mltools(project, "runs", "export", "--to", "mlflow", "-o", str(store))
    for more, said in (((), "0 runs imported, 2 were here already\n"), (("--dry-run",), "no run is new\n")):
        assert mltools(project, "runs", "import", "--from", "mlflow", str(store), *more).out == said
    git(tmp_path, "clone", "-q", str(project), "other")
    done = mltools(tmp_path / "other", "runs", "import", "--from", "mlflow", str(store))
    assert (done.code, done.out) == (0, "2 runs imported\n"), done.err
    found = {record.metrics.get("test.roc_auc"): record for record in imported(tmp_path / "other").values()}
    assert found[0.99].params == {"n": 1, "solver": "lbfgs", "yes": True, "none": None}
    assert not found[0.99].dirty
    assert found[None].commit == "d" * 40
    assert found[None].dirty


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"run/meta.yaml": "a: [1"}, "run/meta.yaml"),
        ({"run/meta.yaml": "!!python/object/apply:os.system [echo]"}, "run/meta.yaml"),
        ({"run/meta.yaml": "{run_id: x}"}, "it has not ended"),
        ({"run/meta.yaml": "\0\1\2"}, "run/meta.yaml"),
        ({"run/meta.yaml": "{run_id: x, end_time: 1000, lifecycle_stage: deleted}"}, "it was deleted"),
        ({"run/meta.yaml": "{run_id: x, end_time: 1000}", "run/metrics/m": "x"}, "metric m: not a line"),
        ({"run/meta.yaml": "{run_id: x, end_time: 1000}", "run/params/p": "x" * 20_000}, "param p: too long"),
        (
            {"run/meta.yaml": "{run_id: x, end_time: 1000}", "run/params/p": "x" * (5 << 20)},
            "no plain file of at most",
        ),
        ({"meta.yaml": "[", "run/meta.yaml": "{}"}, "e/meta.yaml"),
    ],
)
def test_what_no_run_can_be_made_of_is_named_and_hides_nothing(
    project: Path, tmp_path: Path, files: Mapping[str, str], said: str
) -> None:
    for name, text in {
        "e/meta.yaml": "name: e",
        "f/meta.yaml": "name: f",
        **{f"e/{k}": v for k, v in files.items()},
    }.items():
        (tmp_path / "store" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "store" / name).write_text(text)
    good = tmp_path / "store/f/good"
    (good / "metrics").mkdir(parents=True)
    (good / "meta.yaml").write_text("{run_id: good, end_time: 1767323045000}")
    (good / "metrics/auc").write_text("1 0.5 0")
    (good / "metrics/link").symlink_to("/etc/passwd")
    done = mltools(project, "runs", "import", "--from", "mlflow", str(tmp_path / "store"))
    assert done.code == 0, done.err
    assert said in done.err
    assert "metrics/link: no plain file" in done.err
    assert imported(project)["MLflow, run good of f"].metrics == {"auc": 0.5}


def test_what_is_no_store_is_wrong_use(project: Path, tmp_path: Path) -> None:
    for args in (["mlflow", str(tmp_path)], ["mlflow", "nowhere"], ["mlflow"], ["dvc-exp", "x"]):
        done = mltools(project, "runs", "import", "--from", *args)
        assert done.code == 2, done.err
        assert "Traceback" not in done.err


@pytest.mark.slow
def test_experiments_of_dvc_come_into_the_journal(project: Path) -> None:
    commit(project, {"train.sh": 'n=$(sed s/n:.// params.yaml)\necho "{\\"auc\\": 0.$n}" > m.json\n'})
    for args in (("init", "-q"), ("repro", "-q")):
        assert subprocess.run(["dvc", *args], cwd=project, capture_output=True, check=False).returncode == 0
    commit(project, {})
    for number in (7, 8):
        asked = ["dvc", "exp", "run", "-q", "-n", f"try-{number}", "-S", f"n={number}"]
        done = subprocess.run(asked, cwd=project, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    git(project, "checkout", "-q", "--", ".")
    done_ = mltools(project, "runs", "import", "--from", "dvc-exp")
    assert (done_.code, done_.out) == (0, "2 runs imported\n"), done_.err
    base = git(project, "rev-parse", "--short=8", "HEAD")
    found = imported(project)
    for number in (7, 8):
        record = found[f"DVC, experiment try-{number} of {base}"]
        assert (record.metrics, record.params) == ({"auc": number / 10}, {"n": number})
        assert not record.dirty
        assert [stage.name for stage in record.stages] == ["train"]
        assert journal.attachment(Repository.find(project), record, "dvc.lock") is not None
    done_ = mltools(project, "runs", "import", "--from", "dvc-exp")
    assert done_.out == "0 runs imported, 2 were here already\n"
    done_ = mltools(project, "runs", "verify")
    assert done_.code == 0, done_.out
