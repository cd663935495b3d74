"""The registry here and on a remote, and the commands that read it; on real repositories."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mltools import registry
from mltools.core.release_record import tag_message
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from mltools.errors import RepositoryError
from tests.support import commit, git, make_repo, mltools
from tests.unit.test_release_record import RECORD

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def tag(repo: Path, name: str, rev: str = "HEAD", message: str = "said", when: int = 1_767_323_045) -> None:
    git(repo, "tag", "-a", "-m", message, "--", name, rev, env={"GIT_COMMITTER_DATE": f"{when} +0000"})


def writer(repo: Path) -> Writer:
    return Writer(Repository.find(repo), os.environ)


@pytest.fixture
def released(repo: Path) -> Path:
    """A repository with two models, one of them released by mltools, the other by GTO."""
    first = git(repo, "rev-parse", "HEAD")
    tag(repo, "tumour@v0.1.0", message=tag_message(RECORD), when=1_767_300_000)
    commit(repo, {"a": "b"})
    tag(repo, "tumour@v0.2.0", message=tag_message(RECORD))
    tag(repo, "tumour#prod#1", first)
    tag(repo, "eu/west=price@v1.0.0", first, "Registering artifact price version v1.0.0")
    return repo


def test_a_list_shows_each_model_with_its_version_stage_verdict_and_metrics(released: Path) -> None:
    shown = mltools(released, "model", "list")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.splitlines() == [
        "model          version  released    stages       verdict  metrics",
        "eu/west:price  v1.0.0   2026-01-02  -            -        -",
        "tumour         v0.2.0   2026-01-02  prod=v0.1.0  passed   test.roc_auc 0.991235, test.rows 114, note None",
    ]


def test_the_list_as_json_has_a_schema(released: Path) -> None:
    tree = mltools(released, "model", "list", "--json").json
    assert tree["schema"] == 1
    assert tree["odd"] == []
    price, tumour = tree["models"]
    assert (price["model"], price["version"], price["verdict"]) == ("eu/west:price", "v1.0.0", None)
    assert tumour["stages"] == {"prod": "v0.1.0"}
    assert tumour["metrics"]["test.roc_auc"] == 0.9912345678
    assert tumour["time"] == "2026-01-02T03:04:05Z"


def test_an_empty_registry_says_what_to_do(repo: Path) -> None:
    shown = mltools(repo, "model", "list")
    assert (shown.code, shown.out) == (0, "")
    assert "no model has been released here" in shown.err
    assert mltools(repo, "model", "list", "--json").json["models"] == []


def test_odd_tags_are_warned_of_and_blind_nothing(released: Path) -> None:
    git(released, "tag", "tumour@v0.3.0")
    tag(released, "tumour@1.0.0")
    git(released, "tag", "1.0.0")
    shown = mltools(released, "model", "list")
    assert shown.code == 0
    assert "tumour         v0.2.0" in shown.out
    assert shown.err.splitlines() == [
        "warning: tag tumour@1.0.0: versions start with v: tumour@v1.0.0",
        "warning: tag tumour@v0.3.0: a lightweight tag, which holds no date, author or record; passed over, as GTO does",
    ]


def test_a_version_is_shown_with_its_record(released: Path) -> None:
    shown = mltools(released, "model", "show", "tumour@v0.1.0")
    assert shown.code == 0
    assert shown.out.startswith("tumour\n  version:   v0.1.0\n  tag:       tumour@v0.1.0\n")
    assert f"  md5:       {'d' * 32}\n" in shown.out
    assert "  stages:    prod\n" in shown.out
    assert "  train.solver  lbfgs\n" in shown.out
    assert "versions:" not in shown.out


def test_a_model_is_shown_with_all_its_versions(released: Path) -> None:
    shown = mltools(released, "model", "show", "tumour")
    assert "  version:   v0.2.0\n" in shown.out
    assert [line.split()[0] for line in shown.out.partition("versions:\n")[2].splitlines()] == [
        "version",
        "v0.2.0",
        "v0.1.0",
    ]
    assert "  version:   v0.1.0\n" in mltools(released, "model", "show", "tumour#prod").out
    tree = mltools(released, "model", "show", "tumour@latest", "--json").json
    assert (tree["version"], tree["latest"], tree["record"]["file"]["size"]) == ("v0.2.0", "v0.2.0", 4711)


def test_a_version_that_gto_made_is_shown_without_a_record(released: Path) -> None:
    (released / "eu/west").mkdir(parents=True)
    for where, name in (
        (released, "eu/west:price"),
        (released, "price"),
        (released / "eu/west", "price@v1.0.0"),
    ):
        shown = mltools(where, "model", "show", name)
        assert shown.code == 0
        assert "its message holds no release record; not released by mltools" in shown.out


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("tumor", "there is no model 'tumor'", "did you mean 'tumour'?"),
        ("tumour@v0.1.1", "tumour has no version v0.1.1", "did you mean 'v0.1.0'?"),
        ("tumour#production", "tumour has nothing in the stage 'production'", "did you mean 'prod'?"),
        ("tumour@0.1.0", "versions start with v: tumour@v0.1.0", "write NAME, NAME@v1.2.3"),
        ("a b", "'a b' names no model, version or stage", "write NAME, NAME@v1.2.3"),
    ],
)
def test_an_unknown_name_gets_the_nearest_one(released: Path, name: str, message: str, hint: str) -> None:
    shown = mltools(released, "model", "show", name)
    assert shown.code == 2
    assert f"error: {message}" in shown.err or message in shown.err
    assert hint in shown.err


def test_reading_loads_neither_gitpython_nor_pydantic(released: Path) -> None:
    script = (
        "import sys; from mltools.cli.app import invoke; invoke(['model', 'list']); "
        "sys.exit(' '.join({'git', 'pydantic', 'requests', 'dvc', 'pandas'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=released, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "tumour" in done.stdout


def test_a_bare_repository_can_be_asked(released: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(released), "bare.git")
    assert "v0.2.0" in mltools(tmp_path / "bare.git", "model", "list").out
    assert "v0.2.0" in mltools(tmp_path / "bare.git", "model", "show", "tumour").out


def test_the_latest_version_is_the_one_of_the_remote(clone: Path, tmp_path: Path) -> None:
    for version in ("v0.1.0", "v0.2.0", "v0.10.0"):
        tag(clone, f"tumour@{version}")
    tag(clone, "tumour@v0.10.0!")
    tag(clone, "other@v9.0.0")
    git(clone, "push", "-q", "--tags", "origin")
    git(tmp_path, "clone", "-q", "--depth=1", "--no-tags", (tmp_path / "remote.git").as_uri(), "shallow")
    shallow = tmp_path / "shallow"
    known = registry.known(writer(shallow), "tumour", "origin")
    assert known.latest is not None
    assert known.latest.version == "v0.2.0"
    assert sorted(known.used) == ["v0.1.0", "v0.10.0", "v0.2.0"]
    assert known.only_here == ()
    # Only what was needed came here.
    assert git(shallow, "tag").split() == ["tumour@v0.10.0", "tumour@v0.10.0!", "tumour@v0.2.0"]


def test_a_tag_that_only_stands_here_uses_its_number_and_is_not_the_latest(clone: Path) -> None:
    tag(clone, "tumour@v0.1.0")
    git(clone, "push", "-q", "--tags", "origin")
    tag(clone, "tumour@v0.2.0")
    known = registry.known(writer(clone), "tumour", "origin")
    assert known.latest is not None
    assert known.latest.version == "v0.1.0"
    assert sorted(known.used) == ["v0.1.0", "v0.2.0"]
    assert [ref.name for ref in known.only_here] == ["refs/tags/tumour@v0.2.0"]
    alone = registry.known(writer(clone), "tumour", None)
    assert alone.latest is not None
    assert alone.latest.version == "v0.2.0"


def test_a_tag_on_another_commit_than_the_remotes_is_an_error(clone: Path) -> None:
    tag(clone, "tumour@v0.1.0")
    git(clone, "push", "-q", "--tags", "origin")
    git(clone, "tag", "-d", "tumour@v0.1.0")
    commit(clone, {"a": "b"})
    tag(clone, "tumour@v0.1.0")
    with pytest.raises(
        RepositoryError, match=r"the tag tumour@v0\.1\.0 stands on .* here and on .* at origin"
    ):
        registry.known(writer(clone), "tumour", "origin")


def test_a_lightweight_tag_is_no_version_and_its_number_is_used(clone: Path) -> None:
    git(clone, "tag", "tumour@v0.1.0")
    git(clone, "push", "-q", "--tags", "origin")
    git(clone, "tag", "-d", "tumour@v0.1.0")
    known = registry.known(writer(clone), "tumour", "origin")
    assert (known.latest, known.used) == (None, ("v0.1.0",))


def test_a_remote_that_is_gone_is_said(clone: Path, remote: Path) -> None:
    remote.rename(remote.with_name("elsewhere.git"))
    with pytest.raises(RepositoryError, match="origin does not answer"):
        registry.known(writer(clone), "tumour", "origin")


def test_the_remote_of_releases_is_the_branchs_or_origin_or_the_only_one(repo: Path, tmp_path: Path) -> None:
    repository = Repository.find(repo)
    assert registry.remote_of(repository) is None
    make_repo(tmp_path / "a.git", bare=True)
    git(repo, "remote", "add", "upstream", str(tmp_path / "a.git"))
    assert registry.remote_of(repository) == "upstream"
    git(repo, "remote", "add", "fork", str(tmp_path / "a.git"))
    with pytest.raises(RepositoryError, match="the remotes fork, upstream"):
        registry.remote_of(repository)
    git(repo, "config", "branch.main.remote", "fork")
    assert registry.remote_of(repository) == "fork"
    git(repo, "remote", "add", "origin", str(tmp_path / "a.git"))
    assert registry.remote_of(repository) == "fork"
    git(repo, "checkout", "-q", "--detach")
    assert registry.remote_of(repository) == "origin"
    git(repo, "config", "remote.pushDefault", "upstream")
    assert registry.remote_of(repository) == "upstream"


def test_the_overview_reads_the_records_that_it_shows_and_says_what_the_whole_says(released: Path) -> None:
    repository = Repository.find(released)
    light, whole = registry.overview(repository), registry.load(repository)
    for name, model in whole.models.items():
        shown = light.models[name]
        assert model.latest is not None
        assert shown.latest == model.latest
        assert [one.version for one in shown.versions] == [one.version for one in model.versions]
        for stage, placed in model.stages.items():
            assert shown.in_stage(stage) in shown.versions
            assert [one.version.version for one in shown.stages[stage]] == [
                one.version.version for one in placed
            ]
    earlier = light.models["tumour"].find("v0.1.0")
    assert earlier is not None
    assert earlier.event.message == ""


def test_only_the_tags_of_the_model_that_is_named_are_read(released: Path) -> None:
    repository = Repository.find(released)
    assert list(registry.load_near(repository, "tumour").models) == ["tumour"]
    assert list(registry.load_near(repository, "price", near="eu/west").models) == ["eu/west:price"]
    # Where the name is no whole one, all are: one of them may end so, or be what was meant.
    assert sorted(registry.load_near(repository, "price").models) == ["eu/west:price", "tumour"]
    assert registry.look_up(repository, "price")[1].name == "eu/west:price"
