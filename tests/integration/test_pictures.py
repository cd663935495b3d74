"""Pictures behind a ref of the repository: put, pushed, addressed by commit; handed over in a bundle."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from mltools import bundle, pictures
from mltools.core.plots import Image
from mltools.edges.git.read import Repository
from mltools.edges.git.write import Writer
from mltools.errors import DataError
from mltools.pictures import BACKENDS, Place, ref
from mltools.project import open_project
from tests.pictures import png
from tests.stored import make_record
from tests.support import git, make_repo

WHEN = datetime(2026, 1, 2, tzinfo=UTC)
RED, BLUE = png(2, 2), png(2, 2, (0, 0, 250))


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def address(commit: str, path: str) -> str:
    return f"https://forge.example/o/r/{commit}/{path}"


def writer_of(place: Path) -> Writer:
    import os

    return Writer(Repository.find(place), os.environ)


def test_pictures_are_pushed_and_addressed_by_the_commit_that_holds_them(clone: Path, remote: Path) -> None:
    writer = writer_of(clone)
    held = {digest(RED): RED, digest(BLUE): BLUE}
    assert ref.put(held, writer, "origin", when=WHEN) == 2
    tip = git(remote, "rev-parse", ref.REF)
    found = ref.addresses([*held, "f" * 64], Place(writer.repository, address))
    assert found == {name: f"https://forge.example/o/r/{tip}/{name[:2]}/{name}.png" for name in held}
    shown = git(remote, "cat-file", "-s", f"{tip}:{digest(RED)[:2]}/{digest(RED)}.png")
    assert int(shown) == len(RED)


def test_the_same_pictures_again_change_nothing(clone: Path, remote: Path) -> None:
    writer = writer_of(clone)
    ref.put({digest(RED): RED}, writer, "origin", when=WHEN)
    before = git(remote, "rev-parse", ref.REF)
    ref.put({digest(RED): RED}, writer, "origin", when=WHEN)
    assert git(remote, "rev-parse", ref.REF) == before


def test_those_of_others_stay(clone: Path, remote: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(remote), str(other))
    ref.put({digest(RED): RED}, writer_of(other), "origin", when=WHEN)
    ref.put({digest(BLUE): BLUE}, writer_of(clone), "origin", when=WHEN)
    names = git(remote, "ls-tree", "-r", "--name-only", ref.REF)
    assert digest(RED) in names
    assert digest(BLUE) in names


def test_without_a_remote_they_are_kept_here(repo: Path) -> None:
    writer = writer_of(repo)
    ref.put({digest(RED): RED}, writer, None, when=WHEN)
    assert ref.addresses([digest(RED)], Place(writer.repository, address))


def test_nothing_was_put_nothing_is_addressed(repo: Path) -> None:
    place = Place(Repository.find(repo), address)
    assert ref.addresses([digest(RED)], place) == {}
    ref.put({digest(RED): RED}, writer_of(repo), None, when=WHEN)
    assert ref.addresses([], place) == {}
    assert ref.addresses([digest(RED)], Place(place.repository, lambda _, __: None)) == {}


def test_by_default_nothing_is_put_anywhere(repo: Path) -> None:
    backend = BACKENDS["none"]
    assert backend.put({digest(RED): RED}, writer_of(repo), None, when=WHEN) == 0
    assert backend.addresses([digest(RED)], Place(Repository.find(repo), address)) == {}
    assert git(repo, "for-each-ref", "refs/mltools") == ""


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
