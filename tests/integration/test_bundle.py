"""Bundles: what a run hands over, and that nothing odd in one is ever believed."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mltools import bundle, datastore, journal
from mltools.core.records import Record
from mltools.edges import documents
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from mltools.errors import DataError, RepositoryError, StoreError
from mltools.project import open_project
from tests.stored import make_record
from tests.support import Result, commit, git, make_repo, mltools

WHEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
MODEL, RAW, METRICS = b"model\x00bytes", b"id,x\n1,2\n", b'{"test": {"auc": 0.9}}'


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


LOCK = f"""\
schema: '2.0'
stages:
  train:
    cmd: ./train
    outs:
    - {{path: model.bin, hash: md5, md5: {md5(MODEL)}, size: {len(MODEL)}}}
    - {{path: metrics/test.json, hash: md5, md5: {md5(METRICS)}, size: {len(METRICS)}}}
"""
FILES = {
    ".dvc/config": "",
    ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n",
    ".gitignore": "/model.bin\n/data/raw.csv\n/run\n",
    "mltools.yaml": "schema: 1\n",
    "dvc.yaml": "stages:\n  train:\n    cmd: ./train\n    outs: [model.bin]\n"
    "    metrics:\n      - metrics/test.json: {cache: false}\n",
    "dvc.lock": LOCK,
    "data/raw.csv.dvc": f"outs:\n- {{path: raw.csv, hash: md5, md5: {md5(RAW)}, size: {len(RAW)}}}\n",
    "metrics/test.json": METRICS.decode(),
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project that has been run: data and model in the cache and in the workspace, all committed."""
    repo = make_repo(tmp_path / "project", FILES)
    for name, content in {"model.bin": MODEL, "data/raw.csv": RAW}.items():
        (repo / name).write_bytes(content)
        cached = repo / ".dvc/cache/files/md5" / md5(content)[:2] / md5(content)[2:]
        cached.parent.mkdir(parents=True)
        cached.write_bytes(content)
        cached.chmod(0o444)
    return repo


@pytest.fixture
def origin(place: Path, tmp_path: Path) -> Path:
    """The project's origin, everything pushed."""
    remote = make_repo(tmp_path / "remote.git", bare=True)
    git(place, "remote", "add", "origin", str(remote))
    git(place, "push", "-q", "-u", "origin", "main")
    return remote


def record_of(place: Path, **changes: Any) -> Record:
    return make_record(git(place, "rev-parse", "HEAD"), trigger="push", **changes)


def write(place: Path, directory: Path, record: Record | None = None) -> Path:
    bundle.write(open_project(place), record or record_of(place), bundle.Shown("# report ü\n"), directory)
    return directory


def files_of(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def object_name(content: bytes) -> str:
    return f"objects/{md5(content)[:2]}/{md5(content)[2:]}"


# ---- written and read


def test_a_bundle_holds_what_a_release_is_made_of(place: Path, tmp_path: Path) -> None:
    found = bundle.read(write(place, tmp_path / "run"))
    assert files_of(tmp_path / "run") == {
        "run.json",
        "report.md",
        "dvc.lock",
        "files/metrics/test.json",
        object_name(MODEL),
        object_name(RAW),
    }
    assert found.record == record_of(place)
    assert found.report == "# report ü\n"
    assert found.lock == LOCK.encode()
    assert {name: path.read_bytes() for name, path in found.files.items()} == {"metrics/test.json": METRICS}
    assert {name: path.read_bytes() for name, path in found.hashes.items()} == {
        md5(MODEL): MODEL,
        md5(RAW): RAW,
    }


def test_data_that_the_store_holds_is_left_out_but_outputs_never(place: Path, tmp_path: Path) -> None:
    datastore.push(open_project(place), Writer(Repository.find(place), dict(os.environ)), None, when=WHEN)
    write(place, tmp_path / "run")
    assert object_name(RAW) not in files_of(tmp_path / "run")
    assert object_name(MODEL) in files_of(tmp_path / "run")


def test_outputs_that_only_the_store_holds_are_handed_over_too(place: Path, tmp_path: Path) -> None:
    datastore.push(open_project(place), Writer(Repository.find(place), dict(os.environ)), None, when=WHEN)
    shutil.rmtree(place / ".dvc" / "cache")
    (place / "model.bin").unlink()
    assert md5(MODEL) in bundle.read(write(place, tmp_path / "run")).hashes


def test_another_runs_metrics_are_left_out(place: Path, tmp_path: Path) -> None:
    (place / "metrics" / "test.json").write_text("{}")
    assert bundle.read(write(place, tmp_path / "run")).files == {}


def test_results_that_no_reader_would_take_are_left_out(place: Path, tmp_path: Path) -> None:
    odd = ["metrics/line\nbreak.json", ".hidden/m.json", "../outside.json", "link.json"]
    (place / ".hidden").mkdir()
    for name in odd[:3]:
        (place / name).write_text("{}")
    (place / "link.json").symlink_to("../outside.json")
    (place / "dvc.yaml").write_text(FILES["dvc.yaml"] + "metrics: " + json.dumps(odd) + "\n")
    assert set(bundle.read(write(place, tmp_path / "run")).files) == {"metrics/test.json"}


def test_a_run_without_a_lock_can_be_handed_over(place: Path, tmp_path: Path) -> None:
    (place / "dvc.lock").unlink()
    found = bundle.read(write(place, tmp_path / "run"))
    assert (found.lock, found.files) == (b"", {"metrics/test.json": tmp_path / "run/files/metrics/test.json"})


def test_writing_replaces_an_older_bundle_and_nothing_else(place: Path, tmp_path: Path) -> None:
    write(place, tmp_path / "run")
    (tmp_path / "run" / "files" / "old.json").write_text("{}")
    write(place, tmp_path / "run")
    assert "files/old.json" not in files_of(tmp_path / "run")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    with pytest.raises(DataError, match="is not empty"):
        write(place, tmp_path / "mine")
    assert files_of(tmp_path / "mine") == {"thesis.tex"}


# ---- not believed


def plant(name: str, content: bytes | str = b"x") -> Callable[[Path], None]:
    def act(run: Path) -> None:
        path = run / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    return act


def link(name: str, target: str) -> Callable[[Path], None]:
    def act(run: Path) -> None:
        path = run / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    return act


def fifo(run: Path) -> None:
    os.mkfifo(run / "files" / "pipe")


def no_record(run: Path) -> None:
    (run / "run.json").unlink()


def deep(run: Path) -> None:
    plant("files/" + "d/" * 30 + "x")(run)


def changed(**changes: object) -> Callable[[Path], None]:
    def act(run: Path) -> None:
        tree = documents.read_json((run / "run.json").read_bytes(), "run.json")
        (run / "run.json").write_text(documents.write_json({**tree, **changes}))

    return act


def linked_files(run: Path) -> None:
    (run / "files").rename(run.parent / "elsewhere")
    (run / "files").symlink_to(run.parent / "elsewhere")


HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "no record": (no_record, "holds no run.json"),
    "another file": (plant("sitecustomize.py"), "no part of a run"),
    "a Git directory": (plant(".git/config"), "no part of a run"),
    "a hidden file": (plant("files/.github/workflows/x.yml"), "no result of a run"),
    "a file for DVC": (plant("files/sub/.dvc/config"), "no result of a run"),
    "a control character": (plant("files/a\nb"), "no result of a run"),
    "a backslash": (plant("files/..\\x"), "no result of a run"),
    "a link to a file": (link("files/passwd", "/etc/passwd"), "is a link"),
    "a link as record": (link("run.json", "/etc/passwd"), "is a link"),
    "a link as directory": (linked_files, "is a link"),
    "a link to itself": (link("files/self", "self"), "is a link"),
    "a pipe": (fifo, "special file"),
    "deep directories": (deep, "nested too deeply"),
    "a forged object": (plant(object_name(MODEL), b"forged"), "is damaged"),
    "an object with another name": (plant("objects/ab/cd"), "no data object"),
    "an object in no directory": (plant("objects/" + "a" * 32), "no data object"),
    "a huge report": (plant("report.md", b"x" * (bundle.MAX_REPORT + 1)), "bytes; a run's may have"),
    "a huge file": (plant("files/big.json", b"x" * (bundle.MAX_FILE + 1)), "bytes; a run's may have"),
    "a report that is no text": (plant("report.md", b"\xff\xfe"), "not UTF-8"),
    "a record that is no JSON": (plant("run.json", "{"), "not valid JSON"),
    "a record that is a list": (plant("run.json", "[]"), "not a run record"),
    "nested brackets": (plant("run.json", "[" * 100_000), "nested too deeply"),
    "NaN": (plant("run.json", '{"seconds": NaN}'), "NaN"),
    "another schema": (changed(schema=2), "not a run record: schema"),
    "an unknown field": (changed(extra=1), "not a run record: extra"),
    "a huge string": (changed(branch="x" * 1_000_000), "not a run record: branch"),
    "a commit that is none": (changed(commit="HEAD"), "not a run record: commit"),
    "a path as id": (changed(id="../../x"), "not a run record: id"),
    "a broken lock": (plant("dvc.lock", "stages: ["), "not valid YAML"),
    "an alias bomb": (plant("dvc.lock", "a: &a [x]\nb: [" + "*a, " * 500 + "]"), "aliases"),
}


@pytest.mark.parametrize(("act", "said"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_bundle_with_something_odd_is_refused(
    place: Path, tmp_path: Path, act: Callable[[Path], None], said: str
) -> None:
    run = write(place, tmp_path / "run")
    act(run)
    with pytest.raises(DataError, match=said):
        bundle.read(run)


def test_counts_and_sizes_are_bounded(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = write(place, tmp_path / "run")
    for name, limit, said in (
        ("MAX_FILES", 0, "more than 0 files"),
        ("MAX_OBJECTS", 1, "more than 1 objects"),
        ("MAX_OBJECTS", -499, "too many files"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(bundle, name, limit)
            with pytest.raises(DataError, match=said):
                bundle.read(run)
    monkeypatch.setattr(datastore, "BUDGET", len(MODEL) + len(RAW) - 1)
    with pytest.raises(DataError, match="the objects have more than"):
        bundle.read(run)


def test_a_directory_that_is_not_there_or_a_link_is_refused(place: Path, tmp_path: Path) -> None:
    write(place, tmp_path / "run")
    (tmp_path / "link").symlink_to(tmp_path / "run")
    for path in (tmp_path / "gone", tmp_path / "link"):
        with pytest.raises(DataError, match=path.name):
            bundle.read(path)


# ---- kept


def add(place: Path, run: Path) -> Result:
    return mltools(place, "runs", "add", str(run))


def test_adding_a_run_keeps_record_and_objects_here_and_at_origin(
    place: Path, origin: Path, tmp_path: Path
) -> None:
    record = record_of(place)
    run = write(place, tmp_path / "run", record)
    git(tmp_path, "clone", "-q", str(origin), "publisher")
    publisher = tmp_path / "publisher"
    done = add(publisher, run)
    assert done.code == 0, done.err
    assert (
        done.out
        == f"run {record.id} is in the journal, 2 objects in refs/mltools/objects; pushed to origin\n"
    )
    for path in (publisher, origin):
        repository = Repository.find(path)
        assert journal.find(repository, record.commit) == record
        assert journal.attachment(repository, record, "dvc.lock") == LOCK.encode()
        assert journal.attachment(repository, record, "report.md") == "# report ü\n".encode()
        assert repository.read(datastore.REF, f"md5/{md5(MODEL)[:2]}/{md5(MODEL)[2:]}") == MODEL


def test_adding_a_run_twice_adds_nothing_wherever_it_is_done(
    place: Path, origin: Path, tmp_path: Path
) -> None:
    run = write(place, tmp_path / "run")
    assert add(place, run).code == 0
    before = git(origin, "for-each-ref")
    git(tmp_path, "clone", "-q", str(origin), "other")
    for path in (place, tmp_path / "other"):
        done = add(path, run)
        assert done.code == 0, done.err
        assert "is in the journal already" in done.out
        assert git(origin, "for-each-ref") == before


def test_a_run_is_kept_beside_those_of_others(place: Path, origin: Path, tmp_path: Path) -> None:
    first = write(place, tmp_path / "first", record_of(place))
    second = write(place, tmp_path / "second", record_of(place, second=9, suffix="000000"))
    git(tmp_path, "clone", "-q", str(origin), "other")
    assert add(place, first).code == 0
    assert add(tmp_path / "other", second).code == 0
    assert len(list(journal.records(Repository.find(origin)))) == 2
    assert git(origin, "log", "--format=%s", journal.REF).count("Join") == 0


def test_without_origin_the_run_is_kept_here(place: Path, tmp_path: Path) -> None:
    done = add(place, write(place, tmp_path / "run"))
    assert done.code == 0
    assert "kept here only" in done.err
    assert journal.find(Repository.find(place), git(place, "rev-parse", "HEAD")) is not None


def test_an_odd_bundle_is_not_kept(place: Path, origin: Path, tmp_path: Path) -> None:
    run = write(place, tmp_path / "run")
    plant(object_name(MODEL), b"forged")(run)
    done = add(place, run)
    assert done.code == 3
    assert "is damaged" in done.err
    assert "Traceback" not in done.err
    assert "refs/mltools" not in git(place, "for-each-ref") + git(origin, "for-each-ref")


def test_a_record_is_kept_although_its_model_does_not_fit(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = bundle.read(write(place, tmp_path / "run"))
    writer = Writer(Repository.find(place), dict(os.environ))
    monkeypatch.setattr("mltools.datastore.ref.FILE_LIMIT", 3)
    with pytest.raises(StoreError, match="takes files up to"):
        bundle.keep(found, writer, place, None, when=WHEN)
    assert list(journal.records(writer.repository)) == [found.record]
    assert datastore.REF not in git(place, "for-each-ref")


def test_no_more_is_handed_over_than_is_taken_and_models_first(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "dvc.yaml").write_text(FILES["dvc.yaml"] + "artifacts:\n  m: {path: model.bin}\n")
    monkeypatch.setattr(datastore, "BUDGET", len(MODEL) + 1)
    assert set(bundle.read(write(place, tmp_path / "run")).hashes) == {md5(MODEL)}


def test_a_remote_that_refuses_the_journal_is_told(place: Path, origin: Path, tmp_path: Path) -> None:
    hook = origin / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\ncase $1 in *journal) echo "GH013: not this ref" >&2; exit 1;; esac\n')
    hook.chmod(0o755)
    done = add(place, write(place, tmp_path / "run"))
    assert done.code == 3
    assert "GH013: not this ref" in done.err
    assert "hint: " in done.err


@pytest.mark.slow
def test_with_a_dvc_remote_the_objects_go_there(place: Path, origin: Path, tmp_path: Path) -> None:
    store = tmp_path / "dvc-store"
    config = f"[core]\n    remote = store\n['remote \"store\"']\n    url = {store}\n"
    commit(place, {".dvc/config": config})
    git(place, "push", "-q", "origin", "main")
    run = write(place, tmp_path / "run")
    assert set(bundle.read(run).hashes) == {md5(MODEL)}
    git(tmp_path, "clone", "-q", str(origin), "publisher")
    commit(tmp_path / "publisher", {"dvc.lock": LOCK.replace(md5(MODEL), "1" * 32)}, "a stale lock")
    done = add(tmp_path / "publisher", run)
    assert done.code == 0, done.err
    assert (store / "files/md5" / md5(MODEL)[:2] / md5(MODEL)[2:]).read_bytes() == MODEL
    assert datastore.REF not in git(origin, "for-each-ref")
    assert journal.REF in git(origin, "for-each-ref")
    assert git(tmp_path / "publisher", "status", "--porcelain") == ""


def test_publishing_needs_no_project(place: Path, origin: Path, tmp_path: Path) -> None:
    run = write(place, tmp_path / "run")
    assert add(origin, run).code == 0
    with pytest.raises(RepositoryError):
        Repository.find(tmp_path)
    assert add(tmp_path, run).code == 3
