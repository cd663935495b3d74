"""`mltools run` on a real project: verdicts, records, bases, bad input."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.projects import FILES, branch, dvc, make_project, set_quality
from tests.support import Result, commit, git, make_repo, mltools

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has been run once on main, with its dvc.lock committed."""
    place = tmp_path_factory.mktemp("template") / "project"
    environ = {
        **os.environ,
        "GIT_AUTHOR_NAME": "A Tester",
        "GIT_AUTHOR_EMAIL": "tester@example.com",
        "GIT_COMMITTER_NAME": "A Tester",
        "GIT_COMMITTER_EMAIL": "tester@example.com",
    }
    kept = dict(os.environ)
    os.environ.update(environ)
    try:
        make_project(place)
        first = mltools(place, "run")
        assert first.code == 0, first.err
        commit(place, {}, "Keep the results")
        second = mltools(place, "run")
        assert second.code == 0, second.err
    finally:
        os.environ.clear()
        os.environ.update(kept)
    return place


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Path:
    place = tmp_path / "project"
    shutil.copytree(template, place, symlinks=True)
    return place


def run(place: Path, *args: str, **env: str) -> Result:
    return mltools(place, "run", *args, env=env)


def record(place: Path) -> dict[str, object]:
    value = json.loads((place / ".mltools/run.json").read_text())
    assert isinstance(value, dict)
    return value


def test_the_first_run_of_a_repository_has_no_base_and_passes(tmp_path: Path) -> None:
    place = make_project(tmp_path / "p")
    result = run(place, "--json")
    assert result.code == 0, result.err
    found = result.json
    assert found["verdict"] == "passed"
    assert found["base"] is None
    assert [gate["outcome"] for gate in found["gates"]] == ["passed", "skipped"]
    assert [stage["state"] for stage in found["stages"]] == ["ran", "ran"]
    assert found["data"][0]["rows"] == 40
    assert found["metrics"] == {"test.auc": 0.9, "test.loss": 0.1}
    assert found["params"]["train.quality"] == 0.9
    assert found["dirty"] is False
    assert "train" in result.err
    assert (place / ".mltools/report.md").read_text().startswith("### ")
    assert git(place, "status", "--porcelain", "--", ".mltools") == ""
    assert git(place, "for-each-ref", "refs/mltools/journal") != ""


def test_a_second_run_of_the_same_commit_adds_no_record(project: Path) -> None:
    before = git(project, "rev-parse", "refs/mltools/journal")
    result = run(project)
    assert result.code == 0, result.err
    assert git(project, "rev-parse", "refs/mltools/journal") == before


def test_a_clean_pipeline_starts_no_dvc(project: Path) -> None:
    trap = project.parent / "trap"
    (trap / "dvc").mkdir(parents=True)
    (trap / "dvc/__init__.py").write_text("")
    (trap / "dvc/__main__.py").write_text("raise SystemExit('DVC was started')")
    result = run(project, "--json", PYTHONPATH=str(trap))
    assert result.code == 0, result.err
    assert {stage["state"] for stage in result.json["stages"]} == {"skipped"}


def test_a_branch_that_improves_passes_against_main(project: Path) -> None:
    branch(project, "better")
    set_quality(project, 0.95)
    result = run(project, "--json")
    assert result.code == 0, result.err
    assert result.json["base"]["commit"] == git(project, "rev-parse", "main")
    assert result.json["base"]["how"] == "record"
    assert result.json["base_metrics"]["test.auc"] == 0.9
    assert [gate["outcome"] for gate in result.json["gates"]] == ["passed", "passed"]


def test_a_branch_that_worsens_fails_with_1_and_says_why(project: Path) -> None:
    branch(project, "worse")
    set_quality(project, 0.8)
    result = run(project)
    assert result.code == 1
    assert "failed: auc-kept: test.auc went from 0.9 to 0.8: worse by 0.1, allowed 0.01" in result.out
    assert "test.auc" in result.out
    assert record(project)["verdict"] == "failed"


def test_exit_zero_changes_the_exit_code_and_never_the_verdict(project: Path) -> None:
    branch(project, "worse")
    set_quality(project, 0.8)
    assert run(project, "--exit-zero").code == 0
    assert record(project)["verdict"] == "failed"


def test_a_change_cannot_lower_its_own_bar(project: Path) -> None:
    branch(project, "sly")
    set_quality(project, 0.8)
    commit(project, {"mltools.yaml": FILES["mltools.yaml"].replace("margin: 0.01", "margin: 0.5")})
    result = run(project, "--json")
    assert result.code == 1
    assert result.json["gates_from"] == "base"
    assert result.json["gates_changed"] is True
    assert "This change edits gates" in (project / ".mltools/report.md").read_text()


def test_broken_data_fails_and_nothing_is_trained_on_it(project: Path) -> None:
    branch(project, "bad-data")
    text = FILES["data/raw.csv"].replace("1,1.5,yes", "1,99,maybe")
    commit(project, {"data/raw.csv": text})
    result = run(project, "--json")
    assert result.code == 1
    data = result.json["data"][0]
    assert {(item["column"], item["rule"], item["count"]) for item in data["violations"]} == {
        ("size", "maximum", 1),
        ("label", "enum", 1),
    }
    assert result.json["stages"] == []
    assert result.json["metrics"] == {}
    shown = run(project)
    assert "schemas/raw.yaml:4" in shown.out
    assert "99" in shown.out


def test_metrics_committed_at_the_base_serve_where_there_is_no_record(project: Path) -> None:
    git(project, "update-ref", "-d", "refs/mltools/journal")
    branch(project, "better")
    set_quality(project, 0.95)
    result = run(project, "--json")
    assert result.code == 0, result.err
    assert result.json["base"]["how"] == "commit"
    assert result.json["base_metrics"]["test.auc"] == 0.9


def test_a_base_without_metrics_is_undecided_and_never_a_pass(tmp_path: Path) -> None:
    place = make_project(tmp_path / "p")
    branch(place, "feature")
    set_quality(place, 0.95)
    result = run(place, "--json")
    assert result.code == 0, result.err
    assert result.json["verdict"] == "undecided"
    assert result.json["gates"][1]["outcome"] == "undecided"
    assert "neither a record nor committed metrics" in result.json["gates"][1]["reason"]


def test_a_detached_head_is_judged_against_main(project: Path) -> None:
    branch(project, "feature")
    tip = set_quality(project, 0.95)
    git(project, "checkout", "-q", "--detach", tip)
    result = run(project, "--json")
    assert result.code == 0, result.err
    assert result.json["branch"] is None
    assert result.json["base"]["commit"] == git(project, "rev-parse", "main")


def test_from_a_subdirectory(project: Path) -> None:
    assert run(project / "data", "--json").json["project"] == "."


def test_a_project_below_the_top_of_its_repository(tmp_path: Path) -> None:
    top = make_repo(tmp_path / "mono", {"README.md": "two projects\n"})
    place = top / "models/toy"
    place.mkdir(parents=True)
    dvc(place, "init", "-q", "--subdir")
    commit(top, {f"models/toy/{name}": text for name, text in FILES.items()})
    result = run(place, "--json")
    assert result.code == 0, result.err
    assert result.json["project"] == "models/toy"
    branch(top, "worse")
    commit(top, {"models/toy/params.yaml": "train:\n  quality: 0.8\n"})
    assert run(place).code == 1


def test_a_dirty_tree_is_judged_and_the_record_says_so(project: Path) -> None:
    branch(project, "feature")
    (project / "params.yaml").write_text("train:\n  quality: 0.97\n")
    result = run(project, "--json")
    assert result.code == 0, result.err
    assert result.json["dirty"] is True
    assert "in the journal, with uncommitted changes: " in result.err
    assert result.json["metrics"]["test.auc"] == 0.97


def test_the_same_dirty_run_twice_leaves_one_record(project: Path) -> None:
    (project / "params.yaml").write_text("train:\n  quality: 0.97\n")
    assert run(project).code == 0
    before = git(project, "rev-parse", "refs/mltools/journal")
    again = run(project)
    assert "already recorded as 2" in again.err
    assert git(project, "rev-parse", "refs/mltools/journal") == before


def test_on_main_with_changes_the_base_is_the_commit_itself(project: Path) -> None:
    (project / "params.yaml").write_text("train:\n  quality: 0.8\n")
    result = run(project, "--json")
    assert result.code == 1
    assert result.json["base"]["commit"] == git(project, "rev-parse", "HEAD")


def test_what_was_refused_on_main_is_no_measure_of_what_comes_next(project: Path) -> None:
    good = git(project, "rev-parse", "HEAD")
    set_quality(project, 0.8)
    assert run(project).code == 1
    commit(project, {"notes.md": "something else\n"})
    result = run(project, "--json")
    assert (result.code, result.json["base"]["commit"]) == (1, good)
    assert "auc-kept: test.auc went from 0.9 to 0.8" in result.json["summary"]
    assert any("the newest before it whose run did not" in each for each in result.json["warnings"])
    # The policy of the commit before still judges, so that a person can mend it on a branch that is red.
    wider = FILES["mltools.yaml"].replace("margin: 0.01", "margin: 0.5")
    commit(project, {"mltools.yaml": wider})
    assert run(project).code == 1
    commit(project, {"notes.md": "one more\n"})
    result = run(project, "--json")
    assert (result.code, result.json["base"]["commit"]) == (0, good), result.err
    set_quality(project, 0.9)
    assert run(project).code == 0


def test_a_shallow_clone_without_the_base_is_undecided_with_the_way_out(
    project: Path, tmp_path: Path
) -> None:
    branch(project, "feature")
    set_quality(project, 0.95)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", "--branch=feature", f"file://{project}", str(clone))
    result = run(clone, "--json")
    assert result.code == 0, result.err
    assert result.json["verdict"] == "undecided"
    assert "shallow" in " ".join(result.json["warnings"])


def test_a_shallow_clone_of_main_finds_its_base_in_the_journal(project: Path, tmp_path: Path) -> None:
    set_quality(project, 0.95)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{project}", str(clone))
    git(clone, "fetch", "-q", "origin", "refs/mltools/*:refs/mltools/*")
    result = run(clone, "--json")
    assert result.code == 0, result.err
    assert result.json["base_metrics"]["test.auc"] == 0.9
    assert result.json["verdict"] == "passed"


@pytest.mark.parametrize("name", ["$(touch${IFS}pwned)", "feat/ü|x", "a;b", "-x", "`id`"])
def test_hostile_branch_names_are_only_names(project: Path, name: str) -> None:
    git(project, "update-ref", f"refs/heads/{name}", "HEAD")
    git(project, "symbolic-ref", "HEAD", f"refs/heads/{name}")
    result = run(project, "--json")
    assert result.code == 0, result.err
    assert result.json["branch"] == name
    assert not (project / "pwned").exists()


def test_no_commit_yet(tmp_path: Path) -> None:
    place = make_repo(tmp_path / "p")
    dvc(place, "init", "-q")
    for name, text in FILES.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    result = run(place)
    assert result.code == 3
    assert "no commit yet" in result.err
    assert "hint: git add -A && git commit" in result.err


def test_an_unknown_base_names_the_revision(project: Path) -> None:
    result = run(project, "--base", "nope")
    assert result.code == 3
    assert "unknown revision 'nope'" in result.err


def test_a_base_branch_that_is_not_there_is_undecided(project: Path) -> None:
    commit(project, {"mltools.yaml": FILES["mltools.yaml"] + "compare: {base: trunk}\n"})
    result = run(project, "--json")
    assert result.json["verdict"] == "undecided"
    assert "there is no branch 'trunk' here" in " ".join(result.json["warnings"])


BAD_FILES = [
    ("mltools.yaml", "", 2, "mltools.yaml:1: the file is empty"),
    ("mltools.yaml", "schema: 1\ngates: [\n", 2, "mltools.yaml:3: not valid YAML"),
    ("mltools.yaml", "schema: 1\ngats: []\n", 2, "did you mean 'gates'?"),
    (
        "mltools.yaml",
        FILES["mltools.yaml"].replace("test.auc, min", "test.acu, min"),
        2,
        "did you mean 'test.auc'?",
    ),
    ("dvc.yaml", None, 2, "dvc.yaml"),
    ("dvc.yaml", "stages: 3\n", 2, "dvc.yaml:1"),
    ("dvc.yaml", "stages:\n  a:\n\tcmd: x\n", 2, "dvc.yaml:3: not valid YAML"),
    ("schemas/raw.yaml", None, 2, "there is no contract schemas/raw.yaml"),
    (
        "schemas/raw.yaml",
        "schema: 1\ncolumns:\n  id: {type: integer, minimum: 3, maximum: 1}\n",
        2,
        "schemas/raw.yaml:3",
    ),
    ("data/raw.csv", None, 3, "data/raw.csv: no such file"),
    ("data/raw.csv", "", 3, "data/raw.csv"),
    ("data/raw.csv", "id,size,label\n1,2\n3,4,5,6\n", 3, "data/raw.csv"),
    ("train.py", "import sys\nprint('the last words')\nsys.exit(7)\n", 3, "the last words"),
    ("evaluate.py", "open('metrics/test.json', 'w').write('{broken')\n", 3, "metrics/test.json"),
    (
        "evaluate.py",
        "open('metrics/test.json', 'w').write('{\"test\": {\"auc\": NaN}}')\n",
        3,
        "metrics/test.json",
    ),
    (
        "evaluate.py",
        "open('metrics/test.json', 'w').write('{\"test\": {\"auc\": Infinity}}')\n",
        3,
        "metrics/test.json",
    ),
]


@pytest.mark.parametrize(("name", "content", "code", "said"), BAD_FILES)
def test_bad_files_end_in_one_clear_message(
    project: Path, name: str, content: str | None, code: int, said: str
) -> None:
    before = git(project, "rev-parse", "refs/mltools/journal")
    if content is None:
        (project / name).unlink()
    else:
        (project / name).write_text(content)
    git(project, "commit", "-q", "-a", "-m", "Break it")
    result = run(project)
    assert (result.code, said in result.err) == (code, True), result.err
    assert "Traceback" not in result.err
    assert git(project, "rev-parse", "refs/mltools/journal") == before


def test_a_header_alone_breaks_the_contract(project: Path) -> None:
    commit(project, {"data/raw.csv": "id,size,label\n"})
    result = run(project, "--json")
    assert result.code == 1
    assert result.json["data"][0]["rows"] == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission_to_write_is_said(project: Path) -> None:
    (project / ".mltools").chmod(0o500)
    result = run(project, "-o", ".mltools/x")
    assert result.code == 3
    assert "cannot write" in result.err


def test_an_output_that_cannot_be_made_is_said(project: Path) -> None:
    (project / "taken").write_text("a file\n")
    result = run(project, "-o", "taken/x")
    assert result.code == 3
    assert "cannot write" in result.err
    assert "Traceback" not in result.err


def test_an_interrupt_leaves_nothing_half_written(project: Path) -> None:
    commit(project, {"train.py": "import time\nopen('started', 'w').close()\ntime.sleep(60)\n"})
    journal = git(project, "rev-parse", "refs/mltools/journal")
    before = (project / ".mltools/run.json").read_bytes()
    argv = [sys.executable, "-m", "mltools", "run"]
    with subprocess.Popen(
        argv, cwd=project, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        assert process.stderr is not None
        while not (project / "started").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(timeout=30) == 130
    assert "Traceback" not in rest
    assert git(project, "rev-parse", "refs/mltools/journal") == journal
    assert (project / ".mltools/run.json").read_bytes() == before
    assert git(project, "fsck", "--no-dangling") == ""


def test_records_do_not_appear_without_being_asked_for(project: Path) -> None:
    branch(project, "feature")
    set_quality(project, 0.95)
    before = git(project, "rev-parse", "refs/mltools/journal")
    assert run(project, "--no-record").code == 0
    assert git(project, "rev-parse", "refs/mltools/journal") == before


def test_gate_check_judges_what_is_there(project: Path) -> None:
    branch(project, "worse")
    set_quality(project, 0.8)
    run(project, "--no-record")
    result = mltools(project, "gate", "check")
    assert result.code == 1
    assert "failed  auc-kept" in " ".join(result.out.split("\n")).replace("   ", "  ")
    as_json = mltools(project, "gate", "check", "--json").json
    assert as_json["verdict"] == "failed"
    assert [gate["name"] for gate in as_json["gates"]] == ["auc-floor", "auc-kept"]


def test_compare_takes_metrics_from_the_records_where_commits_hold_none(tmp_path: Path) -> None:
    place = make_project(tmp_path / "p")
    assert run(place).code == 0
    shutil.rmtree(place / "metrics")
    (place / "dvc.lock").unlink()
    set_quality(place, 0.95)
    assert run(place).code == 0
    found = mltools(place, "compare", "main~1", "main", "--json")
    changed = {item["name"]: item for item in found.json["metrics"]}
    assert (changed["test.auc"]["base"], changed["test.auc"]["head"]) == (0.9, 0.95)


def test_what_stages_print_is_shown_on_demand_and_cannot_command_a_runner(project: Path) -> None:
    commit(project, {"train.py": FILES["train.py"] + "print('::add-mask::secret')\n"})
    quiet, loud = run(project, "--no-record"), run(project, "--no-record")
    assert "add-mask" not in quiet.err + loud.err
    commit(project, {"train.py": FILES["train.py"] + "print('::add-mask::other')\n"})
    shown = mltools(project, "-v", "run", "--no-record")
    assert "  | ::add-mask::other" in shown.err


def test_the_latest_release_is_the_base_where_nothing_else_is_known(project: Path) -> None:
    released = mltools(project, "release")
    assert released.code == 0, released.err
    git(project, "update-ref", "-d", "refs/mltools/journal")
    git(project, "rm", "-q", "--cached", "-r", "metrics", "dvc.lock")
    git(project, "commit", "-q", "-m", "Keep no results")
    branch(project, "feature")
    set_quality(project, 0.8)
    result = run(project, "--json")
    assert result.code == 1, result.err
    assert (result.json["base"]["how"], result.json["base"]["ref"]) == ("release", "toy@v0.1.0")
    assert result.json["base_metrics"]["test.auc"] == 0.9
    assert "compared with toy@v0.1.0" in " ".join(result.json["warnings"])


def test_gates_that_a_shallow_clone_does_not_hold_are_said_to_be_missing(
    project: Path, tmp_path: Path
) -> None:
    set_quality(project, 0.95)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{project}", str(clone))
    git(clone, "fetch", "-q", "origin", "refs/mltools/*:refs/mltools/*")
    assert "judged by the gates of this commit" in " ".join(run(clone, "--json").json["warnings"])


def test_all_data_sets_that_cannot_be_read_are_named_in_one_run(project: Path) -> None:
    more = "  - {path: data/other.csv, schema: schemas/raw.yaml}\n  - {path: data/third.csv, schema: schemas/raw.yaml}\n"
    commit(project, {"mltools.yaml": FILES["mltools.yaml"].replace("gates:", f"{more}gates:")})
    result = run(project)
    assert result.code == 3
    assert "data/other.csv: no such file" in result.err
    assert "data/third.csv: no such file" in result.err


@pytest.mark.parametrize("base", ["nosuch", "sly"])
def test_a_change_cannot_choose_its_own_base(project: Path, base: str) -> None:
    branch(project, "sly")
    set_quality(project, 0.8)
    commit(project, {"mltools.yaml": FILES["mltools.yaml"] + f"compare: {{base: {base}}}\n"})
    result = run(project, "--json")
    assert result.code == 1, result.err
    assert result.json["base"]["commit"] == git(project, "rev-parse", "main")
    assert f"this change sets compare.base to '{base}'" in " ".join(result.json["warnings"])


def test_a_change_may_raise_its_own_bar_at_once(project: Path) -> None:
    branch(project, "strict")
    set_quality(project, 0.95)
    gate = "gates:\n  - {name: loss-max, kind: threshold, metric: test.loss, max: 0.01}"
    commit(project, {"mltools.yaml": FILES["mltools.yaml"].replace("gates:", gate)})
    result = run(project, "--json")
    assert result.code == 1
    assert {each["name"]: each["outcome"] for each in result.json["gates"]} == {
        "auc-floor": "passed",
        "auc-kept": "passed",
        "loss-max": "failed",
    }
    assert result.json["gates_changed"] is False


def test_a_run_with_uncommitted_changes_is_never_the_base(tmp_path: Path) -> None:
    place = make_project(tmp_path / "p")
    assert run(place).code == 0
    commit(place, {}, "Keep the results")
    (place / "params.yaml").write_text("train:\n  quality: 0.6\n")
    assert run(place).code == 1
    git(place, "checkout", "-q", ".")
    branch(place, "better")
    set_quality(place, 0.95)
    result = run(place, "--json")
    assert result.json["base_metrics"]["test.auc"] == 0.9
    assert result.json["base"]["how"] == "commit"


def test_data_edited_under_dvc_are_uncommitted_changes(tmp_path: Path) -> None:
    place = make_project(tmp_path / "p", **{".gitignore": "/model.bin\n/data/raw.csv\n"})
    dvc(place, "add", "-q", "data/raw.csv")
    commit(place, {}, "Track the data")
    assert run(place, "--json").json["dirty"] is False
    commit(place, {}, "Keep the results")
    with (place / "data/raw.csv").open("a") as data:
        data.write("41,2.5,yes\n")
    result = run(place, "--json")
    assert (result.json["dirty"], result.json["inputs"]) == (True, None)
    released = mltools(place, "release", "--run", ".mltools")
    assert released.code == 3
    assert "uncommitted changes" in released.err


def test_the_terminal_says_what_it_was_compared_with_and_what_is_recorded(project: Path) -> None:
    branch(project, "better")
    set_quality(project, 0.95)
    first, second = run(project), run(project)
    assert (
        f"compared with main at {git(project, 'rev-parse', '--short=8', 'main')} (its record in the journal)"
        in first.out
    )
    assert "recorded as 2" in first.err
    assert "already recorded as 2" in second.err


def test_gate_check_warns_of_metrics_that_are_not_current(project: Path) -> None:
    (project / "params.yaml").write_text("train:\n  quality: 0.2\n")
    result = mltools(project, "gate", "check")
    assert "these are the metrics of an earlier state: train: params.yaml" in result.err
