"""Repositories with versions of a model, made of Git alone; commits, tags and policies as people leave them."""

import os
from pathlib import Path

from mltools.core.release_record import ReleaseRecord, tag_message
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from tests.support import commit, git, make_repo
from tests.unit.test_release_record import RECORD

FIRST = 1_767_323_045  # 2026-01-02T03:04:05Z

POLICY = """\
schema: 1
{people}release:
  model: toy
  stages: {stages}
"""


def tag(repo: Path, name: str, rev: str = "HEAD", message: str = "said", when: int = FIRST) -> None:
    git(repo, "tag", "-a", "-m", message, "--", name, rev, env={"GIT_COMMITTER_DATE": f"{when} +0000"})


def writer(repo: Path) -> Writer:
    return Writer(Repository.find(repo), os.environ)


def policy(stages: str, people: str = "") -> dict[str, str]:
    """mltools.yaml with stages, as a file to be committed."""
    return {"mltools.yaml": POLICY.format(stages=stages, people=people and f"people:\n{people}\n")}


def make_registry(
    place: Path,
    *,
    versions: int = 3,
    files: dict[str, str] | None = None,
    record: ReleaseRecord | None = RECORD,
) -> tuple[Path, Path]:
    """A clone and its remote with the versions v1.0.0, v1.1.0, ... of toy, each on a commit of its own."""
    remote = make_repo(place / "remote.git", bare=True)
    clone = make_repo(place / "clone", {"README.md": "toy\n", **(files or {})})
    git(clone, "remote", "add", "origin", str(remote))
    for number in range(versions):
        commit(clone, {"params.yaml": f"n: {number}\n"})
        message = "said" if record is None else tag_message(record)
        tag(clone, f"toy@v1.{number}.0", message=message, when=FIRST + number)
    git(clone, "push", "-q", "--tags", "-u", "origin", "main")
    return clone, remote


def clone_of(remote: Path, path: Path) -> Path:
    git(path.parent, "clone", "-q", str(remote), str(path))
    return path


def tags(repo: Path, pattern: str = "*") -> list[str]:
    """Names of tags, in the order of their counters."""
    found = git(repo, "tag", "--list", pattern).split()
    return sorted(found, key=lambda name: (int(name.rpartition("#")[2]) if "#" in name else 0, name))
