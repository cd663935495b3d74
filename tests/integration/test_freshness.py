"""The clean check against DVC itself, on one project changed in many ways."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mltools.edges import dvc, dvcfiles, freshness
from mltools.edges.freshness import Changed, Clean, Freshness, Unsure
from mltools.edges.git.read import Repository
from tests.support import commit, git, make_repo

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

DVC_YAML = """\
stages:
  prepare:
    desc: split the rows
    cmd:
      - mkdir -p prepared/deep
      - cp data/raw.csv prepared/a.csv; cp data/raw.csv "prepared/deep/b c.csv"
    deps: [src/prepare.py, data/raw.csv]
    params: [prepare, split.ratio]
    outs: [prepared]
  train:
    cmd: >-
      cat prepared/a.csv conf/one.ini > model.txt;
      mkdir -p logs; echo log > logs/log.txt;
      echo '{"auc": 0.5}' > metrics.json
    deps: [prepared, conf, link.txt]
    params:
      - train.lr
      - train.layers
      - other.yaml:
      - hyper.toml: [opt.name, opt.beta]
      - hyper.json: [a.b]
    outs:
      - model.txt
      - logs: {persist: true}
    metrics:
      - metrics.json: {cache: false}
  judge:
    wdir: sub
    cmd: cp ../model.txt out.txt; cp ../model.txt roc.csv
    deps: [../model.txt, "input ü.txt"]
    outs: [out.txt]
    plots: [roc.csv: {cache: false}]
  made:
    cmd: echo made > made.txt
    outs: [made.txt]
"""
FILES = {
    "dvc.yaml": DVC_YAML,
    "params.yaml": "prepare: {seed: 1, name: x}\nsplit: {ratio: 0.2}\ntrain:\n  lr: 1e-3\n  layers: [1, 2]\n  unused: 1\n",
    "other.yaml": "whole: {file: yes}\nratio: 0.5\n",
    "hyper.toml": '[opt]\nname = "adam"\nbeta = 0.9\n',
    "hyper.json": '{"a": {"b": 1}, "c": 2}',
    "src/prepare.py": "print('prepare')\n",
    "conf/one.ini": "[one]\n",
    "conf/two.ini": "[two]\n",
    "real.txt": "linked\n",
    "sub/input ü.txt": "input\n",
    "data/raw.csv": "a,b\n1,2\n",
    ".gitignore": "/.mltools/\n",
}


def nothing(_: object) -> None:
    """What listens to events nobody wants, and changes a project in no way."""


def make_project(root: Path, files: dict[str, str]) -> Path:
    make_repo(root)
    dvc.init(root, environ=os.environ)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path_factory.mktemp("site")))
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "A Tester")
            patch.setenv(f"GIT_{role}_EMAIL", "tester@example.com")
        root = make_project(tmp_path_factory.mktemp("pristine"), FILES)
        (root / "link.txt").symlink_to("real.txt")
        dvc.add(root, "data/raw.csv", environ=os.environ)
        done = dvc.repro(root, nothing, environ=os.environ)
        assert [stage.state for stage in done.stages] == ["ran"] * 4
        commit(root, {})
    return root


@pytest.fixture
def project(pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    shutil.copytree(pristine, root, symlinks=True)
    monkeypatch.chdir(root)
    return root


def ours(root: Path, prefix: str = "") -> Freshness:
    return freshness.changed(
        root,
        repository=Repository.find(root),
        prefix=prefix,
        pipeline=dvcfiles.pipeline_from((root / "dvc.yaml").read_bytes(), "dvc.yaml"),
        lock=dvcfiles.read_lock(root),
        environ=os.environ,
        store=root / ".mltools" / "cache" / "hashes.json",
    )


def theirs(root: Path) -> str:
    """`clean`, `changed` or `error`, as `dvc status` and a dry `dvc repro` have it."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.utils.strictyaml import YAMLValidationError

    try:
        with Repo(str(root)) as repo:
            status = repo.status()
            todo = repo.reproduce(dry=True) if not status else []
    except (DvcException, YAMLValidationError, OSError):
        return "error"
    assert not todo
    return "changed" if status else "clean"


Change = Callable[[Path], object]


def edit(name: str, old: str, new: str) -> Change:
    def change(root: Path) -> None:
        text = (root / name).read_text()
        assert old in text
        (root / name).write_text(text.replace(old, new))

    return change


def write(name: str, text: str) -> Change:
    def change(root: Path) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)

    return change


def remove(name: str) -> Change:
    def change(root: Path) -> None:
        path = root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return change


def both(*changes: Change) -> Change:
    def change(root: Path) -> None:
        for each in changes:
            each(root)

    return change


def objects(root: Path) -> Iterator[Path]:
    return (path for path in (root / ".dvc/cache/files/md5").rglob("*") if path.is_file())


def cached(root: Path, md5: str) -> Path:
    return root / ".dvc/cache/files/md5" / md5[:2] / md5[2:]


def locked(root: Path, stage: str, path: str) -> str:
    files = {file.path: file for file in dvcfiles.read_lock(root).stages[stage].outs}
    return str(files[path].md5)


def drop_object(stage: str, path: str) -> Change:
    return lambda root: cached(root, locked(root, stage, path)).unlink()


def drop_member(root: Path) -> None:
    listing = json.loads(cached(root, locked(root, "prepare", "prepared")).read_bytes())
    cached(root, listing[0]["md5"]).unlink()


def damage_object(mode: int) -> Change:
    def change(root: Path) -> None:
        path = cached(root, locked(root, "train", "model.txt"))
        path.chmod(0o644)
        path.write_text("damaged\n")
        path.chmod(mode)

    return change


def unprotect_all(root: Path) -> None:
    for path in objects(root):
        path.chmod(0o644)


def touch(root: Path) -> None:
    for path in root.rglob("*"):
        if ".git" not in path.parts and ".dvc" not in path.parts and path.is_file():
            path.touch()


def track_and_change(root: Path) -> None:
    (root / "extra.txt").write_text("x")
    dvc.add(root, "extra.txt", environ=os.environ)
    (root / "extra.txt").write_text("y")


SAME: dict[str, Change] = {
    "nothing": nothing,
    "files touched": touch,
    "an unrelated param": edit("params.yaml", "unused: 1", "unused: 2"),
    "an unrelated key of JSON": edit("hyper.json", '"c": 2', '"c": 3'),
    "comments in params": edit("params.yaml", "train:\n", "# the model\ntrain:\n"),
    "a float written otherwise": edit("params.yaml", "1e-3", "0.001"),
    "an int for an equal float": edit("hyper.toml", "beta = 0.9", "beta = 0.90"),
    "params in another order": edit("params.yaml", "seed: 1, name: x", "name: x, seed: 1"),
    "an unrelated file": write("unrelated.txt", "x"),
    "an executable input": lambda root: (root / "src/prepare.py").chmod(0o755),
    "an executable output": lambda root: (root / "model.txt").chmod(0o755),
    "a dependency no longer declared": edit("dvc.yaml", "[prepared, conf, link.txt]", "[prepared, conf]"),
    "a param no longer declared": edit("dvc.yaml", "      - train.layers\n", ""),
    "an output no longer declared": edit("dvc.yaml", "      - logs: {persist: true}\n", ""),
    "a stage no longer declared": edit("dvc.yaml", "  made:\n    cmd: echo made > made.txt\n    outs: [made.txt]\n", ""),
    "a description": edit("dvc.yaml", "split the rows", "split rows"),
    "another layout of dvc.yaml": edit("dvc.yaml", "    deps: [src/prepare.py, data/raw.csv]\n", "    deps:\n    - src/prepare.py\n    - data/raw.csv\n"),
    "a link to another file of the same content": both(
        write("real2.txt", "linked\n"),
        lambda root: (root / "link.txt").unlink(),
        lambda root: (root / "link.txt").symlink_to("real2.txt"),
    ),
    "an empty directory inside a dependency": lambda root: (root / "conf/empty").mkdir(),
    "objects that are not write-protected": unprotect_all,
    "a damaged object that is write-protected": damage_object(0o444),
    "a merge key in params": both(
        edit("params.yaml", "train:\n", "base: &base {lr: 9, unused: 2}\ntrain:\n  <<: *base\n"),
        edit("params.yaml", "  unused: 1\n", ""),
    ),
    "a top-level metrics section": lambda root: (root / "dvc.yaml").write_text(DVC_YAML + "metrics: [m.json]\nplots: [p.csv]\n"),
    "an artifact": lambda root: (root / "dvc.yaml").write_text(DVC_YAML + "artifacts: {m: {path: model.txt}}\n"),
    "a metrics output declared as plain": edit("dvc.yaml", "    metrics:\n      - metrics.json", "      - metrics.json"),
    "persist switched off": edit("dvc.yaml", "persist: true", "persist: false"),
    "a link to a directory inside a dependency": lambda root: (root / "conf/linked").symlink_to("../src"),
    "a settings file of DVC's": write(".dvc/config", "[core]\n    autostage = true\n['remote \"r\"']\n    url = /tmp/r\n"),
    "a comment in .dvcignore": write(".dvcignore", "# nothing\n\n"),
    "an unrelated dvc.yaml": both(
        write("elsewhere/dvc.yaml", "metrics: [m.json]\n"),
    ),
    "a description in a .dvc file": edit("data/raw.csv.dvc", "outs:", "desc: rows\nouts:"),
}  # fmt: skip

CHANGED: dict[str, Change] = {
    "a param": edit("params.yaml", "seed: 1", "seed: 2"),
    "a param in a nested key": edit("params.yaml", "lr: 1e-3", "lr: 1e-2"),
    "a param in a list": edit("params.yaml", "[1, 2]", "[1, 2, 3]"),
    "a new key below a declared one": edit("params.yaml", "seed: 1", "seed: 1, more: 2"),
    "a param gone": edit("params.yaml", "ratio: 0.2", "other: 0.2"),
    "a param that is text now": edit("params.yaml", "seed: 1", "seed: '1'"),
    "a file of params, wholly declared": edit("other.yaml", "ratio: 0.5", "ratio: 0.6"),
    "a new key in a file of params, wholly declared": edit("other.yaml", "ratio", "new: 1\nratio"),
    "a key gone from a file of params, wholly declared": write("other.yaml", "ratio: 0.5\n"),
    "a param in TOML": edit("hyper.toml", "adam", "sgd"),
    "a param in JSON": edit("hyper.json", '"b": 1', '"b": 2'),
    "a file of params gone": remove("hyper.toml"),
    "a dependency": write("src/prepare.py", "print('other')\n"),
    "a dependency with the same size": write("src/prepare.py", "print('PREPARE')\n"),
    "a dependency gone": remove("src/prepare.py"),
    "a file in a directory": write("conf/one.ini", "[eins]\n"),
    "a file added to a directory": write("conf/three.ini", ""),
    "a file removed from a directory": remove("conf/two.ini"),
    "a file renamed in a directory": lambda root: (root / "conf/two.ini").rename(root / "conf/2.ini"),
    "a directory that is a file now": both(remove("conf"), write("conf", "x")),
    "a link to another file": both(write("real.txt", "other!\n")),
    "a link that leads nowhere": remove("real.txt"),
    "an input with an unusual name": write("sub/input ü.txt", "other\n"),
    "an output": write("model.txt", "edited\n"),
    "an output gone": remove("model.txt"),
    "a directory that is an output": write("prepared/a.csv", "edited\n"),
    "a file more in an output": write("prepared/more.csv", "x"),
    "a directory gone that is an output": remove("prepared"),
    "metrics": write("metrics.json", '{"auc": 0.9}\n'),
    "metrics gone": remove("metrics.json"),
    "an output of a stage with its own working directory": write("sub/out.txt", "edited\n"),
    "a persistent output": write("logs/log.txt", "more\n"),
    "an output of a stage without dependencies": remove("made.txt"),
    "a command": edit("dvc.yaml", "echo made >", "echo  made >"),
    "a command in a list": edit("dvc.yaml", "mkdir -p prepared/deep", "mkdir -p prepared/deep/er"),
    "a command that is a list now": edit("dvc.yaml", "cmd: echo made > made.txt", "cmd: [echo made > made.txt]"),
    "a new stage": edit("dvc.yaml", "stages:\n", "stages:\n  new: {cmd: echo x > new.txt, outs: [new.txt]}\n"),
    "a stage renamed": edit("dvc.yaml", "  made:\n", "  built:\n"),
    "a new dependency": edit("dvc.yaml", "link.txt]", "link.txt, real.txt]"),
    "a new param": edit("dvc.yaml", "[prepare, split.ratio]", "[prepare, split.ratio, train.unused]"),
    "a new output": edit("dvc.yaml", "outs: [made.txt]", "outs: [made.txt, new.txt]"),
    "an output cached from now on": edit("dvc.yaml", "metrics.json: {cache: false}", "metrics.json"),
    "no lock": remove("dvc.lock"),
    "an empty lock": write("dvc.lock", "schema: '2.0'\nstages: {}\n"),
    "an entry missing from the lock": edit("dvc.lock", "  made:\n    cmd: echo made > made.txt\n", "  old:\n    cmd: echo made > made.txt\n"),
    "tracked data": write("data/raw.csv", "a,b\n3,4\n"),
    "tracked data gone": remove("data/raw.csv"),
    "an object gone": drop_object("train", "model.txt"),
    "a directory's object gone": drop_object("prepare", "prepared"),
    "an object of a directory gone": drop_member,
    "the cache gone": remove(".dvc/cache"),
    "a damaged object": damage_object(0o644),
    "tracked data beyond the pipeline": track_and_change,
}  # fmt: skip

STAGE = "stages:\n"
UNSURE: dict[str, Change] = {
    "templating": edit("dvc.yaml", "echo made", "echo ${prepare.name}"),
    "foreach": edit("dvc.yaml", STAGE, STAGE + "  each: {foreach: [a, b], do: {cmd: 'echo ${item} > ${item}', outs: ['${item}']}}\n"),
    "matrix": edit("dvc.yaml", STAGE, STAGE + "  grid: {matrix: {x: [a, b]}, cmd: 'echo ${item.x} > ${item.x}', outs: ['${item.x}']}\n"),
    "vars": lambda root: (root / "dvc.yaml").write_text("vars: [{x: 1}]\n" + DVC_YAML),
    "a frozen stage": edit("dvc.yaml", "  made:\n", "  made:\n    frozen: true\n"),
    "a stage that is always run": edit("dvc.yaml", "  made:\n", "  made:\n    always_changed: true\n"),
    "a stage without dependencies and outputs": edit("dvc.yaml", STAGE, STAGE + "  hello: {cmd: echo hello}\n"),
    "a dependency on the web": edit("dvc.yaml", "link.txt]", "link.txt, 'https://example.com/x']"),
    "a dependency outside": edit("dvc.yaml", "link.txt]", "link.txt, ../outside.txt]"),
    "an absolute path": edit("dvc.yaml", "link.txt]", "link.txt, /etc/hostname]"),
    "a path with a slash too many": edit("dvc.yaml", "[prepared, conf,", "[prepared, conf/,"),
    "a pattern among params": edit("dvc.yaml", "- train.layers", "- 'train.l*'"),
    "params in Python": both(write("p.py", "x = 1\n"), edit("dvc.yaml", "- train.layers\n", "- train.layers\n      - p.py: [x]\n")),
    "params that are broken": write("params.yaml", "a: [\n"),
    "patterns in .dvcignore": write(".dvcignore", "*.ini\n"),
    ".dvcignore in a dependency": write("conf/.dvcignore", ""),
    "a repository in a dependency": lambda root: make_repo(root / "conf/nested"),
    "two stages with one output": edit("dvc.yaml", STAGE, STAGE + "  twice: {cmd: 'true', outs: [made.txt]}\n"),
    "outputs that overlap": edit("dvc.yaml", STAGE, STAGE + "  twice: {cmd: 'true', outs: [prepared/a.csv]}\n"),
    "stages in a circle": edit("dvc.yaml", STAGE, STAGE + "  loop: {cmd: 'true', deps: [made.txt], outs: [a]}\n  loop2: {cmd: 'true', deps: [a, b], outs: [c]}\n  loop3: {cmd: 'true', deps: [c], outs: [b]}\n"),
    "an import": edit("data/raw.csv.dvc", "outs:", "frozen: true\ndeps: [{path: https://example.com/raw.csv, etag: abcdef}]\nouts:"),
    "a hash of DVC 2": edit("data/raw.csv.dvc", "  hash: md5\n", ""),
    "a lock of another schema": edit("dvc.lock", "'2.0'", "'3.0'"),
    "a cache elsewhere, by the user's settings": write(".dvc/config", "[cache]\n    dir = ~/cache\n"),
    "a key that dvc.yaml does not know": edit("dvc.yaml", "  made:\n", "  made:\n    colour: red\n"),
    "a param that only older YAML takes for a date": both(
        edit("dvc.yaml", "- train.layers\n", "- train.layers\n      - day.yaml:\n"),
        edit("dvc.lock", "      hyper.json:\n", "      day.yaml:\n        day: 2020-01-01\n      hyper.json:\n"),
        write("day.yaml", "day: '2020-01-01'\n"),
    ),
    "another dvc.yaml that makes an input": write("src/dvc.yaml", "stages:\n  code: {cmd: 'true', outs: [prepare.py]}\n"),
    "another dvc.yaml, broken": write("elsewhere/dvc.yaml", "stages: [\n"),
    "a lock that Git ignores": both(
        lambda root: git(root, "rm", "-q", "--cached", "dvc.lock"), write(".git/info/exclude", "dvc.lock\n")
    ),
    "submodules": write(".gitmodules", ""),
    "a broken .dvc file": write("data/raw.csv.dvc", "outs: x\n"),
}  # fmt: skip


@pytest.mark.parametrize("what", SAME)
def test_what_dvc_calls_clean_is_clean(project: Path, what: str) -> None:
    SAME[what](project)
    verdict = ours(project)
    assert theirs(project) == "clean"
    assert verdict == Clean()


@pytest.mark.parametrize("what", CHANGED)
def test_what_dvc_calls_changed_is_changed(project: Path, what: str) -> None:
    CHANGED[what](project)
    verdict = ours(project)
    # DVC refuses some (a missing dependency); never is it clean.
    assert theirs(project) in {"changed", "error"}
    assert isinstance(verdict, Changed)
    assert len(verdict.stages) == len(verdict.reasons) > 0


@pytest.mark.parametrize("what", UNSURE)
def test_what_only_dvc_can_tell_is_left_to_it(project: Path, what: str) -> None:
    UNSURE[what](project)
    verdict = ours(project)
    assert isinstance(verdict, Unsure)
    assert verdict.reason


def test_the_second_look_reads_no_file_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Everything was written long ago: what is hashed now may be remembered.
    newest = max(path.lstat().st_ctime_ns for path in project.rglob("*"))
    monkeypatch.setattr("time.time_ns", lambda: newest + 10_000_000_000)
    assert ours(project) == Clean()
    for path in (project / "src/prepare.py", project / "model.txt"):
        path.chmod(0o000)
    monkeypatch.setattr("hashlib.file_digest", None)
    before = json.loads((project / ".mltools/cache/hashes.json").read_text())["files"]
    assert {"src/prepare.py", "model.txt", "prepared/a.csv", "conf/one.ini"} <= before.keys()


@pytest.fixture(scope="module")
def monorepo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two projects below one DVC repository, and a third with a DVC repository of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path_factory.mktemp("site2")))
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "A Tester")
            patch.setenv(f"GIT_{role}_EMAIL", "tester@example.com")
        root = tmp_path_factory.mktemp("monorepo")
        stage = "stages:\n  copy: {cmd: cp in.txt out.txt, deps: [in.txt], params: [x], outs: [out.txt]}\n"
        files = {
            f"{name}/{file}": text
            for name in ("one", "deep/two", "own")
            for file, text in {"dvc.yaml": stage, "in.txt": f"{name}\n", "params.yaml": "x: 1\n"}.items()
        }
        make_project(root, files)
        dvc.init(root / "own", environ=os.environ, subdir=True)
        for name in ("one", "deep/two", "own"):
            dvc.repro(root / name, nothing, environ=os.environ)
        commit(root, {})
    return root


@pytest.fixture
def projects(monorepo: Path, tmp_path: Path) -> Path:
    shutil.copytree(monorepo, tmp_path / "monorepo", symlinks=True)
    return tmp_path / "monorepo"


@pytest.mark.parametrize("name", ["one", "deep/two", "own"])
def test_each_project_of_a_repository_is_judged_by_itself(
    projects: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(projects / name)
    assert ours(projects / name, f"{name}/") == Clean()
    others = {"one", "deep/two", "own"} - {name}
    for other in others:
        (projects / other / "in.txt").write_text("changed\n")
    assert ours(projects / name, f"{name}/") == Clean()
    done = dvc.repro(projects / name, nothing, environ=os.environ)
    assert [stage.state for stage in done.stages] == ["skipped"]
    (projects / name / "in.txt").write_text("changed too\n")
    assert ours(projects / name, f"{name}/") == Changed(("copy",), ("in.txt has changed",))


def test_a_cache_in_another_place_is_found(projects: Path) -> None:
    shutil.move(projects / ".dvc/cache", projects / "shared")
    assert isinstance(ours(projects / "one", "one/"), Changed)
    (projects / ".dvc/config").write_text(
        "[core]\n  autostage = false\n[cache]\n  # here\n  dir = ../shared\n"
    )
    assert ours(projects / "one", "one/") == Clean()


def test_data_tracked_from_above_the_project_counts(projects: Path) -> None:
    (projects / "one/more.txt").write_text("more\n")
    dvc.add(projects, "one/more.txt", environ=os.environ)
    (projects / "one/more.txt.dvc").rename(projects / "more.dvc")
    text = (projects / "more.dvc").read_text()
    (projects / "more.dvc").write_text(text.replace("path: more.txt", "path: one/more.txt"))
    assert ours(projects / "one", "one/") == Clean()
    assert ours(projects / "deep/two", "deep/two/") == Clean()
    (projects / "one/more.txt").write_text("other\n")
    assert ours(projects / "one", "one/") == Changed(("../more.dvc",), ("more.txt has changed",))
    assert ours(projects / "deep/two", "deep/two/") == Clean()


def test_another_project_that_writes_here_is_left_to_dvc(projects: Path) -> None:
    text = "stages: {feed: {cmd: 'true', outs: [../one/in.txt]}}\n"
    (projects / "feeder").mkdir()
    (projects / "feeder/dvc.yaml").write_text(text)
    verdict = ours(projects / "one", "one/")
    assert verdict == Unsure("../feeder/dvc.yaml writes what this pipeline uses")
    assert ours(projects / "deep/two", "deep/two/") == Clean()


def test_without_a_dvc_repository_dvc_is_asked(projects: Path) -> None:
    shutil.rmtree(projects / ".dvc")
    assert ours(projects / "one", "one/") == Unsure("there is no DVC repository")


def test_a_dvc_at_work_is_asked(projects: Path) -> None:
    (projects / ".dvc/tmp").mkdir(exist_ok=True)
    # Any program with `dvc` in its command line counts as one: this one waits for its input to end.
    with subprocess.Popen([sys.executable, "-c", "input()  # dvc"], stdin=subprocess.PIPE) as program:
        held = {"write": {str(projects / "one/out.txt"): {"pid": program.pid, "cmd": "dvc repro"}}}
        (projects / ".dvc/tmp/rwlock").write_text(json.dumps(held))
        assert ours(projects / "one", "one/") == Unsure("another DVC is at work")
        program.kill()
    assert ours(projects / "one", "one/") == Clean()
