"""A release that is killed at any of its writes to Git is completed by the same command."""

from pathlib import Path

import pytest

from tests.killing import counted, killing
from tests.releases import command, make_project, run
from tests.support import git, make_repo, mltools

pytestmark = [pytest.mark.slow, pytest.mark.full]


def prepare(place: Path) -> tuple[Path, Path]:
    """A project with a run whose dvc.lock is stale, and its remote."""
    project = make_project(place / "project")
    remote = make_repo(place / "remote.git", bare=True)
    git(project, "remote", "add", "origin", str(remote))
    run(project, commit_results=False)
    return project, remote


def test_a_release_that_is_killed_at_any_write_is_completed_by_the_same_command(tmp_path: Path) -> None:
    project, _ = prepare(tmp_path / "whole")
    assert mltools(project, "release", env=killing(tmp_path / "whole", 0, after=False)).code == 0
    writes = counted(tmp_path / "whole")
    assert writes >= 6
    expected = git(project, "rev-parse", "toy@v0.1.0^{commit}^{tree}")
    for number in range(1, writes + 1):
        for after in (False, True):
            place = tmp_path / f"{number}-{after}"
            project, remote = prepare(place)
            killed = mltools(project, "release", env=killing(place, number, after=after))
            assert killed.code == -9
            # A tag is whole or not there, and never here without the remote.
            assert set(git(project, "tag").split()) <= set(git(remote, "tag").split()) <= {"toy@v0.1.0"}
            done = command(project, "release")
            assert done.code == 0, done.err
            assert git(project, "tag") == git(remote, "tag") == "toy@v0.1.0"
            assert git(remote, "rev-parse", "toy@v0.1.0^{commit}^{tree}") == expected
            assert command(project, "model", "verify", "toy@v0.1.0").code == 0
