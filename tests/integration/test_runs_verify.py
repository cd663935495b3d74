"""`mltools runs verify` on journals of real runs, and on what somebody made of them."""

import hashlib
import json
import os
import shutil
import subprocess
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks import journals
from mltools import journal
from mltools.core.release_record import Digests, ModelFile, ReleaseRecord, tag_message
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from tests.stored import make_record
from tests.support import Result, commit, git, make_repo, mltools

WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
DVC_YAML = """\
stages:
  train:
    cmd: sh train.sh
    deps: [train.sh]
    metrics: [{m.json: {cache: false}}]
"""
METRICS = '{"auc": 0.9}\n'
SCRIPT = "echo '{\"auc\": 0.9}' > m.json\n"


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


LOCK = f"""\
schema: '2.0'
stages:
  train:
    cmd: sh train.sh
    deps: [{{path: train.sh, hash: md5, md5: {md5(SCRIPT)}, size: {len(SCRIPT)}}}]
    outs: [{{path: m.json, hash: md5, md5: {md5(METRICS)}, size: {len(METRICS)}}}]
"""
POLICY = "schema: 1\ngates:\n  - {name: floor, kind: threshold, metric: auc, min: 0.5}\n"


BUILT: dict[str, Path] = {}


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two runs that `mltools run` recorded, and a release of the second that names the journal."""
    if not BUILT:  # made once, copied for each test
        place = tmp_path_factory.mktemp("built")
        make_repo(place / "remote.git", bare=True)
        repo = make_repo(place / "repo")
        (repo / ".dvc").mkdir()
        (repo / ".dvc/config").write_text("")
        first = {"dvc.yaml": DVC_YAML, "dvc.lock": LOCK, "train.sh": SCRIPT, "m.json": METRICS}
        ignored = {".gitignore": "/.mltools/\n", ".dvc/.gitignore": "/tmp\n/cache\n/config.local\n"}
        commit(repo, {**first, **ignored, "mltools.yaml": POLICY})
        assert mltools(repo, "run").code == 0
        commit(repo, {"notes.txt": "more"})
        assert mltools(repo, "run").code == 0
        release(repo, git(repo, "rev-parse", journal.REF))
        BUILT["place"] = place
    for name in ("repo", "remote.git"):
        shutil.copytree(BUILT["place"] / name, tmp_path / name)
    git(tmp_path / "repo", "remote", "add", "origin", str(tmp_path / "remote.git"))
    return tmp_path / "repo"


@pytest.fixture
def remote(project: Path) -> Path:
    """The bare repository that is the project's origin."""
    return project.parent / "remote.git"


def release(repo: Path, tip: str | None, version: str = "v0.1.0") -> None:
    """A version whose tag names a tip of the journal."""
    said = ReleaseRecord(
        "toy", version, None, "The first.", git(repo, "rev-parse", "HEAD"), "20260102T030405Z-cccccccc-abcdef",
        "2026-01-02T03:04:05Z", "passed", ModelFile("m.json", "d" * 32, "e" * 64, 1), "f" * 32,
        Digests("1" * 32, "2" * 32, "3" * 32, "4" * 32), "0.1.0", journal=tip,
    )  # fmt: skip
    git(repo, "tag", "-a", f"toy@{version}", "--cleanup=verbatim", "-m", tag_message(said))


def found(repo: Path) -> tuple[Result, list[tuple[str, str, str]]]:
    """What a verification answers, and its findings."""
    done = mltools(repo, "runs", "verify", "--json")
    assert done.json["schema"] == 1
    return done, [(one["kind"], one["place"], one["message"]) for one in done.json["findings"]]


def records(repo: Path) -> list[str]:
    """Where the records lie, the oldest first."""
    paths = git(repo, "ls-tree", "-r", "--name-only", journal.REF).split("\n")
    return sorted((path for path in paths if path.endswith("run.json")), key=lambda path: path.split("/")[3])


def rewrite(
    repo: Path, files: Mapping[str, str | None], *, parent: str | None = None, message: str = "x"
) -> str:
    """A commit that does to the journal's tree whatever is asked; the journal's new tip."""
    index = repo / ".git/tampering"
    env = {"GIT_INDEX_FILE": str(index)}
    git(repo, "read-tree", journal.REF, env=env)
    for path, text in files.items():
        if text is None:
            git(repo, "update-index", "--force-remove", path, env=env)
            continue
        made = subprocess.run(
            ["git", "hash-object", "-w", "--stdin"],
            cwd=repo,
            input=text,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        git(repo, "update-index", "--add", "--cacheinfo", f"100644,{made},{path}", env=env)
    tree = git(repo, "write-tree", env=env)
    parents = () if parent == "" else ("-p", parent or journal.REF)
    new = git(repo, "commit-tree", tree, *parents, "-m", message)
    git(repo, "update-ref", journal.REF, new)
    return new


def changed(repo: Path, path: str, **changes: Any) -> str:
    return json.dumps({**json.loads(git(repo, "show", f"{journal.REF}:{path}")), **changes})


def test_a_journal_of_real_runs_is_whole(project: Path) -> None:
    done, findings = found(project)
    assert (done.code, findings, done.json["unchecked"]) == (0, [], []), done.out
    done = mltools(project, "runs", "verify")
    assert done.code == 0
    assert done.out.endswith("is whole (2 commits, 2 runs, 0 events, 1 release)\n")
    assert done.err == ""


def test_a_record_that_a_later_commit_rewrote_is_found(project: Path) -> None:
    path = records(project)[0]
    new = rewrite(project, {path: changed(project, path, metrics={"auc": 0.99})})
    done, findings = found(project)
    assert done.code == 1
    assert ("chain", f"commit {new[:10]}", f"{path} was changed") in findings
    assert ("metrics", path.split("/")[3], "auc is 0.99 in the record, 0.9 in m.json beside it") in findings
    done = mltools(project, "runs", "verify")
    assert done.code == 1
    assert f"failed: chain: commit {new[:10]}: {path} was changed" in done.out
    assert "is not what it was" in done.out


def test_a_record_that_was_dropped_is_found(project: Path) -> None:
    path = records(project)[0]
    new = rewrite(project, {path: None})
    done, findings = found(project)
    assert done.code == 1
    assert ("chain", f"commit {new[:10]}", f"{path} was taken out") in findings
    assert ("record", path.removesuffix("run.json"), "holds no run.json") in findings


def test_a_chain_that_was_written_anew_is_found_by_the_release(project: Path) -> None:
    old, path = git(project, "rev-parse", journal.REF), records(project)[0]
    rewrite(project, {path: changed(project, path, summary="passed: really")}, parent="")
    findings = found(project)[1]
    assert findings == [
        ("release", "toy@v0.1.0", f"{path}, which the journal held at this release, was changed")
    ]
    git(project, "update-ref", journal.REF, old)
    rewrite(project, {}, parent="")
    assert found(project)[1] == [
        (
            "release",
            "toy@v0.1.0",
            f"the journal no longer leads back to {old[:10]}: its history was written anew",
        )
    ]


def test_a_ref_that_was_put_back_is_found_by_the_release(project: Path) -> None:
    path = records(project)[1]
    git(project, "update-ref", journal.REF, f"{journal.REF}~1")
    done, findings = found(project)
    assert done.code == 1
    assert ("release", "toy@v0.1.0", f"{path}, which the journal held at this release, is gone") in findings


def test_a_journal_that_was_forced_away_is_found_in_a_fresh_clone(
    project: Path, remote: Path, tmp_path: Path
) -> None:
    tip = git(project, "rev-parse", journal.REF)
    git(project, "push", "-q", "origin", "main", "toy@v0.1.0", f"{journal.REF}~1:{journal.REF}")
    git(tmp_path, "clone", "-q", str(remote), "fresh")
    fresh = tmp_path / "fresh"
    done, findings = found(fresh)
    assert done.code == 1  # a journal that is not here at all is missed, too, in a shallow clone as well
    git(tmp_path, "clone", "-q", "--depth=1", remote.as_uri(), "shallow")
    shown = mltools(tmp_path / "shallow", "runs", "verify")
    assert (shown.code, shown.out.splitlines()) == (
        1,
        [
            f"failed: {': '.join(findings[0])}",
            "no journal is here (0 commits, 0 runs, 0 events, 1 release)",
        ],
    )
    assert "`mltools runs sync`" in findings[0][2]
    assert mltools(fresh, "runs", "sync").code == 0
    done, findings = found(fresh)
    assert done.code == 1
    assert findings[0][:2] == ("release", "toy@v0.1.0")
    assert f"it names the journal {tip[:10]}, which does not lead to the one here" in findings[0][2]
    # Who still has it brings it back.
    assert mltools(project, "runs", "sync").code == 0
    assert mltools(fresh, "runs", "sync").code == 0
    assert found(fresh)[1] == []


def test_an_object_with_other_content_than_its_id_says_is_found(project: Path) -> None:
    oid = git(project, "rev-parse", f"{journal.REF}:{records(project)[0]}")
    place = project / ".git/objects" / oid[:2] / oid[2:]
    raw = zlib.decompress(place.read_bytes()).replace(b'"passed"', b'"failed"')
    place.chmod(0o644)
    place.write_bytes(zlib.compress(raw))
    assert ("object", oid, "missing, or its content is not what its id says") in found(project)[1]


def test_an_object_that_is_gone_is_found(project: Path) -> None:
    oid = git(project, "rev-parse", f"{journal.REF}:{records(project)[0]}")
    (project / ".git/objects" / oid[:2] / oid[2:]).unlink()
    kinds = [(kind, place) for kind, place, _ in found(project)[1]]
    assert ("object", oid) in kinds
    assert ("record", records(project)[0]) in kinds


def test_a_history_that_cannot_be_walked_is_found(project: Path) -> None:
    oid = git(project, "rev-parse", f"{journal.REF}~1")
    (project / ".git/objects" / oid[:2] / oid[2:]).unlink()
    done, findings = found(project)
    assert done.code == 1
    assert findings[0][0] == "chain"
    assert "Traceback" not in done.err


def test_a_replacement_does_not_hide_what_was_changed(project: Path) -> None:
    path = records(project)[0]
    bad = rewrite(project, {path: changed(project, path, summary="x")})
    git(project, "replace", bad, f"{bad}~1")
    assert ("chain", f"commit {bad[:10]}", f"{path} was changed") in found(project)[1]


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("run.json", "{", "record"),
        ("run.json", "[" * 100_000, "record"),
        ("run.json", '{"schema": 2}', "record"),
        ("dvc.lock", LOCK.replace(md5(METRICS), "0" * 32), "result"),
        ("dvc.lock", "<<<<<<< HEAD\n", "dvc.lock"),
        ("dvc.lock", None, "dvc.lock"),
        ("files/m.json", '{"auc": 0.95}', "metrics"),
        ("files/m.json", "no json", "result"),
    ],
)
def test_what_was_rewritten_with_the_whole_chain_still_does_not_fit(
    project: Path, name: str, text: str | None, kind: str
) -> None:
    git(project, "tag", "-d", "toy@v0.1.0")
    rewrite(project, {records(project)[0].replace("run.json", name): text}, parent="")
    done, findings = found(project)
    assert done.code == 1
    assert kind in {one[0] for one in findings}, findings
    assert "Traceback" not in done.err


def test_a_record_moved_to_another_commit_does_not_fit(project: Path) -> None:
    path = records(project)[0]
    tree = json.loads(git(project, "show", f"{journal.REF}:{path}"))
    other = git(project, "rev-parse", "HEAD")
    moved = {**tree, "commit": other, "id": tree["id"][:17] + other[:8] + tree["id"][25:]}
    top = f"records/{other[:2]}/{other}/{moved['id']}"
    rewrite(project, {f"{top}/run.json": json.dumps(moved), f"{top}/dvc.lock": LOCK})
    assert ("inputs", moved["id"]) in [(kind, place) for kind, place, _ in found(project)[1]]


def test_an_event_and_a_pointer_that_lead_nowhere_are_found(project: Path) -> None:
    rewrite(
        project,
        {"events/toy/2026-01/x.json": "{}", f"inputs/aa/{'a' * 32}/20260102T030405Z-cccccccc-abcdef": "x"},
    )
    kinds = {(kind, place) for kind, place, _ in found(project)[1]}
    assert ("record", "events/toy/2026-01/x.json") in kinds
    assert ("inputs", f"inputs/aa/{'a' * 32}/20260102T030405Z-cccccccc-abcdef") in kinds


def test_what_a_shallow_clone_does_not_hold_is_named_and_no_finding(
    project: Path, remote: Path, tmp_path: Path
) -> None:
    git(project, "push", "-q", "origin", "main", "toy@v0.1.0", journal.REF)
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{remote}", "shallow")
    shallow = tmp_path / "shallow"
    git(shallow, "fetch", "-q", "--depth=1", "origin", f"{journal.REF}:{journal.REF}")
    done, findings = found(shallow)
    assert (done.code, findings) == (0, []), done.out
    tip = git(shallow, "rev-parse", journal.REF)
    history, commits = done.json["unchecked"]
    assert history == f"what led to {tip[:10]}: this clone has no earlier commit"
    assert commits.startswith(
        "1 run against the 1 commit that they speak of and that this clone does not hold"
    )
    assert f"warning: not checked: {history}\n" in mltools(shallow, "runs", "verify").err
    assert len(mltools(shallow, "runs", "list", "--json").json["runs"]) == 2
    release(project, git(project, "rev-parse", f"{journal.REF}~1"), "v0.2.0")
    git(project, "push", "-q", "origin", "toy@v0.2.0")
    git(shallow, "fetch", "-q", "--depth=1", "origin", "tag", "toy@v0.2.0")
    done, findings = found(shallow)
    assert (done.code, findings) == (0, [])
    assert "the journal that toy@v0.2.0 names" in done.json["unchecked"][-1]


def test_a_journal_of_joins_and_of_records_without_commits_is_whole(project: Path, tmp_path: Path) -> None:
    other = shutil.copytree(project, tmp_path / "other")
    for number, path in enumerate((project, other)):
        journal.append(
            Writer(Repository.find(path), dict(os.environ)), make_record(f"{number}" * 40), {}, when=WHEN
        )
    assert mltools(other, "runs", "sync").code == 0
    assert mltools(project, "runs", "sync").code == 0
    done, findings = found(project)
    assert (done.code, findings) == (0, [])
    assert done.json["unchecked"][0].startswith("2 runs against the 2 commits that they speak of")


def test_nothing_recorded_is_told(repo: Path) -> None:
    done = mltools(repo, "runs", "verify")
    assert (done.code, done.out) == (0, "no journal here, and no release names one\n")
    assert found(repo)[0].json["tip"] is None


def test_a_release_from_before_tags_named_the_journal_is_not_checked(project: Path) -> None:
    release(project, None, "v0.2.0")
    done, findings = found(project)
    assert (done.code, findings) == (0, [])
    assert done.json["unchecked"] == ["1 release without the journal's tip in the tag, toy@v0.2.0 among them"]


def test_the_journals_that_are_measured_on_are_whole(tmp_path: Path) -> None:
    repo = journals.tree(tmp_path / "many", 60, dict(os.environ))
    done, findings = found(repo)
    assert (done.code, findings) == (0, [])
    assert (done.json["commits"], done.json["runs"]) == (60, 60)
    assert len(mltools(repo, "runs", "list", "--json").json["runs"]) == 60
