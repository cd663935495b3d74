"""`edges.git.read`: questions to real repositories, odd ones included."""

import os
from pathlib import Path

import pytest

from mltools.edges.git.read import Repository
from mltools.errors import CommandError, RepositoryError
from tests.support import DATE, commit, git, make_repo

UNIX = 1767323045


@pytest.fixture
def repository(repo: Path) -> Repository:
    return Repository.find(repo)


def test_a_repository_is_found_from_a_subdirectory(repo: Path) -> None:
    (repo / "a" / "b").mkdir(parents=True)
    found = Repository.find(repo / "a" / "b")
    assert (found.root, found.git_dir, found.common_dir) == (repo, repo / ".git", repo / ".git")


def test_a_bare_repository_has_no_root(remote: Path) -> None:
    found = Repository.find(remote)
    assert (found.root, found.git_dir) == (None, remote)
    assert found.head() is None
    assert found.branch() == "main"
    assert not found.dirty()


def test_a_worktree_shares_the_common_directory(repo: Path, tmp_path: Path) -> None:
    git(repo, "worktree", "add", "-q", "-b", "side", str(tmp_path / "tree"))
    found = Repository.find(tmp_path / "tree")
    assert found.root == tmp_path / "tree"
    assert found.common_dir == repo / ".git"
    assert found.git_dir != found.common_dir
    assert found.branch() == "side"


@pytest.mark.parametrize("name", ["with space", "line\nbreak", "ünïcode", "-x", "$(touch x)"])
def test_odd_directory_names_are_read_whole(tmp_path: Path, name: str) -> None:
    repo = make_repo(tmp_path / name, {"a.txt": "a"})
    found = Repository.find(repo)
    assert found.root == repo
    assert found.git_dir == repo / ".git"
    assert found.read("HEAD", "a.txt") == b"a"


def test_a_bare_repository_with_an_odd_name_is_found(tmp_path: Path) -> None:
    path = make_repo(tmp_path / "a\nb.git", bare=True)
    assert Repository.find(path).git_dir == path


def test_outside_of_a_repository_the_hint_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="not inside a Git repository") as caught:
        Repository.find(tmp_path)
    assert "git init" in str(caught.value.hint)


def test_a_repository_of_another_user_is_told_apart(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(RepositoryError, match="dubious ownership") as caught:
        Repository.find(repo)
    assert f"safe.directory {repo}" in str(caught.value.hint)


def test_a_missing_git_is_named(repo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match="git is not installed"):
        Repository.find(repo)


def test_a_broken_repository_is_told_in_gits_words(repo: Path) -> None:
    (repo / ".git" / "config").write_text("[core\n")
    with pytest.raises(RepositoryError, match="bad config line"):
        Repository.find(repo)


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="not a directory"):
        Repository.find(tmp_path / "gone")


def test_before_the_first_commit_there_is_a_branch_but_no_head(tmp_path: Path) -> None:
    found = Repository.find(make_repo(tmp_path / "empty"))
    assert found.head() is None
    assert found.branch() == "main"
    assert found.refs() == ()
    (tmp_path / "empty" / "a").write_text("a")
    assert found.dirty()


def test_a_detached_head_has_no_branch(repo: Path, repository: Repository) -> None:
    git(repo, "checkout", "-q", "--detach")
    assert repository.branch() is None
    assert repository.head() == git(repo, "rev-parse", "HEAD")


@pytest.mark.parametrize("name", ["$(touch x)", "feat/ü|x", "a;b", "x`id`", "emoji-🎉"])
def test_odd_branch_names_are_plain_text(repo: Path, repository: Repository, name: str) -> None:
    if name == "$(touch x)":
        name = "$(touch${IFS}x)"  # a space is not legal in a ref
    git(repo, "checkout", "-q", "-b", name)
    assert repository.branch() == name
    assert repository.resolve(name) == repository.head()
    assert sorted(path.name for path in repo.iterdir()) == [".git", "README.md"]


def test_a_branch_called_like_a_tag_keeps_its_name(repo: Path, repository: Repository) -> None:
    git(repo, "tag", "main")
    assert repository.branch() == "main"


@pytest.mark.parametrize(
    "rev",
    [
        "",
        "nope",
        "-x",
        "--help",
        "--all",
        "^HEAD",
        "HEAD..HEAD",
        "HEAD^{tree}",
        "HEAD:README.md",
        "a\0b",
        "1" * 40,
        "@{u}",
        "\n",
    ],
)
def test_what_is_no_commit_resolves_to_none(repository: Repository, rev: str) -> None:
    assert repository.resolve(rev) is None


def test_an_unknown_revision_is_named_with_a_hint(repository: Repository) -> None:
    with pytest.raises(RepositoryError, match="unknown revision 'nope'") as caught:
        repository.commit("nope")
    assert "git branch -a" in str(caught.value.hint)


def test_a_branch_that_begins_with_a_dash_resolves_by_its_full_name(
    repo: Path, repository: Repository
) -> None:
    git(repo, "update-ref", "refs/heads/-x", "HEAD")
    assert repository.resolve("refs/heads/-x") == repository.head()


def test_parents_and_ancestry(repo: Path, repository: Repository) -> None:
    first = git(repo, "rev-parse", "HEAD")
    git(repo, "checkout", "-q", "-b", "side")
    side = commit(repo, {"side": "1"})
    git(repo, "checkout", "-q", "main")
    second = commit(repo, {"main": "1"})
    git(repo, "merge", "-q", "side", "-m", "merge")
    assert repository.parents("HEAD") == (second, side)
    assert repository.parents(first) == ()
    assert repository.merge_base(side, second) == first
    assert repository.is_ancestor(first, side)
    assert not repository.is_ancestor(side, second)
    with pytest.raises(RepositoryError, match="unknown revision"):
        repository.merge_base("nope", first)


def test_unrelated_histories_share_no_base(repo: Path, repository: Repository) -> None:
    git(repo, "checkout", "-q", "--orphan", "other")
    other = commit(repo, {"x": "1"})
    assert repository.merge_base("main", other) is None


def test_a_shallow_clone_knows_that_it_is_one(repo: Path, tmp_path: Path) -> None:
    commit(repo, {"a": "1"})
    first = git(repo, "rev-parse", "HEAD~1")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repo}", "shallow")
    shallow = Repository.find(tmp_path / "shallow")
    assert shallow.shallow()
    assert not Repository.find(repo).shallow()
    assert shallow.parents("HEAD") == (first,)  # named, though not there
    with pytest.raises(RepositoryError, match=first) as caught:
        shallow.commit(first)
    assert "fetch-depth: 0" in str(caught.value.hint)


def test_dirty_sees_changed_staged_and_new_files_but_not_ignored_ones(
    repo: Path, repository: Repository
) -> None:
    commit(repo, {".gitignore": "ignored\n", "a b/x": "1", "other/y": "1"})
    (repo / "ignored").write_text("x")
    assert not repository.dirty()
    (repo / "a b" / "x").write_text("2")
    assert repository.dirty()
    assert repository.dirty("a b/")
    assert not repository.dirty("other/")
    git(repo, "add", "-A")
    assert repository.dirty("a b/")
    git(repo, "commit", "-q", "-m", "x")
    assert not repository.dirty()
    (repo / "other" / "new").write_text("x")
    assert repository.dirty("other/")


def test_a_prefix_is_no_pattern(repo: Path, repository: Repository) -> None:
    commit(repo, {"[a]/x": "1", "a/x": "1"})
    (repo / "a" / "x").write_text("2")
    assert not repository.dirty("[a]/")


def test_asking_takes_no_lock(repo: Path, repository: Repository) -> None:
    (repo / ".git" / "index.lock").write_text("")
    (repo / "README.md").write_text("other")
    assert repository.dirty()


NAMES = [
    "plain.txt",
    "with space.txt",
    "line\nbreak",
    "ü|x",
    "-x",
    "a:b",
    "tab\tx",
    ":(glob)x",
    'quote"x',
    "blob 1",
]


def test_contents_are_read_by_any_name(repo: Path, repository: Repository) -> None:
    first = commit(repo, {name: f"content of {name}\n" for name in NAMES})
    commit(repo, dict.fromkeys(NAMES, "changed"))
    found = repository.read_many(first, [*NAMES, "missing"])
    assert found == {**{name: f"content of {name}\n".encode() for name in NAMES}, "missing": None}


@pytest.mark.parametrize(
    "path", ["", ".", "..", "../x", "/etc/passwd", "a/../../x", "sub", "x\0y", "missing"]
)
def test_a_path_that_is_no_file_of_the_tree_reads_as_none(
    repo: Path, repository: Repository, path: str
) -> None:
    commit(repo, {"sub/file": "1"})
    assert repository.read_many("HEAD", [path, "sub/file"]) == {path: None, "sub/file": b"1"}


def test_a_path_is_normalized(repo: Path, repository: Repository) -> None:
    commit(repo, {"sub/file": "1"})
    assert repository.read("HEAD", "./sub/../sub/file") == b"1"


def test_reading_an_unknown_revision_is_an_error_and_not_an_absence(repository: Repository) -> None:
    with pytest.raises(RepositoryError, match="unknown revision 'nope'"):
        repository.read("nope", "README.md")
    with pytest.raises(RepositoryError, match="unknown revision"):
        repository.tree("nope")
    with pytest.raises(RepositoryError, match="unknown revision"):
        repository.tree("refs/mltools/journal")


def test_bytes_come_unchanged(repo: Path, repository: Repository) -> None:
    data = bytes(range(256)) * 300
    (repo / "bin").write_bytes(data)
    (repo / "empty").write_bytes(b"")
    commit(repo, {})
    assert repository.read_many("HEAD", ["bin", "empty"]) == {"bin": data, "empty": b""}


def test_many_names_are_read_in_one_stream(repo: Path, repository: Repository) -> None:
    commit(repo, {f"{'d' * 100}/{number:04}": "x" * number for number in range(600)})
    tree = repository.tree("HEAD", "d" * 100)
    assert len(tree) == 600
    contents = dict(repository.contents(tree.values()))
    assert all(len(contents[oid] or b"") == int(path[-4:]) for path, oid in tree.items())


def test_a_damaged_object_does_not_blind_the_rest(repo: Path, repository: Repository) -> None:
    commit(repo, {name: name * 50 for name in "abc"})
    tree = repository.tree("HEAD")
    damaged = repo / ".git" / "objects" / tree["b"][:2] / tree["b"][2:]
    damaged.chmod(0o644)
    damaged.write_bytes(b"garbage")
    asked = [tree["a"], tree["b"], "f" * 40, tree["c"]]
    assert [content for _, content in repository.contents(asked)] == [b"a" * 50, None, None, b"c" * 50]


def test_a_tree_lists_files_with_full_paths(repo: Path, repository: Repository) -> None:
    commit(repo, {"sub/x": "1", "sub/deep/y\nz": "2", "subway": "3"})
    assert sorted(repository.tree("HEAD", "sub")) == ["sub/deep/y\nz", "sub/x"]
    assert "README.md" in repository.tree("main")
    assert repository.tree("HEAD", "gone") == {}
    assert repository.tree("HEAD", "sub")["sub/x"] == git(repo, "rev-parse", "HEAD:sub/x")


def test_refs_are_told_whole(repo: Path, repository: Repository) -> None:
    head = git(repo, "rev-parse", "HEAD")
    git(repo, "tag", "light")
    git(repo, "tag", "-a", "model@v1.0.0", "-m", "first line\n\nbody ü|x\n\n- item")
    git(repo, "tag", "-a", "nested", "-m", "n", "model@v1.0.0")
    git(repo, "tag", "-a", "blob", "-m", "b", "HEAD:README.md")
    refs = {ref.name: ref for ref in repository.refs("refs/tags")}
    annotated = refs["refs/tags/model@v1.0.0"]
    assert annotated.oid == git(repo, "rev-parse", "model@v1.0.0")
    assert annotated.commit == head
    assert annotated.kind == "tag"
    assert annotated.tagger == "A Tester <tester@example.com>"
    assert annotated.when == UNIX, DATE
    assert annotated.message == "first line\n\nbody ü|x\n\n- item\n"
    assert (refs["refs/tags/light"].commit, refs["refs/tags/light"].kind) == (head, "commit")
    assert refs["refs/tags/light"].tagger == ""
    assert refs["refs/tags/nested"].commit == head
    assert refs["refs/tags/blob"].commit is None


def test_refs_are_selected_by_pattern(repo: Path, repository: Repository) -> None:
    for name in ("a@v1.0.0", "a@v2.0.0", "b@v1.0.0", "a#prod#1"):
        git(repo, "tag", name)
    assert [ref.name for ref in repository.refs("refs/tags/a@*")] == [
        "refs/tags/a@v1.0.0",
        "refs/tags/a@v2.0.0",
    ]
    assert [ref.name for ref in repository.refs("refs/tags/a#*")] == ["refs/tags/a#prod#1"]


def test_a_signature_is_no_part_of_the_message(repo: Path, repository: Repository) -> None:
    body = f"object {repository.head()}\ntype commit\ntag s\ntagger T <t@x> 1 +0000\n\nwords\n-----BEGIN SSH SIGNATURE-----\nabc\n-----END SSH SIGNATURE-----\n"
    (repo / "tag").write_text(body)
    oid = git(repo, "hash-object", "-t", "tag", "-w", "tag")
    git(repo, "update-ref", "refs/tags/s", oid)
    assert repository.refs("refs/tags/s")[0].message == "words\n"


def test_files_of_the_working_tree_leave_ignored_directories_out(repo: Path, repository: Repository) -> None:
    commit(repo, {".gitignore": "cache/\n", "a.dvc": "", "p[1]/b.dvc": "", "p1/c.dvc": ""})
    for name in ("cache/d.dvc", "p[1]/new.dvc", "p[1]/deep/er.dvc"):
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        (repo / name).write_text("")
    assert repository.files("", ".dvc") == (
        "a.dvc",
        "p1/c.dvc",
        "p[1]/b.dvc",
        "p[1]/deep/er.dvc",
        "p[1]/new.dvc",
    )
    assert repository.files("p[1]/", ".dvc") == ("p[1]/b.dvc", "p[1]/deep/er.dvc", "p[1]/new.dvc")


def test_remotes_and_settings(clone: Path, remote: Path) -> None:
    found = Repository.find(clone)
    assert found.remotes() == ("origin",)
    assert found.config("remote.origin.url") == str(remote)
    assert found.config("user.nothing") is None


def test_a_sha256_repository_is_read(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "--object-format=sha256", "r")
    oid = commit(tmp_path / "r", {"a": "1"})
    found = Repository.find(tmp_path / "r")
    assert (len(oid), found.head()) == (64, oid)
    assert found.read(oid, "a") == b"1"
    assert found.refs()[0].commit == oid


def test_file_names_that_are_not_utf8_are_read(repo: Path, repository: Repository) -> None:
    name = os.fsdecode(b"caf\xe9")
    (repo / name).write_text("x")
    commit(repo, {})
    assert name in repository.tree("HEAD")
    assert repository.read("HEAD", name) == b"x"
