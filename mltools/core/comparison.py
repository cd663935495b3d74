"""Two revisions side by side: what changed in metrics, params, stages and files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from mltools.core.metrics import Scalar, merge, number
from mltools.core.stages import LockedFile

Kind = Literal["same", "changed", "added", "removed"]
Role = Literal["input", "output"]
FileValues = Mapping[str, Mapping[str, Scalar]]


@dataclass(frozen=True, slots=True)
class TrackedFile:
    """A file or directory that dvc.lock knows: something the pipeline reads, or something that it makes."""

    file: LockedFile
    role: Role


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a revision, or the working tree, holds. `commit` is None for the working tree.

    `problems` says which metrics and params the revision declares but cannot be had from here, and why.
    """

    name: str
    commit: str | None = None
    metrics_by_file: FileValues = field(default_factory=dict)
    params_by_file: FileValues = field(default_factory=dict)
    stages: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, TrackedFile] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def metrics(self) -> dict[str, Scalar]:
        """All metrics by the names that gates and records use."""
        return merge(self.metrics_by_file)

    @property
    def params(self) -> dict[str, Scalar]:
        """All params by the names that records use."""
        return merge(self.params_by_file)


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A metric or param on both sides; None where it is absent (`kind` tells) or null.

    `change` and `relative` (to the base's absolute value) are None unless both sides are finite numbers and, for
    `relative`, the base is not zero.
    """

    name: str
    kind: Kind
    base: Scalar
    head: Scalar
    change: float | None = None
    relative: float | None = None


@dataclass(frozen=True, slots=True)
class StageChange:
    """A stage whose entry in dvc.lock differs."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file or directory whose content differs, by what dvc.lock holds of it."""

    path: str
    role: Role
    kind: Kind
    base: LockedFile | None
    head: LockedFile | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that two snapshots hold, what is the same included; `changed` sifts."""

    base: Snapshot
    head: Snapshot
    metrics: tuple[ValueChange, ...]
    params: tuple[ValueChange, ...]
    stages: tuple[StageChange, ...]
    files: tuple[FileChange, ...]


def compare(base: Snapshot, head: Snapshot) -> Comparison:
    """Set two snapshots side by side."""
    return Comparison(
        base=base,
        head=head,
        metrics=tuple(_values(base.metrics_by_file, head.metrics_by_file)),
        params=tuple(_values(base.params_by_file, head.params_by_file)),
        stages=tuple(
            StageChange(name, _kind(base.stages.get(name), head.stages.get(name)))
            for name in _names(head.stages, base.stages)
        ),
        files=tuple(_files(base.files, head.files)),
    )


def _values(base: FileValues, head: FileValues) -> Iterator[ValueChange]:
    """Values matched by key where each side has the key in one file at most, so that a renamed file is no change."""
    before, after = _holders(base), _holders(head)
    for key in _names(after, before):
        olds, news = before.get(key, {}), after.get(key, {})
        if len(olds) <= 1 and len(news) <= 1:
            yield _change(key, tuple(olds.values()), tuple(news.values()))
            continue
        for path in _names(news, olds):
            old, new = ((side[path],) if path in side else () for side in (olds, news))
            yield _change(f"{path}:{key}", old, new)


def _change(name: str, old: tuple[Scalar, ...], new: tuple[Scalar, ...]) -> ValueChange:
    """The change of one value; no element means that the side does not have it."""
    if not old or not new:
        kind: Kind = "removed" if old else "added"
        return ValueChange(name, kind, old[0] if old else None, new[0] if new else None)
    before, after = old[0], new[0]
    kind = "same" if _equal(before, after) else "changed"
    first, second = number(before), number(after)
    if first is None or second is None:
        return ValueChange(name, kind, before, after)
    change = second - first
    return ValueChange(name, kind, before, after, change, change / abs(first) if first else None)


def _equal(a: Scalar, b: Scalar) -> bool:
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _holders(files: FileValues) -> dict[str, dict[str, Scalar]]:
    """Each key's values by the files that hold it."""
    found: dict[str, dict[str, Scalar]] = {}
    for path, values in files.items():
        for key, value in values.items():
            found.setdefault(key, {})[path] = value
    return found


def _files(base: Mapping[str, TrackedFile], head: Mapping[str, TrackedFile]) -> Iterator[FileChange]:
    for path in _names(head, base):
        old, new = base.get(path), head.get(path)
        role: Role = new.role if new else old.role if old else "input"
        before, after = old.file if old else None, new.file if new else None
        kind = _kind(before.md5 if before else None, after.md5 if after else None)
        yield FileChange(path, role, kind, before, after)


def _kind(old: str | None, new: str | None) -> Kind:
    if old == new:
        return "same"
    return "added" if old is None else "removed" if new is None else "changed"


def _names(first: Iterable[str], second: Iterable[str]) -> list[str]:
    """The names of both, in the order of the first, then what only the second has."""
    return list(dict.fromkeys([*first, *second]))
