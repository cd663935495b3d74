"""What became of labels that were handed in: counted, and told in sentences."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from mltools.core.names import shown

SCHEMA = 1
NAMED = 5


@dataclass(frozen=True, slots=True)
class Labelling:
    """How many rows came, and what became of their ids.

    `new` and `changed` ids were written; `same` were labelled so before. Left out are ids of no request (`unknown`), ids
    that the file itself labels in several ways (`conflicting`), labels that cannot be of the model's kind (`misfit`) and
    rows that lack an id or a label (`empty`). `early` labels are dated before their request, `ahead` in the future.
    """

    rows: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    unknown: int = 0
    conflicting: int = 0
    misfit: int = 0
    empty: int = 0
    early: int = 0
    ahead: int = 0
    unknown_ids: tuple[str, ...] = ()
    conflicting_ids: tuple[str, ...] = ()
    misfits: tuple[str, ...] = ()
    file: str | None = None

    @property
    def written(self) -> int:
        return self.new + self.changed

    @property
    def refused(self) -> bool:
        """Whether something in the file is wrong, and not only unknown here."""
        return bool(self.conflicting or self.misfit)

    def as_json(self) -> dict[str, Any]:
        """The counts as a JSON tree."""
        return {"schema": SCHEMA, **asdict(self), "written": self.written}


def sentence(found: Labelling) -> str:
    """What was done: "wrote 240 labels (12 of them corrections) to labels-...jsonl"."""
    if not found.written:
        return "nothing new to write"
    some = f"{found.written:,} label{'s' * (found.written != 1)}"
    corrected = f" ({found.changed:,} of them corrections)" if found.changed else ""
    return f"wrote {some}{corrected}" if found.file is None else f"wrote {some}{corrected} to {found.file}"


def remarks(found: Labelling) -> Iterator[str]:
    """What a person must know about the rest."""
    if found.same:
        yield f"{_ids(found.same)} labelled so before"
    if found.unknown:
        yield f"{_ids(found.unknown)} of no request in this log: {_named(found.unknown_ids, found.unknown)}"
    if found.conflicting:
        told = _named(found.conflicting_ids, found.conflicting)
        yield f"{_ids(found.conflicting)} labelled in several ways by the file itself, and left out: {told}"
    if found.misfit:
        told = _named(found.misfits, found.misfit)
        yield f"{found.misfit:,} label{'s' * (found.misfit != 1)} left out that the model could never answer: {told}"
    if found.empty:
        yield f"{found.empty:,} row{'s' * (found.empty != 1)} left out without an id or a label"
    if found.early:
        yield f"{found.early:,} label{'s' * (found.early != 1)} dated before the request: a clock is wrong"
    if found.ahead:
        yield f"{found.ahead:,} label{'s' * (found.ahead != 1)} dated in the future; they are taken as of now"


def _ids(count: int) -> str:
    return f"{count:,} id{'s are' if count != 1 else ' is'}"


def _named(names: tuple[str, ...], count: int) -> str:
    more = f" and {count - NAMED:,} more" if count > NAMED else ""
    return ", ".join(shown(name, 60) for name in names[:NAMED]) + more
