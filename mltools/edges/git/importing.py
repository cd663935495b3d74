"""A commit as a stream for `git fast-import`.

One process writes blobs, trees and the commit, and touches only the directories that change, however many records the
rest of the tree holds. The stream resets the ref that it builds on before it ends, so that no ref is ever written: a
kill at any moment leaves unreachable objects at worst, and the caller moves the real ref by compare-and-swap.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mltools.errors import RepositoryError

ARGS = ("fast-import", "--quiet", "--done", "--date-format=raw")

_REF = "refs/mltools/import"  # exists inside the stream only
_DATE = re.compile(r"@(-?\d+) \+0000")


@dataclass(frozen=True, slots=True)
class Blob:
    """A file that Git holds already; `mode` as in trees."""

    oid: str
    mode: str = "100644"


Entry = bytes | Blob | None


def stream(
    files: Mapping[str, Entry], message: str, *, parents: Sequence[str], identity: Mapping[str, str]
) -> bytes:
    """The stream of one commit: the first parent's tree with `files` written over it (None deletes)."""
    parts = [
        f"commit {_REF}\nmark :1\n".encode(),
        _person("author", identity),
        _person("committer", identity),
        _data(message.encode()),
    ]
    parts += [f"{'merge' if at else 'from'} {parent}\n".encode() for at, parent in enumerate(parents)]
    parts += [_change(path, entry) for path, entry in files.items()]
    parts.append(f"get-mark :1\nreset {_REF}\n\ndone\n".encode())
    return b"".join(parts)


def _person(role: str, identity: Mapping[str, str]) -> bytes:
    name, email, date = (identity[f"GIT_{role.upper()}_{part}"] for part in ("NAME", "EMAIL", "DATE"))
    seconds = _DATE.fullmatch(date)
    assert seconds is not None  # noqa: S101 - made by Runner.identity
    return f"{role} {name} <{email}> {seconds[1]} +0000\n".encode("utf-8", "surrogateescape")


def _change(path: str, entry: Entry) -> bytes:
    name = quoted(checked(path))
    if entry is None:
        return b"D " + name + b"\n"
    if isinstance(entry, Blob):
        return f"M {entry.mode} {entry.oid} ".encode() + name + b"\n"
    return b"M 100644 inline " + name + b"\n" + _data(entry)


def _data(content: bytes) -> bytes:
    return f"data {len(content)}\n".encode() + content + b"\n"


def checked(path: str) -> str:
    """The path, if a tree can and should hold it. Raises RepositoryError otherwise."""
    parts = path.split("/")
    if "\0" in path or any(part in {"", ".", ".."} or part.lower() == ".git" for part in parts):
        raise RepositoryError(f"{path!r} cannot be the name of a file in Git")
    return path


def quoted(path: str) -> bytes:
    """The path as fast-import and hash-object read it in a line."""
    raw = path.encode("utf-8", "surrogateescape")
    for plain, escaped in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n")):
        raw = raw.replace(plain, escaped)
    return b'"' + raw + b'"'
