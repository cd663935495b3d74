"""How Git is started for reading, and how contents are streamed out of one `cat-file` process."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mltools.edges import process
from mltools.errors import RepositoryError

# Messages are parsed in English only; nobody can answer a password prompt; a question must not take locks that a
# concurrent commit of the user needs.
ENV = {"LC_ALL": "C", "LANGUAGE": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}

OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")  # SHA-1, SHA-256

_HEADER = re.compile(rb"[0-9a-f]+ (blob|tree|commit|tag) ([0-9]+)\n")
_WINDOW = (
    4_000  # bytes asked ahead of the answers: always fits the pipe, so neither side ever waits for the other
)
_MAX_RESTARTS = 20
_CHUNK = 1 << 20


def git(cwd: Path, *args: str, stdin: bytes | None = None, check: bool = True) -> process.Completed:
    """Run `git ARGS`. Raises CommandError when Git is missing or, with `check`, says no."""
    return process.run("git", *args, cwd=cwd, extra_env=ENV, stdin=stdin, check=check)


def contents(cwd: Path, names: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
    """Each named blob's bytes, in the order asked; None for what is missing, damaged or no blob.

    A damaged object ends `cat-file`; it is started again behind that object, so that one never blinds the rest.
    """
    for name, found in objects(cwd, names):
        yield name, found[1] if found is not None and found[0] == b"blob" else None


def objects(cwd: Path, names: Iterable[str]) -> Iterator[tuple[str, tuple[bytes, bytes] | None]]:
    """Each named object's type and bytes, in the order asked; None for what is missing or damaged."""
    waiting = list(names)
    for _ in range(_MAX_RESTARTS):
        answered = 0
        for found in _answers(cwd, waiting):
            yield waiting[answered], found
            answered += 1
        if answered == len(waiting):
            return
        yield waiting[answered], None
        waiting = waiting[answered + 1 :]
    raise RepositoryError(
        f"{cwd}: Git cannot read many of its objects", hint="run `git fsck` to see what is damaged"
    )


@contextmanager
def asking(cwd: Path) -> Iterator[Callable[[str], bytes | None]]:
    """A function that reads one blob by its name, all through one process; None for what is missing or damaged.

    For where the next name stands in the answer before.
    """
    with process.pipe("git", "cat-file", "--batch", cwd=cwd, extra_env=ENV) as (stdin, stdout):

        def ask(name: str) -> bytes | None:
            try:
                stdin.write(_line(name))
                stdin.flush()
            except BrokenPipeError:  # a damaged object ends the process
                return None
            header = _HEADER.fullmatch(stdout.readline())
            if header is None:
                return None
            size = int(header[2])
            content = stdout.read(size + 1)
            return content[:-1] if len(content) == size + 1 and header[1] == b"blob" else None

        yield ask


def copy_blob(cwd: Path, name: str, sink: IO[bytes]) -> bool:
    """Write one blob's bytes to `sink` piece by piece; False when there is no such blob or it is damaged."""
    with process.pipe("git", "cat-file", "--batch", cwd=cwd, extra_env=ENV) as (stdin, stdout):
        stdin.write(_line(name))
        stdin.close()
        header = _HEADER.fullmatch(stdout.readline())
        if header is None or header[1] != b"blob":
            return False
        left = int(header[2])
        while left and (chunk := stdout.read(min(left, _CHUNK))):
            sink.write(chunk)
            left -= len(chunk)
        return left == 0


def sizes(cwd: Path, names: Sequence[str]) -> dict[str, tuple[str, int] | None]:
    """Object id and size of each named blob; None where there is no such blob. One process, no contents read."""
    if not names:
        return {}
    asked = b"".join(map(_line, names))
    lines = git(cwd, "cat-file", "--batch-check", stdin=asked).stdout.splitlines(keepends=True)
    found: dict[str, tuple[str, int] | None] = {}
    for name, line in zip(names, lines, strict=True):
        header = _HEADER.fullmatch(line)
        blob = header is not None and header[1] == b"blob"
        found[name] = (line.split(b" ", 1)[0].decode(), int(header[2])) if header and blob else None
    return found


def _answers(cwd: Path, names: Sequence[str]) -> Iterator[tuple[bytes, bytes] | None]:
    """The answers of one `cat-file`; ends early when the process does."""
    with process.pipe("git", "cat-file", "--batch", cwd=cwd, extra_env=ENV) as (stdin, stdout):
        for window in _windows(names):
            try:
                stdin.write(window)
                stdin.flush()
            except BrokenPipeError:
                return
            for _ in range(window.count(b"\n")):
                line = stdout.readline()
                if not line.endswith(b"\n"):
                    return
                header = _HEADER.fullmatch(line)
                if header is None:
                    yield None
                    continue
                size = int(header[2])
                content = stdout.read(size + 1)
                if len(content) != size + 1:
                    return
                yield header[1], content[:-1]


def _windows(names: Sequence[str]) -> Iterator[bytes]:
    window = b""
    for name in names:
        line = _line(name)
        if window and len(window) + len(line) > _WINDOW:
            yield window
            window = b""
        window += line
    if window:
        yield window


def _line(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape") + b"\n"  # file names need not be UTF-8


def without_credentials(text: str) -> str:
    """The text with user names and passwords taken out of URLs."""
    return re.sub(r"(?<=://)[^/@\s]+@", "***@", text)
