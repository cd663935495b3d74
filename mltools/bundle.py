"""What a training job hands over in one directory: the record, the report, dvc.lock, files for Git, data objects.

Whoever reads one may not trust the job that made it: a stranger's pull request runs there. So what is read is bounded,
plain and checked before anything is done with it.
"""

import hashlib
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from mltools import datastore, journal, pictures, profiles
from mltools.core.pipeline import metric_files, outputs
from mltools.core.records import Record, parse_record
from mltools.core.stages import Lock
from mltools.edges import documents, dvcfiles, files, objectcache
from mltools.errors import ConfigError, DataError, StoreError
from mltools.project import LOCK_FILE, Project, read_lock

if TYPE_CHECKING:
    from mltools.edges.git.write import Writer

RECORD_FILE, REPORT_FILE, PAGE_FILE = "run.json", "report.md", "report.html"
FILES, OBJECTS = "files", "objects"

MIB = 1 << 20
MAX_RECORD = 8 * MIB
MAX_REPORT = 8 * MIB
MAX_PAGE = 16 * MIB
MAX_LOCK = 8 * MIB
MAX_FILE = 5 * MIB
MAX_KEPT = MIB
MAX_FILES = 1_000
MAX_OBJECTS = 20_000
MAX_DEPTH = 20
MAX_OF_DATA = 2_000
MAX_CONTRACT = MIB
MAX_DATA = 64 * MIB
NOTHING: Mapping[str, bytes] = {}

_OBJECT = re.compile(r"([0-9a-f]{2})/([0-9a-f]{30}(?:\.dir)?)")
_DOCUMENTS = {RECORD_FILE: MAX_RECORD, REPORT_FILE: MAX_REPORT, PAGE_FILE: MAX_PAGE, LOCK_FILE: MAX_LOCK}


@dataclass(frozen=True, slots=True)
class Bundle:
    """A run handed over. `lock` is empty when the run left no dvc.lock.

    `files` are those that Git keeps (metrics), by their path in the project; `objects` is laid out as DVC's cache, and
    `hashes` are the objects in it, each checked against its hash; so are `data`, the profiles and contracts of the data
    sets by their names beside the record.
    """

    record: Record
    report: str
    lock: bytes
    files: Mapping[str, Path]
    objects: Path
    hashes: Mapping[str, Path] = field(default_factory=dict)
    data: Mapping[str, bytes] = field(default_factory=dict)
    images: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a run people look at: the report, the same as a page, and pictures by the hash of their bytes."""

    report: str
    page: str = ""
    images: Mapping[str, bytes] = field(default_factory=dict)


def write(
    project: Project,
    record: Record,
    shown: Shown,
    directory: Path,
    *,
    lock: bytes | None = None,
    data: Mapping[str, bytes] = NOTHING,
    environ: Mapping[str, str] = datastore.NO_ENVIRON,
) -> None:
    """Put a run into a new or empty directory, or over an earlier bundle; `lock` is the run's, by default dvc.lock.

    `data` are the profiles and contracts of its data sets, by their names beside a record. Raises DataError when the
    directory holds something else, which would otherwise be handed over, too.
    """
    if directory.exists() and any(directory.iterdir()):
        if not (directory / RECORD_FILE).is_file():
            raise DataError(f"{directory} is not empty", hint="name a new directory")
        shutil.rmtree(directory)
    lock = read_lock(project) if lock is None else lock
    files.write_atomic(directory / REPORT_FILE, shown.report)
    if shown.page:
        files.write_atomic(directory / PAGE_FILE, shown.page)
    pictures.write(shown.images, directory)
    if lock is not None:
        files.write_atomic(directory / LOCK_FILE, lock)
    for name, content in data.items():
        files.write_atomic(directory / name, content)
    for name in results(project, Lock() if lock is None else dvcfiles.lock_from(lock)):
        _copy(project.root / name, directory / FILES / name)
    for md5, path in _bounded(datastore.luggage(project, lock=lock, environ=environ)):
        _copy(path, directory / OBJECTS / md5[:2] / md5[2:])
    # Last, so that a directory with a record is a whole bundle.
    files.write_atomic(directory / RECORD_FILE, documents.write_json(record.as_json()))


def read(directory: Path) -> Bundle:
    """The run in a directory, trusting nothing in it. Raises DataError for whatever a bundle does not hold."""
    found = dict(_walk(directory))
    held = {name: path for name, path in found.items() if name.startswith(f"{OBJECTS}/")}
    kept = {name: path for name, path in found.items() if name.startswith(f"{FILES}/")}
    drawn = {name: path for name, path in found.items() if name.startswith(f"{pictures.FOLDER}/")}
    of_data = {name: path for name, path in found.items() if journal.OF_DATA.fullmatch(name)}
    for name in found:
        if not any(name in known for known in (_DOCUMENTS, held, kept, drawn, of_data)):
            raise DataError(f"{directory}: holds {name!r}, which is no part of a run")
    record = _record(found, directory)
    return Bundle(
        record=record,
        report=_text(found, REPORT_FILE, directory),
        lock=_lock(found, directory),
        files=_files(kept, directory),
        objects=directory / OBJECTS,
        hashes=_objects(held, directory),
        data=_data(record, of_data, directory),
        images=pictures.read(drawn, record.images, directory),
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """What keeping a bundle did: whether the record was new, how many objects were, and where they are."""

    new: bool
    objects: int
    store: str


def keep(bundle: Bundle, writer: "Writer", directory: Path, remote: str | None, *, when: datetime) -> Kept:
    """Put a run's objects into the store of the project in `directory` and its record into the journal; push both.

    Doing it again changes nothing. Raises StoreError when the objects do not fit the store; the record is kept all
    the same, since what the run found is true wherever its model is.
    """
    if remote:
        # On top of what is there, so that a run that is there already is seen.
        if bundle.hashes:
            writer.receive(remote, datastore.REF)
        journal.fetch(writer, remote)
    refused: StoreError | None = None
    moved = datastore.Moved()
    try:
        moved = datastore.hand_in(writer, directory, bundle.hashes, bundle.lock, remote, when=when)
    except StoreError as error:
        refused = error
    before = journal.load(writer.repository, bundle.record.id)
    attachments = {REPORT_FILE: bundle.report.encode(), **bundle.data}
    if bundle.lock:
        attachments[LOCK_FILE] = bundle.lock
    attachments |= kept_results(bundle.files)
    journal.append(writer, bundle.record, attachments, when=when)
    if remote:
        journal.publish(writer, remote, when=when)
    if refused is not None:
        raise refused
    return Kept(before is None, moved.objects, moved.store)


def kept_results(found: Mapping[str, Path]) -> dict[str, bytes]:
    """Results as the journal keeps them beside the record: the small ones."""
    small = {name: path for name, path in found.items() if files.size(path) <= MAX_KEPT}
    return {f"{journal.FILES}{name}": files.read_bytes(path) for name, path in small.items()}


def results(project: Project, lock: Lock) -> Iterator[str]:
    """The run's results that Git keeps: metrics, and outputs that DVC does not cache."""
    left = outputs(project.pipeline, lock)
    uncached = {
        stage.place(out.path) for stage in project.pipeline.stages for out in stage.outs if not out.cache
    }
    metrics = metric_files(project.pipeline, lock)
    for path in dict.fromkeys([*metrics, *(path for path in left if path in uncached)]):
        place = project.root / path
        inside = place.resolve().is_relative_to(project.root.resolve())
        if not (inside and _plain(path) and place.is_file() and files.size(place) <= MAX_FILE):
            continue
        # What lies there may be another run's: the lock says what this one left.
        if path not in left or left[path].md5 in {None, files.md5(place)}:
            yield path


def _bounded(objects: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    """As many objects as a reader takes; what is left out, the pipeline makes again."""
    total = 0
    for md5, path in islice(objects.items(), MAX_OBJECTS):
        total += files.size(path)
        if total > datastore.BUDGET:
            return
        yield md5, path


def _copy(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    except OSError as error:
        raise DataError(f"cannot write {target}: {error.strerror or error}") from error


def _walk(directory: Path) -> Iterator[tuple[str, Path]]:
    """Every file below a directory by its relative name; anything but plain files and directories is refused."""
    waiting = [(directory, "", 0)]
    count = 0
    while waiting:
        place, prefix, depth = waiting.pop()
        for entry in _entries(place):
            name = f"{prefix}{entry.name}"
            mode = _mode(entry)
            count += 1
            if count > MAX_FILES + 2 * MAX_OBJECTS:
                raise DataError(f"{directory}: holds too many files for a run")
            if stat.S_ISDIR(mode) and depth < MAX_DEPTH:
                waiting.append((entry, f"{name}/", depth + 1))
            elif stat.S_ISREG(mode):
                yield name, entry
            else:
                raise DataError(f"{directory}: {name!r} is a link, a special file or nested too deeply")


def _entries(place: Path) -> list[Path]:
    try:
        if stat.S_ISLNK(place.lstat().st_mode):
            raise DataError(f"{place} is a link")
        return sorted(place.iterdir())
    except OSError as error:
        raise DataError(f"{place}: {error.strerror or error}") from error


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error


def _bytes(found: Mapping[str, Path], name: str, directory: Path) -> bytes | None:
    path = found.get(name)
    if path is None:
        return None
    _sized(path, _DOCUMENTS[name], f"{directory}: {name}")
    return files.read_bytes(path)


def _sized(path: Path, limit: int, called: str) -> int:
    size = files.size(path)
    if size > limit:
        raise DataError(f"{called} has {size:,} bytes; a run's may have {limit:,}")
    return size


def _record(found: Mapping[str, Path], directory: Path) -> Record:
    content = _bytes(found, RECORD_FILE, directory)
    if content is None:
        raise DataError(
            f"{directory} holds no {RECORD_FILE}", hint="`mltools run --bundle DIR` makes a bundle"
        )
    name = f"{directory / RECORD_FILE}"
    with _strictly():
        return parse_record(documents.read_json(content, name), name)


def _lock(found: Mapping[str, Path], directory: Path) -> bytes:
    content = _bytes(found, LOCK_FILE, directory) or b""
    with _strictly():
        dvcfiles.lock_from(content, f"{directory / LOCK_FILE}")
    return content


def _text(found: Mapping[str, Path], name: str, directory: Path) -> str:
    content = _bytes(found, name, directory) or b""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise DataError(f"{directory}: {name} is not UTF-8 text") from error


def _data(record: Record, held: Mapping[str, Path], directory: Path) -> dict[str, bytes]:
    """The profiles and contracts of the record's data sets, each what its name says; no others."""
    if len(held) > MAX_OF_DATA:
        raise DataError(f"{directory}: more than {MAX_OF_DATA} profiles and contracts")
    known = {f"profiles/{data.profile}.json" for data in record.data if data.profile}
    known |= {f"contracts/{data.contract_md5}.yaml" for data in record.data if data.contract_md5}
    found: dict[str, bytes] = {}
    total = 0
    for name, path in held.items():
        match = journal.OF_DATA.fullmatch(name)
        called = f"{directory}: {name}"
        if match is None or name not in known:
            raise DataError(f"{called} belongs to no data set of the run")
        total += _sized(path, profiles.MOST_BYTES if match["profile"] else MAX_CONTRACT, called)
        if total > MAX_DATA:
            raise DataError(f"{directory}: profiles and contracts have more than {MAX_DATA:,} bytes")
        found[name] = _checked(files.read_bytes(path), match["profile"], match["contract"], called)
    return found


def _checked(content: bytes, profile: str | None, contract: str | None, called: str) -> bytes:
    """A profile in the one way in which it is written, or the bytes of a contract. Raises DataError for another."""
    if profile is not None:
        with _strictly():
            return profiles.text(profiles.read(content, profile))
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != contract:
        raise DataError(f"{called} is damaged: it is not what its name says")
    return content


def _files(kept: Mapping[str, Path], directory: Path) -> dict[str, Path]:
    if len(kept) > MAX_FILES:
        raise DataError(f"{directory}: more than {MAX_FILES} files for Git")
    plain: dict[str, Path] = {}
    for full, path in kept.items():
        name = full.removeprefix(f"{FILES}/")
        if not _plain(name):
            raise DataError(f"{directory}: {full!r} is no result of a run")
        _sized(path, MAX_FILE, f"{directory}: {full}")
        plain[name] = path
    return plain


def _plain(name: str) -> bool:
    """Whether a result may go into a commit: nothing that configures Git, DVC, a forge or mltools is called so."""
    return (
        name.isprintable() and "\\" not in name and not any(part.startswith(".") for part in name.split("/"))
    )


def _objects(held: Mapping[str, Path], directory: Path) -> dict[str, Path]:
    if len(held) > MAX_OBJECTS:
        raise DataError(f"{directory}: more than {MAX_OBJECTS:,} objects")
    hashes: dict[str, Path] = {}
    total = 0
    for full, path in held.items():
        match = _OBJECT.fullmatch(full.removeprefix(f"{OBJECTS}/"))
        if match is None:
            raise DataError(f"{directory}: {full!r} is no data object")
        total += _sized(path, datastore.BUDGET, f"{directory}: {full}")
        if total > datastore.BUDGET:
            raise DataError(f"{directory}: the objects have more than {datastore.BUDGET:,} bytes")
        hashes[match[1] + match[2]] = path
    with _strictly():
        for md5, path in hashes.items():
            objectcache.check(path, md5, f"{directory}: object {md5}")
    return hashes


@contextmanager
def _strictly() -> Iterator[None]:
    """In a bundle, a mistake is not the user's but the bundle's."""
    try:
        yield
    except (ConfigError, StoreError) as error:
        raise DataError(error.message, hint="the run was damaged, or made by another mltools") from error
