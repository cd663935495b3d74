"""Releases with DVC itself: `dvc get --rev TAG`, a DVC remote, a real pipeline."""

from pathlib import Path

import pytest

from tests import projects
from tests.releases import command, make_project, md5, model_text, run, write_bundle
from tests.support import commit, git, make_repo, mltools

pytestmark = pytest.mark.slow


def dvc_get(where: Path, repo: Path, tag: str, path: str) -> str:
    target = where / "got-by-dvc"
    projects.dvc(where, "get", "-q", "--rev", tag, "-o", str(target), str(repo), path)
    return target.read_text()


def test_dvc_gets_a_version_by_its_tag_also_from_a_release_commit(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    run(project, 0.9)
    assert command(project, "release").code == 0
    run(project, 0.95, commit_results=False)
    assert command(project, "release").code == 0
    for tag, quality in (("toy@v0.1.0", 0.9), ("toy@v0.2.0", 0.95)):
        where = tmp_path / tag
        where.mkdir()
        assert dvc_get(where, project, tag, "model.bin") == model_text(quality)


@pytest.fixture
def with_remote(tmp_path: Path) -> Path:
    """A project whose DVC remote lies at a path relative to its configuration."""
    project = make_project(tmp_path / "project")
    projects.dvc(project, "remote", "add", "-d", "storage", "../storage")
    assert "../../storage" in (project / ".dvc/config").read_text()
    commit(project, {})
    remote = make_repo(tmp_path / "remote.git", bare=True)
    git(project, "remote", "add", "origin", str(remote))
    git(project, "push", "-q", "-u", "origin", "main")
    return project


def test_a_dvc_remote_takes_the_model_and_gives_it_back(with_remote: Path, tmp_path: Path) -> None:
    run(with_remote)
    done = command(with_remote, "release", "--dry-run")
    assert "dvc     push model.bin to the DVC remote" in done.out
    assert command(with_remote, "release").code == 0
    assert git(with_remote, "for-each-ref", "refs/mltools/objects") == ""
    git(with_remote, "push", "-q", "origin", "main")
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), "clone")
    clone = tmp_path / "clone"
    done = command(clone, "model", "get", "toy@v0.1.0", "-o", str(tmp_path / "got"))
    assert done.code == 0, done.err
    assert (tmp_path / "got/model.bin").read_text() == model_text(0.9)
    assert command(clone, "model", "verify", "toy@v0.1.0").code == 0


def test_a_bundle_is_pushed_in_the_state_of_its_release_commit(with_remote: Path, tmp_path: Path) -> None:
    made = run(with_remote, commit_results=False, recorded=False)
    bundle = write_bundle(with_remote, made, tmp_path / "bundle")
    git(with_remote, "push", "-q", "origin", "main")
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), "job")
    job = tmp_path / "job"
    done = command(job, "release", "--run", str(bundle))
    assert done.code == 0, done.err
    stored = list((tmp_path / "storage/files/md5").rglob("*"))
    assert [path.read_text() for path in stored if path.is_file()] == [model_text(0.9)]
    assert git(job, "status", "--porcelain") == ""
    assert "Verdict" in git(job, "tag", "-l", "--format=%(contents)", "toy@v0.1.0")


def test_a_dvc_remote_that_fails_stops_the_release_before_its_tag(with_remote: Path, tmp_path: Path) -> None:
    run(with_remote)
    (tmp_path / "storage").write_text("not a directory")
    done = command(with_remote, "release")
    assert done.code == 3
    assert "dvc push" in done.err
    assert git(with_remote, "tag") == git(tmp_path / "remote.git", "tag") == ""


def test_a_real_run_is_released_and_got(tmp_path: Path) -> None:
    project = projects.make_project(tmp_path / "real")
    git(project, "remote", "add", "origin", str(make_repo(tmp_path / "remote.git", bare=True)))
    assert mltools(project, "run").code == 0
    done = mltools(project, "release")
    assert done.code == 0, done.err
    # The run changed dvc.lock and metrics, which nobody has committed.
    assert git(project, "diff", "--name-only", "HEAD", "toy@v0.1.0").split() == [
        "dvc.lock",
        "metrics/test.json",
    ]
    got = mltools(project, "model", "get", "toy@v0.1.0", "-o", str(tmp_path / "got"))
    assert got.code == 0, got.err
    assert (tmp_path / "got/model.bin").read_bytes() == (project / "model.bin").read_bytes()
    assert mltools(project, "model", "verify", "toy@v0.1.0").code == 0
    shown = mltools(project, "model", "list")
    assert "toy    v0.1.0" in shown.out
    assert "test.auc 0.9" in shown.out


def add_data(project: Path) -> str:
    """Data under DVC that the pipeline reads; nothing pushed."""
    projects.dvc(project, "add", "-q", "data/more.csv")
    commit(project, {})
    return (project / "data/more.csv").read_text()


def stored(tmp_path: Path) -> set[str]:
    return {path.read_text() for path in (tmp_path / "storage").rglob("*") if path.is_file()}


def test_the_data_go_to_the_dvc_remote_with_the_model(with_remote: Path, tmp_path: Path) -> None:
    (with_remote / "data/more.csv").write_text("id\n1\n")
    more = add_data(with_remote)
    run(with_remote)
    done = command(with_remote, "release", "--dry-run")
    assert "dvc     push model.bin, data/more.csv.dvc to the DVC remote" in done.out
    assert not (tmp_path / "storage").exists()
    assert command(with_remote, "release").code == 0
    assert stored(tmp_path) == {more, model_text(0.9)}


def test_data_that_are_nowhere_stop_a_release_before_its_tag(with_remote: Path, tmp_path: Path) -> None:
    (with_remote / "data/more.csv").write_text("id\n1\n")
    more = add_data(with_remote)
    run(with_remote)
    (with_remote / "data/more.csv").unlink()
    name = md5(more)
    place = with_remote / ".dvc/cache/files/md5" / name[:2] / name[2:]
    kept = place.read_bytes()
    place.unlink()
    done = command(with_remote, "release")
    assert done.code == 3
    assert (
        "the DVC remote does not hold data/more.csv, nor can it be pushed from here; nothing was" in done.err
    )
    assert "hint: where the data is: `dvc push`" in done.err
    assert git(with_remote, "tag") == git(tmp_path / "remote.git", "tag") == ""
    place.write_bytes(kept)
    assert command(with_remote, "release").code == 0
    assert stored(tmp_path) == {more, model_text(0.9)}


def test_without_a_dvc_remote_the_data_go_to_the_store_in_git(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    remote = make_repo(tmp_path / "remote.git", bare=True)
    git(project, "remote", "add", "origin", str(remote))
    (project / "data/more.csv").write_text("id\n1\n")
    name = md5(add_data(project))
    run(project)
    assert "2 new objects, " in command(project, "release", "--dry-run").out
    place = project / ".dvc/cache/files/md5" / name[:2] / name[2:]
    kept = place.read_bytes()
    place.unlink()
    (project / "data/more.csv").unlink()
    lost = command(project, "release")
    assert lost.code == 3
    assert f"data/more.csv: its data, {name} by data/more.csv.dvc, is neither in the cache nor in" in lost.err
    assert "nothing was released" in lost.err
    assert git(remote, "tag") == ""
    place.write_bytes(kept)
    done = command(project, "release")
    assert done.code == 0, done.err
    assert git(remote, "show", f"refs/mltools/objects:md5/{name[:2]}/{name[2:]}") == "id\n1"
