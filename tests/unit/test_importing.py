"""The stream that `git fast-import` is given."""

import pytest

from mltools.edges.git.importing import Blob, checked, quoted, stream
from mltools.errors import RepositoryError

WHO = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in {"NAME": "Zoë", "EMAIL": "z@x", "DATE": "@1700000000 +0000"}.items()
}


def test_a_commit_is_streamed_and_its_ref_reset() -> None:
    made = stream(
        {"a b": b"1\n", "gone": None, "big": Blob("f" * 40, "100755")},
        "words\n",
        parents=("1" * 40, "2" * 40),
        identity=WHO,
    )
    assert made == (
        b"commit refs/mltools/import\nmark :1\n"
        b"author Zo\xc3\xab <z@x> 1700000000 +0000\ncommitter Zo\xc3\xab <z@x> 1700000000 +0000\n"
        b"data 6\nwords\n\n"
        b"from " + b"1" * 40 + b"\nmerge " + b"2" * 40 + b"\n"
        b'M 100644 inline "a b"\ndata 2\n1\n\nD "gone"\nM 100755 ' + b"f" * 40 + b' "big"\n'
        b"get-mark :1\nreset refs/mltools/import\n\ndone\n"
    )


@pytest.mark.parametrize(
    ("path", "line"),
    [("a", b'"a"'), ('q"', b'"q\\""'), ("a\\b", b'"a\\\\b"'), ("a\nb", b'"a\\nb"'), ("ü", b'"\xc3\xbc"')],
)
def test_paths_cannot_leave_their_line(path: str, line: bytes) -> None:
    assert quoted(path) == line


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", ".", "..", "a/../b", ".git", "a/.Git/b", "a\0b"])
def test_a_path_that_no_tree_should_hold_is_refused(path: str) -> None:
    with pytest.raises(RepositoryError, match="cannot be the name"):
        checked(path)


def test_plain_paths_pass() -> None:
    assert [checked(path) for path in ("a", "a/b.c", ".gitignore", "..a")] == [
        "a",
        "a/b.c",
        ".gitignore",
        "..a",
    ]
