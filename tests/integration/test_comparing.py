"""Snapshots of revisions and of the working tree, and `mltools compare`; real Git, no DVC."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mltools import comparing
from mltools.core.comparison import Snapshot
from mltools.edges.git.read import Repository
from mltools.errors import ConfigError, DataError, RepositoryError
from tests.support import Result, commit, git, make_repo, mltools

DVC_YAML = """\
stages:
  train:
    cmd: train
    deps: [data.csv]
    params: [train, {other.toml: [opt.name]}]
    outs: [model]
    metrics: [{metrics.json: {cache: false}}, cached.yaml]
params: [whole.yaml]
"""
CACHED = "deep:\n  loss: 0.25\n  no: 1e-3\n"


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def lock(cached: str = CACHED, model: str = "m", **more: Any) -> str:
    outs = [
        {"path": "metrics.json", "hash": "md5", "md5": "0" * 32, "size": 1},
        {"path": "cached.yaml", "hash": "md5", "md5": md5(cached), "size": len(cached)},
        {"path": "model", "hash": "md5", "md5": md5(model) + ".dir", "size": 5000, "nfiles": 2},
    ]
    deps = [{"path": "data.csv", "hash": "md5", "md5": md5("data"), "size": 4}]
    entry = {
        "cmd": "train",
        "deps": deps,
        "params": {"params.yaml": {"train": {"lr": 1}}},
        "outs": outs,
        **more,
    }
    return json.dumps({"schema": "2.0", "stages": {"train": entry}})


def project(prefix: str = "", **changed: str) -> dict[str, str]:
    files = {
        "dvc.yaml": DVC_YAML,
        "dvc.lock": lock(),
        "params.yaml": "train: {lr: 0.1, layers: [8, 4]}\nunused: yes\n",
        "other.toml": '[opt]\nname = "adam"\nbeta = 0.9\n',
        "whole.yaml": "x: 1\n",
        "metrics.json": '{"test": {"auc": 0.9, "n": 10}}',
        **changed,
    }
    return {f"{prefix}{name}": text for name, text in files.items()}


def store(root: Path, text: str) -> None:
    """Put a content into DVC's cache."""
    place = root / ".dvc/cache/files/md5" / md5(text)[:2] / md5(text)[2:]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project whose cached metrics are in the cache; branch `change` differs from main."""
    root = make_repo(tmp_path / "project", {**project(), ".gitignore": "/.dvc/cache\n/cached.yaml\n"})
    store(root, CACHED)
    return root


def at(root: Path, rev: str, prefix: str = "") -> Snapshot:
    return comparing.snapshot(Repository.find(root), prefix, rev)


def here(root: Path) -> Snapshot:
    return comparing.snapshot_worktree(comparing.locate(root))


METRICS: Mapping[str, Any] = {
    "metrics.json": {"test.auc": 0.9, "test.n": 10},
    "cached.yaml": {"deep.loss": 0.25, "deep.no": 0.001},
}


def test_a_revision_is_read_without_its_files_being_there(root: Path) -> None:
    git(root, "rm", "-q", "-r", ".")
    found = at(root, "main")
    assert found.metrics_by_file == METRICS
    assert found.metrics == {"test.auc": 0.9, "test.n": 10, "deep.loss": 0.25, "deep.no": 0.001}
    assert found.params_by_file == {
        "params.yaml": {"train.lr": 0.1, "train.layers.0": 8, "train.layers.1": 4, "unused": "yes"},
        "other.toml": {"opt.name": "adam"},
        "whole.yaml": {"x": 1},
    }
    assert list(found.stages) == ["train"]
    assert {path: (file.role, file.file.size) for path, file in found.files.items()} == {
        "data.csv": ("input", 4),
        "metrics.json": ("output", 1),
        "cached.yaml": ("output", len(CACHED)),
        "model": ("output", 5000),
    }
    assert (found.name, found.commit, found.problems) == ("main", git(root, "rev-parse", "main"), ())


def test_the_working_tree_is_read_as_it_stands(root: Path) -> None:
    (root / "metrics.json").write_text('{"test": {"auc": 0.95}}')
    (root / "cached.yaml").write_text("deep: {loss: 0.1}\n")
    found = here(root)
    assert found.metrics == {"test.auc": 0.95, "deep.loss": 0.1}
    assert (found.name, found.commit) == ("working tree", None)


def test_each_revision_s_own_dvc_yaml_says_which_files_are_metrics(root: Path) -> None:
    new = DVC_YAML.replace("metrics.json", "scores.json").replace(", cached.yaml", "")
    commit(root, {"dvc.yaml": new, "scores.json": '{"auc": 0.99}'})
    assert at(root, "main").metrics == {"auc": 0.99}
    assert at(root, "main~1").metrics_by_file == METRICS


def test_a_project_below_the_top_is_read_by_its_own_paths(tmp_path: Path) -> None:
    root = make_repo(
        tmp_path / "mono", {**project("a/b/"), **project("c/", **{"metrics.json": '{"other": 1}'})}
    )
    store(root, CACHED)
    found = at(root, "main", "a/b/")
    assert found.metrics_by_file == METRICS
    assert set(found.files) == {"data.csv", "metrics.json", "cached.yaml", "model"}
    place = comparing.locate(root / "a/b")
    assert (place.root, place.prefix) == (root / "a/b", "a/b/")
    assert comparing.snapshot_worktree(place).metrics_by_file == METRICS
    (root / "a/b/deeper").mkdir()
    assert comparing.locate(root / "a/b/deeper").prefix == "a/b/"


def test_cached_metrics_that_are_not_here_are_a_problem_and_never_silent(root: Path) -> None:
    store(root, CACHED)
    for path in (root / ".dvc/cache").rglob("*"):
        if path.is_file():
            path.write_text("damaged")
    found = at(root, "main")
    assert found.metrics == {"test.auc": 0.9, "test.n": 10}
    (problem,) = found.problems
    assert problem.startswith(
        f"cached.yaml at main: its content is kept by DVC (md5 {md5(CACHED)}) and is not here"
    )
    assert "mltools data pull" in problem


def test_cached_metrics_are_found_in_the_project_s_store_in_git(root: Path) -> None:
    for path in (root / ".dvc/cache").rglob("*"):
        path.unlink() if path.is_file() else None
    (root / "object").write_text(CACHED)
    oid = git(root, "hash-object", "-w", "object")
    index = {"GIT_INDEX_FILE": str(root / ".git/store-index")}
    name = f"md5/{md5(CACHED)[:2]}/{md5(CACHED)[2:]}"
    git(root, "update-index", "--add", "--cacheinfo", f"100644,{oid},{name}", env=index)
    tree = git(root, "write-tree", env=index)
    git(root, "update-ref", "refs/mltools/objects", git(root, "commit-tree", "-m", "objects", tree))
    assert at(root, "main").metrics_by_file == METRICS
    bare = root.parent / "bare.git"
    git(root, "clone", "-q", "--bare", str(root), str(bare))
    git(bare, "fetch", "-q", str(root), "refs/mltools/objects:refs/mltools/objects")
    assert at(bare, "main").metrics_by_file == METRICS


def test_metrics_in_a_directory_are_read_from_git_from_disk_and_from_the_cache(tmp_path: Path) -> None:
    text = "stages: {a: {cmd: x, metrics: [scores, {plain: {cache: false}}]}}\n"
    inner = '{"k": 1}'
    listing = json.dumps([{"md5": md5(inner), "relpath": "deep/one.json"}])
    entry = {"cmd": "x", "outs": [{"path": "scores", "hash": "md5", "md5": md5(listing) + ".dir"}]}
    root = make_repo(
        tmp_path / "p",
        {
            "dvc.yaml": text,
            "dvc.lock": json.dumps({"schema": "2.0", "stages": {"a": entry}}),
            "plain/two.json": '{"k": 2}',
        },
    )
    store(root, inner)
    place = root / ".dvc/cache/files/md5" / md5(listing)[:2] / (md5(listing)[2:] + ".dir")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(listing)
    expected = {"scores/deep/one.json:k": 1, "plain/two.json:k": 2}
    assert at(root, "main").metrics == expected
    (root / "scores/deep").mkdir(parents=True)
    (root / "scores/deep/one.json").write_text('{"k": 3}')
    assert here(root).metrics == {**expected, "scores/deep/one.json:k": 3}


def test_declared_metrics_that_were_never_written_are_a_problem(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "p", {"dvc.yaml": DVC_YAML})
    found = at(root, "main")
    assert found.metrics == {}
    assert found.problems[0] == "metrics.json at main: dvc.yaml declares it, and it is not there"
    assert len(found.problems) == 5


def test_metrics_that_dvc_does_not_keep_and_nobody_committed_are_a_problem(root: Path) -> None:
    git(root, "rm", "-q", "metrics.json")
    git(root, "commit", "-q", "-m", "forget")
    assert at(root, "main").problems == ("metrics.json at main: dvc.yaml declares it, and it is not there",)


def test_a_revision_without_a_pipeline_holds_nothing(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "p", {"README.md": "x\n"})
    assert at(root, "main").metrics == {}
    assert at(root, "main").problems == ()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("metrics.json", "{", "metrics.json at main:1: not valid JSON"),
        ("metrics.json", '{"a": 1}\n<<<<<<< HEAD\n', "metrics.json at main:2: not valid JSON"),
        ("metrics.json", '{"test": {"auc": NaN}}', "metrics.json at main: test.auc is NaN"),
        ("metrics.json", '{"loss": [1, -Infinity]}', "metrics.json at main: loss.1 is -Infinity"),
        ("metrics.json", '{"loss": 1e999}', "metrics.json at main: loss is Infinity"),
        ("metrics.json", "[" * 100_000, "metrics.json at main: nested too deeply"),
        ("metrics.json", json.dumps(dict.fromkeys(map(str, range(30_000)), 1)), "metrics.json at main: 30,000 values"),
        ("metrics.json", "\xff", "metrics.json at main:1: not valid JSON"),
        ("params.yaml", "a: [\n", "params.yaml at main:2: not valid YAML"),
        ("params.yaml", "just text\n", "params.yaml at main: expected keys and values, got str"),
        ("other.toml", "a = \n", "other.toml at main: not valid TOML"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_understood_is_named_with_its_revision(
    root: Path, name: str, text: str, message: str
) -> None:
    commit(root, {name: text})
    kind, code = (DataError, 3) if name == "metrics.json" else (ConfigError, 2)
    with pytest.raises(kind) as caught:
        at(root, "main")
    assert caught.value.message.startswith(message)
    assert caught.value.exit_code == code
    with pytest.raises(kind) as caught:
        here(root)
    assert caught.value.message.startswith(message.replace(" at main", ""))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("dvc.yaml", "stages: [\n", "dvc.yaml at main:2: not valid YAML"),
        ("dvc.yaml", "stages:\n  a: {}\n", "dvc.yaml at main:2: stage 'a' has no cmd"),
        ("dvc.lock", "<<<<<<< HEAD\nschema: '2.0'\n=======\n", "dvc.lock at main:1: merge conflict"),
    ],
)
def test_a_broken_pipeline_is_named_with_its_revision(root: Path, name: str, text: str, message: str) -> None:
    commit(root, {name: text})
    with pytest.raises(ConfigError) as caught:
        at(root, "main")
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.93", {"metrics": 0.93}),
        ("{}", {}),
        ("[0.5, 0.6]", {"0": 0.5, "1": 0.6}),
        ('{"a": null, "b": true, "c": "0.9", "d": {}}', {"a": None, "b": True, "c": "0.9"}),
        ('\ufeff{"a": 1}', {"a": 1}),
    ],
)
def test_odd_metrics_are_read(root: Path, text: str, values: dict[str, Any]) -> None:
    commit(root, {"metrics.json": text})
    assert at(root, "main").metrics_by_file["metrics.json"] == values


def test_params_that_are_no_numbers_of_json_become_words(root: Path) -> None:
    commit(root, {"params.yaml": "train: {a: .nan, b: .inf, c: 2020-01-01}\n"})
    assert at(root, "main").params_by_file["params.yaml"] == {
        "train.a": "NaN", "train.b": "Infinity", "train.c": "2020-01-01",
    }  # fmt: skip


def test_params_in_python_are_said_to_be_dvc_s(root: Path) -> None:
    commit(root, {"dvc.yaml": DVC_YAML.replace("whole.yaml", "params.py"), "params.py": "x = 1\n"})
    assert at(root, "main").problems == ("params.py at main: params written in Python are read by DVC alone",)


def test_the_base_branch_is_the_remote_s_unless_the_local_one_is_ahead(root: Path) -> None:
    place = comparing.locate(root)
    assert comparing.base_branch(place) == "main"
    remote = make_repo(root.parent / "remote.git", bare=True)
    git(root, "remote", "add", "origin", str(remote))
    git(root, "push", "-q", "origin", "main")
    assert comparing.base_branch(place) == "origin/main"
    commit(root, {"x": "1"})
    assert comparing.base_branch(place) == "main"
    git(root, "push", "-q", "origin", "main")
    git(root, "reset", "-q", "--hard", "HEAD~1")
    assert comparing.base_branch(place) == "origin/main"
    (root / "mltools.yaml").write_text("schema: 1\ncompare: {base: develop}\n")
    assert comparing.base_branch(place) == "develop"


# The command.


def compare(root: Path, *args: str) -> Result:
    return mltools(root, "compare", *args)


def changed(root: Path) -> None:
    commit(
        root,
        {
            "metrics.json": '{"test": {"auc": 0.95, "n": 10}}',
            "params.yaml": "train: {lr: 0.2, layers: [8, 4]}\nunused: yes\n",
            "dvc.lock": lock(model="other"),
        },
    )


def test_compare_shows_what_changed(root: Path) -> None:
    git(root, "checkout", "-q", "-b", "change")
    changed(root)
    result = compare(root)
    assert result.code == 0
    assert result.err == ""
    short = git(root, "rev-parse", "--short=8", "main")
    assert result.out == (
        f"main ({short}) -> working tree\n\n"
        "metrics\n  test.auc  0.9  ->  0.95  +0.05  +5.56%\n\n"
        "params\n  train.lr  0.1  ->  0.2\n\n"
        "stages\n  train  changed\n\n"
        "files\n  model  output  5 kB in 2 files  changed\n\n"
        "unchanged: 3 metrics, 5 params, 3 files\n"
    )


def test_compare_takes_two_revisions_and_everything(root: Path) -> None:
    git(root, "checkout", "-q", "-b", "change")
    changed(root)
    git(root, "checkout", "-q", "main")
    tree = compare(root, "main", "change", "--json").json
    assert (tree["base"]["name"], tree["head"]["name"]) == ("main", "change")
    auc = next(metric for metric in tree["metrics"] if metric["name"] == "test.auc")
    assert auc["kind"] == "changed"
    assert auc["change"] == pytest.approx(0.05)
    assert "unchanged" not in compare(root, "main", "change", "--all").out


def test_compare_warns_of_what_cannot_be_had_and_still_compares(root: Path) -> None:
    commit(root, {"dvc.lock": lock("elsewhere: 1\n")})
    result = compare(root, "main~1", "main")
    assert result.code == 0
    assert "removed" in result.out
    assert result.err.startswith("warning: cached.yaml at main: its content is kept by DVC")
    assert compare(root, "main~1", "main", "--json").json["problems"]


@pytest.mark.parametrize("rev", ["nope", "-x", "--all=1", "$(touch x)", "main:", "", "HEAD~99"])
def test_an_unknown_revision_is_told(root: Path, rev: str) -> None:
    result = compare(root, "--", rev)
    assert result.code == 3
    assert result.err.splitlines()[0] == f"error: unknown revision {rev!r}"
    assert result.err.splitlines()[1].startswith("hint: ")
    assert not (root / "x").exists()


@pytest.mark.parametrize("branch", ["feat/ü|x", "$(touch-x)", "a;b", "HEAD-2"])
def test_branches_may_be_called_anything(root: Path, branch: str) -> None:
    git(root, "branch", branch)
    assert compare(root, branch).code == 0


def test_a_shallow_clone_that_has_the_base_is_enough(root: Path) -> None:
    git(root, "branch", "base")
    changed(root)
    clone = root.parent / "clone"
    url = root.as_uri()
    git(root.parent, "clone", "-q", "--depth=1", "--branch", "main", url, str(clone))
    result = compare(clone, "base")
    assert result.code == 3
    assert result.err == (
        "error: unknown revision 'base'\n"
        "hint: this clone is shallow: `git fetch --depth=1 origin base` brings that revision\n"
    )
    assert "`git fetch --unshallow` brings the rest" in compare(clone, "origin/main~1").err
    git(clone, "fetch", "-q", "--depth=1", "origin", "base:refs/remotes/origin/base")
    store(clone, CACHED)
    assert "test.auc  0.9  ->  0.95" in compare(clone, "base").out


def test_compare_outside_a_project_and_outside_git_says_so(tmp_path: Path) -> None:
    result = compare(tmp_path)
    assert result.code == 3
    assert "is not inside a Git repository" in result.err
    result = compare(make_repo(tmp_path / "empty", {"README.md": "x\n"}))
    assert result.code == 2
    assert "neither mltools.yaml nor dvc.yaml" in result.err
    with pytest.raises(RepositoryError, match="bare"):
        comparing.locate(make_repo(tmp_path / "bare.git", bare=True))


def test_compare_before_the_first_commit_says_so(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "new")
    (root / "dvc.yaml").write_text(DVC_YAML)
    result = compare(root)
    assert result.code == 3
    assert result.err.startswith("error: unknown revision 'main'")


def test_compare_writes_nothing(root: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}
    assert compare(root).code == 0
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()} == before


def test_compare_loads_nothing_heavy(root: Path) -> None:
    import subprocess
    import sys

    program = (
        "import sys; from mltools.cli.app import invoke; code = invoke(['compare', 'main']); "
        "heavy = {'pydantic', 'git', 'duckdb', 'pandas', 'numpy', 'requests', 'jinja2', 'dvc', 'rich'}; "
        "print(sorted(heavy & {name.partition('.')[0] for name in sys.modules})); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
