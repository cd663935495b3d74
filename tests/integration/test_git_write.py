"""`edges.git.write`: what is written, and that no race, refusal or kill loses or doubles anything."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from mltools.edges.git.read import Repository
from mltools.edges.git.write import PushError, Writer
from mltools.errors import RepositoryError
from tests.support import commit, git, make_repo

WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
JOURNAL = "refs/mltools/journal"


def writer(path: Path) -> Writer:
    return Writer(Repository.find(path), dict(os.environ))


def names(path: Path, ref: str = JOURNAL) -> list[str]:
    return git(path, "ls-tree", "-r", "--name-only", ref).split("\n")


def fsck(path: Path) -> str:
    return git(path, "fsck", "--strict", "--no-dangling")


def all_refs(path: Path) -> str:
    return git(path, "for-each-ref", "--format=%(refname) %(objectname)")


# ---- commits


def test_a_commit_holds_the_parents_tree_and_the_files_over_it(repo: Path, tmp_path: Path) -> None:
    base = commit(repo, {"keep": "k", "gone": "g", "sub/deep/x": "1"})
    (tmp_path / "on disk").write_bytes(b"\x00\r\nbytes")
    before = all_refs(repo)
    made = writer(repo).commit(
        {"gone": None, "sub/deep/x": b"2", 'odd "name"\n\\ü': b"o", "from disk": tmp_path / "on disk"},
        "subject\n\nbody ü\n",
        parent=base,
        when=WHEN,
    )
    found = Repository.find(repo)
    assert found.parents(made) == (base,)
    assert sorted(found.tree(made)) == ["README.md", "from disk", "keep", 'odd "name"\n\\ü', "sub/deep/x"]
    assert found.read(made, "from disk") == b"\x00\r\nbytes"
    assert found.read(made, "sub/deep/x") == b"2"
    assert git(repo, "log", "-1", "--format=%B%n%an %ae %ad %cd", "--date=raw", made) == (
        f"subject\n\nbody ü\n\nA Tester tester@example.com {int(WHEN.timestamp())} +0000 "
        f"{int(WHEN.timestamp())} +0000"
    )
    assert all_refs(repo) == before
    fsck(repo)


def test_a_first_commit_needs_no_parent(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "empty")
    made = writer(repo).commit({"a": b"1"}, "first", parent=None, when=WHEN)
    assert Repository.find(repo).parents(made) == ()
    assert all_refs(repo) == ""


def test_the_same_commit_is_made_in_every_time_zone(repo: Path) -> None:
    parent = git(repo, "rev-parse", "HEAD")
    east = WHEN.astimezone(timezone(timedelta(hours=9)))
    ids = {writer(repo).commit({"a": b"1"}, "m", parent=parent, when=when) for when in (WHEN, east)}
    assert len(ids) == 1


def test_bytes_are_stored_whatever_autocrlf_says(repo: Path, tmp_path: Path) -> None:
    git(repo, "config", "core.autocrlf", "true")
    commit(repo, {".gitattributes": "* text eol=crlf filter=nothing\n"})
    (tmp_path / "crlf.csv").write_bytes(b"a\r\nb\r\n")
    made = writer(repo).commit({"crlf.csv": tmp_path / "crlf.csv"}, "m", parent=None, when=WHEN)
    assert Repository.find(repo).read(made, "crlf.csv") == b"a\r\nb\r\n"


@pytest.mark.parametrize(
    "path", ["", "/abs", "../up", "a/../b", "a//b", ".git/config", "x/.GIT/hooks", "./a", "nul\0"]
)
def test_a_path_that_no_tree_should_hold_is_refused(repo: Path, path: str) -> None:
    with pytest.raises(RepositoryError, match="cannot be the name"):
        writer(repo).commit({path: b"x"}, "m", parent=None, when=WHEN)


def test_a_message_cannot_smuggle_commands_in(repo: Path) -> None:
    made = writer(repo).commit(
        {"a": b"x\nreset refs/heads/main\n"}, "m\nreset refs/heads/evil\n\ndone\n", parent=None, when=WHEN
    )
    assert "evil" not in all_refs(repo)
    assert Repository.find(repo).read(made, "a") == b"x\nreset refs/heads/main\n"


def test_a_missing_file_is_named(repo: Path, tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="gone away"):
        writer(repo).commit({"a": tmp_path / "gone away"}, "m", parent=None, when=WHEN)


def test_an_unknown_parent_is_refused(repo: Path) -> None:
    with pytest.raises(RepositoryError, match="unknown revision"):
        writer(repo).commit({"a": b"1"}, "m", parent="1" * 40, when=WHEN)
    assert list((repo / ".git").glob("fast_import_crash*")) == []


# ---- identity


def without_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(name)


def people(repo: Path, rev: str) -> str:
    return git(repo, "log", "-1", "--format=%an <%ae> %cn <%ce>", rev)


def test_without_an_identity_mltools_signs_and_no_configuration_changes(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_identity(monkeypatch)
    before = (repo / ".git" / "config").read_bytes()
    w = writer(repo)
    made = w.append(JOURNAL, {"a": b"1"}, "m", when=WHEN)
    ours = "mltools <mltools@users.noreply.localhost>"
    assert people(repo, made) == f"{ours} {ours}"
    w.tag("m@v1.0.0", "HEAD", "m", when=WHEN)
    assert git(repo, "for-each-ref", "--format=%(taggername) %(taggeremail)", "refs/tags") == ours
    assert (repo / ".git" / "config").read_bytes() == before


def test_the_users_configured_identity_is_taken(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_identity(monkeypatch)
    git(repo, "config", "user.name", "Zoë <Ex>ample")
    git(repo, "config", "user.email", "zoe@example.com")
    git(repo, "config", "committer.name", "Robot")
    made = writer(repo).append(JOURNAL, {"a": b"1"}, "m", when=WHEN)
    assert people(repo, made) == "Zoë Example <zoe@example.com> Robot <zoe@example.com>"


# ---- append


@pytest.mark.parametrize("path", ["a\nb", "a\tb", "../x", ".git/x"])
def test_records_have_plain_names(repo: Path, path: str) -> None:
    with pytest.raises(RepositoryError, match="cannot be the name"):
        writer(repo).append(JOURNAL, {path: b"1"}, "one", when=WHEN)
    writer(repo).append(JOURNAL, {"a": b"1"}, "one", when=WHEN)
    with pytest.raises(RepositoryError, match="cannot be the name"):
        writer(repo).append(JOURNAL, {path: b"1"}, "one", when=WHEN)


def test_append_builds_a_chain(repo: Path) -> None:
    w = writer(repo)
    first = w.append(JOURNAL, {"r/1/a": b"1"}, "one", when=WHEN)
    second = w.append(JOURNAL, {"r/2/a": b"2"}, "two", when=WHEN)
    assert w.repository.parents(second) == (first,)
    assert names(repo) == ["r/1/a", "r/2/a"]
    assert git(repo, "log", "--format=%s", JOURNAL) == "two\none"


def test_appending_the_same_again_adds_nothing(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("file")
    files: dict[str, bytes | Path] = {"a": b"1", "b": tmp_path / "f"}
    w = writer(repo)
    first = w.append(JOURNAL, files, "one", when=WHEN)
    assert w.append(JOURNAL, files, "again", when=WHEN) == first
    third = w.append(JOURNAL, {**files, "c": b"3"}, "more", when=WHEN)
    assert w.repository.parents(third) == (first,)


def test_what_is_recorded_never_changes(repo: Path) -> None:
    w = writer(repo)
    tip = w.append(JOURNAL, {"a": b"1"}, "one", when=WHEN)
    with pytest.raises(RepositoryError, match="a is there already, with other content"):
        w.append(JOURNAL, {"a": b"2", "b": b"3"}, "two", when=WHEN)
    assert git(repo, "rev-parse", JOURNAL) == tip


def test_append_works_in_a_worktree_a_bare_and_a_shallow_repository(
    repo: Path, remote: Path, tmp_path: Path
) -> None:
    commit(repo, {"a": "2"})
    git(repo, "worktree", "add", "-q", "-b", "side", str(tmp_path / "tree"))
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repo}", "shallow")
    for path in (tmp_path / "tree", remote, tmp_path / "shallow"):
        writer(path).append(JOURNAL, {"a": b"1"}, "one", when=WHEN)
        assert names(path) == ["a"]
    assert names(repo) == ["a"]  # the worktree's is the repository's


def test_append_works_before_the_first_commit_and_on_a_detached_head(repo: Path, tmp_path: Path) -> None:
    empty = make_repo(tmp_path / "empty")
    git(repo, "checkout", "-q", "--detach")
    for path in (empty, repo):
        writer(path).append(JOURNAL, {"a": b"1"}, "one", when=WHEN)
        assert names(path) == ["a"]


def test_append_works_in_a_sha256_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "--object-format=sha256", "r")
    w = writer(tmp_path / "r")
    first = w.append(JOURNAL, {"a": b"1"}, "one", when=WHEN)
    assert w.append(JOURNAL, {"a": b"1"}, "one", when=WHEN) == first
    with pytest.raises(RepositoryError, match="other content"):
        w.append(JOURNAL, {"a": b"2"}, "two", when=WHEN)


def test_a_lock_left_behind_is_named(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mltools.edges.git.write.LOCAL_DEADLINE", 0.05)
    lock = repo / ".git" / "refs" / "mltools" / "journal.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text("")
    with pytest.raises(RepositoryError, match="could not be extended") as caught:
        writer(repo).append(JOURNAL, {"a": b"1"}, "one", when=WHEN)
    assert str(lock) in str(caught.value.hint)


def test_a_ref_in_the_way_is_an_error_in_gits_words(repo: Path) -> None:
    git(repo, "update-ref", "refs/mltools", "HEAD")
    with pytest.raises(RepositoryError, match="cannot update refs/mltools/journal"):
        writer(repo).append(JOURNAL, {"a": b"1"}, "one", when=WHEN)


# ---- races, kills, permissions: other processes

SCRIPT = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
path, name, count, remote = sys.argv[1:]
writer = Writer(Repository.find(Path(path)), dict(os.environ))
for number in range(int(count)):
    files = {f"records/{name}/{number}/run.json": f"{name} {number}".encode()}
    writer.append("refs/mltools/journal", files, f"{name} {number}", when=datetime.now(UTC))
    if remote:
        writer.publish(remote, "refs/mltools/journal", when=datetime.now(UTC))
"""


def start(
    path: Path, name: str, count: int, remote: str = "", prefix: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    argv = [*prefix, sys.executable, "-c", SCRIPT, str(path), name, str(count), remote]
    return subprocess.Popen(argv, stderr=subprocess.PIPE, start_new_session=True)


def finish(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said.decode()


def test_eight_writers_at_once_lose_and_double_nothing(repo: Path) -> None:
    finish([start(repo, f"w{number}", 10) for number in range(8)])
    expected = sorted(f"records/w{writer_}/{number}/run.json" for writer_ in range(8) for number in range(10))
    assert names(repo) == expected
    subjects = git(repo, "log", "--format=%s", JOURNAL).split("\n")
    assert sorted(subjects) == sorted(f"w{writer_} {number}" for writer_ in range(8) for number in range(10))
    assert all_refs(repo).count("refs/mltools/") == 1
    fsck(repo)


def test_four_clones_publish_at_once_and_every_record_arrives_once(remote: Path, tmp_path: Path) -> None:
    clones = [tmp_path / f"clone{number}" for number in range(4)]
    for path in clones:
        git(tmp_path, "clone", "-q", str(remote), path.name)
    finish([start(path, path.name, 5, "origin") for path in clones])
    expected = sorted(f"records/{path.name}/{number}/run.json" for path in clones for number in range(5))
    assert names(remote) == expected
    subjects = git(remote, "log", "--format=%s", JOURNAL).split("\n")
    assert sorted(s for s in subjects if s.startswith("clone")) == sorted(
        f"{path.name} {number}" for path in clones for number in range(5)
    )
    assert all_refs(remote).split(" ")[0] == JOURNAL
    assert all_refs(remote).count("\n") == 0
    fsck(remote)


def test_a_killed_writer_leaves_a_sound_repository(repo: Path) -> None:
    process = start(repo, "w", 100_000)
    while not (repo / ".git" / "refs" / "mltools" / "journal").exists():
        assert process.poll() is None, process.communicate()
    for _ in range(3):
        os.killpg(process.pid, signal.SIGKILL)  # Git's processes with it
        process.communicate()
        before = names(repo)
        process = start(repo, f"w{len(before)}", 100_000)
        while names(repo) == before:
            assert process.poll() is None, process.communicate()
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    fsck(repo)
    (repo / ".git" / "refs" / "mltools" / "journal.lock").unlink(missing_ok=True)
    writer(repo).append(JOURNAL, {"after": b"1"}, "after", when=WHEN)
    assert {line.split(" ")[0] for line in all_refs(repo).split("\n")} == {"refs/heads/main", JOURNAL}
    assert len(names(repo)) == len(git(repo, "log", "--format=%s", JOURNAL).split("\n"))


def keep_out(repo: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Take the right to write away; how to start a program that is held by it."""
    if os.geteuid() != 0:
        for path in [repo / ".git", *(repo / ".git").rglob("*")]:
            path.chmod(path.stat().st_mode & ~0o222)
        return []
    # Nothing is forbidden to root: somebody else must try, who may reach the directory and Python.
    for parent in repo.parents:
        if parent != Path("/") and parent.stat().st_mode & 0o005 != 0o005:
            parent.chmod(parent.stat().st_mode | 0o055)
    for name, value in {"COUNT": "1", "KEY_0": "safe.directory", "VALUE_0": "*"}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    prefix = ["setpriv", "--reuid=65534", "--clear-groups"]
    if (
        shutil.which("setpriv") is None
        or subprocess.run([*prefix, sys.executable, "-c", ""], check=False).returncode
    ):
        pytest.skip("no second user who could be kept out")
    return prefix


def test_a_repository_that_may_not_be_written_is_named_and_unchanged(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer(repo).append(JOURNAL, {"a": b"1"}, "one", when=WHEN)
    before = all_refs(repo)
    process = start(repo, "w", 1, prefix=keep_out(repo, monkeypatch))
    said = process.communicate()[1].decode()
    assert process.returncode == 1
    assert "RepositoryError" in said
    assert "ermission denied" in said
    assert all_refs(repo) == before


def test_a_full_disk_is_told_and_changes_nothing(repo: Path) -> None:
    writer(repo).append(JOURNAL, {"a": b"1"}, "one", when=WHEN)
    before = all_refs(repo)
    process = start(repo, "w", 1, prefix=["sh", "-c", 'ulimit -f 0; exec "$@"', "sh"])
    said = process.communicate()[1].decode()
    assert process.returncode == 1
    assert "RepositoryError: cannot write a temporary file" in said
    assert all_refs(repo) == before
    fsck(repo)


def test_writing_needs_no_home(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "USER", "LOGNAME"):
        monkeypatch.delenv(name, raising=False)
    without_identity(monkeypatch)
    made = writer(repo).append(JOURNAL, {"a": b"1"}, "one", when=WHEN)
    assert "mltools" in people(repo, made)


# ---- refs and tags


def test_a_ref_moves_by_compare_and_swap_only(repo: Path) -> None:
    first = git(repo, "rev-parse", "HEAD")
    second = commit(repo, {"b": "1"})
    w = writer(repo)
    w.update_ref("refs/mltools/x", first, None)
    for old in (None, second):
        with pytest.raises(RepositoryError, match="changed by somebody else"):
            w.update_ref("refs/mltools/x", second, old)
    w.update_ref("refs/mltools/x", second, first)
    assert git(repo, "rev-parse", "refs/mltools/x") == second


def test_a_tag_is_annotated_and_made_once(repo: Path) -> None:
    head = git(repo, "rev-parse", "HEAD")
    w = writer(repo)
    made = w.tag("m@v1.0.0", head, "# a heading\n\nwords ü\n", when=WHEN)
    assert w.tag("m@v1.0.0", "HEAD", "other words", when=WHEN) == made
    (ref,) = w.repository.refs("refs/tags")
    assert (ref.oid, ref.commit, ref.kind, ref.when) == (made, head, "tag", int(WHEN.timestamp()))
    assert ref.message == "# a heading\n\nwords ü\n"


def test_a_tag_on_another_commit_is_refused(repo: Path) -> None:
    w = writer(repo)
    w.tag("m@v1.0.0", "HEAD", "one", when=WHEN)
    other = commit(repo, {"b": "1"})
    with pytest.raises(RepositoryError, match="stands on another commit"):
        w.tag("m@v1.0.0", other, "two", when=WHEN)


def test_a_lightweight_tag_on_the_same_commit_counts(repo: Path) -> None:
    git(repo, "tag", "m@v1.0.0")
    assert writer(repo).tag("m@v1.0.0", "HEAD", "m", when=WHEN) == git(repo, "rev-parse", "HEAD")


@pytest.mark.parametrize("name", ["", "-x", "a b", "a..b", "x.lock", "a~1", "--delete"])
def test_a_name_that_git_refuses_makes_no_tag(repo: Path, name: str) -> None:
    with pytest.raises(RepositoryError, match="cannot create the tag"):
        writer(repo).tag(name, "HEAD", "m", when=WHEN)
    assert git(repo, "tag") == ""


def test_a_tag_of_an_unknown_commit_is_refused(repo: Path) -> None:
    with pytest.raises(RepositoryError, match="cannot create the tag"):
        writer(repo).tag("m@v1.0.0", "1" * 40, "m", when=WHEN)


# ---- remotes


def test_push_is_atomic(clone: Path, remote: Path) -> None:
    first = git(clone, "rev-parse", "HEAD")
    git(remote, "tag", "taken", first)
    second = commit(clone, {"b": "1"})
    git(clone, "tag", "taken", second)
    with pytest.raises(PushError, match="refs/tags/taken") as caught:
        writer(clone).push("origin", "refs/heads/main:refs/heads/main", "refs/tags/taken:refs/tags/taken")
    assert caught.value.race
    assert git(remote, "rev-parse", "main") == first


def test_push_never_overwrites(clone: Path, remote: Path) -> None:
    first = git(clone, "rev-parse", "HEAD")
    git(
        remote,
        "update-ref",
        "refs/heads/main",
        git(remote, "commit-tree", "-m", "x", "-p", first, f"{first}^{{tree}}"),
    )
    commit(clone, {"b": "1"})
    with pytest.raises(PushError, match="fetch first") as caught:
        writer(clone).push("origin", "refs/heads/main")
    assert caught.value.race


def hook(remote: Path, text: str, name: str = "pre-receive") -> None:
    path = remote / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("script", "said", "hint"),
    [
        ("echo 'not on a Sunday' >&2; exit 1", "not on a Sunday", "hook of the remote"),
        ("echo 'error: GH013: Repository rule violations found' >&2; exit 1", "GH013", "rule of the forge"),
        ("echo 'Permission to o/r.git denied to bot.' >&2; exit 1", "denied to bot", "hook of the remote"),
    ],
)
def test_a_refusal_is_told_in_the_remotes_words_and_not_tried_again(
    clone: Path, remote: Path, script: str, said: str, hint: str
) -> None:
    hook(remote, f"echo x >> {remote}/calls\n{script}")
    w = writer(clone)
    w.append(JOURNAL, {"a": b"1"}, "one", when=WHEN)
    with pytest.raises(PushError, match=said) as caught:
        w.publish("origin", JOURNAL, when=WHEN)
    assert not caught.value.race
    assert JOURNAL in caught.value.message
    assert hint in str(caught.value.hint)
    assert (remote / "calls").read_text() == "x\n"
    assert names(clone) == ["a"]


def test_a_remote_that_is_gone_is_named(clone: Path, remote: Path, tmp_path: Path) -> None:
    remote.rename(tmp_path / "elsewhere")
    w = writer(clone)
    w.append(JOURNAL, {"a": b"1"}, "one", when=WHEN)
    for act in (
        lambda: w.publish("origin", JOURNAL, when=WHEN),
        lambda: w.receive("origin", JOURNAL),
        lambda: w.fetch("origin", "main"),
        lambda: w.remote_tags("origin", "*"),
        lambda: w.push("nowhere", "HEAD:refs/heads/x"),
    ):
        with pytest.raises(RepositoryError, match="does not appear to be a git repository") as caught:
            act()
        assert "git remote -v" in str(caught.value.hint)


def test_a_remote_cannot_be_an_option(clone: Path, tmp_path: Path) -> None:
    with pytest.raises(RepositoryError):
        writer(clone).fetch(f"--upload-pack=touch {tmp_path}/pwned", "main")
    assert not (tmp_path / "pwned").exists()


def test_a_pre_push_hook_of_the_user_is_not_called(clone: Path) -> None:
    hook(clone / ".git", "exit 1", "pre-push")
    w = writer(clone)
    w.append(JOURNAL, {"a": b"1"}, "one", when=WHEN)
    w.publish("origin", JOURNAL, when=WHEN)


def test_fetch_tells_a_missing_ref_from_a_missing_remote(clone: Path) -> None:
    w = writer(clone)
    assert not w.fetch("origin", "refs/heads/nope")
    assert w.fetch("origin", "refs/heads/main:refs/heads/copy")
    assert w.repository.resolve("copy") == w.repository.head()
    assert not (clone / ".git" / "FETCH_HEAD").exists()


def test_fetching_prunes_none_of_the_users_tags(clone: Path) -> None:
    git(clone, "config", "fetch.prune", "true")
    git(clone, "tag", "mine")
    assert writer(clone).fetch("origin", "refs/tags/*:refs/tags/*")
    assert git(clone, "tag") == "mine"


def test_remote_tags_are_peeled(clone: Path) -> None:
    w = writer(clone)
    w.tag("m@v1.0.0", "HEAD", "m", when=WHEN)
    git(clone, "tag", "m@light")
    git(clone, "tag", "other@v1")
    git(clone, "push", "-q", "--tags", "origin")
    head = git(clone, "rev-parse", "HEAD")
    assert w.remote_tags("origin", "m@*") == {"m@v1.0.0": head, "m@light": head}
    assert w.remote_tags("origin", "m@v1.0.0") == {"m@v1.0.0": head}
    assert w.remote_tags("origin", "none@*") == {}


# ---- joining with others


@pytest.fixture
def other(clone: Path, remote: Path, tmp_path: Path) -> Path:  # noqa: ARG001 - pushes main first
    git(tmp_path, "clone", "-q", str(remote), "other")
    return tmp_path / "other"


def test_publishing_joins_with_what_others_pushed(clone: Path, other: Path, remote: Path) -> None:
    ours, theirs = writer(clone), writer(other)
    mine = ours.append(JOURNAL, {"mine": b"1"}, "mine", when=WHEN)
    their = theirs.append(JOURNAL, {"their": b"1"}, "their", when=WHEN)
    theirs.publish("origin", JOURNAL, when=WHEN)
    ours.publish("origin", JOURNAL, when=WHEN)
    tip = git(remote, "rev-parse", JOURNAL)
    assert git(clone, "rev-parse", JOURNAL) == tip
    assert ours.repository.parents(tip) == (their, mine)
    assert names(remote) == ["mine", "their"]
    assert theirs.receive("origin", JOURNAL)
    assert git(other, "rev-parse", JOURNAL) == tip
    assert all_refs(clone).count("refs/mltools") == 1


def test_publishing_twice_changes_nothing(clone: Path, remote: Path) -> None:
    w = writer(clone)
    w.append(JOURNAL, {"mine": b"1"}, "mine", when=WHEN)
    w.publish("origin", JOURNAL, when=WHEN)
    before = all_refs(remote)
    w.publish("origin", JOURNAL, when=WHEN)
    assert all_refs(remote) == before


def test_publishing_nothing_is_fine(clone: Path, remote: Path) -> None:
    writer(clone).publish("origin", JOURNAL, when=WHEN)
    assert JOURNAL not in all_refs(remote)


def test_a_clone_that_lags_behind_catches_up_by_publishing(clone: Path, other: Path, remote: Path) -> None:
    w = writer(clone)
    w.append(JOURNAL, {"a": b"1"}, "a", when=WHEN)
    w.publish("origin", JOURNAL, when=WHEN)
    o = writer(other)
    o.receive("origin", JOURNAL)
    w.append(JOURNAL, {"b": b"1"}, "b", when=WHEN)
    w.publish("origin", JOURNAL, when=WHEN)
    o.publish("origin", JOURNAL, when=WHEN)
    assert git(other, "rev-parse", JOURNAL) == git(remote, "rev-parse", JOURNAL)


def test_the_same_record_from_two_places_is_there_once(clone: Path, other: Path, remote: Path) -> None:
    for path, second in ((clone, 0), (other, 1)):
        w = writer(path)
        w.append(JOURNAL, {"same": b"1"}, "same", when=WHEN + timedelta(seconds=second))
        w.publish("origin", JOURNAL, when=WHEN)
    assert names(remote) == ["same"]
    assert git(other, "rev-parse", JOURNAL) == git(remote, "rev-parse", JOURNAL)


def test_two_contents_for_one_path_are_never_joined(clone: Path, other: Path, remote: Path) -> None:
    theirs = writer(other)
    theirs.append(JOURNAL, {"a": b"their"}, "their", when=WHEN)
    theirs.publish("origin", JOURNAL, when=WHEN)
    ours = writer(clone)
    tip = ours.append(JOURNAL, {"a": b"ours"}, "ours", when=WHEN)
    before = all_refs(remote)
    for act in (lambda: ours.publish("origin", JOURNAL, when=WHEN), lambda: ours.receive("origin", JOURNAL)):
        with pytest.raises(RepositoryError, match="a differs between here and the remote"):
            act()
    assert all_refs(remote) == before
    assert git(clone, "rev-parse", JOURNAL) == tip


def test_receiving_keeps_what_is_not_pushed_yet(clone: Path, other: Path) -> None:
    theirs, ours = writer(other), writer(clone)
    theirs.append(JOURNAL, {"their": b"1"}, "their", when=WHEN)
    theirs.publish("origin", JOURNAL, when=WHEN)
    ours.append(JOURNAL, {"mine": b"1"}, "mine", when=WHEN)
    assert ours.receive("origin", JOURNAL)
    assert names(clone) == ["mine", "their"]


def test_receiving_from_a_remote_without_the_ref(clone: Path) -> None:
    w = writer(clone)
    assert not w.receive("origin", JOURNAL)
    assert JOURNAL not in all_refs(clone)


def test_a_shallow_clone_publishes_and_receives(
    clone: Path, other: Path, remote: Path, tmp_path: Path
) -> None:
    commit(clone, {"b": "1"})
    git(clone, "push", "-q")
    theirs = writer(other)
    theirs.append(JOURNAL, {"their": b"1"}, "their", when=WHEN)
    theirs.publish("origin", JOURNAL, when=WHEN)
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{remote}", "shallow")
    w = writer(tmp_path / "shallow")
    w.append(JOURNAL, {"mine": b"1"}, "mine", when=WHEN)
    w.publish("origin", JOURNAL, when=WHEN)
    assert names(remote) == ["mine", "their"]


def test_credentials_in_an_address_are_not_shown(clone: Path) -> None:
    with pytest.raises(RepositoryError) as caught:
        writer(clone).remote_tags("http://bot:hunter2@127.0.0.1:9/x.git", "*")
    assert "hunter2" not in caught.value.message
    assert "127.0.0.1" in caught.value.message
