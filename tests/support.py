"""What tests share: real Git, real DVC, the real command in this process or as a program."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATE = "2026-01-02T03:04:05+00:00"


def git(cwd: Path, *args: str, check: bool = True, env: Mapping[str, str] | None = None) -> str:
    """What `git ARGS` prints, without the last newline."""
    done = subprocess.run(
        ["git", *args],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(env or {})},
    )
    if check and done.returncode:
        raise AssertionError(f"git {' '.join(args)}: {done.returncode}\n{done.stderr}")
    return done.stdout.removesuffix("\n")


def make_repo(path: Path, files: Mapping[str, str] | None = None, *, bare: bool = False) -> Path:
    """A new repository with branch main; with `files`, one commit that holds them."""
    path.mkdir(parents=True, exist_ok=True)
    git(path, "init", "-q", "-b", "main", *(["--bare"] if bare else []))
    if files:
        commit(path, files)
    return path


def commit(repo: Path, files: Mapping[str, str], message: str = "change") -> str:
    """Write files, commit everything, return the commit."""
    for name, text in files.items():
        target = repo / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "--allow-empty", "-m", message)
    return git(repo, "rev-parse", "HEAD")


@dataclass(frozen=True)
class Result:
    """What the command line answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def mltools(
    cwd: Path,
    *args: str,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    timeout: float = 300,
) -> Result:
    """`mltools ARGS` as a program of its own, as a user starts it."""
    done = subprocess.run(
        [sys.executable, "-m", "mltools", *args],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        env={**os.environ, **(env or {})},
        timeout=timeout,
    )
    return Result(done.returncode, done.stdout, done.stderr)
