"""A forge on this machine: a bare repository, GitHub's API on loopback, and workflows run by `act` on the host.

The workflows are run as they are. Only the third-party actions, which would need the internet, are replaced by the
small ones under `actions/`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mltools.ci.actions import PINNED
from tests.github_server import GitHubServer
from tests.support import git, make_repo

ACTIONS = Path(__file__).parent / "actions"
ACT = Path(sys.executable).with_name("act")
REPOSITORY = "octo/iris"
TOKEN = "secret"
ZERO = "0" * 40


@dataclass(frozen=True)
class Outcome:
    """What a run of a workflow came to: each job's result, what each job printed, the exit code."""

    code: int
    jobs: Mapping[str, str]
    logs: Mapping[str, str]
    text: str = field(repr=False)

    def log(self, job: str) -> str:
        return self.logs.get(job, "")


@dataclass
class Machine:
    """A forge with one repository, and its runner. `folder` holds everything; nothing outside of it is written."""

    folder: Path
    server: GitHubServer
    site: Path
    wheels: tuple[Path, ...]
    runs: int = 0

    @property
    def remote(self) -> Path:
        return self.folder / "remote.git"

    def create(self) -> None:
        make_repo(self.remote, bare=True)
        # As GitHub has it: any commit of the repository can be fetched by its id.
        git(self.remote, "config", "uploadpack.allowAnySHA1InWant", "true")
        git(self.remote, "config", "receive.denyNonFastForwards", "true")

    def push_event(self, branch: str, before: str = ZERO) -> Outcome:
        """What happens after a branch was pushed."""
        commit = git(self.remote, "rev-parse", f"refs/heads/{branch}")
        event = {"ref": f"refs/heads/{branch}", "before": before, "after": commit, "deleted": False}
        return self.run("push", commit, event)

    def pull_request_event(self, number: int, *, head: str | None = None) -> Outcome:
        """What happens after a pull request was opened, or has a new head."""
        pull = self.server.forge.pulls[number]
        commit = head or git(self.remote, "rev-parse", f"refs/heads/{pull.branch}")
        source = pull.head_repository or REPOSITORY
        event = {
            "action": "opened",
            "number": number,
            "pull_request": {
                "number": number,
                "head": {
                    "ref": pull.branch,
                    "sha": commit,
                    "label": f"{source.split('/')[0]}:{pull.branch}",
                    "repo": {"full_name": source},
                    "user": {"login": source.split("/")[0]},
                },
                "base": {"ref": "main", "sha": git(self.remote, "rev-parse", "refs/heads/main")},
            },
        }
        return self.run("pull_request", commit, event)

    def workflow_run_event(self, number: int, *, run: int, conclusion: str) -> Outcome:
        """What happens after a pull request's workflow has ended: on the default branch, with its token."""
        pull = self.server.forge.pulls[number]
        source = pull.head_repository or REPOSITORY
        event = {
            "action": "completed",
            "workflow_run": {
                "id": run,
                "event": "pull_request",
                "conclusion": conclusion,
                "head_sha": pull.commits[-1],
                "head_branch": pull.branch,
                "head_repository": {"full_name": source, "owner": {"login": source.split("/")[0]}},
                "html_url": f"https://github.com/{REPOSITORY}/actions/runs/{run}",
                "actor": {"login": source.split("/")[0]},
            },
        }
        return self.run(
            "workflow_run", git(self.remote, "rev-parse", "refs/heads/main"), event, "mltools-fork.yml"
        )

    def dispatch(self, workflow: str, **inputs: str) -> Outcome:
        """What happens after somebody started a workflow by hand."""
        commit = git(self.remote, "rev-parse", "refs/heads/main")
        return self.run("workflow_dispatch", commit, {"ref": "refs/heads/main", "inputs": inputs}, workflow)

    def run(self, name: str, commit: str, event: Mapping[str, Any], workflow: str = "mltools.yml") -> Outcome:
        """Run a workflow of a commit for an event."""
        self.runs += 1
        place = self.folder / f"run-{self.runs}"
        clone = place / "clone"
        git(self.folder, "clone", "-q", "--no-checkout", str(self.remote), str(clone))
        git(clone, "checkout", "-q", "--detach", commit)
        # act learns the repository's name from here; the jobs themselves clone from the bare repository.
        git(clone, "remote", "set-url", "origin", f"https://github.com/{REPOSITORY}")
        repository = {"full_name": REPOSITORY, "default_branch": "main", "owner": {"login": "octo"}}
        (place / "event.json").write_text(json.dumps({**event, "repository": repository}))
        done = subprocess.run(
            [
                str(ACT), name,
                "--json",
                "--workflows", f".github/workflows/{workflow}",
                "--eventpath", str(place / "event.json"),
                "--platform", "ubuntu-latest=-self-hosted",
                "--no-skip-checkout",
                "--use-gitignore=false",
                "--no-cache-server",
                "--pull=false",
                "--action-cache-path", str(place / "act"),
                "--secret", f"GITHUB_TOKEN={TOKEN}",
                *self._variables(),
                *self._replaced(),
            ],
            cwd=clone,
            env=self._host(place),
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        return _outcome(done.returncode, done.stdout, done.stderr)

    def _variables(self) -> list[str]:
        """What the jobs see beside what GitHub sets: where this machine's parts are."""
        given = {
            "GITHUB_API_URL": self.server.url,
            "GITHUB_RUN_ID": str(self.runs),
            "E2E_REMOTE": self.remote.as_uri(),
            "E2E_ARTIFACTS": str(self.folder / "artifacts"),
            "E2E_PYTHON": sys.executable,
            "E2E_SITE": str(self.site),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": " ".join(str(folder) for folder in self.wheels),
            "PIP_NO_COMPILE": "1",
            "PIP_QUIET": "1",
        }
        return [part for name, value in given.items() for part in ("--env", f"{name}={value}")]

    @staticmethod
    def _replaced() -> list[str]:
        return [
            part
            for action in PINNED.values()
            for part in (
                "--local-repository",
                f"{action.name}@{action.sha}={ACTIONS / action.name.rpartition('/')[2]}",
            )
        ]

    @staticmethod
    def _host(place: Path) -> dict[str, str]:
        """A runner's environment: nothing of this process's but the system's programs."""
        home = place / "home"
        home.mkdir()
        tools = {str(Path(sys.executable).parent)}
        path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if part not in tools)
        return {"HOME": str(home), "PATH": path, "LANG": "C.UTF-8"}


def _outcome(code: int, out: str, err: str) -> Outcome:
    jobs: dict[str, str] = {}
    logs: dict[str, str] = {}
    for line in out.splitlines():
        entry = json.loads(line)
        job = entry.get("jobID")
        if job is None:
            continue
        if entry.get("raw_output") or entry.get("level") == "error":
            logs[job] = logs.get(job, "") + entry["msg"].rstrip("\n") + "\n"
        if "jobResult" in entry:
            jobs[job] = entry["jobResult"]
    text = "\n".join(f"--- {job}: {jobs.get(job)}\n{log}" for job, log in logs.items())
    return Outcome(code, jobs, logs, f"{text}\n{err}")
