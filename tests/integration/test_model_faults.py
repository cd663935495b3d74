"""What stands in a promotion's way: refused, gone, unwritable or odd; said in one line, and nothing left behind."""

import http.server
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.registries import clone_of, make_registry, tag, tags
from tests.releases import command
from tests.support import Result, commit, git, make_repo, mltools

COMMANDS = {
    "promote": ("promote", "toy", "--stage", "prod"),
    "rollback": ("rollback", "toy", "--stage", "staging"),
    "unassign": ("unassign", "toy", "--stage", "staging"),
    "deprecate": ("deprecate", "toy@v1.0.0"),
}


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    """Two versions, one after the other in staging."""
    clone, remote = make_registry(tmp_path)
    for number, version in enumerate(("v1.0.0", "v1.1.0"), start=1):
        tag(clone, f"toy#staging#{number}", f"toy@{version}^{{commit}}", when=1_767_400_000 + number)
    git(clone, "push", "-q", "--tags")
    return clone, remote


def refs(*repos: Path) -> list[str]:
    return [git(repo, "for-each-ref", "refs/tags", "refs/mltools", "refs/heads") for repo in repos]


def refuse(remote: Path, words: str, status: int = 1) -> None:
    hook = remote / "hooks/update"
    hook.write_text(f'#!/bin/sh\ncase "$1" in refs/tags/*) echo "{words}" >&2; exit {status};; esac\n')
    hook.chmod(0o755)


def could_not(done: Result, said: str) -> bool:
    """Ended with 3, in words, without a traceback."""
    assert "Traceback" not in done.err
    return done.code == 3 and done.out == "" and said in done.err


@pytest.mark.parametrize("name", COMMANDS)
def test_a_protected_tag_is_said_in_the_remotes_words(made: tuple[Path, Path], name: str) -> None:
    clone, remote = made
    refuse(remote, "GH013: Repository rule violations found")
    before = refs(clone, remote)
    done = command(clone, "model", *COMMANDS[name])
    assert could_not(done, "GH013: Repository rule violations found")
    assert "a rule of the forge protects this ref" in done.err
    assert refs(clone, remote) == before
    (remote / "hooks/update").unlink()
    assert command(clone, "model", *COMMANDS[name]).code == 0


def test_a_hooks_refusal_is_called_one(made: tuple[Path, Path]) -> None:
    clone, remote = made
    refuse(remote, "no tags on Fridays")
    before = refs(clone, remote)
    done = command(clone, "model", *COMMANDS["promote"])
    assert could_not(done, "no tags on Fridays")
    assert "a hook of the remote refused it" in done.err
    assert refs(clone, remote) == before


@pytest.mark.parametrize("name", COMMANDS)
def test_a_remote_that_is_gone_is_said(made: tuple[Path, Path], name: str) -> None:
    clone, remote = made
    before = refs(clone)
    remote.rename(remote.with_name("elsewhere.git"))
    assert could_not(command(clone, "model", *COMMANDS[name]), "origin does not answer")
    assert refs(clone) == before


def test_a_remote_that_goes_away_while_it_is_written_to_leaves_nothing_here(
    made: tuple[Path, Path],
) -> None:
    clone, remote = made
    hook = remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\nkill -9 $PPID\n")
    hook.chmod(0o755)
    before = refs(clone, remote)
    assert could_not(command(clone, "model", *COMMANDS["promote"]), "cannot push to origin")
    assert refs(clone, remote) == before


@contextmanager
def answering(status: int) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://user:secret-word@127.0.0.1:{server.server_port}/x.git"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_remote_that_asks_for_a_password_is_not_waited_for(made: tuple[Path, Path]) -> None:
    clone, _ = made
    before = refs(clone)
    with answering(401) as url:
        git(clone, "remote", "set-url", "origin", url)
        done = command(clone, "model", *COMMANDS["promote"])
    assert done.code == 3
    assert "origin does not answer" in done.err
    assert "secret-word" not in done.err
    assert refs(clone) == before


def test_an_account_that_may_read_and_not_write_is_told_so(made: tuple[Path, Path]) -> None:
    clone, remote = made
    before = refs(clone, remote)
    with answering(403) as url:
        git(clone, "remote", "set-url", "--push", "origin", url)
        done = command(clone, "model", *COMMANDS["promote"])
    assert could_not(done, "cannot push to origin")
    assert "this account may not write there" in done.err
    assert "secret-word" not in done.err
    assert refs(clone, remote) == before


def test_a_stale_lock_at_the_remote_ends_the_waiting(made: tuple[Path, Path]) -> None:
    clone, remote = made
    lock = remote / "refs/tags/toy#prod#3.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    before = refs(clone, remote)
    done = command(clone, "model", *COMMANDS["promote"])
    assert could_not(done, "origin takes no tag toy#prod#3, and has none of that name")
    assert "stale lock" in done.err
    assert refs(clone, remote) == before


def test_a_stale_lock_here_is_said(made: tuple[Path, Path]) -> None:
    clone, _ = made
    git(clone, "remote", "remove", "origin")
    lock = clone / ".git/refs/tags/toy#prod#3.lock"
    lock.touch()
    before = refs(clone)
    assert could_not(command(clone, "model", *COMMANDS["promote"]), "cannot create refs/tags/toy#prod#3")
    lock.unlink()
    assert refs(clone) == before
    assert command(clone, "model", *COMMANDS["promote"]).code == 0


def test_a_tag_that_stands_elsewhere_at_the_remote_is_said(made: tuple[Path, Path], tmp_path: Path) -> None:
    clone, remote = made
    other = clone_of(remote, tmp_path / "other")
    git(other, "tag", "-d", "toy@v1.2.0")
    commit(other, {"a": "b"})
    tag(other, "toy@v1.2.0")
    done = command(other, "model", *COMMANDS["promote"])
    assert could_not(done, "the tag toy@v1.2.0 stands on")
    assert "git tag -d 'toy@v1.2.0'" in done.err
    assert tags(remote, "toy#prod*") == tags(other, "toy#prod*") == []
    assert command(clone, "model", *COMMANDS["promote"]).code == 0


def test_a_tag_that_was_deleted_at_the_remote_does_not_count(made: tuple[Path, Path]) -> None:
    clone, _ = made
    git(clone, "push", "-q", "origin", ":refs/tags/toy@v1.2.0")
    done = command(clone, "model", *COMMANDS["promote"])
    assert done.out.startswith("toy v1.1.0 is in prod")
    assert "the tag toy@v1.2.0 is here and not at origin" in done.err
    git(
        clone, "push", "-q", "origin", *(f":refs/tags/{name}" for name in tags(clone) if name != "toy@v1.2.0")
    )
    done = command(clone, "model", *COMMANDS["promote"])
    assert (done.code, "origin has no tag of the model 'toy', though it is here" in done.err) == (2, True)


def test_no_name_and_no_address_is_no_obstacle(made: tuple[Path, Path]) -> None:
    clone, remote = made
    nobody = {f"GIT_{who}_{what}": "" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    assert command(clone, "model", *COMMANDS["promote"], env=nobody).code == 0
    assert git(remote, "for-each-ref", "--format=%(taggername)", "refs/tags/toy#prod#3") == "mltools"


@pytest.mark.parametrize("branch", ["HEAD", "toy@v1.0.0", "a" * 40, "trunk"])
def test_branches_of_odd_names_are_in_nobodys_way(made: tuple[Path, Path], branch: str) -> None:
    clone, remote = made
    git(clone, "update-ref", f"refs/heads/{branch}", "HEAD")
    git(clone, "push", "-q", "origin", f"refs/heads/{branch}:refs/heads/{branch}")
    git(remote, "symbolic-ref", "HEAD", f"refs/heads/{branch}")
    assert command(clone, "model", *COMMANDS["promote"]).code == 0
    assert tags(remote, "toy#prod*") == ["toy#prod#3"]


def test_a_detached_head_a_worktree_and_a_subdirectory_are_places_to_stand(
    made: tuple[Path, Path], tmp_path: Path
) -> None:
    clone, remote = made
    git(clone, "worktree", "add", "-q", "--detach", str(tmp_path / "tree"), "toy@v1.0.0")
    (tmp_path / "tree/sub").mkdir()
    assert command(tmp_path / "tree/sub", "model", *COMMANDS["promote"]).code == 0
    assert tags(clone, "toy#prod*") == tags(remote, "toy#prod*") == ["toy#prod#3"]


def test_a_remote_without_a_head_has_a_policy_all_the_same(made: tuple[Path, Path]) -> None:
    clone, remote = made
    commit(clone, {"mltools.yaml": "schema: 1\nrelease: {model: toy, stages: [dev]}\n"})
    git(clone, "push", "-q", "origin", "main")
    git(remote, "symbolic-ref", "HEAD", "refs/heads/nothing")
    assert command(clone, "model", *COMMANDS["promote"]).code == 2


def test_a_sha256_repository_is_one_like_others(tmp_path: Path) -> None:
    remote, clone = tmp_path / "remote.git", tmp_path / "clone"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "--object-format=sha256", str(remote))
    git(tmp_path, "init", "-q", "-b", "main", "--object-format=sha256", str(clone))
    git(clone, "remote", "add", "origin", str(remote))
    for version in ("v1.0.0", "v1.1.0"):
        commit(clone, {"a": version})
        tag(clone, f"toy@{version}")
    git(clone, "push", "-q", "--tags", "origin", "main")
    for args in (("promote", "toy@v1.0.0"), ("promote", "toy"), ("rollback", "toy"), ("unassign", "toy")):
        done = command(clone, "model", *args, "--stage", "prod")
        assert done.code == 0, done.err
    assert tags(remote, "toy#*") == ["toy#prod#1", "toy#prod#2", "toy#prod#3", "toy#prod!#4"]


def test_outside_a_repository_and_in_a_strangers_it_says_so(made: tuple[Path, Path], tmp_path: Path) -> None:
    clone, _ = made
    (tmp_path / "bare").mkdir()
    assert could_not(
        command(tmp_path / "bare", "model", *COMMANDS["promote"]), "is not inside a Git repository"
    )
    strange = command(clone, "model", *COMMANDS["promote"], env={"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"})
    assert could_not(strange, "dubious ownership")


def test_several_remotes_of_which_none_is_meant_are_said(made: tuple[Path, Path]) -> None:
    clone, remote = made
    git(clone, "remote", "rename", "origin", "one")
    git(clone, "remote", "add", "two", str(remote))
    git(clone, "branch", "--unset-upstream")
    assert could_not(command(clone, "model", *COMMANDS["promote"]), "the remotes one, two")


def test_a_bare_environment_is_enough(made: tuple[Path, Path]) -> None:
    """No HOME, no terminal, LANG=C, another time zone, a strict umask."""
    clone, remote = made
    old = os.umask(0o077)
    try:
        env = {"HOME": "/nonexistent", "LANG": "C", "LC_ALL": "C", "TZ": "Asia/Kathmandu", "TERM": "dumb"}
        done = mltools(clone, "model", *COMMANDS["promote"], "--reason", "gut geprüft ✓", env=env)
    finally:
        os.umask(old)
    assert done.code == 0, done.err
    assert "gut geprüft ✓" in git(remote, "cat-file", "tag", "toy#prod#3")


def test_a_reason_that_is_no_text_is_refused(made: tuple[Path, Path]) -> None:
    clone, remote = made
    done = mltools(clone, "model", *COMMANDS["promote"], "--reason", os.fsdecode(b"caf\xe9"))
    assert (done.code, "characters that cannot be shown" in done.err) == (2, True)
    assert tags(remote, "toy#prod*") == []


def test_a_submodule_is_a_repository_of_its_own(made: tuple[Path, Path], tmp_path: Path) -> None:
    clone, remote = made
    outer = make_repo(tmp_path / "outer", {"a": "b"})
    git(outer, "submodule", "add", "-q", str(remote), "inner")
    assert command(outer / "inner", "model", *COMMANDS["promote"]).code == 0
    assert tags(remote, "toy#prod*") == ["toy#prod#3"]
    assert git(clone, "fetch", "--tags", "-q") == ""
