"""Data sets in stores: fetched through DVC's file systems from a local S3 server, from HTTP, from a DVC remote."""

import gzip
import hashlib
import http.server
import socket
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mltools.edges import dvcfs, remote
from mltools.errors import ConfigError, DataError, MltoolsError
from tests.buckets import SECRET, Bucket
from tests.support import make_repo, mltools

CONTRACT = "schema: 1\ncolumns:\n  a: {type: integer}\n  b: {type: string}\n"
GOOD = b"a,b\n1,x\n2,y\n"


def project(place: Path, path: str, remotes: Mapping[str, Mapping[str, str]] | None = None) -> Path:
    """A project with one data set, its DVC remotes as `dvc remote modify --local` writes them."""
    settings = "".join(
        f"['remote \"{name}\"']\n" + "".join(f"    {key} = {value}\n" for key, value in remote.items())
        for name, remote in (remotes or {}).items()
    )
    return make_repo(
        place,
        {
            "mltools.yaml": f"schema: 1\ndata:\n  - {{path: '{path}', schema: schemas/raw.yaml}}\n",
            "dvc.yaml": "stages: {}\n",
            "schemas/raw.yaml": CONTRACT,
            ".dvc/config": "",
            ".dvc/config.local": settings,
        },
    )


@pytest.fixture
def store(bucket: Bucket) -> Mapping[str, Mapping[str, str]]:
    return {"store": {"url": f"s3://{bucket.name}", "endpointurl": bucket.endpoint}}


def copies(root: Path) -> list[str]:
    """The files that were fetched."""
    cache = root / ".mltools/cache/remote"
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


@pytest.mark.slow
def test_data_in_a_bucket_are_checked_by_any_address(
    tmp_path: Path, bucket: Bucket, store: Mapping[str, Mapping[str, str]]
) -> None:
    bucket.put(**{"data/raw.csv": GOOD})
    for index, url in enumerate(("remote://store/data/raw.csv", f"s3://{bucket.name}/data/raw.csv")):
        root = project(tmp_path / str(index), url, store)
        done = mltools(root, "data", "validate")
        assert (done.code, done.err) == (0, "")
        assert done.out.splitlines()[1].split() == [url, "2", "12", "B", "schemas/raw.yaml", "passed"]
        assert copies(root) == ["raw.csv"]


@pytest.mark.slow
def test_a_data_set_is_named_by_its_address(
    tmp_path: Path, bucket: Bucket, store: Mapping[str, Mapping[str, str]]
) -> None:
    bucket.put(**{"raw.csv": GOOD})
    root = project(tmp_path / "p", "remote://store/raw.csv", store)
    assert mltools(root, "data", "validate", "remote://store/raw.csv").code == 0
    done = mltools(root, "data", "validate", "remote://store/row.csv")
    assert done.code == 2
    assert (
        "remote://store/row.csv is no data set of mltools.yaml; did you mean remote://store/raw.csv?"
        in done.err
    )


def test_the_environment_alone_may_lead_to_the_store(
    tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put(**{"raw.csv": b"a,b\nx,1\n"})
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
    root = project(tmp_path / "p", f"s3://{bucket.name}/raw.csv")
    done = mltools(root, "data", "validate")
    assert done.code == 1
    assert "schemas/raw.yaml:3: error: 1 of 1 row: a is not an integer" in done.out
    assert "row 1: x" in done.out


@pytest.mark.slow
def test_what_did_not_change_is_not_fetched_again_and_old_copies_go(
    tmp_path: Path, bucket: Bucket, store: Mapping[str, Mapping[str, str]]
) -> None:
    bucket.put(**{"raw.csv": GOOD})
    root = project(tmp_path / "p", "remote://store/raw.csv", store)
    assert mltools(root, "data", "validate").code == 0
    (copy,) = (root / ".mltools/cache/remote").rglob("raw.csv")
    inode = copy.stat().st_ino
    assert mltools(root, "data", "validate").code == 0
    assert copy.stat().st_ino == inode
    bucket.put(**{"raw.csv": GOOD + b"3,z\n"})
    done = mltools(root, "data", "validate", "--json")
    assert done.json["data"][0]["rows"] == 3
    assert copies(root) == ["raw.csv"]
    assert not copy.exists()


def test_a_prefix_is_one_data_set(
    tmp_path: Path, bucket: Bucket, store: Mapping[str, Mapping[str, str]]
) -> None:
    bucket.put(
        **{
            "days/": b"",
            "days/_SUCCESS": b"",
            "days/2026/b.csv.gz": gzip.compress(GOOD),
            "days/2026/a.csv.gz": gzip.compress(b"a,b\nmany,x\n"),
            "days-more/c.csv.gz": gzip.compress(GOOD),
        }
    )
    root = project(tmp_path / "p", "remote://store/days", store)
    done = mltools(root, "data", "validate")
    assert done.code == 1
    assert "1 of 3 rows: a is not an integer" in done.out
    assert "    2026/a.csv.gz row 1: many" in done.out
    assert copies(root) == ["a.csv.gz", "b.csv.gz"]


@pytest.mark.slow
def test_a_run_remembers_what_it_checked_in_a_store(
    tmp_path: Path, bucket: Bucket, store: Mapping[str, Mapping[str, str]]
) -> None:
    bucket.put(**{"raw.csv": GOOD})
    root = project(tmp_path / "p", "remote://store/raw.csv", store)
    done = mltools(root, "run", "--no-record", "--json")
    assert done.code == 0, done.err
    (data,) = done.json["data"]
    assert (data["path"], data["rows"]) == ("remote://store/raw.csv", 2)
    assert data["md5"] == hashlib.md5(GOOD).hexdigest()
    (copy,) = (root / ".mltools/cache/remote").rglob("raw.csv")
    copy.unlink()
    copy.parent.rmdir()
    again = mltools(root, "run", "--no-record", "--json")
    assert again.json["data"] == done.json["data"]
    assert copies(root) == []


FAULTS = {
    "no-bucket": ("s3://no-such-bucket/raw.csv", 3, "there is no such bucket"),
    "no-key": ("remote://store/gone.csv", 3, "nothing is there"),
    "no-prefix": ("remote://store/gone/", 3, "nothing is there"),
    "no-remote": ("remote://other/raw.csv", 2, "remote 'other' doesn't exist"),
    "no-format": ("remote://store/raw.xlsx", 3, "the name does not tell the format"),
    "no-table": ("remote://store/bad.csv", 3, "2: 1 field where the header has 2"),
    "no-plugin": ("gs://bucket/raw.csv", 3, "needs the package dvc-gs"),
    "mixed": ("remote://store/mixed", 3, "mixed/b.tsv: is not of the format of remote://store/mixed/a.csv"),
}


@pytest.fixture
def faulty(tmp_path: Path, bucket: Bucket, store: Mapping[str, Mapping[str, str]]) -> Path:
    bucket.put(
        **{
            "raw.xlsx": b"PK",
            "bad.csv": b"a,b\n1\n",
            "mixed/a.csv": GOOD,
            "mixed/b.tsv": GOOD,
        }
    )
    settings = {**store, "missing": {**store["store"], "url": "s3://no-such-bucket"}}
    return project(tmp_path / "p", "remote://store/raw.csv", settings)


@pytest.mark.parametrize(("url", "code", "reason"), FAULTS.values(), ids=FAULTS)
def test_what_cannot_be_fetched_or_read_is_told_in_one_line(
    faulty: Path, url: str, code: int, reason: str
) -> None:
    policy = faulty / "mltools.yaml"
    policy.write_text(policy.read_text().replace("remote://store/raw.csv", url))
    done = mltools(faulty, "data", "validate")
    assert done.code == code, done.err
    (line,) = [line for line in (done.out + done.err).splitlines() if line.startswith("error: ")]
    assert line.startswith(f"error: {url}")
    assert reason in line
    assert SECRET not in done.out + done.err
    assert "Traceback" not in done.err
    assert not list((faulty / ".mltools").rglob("*.tmp"))


def said(url: str, root: Path) -> MltoolsError:
    with pytest.raises(MltoolsError) as caught:
        remote.look(url, root / ".dvc")
    assert SECRET not in f"{caught.value.message} {caught.value.hint}"
    assert "\n" not in caught.value.message
    return caught.value


@pytest.mark.filterwarnings("ignore")
def test_a_store_that_refuses_is_said_to(
    tmp_path: Path, bucket: Bucket, store: Mapping[str, Mapping[str, str]]
) -> None:
    bucket.put(**{"raw.csv": GOOD})
    root = project(tmp_path / "p", "remote://store/raw.csv", store)
    import requests

    requests.post(f"{bucket.endpoint}/moto-api/reset-auth", data="0", timeout=10).raise_for_status()
    try:
        error = said("remote://store/raw.csv", root)
    finally:
        requests.post(f"{bucket.endpoint}/moto-api/reset-auth", data="inf", timeout=10).raise_for_status()
    assert error.message == "remote://store/raw.csv: the store refuses access"
    assert error.exit_code == 3


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where connections are taken and nothing is said."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("s3_credentials")
@pytest.mark.parametrize("scheme", ["s3", "http"])
def test_a_store_that_says_nothing_is_waited_for_a_bounded_time(
    tmp_path: Path, nobody: str, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dvcfs, "PATIENCE", 0.5)
    root = project(tmp_path / "p", "s3://b/raw.csv", {"store": {"url": "s3://b", "endpointurl": nobody}})
    url = "s3://b/raw.csv" if scheme == "s3" else f"{nobody}/raw.csv"
    assert said(url, root).message == f"{url}: the store cannot be reached: no answer within 0.5 s"


@pytest.mark.slow  # the store's library tries again for some seconds
@pytest.mark.filterwarnings("ignore")
def test_a_store_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
    root = project(
        tmp_path / "p",
        "s3://b/raw.csv",
        {
            "store": {
                "url": "s3://b",
                "endpointurl": endpoint,
                "access_key_id": "somebody",
                "secret_access_key": SECRET,
            }
        },
    )
    for url in ("s3://b/raw.csv", f"{endpoint}/raw.csv"):
        error = said(url, root)
        assert error.message.startswith(f"{url}: the store cannot be reached: ")
        assert error.exit_code == 3


@pytest.mark.filterwarnings("ignore")
def test_a_store_without_credentials_is_said_to_want_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    root = project(
        tmp_path / "p", "s3://b/raw.csv", {"s": {"url": "s3://b", "endpointurl": "http://127.0.0.1:9"}}
    )
    assert said("s3://b/raw.csv", root).message == "s3://b/raw.csv: no credentials were found for it"


def test_a_wrong_configuration_of_dvc_is_told(tmp_path: Path) -> None:
    root = project(tmp_path / "p", "remote://store/raw.csv", {"store": {"url": "s3://b"}})
    (root / ".dvc/config").write_text("['remote \"store\"']\n    url = s3://b\n    nonsense = 1\n")
    assert isinstance(said("remote://store/raw.csv", root), ConfigError)


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Files with what tells their version, and some that are refused or cut off."""

    tells = True

    def end_headers(self) -> None:
        if self.tells and (place := Path(self.translate_path(self.path))).is_file():
            self.send_header("ETag", f'"{place.stat().st_mtime_ns}"')
        super().end_headers()

    def do_GET(self) -> None:
        if "forbidden" in self.path:
            self.send_error(403)
        else:
            super().do_GET()

    do_HEAD = do_GET  # noqa: N815 - the name that the server calls

    def log_message(self, *args: Any) -> None: ...


class _Silent(_Handler):
    tells = False


@pytest.fixture
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Path, str]]:
    """A directory, and the address at which it is served."""
    place = tmp_path / "site"
    place.mkdir()
    handler = getattr(request, "param", _Handler)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(place))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield place, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("site", [_Handler, _Silent], indirect=True)
def test_data_on_a_web_site_are_checked(tmp_path: Path, site: tuple[Path, str]) -> None:
    place, address = site
    (place / "raw.csv").write_bytes(GOOD)
    root = project(tmp_path / "p", f"{address}/raw.csv?raw=true")
    for rows in (2, 3):
        done = mltools(root, "data", "validate", "--json")
        assert (done.code, done.json["data"][0]["rows"]) == (0, rows), done.err
        (place / "raw.csv").write_bytes(GOOD + b"3,z\n")
    assert copies(root) == ["raw.csv"]


@pytest.mark.filterwarnings("ignore")
def test_what_a_web_site_refuses_is_told(tmp_path: Path, site: tuple[Path, str]) -> None:
    _, address = site
    root = project(tmp_path / "p", f"{address}/raw.csv")
    assert said(f"{address}/forbidden.csv", root).message.endswith(": the store refuses access")
    assert said(f"{address}/gone.csv", root).message.endswith(": nothing is there")


def test_a_directory_as_remote_is_a_store_too(tmp_path: Path) -> None:
    (tmp_path / "lake/days").mkdir(parents=True)
    for name in ("a", "b"):
        (tmp_path / f"lake/days/{name}.csv").write_bytes(GOOD)
    root = project(tmp_path / "p", "remote://lake/days", {"lake": {"url": str(tmp_path / "lake")}})
    done = mltools(root, "data", "validate", "--json")
    assert (done.code, done.json["data"][0]["rows"]) == (0, 4), done.err


@pytest.mark.filterwarnings("ignore")
def test_what_changes_while_it_is_fetched_is_not_kept(
    tmp_path: Path, bucket: Bucket, store: Mapping[str, Mapping[str, str]]
) -> None:
    bucket.put(**{"raw.csv": GOOD})
    root = project(tmp_path / "p", "remote://store/raw.csv", store)
    found = remote.look("remote://store/raw.csv", root / ".dvc")
    bucket.put(**{"raw.csv": b"a,b\n9,z\n9,z\n"})
    with pytest.raises(DataError, match="changed while it was fetched"):
        remote.fetched(found, root / "cache")
    assert [path for path in (root / "cache").rglob("*") if path.is_file()] == []


@pytest.mark.filterwarnings("ignore")
def test_progress_of_a_fetch_ends_with_all_of_it(
    tmp_path: Path, bucket: Bucket, store: Mapping[str, Mapping[str, str]]
) -> None:
    bucket.put(**{f"days/{day}.csv": b"a,b\n" + b"1,x\n" * 1000 * day for day in range(1, 5)})
    root = project(tmp_path / "p", "remote://store/days", store)
    told: list[float] = []
    place = remote.fetched(remote.look("remote://store/days", root / ".dvc"), root / "cache", told.append)
    assert sorted(path.name for path in place.iterdir()) == ["1.csv", "2.csv", "3.csv", "4.csv"]
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.full
def test_an_id_in_train_and_test_is_found_in_a_bucket_too(
    tmp_path: Path, bucket: Bucket, store: Mapping[str, Mapping[str, str]]
) -> None:
    bucket.put(
        **{"train/part-0.csv": b"a,b\n1,x\n", "train/part-1.csv": b"a,b\n2,y\n", "test.csv": b"a,b\n3,z\n"}
    )
    train, test = f"s3://{bucket.name}/train", "remote://store/test.csv"
    root = project(tmp_path / "p", train, store)
    gates = f"gates:\n  - {{name: leak, kind: data, path: '{train}', no_overlap: {{train: '{train}', test: '{test}', id: a}}}}\n"
    policy = (root / "mltools.yaml").read_text()
    (root / "mltools.yaml").write_text(policy + gates)
    done = mltools(root, "gate", "check")
    assert (done.code, f"{test} is no data set: an address must be listed under `data`" in done.err) == (
        2,
        True,
    )
    (root / "mltools.yaml").write_text(policy + f"  - {{path: '{test}', schema: schemas/raw.yaml}}\n" + gates)
    done = mltools(root, "gate", "check", "--json")
    assert done.code == 0, done.err
    gate = done.json["gates"][0]
    assert (gate["outcome"], "no id stands in both" in gate["reason"]) == ("passed", True), gate
    bucket.put(**{"test.csv": b"a,b\n3,z\n2,y\n"})
    done = mltools(root, "gate", "check", "--json")
    gate = done.json["gates"][0]
    assert (done.code, gate["outcome"], gate["evidence"]["overlap"]) == (1, "failed", 1), gate
    assert "2" in gate["reason"]
    bucket.put(**{"test.csv": b"b\nz\n"})
    gate = mltools(root, "gate", "check", "--json").json["gates"][0]
    assert (gate["outcome"], f"{test}: has no column a" in gate["reason"]) == ("undecided", True), gate
