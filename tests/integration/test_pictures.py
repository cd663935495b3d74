"""Pictures behind a ref, in a forge release, in a bucket: put, found again, addressed; handed over in a bundle."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from mltools import bundle, pictures
from mltools.core.plots import Image
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from mltools.errors import DataError, ProviderError
from mltools.pictures import BACKENDS, Hosts, Place, ref
from mltools.project import open_project
from tests.buckets import Bucket
from tests.github_server import Fault, GitHubServer, serving
from tests.pictures import png
from tests.stored import make_record
from tests.support import git, make_repo

WHEN, RECORDED = datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T03:04:05Z"
RED, BLUE = png(2, 2), png(2, 2, (0, 0, 250))


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def address(commit: str, path: str) -> str:
    return f"https://forge.example/o/r/{commit}/{path}"


def writer_of(place: Path) -> Writer:
    import os

    return Writer(Repository.find(place), os.environ)


def project(root: Path, **report: str) -> Path:
    """Make a clone a project that keeps its pictures in some way."""
    (root / "mltools.yaml").write_text(yaml.safe_dump({"schema": 1, "report": report}))
    (root / "dvc.yaml").write_text("stages: {}\n")
    return root


def at(root: Path, hosts: Hosts = Hosts(address)) -> Place:  # noqa: B008 - a frozen value
    return Place(open_project(root), hosts, RECORDED)


def put(root: Path, *contents: bytes, hosts: Hosts = Hosts(address)) -> int:  # noqa: B008
    place = at(root, hosts)
    backend = BACKENDS[place.project.config.report.images]
    return backend.put({digest(each): each for each in contents}, place, writer_of(root), when=WHEN)


def found(root: Path, *wanted: str, hosts: Hosts = Hosts(address)) -> dict[str, str]:  # noqa: B008
    place = at(root, hosts)
    return BACKENDS[place.project.config.report.images].addresses(wanted, place)


def test_pictures_are_pushed_and_addressed_by_the_commit_that_holds_them(clone: Path, remote: Path) -> None:
    project(clone, images="ref")
    assert put(clone, RED, BLUE) == 2
    tip = git(remote, "rev-parse", ref.REF)
    assert found(clone, digest(RED), digest(BLUE), "f" * 64) == {
        name: f"https://forge.example/o/r/{tip}/{name[:2]}/{name}.png" for name in (digest(RED), digest(BLUE))
    }
    shown = git(remote, "cat-file", "-s", f"{tip}:{digest(RED)[:2]}/{digest(RED)}.png")
    assert int(shown) == len(RED)


def test_the_same_pictures_again_change_nothing(clone: Path, remote: Path) -> None:
    project(clone, images="ref")
    put(clone, RED)
    before = git(remote, "rev-parse", ref.REF)
    put(clone, RED)
    assert git(remote, "rev-parse", ref.REF) == before


def test_those_of_others_stay(clone: Path, remote: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(remote), str(other))
    put(project(other, images="ref"), RED)
    put(project(clone, images="ref"), BLUE)
    names = git(remote, "ls-tree", "-r", "--name-only", ref.REF)
    assert digest(RED) in names
    assert digest(BLUE) in names


def test_without_a_remote_they_are_kept_here(repo: Path) -> None:
    project(repo, images="ref")
    put(repo, RED)
    assert found(repo, digest(RED))


def test_nothing_was_put_nothing_is_addressed(repo: Path) -> None:
    project(repo, images="ref")
    assert found(repo, digest(RED)) == {}
    put(repo, RED)
    assert found(repo) == {}
    assert found(repo, digest(RED), hosts=Hosts()) == {}


def test_by_default_nothing_is_put_anywhere(repo: Path) -> None:
    project(repo)
    assert put(repo, RED) == 0
    assert found(repo, digest(RED)) == {}
    assert git(repo, "for-each-ref", "refs/mltools") == ""


# ---- as files of a forge release


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with serving() as server:
        yield server


def test_a_months_pictures_are_files_of_one_release(repo: Path, github: GitHubServer) -> None:
    project(repo, images="release")
    hosts = Hosts.of(github.environ())
    assert put(repo, RED, hosts=hosts) == 1
    assert put(repo, RED, BLUE, hosts=hosts) == 2
    (release,) = github.forge.releases.values()
    assert (release["tag_name"], release["draft"]) == ("mltools-images-2026-01", False)
    assert release["prerelease"] is True
    names = sorted(f"{digest(each)}.png" for each in (RED, BLUE))
    assert sorted(asset["name"] for asset in release["assets"]) == names
    addresses = {asset["name"]: asset["browser_download_url"] for asset in release["assets"]}
    assert found(repo, digest(RED), "f" * 64, hosts=hosts) == {digest(RED): addresses[f"{digest(RED)}.png"]}
    assert github.problems == []


def test_an_upload_whose_answer_is_lost_is_not_made_twice(repo: Path, github: GitHubServer) -> None:
    project(repo, images="release")
    github.faults.append(Fault("POST", "/assets", drop="after"))
    github.faults.append(Fault("POST", "/releases", drop="after"))
    assert put(repo, RED, hosts=Hosts.of(github.environ())) == 1
    (release,) = github.forge.releases.values()
    assert [asset["name"] for asset in release["assets"]] == [f"{digest(RED)}.png"]


def test_of_two_that_make_the_release_the_second_takes_the_others(repo: Path, github: GitHubServer) -> None:
    project(repo, images="release")
    hosts = Hosts.of(github.environ())
    put(repo, RED, hosts=hosts)
    (first,) = github.forge.releases.values()
    github.forge.releases.clear()  # as the second saw it
    late = {**first, "id": 10_000, "draft": True, "assets": []}
    github.forge.releases.update({10_000: late, first["id"]: first})
    assert put(repo, BLUE, hosts=hosts) == 1
    assert f"{digest(BLUE)}.png" in {asset["name"] for asset in first["assets"]}


def test_without_a_token_it_says_what_is_missing(repo: Path) -> None:
    project(repo, images="release")
    with pytest.raises(ProviderError, match="needs a forge and a token"):
        put(repo, RED, hosts=Hosts.of({}))
    assert found(repo, digest(RED), hosts=Hosts.of({})) == {}


# ---- in a bucket


def in_bucket(root: Path, bucket: Bucket) -> Path:
    settings = f"['remote \"store\"']\n    url = s3://{bucket.name}\n    endpointurl = {bucket.endpoint}\n"
    (root / ".dvc").mkdir()
    (root / ".dvc/config").write_text(settings)
    where = f"{bucket.endpoint}/{bucket.name}/reports"
    return project(root, images="s3", images_to=f"s3://{bucket.name}/reports", images_at=where)


@pytest.mark.slow
def test_pictures_in_a_bucket_are_addressed_when_they_can_be_seen(repo: Path, bucket: Bucket) -> None:
    in_bucket(repo, bucket)
    assert put(repo, RED) == 1
    bucket.client.put_object_acl(Bucket=bucket.name, Key=f"reports/{digest(RED)}.png", ACL="public-read")
    where = f"{bucket.endpoint}/{bucket.name}/reports/{digest(RED)}.png"
    assert found(repo, digest(RED), digest(BLUE)) == {digest(RED): where}
    answer = requests.get(where, timeout=10)
    assert (answer.content, answer.headers["Content-Type"]) == (RED, "image/png")


@pytest.mark.slow
def test_a_bucket_that_is_not_there_is_told(repo: Path, bucket: Bucket) -> None:
    in_bucket(repo, bucket)
    bucket.client.delete_bucket(Bucket=bucket.name)
    with pytest.raises(DataError, match=bucket.name):
        put(repo, RED)


# ---- handed over in a bundle


def image(content: bytes, **changes: Any) -> Image:
    facts = {"path": "p.png", "sha256": digest(content), "size": len(content), "width": 2, "height": 2}
    return Image.model_validate({**facts, **changes})


@pytest.fixture
def place(tmp_path: Path) -> Path:
    files = {"mltools.yaml": "schema: 1\n", "dvc.yaml": "stages: {}\n", ".gitignore": ".mltools\n"}
    return make_repo(tmp_path / "project", files)


def handed_over(place: Path, directory: Path, images: tuple[Image, ...], held: dict[str, bytes]) -> Path:
    record = make_record(git(place, "rev-parse", "HEAD"), trigger="push").model_copy(
        update={"images": images}
    )
    bundle.write(open_project(place), record, bundle.Shown("# r\n", "<p>", held), directory)
    return directory


def test_a_bundle_holds_the_page_and_the_pictures(place: Path, tmp_path: Path) -> None:
    run = handed_over(place, tmp_path / "run", (image(RED),), {digest(RED): RED})
    assert (run / "report.html").read_text() == "<p>"
    assert bundle.read(run).images == {digest(RED): RED}


def plant(name: str, content: bytes) -> Callable[[Path], None]:
    def act(run: Path) -> None:
        path = run / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return act


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (plant(f"images/{digest(BLUE)}.png", BLUE), "no picture that the record names"),
        (plant(f"images/{digest(RED)}.png", BLUE), "no picture that the record names"),
        (plant("images/x.html", b"<script>"), "no picture that the record names"),
        (plant(f"images/{digest(RED)}.png", RED + b"\0" * (6 << 20)), "a run's may have"),
        (plant(f"images/deep/{digest(RED)}.png", RED), "no picture that the record names"),
    ],
)
def test_a_bundle_with_another_picture_is_refused(
    place: Path, tmp_path: Path, spoil: Callable[[Path], None], said: str
) -> None:
    run = handed_over(place, tmp_path / "run", (image(RED),), {digest(RED): RED})
    spoil(run)
    with pytest.raises(DataError, match=said):
        bundle.read(run)


@pytest.mark.parametrize(
    ("content", "changes", "said"),
    [
        (b"<svg/>", {}, "no PNG"),
        (RED + b"<script>", {}, "no PNG"),
        (RED, {"width": 3}, "another size"),
    ],
)
def test_what_the_record_calls_a_picture_must_be_one(
    place: Path, tmp_path: Path, content: bytes, changes: dict[str, Any], said: str
) -> None:
    run = handed_over(place, tmp_path / "run", (image(content, **changes),), {digest(content): content})
    with pytest.raises(DataError, match=said):
        bundle.read(run)


def test_every_backend_has_a_name_in_mltools_yaml() -> None:
    from mltools.core.config import Config

    allowed = Config.model_json_schema()["$defs"]["Report"]["properties"]["images"]["enum"]
    assert set(allowed) == set(pictures.BACKENDS)
