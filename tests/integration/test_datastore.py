"""Data objects in `refs/mltools/objects`: into it, out of it, through a push; damage, limits, hostile names."""

import hashlib
import json
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mltools import datastore
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from mltools.errors import ConfigError, RepositoryError, StoreError
from mltools.project import Project, open_project
from tests.projects import dvc
from tests.support import DATE, commit, git, make_repo, mltools

WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
REF = datastore.REF

PIPELINE = f"""\
stages:
  train:
    cmd: {sys.executable} -c "import shutil; shutil.copy('data/raw.csv', 'model.bin'); open('metrics.json', 'w').write('{{}}')"
    deps: [data/raw.csv]
    outs: [model.bin]
    metrics:
      - metrics.json: {{cache: false}}
"""
RAW = b"id,x\r\n1,2\r\n"
IMAGES = {"a.txt": b"a", "deep/b b.txt": b"b\n", "deep/same.txt": b"a"}


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with a data file, a data directory and a model, made by DVC itself, and pushed to `remote.git`."""
    home = tmp_path_factory.mktemp("home")
    place = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "A Tester")
            patch.setenv(f"GIT_{role}_EMAIL", "tester@example.com")
            patch.setenv(f"GIT_{role}_DATE", DATE)
        patch.setenv("HOME", str(home))
        patch.setenv("DVC_SITE_CACHE_DIR", str(home / "site"))
        repo = make_repo(place / "project")
        dvc(repo, "init", "-q")
        (repo / "data" / "images" / "deep").mkdir(parents=True)
        (repo / "data" / "raw.csv").write_bytes(RAW)
        for name, content in IMAGES.items():
            (repo / "data" / "images" / name).write_bytes(content)
        dvc(repo, "add", "-q", "data/raw.csv", "data/images")
        (repo / "dvc.yaml").write_text(PIPELINE)
        dvc(repo, "repro", "-q")
        commit(repo, {"mltools.yaml": "schema: 1\n"}, "Start")
    yield place
    shutil.rmtree(place)


@pytest.fixture
def place(template: Path, tmp_path: Path) -> Path:
    """A copy of the project whose origin is an empty bare repository."""
    project = tmp_path / "project"
    shutil.copytree(template / "project", project, symlinks=True)
    remote = make_repo(tmp_path / "remote.git", bare=True)
    git(project, "remote", "add", "origin", str(remote))
    git(project, "push", "-q", "-u", "origin", "main")
    return project


@pytest.fixture
def pushed(place: Path) -> Path:
    push(place, "origin")
    return place


@pytest.fixture
def bare_of_data(place: Path, tmp_path: Path) -> Path:  # noqa: ARG001 - clones its remote
    """A clone of a remote that nobody pushed data to."""
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), "fresh")
    return tmp_path / "fresh"


@pytest.fixture
def fresh(pushed: Path, tmp_path: Path) -> Path:  # noqa: ARG001 - clones its remote
    """A clone of the remote: no cache, no data, no refs/mltools."""
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), "fresh")
    assert not (tmp_path / "fresh" / "data" / "raw.csv").exists()
    return tmp_path / "fresh"


def track(path: Path, content: bytes) -> None:
    """What `dvc add data/raw.csv` does, without waiting for DVC."""
    (path / "data" / "raw.csv").write_bytes(content)
    target = cached(path, md5(content))
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(content)
    target.chmod(0o444)
    text = f"outs:\n- md5: {md5(content)}\n  size: {len(content)}\n  hash: md5\n  path: raw.csv\n"
    (path / "data" / "raw.csv.dvc").write_text(text)


def lock_names_another_model(path: Path) -> None:
    head, _, tail = (path / "dvc.lock").read_text().partition("outs:")
    (path / "dvc.lock").write_text(head + "outs:" + tail.replace(md5(RAW), "1" * 32))


def opened(path: Path) -> tuple[Project, Writer]:
    return open_project(path), Writer(Repository.find(path), dict(os.environ))


def push(path: Path, remote: str | None = None) -> datastore.Moved:
    return datastore.push(*opened(path), remote, when=WHEN)


def pull(path: Path, remote: str | None = "origin") -> datastore.Moved:
    return datastore.pull(*opened(path), remote)


def restore(path: Path) -> tuple[datastore.Moved, list[str]]:
    said: list[str] = []
    return datastore.restore(*opened(path), say=said.append), said


def objects(path: Path) -> set[str]:
    names = git(path, "ls-tree", "-r", "--name-only", REF).split("\n")
    return {name.removeprefix("md5/").replace("/", "") for name in names}


def cached(path: Path, digest: str) -> Path:
    return path / ".dvc/cache/files/md5" / digest[:2] / digest[2:]


def directory_md5(path: Path) -> str:
    return next(name for name in datastore.wanted(open_project(path)) if name.endswith(".dir"))


def workspace(path: Path) -> dict[str, bytes]:
    found = [*sorted((path / "data").rglob("*")), path / "model.bin"]
    return {str(file.relative_to(path)): file.read_bytes() for file in found if file.is_file()}


# ---- what is wanted


def test_data_files_directories_and_cached_outputs_are_wanted(place: Path) -> None:
    wanted = datastore.wanted(open_project(place))
    assert set(wanted) == {md5(RAW), md5(b"a"), md5(b"b\n"), directory_md5(place)}
    assert len(wanted) == len(set(wanted))


def test_another_lock_can_be_asked_about(place: Path) -> None:
    lock = (place / "dvc.lock").read_bytes()
    changed = lock.replace(
        b"path: model.bin\n      hash: md5\n      md5: " + md5(RAW).encode(),
        b"path: model.bin\n      hash: md5\n      md5: " + b"1" * 32,
    )
    assert changed != lock
    assert "1" * 32 in datastore.wanted(open_project(place), lock=changed)


def test_uncached_and_unpushed_outputs_are_not_wanted(place: Path) -> None:
    (place / "dvc.yaml").write_text(
        PIPELINE.replace("outs: [model.bin]", "outs:\n      - model.bin: {push: false}")
    )
    (place / "data" / "images.dvc").unlink()
    (place / "data" / "raw.csv.dvc").unlink()
    assert datastore.wanted(open_project(place)) == ()


def test_what_a_stage_no_longer_declares_is_not_wanted(place: Path) -> None:
    (place / "dvc.yaml").write_text(PIPELINE.replace("train:", "other:"))
    assert md5(b"a") in datastore.wanted(open_project(place))
    assert len([want for want in datastore.wanted(open_project(place)) if want == md5(RAW)]) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("outs:\n- md5: ../../../../etc/passwd\n  hash: md5\n  path: x\n", "is no MD5"),
        ("outs: [1]\n", "expected a list of files"),
        ("- a\n", "expected keys and values"),
        ("outs: [\n", "not valid YAML"),
    ],
)
def test_a_broken_data_file_is_named(place: Path, text: str, said: str) -> None:
    (place / "data" / "raw.csv.dvc").write_text(text)
    with pytest.raises(ConfigError, match=said) as caught:
        push(place)
    assert "data/raw.csv.dvc" in caught.value.message


def test_a_path_that_leads_out_of_the_repository_is_left_alone(place: Path, tmp_path: Path) -> None:
    text = (place / "data" / "raw.csv.dvc").read_text()
    for path in ("../../outside.csv", str(tmp_path / "outside.csv"), "../.git/hooks/pre-commit"):
        (place / "data" / "raw.csv.dvc").write_text(text.replace("path: raw.csv", f"path: {path}"))
        pull(place, None)
    assert not (tmp_path / "outside.csv").exists()
    assert not (place / ".git" / "hooks" / "pre-commit").exists()


def test_a_project_without_dvc_keeps_nothing(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "plain", {"mltools.yaml": "schema: 1\n", "dvc.yaml": ""})
    assert push(repo).objects == pull(repo, None).objects == restore(repo)[0].objects == 0
    assert datastore.wanted(open_project(repo)) == ()
    assert not datastore.has_dvc_remote(open_project(repo))
    assert git(repo, "for-each-ref", "refs/mltools") == ""


# ---- push


def test_objects_are_kept_by_their_hash_as_in_the_cache(place: Path) -> None:
    moved = push(place)
    assert objects(place) == set(datastore.wanted(open_project(place)))
    assert moved.objects == 4
    digest = md5(RAW)
    assert Repository.find(place).read(REF, f"md5/{digest[:2]}/{digest[2:]}") == RAW
    assert "data/raw.csv" in git(place, "log", "-1", "--format=%B", REF)


def test_pushing_again_adds_nothing(place: Path) -> None:
    push(place)
    tip = git(place, "rev-parse", REF)
    assert push(place).objects == 0
    assert git(place, "rev-parse", REF) == tip


def test_a_damaged_object_is_not_taken_in(place: Path) -> None:
    victim = cached(place, md5(RAW))
    victim.chmod(0o644)
    victim.write_bytes(b"damaged")
    victim.chmod(0o444)
    with pytest.raises(
        StoreError, match=f"(data/raw.csv|model.bin) is damaged.*{md5(b'damaged')}.*{md5(RAW)}"
    ):
        push(place)
    assert git(place, "for-each-ref", REF) == ""


def test_where_the_cache_was_emptied_the_workspace_is_taken(place: Path) -> None:
    shutil.rmtree(place / ".dvc" / "cache")
    # The directory's listing exists in the cache only: that one is lost.
    with pytest.raises(StoreError, match="data/images"):
        push(place)
    (place / "data" / "images.dvc").unlink()
    assert push(place).objects == 1
    assert objects(place) == {md5(RAW)}


def test_data_that_is_nowhere_stops_the_push(place: Path) -> None:
    shutil.rmtree(place / ".dvc" / "cache")
    shutil.rmtree(place / "data" / "images")
    (place / "data" / "raw.csv").unlink()
    with pytest.raises(StoreError, match="neither in the cache nor in refs/mltools/objects") as caught:
        push(place)
    assert "data/images" in caught.value.message
    assert "dvc add" in str(caught.value.hint)


def test_outputs_that_are_nowhere_do_not_stop_the_push(place: Path) -> None:
    lock_names_another_model(place)
    moved = push(place)
    assert moved.missing == ("model.bin",)
    assert moved.objects == 4


def test_a_file_above_the_limit_is_named_with_its_size(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mltools.datastore.ref.FILE_LIMIT", 11)
    with pytest.raises(StoreError, match=r"has 0.0 MiB; refs/mltools/objects takes files up to") as caught:
        push(place)
    assert "dvc remote add -d" in str(caught.value.hint)
    assert git(place, "for-each-ref", REF) == ""


def test_the_budget_counts_what_is_there(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    push(place)
    track(place, b"x" * 300)
    monkeypatch.setattr("mltools.datastore.ref.BUDGET", 310)
    with pytest.raises(StoreError, match=r"would grow from.*its budget is.*data/raw.csv") as caught:
        push(place)
    assert "dvc remote add -d" in str(caught.value.hint)
    monkeypatch.setattr("mltools.datastore.ref.BUDGET", 3100)
    assert push(place).objects == 1


def test_data_of_dvc_2_is_told_how_to_migrate(place: Path) -> None:
    path = place / "data" / "raw.csv.dvc"
    path.write_text(path.read_text().replace("  hash: md5\n", ""))
    with pytest.raises(StoreError, match="written by DVC 2") as caught:
        push(place)
    assert "dvc cache migrate" in str(caught.value.hint)


def test_a_remote_that_refuses_is_told(place: Path, tmp_path: Path) -> None:
    hook = tmp_path / "remote.git" / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'no blobs here' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(RepositoryError, match="no blobs here"):
        push(place, "origin")


# ---- pull


def test_a_fresh_clone_gets_all_data(fresh: Path, pushed: Path) -> None:
    moved = pull(fresh)
    assert moved.objects == 4
    assert moved.missing == ()
    assert workspace(fresh) == workspace(pushed)
    for digest in datastore.wanted(open_project(fresh)):
        assert stat.S_IMODE(cached(fresh, digest).stat().st_mode) == 0o444
    assert (fresh / "data" / "raw.csv").stat().st_mode & 0o200
    assert git(fresh, "status", "--porcelain") == ""
    assert list((fresh / ".dvc" / "tmp").glob("*mltools*")) == []
    assert list((fresh / ".dvc" / "cache" / "files" / "md5").glob(".*")) == []
    assert pull(fresh).objects == 0


@pytest.mark.slow
def test_dvc_finds_nothing_to_do_after_a_pull(fresh: Path) -> None:
    pull(fresh)
    assert "up to date" in dvc(fresh, "status")
    assert "didn't change" in dvc(fresh, "repro")


def test_files_that_are_there_stay_as_they_are(fresh: Path) -> None:
    (fresh / "data" / "raw.csv").write_text("my edit")
    (fresh / "data" / "images").mkdir()
    (fresh / "data" / "images" / "mine").write_text("mine")
    pull(fresh)
    assert (fresh / "data" / "raw.csv").read_text() == "my edit"
    assert (fresh / "data" / "images" / "mine").read_text() == "mine"
    assert (fresh / "data" / "images" / "deep" / "b b.txt").read_bytes() == b"b\n"


def test_what_the_ref_holds_damaged_never_reaches_the_cache(fresh: Path) -> None:
    digest = md5(RAW)
    writer = opened(fresh)[1]
    writer.append(REF, {f"md5/{digest[:2]}/{digest[2:]}": b"forged"}, "forged", when=WHEN)
    with pytest.raises(StoreError, match=f"damaged: its MD5 is {md5(b'forged')}, it should be {digest}"):
        pull(fresh, None)
    assert not cached(fresh, digest).exists()
    assert not (fresh / "data" / "raw.csv").exists()


def test_a_damaged_object_in_the_cache_is_fetched_again(fresh: Path) -> None:
    pull(fresh)
    victim = cached(fresh, md5(RAW))
    for mode in (0o444, 0o644):
        victim.chmod(0o644)
        victim.write_bytes(b"half")
        victim.chmod(mode)
        (fresh / "data" / "raw.csv").unlink()
        pull(fresh)
        assert (fresh / "data" / "raw.csv").read_bytes() == RAW
        assert victim.read_bytes() == RAW


def test_an_object_larger_than_the_batch_is_streamed(place: Path, tmp_path: Path) -> None:
    large = os.urandom(3 << 20)
    track(place, large)
    commit(place, {}, "large")
    git(place, "push", "-q", "origin", "main")
    push(place, "origin")
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), "fresh")
    pull(tmp_path / "fresh")
    assert (tmp_path / "fresh" / "data" / "raw.csv").read_bytes() == large


def test_data_that_is_nowhere_is_named_with_what_to_do(bare_of_data: Path) -> None:
    with pytest.raises(StoreError, match=r"data/images \(and 1 more\).*data/images.dvc") as caught:
        pull(bare_of_data)
    assert "mltools data push" in str(caught.value.hint)


def test_a_model_that_is_nowhere_is_only_told(pushed: Path, tmp_path: Path) -> None:
    lock_names_another_model(pushed)
    commit(pushed, {}, "lock")
    git(pushed, "push", "-q", "origin", "main")
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), "other")
    moved = pull(tmp_path / "other")
    assert moved.missing == ("model.bin",)
    assert (tmp_path / "other" / "data" / "raw.csv").read_bytes() == RAW


def test_a_remote_that_is_gone_matters_only_for_data(fresh: Path, tmp_path: Path) -> None:
    (tmp_path / "remote.git").rename(tmp_path / "gone.git")
    with pytest.raises(RepositoryError, match="does not appear to be a git repository"):
        pull(fresh)
    (tmp_path / "gone.git").rename(tmp_path / "remote.git")
    pull(fresh)
    (tmp_path / "remote.git").rename(tmp_path / "gone.git")
    assert pull(fresh).objects == 0
    shutil.rmtree(fresh / "data" / "images")
    assert pull(fresh).objects == 0
    assert workspace(fresh)["data/images/a.txt"] == b"a"


def test_a_listing_cannot_write_outside(fresh: Path, tmp_path: Path) -> None:
    content = json.dumps([{"md5": md5(b"a"), "relpath": "../../../evil"}]).encode()
    digest = md5(content) + ".dir"
    writer = opened(fresh)[1]
    writer.append(
        REF,
        {f"md5/{digest[:2]}/{digest[2:]}": content, f"md5/{md5(b'a')[:2]}/{md5(b'a')[2:]}": b"a"},
        "x",
        when=WHEN,
    )
    path = fresh / "data" / "images.dvc"
    path.write_text(
        path.read_text().replace(
            next(line.split()[-1] for line in path.read_text().split("\n") if ".dir" in line), digest
        )
    )
    with pytest.raises(ConfigError, match="not the listing of a directory"):
        pull(fresh, None)
    assert not (tmp_path / "evil").exists()


def test_a_link_out_of_the_repository_is_not_followed(fresh: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    shutil.rmtree(fresh / "data")
    git(fresh, "checkout", "-q", "--", "data")
    for name in ("raw.csv.dvc", "images.dvc"):
        (fresh / name).write_text((fresh / "data" / name).read_text().replace("path: ", "path: link/"))
    (fresh / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(StoreError, match="leads out of the repository through a link"):
        pull(fresh)
    assert list((tmp_path / "outside").iterdir()) == []


# ---- restore, before a run


def test_a_complete_workspace_is_not_touched(pushed: Path, tmp_path: Path) -> None:
    (tmp_path / "remote.git").rename(tmp_path / "gone.git")
    assert restore(pushed) == (datastore.Moved(), [])


def test_a_run_in_a_fresh_clone_finds_its_data(fresh: Path, pushed: Path) -> None:
    moved, said = restore(fresh)
    assert moved.objects == 4
    assert said == ["restored 4 data objects from refs/mltools/objects"]
    assert workspace(fresh) == workspace(pushed)


def test_a_deleted_file_of_a_directory_is_not_brought_back_by_a_run(pushed: Path) -> None:
    (pushed / "data" / "images" / "a.txt").unlink()
    (pushed / "model.bin").unlink()
    restore(pushed)
    assert not (pushed / "data" / "images" / "a.txt").exists()
    assert (pushed / "model.bin").read_bytes() == RAW


def test_a_missing_model_does_not_need_a_remote_that_is_gone(fresh: Path, tmp_path: Path) -> None:
    pull(fresh)
    (fresh / "model.bin").unlink()
    shutil.rmtree(fresh / ".dvc" / "cache")
    git(fresh, "update-ref", "-d", REF)
    (tmp_path / "remote.git").rename(tmp_path / "gone.git")
    moved, _ = restore(fresh)
    assert moved.missing == ("model.bin",)


def test_missing_data_is_an_error_before_a_run(fresh: Path, tmp_path: Path) -> None:
    git(tmp_path / "remote.git", "update-ref", "-d", REF)
    with pytest.raises(StoreError, match="data/images"):
        restore(fresh)


def test_a_shared_cache_is_used(fresh: Path, pushed: Path, tmp_path: Path) -> None:
    git(fresh, "remote", "remove", "origin")
    shared = tmp_path / "shared cache"
    shutil.copytree(pushed / ".dvc" / "cache", shared)
    datastore.share_cache(open_project(fresh), shared)
    restore(fresh)
    assert workspace(fresh) == workspace(pushed)
    assert git(fresh, "status", "--porcelain") == ""
    assert dvc(fresh, "cache", "dir").strip() == str(shared)


# ---- layouts


def test_a_project_in_a_subdirectory_keeps_its_data(place: Path, tmp_path: Path) -> None:
    (place / "models" / "ü b").mkdir(parents=True)
    for name in ("data", "dvc.yaml", "dvc.lock", "mltools.yaml", "model.bin", "metrics.json"):
        (place / name).rename(place / "models" / "ü b" / name)
    (place / "models" / "ü b" / ".gitignore").write_text("/model.bin\n")
    commit(place, {}, "move")
    git(place, "push", "-q", "origin", "main")
    sub = place / "models" / "ü b"
    assert push(sub, "origin").objects == 4
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), "fresh")
    pull(tmp_path / "fresh" / "models" / "ü b")
    assert workspace(tmp_path / "fresh" / "models" / "ü b") == workspace(sub)


def test_a_worktree_and_a_shallow_clone_get_their_data(pushed: Path, tmp_path: Path) -> None:
    git(pushed, "worktree", "add", "-q", "-b", "side", str(tmp_path / "tree"))
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{tmp_path / 'remote.git'}", "shallow")
    for path in (tmp_path / "tree", tmp_path / "shallow"):
        assert restore(path)[0].objects == 4
        assert workspace(path) == workspace(pushed)


def test_a_dvc_repository_below_is_left_to_itself(place: Path) -> None:
    (place / "nested" / ".dvc").mkdir(parents=True)
    (place / "nested" / "x.csv.dvc").write_text(
        f"outs:\n- md5: {'1' * 32}\n  size: 1\n  hash: md5\n  path: x.csv\n"
    )
    assert "1" * 32 not in datastore.wanted(open_project(place))
    assert push(place).objects == 4


def test_a_cache_that_only_dvc_can_find_is_asked_for(place: Path, tmp_path: Path) -> None:
    (place / ".dvc" / "cache").rename(tmp_path / "far")
    config = Path(os.environ["XDG_CONFIG_HOME"]) / "dvc" / "config"
    config.parent.mkdir(parents=True)
    config.write_text(f"[cache]\n    dir = {tmp_path / 'far'}\n")
    assert push(place).objects == 4


# ---- a DVC remote


@pytest.mark.slow
def test_with_a_dvc_remote_dvc_moves_the_data(place: Path, tmp_path: Path) -> None:
    dvc(place, "remote", "add", "-q", "-d", "store", str(tmp_path / "dvc-store"))
    commit(place, {}, "remote")
    git(place, "push", "-q", "origin", "main")
    project, _ = opened(place)
    assert datastore.has_dvc_remote(project)
    assert push(place, "origin").store == "the DVC remote"
    assert git(place, "for-each-ref", "refs/mltools") == ""
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), "fresh")
    restore(tmp_path / "fresh")
    assert workspace(tmp_path / "fresh")["data/raw.csv"] == RAW
    pull(tmp_path / "fresh")
    assert workspace(tmp_path / "fresh") == workspace(place)


# ---- the hook


@pytest.fixture
def hooked(place: Path) -> Path:
    path = place / ".git" / "hooks" / "pre-push"
    path.parent.mkdir(exist_ok=True)
    path.write_text(datastore.PRE_PUSH)
    path.chmod(0o755)
    return place


def test_git_push_takes_the_objects_along(hooked: Path, tmp_path: Path) -> None:
    commit(hooked, {"note": "1"})
    git(hooked, "push", "-q", "origin", "main")
    assert objects(tmp_path / "remote.git") == set(datastore.wanted(open_project(hooked)))
    assert git(tmp_path / "remote.git", "rev-parse", "main") == git(hooked, "rev-parse", "main")


def test_the_pushed_commit_counts_and_not_the_working_tree(hooked: Path, tmp_path: Path) -> None:
    git(hooked, "checkout", "-q", "-b", "other")
    track(hooked, b"of the branch")
    commit(hooked, {}, "data")
    git(hooked, "checkout", "-q", "main")
    git(hooked, "push", "-q", "origin", "other")
    assert md5(b"of the branch") in objects(tmp_path / "remote.git")


def test_a_deletion_and_an_empty_push_take_nothing(hooked: Path, tmp_path: Path) -> None:
    git(hooked, "push", "-q", "origin", "main")
    git(hooked, "push", "-q", "--no-verify", "origin", "main:side")
    git(hooked, "push", "-q", "origin", ":side")
    assert git(tmp_path / "remote.git", "for-each-ref", "refs/mltools") == ""


def test_data_that_is_nowhere_refuses_the_push(hooked: Path, tmp_path: Path) -> None:
    shutil.rmtree(hooked / ".dvc" / "cache")
    shutil.rmtree(hooked / "data" / "images")
    before = git(tmp_path / "remote.git", "rev-parse", "main")
    commit(hooked, {"note": "1"})
    done = mltools(
        hooked,
        "data",
        "push",
        "--hook",
        "origin",
        "url",
        stdin=f"refs/heads/main {git(hooked, 'rev-parse', 'main')} refs/heads/main {before}\n",
    )
    assert done.code == 1
    assert "error: data/images" in done.err
    assert "--no-verify" in done.err
    assert done.out == ""
    git(hooked, "push", "-q", "origin", "main", check=False)
    assert git(tmp_path / "remote.git", "rev-parse", "main") == before
    git(hooked, "push", "-q", "--no-verify", "origin", "main")


@pytest.fixture
def no_mltools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH with Git and a shell alone."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("git", "sh"):
        (programs / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(programs))


@pytest.mark.usefixtures("no_mltools")
def test_where_mltools_is_not_found_the_push_goes_on(hooked: Path, tmp_path: Path) -> None:
    new = commit(hooked, {"note": "1"})
    git(hooked, "push", "-q", "origin", "main")
    assert git(tmp_path / "remote.git", "rev-parse", "main") == new
    assert git(tmp_path / "remote.git", "for-each-ref", "refs/mltools") == ""


@pytest.mark.usefixtures("no_mltools")
def test_git_can_be_told_where_mltools_is(hooked: Path, tmp_path: Path) -> None:
    git(hooked, "config", "mltools.program", f"{Path(sys.executable).parent / 'mltools'}")
    commit(hooked, {"note": "1"})
    git(hooked, "push", "-q", "origin", "main")
    assert len(objects(tmp_path / "remote.git")) == 4


# ---- the commands


def test_push_and_pull_say_what_they_did(place: Path, tmp_path: Path) -> None:
    done = mltools(place, "data", "push")
    assert (done.code, done.out) == (0, "pushed to refs/mltools/objects and origin: 4 objects, 0.0 MiB\n")
    assert mltools(place, "data", "push").out == "refs/mltools/objects and origin: nothing new\n"
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), "fresh")
    done = mltools(tmp_path / "fresh", "data", "pull")
    assert (done.code, done.out) == (0, "pulled from refs/mltools/objects: 4 objects, 0.0 MiB\n")
    assert workspace(tmp_path / "fresh") == workspace(place)


def test_without_a_remote_objects_are_kept_here(place: Path) -> None:
    git(place, "remote", "remove", "origin")
    done = mltools(place, "data", "push")
    assert done.out == "kept in refs/mltools/objects: 4 objects, 0.0 MiB\n"
    assert "no remote" in done.err


def test_an_unknown_remote_is_wrong_use(place: Path) -> None:
    done = mltools(place, "data", "push", "--remote", "nope")
    assert done.code == 2
    assert "there is: origin" in done.err


def test_missing_data_ends_with_3(bare_of_data: Path) -> None:
    done = mltools(bare_of_data, "data", "pull")
    assert done.code == 3
    assert "error: data/images" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", [("data", "push"), ("data", "pull"), ("runs", "list")])
def test_a_missing_git_is_told(place: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    done = mltools(place, *command, env={"PATH": str(tmp_path)})
    assert done.code == 3
    assert done.err == "error: git is not installed or not on the PATH\nhint: install git and try again\n"
