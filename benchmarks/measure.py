"""Two programs timed in turn: the ratio of a pair is what a shared machine cannot blur."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

Command = Sequence[str]


@dataclass(frozen=True, slots=True)
class Job:
    """One or more programs run one after the other in a directory, as a user or a CI step would.

    `code` is the exit code that each must end with: 1 where a check is to say no.
    """

    name: str
    commands: tuple[Command, ...]
    cwd: Path
    code: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """Medians in seconds; `ratio` is the median of the ratios pair by pair, `goal` what it may be at most."""

    name: str
    peer: str
    ours_seconds: float
    peer_seconds: float
    ratio: float
    goal: float
    rounds: int
    unit: str = "s"

    @property
    def reached(self) -> bool:
        return self.ratio <= self.goal


def compare(
    name: str, ours: Job, peer: Job, *, goal: float, rounds: int, environ: Mapping[str, str]
) -> Result:
    """Time both jobs in turn, after one round that warms caches and is not counted."""
    pairs = [(_seconds(ours, environ), _seconds(peer, environ)) for _ in range(rounds + 1)][1:]
    return Result(
        name=name,
        peer=peer.name,
        ours_seconds=median(first for first, _ in pairs),
        peer_seconds=median(second for _, second in pairs),
        ratio=median(first / second for first, second in pairs),
        goal=goal,
        rounds=rounds,
    )


def run(command: Command, cwd: Path, environ: Mapping[str, str], *, code: int = 0) -> str:
    """Run a program that must end as expected; its output."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=dict(environ),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != code:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def environment(home: Path) -> dict[str, str]:
    """An environment without the user's configuration, reports to DVC's makers, update checks and colours.

    Compiled modules may be kept, as an installed package's are: else what lies in a checkout would be compiled each time.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "GITHUB_", "DVC_", "MLTOOLS_"))
        and name not in {"CI", "PYTHONDONTWRITEBYTECODE"}
    }
    identity = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in IDENTITY}
    return {
        **kept,
        **identity,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "DVC_NO_ANALYTICS": "1",
        "DVC_TEST": "true",
        "DVC_SITE_CACHE_DIR": str(home / "dvc-site"),
        "NO_COLOR": "1",
    }


IDENTITY = (("NAME", "A Tester"), ("EMAIL", "tester@example.com"))


def _seconds(job: Job, environ: Mapping[str, str]) -> float:
    begun = time.perf_counter()
    for command in job.commands:
        run(command, job.cwd, environ, code=job.code)
    return time.perf_counter() - begun
