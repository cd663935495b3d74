"""Rows added to a data set: what became of each, told in sentences."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from mltools.core.names import shown

SCHEMA = 1
NAMED = 5

Duplicates = Literal["refuse", "skip", "replace"]


@dataclass(frozen=True, slots=True)
class Batch:
    """A file of rows: how it is called, the hash of its bytes, its rows."""

    path: str
    md5: str
    rows: int


@dataclass(frozen=True, slots=True)
class Fates:
    """What became of the rows of a batch, by their ids.

    `new` ids were not there; `same` rows were there as they are, to the letter; `changed` ids were there with other
    values; `repeated` ids stand in several rows of the batch itself. `misfits` are values that the data set's own types
    cannot hold. Without `key` columns nothing tells one row from another, and all are new.
    """

    rows: int
    before: int
    key: tuple[str, ...]
    new: int
    same: int = 0
    changed: int = 0
    repeated: int = 0
    misfits: int = 0
    changed_ids: tuple[str, ...] = ()
    repeated_ids: tuple[str, ...] = ()

    def after(self) -> int:
        """The rows of the data set with the new ones."""
        return self.before + self.new


@dataclass(frozen=True, slots=True)
class Added:
    """What `mltools data add` did, or would have done; `refused` says why nothing was written."""

    path: str
    batches: tuple[Batch, ...]
    fates: Fates
    policy: Duplicates
    refused: tuple[str, ...] = ()
    written: bool = False
    md5: str | None = None
    tracked: bool = False

    def as_json(self) -> dict[str, Any]:
        """All of it as a JSON tree."""
        return {"schema": SCHEMA, **asdict(self), "rows": self.fates.after()}


def refusals(fates: Fates, policy: Duplicates) -> Iterator[str]:
    """Why these rows are not added."""
    if fates.repeated:
        named = _named(fates.repeated_ids, fates.repeated)
        yield f"{_ids(fates.repeated)} in several of the new rows: {named}"
    if fates.changed and policy == "refuse":
        named = _named(fates.changed_ids, fates.changed)
        yield f"{_ids(fates.changed)} in the data set already, with other values: {named}"
    if fates.misfits:
        yield f"{fates.misfits:,} value{'s' * (fates.misfits != 1)} cannot be of the type that the data set keeps them as"


def sentence(found: Added) -> str:
    """What was done: "data/raw.csv: 120 rows added, 569 before, 689 now"."""
    fates = found.fates
    replaced = fates.changed if found.policy == "replace" else 0
    if not fates.new and not replaced:
        return f"{found.path}: nothing new in {fates.rows:,} row{'s' * (fates.rows != 1)}"
    parts = [f"{fates.new:,} row{'s' * (fates.new != 1)} added"]
    parts += [f"{replaced:,} replaced"] if replaced else []
    parts += [f"{fates.changed:,} skipped"] if fates.changed and found.policy == "skip" else []
    parts += [f"{fates.same:,} there already"] if fates.same else []
    return f"{found.path}: {', '.join(parts)}; {fates.before:,} before, {fates.after():,} now"


def subject(found: Added) -> str:
    """What a commit message may say of it, with where the rows came from."""
    files = ", ".join(f"{shown(batch.path, 60)} (MD5 {batch.md5[:8]})" for batch in found.batches[:3])
    more = f" and {len(found.batches) - 3:,} more" if len(found.batches) > 3 else ""  # noqa: PLR2004 - a line
    rows = found.fates.new + (found.fates.changed if found.policy == "replace" else 0)
    return f"Add {rows:,} row{'s' * (rows != 1)} to {found.path} from {files}{more}"


def _ids(count: int) -> str:
    return f"{count:,} id{'s are' if count != 1 else ' is'}"


def _named(names: tuple[str, ...], count: int) -> str:
    more = f" and {count - NAMED:,} more" if count > NAMED else ""
    return ", ".join(shown(name, 60) for name in names[:NAMED]) + more
