"""What gates over data ask of the files themselves: ids in train and test alike, rows that repeat.

Reading them takes time, so what was counted is remembered for as long as the files and the contracts are the same.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from mltools import __version__, locating
from mltools.core.contract import parse_contract
from mltools.core.data_changes import DataChange
from mltools.core.data_facts import DataFacts, Overlap, Pairing, Repeats
from mltools.core.gates import Data, Gate
from mltools.core.records import DataSet
from mltools.core.urls import is_url
from mltools.edges import documents, files
from mltools.errors import ConfigError, DataError
from mltools.locating import Found
from mltools.project import Project

REMEMBERED = "cache/counted"

Counts = TypeVar("Counts", Overlap, Repeats)


def facts(
    project: Project,
    gates: Sequence[Gate],
    data: Sequence[DataSet],
    changes: tuple[DataChange, ...] | str | None,
    *,
    unread: str | None = None,
) -> DataFacts:
    """What the gates over data judge.

    `changes` are those since the base, a text where they cannot be told, None on a first run. With `unread`, which
    says why, no file is read.
    """
    asking = [gate for gate in gates if isinstance(gate, Data)]
    known = DataFacts(
        sets=tuple(data),
        changes=None if isinstance(changes, str) else changes,
        unreadable=changes if isinstance(changes, str) else None,
    )
    if not asking:
        return known
    counting = _Counting(project, data, unread)
    pairings = dict.fromkeys(gate.no_overlap.pairing for gate in asking if gate.no_overlap)
    paths = dict.fromkeys(
        item.path for gate in asking if gate.max_duplicate_rows is not None for item in gate.sets(known)
    )
    return replace(
        known,
        overlaps={pairing: counting.overlap(pairing) for pairing in pairings},
        repeats={path: counting.repeats(path) for path in paths},
        places=_places(project, known, pairings),
    )


def _places(project: Project, known: DataFacts, pairings: Mapping[Pairing, None]) -> frozenset[str]:
    """The files that a gate can mean: data sets, outputs of the pipeline, and what is there."""
    outputs = {stage.place(out.path) for stage in project.pipeline.stages for out in stage.outs}
    named = {path for pairing in pairings for path in (pairing.train, pairing.test)}
    return frozenset({*known.paths, *outputs, *(path for path in named if _place(project, path).exists())})


class _Counting:
    """Counts in the project's files, or remembers what was counted."""

    def __init__(self, project: Project, data: Sequence[DataSet], unread: str | None) -> None:
        self._project = project
        self._data = data
        self._unread = unread

    def overlap(self, pairing: Pairing) -> Overlap | str:
        def count(train: Path, test: Path) -> Overlap:
            # DuckDB is loaded only where data are read.
            from mltools.edges.tables import overlaps  # noqa: PLC0415

            examples = 0 if self._sensitive(pairing.ids) else overlaps.EXAMPLES
            return overlaps.overlap(
                (pairing.train, train), (pairing.test, test), pairing.ids, examples=examples
            )

        contracts = sorted(
            item.contract_md5 or "" for item in self._data
        )  # they say which columns are sensitive
        what = ["overlap", pairing.ids, contracts]
        return self._remembered(Overlap, (pairing.train, pairing.test), what, count)

    def repeats(self, path: str) -> Repeats | str:
        def count(place: Path) -> Repeats:
            from mltools.edges.tables import overlaps  # noqa: PLC0415 - as above

            return overlaps.repeats(place, path)

        return self._remembered(Repeats, (path,), ["repeats"], count)

    def _remembered(
        self, kind: type[Counts], paths: Sequence[str], what: Sequence[Any], count: Callable[..., Counts]
    ) -> Counts | str:
        """The counts, or why the files cannot be read."""
        if self._unread is not None:
            return self._unread
        try:
            found = [self._find(path) for path in paths]
            key = self._key(found, what)
            store = None if key is None else self._project.work_dir / REMEMBERED / f"{key}.json"
            if store is not None and (known := _read(kind, store)) is not None:
                return known
            counted = count(*(locating.bring(self._project, one) for one in found))
            # Not of files that changed meanwhile.
            if store is not None and self._key([self._find(path) for path in paths], what) == key:
                files.write_atomic(store, documents.write_json(asdict(counted), indent=None))
        except DataError as error:
            return error.message
        return counted

    def _find(self, path: str) -> Found:
        if not is_url(path) and not _place(self._project, path).exists():
            raise DataError(f"{path}: no such file here; `mltools data pull` fetches tracked data")
        return locating.find(self._project, path)

    def _key(self, found: Sequence[Found], what: Sequence[Any]) -> str | None:
        """By what the counts are known again; None where nothing tells whether a file changed."""
        if any(one.key is None for one in found):
            return None
        text = json.dumps([[(one.path, one.key) for one in found], what, __version__])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def _sensitive(self, columns: Sequence[str]) -> bool:
        """Whether a contract of the project calls one of the columns sensitive: then no value of it is shown."""
        for item in self._data:
            try:
                name = str(item.contract)
                tree = documents.read_yaml(files.read_bytes(self._project.root / name), name)
                contract = parse_contract(tree, name)
            except (ConfigError, DataError):
                return True  # who knows
            if any(
                column in contract.columns and contract.columns[column].role == "sensitive"
                for column in columns
            ):
                return True
        return False


def _place(project: Project, path: str) -> Path:
    """A path that a gate names. One that leads out of the project leads nowhere."""
    place = project.root / path
    return place if place.resolve().is_relative_to(project.root.resolve()) else project.work_dir / "nowhere"


def _read(kind: type[Counts], store: Path) -> Counts | None:
    try:
        return TypeAdapter(kind).validate_json(files.read_bytes(store))
    except (DataError, ValidationError):
        return None
