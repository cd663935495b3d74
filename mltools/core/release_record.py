"""The release record: what a version's tag says, as text that a person reads and a block that a program reads back.

No pydantic here: listing a registry reads one record per model, and starting pydantic takes longer than all of that.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NoReturn

from mltools.core.markdown import clean
from mltools.core.metrics import Scalar
from mltools.core.release_terms import DataContract, Terms, sentences, written

SCHEMA = 1
FILE = "release.json"
# What is kept of metrics and params in a tag; the digests are over all of them, and the journal holds the rest.
MAX_VALUES = 1_000
MAX_MESSAGE = 4 << 20

_OPEN, _CLOSE = "```json mltools-release", "```"
_OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_MD5 = re.compile(r"[0-9a-f]{32}(?:\.dir)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DIGEST = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """The model's bytes; `path` counts from the project's directory.

    Of a directory the MD5 is DVC's and ends in `.dir`, and the SHA-256 is that of what `sha256sum` prints for all
    of its files, sorted by path.
    """

    path: str
    md5: str
    sha256: str
    size: int

    @property
    def is_dir(self) -> bool:
        return self.md5.endswith(".dir")


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data set that the run validated, the contract it was held to, and the id of its profile."""

    path: str
    md5: str | None = None
    contract: str | None = None
    contract_md5: str | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Digests:
    """MD5s that are equal exactly when all data, contracts, params, or commands of stages are."""

    data: str
    contract: str
    params: str
    pipeline: str


@dataclass(frozen=True, slots=True)
class Overridden:
    """A failed gate that somebody took on themselves: who, why, and the commit that proves it."""

    gate: str
    by: str
    reason: str
    commit: str


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """A released version: which bytes, made by which run of which commit from what, and how good.

    `journal` is the journal's tip at that time: whatever it held must still be there (`mltools runs verify`). `sha256` has
    all that the run was made from, as far as it was at hand, by the path in the project.
    """

    model: str
    version: str
    previous: str | None
    reason: str
    commit: str
    run: str
    time: str
    verdict: str
    file: ModelFile
    lock_md5: str
    digests: Digests
    mltools: str
    project: str = "."
    metrics: Mapping[str, Scalar] = field(default_factory=dict)
    params: Mapping[str, Scalar] = field(default_factory=dict)
    data: tuple[DataFile, ...] = ()
    contracts: tuple[DataContract, ...] = ()
    overrides: tuple[Overridden, ...] = ()
    journal: str | None = None
    sha256: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The record as a JSON tree, its keys in the order of the fields."""
        return {"schema": SCHEMA, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a tag's message gives no release record."""

    reason: str


def release_json(record: ReleaseRecord) -> str:
    """The record as the text of `release.json`, a line for each column of a contract."""
    tree = record.as_json()
    contracts = written(tree.pop("contracts"))
    text = json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text.removesuffix('}').rstrip()},\n  {contracts}\n}}\n"


def tag_message(record: ReleaseRecord) -> str:
    """The message of the version's tag: a summary, the metrics, and the record itself."""
    width = max((len(clean(name)) for name in record.metrics), default=0)
    metrics = [f"  {clean(name):<{width}}  {_shown(value)}" for name, value in record.metrics.items()]
    lines = [
        f"{record.model} {record.version}",
        "",
        clean(record.reason, limit=1_000),
        "",
        f"Verdict {record.verdict}, run {record.run}, commit {record.commit}.",
        f"Model {clean(record.file.path)}, MD5 {record.file.md5}, SHA-256 {record.file.sha256}.",
        *(
            f"Gate {clean(item.gate)} failed and was overridden by {clean(item.by)}: {clean(item.reason, limit=1_000)}."
            for item in record.overrides
        ),
        *sentences(record.contracts),
        *(["", *metrics[:40]] if metrics else []),
        "",
        _OPEN,
        release_json(record) + _CLOSE,
    ]
    return "\n".join(lines) + "\n"


def release_record(message: str) -> ReleaseRecord | Unreadable:
    """The record in a tag's message, or the reason why there is none."""
    if len(message) > MAX_MESSAGE:
        return Unreadable(f"its message has {len(message):,} characters, more than a release record needs")
    # The record stands last, so nothing in the text above it can be taken for it.
    _, opened, rest = f"\n{message}".rpartition(f"\n{_OPEN}\n")
    text, closed, _ = rest.partition(f"\n{_CLOSE}\n")
    if not opened or not closed:
        return Unreadable("its message holds no release record; not released by mltools")
    return parse_record(text)


def parse_record(text: str) -> ReleaseRecord | Unreadable:
    """The record in the text of a `release.json`, or the reason why it is none."""
    try:
        tree = json.loads(text, parse_constant=_refuse)
        return _Reader(tree, "").record()
    except (ValueError, RecursionError) as error:
        return Unreadable(f"its release record is broken: {error}")


class _Reader:
    """Reads one object field by field; ValueError names the field. Unknown keys are later versions' business."""

    def __init__(self, tree: Any, path: str) -> None:
        if not isinstance(tree, dict):
            raise ValueError(f"{path or 'the record'} is not an object")  # noqa: TRY004 - all faults are of one kind
        self.tree = tree
        self.path = path

    def record(self) -> ReleaseRecord:
        if self.tree.get("schema") != SCHEMA:
            raise ValueError(
                f"schema {self.tree.get('schema')!r} is not {SCHEMA}, the one that is known here"
            )
        return ReleaseRecord(
            model=self.text("model"),
            version=self.text("version"),
            previous=self.optional("previous"),
            reason=self.text("reason"),
            commit=self.text("commit", _OID),
            run=self.text("run"),
            time=self.text("time"),
            verdict=self.text("verdict"),
            file=_Reader(self.tree.get("file"), "file").file(),
            lock_md5=self.text("lock_md5", _DIGEST),
            digests=_Reader(self.tree.get("digests"), "digests").digests(),
            mltools=self.text("mltools"),
            project=self.text("project"),
            metrics=self.values("metrics"),
            params=self.values("params"),
            data=tuple(_Reader(item, f"data.{index}").data() for index, item in self.items("data")),
            contracts=tuple(
                _Reader(item, f"contracts.{index}").contract() for index, item in self.items("contracts")
            ),
            overrides=tuple(
                _Reader(item, f"overrides.{index}").overridden() for index, item in self.items("overrides")
            ),
            journal=self.optional("journal", _OID),
            sha256=self.hashes("sha256"),
        )

    def file(self) -> ModelFile:
        size = self.tree.get("size")
        if isinstance(size, bool) or not isinstance(size, int) or size < 0:
            raise ValueError("file.size is not a size in bytes")
        path = self.text("path")
        if path.startswith("/") or ".." in path.split("/") or "\\" in path or not path.isprintable():
            raise ValueError(f"file.path {path!r} is not a path inside the project")
        return ModelFile(path, self.text("md5", _MD5), self.text("sha256", _SHA256), size)

    def digests(self) -> Digests:
        return Digests(*(self.text(name, _DIGEST) for name in ("data", "contract", "params", "pipeline")))

    def data(self) -> DataFile:
        return DataFile(
            self.text("path"),
            *(self.optional(name) for name in ("md5", "contract", "contract_md5", "profile")),
        )

    def overridden(self) -> Overridden:
        return Overridden(self.text("gate"), self.text("by"), self.text("reason"), self.text("commit", _OID))

    def contract(self) -> DataContract:
        more = self.tree.get("more", 0)
        if isinstance(more, bool) or not isinstance(more, int) or more < 0:
            raise ValueError(f"{self._name('more')} is not a count")
        return DataContract(
            self.text("data"),
            self.columns("input"),
            self.columns("output"),
            self.columns("other"),
            self.terms(self.tree.get("rules", {}), "rules"),
            more,
        )

    def columns(self, key: str) -> tuple[Terms, ...]:
        return tuple(self.terms(item, f"{key}.{index}") for index, item in self.items(key))

    def terms(self, value: Any, key: str) -> Terms:
        """An object of the contract's words; whether they make sense is seen where they are used."""
        if not isinstance(value, dict):
            raise ValueError(f"{self._name(key)} is not an object")  # noqa: TRY004 - as above
        return value

    def items(self, key: str) -> Iterator[tuple[int, Any]]:
        value = self.tree.get(key, [])
        if not isinstance(value, list):
            raise ValueError(f"{self._name(key)} is not a list")  # noqa: TRY004 - all faults are of one kind
        return enumerate(value)

    def text(self, key: str, pattern: re.Pattern[str] | None = None) -> str:
        value = self.tree.get(key)
        if not isinstance(value, str) or not value:
            raise ValueError(f"{self._name(key)} is missing")
        if pattern is not None and pattern.fullmatch(value) is None:
            raise ValueError(f"{self._name(key)} is {value[:80]!r}, which is not a hash of its kind")
        return value

    def optional(self, key: str, pattern: re.Pattern[str] | None = None) -> str | None:
        return None if self.tree.get(key) is None else self.text(key, pattern)

    def values(self, key: str) -> dict[str, Scalar]:
        values = self.tree.get(key, {})
        if not isinstance(values, dict) or not all(map(_plain, values.values())):
            raise ValueError(f"{self._name(key)} is not an object of plain values")
        return values

    def hashes(self, key: str) -> dict[str, str]:
        values = self.tree.get(key, {})
        if not isinstance(values, dict):
            raise ValueError(f"{self._name(key)} is not an object")  # noqa: TRY004 - as above
        return {name: _Reader(values, self._name(key)).text(name, _SHA256) for name in values}

    def _name(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key


def _plain(value: Any) -> bool:
    # 1e999 is valid JSON and reads as infinity.
    return math.isfinite(value) if isinstance(value, float) else isinstance(value, int | str | bool | None)


def _shown(value: Scalar) -> str:
    return f"{value:.6g}" if isinstance(value, float) else clean(value)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")
