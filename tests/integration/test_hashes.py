"""Hashes as DVC computes them, remembered only when that is safe."""

import json
import os
from pathlib import Path

import pytest

from mltools.edges.hashes import RACY_NS, HashCache, UnhashableError

STORE = ".mltools/cache/hashes.json"


def cache(root: Path) -> HashCache:
    return HashCache.load(root, root / STORE)


def settled(path: Path, text: str) -> None:
    """A file that was written long ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (1_000_000_000, 1_000_000_000))


def remembered(root: Path) -> dict[str, list[int | str]]:
    store = root / STORE
    return dict(json.loads(store.read_text())["files"]) if store.exists() else {}


def forge(root: Path, **files: Path) -> None:
    """A cache that holds a wrong hash for each file, and seems to be from long after they were written."""
    entries = {}
    for name, path in files.items():
        info = path.stat()
        entries[name] = [info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino, "remembered"]
    (root / STORE).parent.mkdir(parents=True, exist_ok=True)
    (root / STORE).write_text(json.dumps({"version": 1, "files": entries}))


def test_a_file_s_hash_is_its_md5(tmp_path: Path) -> None:
    settled(tmp_path / "a.txt", "hello\n")
    assert cache(tmp_path).md5("a.txt") == "b1946ac92492d2347c6235b4d2611184"
    assert cache(tmp_path).md5(str(tmp_path / "a.txt")) == "b1946ac92492d2347c6235b4d2611184"


def test_a_directory_s_hash_is_dvc_s(tmp_path: Path) -> None:
    from dvc_data.hashfile.build import build
    from dvc_data.hashfile.db.local import LocalHashFileDB
    from dvc_objects.fs.local import LocalFileSystem

    for name in ("b.txt", "a b.txt", "sub/ü.txt", "sub/deep/x", "sub-2/y", "Z"):
        settled(tmp_path / "data" / name, name)
    (tmp_path / "data/empty").mkdir()
    (tmp_path / "data/link").symlink_to("b.txt")
    (tmp_path / "data/linked").symlink_to("sub")
    fs = LocalFileSystem()  # type: ignore[no-untyped-call]
    odb = LocalHashFileDB(fs, str(tmp_path / "odb"))  # type: ignore[no-untyped-call]
    _, _, theirs = build(odb, str(tmp_path / "data"), fs, "md5", dry_run=True)
    assert theirs.hash_info is not None
    assert cache(tmp_path).md5("data") == theirs.hash_info.value


def test_an_empty_directory_has_a_hash(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert cache(tmp_path).md5("data") == "d751713988987e9331980363e24189ce.dir"


def test_nothing_there_has_none(tmp_path: Path) -> None:
    settled(tmp_path / "file", "x")
    (tmp_path / "broken").symlink_to("nowhere")
    hashes = cache(tmp_path)
    assert [hashes.md5(path) for path in ("missing", "file/below", "broken")] == [None, None, None]


@pytest.mark.parametrize("name", [".git", ".hg", ".dvc", ".dvcignore"])
def test_a_directory_that_dvc_treats_in_its_own_way_is_left_to_it(tmp_path: Path, name: str) -> None:
    settled(tmp_path / "data/sub" / name, "x")
    with pytest.raises(UnhashableError, match=name):
        cache(tmp_path).md5("data")


def test_special_files_and_dangling_links_are_left_to_dvc(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnhashableError, match="neither file nor directory"):
        cache(tmp_path).md5("pipe")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/broken").symlink_to("nowhere")
    with pytest.raises(UnhashableError, match="No such file"):
        cache(tmp_path).md5("data")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UnhashableError, match="symbolic links"):
        cache(tmp_path).md5("loop")


def test_a_remembered_hash_is_used_as_long_as_the_file_looks_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a"
    settled(path, "one")
    forge(tmp_path, a=path)
    assert cache(tmp_path).md5("a") == "remembered"
    settled(path, "two")
    assert cache(tmp_path).md5("a") == "b8a9f715dbb64fd5c56e7783c6820a61"


def test_a_replaced_file_of_the_same_size_and_time_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a"
    settled(path, "one")
    forge(tmp_path, a=path)
    settled(tmp_path / "b", "two")
    (tmp_path / "b").rename(path)
    assert cache(tmp_path).md5("a") == "b8a9f715dbb64fd5c56e7783c6820a61"


def test_a_file_written_just_now_is_not_remembered(tmp_path: Path) -> None:
    settled(tmp_path / "a", "one")
    hashes = cache(tmp_path)
    hashes.md5("a")
    hashes.save()
    # Its mtime is old, but its ctime is now: it may be written again within the clock's grain.
    assert remembered(tmp_path) == {}


def test_what_was_hashed_long_after_it_was_written_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(tmp_path / "a", "one")
    later = (tmp_path / "a").stat().st_ctime_ns + RACY_NS + 1
    monkeypatch.setattr("time.time_ns", lambda: later)
    hashes = cache(tmp_path)
    assert hashes.md5("a") == "f97c5d29941bfb1b2fdab0874906ab82"
    hashes.save()
    assert remembered(tmp_path)["a"][4] == "f97c5d29941bfb1b2fdab0874906ab82"
    assert (tmp_path / ".mltools/.gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"version": 2, "files": {}}',
        b'{"version": 1, "files": []}',
        b'{"version": 1, "files": {"a": 3}}',
        b'{"version": 1, "files": {"a": [1, 2, 3, 4]}}',
        b'{"version": 1, "files": {"a": [3, 1000000000000000000, 0, 0, 5]}}',
        b"\xff\xfe\x00",
    ],
)
def test_a_damaged_cache_is_no_cache(tmp_path: Path, content: bytes) -> None:
    settled(tmp_path / "a", "one")
    (tmp_path / STORE).parent.mkdir(parents=True)
    (tmp_path / STORE).write_bytes(content)
    hashes = cache(tmp_path)
    assert hashes.md5("a") == "f97c5d29941bfb1b2fdab0874906ab82"
    hashes.save()


def test_a_cache_that_cannot_be_written_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(tmp_path / "a", "one")
    (tmp_path / ".mltools").write_text("in the way")
    monkeypatch.setattr("time.time_ns", lambda: (tmp_path / "a").stat().st_ctime_ns + RACY_NS + 1)
    hashes = cache(tmp_path)
    hashes.md5("a")
    hashes.save()
    assert (tmp_path / ".mltools").read_text() == "in the way"
