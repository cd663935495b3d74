"""`mltools release` on real repositories: what it decides, writes, and leaves behind when it cannot."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gto.api
import pytest

from mltools import reusing
from mltools.core.release_record import ReleaseRecord, release_record
from mltools.project import open_project
from tests import releases
from tests.releases import command, make_project, md5, model_text, put_in_cache, run, sha256, write_bundle
from tests.support import Result, commit, git, make_repo, mltools

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

STORE = "refs/mltools/objects"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a bare remote, main pushed, nothing run yet."""
    path = make_project(tmp_path / "project")
    remote = make_repo(tmp_path / "remote.git", bare=True)
    git(path, "remote", "add", "origin", str(remote))
    git(path, "push", "-q", "-u", "origin", "main")
    return path


def tags(repo: Path) -> list[str]:
    return git(repo, "tag", "--list").split()


def record_of(repo: Path, tag: str) -> ReleaseRecord:
    found = release_record(git(repo, "tag", "-l", "--format=%(contents)", tag) + "\n")
    assert isinstance(found, ReleaseRecord), found
    return found


def release(repo: Path, *args: str) -> Result:
    return command(repo, "release", *args)


def test_the_first_release_is_a_tag_here_and_at_the_remote(project: Path, tmp_path: Path) -> None:
    made = run(project)
    done = release(project)
    assert (done.code, done.out) == (0, "released toy@v0.1.0\nThe first release of toy.\n")
    assert "hint: mltools model get toy@v0.1.0" in done.err
    assert "the version is a tag, without a page" in done.err
    assert tags(project) == tags(tmp_path / "remote.git") == ["toy@v0.1.0"]
    assert git(project, "rev-parse", "toy@v0.1.0^{commit}") == made.commit
    assert git(project, "cat-file", "-t", "toy@v0.1.0") == "tag"
    record = record_of(project, "toy@v0.1.0")
    assert (record.commit, record.run, record.verdict) == (made.commit, made.id, "passed")
    assert (record.file.md5, record.file.sha256) == (md5(model_text(0.9)), sha256(model_text(0.9)))
    assert record.file.size == len(model_text(0.9))
    assert record.lock_md5 == md5((project / "dvc.lock").read_bytes())
    everything = (
        "data/raw.csv",
        "dvc.lock",
        "dvc.yaml",
        "metrics/test.json",
        "mltools.yaml",
        "schemas/raw.yaml",
    )
    assert record.sha256 == {name: sha256((project / name).read_text()) for name in everything}
    assert dict(record.metrics) == {"test.auc": 0.9, "test.loss": 0.1}


def test_the_model_is_at_the_remote_before_the_tag(project: Path, tmp_path: Path) -> None:
    run(project)
    assert release(project).code == 0
    name = md5(model_text(0.9))
    for place in (project, tmp_path / "remote.git"):
        assert git(place, "show", f"{STORE}:md5/{name[:2]}/{name[2:]}") + "\n" == model_text(0.9)


def test_gto_reads_the_versions(project: Path) -> None:
    run(project, 0.9)
    release(project)
    run(project, 0.95)
    release(project)
    assert gto.api.show(str(project))["toy"]["version"] == "v0.2.0"
    assert [one["version"] for one in gto.api.show(str(project), "toy")] == ["v0.2.0", "v0.1.0"]


def test_a_release_again_says_that_there_is_nothing_new(project: Path) -> None:
    run(project)
    assert release(project).code == 0
    again = release(project)
    assert (again.code, again.out) == (0, "already released as v0.1.0: this commit is that version\n")
    assert tags(project) == ["toy@v0.1.0"]


def test_another_commit_with_the_same_model_is_no_release(project: Path) -> None:
    run(project, 0.9)
    release(project)
    commit(project, {"README.md": "words"})
    run(project, 0.9, second=6)
    done = release(project)
    assert (done.code, done.out) == (
        0,
        "already released as v0.1.0: the model and the data contract are the same\n",
    )
    assert "--version NUMBER releases it once more" in done.err
    assert tags(project) == ["toy@v0.1.0"]


def test_what_changed_decides_the_version(project: Path) -> None:
    run(project, 0.9)
    release(project)
    run(project, 0.95)
    done = release(project)
    assert done.out == (
        "released toy@v0.2.0\nMinor: test.auc is better: 0.95, was 0.9.\npatch   params changed: train.quality\n"
    )
    narrower = (project / "schemas/raw.yaml").read_text().replace("maximum: 10", "maximum: 8")
    commit(project, {"schemas/raw.yaml": narrower})
    run(project, 0.96)
    done = release(project)
    assert done.out == (
        "released toy@v1.0.0\n"
        "Major: breaks the data contract of v0.2.0: column 'size': maximum is 8, was 10.\n"
        "minor   test.auc is better: 0.96, was 0.95\n"
        "patch   params changed: train.quality\n"
    )
    assert record_of(project, "toy@v1.0.0").previous == "v0.2.0"


def change_contract(project: Path, old: str, new: str) -> None:
    text = (project / "schemas/raw.yaml").read_text()
    assert old in text
    commit(project, {"schemas/raw.yaml": text.replace(old, new)})


def test_a_version_says_what_its_model_takes_and_answers(project: Path) -> None:
    run(project, 0.9)
    release(project)
    (contract,) = record_of(project, "toy@v0.1.0").contracts
    assert contract.data == "data/raw.csv"
    assert contract.input == (
        {"name": "size", "type": "number", "required": True, "minimum": 0, "maximum": 10},
    )
    assert contract.output == ({"name": "label", "type": "string", "enum": ["yes", "no"], "role": "target"},)
    message = git(project, "tag", "-l", "--format=%(contents)", "toy@v0.1.0")
    assert "\nTakes size (number).\nAnswers label (string).\n" in message


@pytest.mark.parametrize(
    ("old", "new", "version", "reason"),
    [
        ("maximum: 10", "maximum: 8", "v1.0.0", "column 'size': maximum is 8, was 10"),
        ("maximum: 10", "maximum: 12", "v0.2.0", "column 'size': maximum is 12, was 10"),
        ('["yes", "no"]', '["yes", "no", "maybe"]', "v1.0.0", "so the model may answer that"),
        ("role: id}", "role: id, description: a number}", "v0.1.1", "takes the same data"),
    ],
)
def test_the_contract_of_the_version_before_decides_about_the_next(
    project: Path, old: str, new: str, version: str, reason: str
) -> None:
    run(project, 0.9)
    release(project)
    change_contract(project, old, new)
    run(project, 0.9)
    done = release(project)
    assert done.out.startswith(f"released toy@{version}\n")
    assert reason in done.out


def test_a_contract_that_went_with_its_commit_is_known_from_the_tag(project: Path, tmp_path: Path) -> None:
    run(project, 0.9)
    release(project)
    change_contract(project, "maximum: 10", "maximum: 8")
    run(project, 0.9)
    git(project, "push", "-q", "origin", "main", "refs/mltools/journal")
    origin = (tmp_path / "remote.git").as_uri()
    git(tmp_path, "clone", "-q", "--depth=1", "--no-tags", origin, "shallow")
    shallow = tmp_path / "shallow"
    put_in_cache(shallow, model_text(0.9))
    done = release(shallow)
    assert done.out == (
        "released toy@v1.0.0\n"
        "Major: breaks the data contract of v0.1.0: column 'size': maximum is 8, was 10.\n"
    ), done.err


def test_data_that_move_break_nothing_and_columns_that_go_do(project: Path) -> None:
    run(project, 0.9)
    release(project)
    policy = (project / "mltools.yaml").read_text()
    contract = (project / "schemas/raw.yaml").read_text()
    commit(
        project,
        {
            "schemas/all.yaml": contract,
            "mltools.yaml": policy.replace("schemas/raw.yaml", "schemas/all.yaml"),
        },
    )
    moved = {"path": "data/raw.csv", "contract": "schemas/all.yaml", "outcome": "passed"}
    held = {"md5": md5((project / "data/raw.csv").read_bytes())}
    same = {"contract_md5": md5(contract)}
    run(project, 0.9, data=[{**moved, **held, **same}])
    assert release(project).out.startswith("released toy@v0.1.1\nPatch: ")
    commit(
        project,
        {"mltools.yaml": policy.replace("  - {path: data/raw.csv, schema: schemas/raw.yaml}\n", "  []\n")},
    )
    run(project, 0.9, data=[])
    done = release(project)
    assert done.out.startswith(
        "released toy@v1.0.0\nMajor: breaks the data contract of v0.1.1: column 'id' was removed"
    )


def test_a_fixed_bump_is_obeyed(project: Path) -> None:
    text = (project / "mltools.yaml").read_text().replace("{model: toy}", "{model: toy, bump: patch}")
    commit(project, {"mltools.yaml": text})
    run(project, 0.9)
    release(project)
    run(project, 0.95)
    assert "released toy@v0.1.1\nPatch, as release.bump says" in release(project).out


def test_a_candidate_is_made_final_with_the_same_bytes_on_a_commit_of_its_own(
    project: Path, tmp_path: Path
) -> None:
    made = run(project, 0.9)
    assert release(project, "--pre", "rc").out.startswith("released toy@v0.1.0-rc.1\n")
    again = release(project)
    assert again.out == "already released as v0.1.0-rc.1: this commit is that version\n"
    assert "hint: mltools release --version v0.1.0  makes it final" in again.err
    done = release(project, "--version", "0.1.0")
    assert done.out == (
        "released toy@v0.1.0\nv0.1.0 was asked for. "
        "Patch: the same model under the same data contract as v0.1.0-rc.1.\n"
    ), done.err
    assert git(project, "rev-parse", "toy@v0.1.0^{commit}^") == made.commit
    assert git(project, "diff", made.commit, "toy@v0.1.0") == ""
    assert record_of(project, "toy@v0.1.0").file == record_of(project, "toy@v0.1.0-rc.1").file
    # GTO, which knows one version of a model for each commit, agrees.
    versions = [one["version"] for one in gto.api.show(str(project), "toy")]
    assert versions == ["v0.1.0", "v0.1.0-rc.1"]
    assert command(project, "model", "verify", "toy@v0.1.0").code == 0
    for args in ((), ("--version", "v0.1.0")):
        assert release(project, *args).out == "already released as v0.1.0: this commit is that version\n"
    assert tags(tmp_path / "remote.git") == ["toy@v0.1.0", "toy@v0.1.0-rc.1"]


def test_an_older_line_gets_a_version_that_is_compared_with_its_own(project: Path) -> None:
    run(project, 0.9)
    release(project)
    run(project, 0.95)
    release(project, "--version", "2.0.0")
    run(project, 0.92)
    refused = release(project, "--version", "0.1.1")
    assert refused.code == 2
    assert "v0.1.1 is not above v2.0.0, the highest version of toy so far" in refused.err
    assert "--reason TEXT" in refused.err
    done = release(project, "--version", "0.1.1", "--reason", "for those who stay")
    assert done.out.startswith(
        "released toy@v0.1.1\nv0.1.1 was asked for (for those who stay). Minor: test.auc is better: 0.92, was 0.9.\n"
    )
    assert record_of(project, "toy@v0.1.1").previous == "v0.1.0"
    run(project, 0.97)
    assert release(project).out.startswith("released toy@v2.1.0\n")


@pytest.mark.parametrize("given", ["1.0", "banana", "1.0.0+b", "-1.0.0", "1.0.0 ", "v01.0.0"])
def test_a_number_that_is_none_is_refused_before_anything_is_written(project: Path, given: str) -> None:
    run(project)
    done = release(project, f"--version={given}")
    assert done.code == 2
    assert f"{given!r} is no version" in done.err
    assert tags(project) == []


def test_a_number_of_another_commit_is_not_given_again(project: Path) -> None:
    run(project, 0.9)
    release(project)
    run(project, 0.95)
    done = release(project, "--version", "0.1.0")
    assert done.code == 2
    assert "toy v0.1.0 is another commit's version already" in done.err


def test_a_commit_of_nothing_but_results_is_released_as_the_run_that_made_them(project: Path) -> None:
    head = commit(project, {"params.yaml": "train:\n  quality: 0.9\n  seed: 1\n"})
    inputs = reusing.inputs_of(open_project(project), head)
    made = run(project, 0.9, commit_results=False, inputs=inputs)
    results = commit(project, {}, "Results")
    assert results != made.commit
    done = release(project)
    assert (done.code, done.out.splitlines()[0]) == (0, "released toy@v0.1.0"), done.err
    assert git(project, "rev-parse", "toy@v0.1.0^{commit}") == results
    record = record_of(project, "toy@v0.1.0")
    assert (record.commit, record.run) == (results, made.id)
    assert command(project, "model", "verify", "toy@v0.1.0").code == 0
    commit(project, {"train.py": "other code"})
    assert "has no run in the journal" in release(project).err


def test_a_failed_run_is_refused(project: Path) -> None:
    run(project, verdict="failed", summary="failed: auc-floor", outputs=[])
    done = release(project)
    assert done.code == 1
    assert done.out.startswith("not released: the verdict of run 2026")
    assert done.out.endswith("is failed: auc-floor\n")
    assert tags(project) == []


def test_a_stale_lock_makes_a_release_commit_that_the_tag_alone_names(project: Path, tmp_path: Path) -> None:
    made = run(project, commit_results=False)
    assert release(project).code == 0
    on = git(project, "rev-parse", "toy@v0.1.0^{commit}")
    assert git(project, "rev-parse", f"{on}^") == made.commit
    assert git(project, "diff", "--name-only", made.commit, on).split() == ["dvc.lock", "metrics/test.json"]
    assert git(project, "show", f"{on}:dvc.lock") + "\n" == (project / "dvc.lock").read_text()
    assert git(project, "branch", "-a", "--contains", on) == ""
    assert git(tmp_path / "remote.git", "rev-parse", "main") != on
    assert record_of(project, "toy@v0.1.0").commit == made.commit
    again = release(project)
    assert again.out == "already released as v0.1.0: this commit is that version\n"


def test_a_release_commit_is_the_same_whoever_makes_it(project: Path, tmp_path: Path) -> None:
    run(project, commit_results=False)
    assert release(project).code == 0
    first = git(project, "rev-parse", "toy@v0.1.0^{commit}")
    git(project, "tag", "-d", "toy@v0.1.0")
    git(tmp_path / "remote.git", "tag", "-d", "toy@v0.1.0")
    assert release(project).code == 0
    assert git(project, "rev-parse", "toy@v0.1.0^{commit}") == first


def test_a_dry_run_says_what_it_would_write_and_writes_nothing(project: Path, tmp_path: Path) -> None:
    run(project, commit_results=False)
    before = git(project, "for-each-ref"), git(tmp_path / "remote.git", "for-each-ref")
    done = release(project, "--dry-run")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[:2] == ["would release toy@v0.1.0", "The first release of toy."]
    size = len(model_text(0.9))
    assert lines[2] == "ref     refs/mltools/journal at origin: joined with ours"
    assert lines[3] == f"ref     {STORE} here and at origin: 1 new object, {size} bytes"
    assert lines[4].startswith("commit  ")
    assert lines[4].endswith(", on no branch: dvc.lock, metrics/test.json")
    assert lines[5].startswith("ref     refs/tags/toy@v0.1.0 -> ")
    assert lines[5].endswith(" at origin, create only")
    assert lines[6] == "ref     refs/mltools/releases/toy at origin: moved with it"
    assert (git(project, "for-each-ref"), git(tmp_path / "remote.git", "for-each-ref")) == before


def test_json_has_all_that_a_script_needs(project: Path) -> None:
    run(project)
    dry = release(project, "--dry-run", "--json").json
    assert (dry["schema"], dry["dry_run"], dry["tag"]) == (1, True, "toy@v0.1.0")
    assert [step.split()[1].partition("@")[0] for step in dry["steps"]] == [
        "refs/mltools/journal",
        "refs/mltools/objects",
        "refs/tags/toy",
        "refs/mltools/releases/toy",
        "refs/tags/toy",
    ]
    done = release(project, "--json").json
    assert (done["new"], done["version"], done["record"]["file"]["path"]) == (True, "v0.1.0", "model.bin")
    again = release(project, "--json").json
    assert (again["new"], again["tag"], again["refused"]) == (False, "toy@v0.1.0", False)


def test_a_workflow_is_told_the_tag(project: Path, tmp_path: Path) -> None:
    run(project)
    output = tmp_path / "output"
    env = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(output)}
    assert command(project, "release", env=env).code == 0
    name, value, end = output.read_text().splitlines()
    assert (name.partition("<<")[0], value) == ("tag", "toy@v0.1.0")
    assert end == name.partition("<<")[2]
    output.unlink()
    # The job that is run again deploys again; a commit without a version of its own does not.
    assert command(project, "release", env=env).code == 0
    assert "toy@v0.1.0" in output.read_text()
    output.unlink()
    commit(project, {"README.md": "words"})
    run(project, second=6)
    assert command(project, "release", env=env).code == 0
    assert not output.exists()


def test_a_bundle_is_released_in_a_clone_that_has_neither_cache_nor_record(
    project: Path, tmp_path: Path
) -> None:
    made = run(project, commit_results=False, recorded=False)
    bundle = write_bundle(project, made, tmp_path / "bundle")
    git(project, "push", "-q", "origin", "main")
    git(tmp_path, "clone", "-q", "--depth=1", (tmp_path / "remote.git").as_uri(), "job")
    job = tmp_path / "job"
    git(job, "checkout", "-q", "--detach")
    done = release(job, "--run", str(bundle))
    assert (done.code, done.out.splitlines()[0]) == (0, "released toy@v0.1.0"), done.err
    bare = tmp_path / "remote.git"
    on = git(bare, "rev-parse", "toy@v0.1.0^{commit}")
    assert git(bare, "diff", "--name-only", made.commit, on).split() == ["dvc.lock", "metrics/test.json"]
    name = md5(model_text(0.9))
    assert git(bare, "show", f"{STORE}:md5/{name[:2]}/{name[2:]}") + "\n" == model_text(0.9)
    assert git(job, "status", "--porcelain") == ""


def test_the_results_of_mltools_run_are_released_from_their_directory(project: Path) -> None:
    made = run(project, recorded=False)
    (project / ".mltools").mkdir()
    (project / ".mltools/run.json").write_text(json.dumps(made.as_json()))
    assert release(project, "--run", ".mltools").code == 0
    assert tags(project) == ["toy@v0.1.0"]


def test_the_record_is_fetched_where_another_clone_made_it(project: Path, tmp_path: Path) -> None:
    run(project)
    git(project, "push", "-q", "origin", "main", "refs/mltools/journal")
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), "other")
    other = tmp_path / "other"
    put_in_cache(other, model_text(0.9))
    assert release(other).code == 0
    assert tags(tmp_path / "remote.git") == ["toy@v0.1.0"]


def test_a_repository_without_a_remote_keeps_its_tags_and_brings_them_later(tmp_path: Path) -> None:
    project = make_project(tmp_path / "alone")
    run(project, 0.9)
    assert release(project).code == 0
    assert tags(project) == ["toy@v0.1.0"]
    remote = make_repo(tmp_path / "remote.git", bare=True)
    git(project, "remote", "add", "origin", str(remote))
    done = release(project)
    assert (done.code, done.out.splitlines()[0]) == (0, "released toy@v0.1.0")
    assert tags(remote) == ["toy@v0.1.0"]
    assert git(remote, "rev-parse", STORE) == git(project, "rev-parse", STORE)


def test_a_job_that_runs_again_after_newer_versions_releases_nothing(project: Path) -> None:
    old = run(project, 0.9, commit_results=False)
    release(project)
    git(project, "checkout", "-q", "--", ".")
    run(project, 0.95)
    release(project)
    git(project, "checkout", "-q", old.commit)
    done = release(project)
    assert (done.code, done.out) == (0, "already released as v0.1.0: this commit is that version\n")
    assert tags(project) == ["toy@v0.1.0", "toy@v0.2.0"]


def test_a_version_that_was_taken_back_is_not_released_again(project: Path) -> None:
    run(project)
    release(project)
    git(project, "tag", "-a", "-m", "bad", "toy@v0.1.0!", "toy@v0.1.0^{}")
    git(project, "push", "-q", "--tags")
    done = release(project)
    assert done.code == 0
    assert done.out == (
        "already released as v0.1.0: this run was released before, and that version was taken back\n"
    )
    run(project, 0.95)
    assert "released toy@v0.2.0" in release(project).out


def test_two_projects_in_one_repository_release_under_names_of_their_own(tmp_path: Path) -> None:
    one = make_project(tmp_path / "mono", inside="eu/west")
    run(one)
    done = release(one)
    assert (done.code, done.out.splitlines()[0]) == (0, "released eu/west=toy@v0.1.0"), done.err
    shown = command(one, "model", "show", "toy")
    assert shown.out.startswith("eu/west:toy\n")
    assert list(gto.api.show(str(tmp_path / "mono"))) == ["eu/west:toy"]


@pytest.mark.full
@pytest.mark.slow
@pytest.mark.usefixtures("project")
def test_racing_releases_take_numbers_without_a_gap_and_without_a_double(tmp_path: Path) -> None:
    racers = 8
    clones = []
    for number in range(racers):
        clone = tmp_path / f"clone-{number}"
        git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), clone.name)
        git(clone, "checkout", "-q", "-b", f"work-{number}")
        run(clone, 0.5 + number / 100, second=number)
        clones.append(clone)
    with ThreadPoolExecutor(racers) as pool:
        done = list(pool.map(lambda clone: mltools(clone, "release"), clones))
    assert [result.code for result in done] == [0] * racers, [result.err for result in done]
    remote = tmp_path / "remote.git"
    numbers = [f"toy@v0.{number}.0" for number in range(1, racers + 1)]
    released = sorted(tags(remote))
    assert len(released) == racers
    assert released[0] == numbers[0]
    # Each is one step on from some version before it, and each commit has exactly one.
    commits = {git(remote, "rev-parse", f"{tag}^{{commit}}") for tag in released}
    assert commits == {git(clone, "rev-parse", "HEAD") for clone in clones}
    for clone, result in zip(clones, done, strict=True):
        mine = result.out.splitlines()[0].removeprefix("released ")
        assert git(remote, "rev-parse", f"{mine}^{{commit}}") == git(clone, "rev-parse", "HEAD")
        assert set(tags(clone)) <= set(released)
        for tag in tags(clone):
            assert git(clone, "rev-parse", tag) == git(remote, "rev-parse", tag)
    chain = {record_of(remote, tag).previous: tag for tag in released}
    assert len(chain) == racers
    at, seen = None, []
    while at in chain:
        seen.append(chain[at])
        at = record_of(remote, chain[at]).version
    assert sorted(seen) == released


@pytest.mark.slow
def test_the_same_run_released_twice_at_once_is_one_version(project: Path, tmp_path: Path) -> None:
    made = run(project, commit_results=False, recorded=False)
    bundle = write_bundle(project, made, tmp_path / "bundle")
    git(project, "push", "-q", "origin", "main")
    clones = []
    for number in range(3):
        git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), f"job-{number}")
        clones.append(tmp_path / f"job-{number}")
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda clone: mltools(clone, "release", "--run", str(bundle)), clones))
    assert [result.code for result in done] == [0, 0, 0], [result.err for result in done]
    assert tags(tmp_path / "remote.git") == ["toy@v0.1.0"]
    assert any(result.out.startswith("released toy@v0.1.0") for result in done)


def refuse(remote: Path, script: str) -> None:
    hook = remote / "hooks/update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{script}\n")
    hook.chmod(0o755)


def test_a_refused_push_leaves_no_tag_behind(project: Path, tmp_path: Path) -> None:
    run(project)
    refuse(
        tmp_path / "remote.git",
        'case "$1" in refs/tags/*) echo "GH013: tags are protected" >&2; exit 1;; esac',
    )
    done = release(project)
    assert (done.code, done.out) == (3, "")
    assert "GH013: tags are protected" in done.err
    assert "Traceback" not in done.err
    assert tags(project) == tags(tmp_path / "remote.git") == []
    (tmp_path / "remote.git/hooks/update").unlink()
    assert release(project).out.startswith("released toy@v0.1.0\n")


def test_objects_that_do_not_arrive_stop_the_release_before_its_tag(project: Path, tmp_path: Path) -> None:
    run(project)
    refuse(tmp_path / "remote.git", 'case "$1" in refs/mltools/*) echo "disk is full" >&2; exit 1;; esac')
    done = release(project)
    assert done.code == 3
    assert "disk is full" in done.err
    assert tags(project) == tags(tmp_path / "remote.git") == []


def test_a_remote_that_is_gone_is_said_and_nothing_is_left(project: Path, tmp_path: Path) -> None:
    run(project)
    (tmp_path / "remote.git").rename(tmp_path / "elsewhere.git")
    done = release(project)
    assert done.code == 3
    assert "origin does not answer" in done.err
    assert tags(project) == []


def test_a_release_needs_no_identity(project: Path) -> None:
    run(project, commit_results=False)
    nobody = {f"GIT_{who}_{what}": "" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = command(project, "release", env=nobody)
    assert done.code == 0, done.err
    assert "mltools" in git(project, "tag", "-l", "--format=%(taggername)", "toy@v0.1.0")


@pytest.mark.parametrize(
    ("changes", "code", "message", "hint"),
    [
        ({"mltools.yaml": "schema: 1\n"}, 2, "has no `release` section", "name one of the artifacts"),
        (
            {"mltools.yaml": "schema: 1\nrelease: {model: toys}\n"},
            2,
            "has no artifact 'toys'",
            "did you mean 'toy'?",
        ),
        (
            {"mltools.yaml": "schema: 1\nrelease: {model: other}\n"},
            2,
            "has no artifact 'other'",
            "artifacts: {other:",
        ),
    ],
)
def test_a_model_that_nothing_names_is_a_mistake_in_the_configuration(
    project: Path, changes: dict[str, str], code: int, message: str, hint: str
) -> None:
    commit(project, changes)
    run(project)
    done = release(project)
    assert done.code == code
    assert message in done.err
    assert hint in done.err


def test_an_artifact_that_is_no_output_is_told_with_the_nearest_one(project: Path) -> None:
    text = (project / "dvc.yaml").read_text()
    commit(project, {"dvc.yaml": text.replace("path: model.bin", "path: models.bin")})
    run(project)
    done = release(project)
    assert done.code == 2
    assert "dvc.lock: no stage has the output 'models.bin'" in done.err
    assert "did you mean 'model.bin'?" in done.err


def test_a_lock_of_another_run_is_refused(project: Path) -> None:
    made = run(project, recorded=False)
    (project / ".mltools").mkdir()
    (project / ".mltools/run.json").write_text(json.dumps(made.as_json()))
    (project / "dvc.lock").write_text(releases.lock_text("another", "{}"))
    done = release(project, "--run", ".mltools")
    assert done.code == 3
    assert "left another model.bin than dvc.lock names" in done.err


def test_without_a_run_there_is_nothing_to_release(project: Path) -> None:
    done = release(project)
    assert done.code == 3
    assert "has no run in the journal" in done.err
    assert "hint: run `mltools run` first" in done.err


def test_a_run_that_is_named_and_is_not_there_is_wrong_use(project: Path) -> None:
    (project / "empty").mkdir()
    for name in ("nowhere", "empty"):
        done = release(project, "--run", name)
        assert done.code == 2
        assert f"{project / name} holds no run" in done.err


def test_a_run_with_uncommitted_changes_is_not_released(project: Path) -> None:
    run(project, dirty=True)
    done = release(project)
    assert done.code == 3
    assert "had uncommitted changes, so no commit says what was run" in done.err


def test_a_run_of_a_commit_that_is_not_here_is_told(project: Path) -> None:
    made = run(project, recorded=False).model_copy(update={"commit": "f" * 40})
    (project / ".mltools").mkdir()
    (project / ".mltools/run.json").write_text(json.dumps(made.as_json()))
    done = release(project, "--run", ".mltools")
    assert done.code == 3
    assert "commit ffffffff of run" in done.err
    assert "git fetch origin" in done.err


def test_a_run_of_another_commit_than_the_one_checked_out_is_not_released(project: Path) -> None:
    made = run(project, recorded=False)
    (project / ".mltools").mkdir()
    (project / ".mltools/run.json").write_text(json.dumps(made.as_json()))
    commit(project, {"README.md": "words"})
    done = release(project, "--run", ".mltools")
    assert done.code == 2
    assert f"is of commit {made.commit[:8]}, and" in done.err


def test_a_shallow_clone_asks_the_remote_for_the_versions_before(project: Path, tmp_path: Path) -> None:
    run(project, 0.9)
    release(project)
    run(project, 0.95)
    git(project, "push", "-q", "origin", "main", "refs/mltools/journal")
    origin = (tmp_path / "remote.git").as_uri()
    git(tmp_path, "clone", "-q", "--depth=1", "--no-tags", origin, "shallow")
    shallow = tmp_path / "shallow"
    put_in_cache(shallow, model_text(0.95))
    done = release(shallow)
    assert done.code == 0, done.err
    assert done.out.splitlines()[0] == "released toy@v0.2.0"
    assert tags(shallow) == tags(tmp_path / "remote.git") == ["toy@v0.1.0", "toy@v0.2.0"]


def test_a_model_that_is_nowhere_is_told(project: Path) -> None:
    run(project)
    (project / "model.bin").unlink()
    put_in_cache(project, model_text(0.9)).unlink()
    done = release(project)
    assert done.code == 3
    assert "the model model.bin of run" in done.err
    assert tags(project) == []


def test_a_damaged_object_in_the_cache_is_not_released(project: Path) -> None:
    run(project)
    (project / "model.bin").unlink()
    place = put_in_cache(project, model_text(0.9))
    place.chmod(0o644)
    place.write_text("half of it")
    done = release(project)
    assert done.code == 3
    assert "is not here" in done.err


def test_tags_by_hand_do_not_stop_a_release(project: Path) -> None:
    first = git(project, "rev-parse", "HEAD")
    git(project, "tag", "toy@v0.1.0")
    git(project, "tag", "-a", "-m", "x", "toy@1.0.0")
    git(project, "tag", "v1.0.0")
    broken = 'toy v0.2.0\n\n```json mltools-release\n{"schema": 1}\n```\n'
    git(project, "tag", "-a", "-m", broken, "toy@v0.2.0", first)
    git(project, "push", "-q", "--tags")
    run(project)
    done = release(project)
    assert done.code == 0, done.err
    assert done.out.splitlines()[0] == "released toy@v0.3.0"
    assert "cannot be told, as its release record is broken: model is missing" in done.out


@pytest.mark.parametrize("known", [True, False])
def test_a_lightweight_tag_on_the_very_commit_is_no_release_of_it(project: Path, *, known: bool) -> None:
    run(project)
    git(project, "tag", "toy@v0.1.0")
    git(project, "push", "-q", "--tags")
    if not known:
        git(project, "tag", "-d", "toy@v0.1.0")
    done = release(project)
    assert (done.code, done.out.splitlines()[0]) == (0, "released toy@v0.2.0"), done.err


def test_a_tag_that_was_deleted_at_the_remote_does_not_give_its_number_away(project: Path) -> None:
    run(project, 0.9)
    release(project)
    run(project, 0.95)
    release(project)
    git(project, "push", "-q", "--delete", "origin", "toy@v0.2.0")
    run(project, 0.97)
    done = release(project)
    assert "released toy@v0.3.0" in done.out
    assert "warning: the tag toy@v0.2.0 is here and not at origin; push it" in done.err


def test_a_tag_on_another_commit_than_the_remotes_stops_a_release(project: Path) -> None:
    run(project)
    release(project)
    git(project, "tag", "-d", "toy@v0.1.0")
    commit(project, {"x": "y"})
    git(project, "tag", "-a", "-m", "mine", "toy@v0.1.0")
    run(project, 0.95)
    done = release(project)
    assert done.code == 3
    assert "git tag -d 'toy@v0.1.0' && git fetch origin tag 'toy@v0.1.0'" in done.err


def test_a_model_that_git_tracks_is_in_the_release_commit_and_not_in_the_store(project: Path) -> None:
    text = (
        (project / "dvc.yaml").read_text().replace("outs: [model.bin]", "outs: [{model.bin: {cache: false}}]")
    )
    commit(project, {"dvc.yaml": text, ".gitignore": "/.mltools\n"})
    run(project, commit_results=False)
    assert release(project).code == 0
    assert git(project, "show", "toy@v0.1.0:model.bin") + "\n" == model_text(0.9)
    assert git(project, "for-each-ref", STORE) == ""


def test_help_has_examples(project: Path) -> None:
    shown = mltools(project, "release", "--help")
    assert "mltools release --dry-run" in shown.out
    assert os.environ["HOME"] not in shown.out
