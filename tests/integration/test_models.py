"""`mltools model get` and `verify` on real releases."""

import json
import shutil
from pathlib import Path

import pytest

from mltools.core.release_record import parse_record
from tests.releases import command, make_project, md5, model_text, put_in_cache, run, sha256
from tests.support import commit, git, make_repo

STORE = "refs/mltools/objects"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two versions of a model, released to a bare remote."""
    path = make_project(tmp_path / "project")
    remote = make_repo(tmp_path / "remote.git", bare=True)
    git(path, "remote", "add", "origin", str(remote))
    git(path, "push", "-q", "-u", "origin", "main")
    for quality in (0.9, 0.95):
        run(path, quality)
        assert command(path, "release").code == 0
    return path


@pytest.fixture
def clone(project: Path, tmp_path: Path) -> Path:
    """A fresh shallow clone without tags, cache or refs of ours."""
    assert project.is_dir()
    git(tmp_path, "clone", "-q", "--depth=1", "--no-tags", (tmp_path / "remote.git").as_uri(), "clone")
    return tmp_path / "clone"


def test_a_model_is_got_from_the_cache_under_its_own_name(project: Path) -> None:
    (project / "model.bin").unlink()
    done = command(project, "model", "get", "toy@v0.1.0")
    assert (done.code, done.out) == (0, f"{project / 'model.bin'}\n"), done.err
    assert f"toy@v0.1.0: SHA-256 {sha256(model_text(0.9))}" in done.err
    assert (project / "model.bin").read_text() == model_text(0.9)
    assert not (project / "release.json").exists()


def test_a_directory_also_gets_the_record(project: Path, tmp_path: Path) -> None:
    for name in ("served", "with.dot/", "there"):
        (tmp_path / "there").mkdir(exist_ok=True)
        (tmp_path / "with.dot").mkdir(exist_ok=True)
        done = command(project, "model", "get", "toy@v0.2.0", "-o", str(tmp_path / name))
        assert done.code == 0, done.err
        assert (tmp_path / name / "model.bin").read_text() == model_text(0.95)
        record = parse_record((tmp_path / name / "release.json").read_text())
        assert getattr(record, "version", record) == "v0.2.0"
        assert sorted(path.name for path in (tmp_path / name).iterdir()) == ["model.bin", "release.json"]


def test_the_path_that_is_printed_holds_no_dots(project: Path, tmp_path: Path) -> None:
    for given, written in (
        ("../beside", tmp_path / "beside/model.bin"),
        ("../new/../m.bin", tmp_path / "m.bin"),
        ("..", tmp_path / "model.bin"),
    ):
        done = command(project, "model", "get", "toy@v0.1.0", "-o", given)
        assert (done.code, done.out) == (0, f"{written}\n"), done.err
        assert written.read_text() == model_text(0.9)


def test_a_link_at_the_end_of_a_path_is_replaced_and_not_followed(project: Path, tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_text("other")
    (tmp_path / "link.bin").symlink_to("other.bin")
    done = command(project, "model", "get", "toy@v0.1.0", "-o", "../link.bin", "--force")
    assert done.code == 0, done.err
    assert not (tmp_path / "link.bin").is_symlink()
    assert (tmp_path / "other.bin").read_text() == "other"


def test_a_path_with_a_suffix_is_the_file(project: Path, tmp_path: Path) -> None:
    done = command(project, "model", "get", "toy@v0.1.0", "--output", str(tmp_path / "new/m.bin"))
    assert done.code == 0, done.err
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["m.bin"]


def test_what_is_there_already_stays_and_another_file_is_not_replaced(project: Path, tmp_path: Path) -> None:
    target = tmp_path / "m.bin"
    get = ("model", "get", "toy@v0.1.0", "-o", str(target))
    assert command(project, *get).code == 0
    again = command(project, *get)
    assert again.code == 0
    assert "is there already" in again.err
    target.write_text("mine")
    refused = command(project, *get)
    assert refused.code == 2
    assert "is there already and is not this model" in refused.err
    assert target.read_text() == "mine"
    assert command(project, *get, "--force").code == 0
    assert target.read_text() == model_text(0.9)


def test_a_fresh_clone_fetches_tag_and_model_from_the_remote(clone: Path, tmp_path: Path) -> None:
    done = command(clone, "model", "get", "toy@v0.1.0", "-o", str(tmp_path / "got"))
    assert done.code == 0, done.err
    assert f"fetching model.bin from {STORE} at origin" in done.err
    assert (tmp_path / "got/model.bin").read_text() == model_text(0.9)
    assert git(clone, "tag").split() == ["toy@v0.1.0"]
    assert git(clone, "status", "--porcelain") == ""


def test_the_latest_version_is_asked_of_the_remote(clone: Path, project: Path, tmp_path: Path) -> None:
    assert command(clone, "model", "get", "toy", "-o", str(tmp_path / "one")).code == 0
    assert (tmp_path / "one/model.bin").read_text() == model_text(0.95)
    run(project, 0.97)
    assert command(project, "release").code == 0
    assert command(clone, "model", "get", "toy@latest", "-o", str(tmp_path / "two")).code == 0
    assert (tmp_path / "two/model.bin").read_text() == model_text(0.97)


def test_a_stage_names_its_version(project: Path, clone: Path, tmp_path: Path) -> None:
    git(project, "tag", "-a", "-m", "x", "toy#prod#1", "toy@v0.1.0^{}")
    git(project, "push", "-q", "--tags")
    done = command(clone, "model", "get", "toy#prod", "-o", str(tmp_path / "got"))
    assert done.code == 0, done.err
    assert (tmp_path / "got/model.bin").read_text() == model_text(0.9)


def test_without_the_remote_what_is_here_counts(project: Path, tmp_path: Path) -> None:
    (tmp_path / "remote.git").rename(tmp_path / "elsewhere.git")
    done = command(project, "model", "get", "toy@latest", "-o", str(tmp_path / "got"))
    assert done.code == 0, done.err
    assert "warning: origin does not answer" in done.err
    explicit = command(project, "model", "get", "toy@v0.1.0", "-o", str(tmp_path / "old"))
    assert (explicit.code, "warning" in explicit.err) == (0, False)


def test_a_model_of_a_bare_repository_can_be_got(project: Path, tmp_path: Path) -> None:
    done = command(tmp_path / "remote.git", "model", "get", "toy@v0.2.0", "-o", str(tmp_path / "got"))
    assert done.code == 0, done.err
    assert (tmp_path / "got/model.bin").read_text() == model_text(0.95)
    assert project.is_dir()


def test_a_damaged_cache_does_not_matter_where_the_store_is_good(project: Path, tmp_path: Path) -> None:
    place = put_in_cache(project, model_text(0.9))
    place.chmod(0o644)
    place.write_text("half")
    done = command(project, "model", "get", "toy@v0.1.0", "-o", str(tmp_path / "got"))
    assert done.code == 0, done.err
    assert (tmp_path / "got/model.bin").read_text() == model_text(0.9)


def test_a_model_that_is_nowhere_says_where_it_was_looked_for(project: Path, tmp_path: Path) -> None:
    shutil.rmtree(project / ".dvc/cache")
    for repo in (project, tmp_path / "remote.git"):
        git(repo, "update-ref", "-d", STORE)
    done = command(project, "model", "get", "toy@v0.1.0", "-o", str(tmp_path / "got"))
    assert done.code == 3
    assert f"is in none of these: DVC's cache, {STORE}, {STORE} at origin" in done.err
    assert not (tmp_path / "got").exists() or list((tmp_path / "got").iterdir()) == []
    verified = command(project, "model", "verify", "toy@v0.1.0")
    assert verified.code == 3
    assert "undecided bytes: " in verified.out


def test_a_version_that_gto_made_has_no_bytes_to_check(project: Path) -> None:
    git(project, "tag", "-a", "-m", "Registering", "toy@v9.0.0")
    done = command(project, "model", "get", "toy@v9.0.0")
    assert done.code == 3
    assert "its message holds no release record; not released by mltools" in done.err


def test_a_model_with_versions_and_no_stage_is_not_sent_to_release(project: Path) -> None:
    done = command(project, "model", "show", "toy#prod")
    assert done.code == 2
    assert "toy has nothing in the stage 'prod'" in done.err
    assert "hint: there is no stage yet; `mltools model promote NAME --stage STAGE`" in done.err
    assert "mltools release" not in done.err


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("toys@v0.1.0", "did you mean 'toy'?"),
        ("toy@v0.1.9", "did you mean 'v0.1.0'?"),
        ("toy@0.1.0", "versions start with v: toy@v0.1.0"),
        ("toy#prod", "there is no stage yet"),
    ],
)
@pytest.mark.parametrize("verb", ["get", "verify"])
def test_an_unknown_name_gets_the_nearest_one(project: Path, verb: str, name: str, hint: str) -> None:
    done = command(project, "model", verb, name)
    assert done.code == 2
    assert hint in done.err
    assert "Traceback" not in done.err


def test_a_place_that_cannot_be_written_is_said(project: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    done = command(project, "model", "get", "toy@v0.1.0", "-o", str(tmp_path / "file/m.bin"))
    assert done.code == 3
    assert "cannot write" in done.err


def test_a_good_version_is_verified(project: Path, clone: Path) -> None:
    for repo in (project, clone):
        done = command(repo, "model", "verify", "toy@v0.2.0")
        assert done.code == 0, done.out + done.err
        assert [line.split(":")[0] for line in done.out.splitlines()] == [
            "passed    tag",
            "skipped   signature",
            "passed    record",
            "passed    commit",
            "passed    dvc.lock",
            "passed    model",
            "passed    files",
            "passed    bytes",
            "passed    journal",
            "passed    run",
        ]
    tree = command(project, "model", "verify", "toy", "--json").json
    assert (tree["schema"], tree["tag"]) == (1, "toy@v0.2.0")
    assert {check["outcome"] for check in tree["checks"] if check["name"] != "signature"} == {"passed"}


def test_a_release_commit_is_verified(project: Path) -> None:
    run(project, 0.97, commit_results=False)
    assert command(project, "release").code == 0
    done = command(project, "model", "verify", "toy@v0.3.0")
    assert done.code == 0, done.out
    assert "holds what the run of" in done.out


def forge_tag(project: Path, name: str, old: str, new: str, rev: str = "HEAD") -> None:
    """A version by hand, its message that of v0.2.0 with a part replaced."""
    message = git(project, "tag", "-l", "--format=%(contents)", "toy@v0.2.0")
    assert old in message
    (project.parent / "message").write_text(message.replace(old, new))
    git(project, "tag", "-a", "--cleanup=verbatim", "-F", str(project.parent / "message"), name, rev)


@pytest.mark.parametrize(
    ("old", "new", "failed"),
    [
        ('"version": "v0.2.0"', '"version": "v0.4.0"', []),
        ('"version": "v0.2.0"', '"version": "v0.2.0"', ["record"]),
        (sha256(model_text(0.95)), "0" * 64, ["record", "bytes"]),
        (md5(model_text(0.95)), md5(model_text(0.9)), ["record", "model", "bytes", "run"]),
        ('"lock_md5": "', '"lock_md5": "0000000000000000000000000000000a", "x": "', ["record", "dvc.lock"]),
        ('"path": "model.bin"', '"path": "other.bin"', ["record", "model", "run"]),
    ],
)
def test_a_version_that_was_made_up_is_found_out(
    project: Path, old: str, new: str, failed: list[str]
) -> None:
    forge_tag(project, "toy@v0.4.0", old, new)
    done = command(project, "model", "verify", "toy@v0.4.0", "--json")
    assert [check["name"] for check in done.json["checks"] if check["outcome"] == "failed"] == failed
    assert done.code == (1 if failed else 0)


def test_a_record_on_another_commit_is_found_out(project: Path) -> None:
    commit(project, {"model.txt": "x"})
    commit(project, {"dvc.lock": "schema: '2.0'\nstages: {}\n"})
    forge_tag(project, "toy@v0.4.0", '"version": "v0.2.0"', '"version": "v0.4.0"')
    done = command(project, "model", "verify", "toy@v0.4.0")
    assert done.code == 1
    assert "failed    commit: " in done.out
    assert "failed    dvc.lock: has MD5" in done.out
    assert "failed    model: model.bin has MD5 none in dvc.lock" in done.out


def test_a_lightweight_tag_is_no_version(project: Path) -> None:
    git(project, "tag", "toy@v0.5.0")
    verified = command(project, "model", "verify", "toy@v0.5.0")
    assert verified.code == 1
    assert "failed    tag: the tag toy@v0.5.0 is no version: a lightweight tag" in verified.out
    got = command(project, "model", "get", "toy@v0.5.0")
    assert got.code == 3
    assert "the tag toy@v0.5.0 is no version: a lightweight tag" in got.err


def test_a_directory_is_a_model_too(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    parts = {"weights/a.bin": "aaa", "b.bin": "bbb"}
    listing = json.dumps([{"md5": md5(text), "relpath": name} for name, text in sorted(parts.items())])
    text = (project / "dvc.yaml").read_text().replace("model.bin", "net")
    commit(project, {"dvc.yaml": text, ".gitignore": "/net\n/.mltools\n"})
    for content in (*parts.values(), listing):
        put_in_cache(project, content)
    name = f"{md5(listing)}.dir"
    place = project / ".dvc/cache/files/md5" / name[:2] / name[2:]
    place.write_text(listing)
    from tests import releases

    made = run(project, recorded=False, outputs=[{"path": "net", "md5": name}])
    lock = (
        (project / "dvc.lock")
        .read_text()
        .replace("path: model.bin", "path: net")
        .replace(md5(model_text(0.9)), name)
    )
    releases.keep(project, made, lock)
    done = command(project, "release")
    assert done.code == 0, done.err
    assert command(project, "model", "verify", "toy").code == 0
    shutil.rmtree(project / ".dvc/cache")
    done = command(project, "model", "get", "toy@v0.1.0", "-o", str(tmp_path / "got"))
    assert done.code == 0, done.err
    files = {
        str(path.relative_to(tmp_path / "got/net")): path.read_text()
        for path in (tmp_path / "got/net").rglob("*.bin")
    }
    assert files == parts
    (tmp_path / "got/net/extra").write_text("x")
    assert command(project, "model", "get", "toy@v0.1.0", "-o", str(tmp_path / "got")).code == 2
    assert command(project, "model", "get", "toy@v0.1.0", "-o", str(tmp_path / "got"), "--force").code == 0
    assert not (tmp_path / "got/net/extra").exists()
    assert sorted(path.name for path in (tmp_path / "got").iterdir()) == ["net", "release.json"]
