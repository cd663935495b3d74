import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mltools.edges.git.read import Repository
from mltools.edges.git.tagging import tag_object
from mltools.errors import RepositoryError
from tests.support import commit, git, make_repo

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_tag_object_names_its_commit_and_no_ref_names_it(repo: Path) -> None:
    head = git(repo, "rev-parse", "HEAD")
    message = "tumour v0.1.0\n\n# kept as it is   \n\n\n  {}\n"
    oid = tag_object(Repository.find(repo), os.environ, "tumour@v0.1.0", head, message, when=WHEN)
    assert git(repo, "cat-file", "-t", oid) == "tag"
    assert git(repo, "tag") == ""
    content = git(repo, "cat-file", "tag", oid)
    assert content.startswith(
        f"object {head}\ntype commit\ntag tumour@v0.1.0\ntagger A Tester <tester@example.com> 1767323045 +0000\n\n"
    )
    assert content.endswith(message.removesuffix("\n"))
    git(repo, "fsck", "--strict")


def test_the_same_tag_is_the_same_object(repo: Path) -> None:
    repository, head = Repository.find(repo), git(repo, "rev-parse", "HEAD")
    made = {tag_object(repository, os.environ, "m@v1.0.0", head, "m\n", when=WHEN) for _ in range(2)}
    assert len(made) == 1


def test_a_worktree_a_bare_and_a_sha256_repository_can_be_tagged(repo: Path, tmp_path: Path) -> None:
    git(repo, "worktree", "add", "-q", "--detach", str(tmp_path / "other"))
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(repo), str(bare))
    new = tmp_path / "sha256"
    new.mkdir()
    git(new, "init", "-q", "--object-format=sha256")
    commit(new, {"a": "b"})
    for place in (tmp_path / "other", bare, new):
        head = git(place, "rev-parse", "HEAD")
        oid = tag_object(Repository.find(place), os.environ, "m@v1.0.0", head, "m\n", when=WHEN)
        assert git(place, "rev-parse", f"{oid}^{{commit}}") == head


def test_a_tag_is_signed_when_the_user_signs_tags(repo: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    git(repo, "config", "gpg.format", "ssh")
    git(repo, "config", "user.signingKey", str(key))
    git(repo, "config", "tag.gpgSign", "true")
    repository, head = Repository.find(repo), git(repo, "rev-parse", "HEAD")
    with pytest.raises(RepositoryError, match=r"cannot make the tag m@v1\.0\.0"):
        tag_object(repository, os.environ, "m@v1.0.0", head, "m\n", when=WHEN)
    assert git(repo, "tag") == ""
    if os.spawnlp(os.P_WAIT, "ssh-keygen", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)):
        pytest.skip("ssh-keygen is not installed")
    oid = tag_object(repository, os.environ, "m@v1.0.0", head, "m\n", when=WHEN)
    assert "-----BEGIN SSH SIGNATURE-----" in git(repo, "cat-file", "tag", oid)


def test_an_unknown_commit_cannot_be_tagged(repo: Path) -> None:
    with pytest.raises(RepositoryError, match="cannot make the tag"):
        tag_object(Repository.find(repo), os.environ, "m@v1.0.0", "a" * 40, "m\n", when=WHEN)


def test_make_repo_is_left_as_it_was(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {"a": "b"})
    before = git(repo, "config", "--local", "--list")
    tag_object(
        Repository.find(repo), os.environ, "m@v1.0.0", git(repo, "rev-parse", "HEAD"), "m\n", when=WHEN
    )
    assert git(repo, "config", "--local", "--list") == before
    assert git(repo, "status", "--porcelain") == ""
