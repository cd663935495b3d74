"""The command line's boundary: exit codes, messages, start-up."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mltools.cli import app
from tests.support import git, make_repo, mltools

HEAVY = [
    "pandas",
    "numpy",
    "sklearn",
    "scipy",
    "duckdb",
    "dvc",
    "requests",
    "git",
    "jinja2",
    "rich",
    "pydantic",
    "yaml",
]


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_imports_nothing_heavy(option: str, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom mltools.cli.app import invoke\n"
        f"assert invoke([{option!r}]) == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"


def test_help_lists_every_command_and_the_exit_codes(tmp_path: Path) -> None:
    result = mltools(tmp_path, "--help")
    assert result.code == 0
    assert all(f"  {name}" in result.out for name in app.COMMANDS)
    assert "130 interrupted" in result.out


@pytest.mark.parametrize("name", list(app.COMMANDS))
def test_every_command_has_help(name: str, tmp_path: Path) -> None:
    result = mltools(tmp_path, name, "--help")
    assert result.code == 0, result.err
    assert "Example" in result.out


def test_an_unknown_command_is_named_with_the_nearest(tmp_path: Path) -> None:
    result = mltools(tmp_path, "rnu")
    assert result.code == 2
    assert "no command 'rnu'. Did you mean 'run'?" in result.err


def test_an_unknown_option_is_wrong_use(tmp_path: Path) -> None:
    assert mltools(tmp_path, "run", "--bsae", "x").code == 2


def test_outside_a_project_the_message_says_what_to_do(tmp_path: Path) -> None:
    result = mltools(make_repo(tmp_path / "r", {"a": "b"}), "run")
    assert result.code == 2
    assert result.err.startswith("error: no mltools.yaml in ")
    assert "hint: make a project with `mltools init DIR`" in result.err
    assert "Traceback" not in result.err


def test_a_directory_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    result = mltools(tmp_path, "-C", "nowhere", "run")
    assert result.code == 2
    assert "no such directory" in result.err


def test_in_a_github_workflow_an_error_is_an_annotation_too(tmp_path: Path) -> None:
    result = mltools(tmp_path, "run", env={"GITHUB_ACTIONS": "true"})
    assert "::error title=mltools::no mltools.yaml" in result.err


def test_a_bug_ends_with_4_and_says_where_to_report(tmp_path: Path) -> None:
    code = (
        "import sys, click\nfrom mltools.cli import app\n"
        "def broken(*args, **options): raise RuntimeError('surprise')\n"
        "app.cli.main = broken\nsys.exit(app.invoke(['run']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 4
    assert "RuntimeError: surprise" in done.stderr
    assert "error: a bug in mltools" in done.stderr
    assert "please report" in done.stderr


def test_a_reader_that_went_away_gets_neither_a_verdict_nor_a_traceback(tmp_path: Path) -> None:
    there, gone = os.pipe()
    os.close(there)
    done = subprocess.run(
        [sys.executable, "-m", "mltools", "--help"],
        cwd=tmp_path, stdout=gone, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(gone)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_with_130(number: signal.Signals, tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom mltools.cli import app\n"
        f"def wait(*args, **options): os.kill(os.getpid(), {int(number)}); import time; time.sleep(5)\n"
        "app.cli.main = wait\nsys.exit(app.invoke(['run']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


def test_a_hooks_git_variables_do_not_lead_astray(repo: Path, tmp_path: Path) -> None:
    other = make_repo(tmp_path / "other", {"x": "y"})
    result = mltools(repo, "run", env={"GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other)})
    assert str(repo) in result.err
    assert git(repo, "status", "--porcelain") == ""
