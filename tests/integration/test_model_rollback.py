"""`mltools model rollback`: one command back, while everything else may be broken."""

import os
from datetime import UTC, datetime
from pathlib import Path

import gto.api
import pytest

from mltools import events
from mltools.core.events import event
from mltools.edges.git.read import Repository
from tests.registries import clone_of, make_registry, policy, tag, tags, writer
from tests.releases import command
from tests.support import commit, git

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    """v1.0.0, v1.1.0 and v1.2.0, one after another in prod."""
    clone, remote = make_registry(tmp_path)
    for version in ("v1.0.0", "v1.1.0", "v1.2.0"):
        assert command(clone, "model", "promote", f"toy@{version}", "--stage", "prod").code == 0
    return clone, remote


def rollback(clone: Path, *args: str) -> str:
    done = command(clone, "model", "rollback", "toy", "--stage", "prod", *args)
    assert done.code == 0, done.err
    return done.out


def holds(repo: Path) -> str | None:
    held: str | None = gto.api.show(str(repo))["toy"]["stage"].get("prod")
    return held


def tell(repo: Path, version: str, state: str, kind: str = "monitor", minute: int = 0) -> None:
    when = datetime(2026, 1, 3, 0, minute, tzinfo=UTC)
    made = event(
        kind, "toy", when=when, version=version, stage="prod", reason="500s", details={"state": state}
    )
    events.record(writer(repo), made)
    events.share(writer(repo), "origin", made)


def test_a_stage_goes_back_to_the_version_before_and_again_further_back(made: tuple[Path, Path]) -> None:
    clone, remote = made
    assert rollback(clone, "--reason", "errors") == "toy v1.1.0 is back in prod (toy#prod#4)\n"
    assert (holds(clone), holds(remote)) == ("v1.1.0", "v1.1.0")
    assert rollback(clone) == "toy v1.0.0 is back in prod (toy#prod#5)\n"
    done = command(clone, "model", "rollback", "toy", "--stage", "prod")
    assert (done.code, done.out) == (1, "toy has no earlier version that was well in prod\n")
    assert tags(remote, "toy#*")[-1] == "toy#prod#5"


def test_only_the_version_that_is_meant_is_taken_out(made: tuple[Path, Path]) -> None:
    """A job that rolls a version back is run again, or somebody was faster: what is well there now stays."""
    clone, _ = made
    assert rollback(clone, "--from", "v1.2.0") == "toy v1.1.0 is back in prod (toy#prod#4)\n"
    assert (
        rollback(clone, "--from", "v1.2.0")
        == "prod of toy holds v1.1.0 and not v1.2.0: nothing is rolled back\n"
    )
    assert rollback(clone, "--from", "v1.2.0", "--to", "v1.0.0").startswith("prod of toy holds v1.1.0")
    assert holds(clone) == "v1.1.0"
    command(clone, "model", "unassign", "toy@v1.1.0", "--stage", "prod")
    done = command(clone, "model", "rollback", "toy", "--stage", "prod", "--from", "v1")
    assert (done.code, done.out) == (2, "")


def test_the_rollback_is_an_event_in_tag_and_journal(made: tuple[Path, Path]) -> None:
    clone, remote = made
    rollback(clone, "--reason", "errors since 10:40")
    assert git(clone, "cat-file", "tag", "toy#prod#4").partition("\n\n")[2] == (
        "Roll prod of toy back to v1.1.0 from v1.2.0\n\nerrors since 10:40\n\n"
        "Mltools-Action: rollback\nMltools-From: v1.2.0"
    )
    (kept,) = events.of_model(Repository.find(remote), "toy")
    assert (kept.kind, kept.version, kept.reason) == ("rollback", "v1.1.0", "errors since 10:40")
    assert kept.details == {"tag": "toy#prod#4", "from": "v1.2.0"}


def test_what_was_broken_there_is_passed_over(made: tuple[Path, Path], tmp_path: Path) -> None:
    clone, remote = made
    # Somebody else's clone has seen it break.
    other = clone_of(remote, tmp_path / "other")
    tell(other, "v1.1.0", "broken")
    done = command(clone, "model", "rollback", "toy", "--stage", "prod")
    assert done.out == "toy v1.0.0 is back in prod (toy#prod#4)\n"
    assert "passed over v1.1.0: monitor of 2026-01-03T00:00Z says broken: 500s" in done.err


def test_what_recovered_is_not_passed_over(made: tuple[Path, Path]) -> None:
    clone, _ = made
    tell(clone, "v1.1.0", "broken")
    tell(clone, "v1.1.0", "healthy", minute=1)
    assert rollback(clone).startswith("toy v1.1.0")


def test_failed_deployments_and_versions_taken_back_are_passed_over(made: tuple[Path, Path]) -> None:
    clone, _ = made
    tell(clone, "v1.1.0", "failed", "deployment")
    command(clone, "model", "deprecate", "toy@v1.0.0")
    done = command(clone, "model", "rollback", "toy", "--stage", "prod", "--json")
    assert (done.code, done.json["refused"], done.json["new"]) == (1, True, False)
    assert done.json["notes"] == [
        "v1.1.0: deployment of 2026-01-03T00:00Z says failed: 500s",
        "v1.0.0: was taken back",
    ]


def test_what_was_rolled_back_from_is_no_place_to_go_back_to(made: tuple[Path, Path]) -> None:
    clone, _ = made
    rollback(clone)  # from v1.2.0 to v1.1.0
    rollback(clone)  # to v1.0.0
    commit(clone, {"params.yaml": "n: 9\n"})
    tag(clone, "toy@v2.0.0", when=1_767_400_000)
    git(clone, "push", "-q", "--tags")
    command(clone, "model", "promote", "toy@v2.0.0", "--stage", "prod")
    command(clone, "model", "deprecate", "toy@v1.0.0")
    done = command(clone, "model", "rollback", "toy", "--stage", "prod")
    assert done.code == 1
    assert "v1.1.0: was rolled back from there itself (toy#prod#5)" in done.out
    # Promoted there again, it counts as well again.
    command(clone, "model", "promote", "toy@v1.1.0", "--stage", "prod")
    command(clone, "model", "promote", "toy@v2.0.0", "--stage", "prod")
    assert rollback(clone, "--to", "v1.1.0").startswith("toy v1.1.0 is back")


def test_a_version_can_be_named(made: tuple[Path, Path]) -> None:
    clone, _ = made
    assert rollback(clone, "--to", "v1.0.0") == "toy v1.0.0 is back in prod (toy#prod#4)\n"
    assert rollback(clone, "--to", "v1.0.0") == "toy v1.0.0 is in prod already (toy#prod#4)\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("toy", "-s", "staging"), "toy never had anything in 'staging'"),
        (("toy", "-s", "prod", "--to", "v9.0.0"), "toy has no version v9.0.0"),
        (("toy", "-s", "prod", "--to", "1.0.0"), "names no model, version or stage"),
        (("toy", "-s", "prod", "--to", "latest"), "--to 'latest' is no version"),
        (("toy@v1.0.0", "-s", "prod"), "names a version or a stage"),
        (("tyo", "-s", "prod"), "there is no model 'tyo'"),
    ],
)
def test_what_cannot_be_meant_is_said(made: tuple[Path, Path], args: tuple[str, ...], said: str) -> None:
    clone, remote = made
    done = command(clone, "model", "rollback", *args)
    assert (done.code, said in done.err) == (2, True), done.err
    assert tags(remote, "toy#*")[-1] == "toy#prod#3"


def test_it_works_while_everything_else_is_broken(made: tuple[Path, Path], tmp_path: Path) -> None:
    """No DVC, a broken policy, a dirty and conflicted tree, no journal to be had, in a shallow clone without tags."""
    clone, remote = made
    commit(clone, {**policy("[prod"), "dvc.yaml": "stages: [", ".dvc/config": "["})
    git(clone, "push", "-q")
    hook = remote / "hooks/update"
    hook.write_text('#!/bin/sh\ncase "$1" in refs/mltools/*) exit 1;; esac\n')
    hook.chmod(0o755)
    git(tmp_path, "clone", "-q", "--depth=1", "--no-tags", remote.as_uri(), "shallow")
    shallow = tmp_path / "shallow"
    (shallow / "dvc.lock").write_text("<<<<<<< HEAD\n")
    (shallow / ".git/MERGE_HEAD").write_text("0" * 40)
    (shallow / ".git/index.lock").touch()
    path = tmp_path / "bin"
    path.mkdir()
    (path / "dvc").write_text("#!/bin/sh\nexit 1\n")
    (path / "dvc").chmod(0o755)
    env = {"PATH": f"{path}{os.pathsep}{os.environ['PATH']}"}
    done = command(shallow, "model", "rollback", "toy", "--stage", "prod", env=env)
    assert (done.code, done.out) == (0, "toy v1.1.0 is back in prod (toy#prod#4)\n"), done.err
    assert holds(remote) == "v1.1.0"
    assert "the journal at the remote does not tell of it yet" in done.err


def test_it_works_with_a_damaged_journal(made: tuple[Path, Path]) -> None:
    clone, remote = made
    tell(clone, "v1.0.0", "healthy")
    oid = git(clone, "rev-parse", "refs/mltools/journal:events")
    (clone / ".git/objects" / oid[:2] / oid[2:]).unlink()
    done = command(clone, "model", "rollback", "toy", "--stage", "prod")
    assert (done.code, done.out) == (0, "toy v1.1.0 is back in prod (toy#prod#4)\n"), done.err
    assert "the journal at the remote does not tell of it yet" in done.err
    assert holds(remote) == "v1.1.0"
    assert command(clone, "model", "approve", "toy@v1.1.0", "--stage", "prod").code == 3


def test_a_stage_that_was_emptied_goes_back_to_what_was_there(made: tuple[Path, Path]) -> None:
    clone, _ = made
    for version in ("v1.0.0", "v1.1.0", "v1.2.0"):
        command(clone, "model", "unassign", f"toy@{version}", "--stage", "prod")
    assert rollback(clone) == "toy v1.2.0 is back in prod (toy#prod#7)\n"


def test_a_killed_rollback_leaves_its_event_to_the_next_call(made: tuple[Path, Path]) -> None:
    clone, remote = made
    rollback(clone, "--to", "v1.1.0")
    (kept,) = events.of_model(Repository.find(remote), "toy")
    for repo in (clone, remote):
        git(repo, "update-ref", "-d", "refs/mltools/journal")
    rollback(clone, "--to", "v1.1.0")
    assert events.of_model(Repository.find(remote), "toy") == (kept,)
