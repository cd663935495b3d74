"""DVC as a program, on one small pipeline that is made to go wrong in many ways."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mltools.edges import dvc, dvclocks
from mltools.errors import CommandError, ConfigError
from tests.support import git, make_repo

pytestmark = pytest.mark.slow

DVC_YAML = """\
stages:
  prepare:
    cmd: cat data/raw.csv > prepared.txt
    deps: [data/raw.csv]
    outs: [prepared.txt]
  train:
    cmd: sh train.sh
    deps: [prepared.txt, train.sh]
    params: [lr]
    outs: [model.txt]
"""
TRAIN = "echo training\necho loss 0.5 >&2\ncp prepared.txt model.txt\n"


def nothing(_: object) -> None:
    """A listener to events that nobody wants."""


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pipeline, run once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path_factory.mktemp("site")))
        root = make_repo(tmp_path_factory.mktemp("pristine"))
        (root / "data").mkdir()
        (root / "data/raw.csv").write_text("a,b\n1,2\n")
        (root / "dvc.yaml").write_text(DVC_YAML)
        (root / "train.sh").write_text(TRAIN)
        (root / "params.yaml").write_text("lr: 1\n")
        dvc.init(root, environ=os.environ)
        dvc.add(root, "data/raw.csv", environ=os.environ)
        dvc.repro(root, nothing, environ=os.environ)
    return root


@pytest.fixture
def project(pristine: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "project"))


def failure(root: Path) -> CommandError:
    with pytest.raises(CommandError) as caught:
        dvc.repro(root, nothing, environ=os.environ)
    assert caught.value.exit_code == 3
    return caught.value


def test_init_and_add_leave_what_dvc_leaves(pristine: Path) -> None:
    assert (pristine / ".dvc/config").exists()
    assert "md5: " in (pristine / "data/raw.csv.dvc").read_text()
    assert (pristine / "data/.gitignore").read_text() == "/raw.csv\n"


def test_stages_are_told_as_they_happen_and_what_they_print_is_handed_over(project: Path) -> None:
    (project / "train.sh").write_text(TRAIN + "# changed\n")
    told: list[tuple[str, str]] = []
    lines: list[str] = []
    done = dvc.repro(
        project,
        lambda event: told.append((event.name, event.state)),
        environ=os.environ,
        on_line=lines.append,
    )
    assert told == [("prepare", "skipped"), ("train", "running"), ("train", "ran")]
    assert [(stage.name, stage.state) for stage in done.stages] == [("prepare", "skipped"), ("train", "ran")]
    assert done.stages[1].seconds > 0
    assert done.seconds >= done.stages[1].seconds
    assert sorted(line for line in lines if line) == ["> sh train.sh", "loss 0.5", "training"]


def test_an_earlier_result_comes_from_the_run_cache(project: Path) -> None:
    for value, state in (("2", "ran"), ("1", "cached")):
        (project / "params.yaml").write_text(f"lr: {value}\n")
        done = dvc.repro(project, nothing, environ=os.environ, targets=["train"])
        assert done.stages[-1].name == "train"
        assert done.stages[-1].state == state


def test_stages_see_the_caller_s_environment_and_no_pretended_ci(project: Path) -> None:
    (project / "train.sh").write_text("echo CI=$CI MARK=$MARK > model.txt\n")
    dvc.repro(project, nothing, environ={**os.environ, "MARK": "x"})
    assert (project / "model.txt").read_text() == "CI= MARK=x\n"


def test_the_user_s_global_configuration_stays_untouched(project: Path, tmp_path: Path) -> None:
    home = tmp_path / "own home"
    home.mkdir()
    environ = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")}
    environ = {**environ, "XDG_CACHE_HOME": str(home / "cache"), "GIT_CONFIG_GLOBAL": str(home / "gitconfig")}
    dvc.repro(project, nothing, environ=environ)
    assert [path for path in home.rglob("*") if path.is_file()] == []


def edit(name: str, text: str) -> Callable[[Path], object]:
    return lambda root: (root / name).write_text(text)


@pytest.mark.parametrize(
    ("change", "message", "hint"),
    [
        (edit("train.sh", "echo one\necho two\nexit 7\n"), "stage 'train' exited with 7\n  > sh train.sh\n  one\n  two", None),
        (edit("train.sh", "kill -9 $$\n"), "stage 'train' was killed (SIGKILL)\n  > sh train.sh", "memory"),
        (edit("train.sh", "echo no model\n"), "stage 'train' did not write its output model.txt\n  > sh train.sh\n  no model", "outs in dvc.yaml"),
        (lambda root: (root / "train.sh").unlink(), "stage 'train' depends on train.sh, which does not exist", "deps"),
        (lambda root: (root / "data/raw.csv").unlink(), "dvc repro: data is missing: data/raw.csv", "mltools data pull"),
        (edit("params.yaml", "other: 1\n"), "stage 'train' failed: Parameters 'lr' are missing from 'params.yaml'.", None),
        (lambda root: shutil.rmtree(root / ".dvc"), "dvc repro: this is no DVC repository", "dvc init"),
    ],
)  # fmt: skip
def test_a_failure_names_the_stage_with_its_last_lines(
    project: Path, change: Callable[[Path], object], message: str, hint: str | None
) -> None:
    change(project)
    error = failure(project)
    said = [line for line in error.message.splitlines() if "Killed" not in line]
    assert "\n".join(said) == message
    assert (error.hint is None) == (hint is None)
    assert (hint or "") in (error.hint or "")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("dvc.yaml", "stages:\n  train:\n    cmdx: 1\n", "extra keys not allowed"),
        ("dvc.yaml", "stages:\n\ttrain: 1\n", "is invalid"),
        ("params.yaml", "lr: [\n", "unable to read: 'params.yaml'"),
        ("dvc.lock", "<<<<<<< HEAD\nschema: '2.0'\n", "possible merge conflicts"),
    ],
)
def test_a_file_of_the_user_s_that_is_wrong_is_a_configuration_error(
    project: Path, name: str, text: str, said: str
) -> None:
    (project / name).write_text(text)
    with pytest.raises(ConfigError, match=said) as caught:
        dvc.repro(project, nothing, environ=os.environ)
    assert name in caught.value.message


def test_a_stage_that_prints_without_end_is_cut_to_its_last_lines(project: Path) -> None:
    (project / "train.sh").write_text("seq 1 100000\nhead -c 5000000 /dev/zero\necho\necho last\nexit 1\n")
    error = failure(project)
    assert error.message.splitlines()[-1] == "  last"
    assert len(error.message.splitlines()) == 21
    assert len(error.message) < 2_000_000


def test_what_is_not_text_is_survived(project: Path) -> None:
    (project / "train.sh").write_text("printf '\\377\\376\\n'\nexit 1\n")
    assert "\N{REPLACEMENT CHARACTER}" in failure(project).message


def test_an_interrupt_reaches_the_stage_and_nothing_goes_on(project: Path) -> None:
    (project / "train.sh").write_text("echo $$ > pid\necho started\nsleep 600\n")
    program = (
        "import os, sys; from pathlib import Path; from mltools.edges import dvc\n"
        "dvc.repro(Path('.'), print, environ=os.environ, on_line=lambda line: print(line, flush=True))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        while running.stdout.readline() != "started\n":
            assert running.poll() is None
        stage = os.pidfd_open(int((project / "pid").read_text()))
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=60)
    assert running.returncode in {-signal.SIGINT, 1, 130}
    assert "KeyboardInterrupt" in errors
    # A process's descriptor becomes readable when it ends.
    assert select.select([stage], [], [], 60) == ([stage], [], [])
    os.close(stage)
    dvc.repro(_repaired(project), nothing, environ=os.environ)


def _repaired(project: Path) -> Path:
    (project / "train.sh").write_text(TRAIN)
    return project


def hold(project: Path, pid: int) -> Path:
    lock = project / ".dvc" / "tmp" / "rwlock"
    lock.parent.mkdir(exist_ok=True)
    held = {"pid": pid, "cmd": "dvc repro"}
    out = str(project / "model.txt")
    lock.write_text(json.dumps({"write": {out: held}, "read": {out: [held]}}))
    (project / "train.sh").write_text(TRAIN + "# changed\n")
    return lock


def waiting(comment: str) -> subprocess.Popen[bytes]:
    """A program that waits for its input to end and has a word in its command line."""
    return subprocess.Popen([sys.executable, "-c", f"input()  # {comment}"], stdin=subprocess.PIPE)


def test_the_lock_of_a_dead_process_does_not_hinder(project: Path) -> None:
    with waiting("dvc") as program:
        program.kill()
    hold(project, program.pid)
    assert dvc.repro(project, nothing, environ=os.environ).stages[-1].state == "ran"


def test_the_lock_of_a_live_dvc_names_it(project: Path) -> None:
    with waiting("dvc") as program:
        hold(project, program.pid)
        error = failure(project)
        with pytest.raises(CommandError, match="another DVC is at work"):
            dvc.repro(project, nothing, environ=os.environ, clean_locks=True)
        program.kill()
    assert error.message == f"another DVC is at work in this project (PID {program.pid}: dvc repro)"
    assert error.hint


def test_a_lock_whose_number_another_program_has_by_now_is_told_and_cleaned(project: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as program:
        lock = hold(project, program.pid)
        error = failure(project)
        assert error.message == "a DVC that was killed left its lock behind"
        assert error.hint == f"if no DVC is at work here, remove it and try again: rm {lock}"
        done = dvc.repro(project, nothing, environ=os.environ, clean_locks=True)
        program.kill()
    assert done.stages[-1].state == "ran"


def test_a_half_written_lock_is_told_and_cleaned(project: Path) -> None:
    lock = hold(project, 1)
    lock.write_text('{"write": {')
    assert failure(project).message == "a DVC that was killed left its lock behind"
    assert dvc.repro(project, nothing, environ=os.environ, clean_locks=True).stages[-1].state == "ran"


def test_cleaning_keeps_the_entries_of_the_living(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    with waiting("dvc") as alive, subprocess.Popen(["sleep", "600"]) as other:
        mine, dead = {"pid": alive.pid, "cmd": "dvc repro"}, {"pid": other.pid, "cmd": "dvc add"}
        tree = {"write": {"/a": mine, "/b": dead}, "read": {"/a": [dead, mine], "/c": [dead]}}
        (tmp_path / "tmp/rwlock").write_text(json.dumps(tree))
        assert [holder.pid for holder in dvclocks.clean(tmp_path)] == [other.pid]
        other.kill()
        alive.kill()
    kept = json.loads((tmp_path / "tmp/rwlock").read_text())
    assert kept == {"write": {"/a": mine}, "read": {"/a": [mine]}}


def test_checkout_brings_back_what_the_cache_has_and_names_what_it_has_not(project: Path) -> None:
    (project / "data/raw.csv").unlink()
    (project / "model.txt").unlink()
    dvc.checkout(project, environ=os.environ)
    assert (project / "data/raw.csv").read_text() == "a,b\n1,2\n"
    (project / "model.txt").unlink()
    shutil.rmtree(project / ".dvc/cache")
    with pytest.raises(CommandError, match=r"model\.txt"):
        dvc.checkout(project, environ=os.environ)
    dvc.checkout(project, environ=os.environ, allow_missing=True)


def test_objects_go_to_a_remote_and_come_back(project: Path, tmp_path: Path) -> None:
    remote = tmp_path / "remote"
    (project / ".dvc/config").write_text(f"[core]\n    remote = r\n['remote \"r\"']\n    url = {remote}\n")
    dvc.push(project, environ=os.environ)
    shutil.rmtree(project / ".dvc/cache")
    (project / "data/raw.csv").unlink()
    dvc.pull(project, environ=os.environ, targets=["data/raw.csv.dvc"])
    assert (project / "data/raw.csv").read_text() == "a,b\n1,2\n"


def test_a_remote_that_is_not_there_is_told(project: Path) -> None:
    with pytest.raises(CommandError, match="dvc push: ") as caught:
        dvc.push(project, environ=os.environ)
    assert "remote" in caught.value.message


def test_a_project_below_the_top_is_initialised_there(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "repo")
    (root / "sub").mkdir()
    with pytest.raises(CommandError):
        dvc.init(root / "sub", environ=os.environ)
    dvc.init(root / "sub", environ=os.environ, subdir=True)
    assert dvc.find_root(root / "sub") == root / "sub"
    assert dvc.find_root(root) is None
    assert (
        "sub/.dvc/config" in git(root, "ls-files", "--others", "--exclude-standard", "--cached").splitlines()
    )


def test_dvc_s_version_is_known_without_starting_it() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "dvc", "--version"], capture_output=True, text=True, check=True
    )
    assert dvc.version() == said.stdout.strip()
