"""What lies at an address outside the project, such as s3://bucket/key.csv, by DVC's own file systems.

Credentials and endpoints are those of DVC's configuration: `remote://NAME/path` is below a DVC remote, and an address
in the bucket or on the host of a remote is read with that remote's settings. Only this module imports DVC.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import urlsplit

from dvc.config import Config
from dvc.fs import Callback, get_fs_config, parse_external_url
from dvc_data.hashfile.meta import Meta

from mltools.edges import storefaults
from mltools.errors import DataError

# Seconds. A store from which nothing is heard for so long is not there.
PATIENCE = 60.0
CONNECT = {"connect_timeout": 10}
AT_ONCE = 8
Answer = TypeVar("Answer")
Heard = Callable[[int], None]  # is told how many bytes came

# What goes wrong is raised; these would say it once more on stderr, with addresses and tracebacks.
for _name in ("aiohttp_retry", "asyncio", "botocore", "dvc", "dvc_objects", "fsspec", "s3fs"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class Stored:
    """One file in a store; `relative` is its place below the address, "" where the address is the file's own.

    `stamp` is what the store says by which a change shows, `modified` when it was last written; None when it says nothing.
    """

    relative: str
    source: str
    size: int | None
    stamp: str | None
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class Store:
    """An address, opened."""

    url: str
    filesystem: Any
    path: str

    def listing(self) -> tuple[Stored, ...]:
        """The file at the address, or those below it by name. Raises DataError when nothing is there."""
        (found,) = self._asked([lambda _: self._listing()])
        return found

    def fetch(
        self, files: Sequence[Stored], place: Path, heard: Heard = lambda _: None, *, growing: bool = False
    ) -> None:
        """Write the file to a place, or the files below it. Raises DataError for what does not come, or not whole.

        Of files that are `growing` more may come than was there when they were listed.
        """
        for file in files:
            (place / file.relative).parent.mkdir(parents=True, exist_ok=True)
        jobs = [partial(self._get, file, place / file.relative, growing=growing) for file in files]
        self._asked(jobs, heard)

    def put(self, named: Mapping[str, Path]) -> None:
        """Write files below the address, by name; what lies there under such a name is replaced. Raises DataError."""
        root = self.path.rstrip("/")
        self._asked([partial(self._put, path, f"{root}/{name}") for name, path in named.items()])

    def _put(self, path: Path, target: str, _: Heard) -> None:
        self.filesystem.fs.put_file(str(path), target)

    def _listing(self) -> tuple[Stored, ...]:
        info = self.filesystem.info(self.path)
        if info["type"] != "directory":
            return (self._stored("", self.path, info),)
        root = self.path.rstrip("/")
        below = self.filesystem.fs.find(self.path, detail=True)
        if not isinstance(below, Mapping):  # DVC's own file system for local directories tells names alone
            below = {name: self.filesystem.info(name) for name in below}
        return tuple(
            self._stored(name.removeprefix(root).lstrip("/"), name, each)
            for name, each in sorted(below.items())
            if each["type"] != "directory" and not name.endswith("/")
        )

    def _stored(self, relative: str, source: str, info: Mapping[str, Any]) -> Stored:
        if {".", ".."} & set(relative.split("/")) or "//" in relative or not relative.isprintable():
            raise DataError(f"{self.url}: holds {relative!r}, which can be no file here")
        meta = Meta.from_info(dict(info), self.filesystem.protocol)
        told = (meta.version_id, meta.etag, meta.checksum, meta.md5, meta.mtime)
        stamp = repr((meta.size, *told)) if any(told) else None
        return Stored(relative, source, meta.size, stamp, _modified(info))

    def _get(self, file: Stored, target: Path, heard: Heard, *, growing: bool) -> None:
        self.filesystem.fs.get_file(file.source, str(target), callback=_Told(heard))
        came = target.stat().st_size
        if file.size is not None and (came < file.size or (came > file.size and not growing)):
            where = f"{self.url}/{file.relative}" if file.relative else self.url
            raise DataError(f"{where}: did not come whole", hint="try again")

    def _asked(
        self, jobs: Sequence[Callable[[Heard], Answer]], heard: Heard = lambda _: None
    ) -> list[Answer]:
        try:
            return _done(jobs, heard)
        except Exception as error:
            raise storefaults.explained(error, self.url, self.filesystem.config) from error


def _modified(info: Mapping[str, Any]) -> datetime | None:
    """When a file was last written, by the name that its store's library has for that."""
    for key in ("LastModified", "last_modified", "updated", "mtime"):
        value = info.get(key)
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value
        if isinstance(value, float):
            return datetime.fromtimestamp(value, UTC)
    return None


def opened(url: str, dvc_dir: Path | None) -> Store:
    """The place that an address names, with the configuration in `dvc_dir`. Nothing is asked of it yet.

    Raises ConfigError when the address or DVC's configuration is wrong, DataError without the plugin that it needs.
    """
    try:
        config = Config(dvc_dir=None if dvc_dir is None else str(dvc_dir))
        filesystem, path = parse_external_url(url, _settings(config, url), config)
    except Exception as error:
        raise storefaults.explained(error, url, {}) from error
    return Store(url, filesystem, path)


def _settings(config: Mapping[str, Any], url: str) -> dict[str, Any]:
    """The settings of the DVC remote in whose bucket, or on whose host, an address lies; the default remote first."""
    wanted, default = urlsplit(url), config.get("core", {}).get("remote")
    settings = CONNECT if wanted.scheme in {"s3", "http", "https"} else {}
    for name in sorted(config.get("remote", {}), key=lambda name: (name != default, name)):
        remote = dict(get_fs_config(config, name=name))
        place = urlsplit(str(remote.pop("url")))
        if (place.scheme, place.hostname, place.port) == (wanted.scheme, wanted.hostname, wanted.port):
            return {**settings, **remote}
    return dict(settings)


class _Told(Callback):  # type: ignore[misc] # DVC has no types
    """Passes on how many bytes came."""

    def __init__(self, heard: Heard) -> None:
        super().__init__()
        self._heard = heard
        self._before = 0

    def relative_update(self, inc: int = 1) -> None:
        self._heard(inc)

    def absolute_update(self, value: int) -> None:
        self._heard(value - self._before)
        self._before = value


def _done(jobs: Sequence[Callable[[Heard], Answer]], heard: Heard) -> list[Answer]:
    """What the jobs answer, some at a time. Raises the first error, TimeoutError when nothing moves any more.

    The threads are daemons: a library that waits for ever would else keep the program from ending.
    """
    todo = deque(enumerate(jobs))
    events: SimpleQueue[tuple[int | None, Any, BaseException | None]] = SimpleQueue()

    def work() -> None:
        while todo:
            try:
                index, job = todo.popleft()
            except IndexError:
                return
            try:
                events.put((index, job(lambda count: events.put((None, count, None))), None))
            except BaseException as error:  # noqa: BLE001 - it is raised where it is awaited
                events.put((index, None, error))

    for _ in range(min(AT_ONCE, len(jobs))):
        Thread(target=work, daemon=True).start()
    answers: dict[int, Answer] = {}
    try:
        while len(answers) < len(jobs):
            index, value, error = events.get(timeout=PATIENCE)
            if error is not None:
                raise error
            if index is None:
                heard(value)
            else:
                answers[index] = value
    except Empty:
        raise TimeoutError(f"no answer within {PATIENCE:g} s") from None
    finally:
        todo.clear()
    return [answers[index] for index in range(len(jobs))]
