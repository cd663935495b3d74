"""The data sets of two revisions, and which of the one is which of the other. Nothing is read for this."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

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
