"""The data sets of two revisions, and which of the one is which of the other. Nothing is read for this."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mltools.core.data_changes import DataChange
from mltools.core.records import DataSet


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of a data set of a revision before its contract and its profile are read.

    `contract` is the contract's path, `profile` the id of the profile.
    """

    path: str
    contract: str | None = None
    md5: str | None = None
    contract_md5: str | None = None
    rows: int | None = None
    bytes: int | None = None
    profile: str | None = None

    @classmethod
    def of(cls, data: DataSet) -> "Held":
        return cls(data.path, data.contract, data.md5, data.contract_md5, data.rows, data.bytes, data.profile)

    def same(self, other: "Held") -> bool:
        """Whether nothing about it differs: path, bytes and contract."""
        known = (self.path, self.md5, self.contract_md5)
        return None not in known and known == (other.path, other.md5, other.contract_md5)


_NONE = Held("")
Pair = tuple[Held | None, Held | None]

# By what a data set that has another path now is known again, the surest first.
_SIGNS: tuple[Callable[[Held], str | None], ...] = (
    lambda held: held.md5,
    lambda held: held.contract_md5,
    lambda held: held.contract,
)


def paired(base: Sequence[Held], head: Sequence[Held]) -> tuple[Pair, ...]:
    """Each data set of either side with its counterpart, in the order of `head`, then what only the base has.

    The counterpart has the same path, else alone the same bytes, the same contract or the same contract file.
    """
    theirs = {held.path: held for held in base}
    found = {held.path: theirs[held.path] for held in head if held.path in theirs}
    for sign in _SIGNS:
        old = _left(base, found)
        new = [held for held in head if held.path not in found]
        found |= dict(_only(old, new, sign))
    return (
        *((found.get(held.path), held) for held in head),
        *((held, None) for held in _left(base, found)),
    )


def unchanged(held: Held) -> DataChange:
    """A data set of which neither bytes nor contract differ."""
    return side_by_side(held, held).model_copy(update={"contract": "same"})


def side_by_side(base: Held | None, head: Held | None) -> DataChange:
    """What is known without reading anything."""
    before, after = base or _NONE, head or _NONE
    return DataChange(
        path=(head or before).path,
        was=before.path if base and head and base.path != head.path else None,
        kind=kind_of(base, head),
        md5=after.md5,
        base_md5=before.md5,
        rows=after.rows,
        base_rows=before.rows,
        bytes=after.bytes,
        base_bytes=before.bytes,
    )


def kind_of(base: Held | None, head: Held | None) -> Literal["same", "changed", "added", "removed"]:
    if base is None or head is None:
        return "added" if base is None else "removed"
    return "same" if base.md5 is not None and base.md5 == head.md5 else "changed"


def _left(base: Sequence[Held], found: Mapping[str, Held]) -> list[Held]:
    taken = {held.path for held in found.values()}
    return [held for held in base if held.path not in taken]


def _only(
    old: Sequence[Held], new: Sequence[Held], sign: Callable[[Held], str | None]
) -> Iterator[tuple[str, Held]]:
    """The head's paths with the data set of the base that alone has the same sign, where they alone have it, too."""
    before, after = list(map(sign, old)), list(map(sign, new))
    for held, mark in zip(new, after, strict=True):
        if mark is not None and after.count(mark) == 1 and before.count(mark) == 1:
            yield held.path, old[before.index(mark)]
