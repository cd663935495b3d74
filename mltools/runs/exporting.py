"""The journal written for other tools."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mltools import journal
from mltools.core import mlflow_store as store
from mltools.core.pipeline import LOCK_FILE
from mltools.core.records import Record
from mltools.edges import documents, files
from mltools.edges.git.read import Repository
from mltools.errors import ConfigError, DataError, UsageError

BESIDE = ("report.md", LOCK_FILE)


@dataclass(frozen=True, slots=True)
class Written:
    """How many runs were written to how many experiments, and how many were there already."""

    runs: int
    there: int
    experiments: int


def to_mlflow(repository: Repository, records: Iterable[Record], directory: Path) -> Written:
    """Write runs as MLflow's file store; those that are there already stay as they are.

    Each run comes as a whole, so whatever was interrupted can be done again. Raises UsageError for a directory that
    holds something else, MltoolsError when it cannot be written.
    """
    known = _experiments(directory)
    runs = there = 0
    used = set()
    for record in records:
        name = store.experiment_name(record)
        key = known.get(name)
        if key is None:
            key = known[name] = store.experiment_id(name)
            place = directory / key
            meta = store.experiment_meta(
                key, name, place.absolute().as_uri(), store.milliseconds(record.time)
            )
            files.write_atomic(place / store.META, meta)
        used.add(key)
        place = directory / key / store.run_key(record)
        if place.exists():
            there += 1
            continue
        made = store.run_files(record, key, place.absolute().as_uri())
        kept = journal.attachments(repository, record, BESIDE)
        artifacts = {f"{store.ARTIFACTS}/{each}": content for each, content in kept.items()}
        artifacts[f"{store.ARTIFACTS}/{journal.RECORD_FILE}"] = documents.write_json(
            record.as_json()
        ).encode()
        _together(place, {**{path: text.encode() for path, text in made.items()}, **artifacts})
        runs += 1
    return Written(runs, there, len(used))


def _experiments(directory: Path) -> dict[str, str]:
    """The experiments of a store by their names. Raises UsageError for a directory that is none."""
    if not directory.exists():
        return {}
    if not directory.is_dir():
        raise UsageError(f"{directory} is no directory")
    inside = [path for path in directory.iterdir() if not path.name.startswith(".")]
    found: dict[str, str] = {}
    for path in inside:
        try:
            meta = documents.read_yaml(files.read_bytes(path / store.META), str(path / store.META))
        except (ConfigError, DataError):
            continue
        if isinstance(meta, dict) and isinstance(meta.get("name"), str):
            found[meta["name"]] = path.name
    if inside and not found:
        raise UsageError(
            f"{directory} holds files and no MLflow experiment", hint="name a new directory, or a file store"
        )
    return found


def _together(place: Path, contents: Mapping[str, bytes]) -> None:
    """A directory with these files, all of them or none."""
    try:
        scratch = Path(tempfile.mkdtemp(dir=place.parent, prefix=".mltools-"))
    except OSError as error:
        raise files.unwritable(place, error) from error
    try:
        for part in store.PARTS:
            (scratch / part).mkdir()
        for path, content in contents.items():
            target = scratch / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        scratch.chmod(0o777 & ~files.umask())
        os.rename(scratch, place)  # noqa: PTH104 - a directory is renamed, and only onto nothing
    except OSError as error:
        raise files.unwritable(place, error) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
