"""`mltools release` where Git is not as it should be: a clear line, the right exit code, nothing half-written."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.projects import FILES
from tests.releases import command, make_project, md5, model_text, run
from tests.support import Result, commit, git, make_repo, mltools


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = make_project(tmp_path / "project")
    git(path, "remote", "add", "origin", str(make_repo(tmp_path / "remote.git", bare=True)))
    return path


def release(repo: Path, *args: str, **env: str) -> Result:
    return command(repo, "release", *args, env=env)


def refs(repo: Path) -> str:
    return git(repo, "for-each-ref")


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    path = make_repo(tmp_path / "project")
    for name, text in FILES.items():
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text(text)
    done = release(path)
    assert done.code == 3
    assert "this repository has no commit yet" in done.err
    assert refs(path) == ""


def test_no_repository_and_a_bare_one(tmp_path: Path, project: Path) -> None:
    (tmp_path / "nowhere").mkdir()
    (tmp_path / "nowhere/mltools.yaml").write_text("schema: 1\n")
    for place, said in ((tmp_path / "nowhere", "not inside a Git repository"), (tmp_path / "remote.git", "")):
        done = release(place)
        assert done.code in {2, 3}
        assert said in done.err
        assert "Traceback" not in done.err
    assert project.exists()


@pytest.mark.parametrize("name", ["toy@v0.1.0", "HEAD", "deadbeef"])
def test_a_branch_that_is_called_like_something_else(project: Path, tmp_path: Path, name: str) -> None:
    git(project, "update-ref", f"refs/heads/{name}", "HEAD~0")
    git(project, "push", "-q", "origin", f"refs/heads/{name}")
    made = run(project)
    assert release(project).code == 0
    assert git(tmp_path / "remote.git", "rev-parse", "refs/tags/toy@v0.1.0^{commit}") == made.commit
    assert command(project, "model", "verify", "toy@v0.1.0").code == 0


def test_a_branch_that_git_takes_for_the_tag_is_told(project: Path, tmp_path: Path) -> None:
    # `git push X:refs/tags/T` goes to the branch `refs/tags/T`, if the remote has one and no such tag.
    git(project, "update-ref", "refs/heads/refs/tags/toy@v0.1.0", "HEAD")
    git(project, "push", "-q", "origin", "refs/heads/refs/tags/toy@v0.1.0")
    run(project)
    done = release(project)
    assert done.code == 3
    assert "refused again and again, though nobody else releases it" in done.err
    assert "git ls-remote origin" in done.err
    assert git(project, "tag") == git(tmp_path / "remote.git", "tag") == ""


def test_what_is_not_committed_stays_as_it_is_and_out_of_the_version(project: Path) -> None:
    run(project, commit_results=False)
    (project / "train.py").write_text("changed\n")
    (project / "schemas/raw.yaml").write_text("staged\n")
    git(project, "add", "schemas/raw.yaml")
    (project / "new.txt").write_text("new\n")
    before = git(project, "status", "--porcelain")
    assert release(project).code == 0
    assert git(project, "status", "--porcelain") == before
    changed = git(project, "diff", "--name-only", "HEAD", "toy@v0.1.0").split()
    assert changed == ["dvc.lock", "metrics/test.json"]


def test_locks_and_conflicts_of_the_working_tree_are_not_its_business(project: Path) -> None:
    run(project)
    (project / ".git/index.lock").write_text("")
    (project / "dvc.lock").write_text("<<<<<<< ours\nschema: '2.0'\n=======\n>>>>>>> theirs\n")
    done = release(project)
    assert done.code == 0, done.err
    assert (project / ".git/index.lock").exists()
    assert "<<<<<<<" in (project / "dvc.lock").read_text()
    (project / ".git/index.lock").unlink()
    assert "<<<<<<<" not in git(project, "show", "toy@v0.1.0:dvc.lock")


def test_a_lock_on_the_refs_is_said(project: Path, tmp_path: Path) -> None:
    run(project)
    # Another Git at work: it holds the remote's ref just now, and here that of the tag.
    lock = project / ".git/refs/tags/toy@v0.1.0.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text("")
    done = release(project)
    assert done.code == 3
    assert "Traceback" not in done.err
    lock.unlink()
    assert release(project).code == 0
    assert git(project, "tag") == git(tmp_path / "remote.git", "tag") == "toy@v0.1.0"


def test_a_worktree(project: Path, tmp_path: Path) -> None:
    run(project)
    git(project, "worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    done = release(tmp_path / "tree")
    # The model lies in the first tree's cache: there it is released, here it is told where to get it.
    assert done.code == 3
    assert "is not here" in done.err
    assert release(project).code == 0
    assert command(tmp_path / "tree", "model", "verify", "toy@v0.1.0").code == 0


@pytest.mark.parametrize(
    ("inside", "tag"),
    [
        ("models/small", "models/small=toy@v0.1.0"),
        ("größe", None),
        ("a b", None),
        ("$(x)", None),
        ("-x", None),
    ],
)
def test_a_project_below_the_top_has_its_place_in_the_name_or_a_name_that_no_tag_can_have(
    tmp_path: Path, inside: str, tag: str | None
) -> None:
    project = make_project(tmp_path / "project", inside=inside)
    run(project)
    done = release(project)
    assert "Traceback" not in done.err
    if tag is None:
        assert done.code == 2
        assert inside in done.err
        assert git(project, "tag") == ""
    else:
        assert (done.code, done.out.splitlines()[0]) == (0, f"released {tag}"), done.err
        assert command(project, "model", "verify", "toy@v0.1.0").code == 0


def test_line_ends_that_git_changes_change_no_hash(project: Path) -> None:
    git(project, "config", "core.autocrlf", "true")
    (project / ".gitattributes").write_text("* text=auto eol=crlf\n")
    commit(project, {}, "Attributes")
    run(project, commit_results=False)
    assert release(project).code == 0
    stored = subprocess.run(
        ["git", "cat-file", "blob", "toy@v0.1.0:dvc.lock"], cwd=project, capture_output=True, check=True
    ).stdout
    assert stored == (project / "dvc.lock").read_bytes()
    assert command(project, "model", "verify", "toy@v0.1.0").code == 0


def test_a_repository_of_somebody_else(project: Path) -> None:
    run(project)
    done = release(project, GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
    assert done.code == 3
    assert "dubious ownership" in done.err
    assert "safe.directory" in done.err
    assert git(project, "tag") == ""


def test_a_sha256_repository(tmp_path: Path) -> None:
    project, remote = tmp_path / "project", tmp_path / "remote.git"
    for path, bare in ((project, ()), (remote, ("--bare",))):
        path.mkdir()
        git(path, "init", "-q", "-b", "main", "--object-format=sha256", *bare)
    project = make_project(project)
    git(project, "remote", "add", "origin", str(remote))
    run(project, commit_results=False)
    done = release(project)
    assert (done.code, done.out.splitlines()[0]) == (0, "released toy@v0.1.0"), done.err
    assert len(git(remote, "rev-parse", "toy@v0.1.0")) == 64
    assert command(project, "model", "verify", "toy@v0.1.0").code == 0
    run(project, 0.95)
    assert release(project).out.startswith("released toy@v0.2.0\n")


@pytest.fixture
def locked_door() -> Iterator[str]:
    """A Git server that asks everybody for a password."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/r.git"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_remote_that_asks_for_a_password_is_not_waited_for(project: Path, locked_door: str) -> None:
    run(project)
    git(project, "remote", "set-url", "origin", locked_door)
    done = release(project)
    assert done.code == 3
    assert "hint: Git has no login for this remote" in done.err
    assert git(project, "tag") == ""


def test_a_remote_without_the_branch_takes_the_tag_and_its_history(project: Path, tmp_path: Path) -> None:
    made = run(project)
    assert git(tmp_path / "remote.git", "branch") == ""
    assert release(project).code == 0
    assert git(tmp_path / "remote.git", "rev-parse", "toy@v0.1.0^{commit}") == made.commit
    assert git(tmp_path / "remote.git", "branch") == ""


def test_several_remotes_and_none_of_them_named(project: Path, tmp_path: Path) -> None:
    git(project, "remote", "rename", "origin", "one")
    git(project, "remote", "add", "two", str(tmp_path / "two.git"))
    run(project)
    done = release(project)
    assert done.code == 3
    assert "none of them is called origin" in done.err
    git(project, "config", "remote.pushDefault", "one")
    assert release(project).code == 0


def test_a_step_that_cannot_be_told_the_tag_comes_after_the_release(project: Path, tmp_path: Path) -> None:
    run(project)
    env = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(tmp_path / "no/such/file")}
    done = release(project, **env)
    assert done.code != 0
    assert done.out.startswith("released toy@v0.1.0\n")
    assert "cannot write" in done.err
    assert "Traceback" not in done.err
    assert git(tmp_path / "remote.git", "tag") == "toy@v0.1.0"
    assert release(project, GITHUB_ACTIONS="true", GITHUB_OUTPUT="").code == 0


@pytest.mark.slow
@pytest.mark.parametrize("kilobytes", [0, 1])
def test_a_disk_that_is_full_is_no_bug_and_leaves_no_version(
    project: Path, tmp_path: Path, kilobytes: int
) -> None:
    run(project, commit_results=False)
    # No file may grow beyond so much: what a full disk does, at different places.
    # Python's own compiled files would be cut there, too, and stay so.
    shell = f'ulimit -f {kilobytes}; export PYTHONDONTWRITEBYTECODE=1; exec "$@"'
    words = ["bash", "-c", shell, "bash", sys.executable, "-m", "mltools", "-C", str(project), "release"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert "File too large" in done.stderr or "temporary directory" in done.stderr
    assert git(project, "tag") == git(tmp_path / "remote.git", "tag") == ""
    assert release(project).code == 0
    assert command(project, "model", "verify", "toy@v0.1.0").code == 0


@pytest.mark.slow
def test_a_poor_environment_gives_the_same_version(project: Path, tmp_path: Path) -> None:
    run(project)
    poor = {"HOME": str(tmp_path / "none"), "LANG": "C", "LC_ALL": "C", "TZ": "Asia/Tokyo", "TERM": "dumb"}
    shell = 'umask 077; exec "$@"'
    words = ["sh", "-c", shell, "sh", sys.executable, "-m", "mltools", "-C", str(project), "release"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in poor.items():
            patch.setenv(name, value)
        done = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "released toy@v0.1.0"), done.stderr
    assert mltools(project, "model", "verify", "toy@v0.1.0").code == 0


@pytest.mark.slow
@pytest.mark.parametrize(("name", "code"), [("TERM", 143), ("INT", 130)])
def test_a_release_that_is_told_to_stop_leaves_nothing_half_done(
    project: Path, tmp_path: Path, name: str, code: int
) -> None:
    run(project)
    hook = tmp_path / "remote.git/hooks/update"
    hook.parent.mkdir(exist_ok=True)
    # The remote tells the release to stop while it pushes its tag, and refuses that.
    pid = tmp_path / "pid"
    hook.write_text(f'#!/bin/sh\ncase "$1" in refs/tags/*) kill -{name} "$(cat "{pid}")"; exit 1;; esac\n')
    hook.chmod(0o755)
    shell = f'echo $$ >"{pid}"; exec "$@"'
    words = ["sh", "-c", shell, "sh", sys.executable, "-m", "mltools", "-C", str(project), "release"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode in {code, code - 128 if name == "INT" else -15, 130}, done.stderr
    assert "Traceback" not in done.stderr
    assert git(project, "tag") == git(tmp_path / "remote.git", "tag") == ""
    hook.unlink()
    assert release(project).code == 0
    name_of = md5(model_text(0.9))
    assert git(
        tmp_path / "remote.git", "cat-file", "-t", f"refs/mltools/objects:md5/{name_of[:2]}/{name_of[2:]}"
    )
