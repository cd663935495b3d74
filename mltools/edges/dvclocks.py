"""Locks that a killed DVC left behind: who holds them, whether it still lives, and their removal.

DVC drops the entries of processes that are gone by itself. It waits for ever when the process number belongs to
another program by now, as happens in containers, or when the lock file was half-written.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mltools.edges import files

RWLOCK = "tmp/rwlock"


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that dvc's lock file names; `alive` only if it is there and is DVC or mltools."""

    pid: int
    command: str
    alive: bool


def holders(dvc_dir: Path) -> tuple[Holder, ...]:
    """Who the lock file names, each once. A damaged file counts as one dead holder without a number."""
    try:
        tree = json.loads((dvc_dir / RWLOCK).read_bytes())
        entries = list(_entries(tree))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return (Holder(0, "an unreadable lock file", alive=False),)
    return tuple(Holder(pid, command, alive=alive(pid)) for pid, command in dict.fromkeys(entries))


def clean(dvc_dir: Path) -> tuple[Holder, ...]:
    """Drop what dead processes hold; who was dropped."""
    if all(holder.alive for holder in holders(dvc_dir)):
        return ()
    with _guard(dvc_dir):
        named = holders(dvc_dir)
        dead = tuple(holder for holder in named if not holder.alive)
        path = dvc_dir / RWLOCK
        if not any(holder.alive for holder in named):
            path.unlink(missing_ok=True)
        elif dead:
            living = {holder.pid for holder in named if holder.alive}
            files.write_atomic(path, json.dumps(_only(json.loads(path.read_bytes()), living)))
    return dead


def alive(pid: int) -> bool:
    """Whether the process is there and is one that takes DVC's locks. When in doubt, it is."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError, ValueError):
        return False
    except PermissionError:
        pass
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True
    return b"dvc" in words or b"mltools" in words


def _entries(tree: Any) -> Iterator[tuple[int, str]]:
    for held in tree.get("write", {}).values():
        yield int(held["pid"]), str(held["cmd"])
    for readers in tree.get("read", {}).values():
        for held in readers:
            yield int(held["pid"]), str(held["cmd"])


def _only(tree: Any, living: set[int]) -> dict[str, Any]:
    writers = {path: held for path, held in tree.get("write", {}).items() if held["pid"] in living}
    readers = {
        path: kept
        for path, entries in tree.get("read", {}).items()
        if (kept := [held for held in entries if held["pid"] in living])
    }
    return {key: value for key, value in (("write", writers), ("read", readers)) if value}


@contextmanager
def _guard(dvc_dir: Path) -> Iterator[None]:
    """DVC's own guard of the lock file, so that none is changed under a DVC that writes it."""
    with (dvc_dir / f"{RWLOCK}.lock").open("ab") as stream, suppress(OSError):
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
