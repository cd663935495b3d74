"""A request log that is kept in a bucket: what the window needs is fetched, nothing else, and nothing stays behind."""

import json
import shutil
import tempfile
from pathlib import Path

import pytest

from mltools.edges import storedlog
from tests import monitored
from tests.buckets import SECRET, Bucket
from tests.monitored import END_OF_DAY, POLICY, Row, labels, requests
from tests.releases import command
from tests.support import Result

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return monitored.released(tmp_path_factory.mktemp("source") / "project")


@pytest.fixture
def project(source: Path, tmp_path: Path, bucket: Bucket) -> Path:
    """A project whose DVC remote is the bucket, and whose policy says that the log is there, too."""
    place = tmp_path / "project"
    shutil.copytree(source, place, symlinks=True)
    (place / ".dvc").mkdir(exist_ok=True)
    remote = f"['remote \"store\"']\n    url = s3://{bucket.name}\n    endpointurl = {bucket.endpoint}\n"
    (place / ".dvc/config").write_text(remote)
    said = POLICY.replace("monitor:\n", f"monitor:\n  log: s3://{bucket.name}/log\n")
    (place / "mltools.yaml").write_text(said)
    return place


@pytest.fixture(autouse=True)
def own_scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place for temporary files that no other process uses, so that what stays behind is ours."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def lines(rows: list[Row]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def check(project: Path, *args: str) -> Result:
    """The check of a window that ends now, so that what was just put there is recent."""
    return command(project, "monitor", "check", "toy@v0.1.0", "--no-record", "--json", *args)


def left() -> set[str]:
    return {path.name for path in Path(tempfile.gettempdir()).glob("mltools-monitor-*")}


def test_a_log_of_several_pods_is_read_from_where_the_policy_says(project: Path, bucket: Bucket) -> None:
    first, second = requests(150), requests(150, seed=3)
    bucket.put(
        **{
            "log/pod-a/requests-1.jsonl": lines(first),
            "log/pod-b/requests-1.jsonl": lines(second),
            "log/labels-1.jsonl": lines(labels(first)),
            "log/other.txt": b"no log",
            "requests-elsewhere.jsonl": lines(requests(50, seed=4)),
        }
    )
    before = left()
    found = check(project, "--until", END_OF_DAY)
    assert found.code == 0, found.out + found.err
    assert found.json["traffic"]["rows"] == 300
    assert found.json["labelled"] == 150
    assert left() == before
    typed = check(project, "--log", "remote://store/log", "--until", END_OF_DAY)
    assert typed.json["traffic"] == found.json["traffic"]


def test_only_what_a_window_may_need_is_fetched(project: Path, bucket: Bucket, tmp_path: Path) -> None:
    bucket.put(**{"log/requests-1.jsonl": lines(requests(10)), "log/requests-2.jsonl": lines(requests(10))})
    url = f"s3://{bucket.name}/log"
    recent = storedlog.fetched(url, monitored.START, tmp_path / "recent", project / ".dvc")
    assert sorted(path.name for path in recent.iterdir()) == ["requests-1.jsonl", "requests-2.jsonl"]
    future = monitored.START.replace(year=2999)
    silent = storedlog.fetched(url, future, tmp_path / "silent", project / ".dvc")
    assert [path.name for path in silent.iterdir()] == ["requests-2.jsonl"], "so that there is a log"


@pytest.mark.parametrize(
    ("log", "code", "said"),
    [
        ("s3://{bucket}/nothing", 3, "nothing is there"),
        ("s3://user:word@{bucket}/log", 2, "holds credentials"),
        ("ftp://somewhere/log", 2, "ftp://"),
        ("remote://nowhere/log", 2, "nowhere"),
        ("no-directory", 3, "no such directory"),
    ],
)
def test_what_is_not_there_is_told(project: Path, bucket: Bucket, log: str, code: int, said: str) -> None:
    bucket.put(**{"log/requests-1.jsonl": b""})
    found = check(project, "--log", log.format(bucket=bucket.name))
    assert (found.code, found.out) == (code, ""), found.err
    assert said in found.err
    assert SECRET not in found.err
    assert "Traceback" not in found.err


def test_without_any_word_of_the_log_it_asks_for_one(source: Path) -> None:
    found = check(source)
    assert found.code == 2
    assert "monitor.log" in found.err
