"""`mltools init`: new projects, projects beside other things, pipelines that exist, and everything that can be wrong."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from mltools import __version__, datastore, scaffold
from mltools.cli import app
from mltools.core.config import Config
from mltools.edges import documents, installed
from mltools.errors import UsageError
from mltools.project import config_from, open_project
from mltools.scaffold import Action, Wish, adopted
from tests.support import Result, commit, git, make_repo, mltools
from tests.templates import hostile

PIPELINE = """\
stages:
  train:
    cmd: python train.py
    deps: [data/rows.csv, train.py]
    outs: [model.bin]
    metrics:
      - scores.json:
          cache: false
artifacts:
  churn:
    path: model.bin
    type: model
"""
RUNNING_AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def init(cwd: Path, *args: str, code: int = 0) -> Result:
    """`mltools init ARGS`, in this process: most of what is tested takes less time than a start of Python."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        returned = app.invoke(["-C", str(cwd), "init", *args])
    answer = Result(returned, out.getvalue(), err.getvalue())
    assert answer.code == code, answer.out + answer.err
    assert "Traceback" not in answer.err
    return answer


def snapshot(folder: Path) -> dict[str, str]:
    """Every path below a folder, with its kind, mode and content."""
    return {
        str(path.relative_to(folder)): f"{path.lstat().st_mode:o} "
        + (hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "")
        for path in sorted(folder.rglob("*"))
    }


def config(project: Path) -> Config:
    return config_from((project / "mltools.yaml").read_bytes(), "mltools.yaml")


def actions(answer: Result) -> dict[str, str]:
    lines = [line.split(maxsplit=1) for line in answer.out.splitlines()]
    return {path.split(" (")[0]: action for action, path in lines if action in list(Action)}


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    """A repository with a DVC pipeline of its own, as DVC's own commands leave it."""
    files = {
        "dvc.yaml": PIPELINE,
        "train.py": "print('training')\n",
        "scores.json": '{"test": {"roc_auc": 0.91, "log_loss": 0.3, "rows": 40}}\n',
        "data/.gitignore": "/rows.csv\n",
        ".gitignore": "/model.bin\n*.log\n",
        ".dvc/config": "[core]\n    remote = store\n['remote \"store\"']\n    url = s3://bucket/path\n",
        ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n",
        "requirements.txt": "numpy\n",
    }
    repo = make_repo(tmp_path / "churn", files)
    (repo / "data/rows.csv").write_text("id,y\n1,0\n")
    return repo


# New projects


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Result]]:
    """A new project, made once, and what `mltools init` said. Not to be changed."""
    place = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        patch.setenv("HOME", str(place / "home"))
        patch.setenv("GIT_CONFIG_GLOBAL", str(place / "gitconfig"))
        patch.setenv("DVC_SITE_CACHE_DIR", str(place / "site"))
        yield place / "demo", init(place, "demo", "--no-input")


def test_a_new_project_is_committed_and_clean(made: tuple[Path, Result]) -> None:
    project, answer = made
    assert git(project, "log", "--format=%s") == "Start demo from the tabular-classification template"
    assert git(project, "branch", "--show-current") == "main"
    assert git(project, "status", "--porcelain", "--untracked-files=all") == ""
    assert "data/raw.csv" not in git(project, "ls-files").split("\n")
    assert answer.out == f"Made {project}: {answer.out.split(': ')[1]}"
    assert f"hint: cd {project}\nhint: mltools run\n" in answer.err


def test_the_data_is_in_the_cache_and_in_the_object_ref(made: tuple[Path, Result]) -> None:
    project, _ = made
    content = (project / "data/raw.csv").read_bytes()
    (out,) = documents.read_yaml((project / "data/raw.csv.dvc").read_bytes(), "")["outs"]
    digest = hashlib.md5(content).hexdigest()
    assert out == {"md5": digest, "size": len(content), "hash": "md5", "path": "raw.csv"}
    assert (project / ".dvc/cache/files/md5" / digest[:2] / digest[2:]).read_bytes() == content
    stored = git(project, "ls-tree", "-r", "--name-only", datastore.REF).split("\n")
    assert [name for name in stored if name.endswith(f"{digest[:2]}/{digest[2:]}")]


def test_the_hook_is_executable_and_ours(made: tuple[Path, Result]) -> None:
    hook = made[0] / ".git/hooks/pre-push"
    assert hook.read_text() == datastore.PRE_PUSH
    assert os.access(hook, os.X_OK)
    assert git(made[0], "config", "mltools.program", check=False) == ""


def test_without_mltools_on_the_path_the_hook_is_told_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Path(sys.executable).parent
    others = [
        place for place in os.environ["PATH"].split(os.pathsep) if not (Path(place) / "mltools").exists()
    ]
    monkeypatch.setenv("PATH", os.pathsep.join(others))
    init(tmp_path, "demo", "--no-input")
    assert git(tmp_path / "demo", "config", "mltools.program") == str(own / "mltools")


@pytest.mark.slow
def test_dvc_agrees_that_the_data_is_tracked(made: tuple[Path, Result]) -> None:
    asked = [sys.executable, "-m", "dvc", "status", "data/raw.csv.dvc"]
    done = subprocess.run(asked, cwd=made[0], capture_output=True, text=True, check=True)
    assert "up to date" in done.stdout


def test_a_second_init_does_nothing(made: tuple[Path, Result]) -> None:
    before = snapshot(made[0])
    assert "Nothing to do" in init(made[0], ".", "--no-input").err
    assert snapshot(made[0]) == before


@pytest.mark.slow
def test_a_clone_finds_its_data_without_any_account(
    made: tuple[Path, Result], tmp_path: Path, remote: Path
) -> None:
    project = shutil.copytree(made[0], tmp_path / "demo")
    git(project, "remote", "add", "origin", str(remote))
    git(project, "push", "-q", "origin", "main")
    git(tmp_path, "clone", "-q", str(remote), "clone")
    assert not (tmp_path / "clone/data/raw.csv").exists()
    answer = mltools(tmp_path / "clone", "data", "pull")
    assert answer.code == 0, answer.err
    assert (tmp_path / "clone/data/raw.csv").read_bytes() == (project / "data/raw.csv").read_bytes()


def test_an_empty_directory_is_filled_in_place(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    answer = init(tmp_path / "demo", "--no-input", "--template", "tabular-regression")
    assert config(tmp_path / "demo").release is not None
    assert "hint: cd" not in answer.err


def test_missing_parents_are_made(tmp_path: Path) -> None:
    init(tmp_path, "a/b/demo", "--no-input")
    assert (tmp_path / "a/b/demo/dvc.yaml").is_file()


@pytest.mark.parametrize("name", hostile.PROJECTS[1:5:3])
def test_a_hostile_name_is_only_a_name(tmp_path: Path, name: str) -> None:
    init(tmp_path, "demo", "--no-input", f"--name={name}")
    project = tmp_path / "demo"
    assert git(project, "log", "--format=%s") == f"Start {name} from the tabular-classification template"
    assert open_project(project).config.release is not None
    assert not (project / "x").exists()
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("directory", ["$(touch x)", "it's ünï 🍷"])
def test_a_hostile_directory_is_only_a_directory(tmp_path: Path, directory: str) -> None:
    answer = init(tmp_path, directory, "--no-input")
    assert (tmp_path / directory / "dvc.yaml").is_file()
    assert not (tmp_path / "x").exists()
    assert "'" in next(line for line in answer.err.splitlines() if line.startswith("hint: cd"))


def test_without_an_identity_the_first_commit_is_made_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{name}_NAME")
        monkeypatch.delenv(f"GIT_{name}_EMAIL")
    init(tmp_path, "demo", "--no-input")
    assert git(tmp_path / "demo", "log", "--format=%an") == "mltools"
    assert git(tmp_path / "demo", "config", "--get", "user.name", check=False) == ""


def test_ignore_rules_of_the_user_drop_no_file_of_the_project(tmp_path: Path) -> None:
    ignored = tmp_path / "ignored"
    ignored.write_text("*.yaml\n*.md\ntests/\n")
    git(tmp_path, "config", "--global", "core.excludesFile", str(ignored))
    init(tmp_path, "demo", "--no-input")
    assert {"dvc.yaml", "README.md", "tests/test_train.py"} <= set(
        git(tmp_path / "demo", "ls-files").split("\n")
    )


def test_a_dry_run_of_a_new_project_lists_everything_and_writes_nothing(tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    answer = init(tmp_path, "demo", "--no-input", "--dry-run")
    assert snapshot(tmp_path) == before
    listed = actions(answer)
    assert set(listed.values()) == {"create"}
    assert {"dvc.yaml", "data/raw.csv", "data/raw.csv.dvc", ".github/workflows/mltools.yml"} <= set(listed)
    assert "would run git init" in answer.out
    assert "would run dvc init" in answer.out
    assert "would install the pre-push hook .git/hooks/pre-push" in answer.out


def test_no_git_means_files_only_and_a_later_init_completes_them(tmp_path: Path) -> None:
    answer = init(tmp_path, "demo", "--no-input", "--no-git")
    project = tmp_path / "demo"
    assert not (project / ".git").exists()
    assert not (project / ".dvc").exists()
    assert (project / "data/raw.csv.dvc").is_file()
    assert "hint: git init && mltools init ." in answer.err
    git(project, "init", "-q")
    init(project, ".", "--no-input")
    digest = hashlib.md5((project / "data/raw.csv").read_bytes()).hexdigest()
    assert (project / ".dvc/cache/files/md5" / digest[:2] / digest[2:]).is_file()
    assert (project / ".git/hooks/pre-push").is_file()


def test_without_workflows_nothing_speaks_of_a_forge(tmp_path: Path) -> None:
    answer = init(tmp_path, "demo", "--no-input", "--no-git", "--ci", "none")
    assert not (tmp_path / "demo/.github").exists()
    assert config(tmp_path / "demo").ci is None
    assert "ci.install" not in answer.err


def test_the_workflows_are_those_that_generating_writes(tmp_path: Path) -> None:
    init(tmp_path, "demo", "--no-input", "--no-git")
    git(tmp_path / "demo", "init", "-q")
    answer = mltools(tmp_path / "demo", "workflow", "check")
    assert answer.code == 0, answer.out + answer.err


# How CI installs mltools


def test_a_local_installation_becomes_the_indexs_version_with_a_warning(tmp_path: Path) -> None:
    editable = json.dumps({"url": "file:///home/me/mltools", "dir_info": {"editable": True}})
    requirement, warning = installed.of("1.2.3", editable)
    assert requirement == "mltools-gitops==1.2.3"
    assert warning is not None
    assert "home" not in warning
    answer = init(tmp_path, "demo", "--no-input", "--no-git")
    written = config(tmp_path / "demo").ci
    assert written is not None
    if installed.requirement()[1]:
        assert written.install == f"mltools-gitops=={__version__}"
        assert "warning: mltools is installed from a local directory" in answer.err


@pytest.mark.parametrize(
    ("origin", "wanted"),
    [
        (None, "mltools-gitops==1.2.3"),
        (
            {"url": "https://example.com/x/mltools.git", "vcs_info": {"vcs": "git", "commit_id": "a" * 40}},
            f"mltools-gitops @ git+https://example.com/x/mltools.git@{'a' * 40}",
        ),
        (
            {"url": "ssh://git@example.com/x.git", "vcs_info": {"vcs": "git", "commit_id": "b" * 40}},
            f"mltools-gitops @ git+ssh://git@example.com/x.git@{'b' * 40}",
        ),
        (
            {"url": "https://me:secret@example.com/x.git", "vcs_info": {"vcs": "git", "commit_id": "a" * 40}},
            "mltools-gitops==1.2.3",
        ),
        (
            {"url": "file:///x.git", "vcs_info": {"vcs": "git", "commit_id": "a" * 40}},
            "mltools-gitops==1.2.3",
        ),
        ({"url": "https://example.com/x.whl", "archive_info": {}}, "mltools-gitops==1.2.3"),
    ],
)
def test_the_requirement_names_the_same_mltools_wherever_that_can_be_had(
    origin: dict[str, Any] | None, wanted: str
) -> None:
    requirement, warning = installed.of("1.2.3", None if origin is None else json.dumps(origin))
    assert requirement == wanted
    assert (warning is None) is (origin is None or " @ " in wanted)
    assert "secret" not in requirement + (warning or "")


# Beside what is there


def test_a_fresh_clone_of_an_empty_repository_gets_the_first_commit(tmp_path: Path, remote: Path) -> None:
    git(tmp_path, "clone", "-q", str(remote), "demo")
    init(tmp_path, "demo", "--no-input")
    assert git(tmp_path / "demo", "log", "--format=%s").startswith("Start demo")
    assert git(tmp_path / "demo", "remote") == "origin"


def test_a_subdirectory_of_a_repository_becomes_a_project_and_nothing_is_committed(repo: Path) -> None:
    (repo / "README.md").write_text("changed\n")
    (repo / "staged.txt").write_text("mine\n")
    git(repo, "add", "staged.txt")
    head = git(repo, "rev-parse", "HEAD")
    answer = init(repo, "models/one", "--no-input")
    project = repo / "models/one"
    assert git(repo, "rev-parse", "HEAD") == head
    assert (project / ".dvc/config").is_file()
    assert not (project / ".git").exists()
    assert (repo / ".git/hooks/pre-push").is_file()
    assert list((repo / ".github/workflows").glob("mltools*.yml"))
    assert (repo / "README.md").read_text() == "changed\n"
    staged = git(repo, "diff", "--cached", "--name-only").split("\n")
    assert [name for name in staged if not name.startswith("models/one/.dvc")] == ["staged.txt"]
    assert "hint: git add ." in answer.err
    assert open_project(project).prefix == "models/one/"


def test_beside_a_readme_the_project_keeps_it_and_extends_the_ignore_file(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"README.md": "mine\n", ".gitignore": "/.mltools/\n*.log"})
    answer = init(repo, ".", "--no-input")
    listed = mltools(repo, "init", ".", "--dry-run").out
    assert (repo / "README.md").read_text() == "mine\n"
    ignored = (repo / ".gitignore").read_text()
    assert ignored.startswith("/.mltools/\n*.log\n/data/*.csv\n")
    assert ignored.count("/.mltools/") == 1
    assert "keep    mltools.yaml" in listed
    assert git(repo, "log", "--format=%s") == "change"
    assert "git commit" in answer.err


def test_a_forges_files_of_the_users_own_are_not_in_the_way(repo: Path) -> None:
    commit(
        repo, {".github/dependabot.yml": "version: 2\n", ".github/workflows/mltools-one.yml": "on: push\n"}
    )
    answer = init(repo, "one", "--no-input", "--dry-run")
    assert "differs ../.github/dependabot.yml (yours; left as it is)" in answer.out
    assert actions(answer)["dvc.yaml"] == "create"


def test_files_that_the_project_cannot_do_without_are_not_overwritten(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"params.yaml": "mine: 1\n", "pipeline": "a file\n"})
    before = snapshot(repo)
    answer = init(repo, ".", "--no-input", code=2)
    assert "not overwritten: params.yaml, pipeline/" in answer.err.replace("\n", " ") or (
        "params.yaml" in answer.err and "pipeline/train.py" in answer.err
    )
    assert snapshot(repo) == before


# An existing pipeline


def test_a_pipeline_gets_only_what_it_lacks(pipeline: Path) -> None:
    before = snapshot(pipeline)
    answer = init(pipeline, ".", "--no-input")
    listed = actions(answer)
    assert listed["mltools.yaml"] == "create"
    assert listed[".gitignore"] == "extend"
    assert listed[".github/workflows/mltools.yml"] == "create"
    after = snapshot(pipeline)
    changed = {path for path, state in before.items() if after[path] != state and ".git/" not in path}
    assert changed == {".gitignore"}
    assert (pipeline / ".gitignore").read_text() == "/model.bin\n*.log\n/.mltools/\n"
    assert git(pipeline, "diff", "--cached", "--name-only") == ""
    assert git(pipeline, "log", "--format=%s") == "change"
    assert "git add mltools.yaml .gitignore .github/workflows/mltools.yml" in answer.err


def test_a_clone_in_which_only_the_hook_is_missing_has_nothing_to_commit(
    made: tuple[Path, Result], tmp_path: Path
) -> None:
    git(tmp_path, "clone", "-q", str(made[0]), "clone")
    answer = init(tmp_path / "clone", ".", "--no-input")
    assert "install the pre-push hook .git/hooks/pre-push" in answer.out
    assert "No file is missing." in answer.err
    assert "git add" not in answer.err
    assert "hint: mltools run\n" in answer.err
    assert git(tmp_path / "clone", "status", "--porcelain") == ""


@pytest.mark.slow
def test_an_adopted_pipeline_runs(pipeline: Path) -> None:
    (pipeline / "train.py").write_text(
        "import json, shutil\nshutil.copy('data/rows.csv', 'model.bin')\n"
        "json.dump({'test': {'roc_auc': 0.9}}, open('scores.json', 'w'))\n"
    )
    (pipeline / ".dvc/config").write_text("")
    subprocess.run([sys.executable, "-m", "dvc", "add", "-q", "data/rows.csv"], cwd=pipeline, check=True)
    init(pipeline, ".", "--no-input")
    commit(pipeline, {}, "Add mltools")
    answer = mltools(pipeline, "run")
    assert answer.code == 0, answer.out + answer.err
    assert "test.roc_auc" in answer.out


def test_the_policy_follows_from_what_dvc_declares(pipeline: Path) -> None:
    init(pipeline, ".", "--no-input")
    made = config(pipeline)
    assert made.release is not None
    assert made.release.model == "churn"
    assert made.ci is not None
    assert made.ci.requirements == "requirements.txt"
    assert made.compare.base == "main"
    assert made.gates == ()
    text = (pipeline / "mltools.yaml").read_text()
    assert 'metric: "test.roc_auc", better: higher' in text
    assert 'metric: "test.log_loss", better: lower' in text
    assert 'path: "data/rows.csv"' in text


def test_the_example_gates_are_gates_once_they_are_uncommented(pipeline: Path) -> None:
    init(pipeline, ".", "--no-input")
    lines = (pipeline / "mltools.yaml").read_text().split("\n")
    start = lines.index("# gates:")
    text = "\n".join(
        line.removeprefix("# ") if start <= i and line.startswith(("# gates:", "#   - ")) else line
        for i, line in enumerate(lines)
    )
    gates = config_from(text.encode(), "mltools.yaml").gates
    assert [metric for gate in gates for metric in gate.metrics] == [
        "test.roc_auc",
        "test.log_loss",
        "test.rows",
    ]


def test_a_dry_run_in_a_pipeline_writes_nothing_and_says_what_would_be(pipeline: Path) -> None:
    before = snapshot(pipeline)
    answer = init(pipeline, ".", "--dry-run")
    assert snapshot(pipeline) == before
    assert actions(answer)["mltools.yaml"] == "create"


def test_what_differs_is_shown_and_left_alone(pipeline: Path) -> None:
    own = {
        "mltools.yaml": "schema: 1\nci: {install: mltools-gitops==0.0.1}\n",
        ".github/workflows/mltools.yml": "on: push\n",
    }
    commit(pipeline, own)
    answer = init(pipeline, ".", "--no-input")
    listed = actions(answer)
    assert listed["mltools.yaml"] == "keep"
    assert listed[".github/workflows/mltools.yml"] == "differs"
    assert ".github/workflows/mltools.yml (yours; left as it is)" in answer.out
    for path, text in own.items():
        assert (pipeline / path).read_text() == text


def test_changes_of_the_user_are_neither_staged_nor_committed(pipeline: Path) -> None:
    (pipeline / "train.py").write_text("print('mine')\n")
    (pipeline / "new.txt").write_text("mine\n")
    git(pipeline, "add", "new.txt")
    init(pipeline, ".", "--no-input")
    assert git(pipeline, "diff", "--cached", "--name-only") == "new.txt"
    assert git(pipeline, "diff", "--name-only").split("\n") == [".gitignore", "train.py"]


@pytest.mark.parametrize("place", ["pipeline", "src/new/deep", "$(touch x)"])
@pytest.mark.parametrize("options", [["--no-input"], [], ["--dry-run"]])
def test_a_project_inside_a_project_is_refused(pipeline: Path, place: str, options: list[str]) -> None:
    commit(pipeline, {"mltools.yaml": "schema: 1\n", "pipeline/dvc.yaml": PIPELINE})
    before = snapshot(pipeline)
    answer = init(pipeline, place, *options, code=2)
    assert f"error: {pipeline / place} lies inside the project at {pipeline}\n" in answer.err
    assert "hint: to add to that project, work in it" in answer.err
    assert snapshot(pipeline) == before


def test_beside_a_project_and_in_a_repository_within_it_a_project_is_made(repo: Path) -> None:
    commit(repo, {"a/mltools.yaml": "schema: 1\n", "a/dvc.yaml": PIPELINE})
    init(repo, "b", "--no-input", "--no-git")
    init(repo / "a", "../c", "--no-input", "--no-git")
    init(repo / "a", ".", "--no-input", "--no-git")
    make_repo(repo / "a/vendored")
    init(repo, "a/vendored", "--no-input", "--no-git")
    assert all((repo / name / "mltools.yaml").is_file() for name in ("b", "c", "a", "a/vendored"))


def test_a_monorepo_keeps_one_dvc_repository(tmp_path: Path) -> None:
    repo = make_repo(
        tmp_path / "mono",
        {
            ".dvc/config": "",
            "a/dvc.yaml": PIPELINE,
            "a/train.py": "",
            "b/dvc.yaml": "stages: {x: {cmd: 'true'}}\nartifacts: {one: {path: a}, two: {path: b}}\n",
        },
    )
    for name in ("a", "b"):
        init(repo, name, "--no-input")
    assert not (repo / "a/.dvc").exists()
    one, two = config(repo / "a"), config(repo / "b")
    assert one.release is not None
    assert two.release is None
    assert "one, two" in (repo / "b/mltools.yaml").read_text()
    names = {path.name for path in (repo / ".github/workflows").iterdir()}
    assert {"mltools-a.yml", "mltools-b.yml"} <= names
    assert two.ci is not None
    assert two.ci.requirements is None


def test_a_repository_on_master_is_compared_with_master(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"dvc.yaml": PIPELINE, ".dvc/config": ""})
    git(repo, "branch", "-m", "master")
    git(repo, "switch", "-q", "-c", "feature")
    init(repo, ".", "--no-input")
    assert config(repo).compare.base == "master"


@pytest.mark.parametrize("name", ["Churn", "my_model", "team/churn"])
def test_a_model_whose_name_cannot_be_released_is_left_to_the_user(pipeline: Path, name: str) -> None:
    (pipeline / "dvc.yaml").write_text(PIPELINE.replace("churn:", f"{name}:"))
    init(pipeline, ".", "--no-input")
    assert config(pipeline).release is None
    assert name in (pipeline / "mltools.yaml").read_text()


def test_hostile_names_of_metrics_and_data_stay_in_their_comments(pipeline: Path) -> None:
    scores = {"auc\ngates: [x]": 0.5, "<% x %>": 1, "`f1` # :": 0.1, "日本": 2}
    (pipeline / "scores.json").write_text(json.dumps(scores))
    init(pipeline, ".", "--no-input")
    assert config(pipeline).gates == ()


@pytest.mark.parametrize(
    ("metric", "better"),
    [
        ("test.roc_auc", "higher"),
        ("f1", "higher"),
        ("val_loss", "lower"),
        ("log_loss", "lower"),
        ("test.f1_score.mean", "higher"),
        ("rmse", "lower"),
        ("error_rate", "lower"),
        ("eval.MAE", "lower"),
        ("r2", "higher"),
        ("mean_average_precision", "higher"),
        ("rows", None),
        ("", None),
        ("日本", None),
    ],
)
def test_the_good_direction_of_known_metrics_is_known(metric: str, better: str | None) -> None:
    assert adopted.direction(metric) == better


def test_a_hook_of_the_users_own_is_kept_and_chaining_is_explained(pipeline: Path) -> None:
    hook = pipeline / ".git/hooks/pre-push"
    hook.write_text("#!/bin/sh\nexit 0\n")
    answer = init(pipeline, ".", "--no-input")
    assert hook.read_text() == "#!/bin/sh\nexit 0\n"
    assert "warning: this repository has a pre-push hook of its own" in answer.err
    assert "mltools data push --hook" in answer.err


def test_hooks_that_are_kept_elsewhere_are_left_alone(pipeline: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    git(pipeline, "config", "core.hooksPath", str(shared))
    answer = init(pipeline, ".", "--no-input")
    assert not list(shared.iterdir())
    assert not (pipeline / ".git/hooks/pre-push").exists()
    assert "core.hooksPath" in answer.err


def test_in_a_worktree_the_hook_goes_where_git_looks(pipeline: Path, tmp_path: Path) -> None:
    git(pipeline, "worktree", "add", "-q", str(tmp_path / "tree"))
    init(tmp_path / "tree", ".", "--no-input")
    assert (pipeline / ".git/hooks/pre-push").is_file()
    assert (tmp_path / "tree/mltools.yaml").is_file()


# What can be wrong


def test_a_directory_with_other_things_outside_git_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo/notes.txt").write_text("mine\n")
    answer = init(tmp_path, "demo", "--no-input", code=2)
    assert f"{tmp_path}/demo is not empty" in answer.err
    assert "hint: name a new directory" in answer.err


def test_a_file_is_no_place_for_a_project(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("mine\n")
    assert "is a file" in init(tmp_path, "demo", "--no-input", code=2).err
    assert f"{tmp_path}/demo is a file" in init(tmp_path, "demo/below", "--no-input", code=2).err
    assert (tmp_path / "demo").read_text() == "mine\n"


def test_an_unknown_template_is_answered_with_the_nearest(tmp_path: Path) -> None:
    answer = init(tmp_path, "demo", "--template", "tabular-clasification", "--no-input", code=2)
    assert "no template 'tabular-clasification'" in answer.err
    assert "did you mean 'tabular-classification'?" in answer.err
    assert "tabular-regression" in answer.err
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize("template", ["_tabular", "../ci", "", "/etc"])
def test_only_templates_are_templates(tmp_path: Path, template: str) -> None:
    init(tmp_path, "demo", "--template", template, "--no-input", code=2)


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "a\x1b[31m", "x" * 81, "\u202e"])
def test_a_name_that_cannot_stand_in_a_title_is_refused(tmp_path: Path, name: str) -> None:
    answer = init(tmp_path, "demo", f"--name={name}", "--no-input", code=2)
    assert "is no name for a project" in answer.err
    assert "--name" in answer.err
    assert not (tmp_path / "demo").exists()


def test_a_template_is_not_laid_over_a_pipeline(pipeline: Path) -> None:
    before = snapshot(pipeline)
    answer = init(pipeline, ".", "--template", "tabular-regression", "--no-input", code=2)
    assert "has a pipeline already" in answer.err
    assert snapshot(pipeline) == before


def test_a_pipeline_outside_git_is_sent_to_git_init(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    answer = init(tmp_path, ".", "--no-input", code=3)
    assert "hint: mltools keeps every fact in Git: run `git init` first" in answer.err


@pytest.mark.parametrize("text", ["stages: [\n", "stages:\n\ttrain: x\n", "stages: 3\n"])
def test_a_broken_pipeline_is_named_with_its_line(pipeline: Path, text: str) -> None:
    (pipeline / "dvc.yaml").write_text(text)
    before = snapshot(pipeline)
    answer = init(pipeline, ".", "--no-input", code=2)
    assert "error: dvc.yaml:" in answer.err
    assert snapshot(pipeline) == before


def test_an_existing_policy_that_is_wrong_is_named_with_its_line(pipeline: Path) -> None:
    (pipeline / "mltools.yaml").write_text("schema: 1\ngate: []\n")
    assert "mltools.yaml:2: unknown key 'gate'; did you mean 'gates'?" in init(pipeline, ".", code=2).err


def test_a_bare_repository_is_no_place_for_a_project(remote: Path) -> None:
    before = snapshot(remote)
    init(remote, ".", "--no-input", code=2)
    init(remote, "sub", "--no-input", "--dry-run")
    assert snapshot(remote) == before


def test_nothing_is_written_through_a_link_that_leads_outside(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": "a"})
    (tmp_path / "outside").mkdir()
    (repo / "data").symlink_to(tmp_path / "outside")
    answer = init(repo, ".", "--no-input", code=2)
    assert "leads out of" in answer.err
    assert not list((tmp_path / "outside").iterdir())


@pytest.mark.skipif(RUNNING_AS_ROOT, reason="root may write everywhere")
def test_a_directory_without_permission_is_named(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o555)
    answer = init(tmp_path, "locked/demo", "--no-input", code=3)
    assert f"cannot make {tmp_path}/locked/demo" in answer.err


@pytest.fixture
def no_commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Git on the PATH whose `commit` fails, after all the rest was made."""
    monkeypatch.setenv("PATH", fake_git(tmp_path, "echo 'no commits today' >&2"))


def fake_git(tmp_path: Path, on_commit: str) -> str:
    """A PATH on which `git commit` does something else and fails."""
    fake = tmp_path / "bin"
    fake.mkdir()
    real = next(p for p in os.environ["PATH"].split(os.pathsep) if (Path(p) / "git").exists())
    script = f'#!/bin/sh\ncase " $* " in *" commit "*) {on_commit}; exit 1;; esac\nexec {real}/git "$@"\n'
    (fake / "git").write_text(script)
    (fake / "git").chmod(0o755)
    return f"{fake}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.usefixtures("no_commits")
def test_a_failure_half_way_leaves_no_new_directory(tmp_path: Path) -> None:
    answer = init(tmp_path, "a/demo", "--no-input", code=3)
    assert "no commits today" in answer.err
    assert not (tmp_path / "a").exists()


@pytest.mark.usefixtures("no_commits")
def test_a_failure_half_way_leaves_an_empty_directory_empty(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    init(tmp_path, "demo", "--no-input", code=3)
    assert not list((tmp_path / "demo").iterdir())


@pytest.mark.slow
def test_an_interrupt_half_way_leaves_nothing(tmp_path: Path) -> None:
    stopping = fake_git(tmp_path, "kill -TERM $PPID")
    answer = mltools(tmp_path, "init", "demo", "--no-input", env={"PATH": stopping})
    assert answer.code == 130, answer.err
    assert not (tmp_path / "demo").exists()


def test_a_failure_half_way_leaves_a_repository_as_it_was(repo: Path) -> None:
    commit(repo, {".gitignore": "*.log\n"})
    (repo / ".git/refs/mltools").write_text("in the way of the objects' ref\n")
    before = snapshot(repo)
    init(repo, ".", "--no-input", code=3)
    after = snapshot(repo)
    assert {path for path in after if not path.startswith(".git/")} == {
        path for path in before if not path.startswith(".git/")
    }
    assert (repo / ".gitignore").read_text() == "*.log\n"
    assert not (repo / ".git/hooks/pre-push").exists()


def test_the_plan_is_made_of_values_and_touches_nothing(tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    plan = scaffold.plan(tmp_path / "demo", Wish(install="mltools-gitops==1.0.0"))
    assert snapshot(tmp_path) == before
    assert plan.git_init
    assert plan.dvc_init
    assert plan.commit
    assert {step.action for step in plan.steps} == {Action.CREATE}
    with pytest.raises(UsageError):
        scaffold.plan(tmp_path / "demo", Wish(name="\n", install="x"))


# On a terminal


def test_a_terminal_is_asked_what_matters_and_enter_takes_the_default(tmp_path: Path) -> None:
    said = on_a_terminal(tmp_path, "demo", "--no-git", answers="\n\n\n")
    assert "Name of the project [demo]" in said
    assert "Template (tabular-classification, tabular-regression) [tabular-classification]" in said
    assert "Workflows for (github, none) [github]" in said
    assert (tmp_path / "demo/dvc.yaml").is_file()


def test_a_terminals_answers_count(tmp_path: Path) -> None:
    on_a_terminal(tmp_path, "demo", "--no-git", answers="My Project\ntabular-regression\nnone\n")
    assert (tmp_path / "demo/README.md").read_text().startswith("# My Project\n")
    assert config(tmp_path / "demo").ci is None


def test_what_an_option_says_is_not_asked(tmp_path: Path) -> None:
    said = on_a_terminal(
        tmp_path, "demo", "--no-git", "--name=N", "--template=tabular-regression", "--ci=none", answers=""
    )
    assert "Template" not in said
    assert "Made" in said


def test_a_terminal_is_asked_whether_a_project_inside_a_project_is_meant(pipeline: Path) -> None:
    commit(pipeline, {"mltools.yaml": "schema: 1\n"})
    wanted = ("inner", "--no-git", "--name=N", "--template=tabular-regression", "--ci=none")
    said = on_a_terminal(pipeline, *wanted, answers="\n", code=2)
    assert f"warning: {pipeline / 'inner'} lies inside the project at {pipeline}\n" in said
    assert "Make a project of its own there all the same? [y/N]" in said
    assert "error: nothing was made" in said
    assert not (pipeline / "inner").exists()
    on_a_terminal(pipeline, *wanted, answers="y\n")
    assert (pipeline / "inner/mltools.yaml").is_file()


def test_no_input_asks_nothing_on_a_terminal(tmp_path: Path) -> None:
    assert "Name of the project" not in on_a_terminal(tmp_path, "demo", "--no-git", "--no-input", answers="")


def on_a_terminal(cwd: Path, *args: str, answers: str, code: int = 0) -> str:
    """What `mltools init ARGS` shows on a pseudo-terminal on which these answers are typed."""
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execv(sys.executable, [sys.executable, "-m", "mltools", "init", *args])
    os.write(terminal, answers.encode())
    said = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the other side was closed
            break
        if not piece:
            break
        said += piece
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    text = said.decode().replace("\r\n", "\n")
    assert os.waitstatus_to_exitcode(status) == code, text
    return text
