"""A release that is killed at any of its writes to Git is completed by the same command."""

import os
import shutil
from pathlib import Path

import pytest

from tests.releases import command, make_project, run
from tests.support import git, make_repo, mltools

pytestmark = [pytest.mark.slow, pytest.mark.full]

# A `git` that counts the calls which write, and kills whoever makes the call with the number in $KILL_AT.
GIT = """\
#!/bin/sh
case " $* " in
*" hash-object "* | *" fast-import "* | *" update-ref "* | *" push "* | *" tag "*)
    count=$(($(cat "$COUNT" 2>/dev/null || echo 0) + 1))
    echo "$count" >"$COUNT"
    if [ "$count" = "$KILL_AT" ]; then
        [ -z "$AFTER" ] || {real} "$@"
        kill -9 "$PPID"
        exit 137
    fi
    ;;
esac
exec {real} "$@"
"""


def prepare(place: Path) -> tuple[Path, Path]:
    """A project with a run whose dvc.lock is stale, and its remote."""
    project = make_project(place / "project")
    remote = make_repo(place / "remote.git", bare=True)
    git(project, "remote", "add", "origin", str(remote))
    run(project, commit_results=False)
    return project, remote


def killing(place: Path, number: int, *, after: bool) -> dict[str, str]:
    """The variables under which the write with this number is the last."""
    program = place / "bin/git"
    program.parent.mkdir(parents=True)
    program.write_text(GIT.replace("{real}", str(shutil.which("git"))))
    program.chmod(0o755)
    return {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "COUNT": str(place / "count"),
        "KILL_AT": str(number),
        "AFTER": "1" if after else "",
    }


def test_a_release_that_is_killed_at_any_write_is_completed_by_the_same_command(tmp_path: Path) -> None:
    project, _ = prepare(tmp_path / "whole")
    assert mltools(project, "release", env=killing(tmp_path / "whole", 0, after=False)).code == 0
    writes = int((tmp_path / "whole/count").read_text())
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
